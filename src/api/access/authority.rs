//! The host and port of a `Host` header or an origin (RFC 9110 section 7.2, RFC 6454 section 6.1).

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// A host and an optional port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Authority<'a> {
    pub(super) host: Host<'a>,
    port: Option<u16>,
}

/// The host without the port.
#[derive(Clone, Copy, Debug)]
pub(super) enum Host<'a> {
    Address(IpAddr),
    /// A name of letters, digits, `-`, `_` and dots, without a dot at its end.
    Name(&'a str),
}

impl<'a> Authority<'a> {
    /// Parses `noc.example.org:8443`, `192.0.2.1` or `[2001:db8::1]:5001`. Returns `None` for any
    /// other text.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let (host, rest) = match text.strip_prefix('[') {
            Some(rest) => {
                let (address, rest) = rest.split_once(']')?;
                let address: Ipv6Addr = address.parse().ok()?;
                (Host::Address(address.into()), rest)
            }
            None => {
                let (host, rest) = text.split_at(text.find(':').unwrap_or(text.len()));
                (Host::parse(host)?, rest)
            }
        };
        let port = match rest.strip_prefix(':') {
            // The port may be empty after the colon (RFC 3986 section 3.2.3).
            Some("") => None,
            Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
                Some(port.parse().ok()?)
            }
            Some(_) => return None,
            None if rest.is_empty() => None,
            None => return None,
        };
        Some(Self { host, port })
    }

    /// Returns whether both are the same host and port, with the default port of `scheme`.
    pub(super) fn is_same(self, other: Self, scheme: &str) -> bool {
        let default = match scheme {
            "http" => Some(80),
            "https" => Some(443),
            _ => None,
        };
        self.host == other.host && self.port.or(default) == other.port.or(default)
    }
}

impl<'a> Host<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        if let Ok(address) = text.parse() {
            // An IPv6 address must be in brackets.
            return matches!(address, IpAddr::V4(_)).then_some(Self::Address(address));
        }
        let name = text.strip_suffix('.').unwrap_or(text);
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        (!name.is_empty() && name.bytes().all(is_name)).then_some(Self::Name(name))
    }
}

/// Compares names without regard to case.
impl PartialEq for Host<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Address(one), Self::Address(other)) => one == other,
            (Self::Name(one), Self::Name(other)) => one.eq_ignore_ascii_case(other),
            _ => false,
        }
    }
}

impl Eq for Host<'_> {}

impl fmt::Display for Host<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(IpAddr::V6(address)) => write!(f, "[{address}]"),
            Self::Address(address) => address.fmt(f),
            Self::Name(name) => f.write_str(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_ports_are_read() {
        let check = |text: &str, expected: Option<(&str, Option<u16>)>| {
            let parsed =
                Authority::parse(text).map(|parsed| (parsed.host.to_string(), parsed.port));
            assert_eq!(parsed, expected.map(|(host, port)| (host.to_owned(), port)), "{text:?}");
        };
        check("noc.example.org", Some(("noc.example.org", None)));
        check("NOC_1.example.org.:8443", Some(("NOC_1.example.org", Some(8443))));
        check("noc:", Some(("noc", None)));
        check("127.0.0.1:80", Some(("127.0.0.1", Some(80))));
        check("[::1]:5001", Some(("[::1]", Some(5001))));
        check("[0:0::1]", Some(("[::1]", None)));
        for text in [
            "",
            ".",
            ":80",
            "::1",
            "[127.0.0.1]",
            "[::1]x",
            "[::1",
            "[fe80::1%eth0]",
            "noc:65536",
            "noc:+1",
            "noc:80:80",
            "user@noc",
            "noc/",
            "http://noc",
            "a b",
            "noc%2e",
            "nöc",
        ] {
            check(text, None);
        }
    }

    #[test]
    fn the_port_of_the_scheme_is_the_same_as_none() {
        let check = |one: &str, other: &str, scheme: &str, expected: bool| {
            let [one, other] = [one, other].map(|text| Authority::parse(text).unwrap());
            assert_eq!(one.is_same(other, scheme), expected, "{one:?} {other:?} {scheme}");
            assert_eq!(other.is_same(one, scheme), expected, "{one:?} {other:?} {scheme}");
        };
        check("noc", "NOC.", "https", true);
        check("noc:80", "noc", "http", true);
        check("noc:443", "noc", "https", true);
        check("noc:80", "noc", "https", false);
        check("noc:443", "noc", "http", false);
        check("noc:8443", "noc", "https", false);
        check("noc:1", "noc:1", "app", true);
        check("[::1]:5001", "[0::1]:5001", "http", true);
        check("127.0.0.1", "localhost", "http", false);
    }
}
