//! One connection of a client: requests in, answers out, until it ends, idles for too long, or the service stops.

use std::convert::Infallible;
use std::error::Error;

use http::{Request, Response};
use http_body::Body;
use tokio::io::{AsyncRead, AsyncWrite};
use tower::Service;
use tracing::debug;

use super::exchange::ConnectionOptions;
use super::http1::serve_http1;
use super::http2::serve_http2;
use super::request_body::RequestBody;
use crate::tls::NegotiatedProtocol;

/// Serves one connection to its end.
pub(super) async fn serve_connection<T, S, B>(
    stream: T,
    options: ConnectionOptions,
    service: S,
    stopping: impl Future<Output = ()>,
) where
    T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    S: Service<Request<RequestBody>, Response = Response<B>, Error = Infallible>,
    S: Clone + Send + 'static,
    S::Future: Send,
    B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + Unpin + 'static,
{
    let ended = match options.protocol {
        NegotiatedProtocol::Http1 => serve_http1(stream, &options, service, stopping).await,
        NegotiatedProtocol::Http2 => serve_http2(stream, &options, service, stopping).await,
    };
    if let Err(error) = ended {
        debug!(peer = %options.peer, %error, "A connection ended early");
    }
}
