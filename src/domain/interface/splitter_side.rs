//! The two sides of a splitter.

use crate::domain::Name;

/// The side of a splitter that a port is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SplitterSide {
    Input,
    Output,
}

impl SplitterSide {
    pub const ALL: [Self; 2] = [Self::Input, Self::Output];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Output => "output",
        }
    }

    pub(in crate::domain) const fn opposite(self) -> Self {
        match self {
            Self::Input => Self::Output,
            Self::Output => Self::Input,
        }
    }

    /// The side that a name says: `in` or `out` and a number.
    pub(in crate::domain) fn of_name(name: &Name) -> Option<Self> {
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        let name = name.as_str();
        if name.strip_prefix("out").is_some_and(is_number) {
            Some(Self::Output)
        } else if name.strip_prefix("in").is_some_and(is_number) {
            Some(Self::Input)
        } else {
            None
        }
    }
}
