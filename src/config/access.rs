//! The syntax of allowed hosts and origins, and of the networks of proxies.

use std::net::IpAddr;

use ipnet::IpNet;

use super::rules::{self, ValueError};

/// Most items in a list; every request is compared with each of them.
const ITEMS_MAX: usize = 64;

/// Longest host name (RFC 1035 section 2.3.4, without the dot at the end).
const NAME_CHARS_MAX: usize = 253;

/// Splits a list of host names, `*.name` or `*`, in lower case. An empty text is an empty list.
pub(super) fn hosts(text: &str) -> Result<Vec<String>, ValueError> {
    each(text, |host| {
        if host == "*" {
            return Ok(host.to_owned());
        }
        if host.contains("://") || host.contains('/') {
            return Err("write only the host of the address");
        }
        if host.parse::<IpAddr>().is_ok() || host.starts_with('[') {
            return Err("addresses are always allowed; leave it out");
        }
        if host.contains(':') {
            return Err("write it without the port; a host is allowed on all ports");
        }
        let name = host.strip_suffix('.').unwrap_or(host);
        check_name(name.strip_prefix("*.").unwrap_or(name))?;
        Ok(name.to_owned())
    })
}

/// Splits a list of origins, in lower case and without a slash at the end. An empty text is an
/// empty list.
pub(super) fn origins(text: &str) -> Result<Vec<String>, ValueError> {
    each(text, |origin| {
        let Some((scheme, place)) = origin.split_once("://") else {
            return Err("write it with its scheme, as https://tools.example.org");
        };
        let is_scheme = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
        if !scheme.starts_with(|c: char| c.is_ascii_alphabetic()) || !scheme.chars().all(is_scheme)
        {
            return Err("the scheme is malformed");
        }
        let place = place.strip_suffix('/').unwrap_or(place);
        if place.contains(['/', '?', '#', '@']) {
            return Err("write scheme, host and port only");
        }
        if place.contains('*') {
            return Err("wildcards are not supported; list each origin");
        }
        let (host, port) = match place.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (place, None),
        };
        if port.is_some_and(|port| rules::number::<u16>(port, 1..=u16::MAX.into()).is_err()) {
            return Err("the port is not a number from 1 to 65535");
        }
        match host.strip_prefix('[').map(|rest| rest.strip_suffix(']').unwrap_or_default()) {
            Some(address) if address.parse::<IpAddr>().is_ok_and(|ip| ip.is_ipv6()) => {}
            Some(_) => return Err("the address in brackets is malformed"),
            None => check_name(host)?,
        }
        Ok(format!("{scheme}://{place}"))
    })
}

/// Splits a list of addresses and networks, such as `192.0.2.0/24`. An empty text is an empty list.
pub(super) fn networks(text: &str) -> Result<Vec<IpNet>, ValueError> {
    each(text, |network| {
        if let Ok(address) = network.parse::<IpAddr>() {
            return Ok(IpNet::from(address.to_canonical()));
        }
        let Ok(network) = network.parse::<IpNet>() else {
            return Err(
                "write an address or a network, as 192.0.2.7 or 192.0.2.0/24; names are not resolved",
            );
        };
        if network.prefix_len() == 0 {
            return Err("this is every address; list those of the proxies");
        }
        Ok(network.trunc())
    })
}

/// Returns networks as text: one with a single address as that address.
pub(super) fn shown_networks(networks: &[IpNet]) -> String {
    let shown = |network: &IpNet| match network.prefix_len() == network.max_prefix_len() {
        true => network.addr().to_string(),
        false => network.to_string(),
    };
    networks.iter().map(shown).collect::<Vec<_>>().join(", ")
}

/// Parses a list and checks each item.
fn each<T>(
    text: &str,
    check: impl Fn(&str) -> Result<T, &'static str>,
) -> Result<Vec<T>, ValueError> {
    let items = rules::list(text);
    if items.len() > ITEMS_MAX {
        return Err(ValueError::because(format!("there are more than {ITEMS_MAX}")));
    }
    let checked = items.iter().enumerate().map(|(n, item)| {
        let item = check(&item.to_ascii_lowercase());
        item.map_err(|hint| ValueError::because(format!("number {}: {hint}", n + 1)))
    });
    checked.collect()
}

/// Checks a DNS name as browsers send it, or an IPv4 address.
fn check_name(name: &str) -> Result<(), &'static str> {
    if !name.is_ascii() {
        return Err("write the name as browsers send it, as xn--…");
    }
    let is_label = |label: &str| {
        let in_label = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        !label.is_empty() && label.chars().all(in_label)
    };
    if name.len() > NAME_CHARS_MAX || !name.split('.').all(is_label) {
        return Err("it is not a host name");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_names() {
        let check = |text: &str, expected: Result<&str, &str>| {
            let hosts = hosts(text).map(|hosts| hosts.join(" "));
            let hosts = hosts.map_err(|error| error.hint.unwrap());
            let hosts = hosts.as_deref().map_err(|hint| hint.split(": ").last().unwrap());
            assert_eq!(hosts, expected, "{text}");
        };
        check("", Ok(""));
        check("NOC.example.org., *.Example.org *", Ok("noc.example.org *.example.org *"));
        check("noc_1, xn--nc-fka.example", Ok("noc_1 xn--nc-fka.example"));
        check("https://noc.example.org", Err("write only the host of the address"));
        check("noc/", Err("write only the host of the address"));
        check("noc:8443", Err("write it without the port; a host is allowed on all ports"));
        for address in ["192.0.2.1", "::1", "[::1]:80"] {
            check(address, Err("addresses are always allowed; leave it out"));
        }
        check("nöc.example.org", Err("write the name as browsers send it, as xn--…"));
        for name in ["a..b", ".", "*.", "*example.org", "a.*.b", "a b!", &"a".repeat(254)] {
            check(name, Err("it is not a host name"));
        }
        check(&"a ".repeat(65), Err("there are more than 64"));
    }

    #[test]
    fn proxies_are_addresses_and_networks() {
        let check = |text: &str, expected: Option<&str>| {
            let shown = networks(text).map(|networks| shown_networks(&networks));
            assert_eq!(shown.ok().as_deref(), expected, "{text}");
        };
        check("", Some(""));
        check("127.0.0.1 ::1,10.1.2.3/8", Some("127.0.0.1, ::1, 10.0.0.0/8"));
        check("::ffff:192.0.2.7 2001:DB8::/32", Some("192.0.2.7, 2001:db8::/32"));
        for text in ["proxy", "127.0.0.1:80", "[::1]", "10.0.0.0/33", "0.0.0.0/0", "::/0", "1.2.3"]
        {
            check(text, None);
        }
        check(&"::1 ".repeat(65), None);
    }

    #[test]
    fn origins_are_scheme_host_and_port() {
        let check = |text: &str, expected: Option<&str>| {
            let origins = origins(text).map(|origins| origins.join(" "));
            assert_eq!(origins.ok().as_deref(), expected, "{text}");
        };
        check("", Some(""));
        check(
            "HTTPS://Tools.Example.org/, http://[::1]:5173 http://192.0.2.1:80,tauri://localhost",
            Some(
                "https://tools.example.org http://[::1]:5173 http://192.0.2.1:80 tauri://localhost",
            ),
        );
        for text in [
            "tools.example.org",
            "null",
            "*",
            "https://*.example.org",
            "https://",
            "https://x/y",
            "https://x?y",
            "https://u@x",
            "https://x:0",
            "https://x:65536",
            "https://x:",
            "https://[::1",
            "https://[1.2.3.4]",
            "https://a..b",
            "1s://x",
            "://x",
        ] {
            check(text, None);
        }
    }
}
