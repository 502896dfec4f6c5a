//! Passwords and their rules.

use std::fmt;

use data_encoding::BASE32_NOPAD;
use unicode_normalization::UnicodeNormalization as _;

use super::error::AuthError;
use super::name::folded;
use super::secret::random;
use crate::util::Hidden;

/// NIST SP 800-63B-4, section 3.1.1.2: at least 15 characters where it is the only factor, 8 beside another one.
/// Between them, since guesses are slowed down here.
const PASSWORD_CHARS_MIN: usize = 12;
/// Far more than anybody types; it bounds what one login hashes.
const PASSWORD_BYTES_MAX: usize = 1024;

/// A password as it was typed; never printed.
#[derive(Clone)]
pub struct Password(String);

impl Password {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Returns the bytes that are hashed, in one normal form of Unicode (RFC 8265 section 4.2), so that all keyboards
    /// give the same. `None` for a text that is too long to be a password.
    pub(super) fn normalised(&self) -> Option<String> {
        if self.0.len() > PASSWORD_BYTES_MAX {
            return None;
        }
        let normal: String = self.0.nfc().collect();
        (normal.len() <= PASSWORD_BYTES_MAX).then_some(normal)
    }

    /// Checks the rules for a new password of a user.
    ///
    /// # Errors
    /// [`AuthError::Refused`] with the rule.
    pub(super) fn check(&self, user_name: &str) -> Result<(), AuthError> {
        let refused = |what: String| Err(AuthError::Refused(what));
        let Some(password) = self.normalised() else {
            return refused(format!("a password has at most {PASSWORD_BYTES_MAX} bytes"));
        };
        if password.chars().count() < PASSWORD_CHARS_MIN {
            return refused(format!("a password has at least {PASSWORD_CHARS_MIN} characters"));
        }
        let mut chars = password.chars();
        let first = chars.next();
        if chars.all(|c| Some(c) == first) {
            return refused("a password is more than one repeated character".to_owned());
        }
        if folded(&password) == folded(user_name) {
            return refused("a password is not the user's name".to_owned());
        }
        Ok(())
    }
}

/// Returns a password that nobody has to remember: 100 random bits in groups that are easy to read out.
pub fn generated_password() -> Hidden<String> {
    // 13 bytes are 21 characters; the last one would have only 4 bits.
    let text = BASE32_NOPAD.encode(&random::<13>()).to_lowercase();
    let groups = [&text[..5], &text[5..10], &text[10..15], &text[15..20]];
    Hidden(groups.join("-"))
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules() {
        let check = |password: &str| Password::new(password).check("long-user-name");
        for password in [
            "correct horse",
            "\u{e4}\u{f6}\u{fc}\u{e4}\u{f6}\u{fc}\u{e4}\u{f6}\u{fc}\u{e4}\u{f6}\u{fc}",
        ] {
            check(password).unwrap();
        }
        let long = "ab".repeat(512);
        check(&long).unwrap();
        let refusals = [
            ("", "at least 12"),
            ("eleven char", "at least 12"),
            ("aaaaaaaaaaaaaaaa", "repeated"),
            ("Long-User-Name", "name"),
            (&format!("{long}c"), "at most 1024"),
        ];
        for (password, why) in refusals {
            let error = check(password).unwrap_err().to_string();
            assert!(error.contains(why), "{password}: {error}");
        }
    }

    #[test]
    fn a_generated_password_is_one() {
        let Hidden(first) = generated_password();
        Password::new(first.as_str()).check("ada").unwrap();
        assert_eq!(first.split('-').map(str::len).collect::<Vec<_>>(), [5; 4]);
        assert_ne!(first, generated_password().0);
    }

    #[test]
    fn keyboards_that_compose_and_those_that_do_not_give_the_same_bytes() {
        let of = |text| Password::new(text).normalised().unwrap();
        assert_eq!(of("gru\u{308}ne Wiese"), of("gr\u{fc}ne Wiese"));
        assert_eq!(format!("{:?}", Password::new("secret")), "***");
    }
}
