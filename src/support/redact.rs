//! Removing secrets from texts: those that are known, and what looks like one.

/// Printed in place of a secret.
const MASK: &[u8] = b"***";

/// Shorter secrets are looked for as words only: inside of words they would match anywhere.
const SECRET_BYTES_MIN: usize = 4;
/// What the name of a value contains, in upper case, if the value is a secret.
const SECRET_NAMES: [&[u8]; 6] =
    [b"SECRET", b"PASSWORD", b"PASSPHRASE", b"TOKEN", b"API_KEY", b"SIGNATURE"];

/// What the name of a value ends in, in upper case, if the value is the path of what has the secret.
const PATH_NAMES: [&[u8]; 3] = [b"FILE", b"PATH", b"DIR"];

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
    /// Those that are replaced only where they are a word.
    words: Vec<Vec<u8>>,
}

impl SecretMask {
    /// Knows these secrets, also as they are written inside a text of JSON.
    pub fn new(secrets: &[String]) -> Self {
        let quoted = secrets.iter().map(|secret| {
            let quoted = serde_json::to_string(secret).expect("a text is JSON");
            quoted.trim_matches('"').to_owned()
        });
        let all = quoted.chain(secrets.iter().cloned()).map(String::into_bytes);
        let mut all: Vec<_> = all.filter(|secret| !secret.is_empty()).collect();
        all.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        all.dedup();
        let (secrets, words) = all.into_iter().partition(|it| it.len() >= SECRET_BYTES_MIN);
        Self { secrets, words }
    }

    /// Whether secrets are so short that other words were replaced, too.
    pub fn has_short_secrets(&self) -> bool {
        !self.words.is_empty()
    }

    /// Returns the text with `***` in place of each known secret, of passwords in addresses, of secret
    /// keys, of credentials in headers, and of values such as `token=…`.
    pub fn redact(&self, mut text: Vec<u8>) -> Vec<u8> {
        for secret in &self.secrets {
            text = replaced(text, secret, |_, _| true);
        }
        for word in &self.words {
            text = replaced(text, word, is_word);
        }
        for (mark, belongs) in MARKED {
            text = without_marked(&text, mark, belongs);
        }
        without_named_values(&without_passwords(&text))
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

/// Whether what is between these bytes is a word.
fn is_word(before: Option<&u8>, after: Option<&u8>) -> bool {
    [before, after].into_iter().flatten().all(|byte| !byte.is_ascii_alphanumeric())
}

fn replaced(
    text: Vec<u8>,
    secret: &[u8],
    is_one: impl Fn(Option<&u8>, Option<&u8>) -> bool,
) -> Vec<u8> {
    if position(&text, secret).is_none() {
        return text;
    }
    let mut redacted = Vec::with_capacity(text.len());
    let mut from = 0;
    while let Some(found) = position(&text[from..], secret) {
        let (at, end) = (from + found, from + found + secret.len());
        redacted.extend_from_slice(&text[from..at]);
        let before = at.checked_sub(1).and_then(|before| text.get(before));
        if is_one(before, text.get(end)) {
            redacted.extend_from_slice(MASK);
            from = end;
        } else {
            redacted.push(text[at]);
            from = at + 1;
        }
    }
    redacted.extend_from_slice(&text[from..]);
    redacted
}

/// Replaces the value in `name=value`, also a quoted one, where the name is that of a secret, unless it is the
/// path of a file.
fn without_named_values(text: &[u8]) -> Vec<u8> {
    let is_of_name = |byte: &u8| byte.is_ascii_alphanumeric() || b"_-.".contains(byte);
    let mut redacted = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.iter().position(|byte| *byte == b'=') {
        let (before, value) = rest.split_at(at + 1);
        redacted.extend_from_slice(before);
        rest = value;
        let length = before[..at].iter().rev().take_while(|byte| is_of_name(byte)).count();
        let name = before[at - length..at].to_ascii_uppercase();
        let is_secret = SECRET_NAMES.iter().any(|part| position(&name, part).is_some());
        let (quote, value) = value.split_at(quote_length(value));
        let length = value_length(quote, value);
        let is_path = value.starts_with(b"/") && PATH_NAMES.iter().any(|end| name.ends_with(end));
        if is_secret && length > 0 && !is_path && !value.starts_with(MASK) {
            redacted.extend_from_slice(quote);
            redacted.extend_from_slice(MASK);
            rest = &value[length..];
        }
    }
    redacted.extend_from_slice(rest);
    redacted
}

/// The length of the quote that a value begins with, with the escapes that it has inside of JSON. A quote before
/// a separator is the end of a quotation around an empty value.
fn quote_length(value: &[u8]) -> usize {
    let escapes = value.iter().take_while(|byte| **byte == b'\\').count();
    match value[escapes..] {
        [b'"' | b'\'', next, ..] if !next.is_ascii_whitespace() && !b",}])".contains(&next) => {
            escapes + 1
        }
        _ => 0,
    }
}

/// The length of a value after this quote, which goes to the end of the line if that is not closed.
fn value_length(quote: &[u8], value: &[u8]) -> usize {
    let is_end = |byte: &u8| byte.is_ascii_whitespace() || b"&\"'<>,;)]}\\".contains(byte);
    let Some((mark, outer)) = quote.split_last() else {
        return value.iter().position(is_end).unwrap_or(value.len());
    };
    let mut escapes = 0;
    for (at, byte) in value.iter().enumerate() {
        match byte {
            b'\n' => return at,
            b'\\' => escapes += 1,
            // With more escapes, it is a part of the value.
            byte if byte == mark && escapes <= outer.len() => return at - escapes,
            _ => escapes = 0,
        }
    }
    value.len()
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
        assert_eq!(redact(&["", "abc"], "abc, abcd xabc \"abc\""), "***, abcd xabc \"***\"");
        assert_eq!(redact(&["aa"], "aaa aa-aa"), "aaa ***-***", "a short one is a word");
    }

    #[test]
    fn what_looks_like_a_secret_is_removed() {
        for (text, expected) in [
            ("postgres://unoc:pw@db:5432/x?y", "postgres://unoc:***@db:5432/x?y"),
            ("two a://u:p@h, b://u:q@h", "two a://u:***@h, b://u:***@h"),
            ("http://127.0.0.1:5001/a@b", "http://127.0.0.1:5001/a@b"),
            ("smtp://user@host:25", "smtp://user@host:25"),
            ("GET /x?api_token=abc&limit=5 HTTP", "GET /x?api_token=***&limit=5 HTTP"),
            ("AWS_SECRET_ACCESS_KEY=a/b= x=1", "AWS_SECRET_ACCESS_KEY=*** x=1"),
            (
                "password_file=/etc/pw key=check:a token=",
                "password_file=/etc/pw key=check:a token=",
            ),
            (r#"password="pa ss" x"#, r#"password="***" x"#),
            (r#"password="pa\"ss" x"#, r#"password="***" x"#),
            (r#"password='pa"ss', x=1"#, r#"password='***', x=1"#),
            (r#"password="" x token='' y"#, r#"password="" x token='' y"#),
            ("password=\"pa ss\nnext", "password=\"***\nnext"),
            (r#"{"m":"token=\"x y\" z"}"#, r#"{"m":"token=\"***\" z"}"#),
            (r#"{"m":"token=\"x"}"#, r#"{"m":"token=\"***"}"#),
            (r#"{"m":"token=","k":"a"}"#, r#"{"m":"token=","k":"a"}"#),
            ("token=/ab/c= x", "token=*** x"),
            (
                r#"password_file="/etc/pw" SECRET_PATH=/a secrets_dir='/b'"#,
                r#"password_file="/etc/pw" SECRET_PATH=/a secrets_dir='/b'"#,
            ),
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
