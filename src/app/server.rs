//! The HTTP server: accepts connections, limits their number and slow clients, and finishes open
//! requests at shutdown.

use std::convert::Infallible;
use std::error::Error;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use http::{HeaderValue, Request, Response};
use http_body::Body;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tower::Service;
use tracing::{debug, warn};

use super::connection::serve_connection;
use super::connections::{AddressLimit, ConnectionLimit};
use super::exchange::{ConnectionOptions, FIRST_REQUEST_WAIT, HEAD_WAIT};
use super::permit_stream::PermitStream;
use super::request_body::RequestBody;
use super::shutdown::stop_requested;
use crate::api::Peer;
use crate::tls::{HandshakeOutcome, NegotiatedProtocol, TlsServer};

/// The same as [`HEAD_WAIT`] while most connections are taken: whoever has something to send does so at once.
const CROWDED_HEAD_WAIT: Duration = Duration::from_secs(5);
/// How long a client may leave sent data unacknowledged. Without this limit, the ping timeout of
/// Socket.IO does not end a client with a full receive window, and the messages for it stay in
/// memory for ever.
const SEND_WAIT_MS: u32 = 30_000;
/// Pause after a failed accept, usually for lack of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Failed accepts are logged at most this often.
const LOG_EVERY: Duration = Duration::from_secs(60);

/// A bound listener and the service behind it.
pub(super) struct HttpServer<S> {
    pub(super) listener: TcpListener,
    /// Routes, pages and Socket.IO.
    pub(super) service: S,
    /// Connections served at once; further ones wait in the kernel's queue.
    pub(super) connections: ConnectionLimit,
    /// And from one address; further ones are closed.
    pub(super) addresses: AddressLimit,
    /// `None` for plain HTTP.
    pub(super) encryption: Option<Encryption>,
    pub(super) drain_wait: Duration,
}

/// How connections are encrypted.
#[derive(Clone)]
pub(super) struct Encryption {
    pub(super) tls: TlsServer,
    /// `Strict-Transport-Security` of each answer.
    pub(super) hsts: HeaderValue,
}

impl<S, B> HttpServer<S>
where
    S: Service<Request<RequestBody>, Response = Response<B>, Error = Infallible>,
    S: Clone + Send + 'static,
    S::Future: Send,
    B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + Unpin + 'static,
{
    /// Serves until `stopping` becomes true, then gives open requests `drain_wait` to finish.
    pub(super) async fn serve(self, mut stopping: watch::Receiver<bool>) {
        let Self { listener, service, connections: limit, addresses, encryption, drain_wait } =
            self;
        let mut connections = JoinSet::new();
        let (mut failures, mut refusals) = (AcceptFailures::default(), AddressRefusals::default());
        loop {
            let accepted = tokio::select! {
                accepted = accept(&listener, &limit) => accepted,
                _ = stopping.wait_for(|stop| *stop) => break,
            };
            match accepted {
                Ok((stream, peer, permit)) => {
                    let ip = peer.ip().to_canonical();
                    let Some(address) = addresses.enter(ip) else {
                        refusals.log(ip);
                        continue;
                    };
                    let mut open = limit.count(permit);
                    open.set_address(address);
                    let head_wait = if limit.is_crowded() { CROWDED_HEAD_WAIT } else { HEAD_WAIT };
                    let client = Client { stream: PermitStream::new(stream, open), ip, head_wait };
                    let (service, encryption) = (service.clone(), encryption.clone());
                    connections.spawn(client.serve(encryption, service, stopping.clone()));
                }
                Err(error) => failures.log(&error).await,
            }
            while connections.try_join_next().is_some() {}
        }
        // Clients that connect from now on are refused, or wait in the queue of a socket that systemd holds.
        drop(listener);
        let drained = tokio::time::timeout(drain_wait, async {
            while connections.join_next().await.is_some() {}
        });
        if drained.await.is_err() {
            warn!(open = connections.len(), "Some connections did not finish in time");
        }
    }
}

/// A client that has just connected.
struct Client {
    stream: PermitStream<TcpStream>,
    ip: IpAddr,
    head_wait: Duration,
}

impl Client {
    /// Serves it to its end, after the handshake if connections are encrypted.
    async fn serve<S, B>(
        self,
        encryption: Option<Encryption>,
        service: S,
        stopping: watch::Receiver<bool>,
    ) where
        S: Service<Request<RequestBody>, Response = Response<B>, Error = Infallible>,
        S: Clone + Send + 'static,
        S::Future: Send,
        B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + Unpin + 'static,
    {
        let Self { stream, ip, head_wait } = self;
        let peer = Peer::Address { ip, has_tls: encryption.is_some() };
        let protocol = NegotiatedProtocol::Http1;
        let plain = ConnectionOptions { peer, protocol, head_wait, hsts: None };
        let Some(Encryption { tls, hsts }) = encryption else {
            return serve_connection(stream, plain, service, stop_requested(stopping)).await;
        };
        let stopped = async {
            stop_requested(stopping.clone()).await;
            tokio::time::sleep(FIRST_REQUEST_WAIT).await;
        };
        let outcome = tokio::select! {
            outcome = tls.accept(stream) => outcome,
            () = stopped => return,
        };
        match outcome {
            Ok(HandshakeOutcome::Client(stream, protocol)) => {
                let options = ConnectionOptions { protocol, hsts: Some(hsts), ..plain };
                serve_connection(stream, options, service, stop_requested(stopping)).await;
            }
            Ok(HandshakeOutcome::Challenge) => {}
            Err(error) => debug!(peer = %ip, %error, "A TLS handshake failed"),
        }
    }
}

/// Connections closed because their address has too many, logged at most once a minute with their number.
#[derive(Default)]
struct AddressRefusals {
    last_logged: Option<Instant>,
    since_logged: u64,
}

impl AddressRefusals {
    fn log(&mut self, address: IpAddr) {
        self.since_logged += 1;
        if self.last_logged.is_some_and(|last| last.elapsed() < LOG_EVERY) {
            return;
        }
        warn!(
            %address,
            refused = self.since_logged,
            "{address} has as many connections as one address may have, and further ones are closed. If many \
             clients share it, raise max_connections_per_address; if it is a reverse proxy, add it to trusted_proxies"
        );
        (self.last_logged, self.since_logged) = (Some(Instant::now()), 0);
    }
}

/// Failed accepts, logged at most once a minute with their number.
#[derive(Default)]
pub(super) struct AcceptFailures {
    last_logged: Option<Instant>,
    since_logged: u64,
}

impl AcceptFailures {
    pub(super) async fn log(&mut self, error: &io::Error) {
        // accept(2): the client closed the connection while it waited.
        if error.kind() == io::ErrorKind::ConnectionAborted {
            return;
        }
        self.since_logged += 1;
        if self.last_logged.is_none_or(|last| last.elapsed() >= LOG_EVERY) {
            warn!(
                %error,
                failures = self.since_logged,
                "Connections cannot be accepted; clients wait. If too many files are open, raise \
                 LimitNOFILE or lower max_connections"
            );
            (self.last_logged, self.since_logged) = (Some(Instant::now()), 0);
        }
        tokio::time::sleep(ACCEPT_PAUSE).await;
    }
}

/// Waits for a permit, then for the next client.
async fn accept(
    listener: &TcpListener,
    limit: &ConnectionLimit,
) -> io::Result<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let permit = limit.permit().await?;
    let (stream, peer) = listener.accept().await?;
    // Responses are written whole: Nagle's algorithm would only delay the last part.
    stream.set_nodelay(true).ok();
    rustix::net::sockopt::set_tcp_user_timeout(&stream, SEND_WAIT_MS).ok();
    Ok((stream, peer, permit))
}
