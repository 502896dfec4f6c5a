//! Status and its override.

pub(super) mod end_overrides;
pub(super) mod reasons;
pub(super) mod rules;
pub(super) mod set_overrides;

use super::Timestamp;

/// Operational status of a device, an interface or a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    Up,
    Down,
    Degraded,
}

impl Status {
    /// In the order in which the contract lists them.
    pub const ALL: [Self; 3] = [Self::Up, Self::Down, Self::Degraded];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Up => "UP",
            Self::Down => "DOWN",
            Self::Degraded => "DEGRADED",
        }
    }

    /// The status with this word, if there is one.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }
}

/// A status that an operator has set by hand; it replaces the computed one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    pub status: Status,
    pub reason: Option<OverrideReason>,
    /// When the override ends by itself; `None` for one that stays until an operator clears it.
    pub ends_at: Option<Timestamp>,
    /// Whether it is planned work, which alarms nobody.
    pub is_planned_work: bool,
}

impl Override {
    /// An override without an end.
    pub const fn new(status: Status, reason: Option<OverrideReason>) -> Self {
        Self { status, reason, ends_at: None, is_planned_work: false }
    }
}

/// Why an operator has overridden a status: at most [`OverrideReason::CHARS_MAX`] characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverrideReason(Box<str>);

/// The reason has more characters than [`OverrideReason::CHARS_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an override reason has at most {} characters", OverrideReason::CHARS_MAX)]
pub struct OverrideReasonError;

impl OverrideReason {
    /// v2's column width, kept by the contract.
    pub const CHARS_MAX: usize = 255;

    /// Returns the text as a reason, with U+2400 for each U+0000, which databases cannot store.
    ///
    /// # Errors
    /// [`OverrideReasonError`].
    pub fn new(text: &str) -> Result<Self, OverrideReasonError> {
        if text.chars().count() > Self::CHARS_MAX {
            return Err(OverrideReasonError);
        }
        Ok(Self(text.replace('\0', "\u{2400}").into()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}
