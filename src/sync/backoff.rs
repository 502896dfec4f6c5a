//! The pauses between attempts.

use std::time::Duration;

use crate::domain::Timestamp;
use crate::pg::Explanation;

/// The first pause after an error; doubled with each further error.
const PAUSE_MIN: Duration = Duration::from_secs(1);
const PAUSE_MAX: Duration = Duration::from_secs(60);
/// Longest pause of a run that held the site: its heartbeat must not become so old that another
/// appliance takes the site over (`sync_state::ALIVE_S`).
const PAUSE_MAX_HOLDING: Duration = Duration::from_secs(15);

/// The errors since the mirror last completed everything that was due.
#[derive(Default)]
pub(super) struct Backoff {
    pub(super) attempts: u32,
    /// Whether one of them was followed by another attempt at once.
    pub(super) has_reconnected: bool,
    /// When the first of them occurred.
    pub(super) since: Option<Timestamp>,
    /// The last one that was logged.
    pub(super) logged: Option<Explanation>,
}

impl Backoff {
    /// The pause before the next attempt, with `jitter` from 0 to 1. It is between half of its
    /// maximum and all of it, so that several appliances do not return at the same time.
    pub(super) fn pause(&self, was_holding: bool, jitter: f64) -> Duration {
        let longest = if was_holding { PAUSE_MAX_HOLDING } else { PAUSE_MAX };
        pause(self.attempts, jitter).min(longest)
    }
}

fn pause(attempts: u32, jitter: f64) -> Duration {
    let doubled = PAUSE_MIN.saturating_mul(1 << attempts.saturating_sub(1).min(6));
    doubled.min(PAUSE_MAX).mul_f64(0.5 + jitter / 2.0).max(PAUSE_MIN)
}

#[cfg(test)]
mod tests {
    use super::super::sync_state::ALIVE_S;
    use super::*;

    #[test]
    fn pauses_grow_to_a_minute_with_jitter() {
        let check = |attempts, jitter, expected_s: f64| {
            let found = pause(attempts, jitter).as_secs_f64();
            assert!((found - expected_s).abs() < 1e-9, "{attempts} {jitter}: {found}");
        };
        check(1, 0.0, 1.0);
        check(1, 1.0, 1.0);
        check(2, 1.0, 2.0);
        check(2, 0.0, 1.0);
        check(5, 1.0, 16.0);
        check(7, 1.0, 60.0);
        check(u32::MAX, 1.0, 60.0);
        check(u32::MAX, 0.0, 30.0);
        assert!(PAUSE_MAX_HOLDING.as_secs_f64() <= ALIVE_S / 2.0);
    }
}
