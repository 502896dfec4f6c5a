//! The HTTP server: accepting, limits against slow and many clients, draining.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, anyhow};
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal as listen};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tower::ServiceExt;
use tracing::{debug, warn};

use super::until;
use crate::api::Peer;

/// How long a client may take to send a request's head, and how long a connection may idle
/// between two requests.
const HEAD_WAIT: Duration = Duration::from_secs(30);
/// A request's head, in bytes and in fields: ten times what browsers send behind proxies.
const HEAD_BYTES_MAX: usize = 64 * 1024;
const HEADERS_MAX: usize = 128;
/// After a failed accept (usually: no file descriptors), wait instead of spinning.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// A bound listener and what it serves.
pub(super) struct Server {
    pub(super) listener: TcpListener,
    pub(super) router: Router,
    /// Connections served at once; further ones wait in the kernel's queue.
    pub(super) max_connections: usize,
    pub(super) drain_wait: Duration,
}

/// Binds the address, or says what to do when it is taken.
pub(super) async fn bind(host: IpAddr, port: u16) -> Result<TcpListener> {
    TcpListener::bind((host, port)).await.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => anyhow!(
            "{host}:{port} is in use by another program; stop it, or choose another port with \
             --port"
        ),
        io::ErrorKind::AddrNotAvailable => {
            anyhow!("{host} is no address of this host; choose one with --host")
        }
        io::ErrorKind::PermissionDenied => {
            anyhow!("no permission to listen on port {port}; choose one above 1023 with --port")
        }
        _ => anyhow!("cannot listen on {host}:{port}: {error}"),
    })
}

impl Server {
    /// Serves until told to stop, then lets open requests finish for a while.
    pub(super) async fn serve(self, mut stopping: watch::Receiver<bool>) {
        let Self { listener, router, max_connections, drain_wait } = self;
        let places = Arc::new(Semaphore::new(max_connections));
        let mut connections = JoinSet::new();
        loop {
            let accepted = tokio::select! {
                accepted = accept(&listener, &places) => accepted,
                _ = stopping.wait_for(|stop| *stop) => break,
            };
            match accepted {
                Ok((stream, peer, place)) => {
                    let served =
                        connection(stream, peer.ip(), router.clone(), until(stopping.clone()));
                    connections.spawn(async move {
                        served.await;
                        drop(place);
                    });
                }
                Err(error) => {
                    warn!(%error, "A connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
            while connections.try_join_next().is_some() {}
        }
        drop(listener);
        let drained = tokio::time::timeout(drain_wait, async {
            while connections.join_next().await.is_some() {}
        });
        if drained.await.is_err() {
            warn!(open = connections.len(), "Some connections did not finish in time");
        }
    }
}

/// The next client, once there is a place for it.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let place = Arc::clone(places).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    Ok((stream, peer, place))
}

async fn connection(
    stream: TcpStream,
    peer: IpAddr,
    router: Router,
    stopping: impl Future<Output = ()>,
) {
    // Answers are written whole; waiting for more would only delay the last part.
    stream.set_nodelay(true).ok();
    let service = hyper::service::service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Peer(peer));
        router.clone().oneshot(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WAIT)
        .max_headers(HEADERS_MAX)
        .max_buf_size(HEAD_BYTES_MAX)
        .half_close(true)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    tokio::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopping => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        debug!(%peer, %error, "A connection ended early");
    }
}

/// Waits for the signal that ends the process and names it.
pub(super) async fn signal() -> &'static str {
    let mut terminate = match listen(SignalKind::terminate()) {
        Ok(terminate) => terminate,
        Err(error) => {
            warn!(%error, "SIGTERM cannot be received");
            return std::future::pending().await;
        }
    };
    tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = tokio::signal::ctrl_c() => "SIGINT",
    }
}
