//! Access control for all requests, including Socket.IO: hosts, origins, CORS.

mod authority;
mod policy;
#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tower::{Layer, Service, ServiceExt};
use tower_http::cors::{AllowHeaders, AllowMethods, AllowOrigin, CorsLayer};

pub use policy::Access;

use self::policy::Admission;
use super::{conditional, request};

/// How long a browser may cache the answer to a preflight request; Chromium's own limit.
const PREFLIGHT_AGE: Duration = Duration::from_secs(2 * 60 * 60);

/// Wraps `service`, so that it answers only requests that `access` admits.
pub fn gate<S>(access: Access, service: S) -> Router
where
    S: Service<Request, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Response: IntoResponse,
    S::Future: Send + 'static,
{
    let state = (Arc::new(access), cors());
    let admitted = axum::middleware::from_fn_with_state(state, admit);
    Router::new().fallback_service(service).layer(admitted)
}

type Gate = (Arc<Access>, CorsLayer);

async fn admit(State((access, cors)): State<Gate>, request: Request, next: Next) -> Response {
    let mut response = match access.admit(&request) {
        Err(refusal) => request::refuse(&request, refusal.into_response()),
        Ok(Admission::WithoutCors) => next.run(request).await,
        Ok(Admission::WithCors) => match cors.layer(next).oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        },
    };
    if access.has_origins() {
        response.headers_mut().append(header::VARY, HeaderValue::from_static("origin"));
    }
    response
}

/// Returns the CORS layer for pages of allowed origins, which may do everything that UNOC's own
/// page may. The origin has been checked before.
fn cors() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(AllowOrigin::mirror_request())
        .allow_methods(AllowMethods::mirror_request())
        .allow_headers(AllowHeaders::mirror_request())
        // A reverse proxy may require a password or a cookie.
        .allow_credentials(true)
        .expose_headers([
            header::ETAG,
            header::LINK,
            header::CONTENT_DISPOSITION,
            conditional::SEQ_HEADER,
            request::HEADER,
        ])
        .max_age(PREFLIGHT_AGE)
        .vary([])
}
