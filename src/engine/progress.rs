//! Whether the engine works on something long or is stuck: what it does now, and for how long it may.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// One batch of commands, one question: the largest reset of a site takes seconds on a slow host.
pub(super) const TURN: Duration = Duration::from_secs(60);
/// A commit with its fsync, the copy of a store, a site put in place of another: as long as a slow
/// disk takes for some hundred megabytes. Nothing tells how far these are.
pub(super) const LONG_STEP: Duration = Duration::from_secs(600);
/// A step of the loading: some thousand records.
pub(super) const SHORT_STEP: Duration = Duration::from_secs(30);

/// Shared by the engine, which notes what it begins, and those who judge it.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress(Arc<Mutex<Option<Instant>>>);

impl Progress {
    /// Begins something that takes up to `allowed`.
    pub(super) fn begin(&self, allowed: Duration) {
        self.set(Some(Instant::now() + allowed));
    }

    /// Waits for work.
    pub(super) fn rest(&self) {
        self.set(None);
    }

    /// Whether what was begun may still take its time.
    pub(super) fn is_under_way(&self) -> bool {
        let until = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        until.is_some_and(|until| Instant::now() < until)
    }

    fn set(&self, until: Option<Instant>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = until;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_longer_than_it_may_is_stuck() {
        let progress = Progress::default();
        assert!(!progress.is_under_way(), "who rests answers at once");
        progress.begin(LONG_STEP);
        assert!(progress.is_under_way());
        progress.begin(Duration::ZERO);
        assert!(!progress.is_under_way());
        progress.begin(TURN);
        progress.rest();
        assert!(!progress.is_under_way());
    }
}
