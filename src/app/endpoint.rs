//! The file that tells commands on this host where the running server is.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::{fs, io};

use anyhow::{Context, Result};
use rustix::net::sockopt::ipv6_v6only;
use tokio::net::TcpListener;

use crate::util::files;

/// The file's name inside the data directory. It holds one URL.
pub const ENDPOINT_FILE: &str = "endpoint";

/// The URL of the server that uses this data directory, if one runs (or was killed).
pub fn read_endpoint(data_dir: &Path) -> Option<String> {
    let text = fs::read_to_string(data_dir.join(ENDPOINT_FILE)).ok()?;
    Some(text.trim().to_owned()).filter(|url| !url.is_empty())
}

/// Where commands on this host reach a listener.
pub(super) fn of(listener: &TcpListener) -> io::Result<SocketAddr> {
    let address = listener.local_addr()?;
    let takes_ipv4 = address.is_ipv4() || !ipv6_v6only(listener)?;
    Ok(reachable(address, takes_ipv4))
}

/// Tells commands on this host where the server is; called once requests are answered.
pub(super) fn write(data_dir: &Path, reachable: SocketAddr, base_path: &str) -> Result<()> {
    let path = data_dir.join(ENDPOINT_FILE);
    let url = format!("http://{reachable}{base_path}\n");
    files::write_durably(&path, url.as_bytes(), 0o666)
        .with_context(|| format!("cannot write {}", path.display()))
}

pub(super) fn remove(data_dir: &Path) {
    // A leftover does no harm: the store's lock tells whether a server runs.
    fs::remove_file(data_dir.join(ENDPOINT_FILE)).ok();
}

/// An address that this host can connect to, also when the server listens on all. A host without
/// IPv6 can listen on `::` too, but has no `::1`: a socket that takes IPv4 is reached by that.
fn reachable(address: SocketAddr, takes_ipv4: bool) -> SocketAddr {
    let ip = match address.ip() {
        ip if ip.is_unspecified() && takes_ipv4 => IpAddr::V4(Ipv4Addr::LOCALHOST),
        ip if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_go_where_the_server_can_be_reached() {
        let check = |address: &str, takes_ipv4: bool, expected: &str| {
            let reached = reachable(address.parse().unwrap(), takes_ipv4);
            assert_eq!(reached.to_string(), expected, "{address}");
        };
        check("0.0.0.0:5001", true, "127.0.0.1:5001");
        check("[::]:5001", true, "127.0.0.1:5001");
        check("[::]:5001", false, "[::1]:5001");
        check("[::1]:5001", false, "[::1]:5001");
        check("192.0.2.7:5001", true, "192.0.2.7:5001");
        check("[2001:db8::7]:5001", true, "[2001:db8::7]:5001");
    }
}
