//! Calls that block, on tokio's threads for such calls.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinError;

use super::usage::Usage;

/// Why a call has no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlockingError {
    /// The call took longer than the caller waits, or earlier calls hold all threads.
    #[error("there was no response in time")]
    TimedOut,
    /// The call panicked; the log has the message.
    #[error("an internal error ended it; the log has the cause")]
    Panicked,
    /// The runtime ends.
    #[error("it was stopped because the service is stopping")]
    Stopped,
}

impl From<JoinError> for BlockingError {
    fn from(error: JoinError) -> Self {
        if error.is_panic() { Self::Panicked } else { Self::Stopped }
    }
}

/// Runs `call` on a thread that may block and returns its result, however long it takes.
///
/// # Errors
/// [`BlockingError`], but never `TimedOut`.
pub async fn run_blocking<T: Send + 'static>(
    call: impl FnOnce() -> T + Send + 'static,
) -> Result<T, BlockingError> {
    Ok(tokio::task::spawn_blocking(call).await?)
}

/// A limit of how many calls block at a time, for calls that may never return, such as those to a file
/// system whose server is away. A call that hangs counts until it returns, so that no number of requests
/// leaves more threads behind. Clones share the limit.
#[derive(Clone, Debug)]
pub struct BlockingLimit {
    permits: Arc<Semaphore>,
    calls_max: usize,
}

impl BlockingLimit {
    /// A limit of `calls_max` calls at a time.
    pub fn new(calls_max: usize) -> Self {
        Self { permits: Arc::new(Semaphore::new(calls_max)), calls_max }
    }

    /// The calls that run, also those that hang.
    pub fn usage(&self) -> Usage {
        Usage::of(self.calls_max - self.permits.available_permits(), self.calls_max)
    }

    /// Runs `call` as soon as the limit allows, and waits for both together up to `wait`.
    ///
    /// # Errors
    /// [`BlockingError`]; after `TimedOut` the call may still run.
    pub async fn run_within<T: Send + 'static>(
        &self,
        wait: Duration,
        call: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, BlockingError> {
        let done = tokio::time::timeout(wait, self.run(call)).await;
        done.unwrap_or(Err(BlockingError::TimedOut))
    }

    /// Runs `call` as soon as the limit allows, however long that takes.
    ///
    /// # Errors
    /// [`BlockingError`], but never `TimedOut`.
    pub async fn run<T: Send + 'static>(
        &self,
        call: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, BlockingError> {
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        run_with(permit.map_err(|_| BlockingError::Stopped)?, call).await
    }

    /// Runs `call`, however long it takes, if the limit allows it now.
    ///
    /// # Errors
    /// [`BlockingError`]; `TimedOut` at once if the limit is reached.
    pub async fn try_run<T: Send + 'static>(
        &self,
        call: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, BlockingError> {
        let permit = Arc::clone(&self.permits).try_acquire_owned();
        run_with(permit.map_err(|_| BlockingError::TimedOut)?, call).await
    }
}

/// The permit is held until the call returns, even if nobody waits for it any longer.
async fn run_with<T: Send + 'static>(
    permit: OwnedSemaphorePermit,
    call: impl FnOnce() -> T + Send + 'static,
) -> Result<T, BlockingError> {
    run_blocking(move || {
        let _permit = permit;
        call()
    })
    .await
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    const SHORT: Duration = Duration::from_millis(20);

    #[tokio::test]
    async fn calls_that_hang_count_until_they_return() {
        let limit = BlockingLimit::new(2);
        let (release, held) = mpsc::channel::<()>();
        let held = Arc::new(std::sync::Mutex::new(held));
        for _ in 0..50 {
            let held = Arc::clone(&held);
            let hanging = move || held.lock().map(|held| held.recv()).is_ok();
            assert_eq!(limit.run_within(SHORT, hanging).await, Err(BlockingError::TimedOut));
        }
        assert_eq!(limit.usage(), Usage::of(2, 2));
        assert_eq!(limit.try_run(|| 7).await, Err(BlockingError::TimedOut));
        drop(release);
        assert_eq!(limit.run_within(Duration::from_secs(60), || 7).await, Ok(7));
    }

    #[tokio::test]
    async fn a_panic_is_an_error_and_frees_its_permit() {
        let limit = BlockingLimit::new(1);
        let panicked = limit.try_run(|| assert!(SHORT.is_zero(), "on purpose")).await;
        assert_eq!(panicked, Err(BlockingError::Panicked));
        assert_eq!(limit.try_run(|| 7).await, Ok(7));
    }
}
