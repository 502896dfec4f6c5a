//! The socket that the service listens on: one that systemd passed, or its own.
//!
//! A socket that systemd holds outlives the process: clients that connect during a restart wait in its queue
//! instead of being refused (systemd.socket(5)).

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener as PassedListener};

use anyhow::{Context, Result, anyhow, bail};
use listenfd::ListenFd;
use rustix::io::Errno;
use rustix::net::sockopt::socket_acceptconn;
use tokio::net::TcpListener;
use tracing::warn;

use super::endpoint::reachable_address;
use crate::config::Config;

/// The sockets that systemd passed to the process (sd_listen_fds(3)).
#[derive(Default)]
pub struct PassedSockets(Option<ListenFd>);

impl PassedSockets {
    /// Takes them, so that no child of the process has them. Called before there are threads, because it
    /// changes the environment.
    pub fn take() -> Self {
        Self(Some(ListenFd::from_env()))
    }

    /// Returns the only one, if there is one.
    fn listener(self) -> Result<Option<PassedListener>> {
        let Some(mut passed) = self.0 else { return Ok(None) };
        if passed.len() > 1 {
            bail!(
                "systemd passed {} sockets, and the service listens on one: keep one ListenStream= in unoc.socket",
                passed.len()
            );
        }
        let unusable = "systemd passed a socket that cannot be used: unoc.socket needs ListenStream= with an \
                        address and a port, and no Accept=";
        let Some(listener) = passed.take_tcp_listener(0).context(unusable)? else {
            return Ok(None);
        };
        if !socket_acceptconn(&listener).context(unusable)? {
            bail!(unusable);
        }
        listener.set_nonblocking(true).context(unusable)?;
        Ok(Some(listener))
    }
}

/// A socket that clients can connect to.
pub(super) struct BoundListener {
    pub(super) listener: TcpListener,
    /// The address that it listens on.
    pub(super) address: SocketAddr,
    /// The address by which this host reaches it.
    pub(super) reachable: SocketAddr,
    /// How the address of a passed socket differs from the configured one, and what to do.
    pub(super) mismatch: Option<String>,
}

/// Listens on the passed socket, else on the configured address. Logs if the passed socket has another
/// address: it is used, because its clients would wait forever otherwise.
///
/// # Errors
/// The passed socket cannot be used, or the address cannot be bound; the message has a remedy.
pub(super) async fn listen(config: &Config, passed: PassedSockets) -> Result<BoundListener> {
    let passed = passed.listener()?;
    let is_passed = passed.is_some();
    let listener = match passed {
        Some(listener) => TcpListener::from_std(listener).context("cannot use systemd's socket")?,
        None => bind(config.host, config.port).await?,
    };
    let what = "cannot read the address of the listener";
    let address = listener.local_addr().context(what)?;
    let reachable = reachable_address(&listener).context(what)?;
    let mismatch = is_passed.then(|| mismatch(config.host, config.port, address)).flatten();
    if let Some(mismatch) = &mismatch {
        warn!("{mismatch}");
    }
    Ok(BoundListener { listener, address, reachable, mismatch })
}

async fn bind(host: IpAddr, port: u16) -> Result<TcpListener> {
    TcpListener::bind((host, port)).await.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => anyhow!(
            "{host}:{port} is in use by another program; stop it, or choose another port with \
             --port"
        ),
        io::ErrorKind::AddrNotAvailable => {
            anyhow!("{host} is not an address of this host; choose one with --host")
        }
        io::ErrorKind::PermissionDenied => {
            anyhow!("no permission to listen on port {port}; choose one above 1023 with --port")
        }
        _ if error.raw_os_error() == Some(Errno::AFNOSUPPORT.raw_os_error()) => anyhow!(
            "this host has no IPv{}; choose another address with --host",
            if host.is_ipv6() { 6 } else { 4 }
        ),
        _ => anyhow!("cannot listen on {host}:{port}: {error}"),
    })
}

/// Port 0 is any port.
fn mismatch(host: IpAddr, port: u16, address: SocketAddr) -> Option<String> {
    if address.ip() == host && (port == 0 || address.port() == port) {
        return None;
    }
    let configured = SocketAddr::new(host, port);
    Some(format!(
        "unoc.socket listens on {address}, but host and port say {configured}; change the settings, or \
         ListenStream= by: systemctl edit unoc.socket"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passed_socket_of_another_address_is_named() {
        let check = |host: &str, port, address: &str, differs| {
            let found = mismatch(host.parse().unwrap(), port, address.parse().unwrap());
            assert_eq!(found.is_some(), differs, "{host} {port} {address}: {found:?}");
        };
        check("127.0.0.1", 5001, "127.0.0.1:5001", false);
        check("127.0.0.1", 0, "127.0.0.1:5001", false);
        check("127.0.0.1", 8080, "127.0.0.1:5001", true);
        check("0.0.0.0", 5001, "127.0.0.1:5001", true);
        check("::1", 0, "127.0.0.1:5001", true);
    }
}
