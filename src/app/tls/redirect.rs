//! The port of plain HTTP, which sends clients to HTTPS.

use super::super::access::access_rules;
use super::ServedCertificate;
use crate::api::{self, PlainPort};
use crate::config::Config;

/// The port of HTTPS when an address names none (RFC 9110, section 4.2.2).
const HTTPS_PORT: u16 = 443;

/// Returns what answers at the port of plain HTTP. `port` is the one that the server listens on.
pub(crate) fn redirect_service(
    config: &Config,
    certificate: &ServedCertificate,
    port: u16,
) -> PlainPort {
    let port = config.public_url.as_deref().and_then(https_port).unwrap_or(port);
    api::plain_port(access_rules(config), port, certificate.challenge_answers())
}

/// Returns the port that people reach HTTPS at, which a router may translate.
fn https_port(public_url: &str) -> Option<u16> {
    let uri: http::Uri = public_url.parse().ok()?;
    (uri.scheme_str() == Some("https")).then(|| uri.port_u16().unwrap_or(HTTPS_PORT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_the_page_names_the_port() {
        assert_eq!(https_port("https://noc.example.org/unoc"), Some(443));
        assert_eq!(https_port("https://[::1]:8443"), Some(8443));
        assert_eq!(https_port("http://noc.example.org"), None);
    }
}
