//! A value that is never printed.

use std::fmt;
use std::hint::black_box;

/// Printed in place of a secret.
pub(super) const MASK: &str = "***";

/// A password or token, never empty. Printing it prints `***`; it is not `Serialize`.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Wraps `text`, which is not empty.
    pub(super) fn new(text: &str) -> Self {
        debug_assert!(!text.is_empty(), "an absent secret is None");
        Self(text.to_owned())
    }

    /// Returns the secret itself. The caller must not print it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Returns whether `candidate` is the secret. The time does not depend on how many characters
    /// agree, so that a client cannot guess the secret one character at a time.
    pub fn matches(&self, candidate: &str) -> bool {
        let secret = self.0.as_bytes().iter().cycle();
        let mut difference = u8::from(self.0.len() != candidate.len());
        for (ours, theirs) in secret.zip(candidate.as_bytes()) {
            difference = black_box(difference | (ours ^ theirs));
        }
        difference == 0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_matches_itself_alone() {
        let secret = Secret::new("abcab");
        for (candidate, expected) in [
            ("abcab", true),
            ("", false),
            ("abca", false),
            ("abcabc", false),
            ("abcabcabcab", false),
            ("abcaB", false),
        ] {
            assert_eq!(secret.matches(candidate), expected, "{candidate}");
        }
        assert!(!Secret::new("ab").matches("abab"));
        assert_eq!(format!("{secret} {secret:?}"), "*** ***");
    }
}
