//! Whether the engine works on something long or is stuck: what it does now, and for how long it may.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// One batch of commands, one question: the largest reset of a site takes seconds on a slow host.
pub(super) const TURN: Duration = Duration::from_secs(60);
/// A commit with its fsync, the copy of a store, a site put in place of another: as long as a slow
/// disk takes for some hundred megabytes. Nothing tells how far these are.
pub(super) const LONG_STEP: Duration = Duration::from_secs(600);
/// A step of the loading: some thousand records.
pub(super) const SHORT_STEP: Duration = Duration::from_secs(30);

/// What the engine does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EngineActivity {
    /// It waits for work.
    Idle,
    /// It works, and what waits behind is carried out afterwards.
    Busy(EngineTask),
    /// It has not come further for longer than the step may take.
    Stuck(EngineTask),
    /// Its thread has ended.
    Ended,
}

/// What is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EngineTask {
    /// A noun, such as `a restore`.
    pub what: &'static str,
    pub elapsed: Duration,
}

/// Shared by the engine, which notes what it begins, and those who judge it.
#[derive(Clone, Debug, Default)]
pub(super) struct Progress(Arc<Mutex<Option<Turn>>>);

#[derive(Debug)]
struct Turn {
    what: &'static str,
    began: Instant,
    /// When the step that runs now has to be over.
    until: Instant,
}

impl Progress {
    /// Begins something, whose first step takes up to `allowed`.
    pub(super) fn begin(&self, what: &'static str, allowed: Duration) {
        let began = Instant::now();
        *self.turn() = Some(Turn { what, began, until: began + allowed });
    }

    /// Begins the next step of it, which takes up to `allowed`. Before the engine serves, nobody
    /// asks and nothing is noted.
    pub(super) fn step(&self, allowed: Duration) {
        if let Some(turn) = self.turn().as_mut() {
            turn.until = Instant::now() + allowed;
        }
    }

    /// Waits for work.
    pub(super) fn rest(&self) {
        *self.turn() = None;
    }

    pub(super) fn activity(&self) -> EngineActivity {
        let now = Instant::now();
        match self.turn().as_ref() {
            None => EngineActivity::Idle,
            Some(Turn { what, began, until }) => {
                let work = EngineTask { what, elapsed: now.saturating_duration_since(*began) };
                if now < *until { EngineActivity::Busy(work) } else { EngineActivity::Stuck(work) }
            }
        }
    }

    fn turn(&self) -> MutexGuard<'_, Option<Turn>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_takes_longer_than_it_may_is_stuck() {
        let progress = Progress::default();
        let check = |expected: &str| {
            let activity = format!("{:?}", progress.activity());
            assert!(activity.starts_with(expected), "{activity} is not {expected}");
        };
        progress.step(LONG_STEP);
        check("Idle");
        progress.begin("a restore", SHORT_STEP);
        check("Busy(EngineTask { what: \"a restore\"");
        progress.step(Duration::ZERO);
        check("Stuck(EngineTask { what: \"a restore\"");
        progress.step(SHORT_STEP);
        check("Busy");
        progress.rest();
        check("Idle");
    }
}
