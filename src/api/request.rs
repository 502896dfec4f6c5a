//! The handling around each request: its id, panics, and the log line.

use std::any::Any;
use std::fmt;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use futures_util::FutureExt;
use tracing::{debug, info, warn};
use uuid::Uuid;

use super::error::{Intended, LoggedCause, answer};
use super::metrics::http::HttpMetrics;

/// The other end of a request's connection, put into each request by the server.
#[derive(Clone, Debug)]
pub enum Peer {
    /// A client over TCP; an IPv4 address is never written as IPv6.
    Address { ip: IpAddr, has_tls: bool },
    /// A process of this host over the Unix socket, with the name of its user.
    Process { uid: u32, user: Arc<str> },
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address { ip, .. } => ip.fmt(f),
            Self::Process { user, .. } => write!(f, "host user {user}"),
        }
    }
}

/// The request's id: the client's own, or a new one.
#[derive(Clone, Debug)]
pub(super) struct RequestId(HeaderValue);

pub(super) const HEADER: HeaderName = HeaderName::from_static("x-request-id");
/// Longest id; ids are stored with each change, and a longer one is replaced.
const ID_BYTES_MAX: usize = 128;

impl RequestId {
    fn of(request: &Request) -> Self {
        let given = request.headers().get(&HEADER).filter(|value| {
            (1..=ID_BYTES_MAX).contains(&value.len())
                && value.as_bytes().iter().all(u8::is_ascii_graphic)
        });
        Self(given.cloned().unwrap_or_else(|| {
            let mut buffer = Uuid::encode_buffer();
            let text = Uuid::now_v7().simple().encode_lower(&mut buffer);
            HeaderValue::from_str(text).expect("hexadecimal digits are a header value")
        }))
    }

    pub(super) fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or("")
    }
}

/// Gives the request an id, runs its handler and logs it: changes and errors at INFO (5xx at WARN, unless
/// an operator wants it), reads at DEBUG.
pub(super) async fn guard(
    State(metrics): State<Arc<HttpMetrics>>,
    mut request: Request,
    next: Next,
) -> Response {
    let id = RequestId::of(&request);
    request.extensions_mut().insert(id.clone());
    let line = RequestLog::of(&request, id);
    let response =
        AssertUnwindSafe(next.run(request)).catch_unwind().await.unwrap_or_else(panicked);
    let route = line.route.as_ref().map(MatchedPath::as_str);
    metrics.count(route, &line.method, response.status(), line.started.elapsed());
    line.end(response)
}

/// Gives an id to a request that was refused before any route, and logs it.
pub(super) fn refuse(request: &Request, response: Response) -> Response {
    RequestLog::of(request, RequestId::of(request)).end(response)
}

/// Answers a request whose handler panicked. The process continues, because handlers share no state
/// that a panic could leave inconsistent.
#[expect(clippy::needless_pass_by_value, reason = "unwinding hands the box over")]
fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
    let mut response = answer(
        StatusCode::INTERNAL_SERVER_ERROR,
        "Internal error; the log has the cause under this request's id",
    );
    response.extensions_mut().insert(LoggedCause(format!("panic: {text}")));
    response
}

struct RequestLog {
    id: RequestId,
    method: Method,
    route: Option<MatchedPath>,
    path: Option<PathAndQuery>,
    started: tokio::time::Instant,
}

impl RequestLog {
    fn of(request: &Request, id: RequestId) -> Self {
        Self {
            id,
            method: request.method().clone(),
            route: request.extensions().get::<MatchedPath>().cloned(),
            path: request.uri().path_and_query().cloned(),
            started: tokio::time::Instant::now(),
        }
    }

    /// Logs the line and returns the answer with the request's id.
    fn end(self, mut response: Response) -> Response {
        self.write(&response, self.started.elapsed());
        response.headers_mut().insert(HEADER, self.id.0);
        response
    }

    fn write(&self, response: &Response, took: Duration) {
        let is_read = matches!(self.method, Method::GET | Method::HEAD | Method::OPTIONS);
        let status = response.status();
        let method = &self.method;
        let id = self.id.as_str();
        let path = self.path.as_ref().map_or("", PathAndQuery::path);
        let route = self.route.as_ref().map_or(path, MatchedPath::as_str);
        // Rounded to microseconds.
        let duration_ms = (took.as_secs_f64() * 1e6).round() / 1e3;
        let code = status.as_u16();
        let cause = response.extensions().get::<LoggedCause>().map(|cause| cause.0.as_str());
        let is_intended = response.extensions().get::<Intended>().is_some();
        if status.is_server_error() && !is_intended {
            warn!(
                request.id = id,
                route,
                status = code,
                duration_ms,
                cause,
                "{method} {path} {code}"
            );
        } else if is_read && (status.is_success() || status == StatusCode::NOT_MODIFIED) {
            debug!(request.id = id, route, status = code, duration_ms, "{method} {path} {code}");
        } else {
            info!(
                request.id = id,
                route,
                status = code,
                duration_ms,
                cause,
                "{method} {path} {code}"
            );
        }
    }
}
