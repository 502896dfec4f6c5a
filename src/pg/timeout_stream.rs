//! A stream that gives up when PostgreSQL makes no progress.
//!
//! TCP alone does not notice a peer whose kernel answers while its process hangs, a proxy that holds
//! on to its sockets, or a firewall that swallows packets. The mirror must not wait for them forever.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::util::milliseconds;

/// How long a call waits without a byte of progress. Ordinary statements of the mirror take
/// milliseconds; a fail-over or an overloaded disk holds them up for some seconds, and what hangs
/// longer is quicker begun anew. A statement that may take longer gets its own by [`Watch::during`].
pub const STALL_LIMIT: Duration = Duration::from_secs(15);
/// How often a waiting call looks at its limit: that soon a new limit or [`Watch::end`] is felt.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// A waiting call looks about this often before it gives up, however small its limit is.
const LOOKS_MIN: u32 = 20;
/// Without a look for this many of them no call was waiting: the time between calls does not count.
const LOOKS_MISSED_MAX: u32 = 10;

/// The patience of one connection, shared between its stream and its owner.
#[derive(Clone)]
pub struct Watch(Arc<Shared>);

struct Shared {
    limit_ms: AtomicU64,
    is_ended: AtomicBool,
}

impl Default for Watch {
    fn default() -> Self {
        Self::new(STALL_LIMIT)
    }
}

impl Watch {
    /// A watch with this limit for every call, in whole milliseconds.
    #[must_use]
    pub fn new(limit: Duration) -> Self {
        let limit_ms = AtomicU64::new(milliseconds(limit));
        Self(Arc::new(Shared { limit_ms, is_ended: AtomicBool::new(false) }))
    }

    /// Makes a call under another limit, then puts the former one back.
    pub fn during<T>(&self, limit: Duration, call: impl FnOnce() -> T) -> T {
        let _patience = self.patient(limit);
        call()
    }

    /// Sets another limit until what is returned is dropped.
    #[must_use]
    pub fn patient(&self, limit: Duration) -> Patience {
        let former_ms = self.0.limit_ms.swap(milliseconds(limit), Ordering::Relaxed);
        Patience { watch: self.clone(), former_ms }
    }

    /// Ends the connection from another thread: the call that runs fails within 100 ms, and so does
    /// every later one.
    pub fn end(&self) {
        self.0.is_ended.store(true, Ordering::Relaxed);
    }

    /// Whether [`Watch::end`] was called.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        self.0.is_ended.load(Ordering::Relaxed)
    }

    fn limit(&self) -> Duration {
        Duration::from_millis(self.0.limit_ms.load(Ordering::Relaxed))
    }
}

/// Another limit of a [`Watch`]; dropping it puts the former one back.
pub struct Patience {
    watch: Watch,
    former_ms: u64,
}

impl Drop for Patience {
    fn drop(&mut self) {
        self.watch.0.limit_ms.store(self.former_ms, Ordering::Relaxed);
    }
}

/// A stream under a [`Watch`].
pub(super) struct Watched<S> {
    stream: S,
    watch: Watch,
    stall: Stall,
    /// Wakes a waiting call; made at the first wait, which is inside the runtime.
    alarm: Option<Pin<Box<Sleep>>>,
    /// It gave up once: the stream stays unusable, or closing it would wait once more.
    is_given_up: bool,
}

impl<S> Watched<S> {
    pub(super) fn new(stream: S, watch: Watch) -> Self {
        Self { stream, watch, stall: Stall::default(), alarm: None, is_given_up: false }
    }

    /// Fails at once when the stream was given up or its owner ended it.
    fn check(&self) -> io::Result<()> {
        if self.watch.is_ended() {
            return Err(io::Error::new(io::ErrorKind::ConnectionAborted, "the mirror is stopping"));
        }
        if self.is_given_up {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "the connection was given up"));
        }
        Ok(())
    }

    /// Passes on what is ready; a call that waits is counted.
    fn counted<T>(
        &mut self,
        cx: &mut Context<'_>,
        polled: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            self.stall.progressed();
            return polled;
        }
        let limit = self.watch.limit();
        let look_every = LOOK_EVERY.min(limit / LOOKS_MIN);
        loop {
            let now = Instant::now();
            if self.stall.waited(now, look_every * LOOKS_MISSED_MAX) >= limit {
                self.is_given_up = true;
                let text = format!("PostgreSQL made no progress for {limit:?}");
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, text)));
            }
            let at = now + look_every;
            let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep_until(at)));
            alarm.as_mut().reset(at);
            if alarm.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
    }
}

/// For how long a call has been waiting.
#[derive(Default)]
struct Stall {
    since: Option<Instant>,
    last_look: Option<Instant>,
}

impl Stall {
    fn progressed(&mut self) {
        self.since = None;
    }

    /// The time waited at `now`; it begins anew when nobody looked for longer than `gap_max`.
    fn waited(&mut self, now: Instant, gap_max: Duration) -> Duration {
        let gap = self.last_look.map_or(Duration::ZERO, |last| now - last);
        self.last_look = Some(now);
        let since = self.since.filter(|_| gap <= gap_max).unwrap_or(now);
        self.since = Some(since);
        now - since
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check()?;
        let polled = Pin::new(&mut self.stream).poll_read(cx, buffer);
        self.counted(cx, polled)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        let polled = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.counted(cx, polled)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // A socket has nothing to flush: being ready here is no progress.
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test]
    async fn only_time_without_progress_during_a_call_counts() {
        let start = Instant::now();
        let mut stall = Stall::default();
        let mut holds = |after_s: u32, expected_s: u32| {
            assert_eq!(
                stall.waited(start + SECOND * after_s, SECOND * 2),
                SECOND * expected_s,
                "{after_s}"
            );
            if expected_s == 3 {
                stall.progressed();
            }
        };
        holds(100, 0);
        holds(101, 1);
        holds(103, 3);
        holds(104, 0);
        holds(106, 2);
        // Nobody looked for three seconds: no call was waiting.
        holds(109, 0);
        holds(111, 2);
    }

    #[tokio::test]
    async fn a_silent_peer_fails_a_read_and_all_later_calls() {
        let (ours, _theirs) = tokio::io::duplex(64);
        let mut stream = Watched::new(ours, Watch::new(Duration::from_millis(40)));
        let kind = |result: io::Result<u8>| result.map_err(|error| error.kind());
        assert_eq!(kind(stream.read_u8().await), Err(io::ErrorKind::TimedOut));
        assert_eq!(kind(stream.read_u8().await), Err(io::ErrorKind::TimedOut));
        let written = stream.write_all(b"x").await;
        assert_eq!(written.map_err(|error| error.kind()), Err(io::ErrorKind::TimedOut));
    }

    #[tokio::test]
    async fn a_peer_that_does_not_read_fails_a_write() {
        let (ours, _theirs) = tokio::io::duplex(64);
        let mut stream = Watched::new(ours, Watch::new(Duration::from_millis(40)));
        let written = stream.write_all(&[0; 65]).await;
        assert_eq!(written.map_err(|error| error.kind()), Err(io::ErrorKind::TimedOut));
    }

    #[tokio::test]
    async fn bytes_pass_in_both_directions() {
        let (ours, mut theirs) = tokio::io::duplex(64);
        let mut stream = Watched::new(ours, Watch::default());
        stream.write_all(b"ask").await.unwrap();
        let mut heard = [0; 3];
        theirs.read_exact(&mut heard).await.unwrap();
        theirs.write_all(&heard).await.unwrap();
        stream.read_exact(&mut heard).await.unwrap();
        assert_eq!(&heard, b"ask");
    }

    #[tokio::test]
    async fn abort_fails_a_waiting_call() {
        let (ours, _theirs) = tokio::io::duplex(64);
        let watch = Watch::new(SECOND * 3600);
        let mut stream = Watched::new(ours, watch.clone());
        let ender = std::thread::spawn(move || watch.end());
        let kind = stream.read_u8().await.map_err(|error| error.kind());
        assert_eq!(kind, Err(io::ErrorKind::ConnectionAborted));
        ender.join().unwrap();
    }

    #[test]
    fn a_temporary_stall_timeout_is_restored() {
        let watch = Watch::default();
        assert_eq!(watch.during(SECOND, || watch.limit()), SECOND);
        assert_eq!(watch.limit(), STALL_LIMIT);
    }
}
