//! Whether something is planned, in service, or retired.

pub(super) mod set_lifecycles;

/// The part of its life that a device or a link is in. Only what is in service alarms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lifecycle {
    Planned,
    #[default]
    InService,
    Retired,
}

impl Lifecycle {
    pub const ALL: [Self; 3] = [Self::Planned, Self::InService, Self::Retired];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::InService => "in_service",
            Self::Retired => "retired",
        }
    }

    /// The one with this word, if there is one.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|lifecycle| lifecycle.as_str() == word)
    }
}
