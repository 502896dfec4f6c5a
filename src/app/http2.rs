//! HTTP/2 over a connection: how much one client may have going on at a time, and when it is idle or stuck.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::error::Error;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use hyper::server::conn::http2;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tower::Service;

use super::exchange::{ConnectionOptions, FIRST_REQUEST_WAIT, HEAD_BYTES_MAX, answer};
use super::request_body::RequestBody;

/// Requests at a time. A page loads some twenty files at once.
const STREAMS_MAX: u32 = 64;
/// Requests that a client takes back before they were looked at, before it is disconnected: a flood of those cost other
/// servers all their time (CVE-2023-44487).
const RESETS_MAX: usize = 20;
/// The same for requests that were refused for a fault of theirs (CVE-2025-8671).
const OWN_RESETS_MAX: usize = 64;
/// Bytes that a client may send before they are read: of one request, and in all.
const STREAM_WINDOW_BYTES: u32 = 256 * 1024;
const CONNECTION_WINDOW_BYTES: u32 = 1024 * 1024;
/// Bytes of an answer that wait for the client.
const SEND_BYTES_MAX: usize = 256 * 1024;
/// How often a client is asked for a sign of life, and how long it may take: it is disconnected when its host is gone.
const PING_INTERVAL: Duration = Duration::from_secs(30);
const PING_WAIT: Duration = Duration::from_secs(20);
/// How long a client may take nothing of an answer, as over HTTP/1.1 (`SEND_WAIT_MS` of the server).
const SEND_WAIT: Duration = Duration::from_secs(30);
/// How long a client has to leave once it is told to; it may have sent requests meanwhile, which are answered.
const LEAVE_WAIT: Duration = Duration::from_secs(10);
/// How often it is looked at whether a client is idle or stuck.
const LOOK_INTERVAL: Duration = Duration::from_secs(5);

/// Serves one connection to its end.
pub(super) async fn serve_http2<T, S, B>(
    stream: T,
    options: &ConnectionOptions,
    service: S,
    stopping: impl Future<Output = ()>,
) -> hyper::Result<()>
where
    T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    S: Service<Request<RequestBody>, Response = Response<B>, Error = Infallible>,
    S: Clone + Send + 'static,
    S::Future: Send,
    B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + Unpin + 'static,
{
    let activity = Activity::default();
    let (noted, of_requests) = (activity.clone(), options.clone());
    let service = hyper::service::service_fn(move |request| {
        let open = noted.begin();
        let (service, options) = (service.clone(), of_requests.clone());
        async move {
            let response = answer(service, request, options).await?;
            Ok::<_, Infallible>(response.map(|body| WatchedBody { body, open }))
        }
    });
    let connection = http2::Builder::new(StreamTasks::default())
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS_MAX)
        .max_pending_accept_reset_streams(RESETS_MAX)
        .max_local_error_reset_streams(OWN_RESETS_MAX)
        .max_header_list_size(HEAD_BYTES_MAX)
        .initial_stream_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        .max_send_buf_size(SEND_BYTES_MAX)
        .keep_alive_interval(PING_INTERVAL)
        .keep_alive_timeout(PING_WAIT)
        .serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let stopping = async {
        stopping.await;
        tokio::time::timeout(FIRST_REQUEST_WAIT, activity.first_request()).await.ok();
    };
    let is_stopping = tokio::select! {
        // In this order: a request that has arrived when the time is over is answered.
        biased;
        ended = connection.as_mut() => return ended,
        () = stopping => true,
        () = activity.idle(options.head_wait) => false,
        () = activity.stuck() => return Ok(()),
    };
    connection.as_mut().graceful_shutdown();
    if is_stopping {
        // Whoever stops the service has a deadline for all connections.
        return connection.await;
    }
    tokio::select! {
        ended = connection => ended,
        () = tokio::time::sleep(LEAVE_WAIT) => Ok(()),
    }
}

/// Runs the requests of one connection. They end with it, as those of HTTP/1.1 do.
#[derive(Clone, Default)]
struct StreamTasks(Arc<Mutex<JoinSet<()>>>);

impl<F> hyper::rt::Executor<F> for StreamTasks
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, future: F) {
        let mut tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(future);
    }
}

/// What goes on over one connection.
#[derive(Clone)]
struct Activity(Arc<Mutex<ActivityState>>);

struct ActivityState {
    /// Requests whose answer is not sent.
    open: usize,
    has_begun: bool,
    /// When a request began or ended last; at first, when the connection was made.
    changed_at: Instant,
    /// Since when the client takes nothing of an answer, by the number of its request.
    waiting_since: BTreeMap<u64, Instant>,
    next_number: u64,
}

impl Default for Activity {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(ActivityState {
            open: 0,
            has_begun: false,
            changed_at: Instant::now(),
            waiting_since: BTreeMap::new(),
            next_number: 0,
        })))
    }
}

impl Activity {
    /// Notes a request, until what is returned is dropped.
    fn begin(&self) -> OpenRequest {
        let mut state = self.lock();
        state.open += 1;
        state.has_begun = true;
        state.changed_at = Instant::now();
        state.next_number += 1;
        OpenRequest { activity: self.clone(), number: state.next_number }
    }

    /// Returns once there was a request.
    async fn first_request(&self) {
        while !self.lock().has_begun {
            tokio::time::sleep(FIRST_REQUEST_WAIT / 10).await;
        }
    }

    /// Returns once there was no request for this long.
    async fn idle(&self, wait: Duration) {
        self.once(|state, now| state.is_idle(now, wait)).await;
    }

    /// Returns once the client has taken nothing of an answer for too long.
    async fn stuck(&self) {
        self.once(ActivityState::is_stuck).await;
    }

    async fn once(&self, is_so: impl Fn(&ActivityState, Instant) -> bool) {
        while !is_so(&self.lock(), Instant::now()) {
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, ActivityState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ActivityState {
    fn is_idle(&self, now: Instant, wait: Duration) -> bool {
        self.open == 0 && now.saturating_duration_since(self.changed_at) >= wait
    }

    fn is_stuck(&self, now: Instant) -> bool {
        let mut waits = self.waiting_since.values();
        waits.any(|since| now.saturating_duration_since(*since) >= SEND_WAIT)
    }
}

/// A request whose answer is not sent.
struct OpenRequest {
    activity: Activity,
    number: u64,
}

impl OpenRequest {
    /// The client has a part of the answer to take.
    fn wait_for_client(&self) {
        self.activity.lock().waiting_since.insert(self.number, Instant::now());
    }

    /// It has taken it.
    fn go_on(&self) {
        self.activity.lock().waiting_since.remove(&self.number);
    }
}

impl Drop for OpenRequest {
    fn drop(&mut self) {
        let mut state = self.activity.lock();
        state.open -= 1;
        state.changed_at = Instant::now();
        state.waiting_since.remove(&self.number);
    }
}

/// The body of an answer, and how long the client lets it wait: the next part is asked for once the last one is taken.
struct WatchedBody<B> {
    body: B,
    open: OpenRequest,
}

impl<B: Body + Unpin> Body for WatchedBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.get_mut();
        this.open.go_on();
        let polled = Pin::new(&mut this.body).poll_frame(context);
        if matches!(polled, Poll::Ready(Some(Ok(_)))) {
            this.open.wait_for_client();
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_idle_without_requests_and_stuck_with_an_answer_nobody_takes() {
        let activity = Activity::default();
        let wait = Duration::from_secs(30);
        let check = |after_s: u64, is_idle: bool, is_stuck: bool| {
            let now = Instant::now() + Duration::from_secs(after_s);
            let state = activity.lock();
            let found = (state.is_idle(now, wait), state.is_stuck(now));
            assert_eq!(found, (is_idle, is_stuck), "after {after_s} s");
        };
        check(29, false, false);
        check(31, true, false);
        let (open, other) = (activity.begin(), activity.begin());
        check(3600, false, false);
        open.wait_for_client();
        check(29, false, false);
        check(31, false, true);
        open.go_on();
        check(3600, false, false);
        other.wait_for_client();
        drop(other);
        check(3600, false, false);
        drop(open);
        check(31, true, false);
    }
}
