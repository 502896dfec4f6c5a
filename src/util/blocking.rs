//! A bounded number of threads for calls that may never return.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinError;

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unanswered {
    /// Not within the time that the caller gave, or all threads wait for earlier calls.
    #[error("there was no response in time")]
    Silent,
    /// The call panicked; the log has the message.
    #[error("an internal error ended it; the log has the cause")]
    Panicked,
    /// The runtime ends.
    #[error("it was stopped because the service is stopping")]
    Stopped,
}

impl From<JoinError> for Unanswered {
    fn from(error: JoinError) -> Self {
        if error.is_panic() { Self::Panicked } else { Self::Stopped }
    }
}

/// Places for threads, such as one for each call to a file system that may hang. A call that never
/// returns keeps its place, so that no number of requests leaves more threads behind.
#[derive(Clone, Debug)]
pub struct Threads(Arc<Semaphore>);

impl Threads {
    /// With room for `most` calls at once.
    pub fn new(most: usize) -> Self {
        Self(Arc::new(Semaphore::new(most)))
    }

    /// Makes a call and waits for it, its place included, for up to `limit`.
    ///
    /// # Errors
    /// [`Unanswered`]; the call itself may still go on.
    pub async fn call_within<T: Send + 'static>(
        &self,
        limit: Duration,
        call: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Unanswered> {
        let answered = self.call_in_turn(call);
        tokio::time::timeout(limit, answered).await.unwrap_or(Err(Unanswered::Silent))
    }

    /// The same without a limit, for those who set one around it.
    ///
    /// # Errors
    /// [`Unanswered`], but never `Silent`.
    pub async fn call_in_turn<T: Send + 'static>(
        &self,
        call: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Unanswered> {
        let place = Arc::clone(&self.0).acquire_owned().await;
        run(place.map_err(|_| Unanswered::Stopped)?, call).await
    }

    /// Makes a call that takes as long as it takes, if there is a place for it now.
    ///
    /// # Errors
    /// [`Unanswered`].
    pub async fn call<T: Send + 'static>(
        &self,
        call: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Unanswered> {
        let place = Arc::clone(&self.0).try_acquire_owned();
        run(place.map_err(|_| Unanswered::Silent)?, call).await
    }
}

async fn run<T: Send + 'static>(
    place: OwnedSemaphorePermit,
    call: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Unanswered> {
    let run = move || {
        let _place = place;
        call()
    };
    Ok(tokio::task::spawn_blocking(run).await?)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    const SHORT: Duration = Duration::from_millis(20);

    #[tokio::test]
    async fn calls_that_hang_keep_their_places_and_no_more() {
        let threads = Threads::new(2);
        let (release, held) = mpsc::channel::<()>();
        let held = Arc::new(std::sync::Mutex::new(held));
        for _ in 0..50 {
            let held = Arc::clone(&held);
            let hanging = move || held.lock().map(|held| held.recv()).is_ok();
            assert_eq!(threads.call_within(SHORT, hanging).await, Err(Unanswered::Silent));
        }
        assert_eq!(threads.0.available_permits(), 0);
        assert_eq!(threads.call(|| 7).await, Err(Unanswered::Silent));
        drop(release);
        assert_eq!(threads.call_within(Duration::from_secs(60), || 7).await, Ok(7));
    }

    #[tokio::test]
    async fn a_panic_is_told_as_one() {
        let threads = Threads::new(1);
        let panicked = threads.call(|| assert!(SHORT.is_zero(), "on purpose")).await;
        assert_eq!(panicked, Err(Unanswered::Panicked));
        assert_eq!(threads.call(|| 7).await, Ok(7), "its place is free again");
    }
}
