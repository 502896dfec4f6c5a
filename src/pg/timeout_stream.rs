//! A stream that fails when PostgreSQL makes no progress.
//!
//! TCP alone does not detect a peer whose process hangs while its kernel answers, a proxy that
//! keeps its sockets open, or a firewall that drops packets.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::util::milliseconds;

/// The default stall timeout: how long a call waits without a byte of progress. Ordinary statements
/// take milliseconds; a failover or an overloaded disk delays them for some seconds. A call that
/// hangs longer is repeated on a new connection. For statements that take longer, see
/// [`ConnectionControl::with_stall_timeout`].
pub const STALL_TIMEOUT: Duration = Duration::from_secs(15);
/// How often a waiting call checks its stall timeout and [`ConnectionControl::abort`].
const CHECK_INTERVAL: Duration = Duration::from_millis(100);
/// A waiting call checks at least this often within its stall timeout.
const CHECKS_MIN: u32 = 20;
/// After this many missed checks, no call was waiting: the time between calls does not count.
const CHECKS_MISSED_MAX: u32 = 10;

/// The stall timeout of one connection and the means to abort it, shared between its stream and its
/// owner.
#[derive(Clone)]
pub struct ConnectionControl(Arc<Shared>);

struct Shared {
    stall_timeout_ms: AtomicU64,
    is_aborted: AtomicBool,
}

impl Default for ConnectionControl {
    fn default() -> Self {
        Self::new(STALL_TIMEOUT)
    }
}

impl ConnectionControl {
    /// With this stall timeout for every call, in whole milliseconds.
    #[must_use]
    pub fn new(limit: Duration) -> Self {
        let stall_timeout_ms = AtomicU64::new(milliseconds(limit));
        Self(Arc::new(Shared { stall_timeout_ms, is_aborted: AtomicBool::new(false) }))
    }

    /// Runs a call with another stall timeout, then restores the previous one.
    pub fn with_stall_timeout<T>(&self, limit: Duration, call: impl FnOnce() -> T) -> T {
        let _guard = self.extend_stall_timeout(limit);
        call()
    }

    /// Sets another stall timeout until the returned guard is dropped.
    #[must_use]
    pub fn extend_stall_timeout(&self, limit: Duration) -> StallTimeoutGuard {
        let previous_ms = self.0.stall_timeout_ms.swap(milliseconds(limit), Ordering::Relaxed);
        StallTimeoutGuard { control: self.clone(), previous_ms }
    }

    /// Aborts the connection from another thread: the running call fails within 100 ms, and every
    /// later call fails at once.
    pub fn abort(&self) {
        self.0.is_aborted.store(true, Ordering::Relaxed);
    }

    /// Whether [`ConnectionControl::abort`] was called.
    #[must_use]
    pub fn is_aborted(&self) -> bool {
        self.0.is_aborted.load(Ordering::Relaxed)
    }

    fn stall_timeout(&self) -> Duration {
        Duration::from_millis(self.0.stall_timeout_ms.load(Ordering::Relaxed))
    }
}

/// Restores the previous stall timeout of a [`ConnectionControl`] when it is dropped.
pub struct StallTimeoutGuard {
    control: ConnectionControl,
    previous_ms: u64,
}

impl Drop for StallTimeoutGuard {
    fn drop(&mut self) {
        self.control.0.stall_timeout_ms.store(self.previous_ms, Ordering::Relaxed);
    }
}

/// A stream with a stall timeout.
pub(super) struct TimeoutStream<S> {
    stream: S,
    control: ConnectionControl,
    stall: StallTimer,
    /// Wakes a waiting call; created at the first wait, which happens within the runtime.
    alarm: Option<Pin<Box<Sleep>>>,
    /// After a timeout the stream stays unusable, so that closing it does not wait again.
    has_timed_out: bool,
}

impl<S> TimeoutStream<S> {
    pub(super) fn new(stream: S, control: ConnectionControl) -> Self {
        Self { stream, control, stall: StallTimer::default(), alarm: None, has_timed_out: false }
    }

    /// Fails if the stream timed out before or was aborted.
    fn check(&self) -> io::Result<()> {
        if self.control.is_aborted() {
            return Err(io::Error::new(
                io::ErrorKind::ConnectionAborted,
                "the connection was aborted",
            ));
        }
        if self.has_timed_out {
            return Err(io::Error::new(io::ErrorKind::TimedOut, "the connection has timed out"));
        }
        Ok(())
    }

    /// Returns what is ready; measures the time of a call that waits.
    fn check_progress<T>(
        &mut self,
        cx: &mut Context<'_>,
        polled: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            self.stall.progressed();
            return polled;
        }
        let limit = self.control.stall_timeout();
        let check_interval = CHECK_INTERVAL.min(limit / CHECKS_MIN);
        loop {
            let now = Instant::now();
            if self.stall.waited(now, check_interval * CHECKS_MISSED_MAX) >= limit {
                self.has_timed_out = true;
                let text = format!("PostgreSQL made no progress for {limit:?}");
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, text)));
            }
            let at = now + check_interval;
            let alarm = self.alarm.get_or_insert_with(|| Box::pin(sleep_until(at)));
            alarm.as_mut().reset(at);
            if alarm.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
    }
}

/// Measures how long a call has been waiting.
#[derive(Default)]
struct StallTimer {
    since: Option<Instant>,
    last_check: Option<Instant>,
}

impl StallTimer {
    fn progressed(&mut self) {
        self.since = None;
    }

    /// The time waited until `now`; starts over if the last check is longer ago than `gap_max`.
    fn waited(&mut self, now: Instant, gap_max: Duration) -> Duration {
        let gap = self.last_check.map_or(Duration::ZERO, |last| now - last);
        self.last_check = Some(now);
        let since = self.since.filter(|_| gap <= gap_max).unwrap_or(now);
        self.since = Some(since);
        now - since
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for TimeoutStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check()?;
        let polled = Pin::new(&mut self.stream).poll_read(cx, buffer);
        self.check_progress(cx, polled)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for TimeoutStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        let polled = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.check_progress(cx, polled)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // A socket has nothing to flush, so this is no progress.
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
        let mut stall = StallTimer::default();
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
        // No check for three seconds: no call was waiting.
        holds(109, 0);
        holds(111, 2);
    }

    #[tokio::test]
    async fn a_silent_peer_fails_a_read_and_all_later_calls() {
        let (ours, _theirs) = tokio::io::duplex(64);
        let mut stream =
            TimeoutStream::new(ours, ConnectionControl::new(Duration::from_millis(40)));
        let kind = |result: io::Result<u8>| result.map_err(|error| error.kind());
        assert_eq!(kind(stream.read_u8().await), Err(io::ErrorKind::TimedOut));
        assert_eq!(kind(stream.read_u8().await), Err(io::ErrorKind::TimedOut));
        let written = stream.write_all(b"x").await;
        assert_eq!(written.map_err(|error| error.kind()), Err(io::ErrorKind::TimedOut));
    }

    #[tokio::test]
    async fn a_peer_that_does_not_read_fails_a_write() {
        let (ours, _theirs) = tokio::io::duplex(64);
        let mut stream =
            TimeoutStream::new(ours, ConnectionControl::new(Duration::from_millis(40)));
        let written = stream.write_all(&[0; 65]).await;
        assert_eq!(written.map_err(|error| error.kind()), Err(io::ErrorKind::TimedOut));
    }

    #[tokio::test]
    async fn bytes_pass_in_both_directions() {
        let (ours, mut theirs) = tokio::io::duplex(64);
        let mut stream = TimeoutStream::new(ours, ConnectionControl::default());
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
        let control = ConnectionControl::new(SECOND * 3600);
        let mut stream = TimeoutStream::new(ours, control.clone());
        let ender = std::thread::spawn(move || control.abort());
        let kind = stream.read_u8().await.map_err(|error| error.kind());
        assert_eq!(kind, Err(io::ErrorKind::ConnectionAborted));
        ender.join().unwrap();
    }

    #[test]
    fn a_temporary_stall_timeout_is_restored() {
        let control = ConnectionControl::default();
        assert_eq!(control.with_stall_timeout(SECOND, || control.stall_timeout()), SECOND);
        assert_eq!(control.stall_timeout(), STALL_TIMEOUT);
    }
}
