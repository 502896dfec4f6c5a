//! How often one that cannot follow is tried again.

use std::time::Duration;

use tokio::time::Instant;

/// The wait after the second miss. The first one has none: a client whose network stalled once goes on at once.
const WAIT_MIN: Duration = Duration::from_millis(500);
/// The longest wait: what a page shows is never older by more than this because of it.
const WAIT_MAX: Duration = Duration::from_secs(8);
/// Doublings from the shortest wait to the longest.
const DOUBLINGS_MAX: u32 = 4;
/// Time without a miss after which the wait is halved.
const RECOVERY: Duration = Duration::from_secs(15);

/// Doubles a wait with each miss, and halves it while there is none.
#[derive(Debug)]
pub(super) struct Pace {
    /// Misses that are not forgotten yet.
    misses: u32,
    missed_at: Instant,
    /// From when on a miss is forgotten.
    forgets_at: Instant,
}

impl Pace {
    pub(super) fn new(now: Instant) -> Self {
        Self { misses: 0, missed_at: now, forgets_at: now + RECOVERY }
    }

    pub(super) fn miss(&mut self, now: Instant) {
        self.misses = (self.misses + 1).min(DOUBLINGS_MAX + 2);
        (self.missed_at, self.forgets_at) = (now, now + RECOVERY);
    }

    /// Forgets a miss if there was none for some time.
    pub(super) fn settle(&mut self, now: Instant) {
        if now >= self.forgets_at {
            self.misses = self.misses.saturating_sub(1);
            self.forgets_at = now + RECOVERY;
        }
    }

    pub(super) fn wait(&self) -> Duration {
        match self.misses.checked_sub(2) {
            None => Duration::ZERO,
            Some(doublings) => (WAIT_MIN * 2_u32.pow(doublings)).min(WAIT_MAX),
        }
    }

    /// Whether the wait since the last miss is over.
    pub(super) fn is_due(&self, now: Instant) -> bool {
        now >= self.missed_at + self.wait()
    }

    /// Whether all misses are forgotten.
    pub(super) fn is_settled(&self) -> bool {
        self.misses == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_with_each_miss_and_is_halved_in_quiet_times() {
        let begin = Instant::now();
        let at = |seconds: u64| begin + Duration::from_secs(seconds);
        let mut pace = Pace::new(begin);
        let mut waits = Vec::new();
        for second in 0..8 {
            pace.miss(at(second));
            waits.push(pace.wait().as_millis());
        }
        assert_eq!(waits, [0, 500, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000]);
        assert!(!pace.is_due(at(14)) && pace.is_due(at(15)));
        let mut waits = Vec::new();
        for second in 8..=120 {
            pace.settle(at(second));
            waits.push(pace.wait().as_millis());
        }
        waits.dedup();
        assert_eq!(waits, [8_000, 4_000, 2_000, 1_000, 500, 0]);
        assert!(pace.is_settled());
    }
}
