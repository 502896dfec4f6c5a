//! A request's body that is read to its end even if the handler does not read it.
//!
//! If a body is dropped before its end, hyper closes the connection without `Connection: close` in
//! the answer. A client that sends the next request on the connection then gets no answer, and a
//! client that is still sending may lose the answer to the connection's reset.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Response, header};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::{Bytes, Incoming};
use tokio::sync::oneshot;
use tokio::time::{Instant, Sleep};

/// Most bytes that are read for nothing; a new connection costs less than reading more.
const UNREAD_BYTES_MAX: u64 = 256 * 1024;
/// How long that may take, since the answer waits for it.
const UNREAD_WAIT: Duration = Duration::from_secs(1);

/// How long a server waits for a body in all, and for how many bytes it waits a second longer: a client that sends a
/// byte now and then would keep its connection, and whatever waits for the body, for ever. Handlers have shorter limits.
const BODY_WAIT: Duration = Duration::from_secs(60);
const BYTES_PER_SECOND_MIN: u64 = 1024;

/// The body that the handlers read. Dropped before its end, it returns the rest to its
/// [`UnreadBody`].
pub(super) struct RequestBody {
    /// What is left of the time that the client may take.
    patience: Patience,
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
        let patience = Patience::default();
        let body = Self { patience, incoming: Some(incoming), unread: Some(unread) };
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
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let Some(incoming) = &mut self.incoming else { return Poll::Ready(None) };
        let polled = Pin::new(incoming).poll_frame(context);
        let polled = polled.map(|frame| frame.map(|frame| frame.map_err(io::Error::other)));
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                self.patience.earn(frame.data_ref().map_or(0, Bytes::len));
            }
            Poll::Ready(_) => {}
            Poll::Pending => {
                if self.patience.poll_end(context).is_ready() {
                    let error = io::Error::new(io::ErrorKind::TimedOut, "the body came too slowly");
                    return Poll::Ready(Some(Err(error)));
                }
            }
        }
        polled
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

/// How much longer is waited for a client. The time that handlers take does not count.
#[derive(Default)]
struct Patience {
    /// Runs while the client is waited for.
    wait: Option<(Instant, Pin<Box<Sleep>>)>,
    waited: Duration,
    bytes: u64,
}

impl Patience {
    /// The client has sent so many bytes.
    fn earn(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
        if let Some((since, _)) = self.wait.take() {
            self.waited += since.elapsed();
        }
    }

    /// Returns how long the client is waited for at most before it sends something.
    fn left(&self) -> Duration {
        let allowed = BODY_WAIT + Duration::from_secs(self.bytes / BYTES_PER_SECOND_MIN);
        // However much came before, silence is not borne for longer.
        allowed.saturating_sub(self.waited).min(BODY_WAIT)
    }

    /// The client is waited for. Ready when that has taken too long.
    fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let left = self.left();
        let begin = || (Instant::now(), Box::pin(tokio::time::sleep(left)));
        let (_, sleep) = self.wait.get_or_insert_with(begin);
        sleep.as_mut().poll(context)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_that_sends_a_byte_now_and_then_is_given_up() {
        let check = |bytes: u64, waited_s: u64, expected_s: u64| {
            let patience = Patience { wait: None, waited: Duration::from_secs(waited_s), bytes };
            assert_eq!(patience.left().as_secs(), expected_s, "{bytes} bytes, {waited_s} s");
        };
        check(0, 0, 60);
        check(10, 55, 5);
        check(10, 60, 0);
        check(30 * 1024, 60, 30);
        check(30 * 1024, 90, 0);
        check(1 << 30, 3600, 60);
    }
}
