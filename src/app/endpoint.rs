//! The file that tells commands on this host where the running server is.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

use anyhow::{Context, Result};

/// The file's name inside the data directory. It holds one URL.
pub const ENDPOINT_FILE: &str = "endpoint";

/// The URL of the server that uses this data directory, if one runs (or was killed).
pub fn read_endpoint(data_dir: &Path) -> Option<String> {
    let text = fs::read_to_string(data_dir.join(ENDPOINT_FILE)).ok()?;
    Some(text.trim().to_owned()).filter(|url| !url.is_empty())
}

/// Appears whole, and only once requests are answered.
pub(super) fn write(data_dir: &Path, address: SocketAddr, base_path: &str) -> Result<()> {
    let path = data_dir.join(ENDPOINT_FILE);
    let temporary = data_dir.join(format!("{ENDPOINT_FILE}.new"));
    fs::write(&temporary, format!("http://{}{base_path}\n", reachable(address)))
        .and_then(|()| fs::rename(&temporary, &path))
        .with_context(|| format!("cannot write {}", path.display()))
}

pub(super) fn remove(data_dir: &Path) {
    // A leftover does no harm: the store's lock tells whether a server runs.
    fs::remove_file(data_dir.join(ENDPOINT_FILE)).ok();
}

/// An address that this host can connect to, also when the server listens on all.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}
