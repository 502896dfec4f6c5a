//! Taking secrets out of a store's errors, so that people may read them and logs may keep them.
//!
//! A store's error can hold signed addresses, the request's headers and any answer of the server.
//! Only what is left after [`Redactor::clean`] leaves this module.

use std::error::Error;
use std::fmt;

use crate::util::error_chain;

/// Longest explanation: a server may answer with a whole HTML page.
const CHARS_MAX: usize = 400;

/// Shortest secret that is searched for; a shorter one would mask common words.
const SECRET_CHARS_MIN: usize = 4;

/// What replaces a secret.
const MASK: &str = "***";

/// Takes the secrets of one target out of texts.
#[derive(Clone, Default)]
pub(super) struct Redactor(Vec<String>);

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Redactor({} values)", self.0.len())
    }
}

impl Redactor {
    pub(super) fn new(mut secrets: Vec<String>) -> Self {
        secrets.retain(|secret| secret.len() >= SECRET_CHARS_MIN);
        // A secret that contains another goes first, or its rest would stay.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Self(secrets)
    }

    /// Returns an error and its causes in one line without secrets, queries of addresses and
    /// control characters; of an XML answer only its code and message.
    pub(super) fn explain(&self, error: &(dyn Error + 'static)) -> String {
        self.clean(&error_chain(error))
    }

    /// Returns a foreign text as [`Self::explain`] returns an error.
    pub(super) fn clean(&self, text: &str) -> String {
        let answer = answer(text);
        let mut text = without_queries(answer.as_deref().unwrap_or(text));
        for secret in &self.0 {
            text = text.replace(secret.as_str(), MASK);
        }
        let words = text.split(|c: char| c.is_whitespace() || c.is_control());
        let text = words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
        let mut chars = text.chars();
        let start: String = chars.by_ref().take(CHARS_MAX).collect();
        if chars.next().is_some() { format!("{start}…") } else { start }
    }
}

/// Returns code and message of an error in S3's and Azure's XML (Amazon S3 API Reference, "Error
/// responses"). The other elements repeat parts of the signed request.
fn answer(text: &str) -> Option<String> {
    let element = |name: &str| {
        let (_, rest) = text.split_once(&format!("<{name}>"))?;
        Some(rest.split_once("</")?.0)
    };
    let code = element("Code")?;
    let message = element("Message").unwrap_or_default();
    Some(if message.is_empty() { code.to_owned() } else { format!("{code}: {message}") })
}

/// Returns `text` with each address cut before its query, and without the user before its host.
fn without_queries(text: &str) -> String {
    let ends = |c: char| c.is_whitespace() || "\"'<>()[]{},;`".contains(c);
    let mut clean = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("://").map(|at| at + "://".len()) {
        let (before, address) = rest.split_at(start);
        clean.push_str(before);
        let (address, after) = address.split_at(address.find(ends).unwrap_or(address.len()));
        let address = address.split(['?', '#']).next().unwrap_or_default();
        let host_end = address.find('/').unwrap_or(address.len());
        let host_start = address[..host_end].rfind('@').map_or(0, |at| at + 1);
        clean.push_str(&address[host_start..]);
        rest = after;
    }
    clean + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "s3cr3t-4711";

    #[test]
    fn queries_users_and_secrets_are_removed() {
        let redact = Redactor::new(vec![SECRET.to_owned(), "abc".to_owned()]);
        let check = |text: &str, expected: &str| assert_eq!(redact.clean(text), expected);
        check(
            "PUT https://h:9000/b/x?X-Amz-Signature=1f&X-Amz-Credential=AK in 3ms",
            "PUT https://h:9000/b/x in 3ms",
        );
        check(
            "(https://h/x?sig=1) \"http://h?sig=2\" <https://h?sig=3>",
            "(https://h/x) \"http://h\" <https://h>",
        );
        check("https://user:pw@h/p#f?sig=1", "https://h/p");
        check(&format!("token {SECRET}x and abc\n\tend"), "token ***x and abc end");
        check(
            "Status 403: <?xml?><Error><Code>SignatureDoesNotMatch</Code><Message>No.</Message>\
             <StringToSign>AWS4 sig</StringToSign></Error>",
            "SignatureDoesNotMatch: No.",
        );
        check("<Error><Code>NoSuchKey</Code></Error>", "NoSuchKey");
        check("://", "://");
        assert_eq!(redact.clean(&"ä ".repeat(1000)).chars().count(), CHARS_MAX + 1);
        assert!(!format!("{redact:?}").contains(SECRET));
        let longer = Redactor::new(vec!["abcd".into(), "abcdef".into()]);
        assert_eq!(longer.clean("abcdef"), "***");
    }
}
