//! The syntax of the settings around the certificate.

use std::fmt;

use super::access;
use super::contacts::{is_email, is_url};
use super::rules::{self, ValueError};

/// How a certificate authority sees that a host answers for a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AcmeChallengeType {
    TlsAlpn01,
    Http01,
}

impl AcmeChallengeType {
    /// Parses its name in RFC 8555 or RFC 8737.
    pub(super) fn parse(text: &str) -> Result<Self, ValueError> {
        match text.trim() {
            "tls-alpn-01" => Ok(Self::TlsAlpn01),
            "http-01" => Ok(Self::Http01),
            "dns-01" => Err(ValueError::because(
                "it needs access to your name server: let another program renew the files of tls_cert and tls_key",
            )),
            _ => Err(ValueError::default()),
        }
    }
}

impl fmt::Display for AcmeChallengeType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TlsAlpn01 => "tls-alpn-01",
            Self::Http01 => "http-01",
        })
    }
}

/// Splits a list of host names, in lower case. An empty text is an empty list.
pub(super) fn domains(text: &str) -> Result<Vec<String>, ValueError> {
    let names = access::hosts(text)?;
    match names.iter().any(|name| name.contains('*')) {
        true => {
            Err(ValueError::because("list each name: for a wildcard, authorities ask for dns-01"))
        }
        false => Ok(names),
    }
}

/// Parses the address of a certificate authority.
pub(super) fn directory(text: &str) -> Result<String, ValueError> {
    let url = text.trim();
    if !is_url(url) || !url.starts_with("https://") {
        return Err(ValueError::default());
    }
    if url.contains('@') {
        return Err(ValueError::secret("write it without a user and a password"));
    }
    Ok(url.to_owned())
}

/// Parses an e-mail address; an empty text is none.
pub(super) fn contact(text: &str) -> Result<Option<String>, ValueError> {
    match text.trim().trim_start_matches("mailto:") {
        "" => Ok(None),
        address if is_email(address) => Ok(Some(address.to_owned())),
        _ => Err(ValueError::default()),
    }
}

/// Parses a port; an empty text is none.
pub(super) fn optional_port(text: &str) -> Result<Option<u16>, ValueError> {
    match text.trim() {
        "" => Ok(None),
        port => rules::number(port, 0..=u16::MAX.into()).map(Some),
    }
}

/// Returns a port as text; empty for none.
pub(super) fn shown_port(port: Option<u16>) -> String {
    port.map(|port| port.to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{Case, PASSWORD, only};

    #[test]
    fn certificates_are_for_names_and_from_authorities() {
        let check = |key: &'static str, text: &str, expected: Option<&str>| {
            let case = Case::new().flag(key, text);
            let shown = case.load().ok().map(|_| case.shown(key).0);
            assert_eq!(shown.as_deref(), expected, "{key} {text}");
        };
        check("acme_domains", "NOC.example.org, b.example", Some("noc.example.org, b.example"));
        check("acme_domains", "*.example.org", None);
        check("acme_domains", "192.0.2.7", None);
        check(
            "acme_directory",
            "https://ca.example:14000/dir",
            Some("https://ca.example:14000/dir"),
        );
        check("acme_directory", "http://ca.example/dir", None);
        check("acme_directory", "ca.example", None);
        check("acme_contact", "mailto:noc@example.org", Some("noc@example.org"));
        check("acme_contact", "noc", None);
        check("acme_challenge", "http-01", Some("http-01"));
        check("acme_challenge", "dns-01", None);
        check("http_redirect_port", "0", Some("0"));
        check("http_redirect_port", "", Some(""));
        check("http_redirect_port", "65536", None);
        check("hsts_days", "731", None);
        let url = format!("https://u:{PASSWORD}@ca.example/dir");
        let error = only(Case::new().variable("UNOC_ACME_DIRECTORY", &url).errors());
        assert!(!format!("{error:?}").contains(PASSWORD), "{error:?}");
    }
}
