//! A request's body that is read to its end even if the handler does not read it.
//!
//! If a body is dropped before its end, hyper closes the connection without `Connection: close` in
//! the answer. A client that sends the next request on the connection then gets no answer, and a
//! client that is still sending may lose the answer to the connection's reset.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Response, header};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::{Bytes, Incoming};
use tokio::sync::oneshot;

/// Most bytes that are read for nothing; a new connection costs less than reading more.
const UNREAD_BYTES_MAX: u64 = 256 * 1024;
/// How long that may take, since the answer waits for it.
const UNREAD_WAIT: Duration = Duration::from_secs(1);

/// The body that the handlers read. Dropped before its end, it returns the rest to its
/// [`UnreadBody`].
pub(super) struct RequestBody {
    /// `None` only while it is dropped.
    incoming: Option<Incoming>,
    unread: Option<oneshot::Sender<Incoming>>,
}

/// Receives the rest of one body.
pub(super) struct UnreadBody {
    rest: oneshot::Receiver<Incoming>,
    /// The client sends the body only after `100 Continue`, which reading would send.
    expects_continue: bool,
}

impl RequestBody {
    /// Wraps the body of a request with these headers.
    pub(super) fn new(incoming: Incoming, headers: &HeaderMap) -> (Self, UnreadBody) {
        let (unread, rest) = oneshot::channel();
        let expects_continue = headers.contains_key(header::EXPECT);
        let body = Self { incoming: Some(incoming), unread: Some(unread) };
        (body, UnreadBody { rest, expects_continue })
    }
}

impl Drop for RequestBody {
    fn drop(&mut self) {
        let unread = self.incoming.take().filter(|incoming| !incoming.is_end_stream());
        if let (Some(incoming), Some(sender)) = (unread, self.unread.take()) {
            // The receiver is gone if the connection has ended.
            sender.send(incoming).ok();
        }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        match &mut self.incoming {
            Some(incoming) => Pin::new(incoming).poll_frame(context),
            None => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.as_ref().map_or_else(SizeHint::default, Body::size_hint)
    }
}

impl UnreadBody {
    /// Reads the rest of the body. If that is too long or takes too long, adds `Connection: close`
    /// to the answer.
    pub(super) async fn finish<B>(mut self, response: &mut Response<B>) {
        let Ok(rest) = self.rest.try_recv() else { return };
        if self.expects_continue || !read_to_end(rest).await {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
    }
}

/// Returns whether the body ended within the limits.
async fn read_to_end(mut rest: Incoming) -> bool {
    if rest.size_hint().lower() > UNREAD_BYTES_MAX {
        return false;
    }
    let read = async {
        let mut bytes = 0;
        while let Some(frame) = rest.frame().await {
            let Ok(frame) = frame else { return false };
            bytes += frame.data_ref().map_or(0, Bytes::len) as u64;
            if bytes > UNREAD_BYTES_MAX {
                return false;
            }
        }
        true
    };
    tokio::time::timeout(UNREAD_WAIT, read).await.unwrap_or(false)
}
