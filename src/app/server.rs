//! The HTTP server: accepts connections, limits their number and slow clients, and finishes open
//! requests at shutdown.

use std::convert::Infallible;
use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, OwnedSemaphorePermit, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tower::{Service, ServiceExt};
use tracing::{debug, warn};

use super::connections::ConnectionLimit;
use super::permit_stream::PermitStream;
use super::request_body::RequestBody;
use super::shutdown::stop_requested;
use crate::api::Peer;

/// How long a client may take to send a request's head, and how long a connection may idle
/// between two requests.
const HEAD_WAIT: Duration = Duration::from_secs(30);
/// How long a stop waits for the first request of a connection. Its client has just connected, and would take
/// a connection that ends without an answer for a fault.
const FIRST_REQUEST_WAIT: Duration = Duration::from_millis(500);
/// How long a client may leave sent data unacknowledged. Without this limit, the ping timeout of
/// Socket.IO does not end a client with a full receive window, and the messages for it stay in
/// memory for ever.
const SEND_WAIT_MS: u32 = 30_000;
/// Limits of a request's head, in bytes and in fields: ten times what browsers send behind proxies.
const HEAD_BYTES_MAX: usize = 64 * 1024;
const HEADERS_MAX: usize = 128;
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
    pub(super) drain_wait: Duration,
}

impl<S, B> HttpServer<S>
where
    S: Service<Request<RequestBody>, Response = Response<B>, Error = Infallible>,
    S: Clone + Send + 'static,
    S::Future: Send,
    B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
{
    /// Serves until `stopping` becomes true, then gives open requests `drain_wait` to finish.
    pub(super) async fn serve(self, mut stopping: watch::Receiver<bool>) {
        let Self { listener, service, connections: limit, drain_wait } = self;
        let mut connections = JoinSet::new();
        let mut failures = AcceptFailures::default();
        loop {
            let accepted = tokio::select! {
                accepted = accept(&listener, &limit) => accepted,
                _ = stopping.wait_for(|stop| *stop) => break,
            };
            match accepted {
                Ok((stream, peer, permit)) => {
                    let stream = PermitStream::new(stream, limit.count(permit));
                    let stopped = stop_requested(stopping.clone());
                    let peer = Peer::Address { ip: peer.ip().to_canonical(), has_tls: false };
                    connections.spawn(connection(stream, peer, service.clone(), stopped));
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

/// Serves one connection to its end.
pub(super) async fn connection<T, S, B>(
    stream: PermitStream<T>,
    peer: Peer,
    service: S,
    stopping: impl Future<Output = ()>,
) where
    T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    S: Service<Request<RequestBody>, Response = Response<B>, Error = Infallible> + Clone,
    B: Body<Error: Into<Box<dyn Error + Send + Sync>>> + 'static,
{
    let has_request = Arc::new(Notify::new());
    let requested = Arc::clone(&has_request);
    let of_requests = peer.clone();
    let service = hyper::service::service_fn(move |request| {
        requested.notify_one();
        let (service, peer) = (service.clone(), of_requests.clone());
        async move { answer(service, request, peer).await }
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
    let stopping = async {
        stopping.await;
        tokio::time::timeout(FIRST_REQUEST_WAIT, has_request.notified()).await.ok();
    };
    let ended = tokio::select! {
        // In this order: a request that has arrived when the time is over is answered.
        biased;
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

/// Lets the service answer, then makes the connection ready for the next request.
async fn answer<S, B>(
    service: S,
    request: Request<Incoming>,
    peer: Peer,
) -> Result<Response<B>, Infallible>
where
    S: Service<Request<RequestBody>, Response = Response<B>, Error = Infallible>,
{
    let (mut head, body) = request.into_parts();
    head.extensions.insert(peer);
    let (body, unread) = RequestBody::new(body, &head.headers);
    let mut response = service.oneshot(Request::from_parts(head, body)).await?;
    unread.finish(&mut response).await;
    Ok(response)
}
