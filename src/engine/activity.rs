//! What the engine is doing, and whether it takes longer than it may.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// A batch of commands or a task between two batches: replacing the largest site takes seconds on a
/// slow host.
const TASK_TIME_MAX: Duration = Duration::from_secs(60);
/// A commit with its fsync, the copy of a store, the replacement of a site: as long as a slow disk
/// takes for some hundred megabytes. Nothing reports how far these are.
pub(super) const LONG_STEP_TIME_MAX: Duration = Duration::from_secs(600);
/// A step of loading: some thousand records.
pub(super) const SHORT_STEP_TIME_MAX: Duration = Duration::from_secs(30);

/// What the engine is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EngineActivity {
    /// It waits for requests.
    Idle,
    /// It works; requests that wait are carried out afterwards.
    Busy(EngineTask),
    /// Its current step takes longer than it may.
    Stuck(EngineTask),
    /// Its thread has ended.
    Ended,
}

/// What the engine is working on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EngineTask {
    /// A noun, such as `a restore`.
    pub what: &'static str,
    pub elapsed: Duration,
}

/// The engine's current task. Clones share it: the engine writes it, its handles read it.
#[derive(Clone, Debug, Default)]
pub(super) struct ActivityMonitor(Arc<Mutex<Option<CurrentTask>>>);

#[derive(Debug)]
struct CurrentTask {
    what: &'static str,
    started_at: Instant,
    /// When the current step has to be over.
    step_deadline: Instant,
}

impl ActivityMonitor {
    /// Starts a task, whose first step may take [`TASK_TIME_MAX`].
    pub(super) fn start_task(&self, what: &'static str) {
        let started_at = Instant::now();
        let step_deadline = started_at + TASK_TIME_MAX;
        *self.lock() = Some(CurrentTask { what, started_at, step_deadline });
    }

    /// Starts the next step of the task, which may take `time_max`. Does nothing without a task: while
    /// the site is loaded at the start, there is no handle to read the activity.
    pub(super) fn start_step(&self, time_max: Duration) {
        if let Some(task) = self.lock().as_mut() {
            task.step_deadline = Instant::now() + time_max;
        }
    }

    /// Ends the task: the engine waits for requests.
    pub(super) fn end_task(&self) {
        *self.lock() = None;
    }

    pub(super) fn activity(&self) -> EngineActivity {
        let now = Instant::now();
        match self.lock().as_ref() {
            None => EngineActivity::Idle,
            Some(CurrentTask { what, started_at, step_deadline }) => {
                let elapsed = now.saturating_duration_since(*started_at);
                let task = EngineTask { what, elapsed };
                if now < *step_deadline {
                    EngineActivity::Busy(task)
                } else {
                    EngineActivity::Stuck(task)
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<CurrentTask>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_that_exceeds_its_time_is_stuck() {
        let monitor = ActivityMonitor::default();
        let check = |expected: &str| {
            let activity = format!("{:?}", monitor.activity());
            assert!(activity.starts_with(expected), "{activity} is not {expected}");
        };
        monitor.start_step(LONG_STEP_TIME_MAX);
        check("Idle");
        monitor.start_task("a restore");
        check("Busy(EngineTask { what: \"a restore\"");
        monitor.start_step(Duration::ZERO);
        check("Stuck(EngineTask { what: \"a restore\"");
        monitor.start_step(SHORT_STEP_TIME_MAX);
        check("Busy");
        monitor.end_task();
        check("Idle");
    }
}
