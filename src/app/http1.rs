//! HTTP/1.1 over a connection.

use std::convert::Infallible;
use std::error::Error;
use std::sync::Arc;

use http::{Request, Response};
use http_body::Body;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Notify;
use tower::Service;

use super::exchange::{ConnectionOptions, FIRST_REQUEST_WAIT, HEAD_BYTES_MAX, HEADERS_MAX, answer};
use super::request_body::RequestBody;

/// Serves one connection to its end.
pub(super) async fn serve_http1<T, S, B>(
    stream: T,
    options: &ConnectionOptions,
    service: S,
    stopping: impl Future<Output = ()>,
) -> hyper::Result<()>
where
    T: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    S: Service<Request<RequestBody>, Response = Response<B>, Error = Infallible> + Clone,
    B: Body<Error: Into<Box<dyn Error + Send + Sync>>> + 'static,
{
    let has_request = Arc::new(Notify::new());
    let requested = Arc::clone(&has_request);
    let of_requests = options.clone();
    let service = hyper::service::service_fn(move |request| {
        requested.notify_one();
        let (service, options) = (service.clone(), of_requests.clone());
        async move { answer(service, request, options).await }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(options.head_wait)
        .max_headers(HEADERS_MAX)
        .max_buf_size(HEAD_BYTES_MAX as usize)
        .half_close(true)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    tokio::pin!(connection);
    let stopping = async {
        stopping.await;
        tokio::time::timeout(FIRST_REQUEST_WAIT, has_request.notified()).await.ok();
    };
    tokio::select! {
        // In this order: a request that has arrived when the time is over is answered.
        biased;
        ended = connection.as_mut() => ended,
        () = stopping => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    }
}
