//! Waiting for conditions, never for a time.

use std::time::{Duration, Instant};

/// Far longer than anything here takes, also on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks at a condition that cannot wake anybody.
const LOOK_EVERY: Duration = Duration::from_millis(5);

#[expect(clippy::disallowed_methods, reason = "deadlines and durations of tests, in one place")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Looks until `condition` gives something.
#[track_caller]
pub(crate) fn until<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let end = now() + PATIENCE;
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(now() < end, "waited in vain: {what}");
        std::thread::park_timeout(LOOK_EVERY);
    }
}
