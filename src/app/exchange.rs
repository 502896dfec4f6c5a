//! One request and its answer, whatever the version of HTTP, and what is known of the connection that they go over.

use std::convert::Infallible;
use std::time::Duration;

use http::{HeaderValue, Request, Response, Version, header};
use hyper::body::Incoming;
use tower::{Service, ServiceExt};

use super::request_body::RequestBody;
use crate::api::Peer;
use crate::tls::NegotiatedProtocol;

/// How long a client may take to send a request's head, and how long a connection may idle
/// between two requests.
pub(super) const HEAD_WAIT: Duration = Duration::from_secs(30);
/// How long a stop waits for the first request of a connection. Its client has just connected, and would take
/// a connection that ends without an answer for a fault.
pub(super) const FIRST_REQUEST_WAIT: Duration = Duration::from_millis(500);
/// Limits of a request's head, in bytes and in fields: ten times what browsers send behind proxies.
pub(super) const HEAD_BYTES_MAX: u32 = 64 * 1024;
pub(super) const HEADERS_MAX: usize = 128;

/// Who has connected, and how.
#[derive(Clone)]
pub(super) struct ConnectionOptions {
    pub(super) peer: Peer,
    pub(super) protocol: NegotiatedProtocol,
    /// How long a request's head may take, and how long the connection may idle.
    pub(super) head_wait: Duration,
    /// `Strict-Transport-Security` of each answer.
    pub(super) hsts: Option<HeaderValue>,
}

impl ConnectionOptions {
    /// Of a connection that is not encrypted.
    pub(super) fn plain(peer: Peer) -> Self {
        let protocol = NegotiatedProtocol::Http1;
        Self { peer, protocol, head_wait: HEAD_WAIT, hsts: None }
    }
}

/// Lets the service answer, then makes the connection ready for the next request.
pub(super) async fn answer<S, B>(
    service: S,
    request: Request<Incoming>,
    options: ConnectionOptions,
) -> Result<Response<B>, Infallible>
where
    S: Service<Request<RequestBody>, Response = Response<B>, Error = Infallible>,
{
    let ConnectionOptions { peer, hsts, .. } = options;
    let (mut head, body) = request.into_parts();
    head.extensions.insert(peer);
    name_host(&mut head);
    let is_http2 = head.version == Version::HTTP_2;
    let (body, unread) = RequestBody::new(body, &head.headers);
    let mut response = service.oneshot(Request::from_parts(head, body)).await?;
    if !is_http2 {
        // Each request of HTTP/2 has a stream of its own: what is not read of one is in nobody's way.
        unread.finish(&mut response).await;
    }
    if let Some(hsts) = hsts {
        response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, hsts);
    }
    Ok(response)
}

/// Gives a request of HTTP/2 the form of one of HTTP/1.1: the host in `Host` and only the path in the target, as a proxy
/// would (RFC 9113, section 8.3.1). One with both keeps both, which the rules of access compare.
fn name_host(head: &mut http::request::Parts) {
    if head.version != Version::HTTP_2 || head.headers.contains_key(header::HOST) {
        return;
    }
    let Some(authority) = head.uri.authority() else { return };
    let Ok(host) = HeaderValue::from_str(authority.as_str()) else { return };
    let path = head.uri.path_and_query().cloned();
    let target = http::Uri::builder()
        .path_and_query(path.map_or_else(|| "/".to_owned(), |path| path.to_string()));
    if let Ok(target) = target.build() {
        head.headers.insert(header::HOST, host);
        head.uri = target;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_of_http2_names_its_host_as_one_of_http1_does() {
        let check = |uri: &str, host: Option<&str>, version, expected: (&str, Option<&str>)| {
            let mut request = Request::builder().uri(uri).version(version);
            if let Some(host) = host {
                request = request.header(header::HOST, host);
            }
            let (mut head, ()) = request.body(()).unwrap().into_parts();
            name_host(&mut head);
            let host = head.headers.get(header::HOST).map(|host| host.to_str().unwrap());
            assert_eq!((head.uri.to_string().as_str(), host), expected, "{uri}");
        };
        let h2 = Version::HTTP_2;
        check("https://noc:1/a?b=c", None, h2, ("/a?b=c", Some("noc:1")));
        check("https://noc", None, h2, ("/", Some("noc")));
        check("https://noc/a", Some("other"), h2, ("https://noc/a", Some("other")));
        check("/a", None, h2, ("/a", None));
        check("http://noc/a", None, Version::HTTP_11, ("http://noc/a", None));
    }
}
