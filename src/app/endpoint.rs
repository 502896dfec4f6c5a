//! The file that says where commands on this host reach the running server.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

use anyhow::{Context, Result};
use rustix::net::sockopt::ipv6_v6only;
use tokio::net::TcpListener;

use crate::tls::Fingerprint;
use crate::util::files;

/// The file's name inside the data directory. Its first line is a URL. The others begin with a prefix: the path of
/// the Unix socket, and the certificate that the server shows, if there is one.
pub const ENDPOINT_FILE: &str = "endpoint";
/// For the group of the service, which may enter the data directory.
const ENDPOINT_MODE: u32 = 0o644;

const SOCKET_PREFIX: &str = "unix:";
const CERTIFICATE_PREFIX: &str = "sha256:";

/// Where the running server is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerEndpoint {
    /// With the base path, without a slash at its end.
    pub url: String,
    pub socket: Option<PathBuf>,
    /// What it shows if it speaks TLS.
    pub certificate: Option<Fingerprint>,
}

impl ServerEndpoint {
    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines().map(str::trim);
        let url = lines.next().filter(|url| !url.is_empty())?.to_owned();
        let rest: Vec<&str> = lines.collect();
        let of = |prefix| rest.iter().find_map(|line| line.strip_prefix(prefix));
        let certificate = of(CERTIFICATE_PREFIX).and_then(Fingerprint::parse);
        Some(Self { url, socket: of(SOCKET_PREFIX).map(PathBuf::from), certificate })
    }

    fn text(&self) -> String {
        let Self { url, socket, certificate } = self;
        let mut text = format!("{url}\n");
        if let Some(socket) = socket {
            text.push_str(&format!("{SOCKET_PREFIX}{}\n", socket.display()));
        }
        if let Some(certificate) = certificate {
            text.push_str(&format!("{CERTIFICATE_PREFIX}{certificate}\n"));
        }
        text
    }
}

/// Returns where the server that uses this data directory is reached, or was before it was killed.
pub fn read_endpoint(data_dir: &Path) -> Option<ServerEndpoint> {
    ServerEndpoint::parse(&fs::read_to_string(data_dir.join(ENDPOINT_FILE)).ok()?)
}

/// Returns the address at which this host reaches a listener.
pub(super) fn reachable_address(listener: &TcpListener) -> io::Result<SocketAddr> {
    let address = listener.local_addr()?;
    let takes_ipv4 = address.is_ipv4() || !ipv6_v6only(listener)?;
    Ok(reachable(address, takes_ipv4))
}

/// Writes where the server is for commands on this host; called when requests are answered.
pub(super) fn write(data_dir: &Path, endpoint: &ServerEndpoint) -> Result<()> {
    let path = data_dir.join(ENDPOINT_FILE);
    let text = endpoint.text();
    // The mode of the directory says who may read it, not the umask, which keeps the other files private.
    files::write_durably(&path, text.as_bytes(), ENDPOINT_MODE)
        .and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(ENDPOINT_MODE)))
        .with_context(|| format!("cannot write {}", path.display()))
}

pub(super) fn remove(data_dir: &Path) {
    // A leftover is harmless: the store's lock shows whether a server is running.
    fs::remove_file(data_dir.join(ENDPOINT_FILE)).ok();
}

/// Returns an address that this host can connect to, also if the server listens on all addresses. A
/// host without IPv6 can listen on `::`, but has no `::1`: a socket that takes IPv4 is reached by
/// IPv4.
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
    fn an_endpoint_is_a_url_and_perhaps_a_socket_and_a_certificate() {
        let check = |text: &str, url: &str, socket: Option<&str>, certificate: Option<&str>| {
            let endpoint = ServerEndpoint::parse(text).unwrap();
            let shown = endpoint.certificate.map(|it| it.to_string());
            assert_eq!((endpoint.url.as_str(), shown.as_deref()), (url, certificate));
            assert_eq!(endpoint.socket.as_deref(), socket.map(Path::new));
            assert_eq!(endpoint.text(), text);
        };
        let socket = Some("/run/unoc/unoc.sock");
        let url = "http://127.0.0.1:5001/noc";
        check(&format!("{url}\nunix:/run/unoc/unoc.sock\n"), url, socket, None);
        // Of an older version.
        check("http://[::1]:5001\n", "http://[::1]:5001", None, None);
        let sha256 = "0f".repeat(32);
        let text = format!("https://[::1]:1\nunix:/run/unoc/unoc.sock\nsha256:{sha256}\n");
        check(&text, "https://[::1]:1", socket, Some(&sha256));
        let unknown = ServerEndpoint::parse("https://a\nlater:x\nsha256:0\n").unwrap();
        assert_eq!((unknown.socket, unknown.certificate), (None, None));
        assert_eq!(ServerEndpoint::parse("\n"), None);
    }

    #[test]
    fn an_address_of_all_becomes_one_of_this_host() {
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
