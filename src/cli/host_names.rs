//! The names and addresses by which this host is reached, for a certificate.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The addresses of this host in the routing table (proc_net(5)): two lines each, such as
/// `|-- 192.0.2.7` and `/32 host LOCAL`.
const IPV4_FILE: &str = "/proc/net/fib_trie";
/// One line for each address, which begins with its 32 hexadecimal digits (proc_net(5)).
const IPV6_FILE: &str = "/proc/net/if_inet6";

/// Returns the host's own name, long and short, `localhost`, and all addresses but those that are valid on one link
/// only, each once.
pub(super) fn host_names() -> Vec<String> {
    let host = rustix::system::uname();
    let name = host.nodename().to_string_lossy().into_owned();
    let read = |path| fs::read_to_string(path).unwrap_or_default();
    let mut addresses = ipv4_addresses(&read(IPV4_FILE));
    addresses.extend(ipv6_addresses(&read(IPV6_FILE)));
    names(&name, addresses)
}

fn names(host: &str, addresses: Vec<IpAddr>) -> Vec<String> {
    let short = host.split('.').next().unwrap_or_default();
    let mut names = vec![host.to_owned(), short.to_owned(), "localhost".to_owned()];
    if !short.is_empty() {
        // Multicast DNS (RFC 6762).
        names.insert(2, format!("{short}.local"));
    }
    // The loopback addresses last, and always.
    let loopback = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    let of_networks = addresses.into_iter().filter(|address| !address.is_loopback());
    names.extend(of_networks.chain(loopback).map(|address| address.to_string()));
    let mut once = Vec::new();
    for name in names {
        if is_name(&name) && !once.contains(&name) {
            once.push(name);
        }
    }
    once
}

/// Whether it can be in a certificate: a host may be called anything.
fn is_name(name: &str) -> bool {
    let in_name = |c: char| c.is_ascii_alphanumeric() || "-.:".contains(c);
    !name.is_empty() && name.chars().all(in_name)
}

fn ipv4_addresses(table: &str) -> Vec<IpAddr> {
    let mut found = Vec::new();
    let mut last = None;
    for line in table.lines().map(str::trim) {
        if let Some(address) = line.strip_prefix("|-- ") {
            last = address.parse::<Ipv4Addr>().ok();
        } else if line == "/32 host LOCAL" {
            found.extend(last.take().filter(|address| !address.is_link_local()).map(IpAddr::V4));
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

fn ipv6_addresses(table: &str) -> Vec<IpAddr> {
    let digits = table.lines().filter_map(|line| line.get(..32));
    let addresses = digits.filter_map(|digits| u128::from_str_radix(digits, 16).ok());
    let addresses = addresses.map(Ipv6Addr::from);
    addresses.filter(|address| !address.is_unicast_link_local()).map(IpAddr::V6).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_those_of_the_host_itself() {
        let table = "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 0.0.0.0\n        /0 universe UNICAST\n\
                     \x20    +-- 192.0.2.0/24 2 0 2\n        |-- 192.0.2.0\n           /24 link UNICAST\n\
                     \x20       |-- 192.0.2.7\n           /32 host LOCAL\n        |-- 192.0.2.255\n\
                     \x20          /32 link BROADCAST\nLocal:\n        |-- 192.0.2.7\n           /32 host LOCAL\n\
                     \x20       |-- 127.0.0.1\n           /32 host LOCAL\n        |-- 169.254.3.3\n\
                     \x20          /32 host LOCAL\n";
        assert_eq!(
            ipv4_addresses(table),
            ["127.0.0.1", "192.0.2.7"].map(|it| it.parse::<IpAddr>().unwrap())
        );
        let table = "00000000000000000000000000000001 01 80 10 80       lo\n\
                     fe80000000000000025056fffec00001 02 40 20 80     eth0\n\
                     20010db8000000000000000000000007 02 40 00 80     eth0\nx\n";
        assert_eq!(
            ipv6_addresses(table),
            ["::1", "2001:db8::7"].map(|it| it.parse::<IpAddr>().unwrap())
        );
    }

    #[test]
    fn each_name_comes_once_and_can_be_in_a_certificate() {
        let addresses = ["127.0.0.1", "192.0.2.7"].map(|it| it.parse().unwrap()).to_vec();
        let expected =
            ["box.example.org", "box", "box.local", "localhost", "192.0.2.7", "127.0.0.1", "::1"];
        assert_eq!(names("box.example.org", addresses), expected);
        assert_eq!(names("localhost", Vec::new())[..2], ["localhost", "localhost.local"]);
        assert_eq!(names("my_box", Vec::new()), ["localhost", "127.0.0.1", "::1"]);
        assert!(host_names().iter().any(|name| name == "127.0.0.1"));
    }
}
