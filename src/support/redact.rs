//! Removing secrets from texts: those that are known, and what looks like one.

/// Printed in place of a secret.
const MASK: &[u8] = b"***";

/// Shorter ones would match anywhere. Settings are shown masked anyway; this is the second net.
const SECRET_BYTES_MIN: usize = 4;

type Marked = (&'static [u8], fn(u8) -> bool);

/// What begins a secret, and which bytes belong to it.
const MARKED: [Marked; 4] = [
    // age, the secret key of a backup.
    (b"AGE-SECRET-KEY-1", |byte| byte.is_ascii_alphanumeric()),
    (b"PRIVATE KEY-----", |byte| byte != b'-'),
    (b"Bearer ", is_token),
    (b"Basic ", is_token),
];

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte)
}

/// Removes secrets.
#[derive(Clone, Default)]
pub struct SecretMask {
    /// The longest first: one may contain another.
    secrets: Vec<Vec<u8>>,
}

impl SecretMask {
    /// Knows these secrets, also as they are written inside a text of JSON.
    pub fn new(secrets: &[String]) -> Self {
        let quoted = secrets.iter().map(|secret| {
            let quoted = serde_json::to_string(secret).expect("a text is JSON");
            quoted.trim_matches('"').to_owned()
        });
        let all = quoted.chain(secrets.iter().cloned()).map(String::into_bytes);
        let mut secrets: Vec<_> = all.filter(|secret| secret.len() >= SECRET_BYTES_MIN).collect();
        secrets.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        secrets.dedup();
        Self { secrets }
    }

    /// Returns the text with `***` in place of each known secret, of passwords in addresses, of secret
    /// keys and of credentials in headers.
    pub fn redact(&self, mut text: Vec<u8>) -> Vec<u8> {
        for secret in &self.secrets {
            text = replaced(text, secret);
        }
        for (mark, belongs) in MARKED {
            text = without_marked(&text, mark, belongs);
        }
        without_passwords(&text)
    }
}

fn position(text: &[u8], needle: &[u8]) -> Option<usize> {
    let (first, rest) = needle.split_first()?;
    let mut from = 0;
    while let Some(found) = text[from..].iter().position(|byte| byte == first) {
        let at = from + found;
        if text[at + 1..].starts_with(rest) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

fn replaced(text: Vec<u8>, secret: &[u8]) -> Vec<u8> {
    let Some(first) = position(&text, secret) else { return text };
    let mut redacted = text[..first].to_vec();
    let mut rest = &text[first..];
    while let Some(at) = position(rest, secret) {
        redacted.extend_from_slice(&rest[..at]);
        redacted.extend_from_slice(MASK);
        rest = &rest[at + secret.len()..];
    }
    redacted.extend_from_slice(rest);
    redacted
}

/// Keeps the mark and replaces what belongs to it.
fn without_marked(text: &[u8], mark: &[u8], belongs: fn(u8) -> bool) -> Vec<u8> {
    let mut redacted = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = position(rest, mark) {
        let (before, after) = rest.split_at(at + mark.len());
        redacted.extend_from_slice(before);
        let length = after.iter().take_while(|byte| belongs(**byte)).count();
        if length > 0 {
            redacted.extend_from_slice(MASK);
        }
        rest = &after[length..];
    }
    redacted.extend_from_slice(rest);
    redacted
}

/// Replaces the password in each `scheme://user:password@host` (RFC 3986, 3.2.1).
fn without_passwords(text: &[u8]) -> Vec<u8> {
    const AUTHORITY: &[u8] = b"://";
    let mut redacted = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = position(rest, AUTHORITY) {
        let (before, after) = rest.split_at(at + AUTHORITY.len());
        redacted.extend_from_slice(before);
        rest = after;
        let is_end = |byte: &u8| byte.is_ascii_whitespace() || b"/?#\"'<>,".contains(byte);
        let authority = &after[..after.iter().position(is_end).unwrap_or(after.len())];
        let user = authority.iter().rposition(|byte| *byte == b'@');
        let colon = authority.iter().position(|byte| *byte == b':');
        if let (Some(user_end), Some(colon)) = (user, colon)
            && colon < user_end
        {
            redacted.extend_from_slice(&after[..=colon]);
            redacted.extend_from_slice(MASK);
            rest = &after[user_end..];
        }
    }
    redacted.extend_from_slice(rest);
    redacted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redact(secrets: &[&str], text: &str) -> String {
        let mask = SecretMask::new(&secrets.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>());
        String::from_utf8(mask.redact(text.as_bytes().to_vec())).unwrap()
    }

    #[test]
    fn known_secrets_are_removed_in_plain_and_quoted_form() {
        assert_eq!(redact(&["s3cr3t"], "a s3cr3ts3cr3t b"), "a ****** b");
        assert_eq!(redact(&["inner", "inner-longer"], "x inner-longer y inner"), "x *** y ***");
        assert_eq!(redact(&["pa\"ss\\word"], r#"{"k":"pa\"ss\\word"}"#), r#"{"k":"***"}"#);
        assert_eq!(redact(&["", "abc"], "abc"), "abc", "too short to be searched");
    }

    #[test]
    fn what_looks_like_a_secret_is_removed() {
        for (text, expected) in [
            ("postgres://unoc:pw@db:5432/x?y", "postgres://unoc:***@db:5432/x?y"),
            ("two a://u:p@h, b://u:q@h", "two a://u:***@h, b://u:***@h"),
            ("http://127.0.0.1:5001/a@b", "http://127.0.0.1:5001/a@b"),
            ("smtp://user@host:25", "smtp://user@host:25"),
            ("key AGE-SECRET-KEY-1QQPZ09.", "key AGE-SECRET-KEY-1***."),
            ("Authorization: Bearer abc.def= x", "Authorization: Bearer *** x"),
            (
                "-----BEGIN PRIVATE KEY-----\nMII=\n-----END PRIVATE KEY-----\n",
                "-----BEGIN PRIVATE KEY-----***-----END PRIVATE KEY-----***",
            ),
        ] {
            assert_eq!(redact(&[], text), expected);
        }
    }
}
