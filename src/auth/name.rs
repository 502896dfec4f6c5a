//! Names of users and tokens.

use unicode_normalization::UnicodeNormalization as _;

use super::error::AuthError;

/// As much as fits a column of a table.
const NAME_CHARS_MAX: usize = 64;
/// What a user's name may have beside letters and digits: enough for addresses of e-mail.
const MARKS: &str = ".-_@";

/// Returns a user's name as it is kept.
///
/// # Errors
/// [`AuthError::Refused`] with the rule.
pub(super) fn checked_user_name(text: &str) -> Result<String, AuthError> {
    // Normalising is bounded: no text of 64 characters has more bytes.
    if text.is_empty() || text.len() > 4 * NAME_CHARS_MAX {
        return Err(length_refused("a user's name"));
    }
    let name: String = text.nfc().collect();
    if name.chars().count() > NAME_CHARS_MAX {
        return Err(length_refused("a user's name"));
    }
    if !name.chars().all(|c| c.is_alphanumeric() || MARKS.contains(c)) {
        return Err(AuthError::Refused(
            "a user's name has only letters, digits, and the characters . - _ @".to_owned(),
        ));
    }
    Ok(name)
}

/// Returns what two names have in common that differ only by case.
pub(super) fn folded(name: &str) -> String {
    let lower: String = name.nfc().flat_map(char::to_lowercase).collect();
    lower.nfc().collect()
}

/// Returns a token's name as it is kept.
///
/// # Errors
/// [`AuthError::Refused`] with the rule.
pub(super) fn checked_token_name(text: &str) -> Result<String, AuthError> {
    let name = text.trim();
    if name.is_empty() || name.chars().count() > NAME_CHARS_MAX {
        return Err(length_refused("a token's name"));
    }
    if name.chars().any(char::is_control) {
        return Err(AuthError::Refused("a token's name has no control characters".to_owned()));
    }
    Ok(name.to_owned())
}

fn length_refused(what: &str) -> AuthError {
    AuthError::Refused(format!("{what} has 1 to {NAME_CHARS_MAX} characters"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_letters_digits_and_four_marks() {
        for name in ["ada", "Ada.Lovelace@example.org", "j\u{fc}rgen-2", &"a".repeat(64)] {
            assert_eq!(checked_user_name(name).unwrap(), name);
        }
        for name in ["", "a b", "a/b", "ada\n", "\u{202e}ada", &"a".repeat(65), &"a".repeat(9999)] {
            assert!(matches!(checked_user_name(name), Err(AuthError::Refused(_))), "{name}");
        }
        // Composed and decomposed are one name, and so are the cases.
        assert_eq!(checked_user_name("ju\u{308}rgen").unwrap(), "j\u{fc}rgen");
        assert_eq!(folded("JU\u{308}RGEN"), folded("j\u{fc}rgen"));
        assert_ne!(folded("ada"), folded("adam"));
    }

    #[test]
    fn tokens_have_names_for_people() {
        assert_eq!(checked_token_name("  CI import ").unwrap(), "CI import");
        for name in ["", "   ", "a\nb", &"a".repeat(65)] {
            assert!(matches!(checked_token_name(name), Err(AuthError::Refused(_))), "{name}");
        }
    }
}
