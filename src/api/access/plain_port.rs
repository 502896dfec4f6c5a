//! The port of plain HTTP beside that of HTTPS: it answers the challenges of a certificate authority, and sends everybody
//! else to HTTPS.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tower::service_fn;

use super::super::error::answer;
use super::super::request;
use super::Access;
use super::authority::Authority;

/// Returns what answers a challenge with this token.
pub type ChallengeAnswers = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;
/// The service of the port.
pub type PlainPort = Router;

/// Where an authority looks for the answer (RFC 8555, section 8.3).
const CHALLENGE_PATH: &str = "/.well-known/acme-challenge/{token}";
const HTTPS_PORT: u16 = 443;

/// Returns the service. Clients are sent to the port of HTTPS of the host that they asked for, if `access` has the
/// appliance answer for that.
pub fn plain_port(access: Access, https_port: u16, answers: ChallengeAnswers) -> PlainPort {
    let access = Arc::new(access);
    let redirect = service_fn(move |request: Request| {
        let access = Arc::clone(&access);
        async move {
            Ok::<_, Infallible>(match access.admit(&request) {
                Ok(_) => redirect(&request, https_port),
                Err(refusal) => request::refuse(&request, refusal.into_response()),
            })
        }
    });
    Router::new()
        .route(CHALLENGE_PATH, get(challenge))
        .with_state(answers)
        .fallback_service(redirect)
}

async fn challenge(State(answers): State<ChallengeAnswers>, Path(token): Path<String>) -> Response {
    match answers(&token) {
        Some(text) => ([(header::CONTENT_TYPE, "application/octet-stream")], text).into_response(),
        None => answer(StatusCode::NOT_FOUND, "No certificate is being ordered with this token"),
    }
}

/// The answer is temporary: browsers would keep a permanent one after HTTPS was switched off again. That they use nothing
/// else for a while is what HSTS is for.
fn redirect(request: &Request, https_port: u16) -> Response {
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let Some(host) = host.and_then(Authority::parse).map(|authority| authority.host) else {
        return answer(StatusCode::BAD_REQUEST, "The request names no host");
    };
    let port = if https_port == HTTPS_PORT { String::new() } else { format!(":{https_port}") };
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let target = format!("https://{host}{port}{path}");
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        // What it carries went over the network in the clear already; that must not seem to work.
        let detail = format!("Only HTTPS is served here: send the request to https://{host}{port}");
        return answer(StatusCode::FORBIDDEN, detail.as_str());
    }
    (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, target)]).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_is_sent_to_the_same_place_over_https() {
        let check = |method: Method, host: &str, path: &str, port: u16, expected: (u16, &str)| {
            let request = Request::builder().method(method).uri(path).header(header::HOST, host);
            let response = redirect(&request.body(axum::body::Body::empty()).unwrap(), port);
            let location = response.headers().get(header::LOCATION);
            let location = location.map_or("", |location| location.to_str().unwrap());
            assert_eq!((response.status().as_u16(), location), expected, "{host}{path}");
        };
        check(Method::GET, "noc:80", "/a?b=c", 443, (307, "https://noc/a?b=c"));
        check(Method::HEAD, "[::1]", "/", 8443, (307, "https://[::1]:8443/"));
        check(Method::GET, "noc", "//evil.example/x", 443, (307, "https://noc//evil.example/x"));
        check(Method::POST, "noc", "/api/devices", 443, (403, ""));
        check(Method::GET, "a b", "/", 443, (400, ""));
    }
}
