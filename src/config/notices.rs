//! The syntax of the settings around the notices: addresses of the page, of the mail server and of the heartbeat.

use super::contacts::{is_email, is_url};
use super::rules::ValueError;
use super::secret::{MASK, Secret};

/// Parses the address of the page; an empty text is none.
pub(super) fn public_url(text: &str) -> Result<Option<String>, ValueError> {
    let url = text.trim().trim_end_matches('/');
    if url.is_empty() {
        return Ok(None);
    }
    if !is_url(url) {
        return Err(ValueError::because("write it with its scheme, as https://noc.example.org"));
    }
    if url.contains(['?', '#', '@']) {
        return Err(ValueError::secret("write only scheme, host, port and path"));
    }
    Ok(Some(url.to_owned()))
}

/// Parses the address of a mail server; an empty text is none. Its parts are checked when it is set up.
pub(super) fn smtp_url(text: &str) -> Result<Option<Secret>, ValueError> {
    if text.is_empty() {
        return Ok(None);
    }
    let rest = text.strip_prefix("smtp://").or_else(|| text.strip_prefix("smtps://"));
    if rest.is_none_or(str::is_empty) {
        return Err(ValueError::because("the scheme is wrong"));
    }
    if !text.chars().all(|c| c.is_ascii_graphic()) {
        return Err(ValueError::because("percent-encode blanks and characters outside ASCII"));
    }
    Ok(Some(Secret::new(text)))
}

/// Returns the address of a mail server without its user and password.
pub(super) fn shown_smtp_url(url: Option<&Secret>) -> String {
    let Some((scheme, rest)) = url.and_then(|url| url.expose().split_once("://")) else {
        return String::new();
    };
    match rest.rsplit_once('@') {
        Some((_, place)) => format!("{scheme}://{MASK}@{place}"),
        None => format!("{scheme}://{rest}"),
    }
}

/// Parses an e-mail address; an empty text is none.
pub(super) fn mail_from(text: &str) -> Result<Option<String>, ValueError> {
    match text.trim() {
        "" => Ok(None),
        address if is_email(address) => Ok(Some(address.to_owned())),
        _ => Err(ValueError::default()),
    }
}

/// Parses the address of the heartbeat; an empty text is none.
pub(super) fn heartbeat_url(text: &str) -> Result<Option<Secret>, ValueError> {
    match text.trim() {
        "" => Ok(None),
        url if is_url(url) => Ok(Some(Secret::new(url))),
        _ => Err(ValueError::because("write it with its scheme, as https://…")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Case, PASSWORD, only};

    #[test]
    fn addresses_are_checked_and_masked() {
        let url = format!("smtps://u%40x:{PASSWORD}@mail.example.org:465");
        let case = Case::new()
            .variable("UNOC_SMTP_URL", &url)
            .variable("UNOC_HEARTBEAT_URL", &format!("https://h/{PASSWORD}"))
            .variable("UNOC_PUBLIC_URL", "https://noc.example.org/unoc/");
        assert_eq!(case.shown("smtp_url").0, "smtps://***@mail.example.org:465");
        assert_eq!(case.shown("heartbeat_url").0, "***");
        assert_eq!(case.shown("public_url").0, "https://noc.example.org/unoc");
        assert!(!format!("{:?}", case.load().unwrap()).contains(PASSWORD));
        for (variable, text) in [
            ("UNOC_SMTP_URL", PASSWORD),
            ("UNOC_HEARTBEAT_URL", PASSWORD),
            ("UNOC_PUBLIC_URL", &format!("https://u:{PASSWORD}@h")),
        ] {
            let error = only(Case::new().variable(variable, text).errors());
            assert!(!format!("{error:?}").contains(PASSWORD), "{error:?}");
        }
        assert_eq!(only(Case::new().variable("UNOC_MAIL_FROM", "x").errors()).key, "mail_from");
    }
}
