//! Hosts that no proxy is asked for.

use std::net::IpAddr;

/// Host names of this host (RFC 6761, section 6.3) and of its cloud's metadata service.
const NEAR_NAMES: [&str; 2] = ["localhost", "metadata.google.internal"];

/// Returns whether a host of a URL is this host itself or on its own link.
pub fn is_near_host(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.');
    match host.parse::<IpAddr>().map(|address| address.to_canonical()) {
        Ok(IpAddr::V4(ip)) => ip.is_loopback() || ip.is_unspecified() || ip.is_link_local(),
        Ok(IpAddr::V6(ip)) => ip.is_loopback() || ip.is_unspecified() || ip.is_unicast_link_local(),
        Err(_) => {
            let host = host.to_ascii_lowercase();
            NEAR_NAMES.contains(&host.as_str()) || host.ends_with(".localhost")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_host_and_its_link_bypass_the_proxy() {
        let check = |host: &str, wanted: bool| assert_eq!(is_near_host(host), wanted, "{host}");
        for host in [
            "localhost",
            "LOCALHOST.",
            "minio.localhost",
            "127.0.0.1",
            "127.9.9.9",
            "0.0.0.0",
            "[::1]",
            "[::]",
            "[::ffff:127.0.0.1]",
            "169.254.169.254",
            "169.254.170.2",
            "[fe80::1]",
            "metadata.google.internal",
        ] {
            check(host, true);
        }
        for host in [
            "localhost.example.com",
            "mylocalhost",
            "s3.eu-central-1.amazonaws.com",
            "10.0.0.1",
            "192.168.1.1",
            "128.0.0.1",
            "[fd00::1]",
            "",
        ] {
            check(host, false);
        }
    }
}
