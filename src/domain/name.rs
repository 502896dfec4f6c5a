//! Names of devices and interfaces.

use std::fmt;

use compact_str::CompactString;

/// A name of 1 to [`Name::CHARS_MAX`] characters, not blank, without control characters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(CompactString);

/// Why a text is no name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameFault {
    #[error("a name must not be empty or blank")]
    Blank,
    #[error("a name has at most {} characters", Name::CHARS_MAX)]
    TooLong,
    #[error("a name must not contain control characters")]
    ControlCharacter,
}

impl Name {
    /// The contract's limit; long enough for `SITE-ROW-RACK-SHELF-PORT` schemes.
    pub const CHARS_MAX: usize = 128;

    /// Returns the name as given (inner and outer spaces are kept), or why it is none.
    pub fn new(text: &str) -> Result<Self, NameFault> {
        if text.trim().is_empty() {
            return Err(NameFault::Blank);
        }
        if text.chars().count() > Self::CHARS_MAX {
            return Err(NameFault::TooLong);
        }
        if text.chars().any(char::is_control) {
            return Err(NameFault::ControlCharacter);
        }
        Ok(Self(CompactString::new(text)))
    }

    /// A name that the program itself makes, such as `pon0` or `port7`.
    pub(crate) fn generated(args: fmt::Arguments<'_>) -> Self {
        Self(compact_str::format_compact!("{args}"))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.0.as_str(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked() {
        let long = "x".repeat(128);
        let check = |text: &str, expected: Option<NameFault>| {
            assert_eq!(Name::new(text).err(), expected, "{text:?}");
        };
        check("ONT-1", None);
        check("Straße 7 / Süd", None);
        check(&long, None);
        check(&format!("{long}y"), Some(NameFault::TooLong));
        check("", Some(NameFault::Blank));
        check(" \u{a0}", Some(NameFault::Blank));
        check("a\nb", Some(NameFault::ControlCharacter));
        check("a\u{7f}", Some(NameFault::ControlCharacter));
    }
}
