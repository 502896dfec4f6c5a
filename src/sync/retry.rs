//! What follows a failure: another attempt at once, after a pause, or when an operator has acted.

use std::time::Duration;

use tokio::time::Instant;
use tracing::{error, info, warn};

use super::error::{Obstacle, SyncError};
use super::mirror::{Mirror, Woken};
use super::status::{State, Trouble};
use crate::domain::Timestamp;
use crate::pg::{Explanation, PgError};
use crate::util::jitter;

/// First pause after a failure; doubled with each further one.
const BACKOFF_MIN: Duration = Duration::from_secs(1);
const BACKOFF_MAX: Duration = Duration::from_secs(60);
/// Longest pause of a run that held the site: its sign of life in PostgreSQL must not grow as old as
/// that of a dead one (`sync_state::ALIVE_S`), or another appliance takes the site over.
const BACKOFF_MAX_HOLDING: Duration = Duration::from_secs(15);
/// While waiting, the server is asked for a sign of life this often, without logging in: one that
/// comes back is noticed soon, and one that has trouble is not bothered.
const PROBE_EVERY: Duration = Duration::from_secs(1);
const PROBE_TIMEOUT: Duration = Duration::from_secs(1);
/// An obstacle may go away by what somebody does in PostgreSQL.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// The failures since everything that was due could be done.
#[derive(Default)]
pub(super) struct Failures {
    count: u32,
    /// One was followed by another attempt at once.
    is_anew: bool,
    /// The first of them.
    since: Option<Timestamp>,
    /// The last of them, as it was logged.
    what: Option<Explanation>,
}

impl Failures {
    pub(super) fn are_none(&self) -> bool {
        self.count == 0
    }
}

impl Mirror {
    /// Returns when it is time for another attempt. `was_linked` tells whether there was a connection
    /// that may write the site.
    pub(super) fn failed(&mut self, error: SyncError, was_linked: bool) {
        let Failures { count, is_anew, .. } = &mut self.failures;
        let is_first = *count == 0 && !*is_anew;
        let begins_anew = match &error {
            SyncError::Changed(_) => was_linked || is_first,
            // Servers, poolers and firewalls end idle sessions: who asked need not know.
            error => was_linked && is_first && error.pg().is_some_and(PgError::is_connection_lost),
        };
        match error {
            SyncError::Stopped(obstacle) => {
                self.failures = Failures::default();
                self.stand_still(obstacle);
            }
            error if begins_anew => {
                info!("Reconnecting to PostgreSQL: {error}");
                *is_anew = true;
            }
            error => {
                // A server that recovers says so, and is soon done.
                let is_starting_up = error.pg().is_some_and(PgError::is_starting_up);
                *count = if is_starting_up { 1 } else { count.saturating_add(1) };
                self.back_off(&error, was_linked);
            }
        }
    }

    /// Everything that was due could be done.
    pub(super) fn recovered(&mut self) {
        let Failures { count, .. } = std::mem::take(&mut self.failures);
        if count > 0 {
            info!(attempts = count, "The mirror works again");
        }
        self.shared.update(|status| status.trouble = None);
    }

    /// Waits for an operator, or for the obstacle to go away.
    fn stand_still(&mut self, obstacle: Obstacle) {
        let known = self.shared.get().obstacle;
        if known.as_ref() != Some(&obstacle) {
            error!(remedy = %obstacle.remedy, "Sync is stopped: {obstacle}");
        }
        for request in std::mem::take(&mut self.pending) {
            request.refuse(|| SyncError::Stopped(obstacle.clone()));
        }
        self.shared.enter(State::Stopped, self.now(), None);
        self.shared.update(|status| {
            status.obstacle = Some(obstacle);
            status.trouble = None;
        });
        let until = Instant::now() + LOOK_AGAIN;
        while self.wait(until, true) == Woken::Commit {
            self.note_behind();
        }
    }

    /// Waits before the next attempt: longer after each failure, but not longer than it takes
    /// until the server can be reached again, or until somebody asks for something.
    fn back_off(&mut self, error: &SyncError, was_linked: bool) {
        let what = self.explained(error);
        for request in std::mem::take(&mut self.pending) {
            request.refuse(|| SyncError::Waiting(what.clone()));
        }
        let longest = if was_linked { BACKOFF_MAX_HOLDING } else { BACKOFF_MAX };
        let pause = pause(self.failures.count, jitter()).min(longest);
        if self.failures.what.as_ref() != Some(&what) {
            let remedy = what.remedy.as_deref().map(tracing::field::display);
            let retry_in_s = pause.as_secs_f64();
            warn!(retry_in_s, remedy, "The mirror waits: {}", what.message);
        }
        self.failures.what = Some(what.clone());
        self.note_trouble(what, pause);
        self.shared.enter(State::Waiting, self.now(), None);
        let until = Instant::now() + pause;
        let mut probe = Instant::now() + PROBE_EVERY;
        let (mut was_away, mut is_noted) = (false, false);
        loop {
            // One commit is enough to know; a flood of them must not keep the probes from their time.
            match self.wait(until.min(probe), !is_noted) {
                Woken::Request | Woken::Stop => return,
                Woken::Commit => {
                    self.note_behind();
                    is_noted = true;
                }
                Woken::Time => {}
            }
            let now = Instant::now();
            if now >= until {
                return;
            }
            if now >= probe {
                let is_there = self.options.database.target.is_reachable(PROBE_TIMEOUT);
                if was_away && is_there {
                    // A server that refused something is no different for being slow for a moment.
                    if !error.pg().is_some_and(PgError::is_answer) {
                        self.failures = Failures::default();
                    }
                    return;
                }
                was_away = !is_there;
                probe = Instant::now() + PROBE_EVERY;
            }
        }
    }

    fn explained(&self, error: &SyncError) -> Explanation {
        let mut what = error.explanation();
        if let Some(fault) = &self.address_fault {
            what.message = format!("{}; the address read before is in use: {fault}", what.message);
        }
        what
    }

    fn note_trouble(&mut self, what: Explanation, pause: Duration) {
        let now = self.now();
        let attempts = self.failures.count;
        let since = *self.failures.since.get_or_insert(now);
        let pause_us = i64::try_from(pause.as_micros()).unwrap_or(i64::MAX);
        self.shared.update(|status| {
            status.trouble = Some(Trouble {
                what,
                since,
                at: now,
                attempts,
                next_attempt_at: Some(Timestamp(now.0.saturating_add(pause_us))),
            });
        });
    }
}

/// The pause before the next attempt: between half of it and all of it, so that many appliances
/// do not come back at the same moment.
fn pause(failures: u32, jitter: f64) -> Duration {
    let doubled = BACKOFF_MIN.saturating_mul(1 << failures.saturating_sub(1).min(6));
    doubled.min(BACKOFF_MAX).mul_f64(0.5 + jitter / 2.0).max(BACKOFF_MIN)
}

#[cfg(test)]
mod tests {
    use super::super::sync_state::ALIVE_S;
    use super::*;

    #[test]
    fn pauses_grow_to_a_minute_with_jitter() {
        let check = |failures, jitter, expected_s: f64| {
            let found = pause(failures, jitter).as_secs_f64();
            assert!((found - expected_s).abs() < 1e-9, "{failures} {jitter}: {found}");
        };
        check(1, 0.0, 1.0);
        check(1, 1.0, 1.0);
        check(2, 1.0, 2.0);
        check(2, 0.0, 1.0);
        check(5, 1.0, 16.0);
        check(7, 1.0, 60.0);
        check(u32::MAX, 1.0, 60.0);
        check(u32::MAX, 0.0, 30.0);
        assert!(BACKOFF_MAX_HOLDING.as_secs_f64() <= ALIVE_S / 2.0);
    }
}
