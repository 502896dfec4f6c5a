//! A check that may hang: run once at a time, its result shared by all callers, the last one kept.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::blocking::BlockingError;

/// A caller gets the result of a check that began after the call, or the last result there is if that
/// check does not end in time. A check that hangs holds one thread, however many callers there are.
pub struct SharedProbe<T>(Arc<Shared<T>>);

/// The result of a check.
#[derive(Debug)]
pub struct Observation<T> {
    pub value: Arc<T>,
    /// Time since the check began.
    pub age: Duration,
    /// False if the check that began after the call has not ended.
    pub is_fresh: bool,
}

struct Shared<T> {
    /// Held for moments.
    requests: Mutex<Requests>,
    outcome: watch::Sender<Outcome<T>>,
}

#[derive(Default)]
struct Requests {
    /// The number of the last call.
    last: u64,
    /// Whether a thread runs checks. It goes on until no call is newer than its check.
    is_running: bool,
}

struct Outcome<T> {
    /// The number of the last call that is answered.
    answered: u64,
    latest: Option<(Arc<T>, Instant)>,
    has_panicked: bool,
}

impl<T> Clone for SharedProbe<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Default for SharedProbe<T> {
    fn default() -> Self {
        let (outcome, _) =
            watch::channel(Outcome { answered: 0, latest: None, has_panicked: false });
        Self(Arc::new(Shared { requests: Mutex::default(), outcome }))
    }
}

impl<T: Send + Sync + 'static> SharedProbe<T> {
    /// Returns the result of `check`, which is waited for up to `wait`. All callers must pass the same
    /// check.
    ///
    /// # Errors
    /// [`BlockingError`], if no check has ever ended or this one panicked.
    pub async fn run(
        &self,
        wait: Duration,
        check: impl Fn() -> T + Send + 'static,
    ) -> Result<Observation<T>, BlockingError> {
        let shared = &self.0;
        let mut outcome = shared.outcome.subscribe();
        let (number, is_first) = {
            let mut requests = shared.requests();
            requests.last += 1;
            (requests.last, !std::mem::replace(&mut requests.is_running, true))
        };
        if is_first {
            let runner = Runner(Arc::clone(shared));
            drop(tokio::task::spawn_blocking(move || runner.run(&check)));
        }
        let answered = outcome.wait_for(|outcome| outcome.answered >= number);
        let is_fresh = matches!(tokio::time::timeout(wait, answered).await, Ok(Ok(_)));
        let outcome = shared.outcome.borrow();
        if is_fresh && outcome.has_panicked {
            return Err(BlockingError::Panicked);
        }
        let (value, began) = outcome.latest.clone().ok_or(BlockingError::TimedOut)?;
        Ok(Observation { value, age: began.elapsed(), is_fresh })
    }
}

impl<T> SharedProbe<T> {
    /// Returns the last result if its check began within `age_max`, without a new check.
    pub fn latest(&self, age_max: Duration) -> Option<Observation<T>> {
        let (value, began) = self.0.outcome.borrow().latest.clone()?;
        let age = began.elapsed();
        (age <= age_max).then_some(Observation { value, age, is_fresh: true })
    }

    /// Keeps what another caller found out just now as the last result.
    pub fn record(&self, value: T) {
        let latest = (Arc::new(value), Instant::now());
        self.0.outcome.send_modify(|outcome| outcome.latest = Some(latest));
    }
}

impl<T> Shared<T> {
    fn requests(&self) -> MutexGuard<'_, Requests> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The one thread that runs checks.
struct Runner<T>(Arc<Shared<T>>);

impl<T> Runner<T> {
    fn run(self, check: &impl Fn() -> T) {
        loop {
            let (number, began) = (self.0.requests().last, Instant::now());
            let found = (Arc::new(check()), began);
            self.0.outcome.send_modify(|outcome| {
                // What was recorded meanwhile is newer.
                if outcome.latest.as_ref().is_none_or(|(_, other)| *other <= began) {
                    outcome.latest = Some(found);
                }
                (outcome.answered, outcome.has_panicked) = (number, false);
            });
            let mut requests = self.0.requests();
            if requests.last == number {
                requests.is_running = false;
                return;
            }
        }
    }
}

impl<T> Drop for Runner<T> {
    /// After a panic all callers get an error, and the next call starts a new check.
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        let mut requests = self.0.requests();
        requests.is_running = false;
        let number = requests.last;
        self.0.outcome.send_modify(|outcome| {
            (outcome.answered, outcome.has_panicked) = (number, true);
        });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;

    use super::*;

    const SHORT: Duration = Duration::from_millis(20);
    const LONG: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn a_check_that_hangs_is_one_thread_and_the_last_result_stays() {
        let probe = SharedProbe::default();
        let checks = Arc::new(AtomicUsize::new(0));
        let (release, held) = mpsc::channel::<()>();
        let held = Arc::new(Mutex::new(held));
        let check = || {
            let (checks, held) = (Arc::clone(&checks), Arc::clone(&held));
            move || {
                let number = checks.fetch_add(1, Ordering::SeqCst) + 1;
                if number == 2 {
                    held.lock().map(|held| held.recv().ok()).ok();
                }
                number
            }
        };
        let first = probe.run(LONG, check()).await.unwrap();
        assert_eq!((*first.value, first.is_fresh), (1, true));
        let late: Vec<_> = (0..40).map(|_| probe.run(SHORT, check())).collect();
        for late in futures_util::future::join_all(late).await {
            let late = late.unwrap();
            assert_eq!((*late.value, late.is_fresh), (1, false));
        }
        assert_eq!(checks.load(Ordering::SeqCst), 2);
        drop(release);
        let fresh = probe.run(LONG, check()).await.unwrap();
        assert!(fresh.is_fresh && *fresh.value > 2, "a check that began later: {fresh:?}");
    }

    #[tokio::test]
    async fn a_recent_result_needs_no_check_and_the_newest_stays() {
        let probe = SharedProbe::default();
        assert!(probe.latest(LONG).is_none(), "no check yet");
        let (begun, begins) = mpsc::channel();
        let (release, held) = mpsc::channel::<()>();
        let held = Mutex::new(held);
        let check = move || {
            begun.send(()).expect("the test waits");
            held.lock().map(|held| held.recv().ok()).ok();
            1
        };
        assert!(probe.run(SHORT, check).await.is_err(), "it hangs");
        begins.recv().unwrap();
        probe.record(2);
        assert_eq!(*probe.latest(LONG).unwrap().value, 2);
        drop(release);
        let mut outcome = probe.0.outcome.subscribe();
        outcome.wait_for(|outcome| outcome.answered == 1).await.unwrap();
        assert_eq!(*probe.latest(LONG).unwrap().value, 2, "the check began earlier");
        assert!(probe.latest(Duration::ZERO).is_none());
    }

    #[tokio::test]
    async fn a_panic_is_an_error_and_the_next_call_checks_again() {
        let probe = SharedProbe::default();
        let checks = Arc::new(AtomicUsize::new(0));
        let check = || {
            let checks = Arc::clone(&checks);
            move || assert!(checks.fetch_add(1, Ordering::SeqCst) > 0, "on purpose")
        };
        assert_eq!(probe.run(LONG, check()).await.unwrap_err(), BlockingError::Panicked);
        assert!(probe.run(LONG, check()).await.unwrap().is_fresh);
    }
}
