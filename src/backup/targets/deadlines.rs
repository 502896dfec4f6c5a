//! How long things may take, and when a failed one is tried again.

use std::time::Duration;

/// How long a target may make no progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// For one step of a transfer: a part of 8 MiB sent and acknowledged, or the next bytes read.
    pub step: Duration,
    /// For a call without a large body: a listing's next page, a deletion, the start of an upload.
    pub call: Duration,
}

/// Five minutes take an uplink of half a megabit a second two parts at a time.
pub(super) const STEP: Duration = Duration::from_secs(300);

/// For a connection: a host that is there answers at once, also across an ocean.
pub(super) const CONNECT: Duration = Duration::from_secs(10);

/// Far longer than three attempts of the store take.
const CALL: Duration = Duration::from_secs(90);

/// The first retry of a failed copy: most faults of a network are over by then.
const RETRY_FIRST: Duration = Duration::from_secs(60);

/// The longest wait between two tries: a target that is back after a weekend gets its copies within
/// a quarter of a day.
const RETRY_LONGEST: Duration = Duration::from_secs(6 * 60 * 60);

/// The part of a wait that is drawn, so that the appliances of a region do not all come at once.
const JITTER: f64 = 0.25;

impl Default for Deadlines {
    fn default() -> Self {
        Self { step: STEP, call: CALL }
    }
}

/// Returns how long to wait before the next try after `attempts` failed ones: a minute, doubled
/// each time, up to six hours, of which `jitter` (0 to 1, drawn by the caller) takes off up to a
/// quarter.
#[must_use]
pub fn next_attempt(attempts: u32, jitter: f64) -> Duration {
    let doubled = 2_u32.checked_pow(attempts.saturating_sub(1));
    let wait = doubled.and_then(|factor| RETRY_FIRST.checked_mul(factor));
    let wait = wait.map_or(RETRY_LONGEST, |wait| wait.min(RETRY_LONGEST));
    let jitter = if (0.0..=1.0).contains(&jitter) { jitter } else { 0.0 };
    wait.mul_f64(1.0 - JITTER * jitter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_six_hours() {
        let check = |attempts, jitter, seconds| {
            assert_eq!(next_attempt(attempts, jitter), Duration::from_secs(seconds));
        };
        for (attempts, minutes) in [(0, 1), (1, 1), (2, 2), (3, 4), (9, 256), (10, 360)] {
            check(attempts, 0.0, minutes * 60);
        }
        check(u32::MAX, 0.0, 6 * 60 * 60);
        check(1, 1.0, 45);
        check(1, 7.0, 60);
        check(1, f64::NAN, 60);
    }
}
