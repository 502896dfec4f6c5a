//! The socket that the service listens on: one that systemd kept during a restart, or a new one.
//!
//! systemd keeps the socket of the running service (`FileDescriptorStoreMax=`, sd_notify(3)): clients that
//! connect during a restart wait in its queue instead of being refused. It closes the socket once the service
//! has stopped or failed for good, so that no client waits for a service that does not come back.

use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener as PassedListener};
use std::os::fd::AsFd as _;

use anyhow::{Context, Result, anyhow};
use listenfd::ListenFd;
use rustix::io::Errno;
use rustix::net::sockopt::socket_acceptconn;
use rustix::net::{Shutdown, shutdown};
use tokio::net::{TcpListener, TcpSocket};

use super::endpoint::reachable_address;
use super::systemd;
use crate::config::Config;

/// Clients that wait during a restart: as many as the service serves at once. The kernel may allow fewer
/// (`net.core.somaxconn`, which is 4,096 unless it is changed).
const QUEUE_MAX: u32 = 4096;

/// The sockets that systemd passed to the process (sd_listen_fds(3)).
#[derive(Default)]
pub struct PassedSockets(Option<ListenFd>);

/// The names of the sockets among what systemd keeps for the service.
const SERVER_SOCKET: &str = "http";
const REDIRECT_SOCKET: &str = "redirect";

/// Those of them that listen for TCP.
struct PassedListeners(Vec<PassedListener>);

impl PassedSockets {
    /// Takes them, so that no child of the process has them. Called before there are threads, because it
    /// changes the environment.
    pub fn take() -> Self {
        Self(Some(ListenFd::from_env()))
    }

    fn listeners(self) -> PassedListeners {
        let Some(mut passed) = self.0 else { return PassedListeners(Vec::new()) };
        let found = (0..passed.len()).filter_map(|index| passed.take_tcp_listener(index).ok()?);
        let is_listening = |listener: &PassedListener| {
            socket_acceptconn(listener).is_ok_and(|is_listening| is_listening)
        };
        PassedListeners(found.filter(is_listening).collect())
    }
}

impl PassedListeners {
    /// Takes the one that listens on the address, where port 0 is any port.
    fn take(&mut self, host: IpAddr, port: u16) -> Option<PassedListener> {
        let is_wanted =
            |address: SocketAddr| address.ip() == host && (port == 0 || address.port() == port);
        let place =
            self.0.iter().position(|listener| listener.local_addr().is_ok_and(is_wanted))?;
        let found = self.0.swap_remove(place);
        found.set_nonblocking(true).is_ok().then_some(found)
    }
}

impl Drop for PassedListeners {
    /// Closes the others: the configuration has changed since they were made.
    fn drop(&mut self) {
        for listener in &self.0 {
            // systemd's copy of it would keep the port in use for 0.0.0.0 after 127.0.0.1.
            shutdown(listener, Shutdown::Both).ok();
        }
    }
}

/// A socket that clients can connect to.
pub(super) struct BoundListener {
    pub(super) listener: TcpListener,
    /// The address that it listens on.
    pub(super) address: SocketAddr,
    /// The address by which this host reaches it.
    pub(super) reachable: SocketAddr,
}

/// The sockets of the service.
pub(super) struct BoundListeners {
    pub(super) server: BoundListener,
    /// The one that redirects plain HTTP to HTTPS.
    pub(super) redirect: Option<BoundListener>,
}

/// Listens on the configured addresses, by the sockets that systemd kept if there are some; otherwise systemd gets
/// the new ones to keep.
///
/// # Errors
/// An address cannot be bound; the message has a remedy.
pub(super) fn listen(config: &Config, passed: PassedSockets) -> Result<BoundListeners> {
    let mut passed = passed.listeners();
    let (host, port) = (config.host, config.port);
    // The one with a known port first: any port is any of the others.
    let (server, redirect) = match config.http_redirect_port {
        Some(0) => {
            let server = passed.take(host, port);
            (server, passed.take(host, 0))
        }
        Some(redirect_port) => {
            let redirect = passed.take(host, redirect_port);
            (passed.take(host, port), redirect)
        }
        None => (passed.take(host, port), None),
    };
    drop(passed);
    let server = open(server, (host, port), SERVER_SOCKET)?;
    let redirect = match config.http_redirect_port {
        Some(port) => Some(open(redirect, (host, port), REDIRECT_SOCKET)?),
        None => None,
    };
    Ok(BoundListeners { server, redirect })
}

fn open(
    kept: Option<PassedListener>,
    (host, port): (IpAddr, u16),
    name: &str,
) -> Result<BoundListener> {
    let listener = match kept {
        Some(kept) => TcpListener::from_std(kept).context("cannot use the socket of systemd")?,
        None => {
            let listener = bind(host, port)?;
            systemd::keep_socket(listener.as_fd(), name);
            listener
        }
    };
    let what = "cannot read the address of the listener";
    let address = listener.local_addr().context(what)?;
    let reachable = reachable_address(&listener).context(what)?;
    Ok(BoundListener { listener, address, reachable })
}

fn bind(host: IpAddr, port: u16) -> Result<TcpListener> {
    bound(SocketAddr::new(host, port)).map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => anyhow!(
            "{host}:{port} is in use by another program; stop it, or choose another port with \
             --port"
        ),
        io::ErrorKind::AddrNotAvailable => {
            anyhow!("{host} is not an address of this host; choose one with --host")
        }
        io::ErrorKind::PermissionDenied => {
            anyhow!(
                "no permission to listen on port {port}; DEPLOYMENT.md, *Ports 80 and 443*, says how the service \
                 gets it, or choose a port above 1023"
            )
        }
        _ if error.raw_os_error() == Some(Errno::AFNOSUPPORT.raw_os_error()) => anyhow!(
            "this host has no IPv{}; choose another address with --host",
            if host.is_ipv6() { 6 } else { 4 }
        ),
        _ => anyhow!("cannot listen on {host}:{port}: {error}"),
    })
}

fn bound(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv6() { TcpSocket::new_v6() } else { TcpSocket::new_v4() }?;
    // Connections that ended a moment ago do not keep the port.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(QUEUE_MAX)
}
