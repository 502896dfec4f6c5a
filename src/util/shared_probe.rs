//! Looks at something that may hang: one at a time, shared by all who ask, the last one kept.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::blocking::Unanswered;

/// Whoever asks gets what a look saw that began after the question, or, when it does not return in
/// time, what the last one saw. A look that hangs holds one thread, however many ask.
pub struct Observer<T>(Arc<Shared<T>>);

/// What was seen.
#[derive(Debug)]
pub struct Observed<T> {
    pub value: Arc<T>,
    /// Since that look began.
    pub age: Duration,
    /// False when the look that was asked for has not returned.
    pub is_fresh: bool,
}

struct Shared<T> {
    /// Held for moments.
    wanted: Mutex<Wanted>,
    told: watch::Sender<Told<T>>,
}

#[derive(Default)]
struct Wanted {
    /// Grows with each question.
    number: u64,
    /// Whether a thread looks, and will look again for questions that came meanwhile.
    is_looking: bool,
}

struct Told<T> {
    /// The last question that is answered.
    number: u64,
    last: Option<(Arc<T>, Instant)>,
    has_panicked: bool,
}

impl<T> Clone for Observer<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Default for Observer<T> {
    fn default() -> Self {
        let (told, _) = watch::channel(Told { number: 0, last: None, has_panicked: false });
        Self(Arc::new(Shared { wanted: Mutex::default(), told }))
    }
}

impl<T: Send + Sync + 'static> Observer<T> {
    /// What `look` sees, waiting for it up to `limit`. All who ask must look at the same thing.
    ///
    /// # Errors
    /// [`Unanswered`], when no look has ever returned or this one panicked.
    pub async fn ask(
        &self,
        limit: Duration,
        look: impl Fn() -> T + Send + 'static,
    ) -> Result<Observed<T>, Unanswered> {
        let shared = &self.0;
        let mut told = shared.told.subscribe();
        let (number, is_first) = {
            let mut wanted = shared.wanted();
            wanted.number += 1;
            (wanted.number, !std::mem::replace(&mut wanted.is_looking, true))
        };
        if is_first {
            let looker = Looker(Arc::clone(shared));
            drop(tokio::task::spawn_blocking(move || looker.look(&look)));
        }
        let answered = told.wait_for(|told| told.number >= number);
        let is_fresh = matches!(tokio::time::timeout(limit, answered).await, Ok(Ok(_)));
        let told = shared.told.borrow();
        if is_fresh && told.has_panicked {
            return Err(Unanswered::Panicked);
        }
        let (value, began) = told.last.clone().ok_or(Unanswered::Silent)?;
        Ok(Observed { value, age: began.elapsed(), is_fresh })
    }
}

impl<T> Observer<T> {
    /// What was seen last, if that look began within `age_max`; none is made.
    pub fn recent(&self, age_max: Duration) -> Option<Observed<T>> {
        let (value, began) = self.0.told.borrow().last.clone()?;
        let age = began.elapsed();
        (age <= age_max).then_some(Observed { value, age, is_fresh: true })
    }

    /// Takes note of what somebody saw now without being asked.
    pub fn note(&self, value: T) {
        let last = (Arc::new(value), Instant::now());
        self.0.told.send_modify(|told| told.last = Some(last));
    }
}

impl<T> Shared<T> {
    fn wanted(&self) -> MutexGuard<'_, Wanted> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The one thread that looks.
struct Looker<T>(Arc<Shared<T>>);

impl<T> Looker<T> {
    fn look(self, look: &impl Fn() -> T) {
        loop {
            let (number, began) = (self.0.wanted().number, Instant::now());
            let seen = (Arc::new(look()), began);
            self.0.told.send_modify(|told| {
                // What was noted meanwhile is newer.
                if told.last.as_ref().is_none_or(|(_, other)| *other <= began) {
                    told.last = Some(seen);
                }
                (told.number, told.has_panicked) = (number, false);
            });
            let mut wanted = self.0.wanted();
            if wanted.number == number {
                wanted.is_looking = false;
                return;
            }
        }
    }
}

impl<T> Drop for Looker<T> {
    /// After a panic, whoever asked is told, and the next question begins anew.
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        let mut wanted = self.0.wanted();
        wanted.is_looking = false;
        let number = wanted.number;
        self.0.told.send_modify(|told| (told.number, told.has_panicked) = (number, true));
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
    async fn a_look_that_hangs_is_one_thread_and_the_last_answer_stays() {
        let observer = Observer::default();
        let looks = Arc::new(AtomicUsize::new(0));
        let (release, held) = mpsc::channel::<()>();
        let held = Arc::new(Mutex::new(held));
        let look = || {
            let (looks, held) = (Arc::clone(&looks), Arc::clone(&held));
            move || {
                let number = looks.fetch_add(1, Ordering::SeqCst) + 1;
                if number == 2 {
                    held.lock().map(|held| held.recv().ok()).ok();
                }
                number
            }
        };
        let first = observer.ask(LONG, look()).await.unwrap();
        assert_eq!((*first.value, first.is_fresh), (1, true));
        let late: Vec<_> = (0..40).map(|_| observer.ask(SHORT, look())).collect();
        for late in futures_util::future::join_all(late).await {
            let late = late.unwrap();
            assert_eq!((*late.value, late.is_fresh), (1, false));
        }
        assert_eq!(looks.load(Ordering::SeqCst), 2);
        drop(release);
        let fresh = observer.ask(LONG, look()).await.unwrap();
        assert!(fresh.is_fresh && *fresh.value > 2, "a look of its own time: {fresh:?}");
    }

    #[tokio::test]
    async fn what_was_seen_lately_needs_no_look_and_the_newest_stays() {
        let observer = Observer::default();
        assert!(observer.recent(LONG).is_none(), "nobody looked yet");
        let (begun, begins) = mpsc::channel();
        let (release, held) = mpsc::channel::<()>();
        let held = Mutex::new(held);
        let look = move || {
            begun.send(()).expect("the test waits");
            held.lock().map(|held| held.recv().ok()).ok();
            1
        };
        assert!(observer.ask(SHORT, look).await.is_err(), "it hangs");
        begins.recv().unwrap();
        observer.note(2);
        assert_eq!(*observer.recent(LONG).unwrap().value, 2);
        drop(release);
        let mut told = observer.0.told.subscribe();
        told.wait_for(|told| told.number == 1).await.unwrap();
        assert_eq!(*observer.recent(LONG).unwrap().value, 2, "the look began earlier");
        assert!(observer.recent(Duration::ZERO).is_none());
    }

    #[tokio::test]
    async fn a_panic_is_told_and_the_next_question_looks_again() {
        let observer = Observer::default();
        let looks = Arc::new(AtomicUsize::new(0));
        let look = || {
            let looks = Arc::clone(&looks);
            move || assert!(looks.fetch_add(1, Ordering::SeqCst) > 0, "on purpose")
        };
        assert_eq!(observer.ask(LONG, look()).await.unwrap_err(), Unanswered::Panicked);
        assert!(observer.ask(LONG, look()).await.unwrap().is_fresh);
    }
}
