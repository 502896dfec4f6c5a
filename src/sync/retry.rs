//! What follows an error: another attempt at once, an attempt after a pause, or a halt until an
//! operator has acted.

use std::time::Duration;

use tokio::time::Instant;
use tracing::{error, info, warn};

use super::backoff::Backoff;
use super::error::{Obstacle, SyncError};
use super::mirror::{Mirror, WakeReason};
use super::status::{LastError, SyncState};
use crate::domain::Timestamp;
use crate::pg::{Explanation, PgError};
use crate::util::jitter;

/// While the mirror waits, it probes the server this often without logging in: it notices soon when
/// the server is back, and does not burden one that is starting.
const PROBE_INTERVAL: Duration = Duration::from_secs(1);
const PROBE_TIMEOUT: Duration = Duration::from_secs(1);
/// A halted mirror tries again this often: a change in PostgreSQL may have removed the obstacle.
const HALT_RETRY_INTERVAL: Duration = Duration::from_secs(30);

impl Mirror {
    /// Returns when it is time for another attempt. `was_claimed` tells whether this run held the
    /// site.
    pub(super) fn handle_error(&mut self, error: SyncError, was_claimed: bool) {
        if !matches!(error, SyncError::Changed(_)) {
            self.metrics.count_error();
        }
        let Backoff { attempts, has_reconnected, .. } = &mut self.backoff;
        let is_first = *attempts == 0 && !*has_reconnected;
        let reconnects = match &error {
            SyncError::Changed(_) => was_claimed || is_first,
            // Servers, poolers and firewalls end idle sessions: pending requests need not fail.
            error => was_claimed && is_first && error.pg().is_some_and(PgError::is_connection_lost),
        };
        match error {
            SyncError::Stopped(obstacle) => {
                self.backoff = Backoff::default();
                self.halt(obstacle);
            }
            error if reconnects => {
                info!("Reconnecting to PostgreSQL: {error}");
                *has_reconnected = true;
            }
            error => {
                // A server that is starting up is ready soon.
                let is_starting_up = error.pg().is_some_and(PgError::is_starting_up);
                *attempts = if is_starting_up { 1 } else { attempts.saturating_add(1) };
                self.back_off(&error, was_claimed);
            }
        }
    }

    /// Everything that was due is done: forgets earlier errors.
    pub(super) fn clear_errors(&mut self) {
        let Backoff { attempts, .. } = std::mem::take(&mut self.backoff);
        if attempts > 0 {
            info!(attempts, "Sync has recovered");
        }
        self.shared.update(|status| status.last_error = None);
    }

    /// Waits until an operator asks for something, or until the obstacle may be gone.
    fn halt(&mut self, obstacle: Obstacle) {
        let known = self.shared.get().obstacle;
        if known.as_ref() != Some(&obstacle) {
            error!(remedy = %obstacle.remedy, "Sync is stopped: {obstacle}");
        }
        for request in std::mem::take(&mut self.pending) {
            request.fail(|| SyncError::Stopped(obstacle.clone()));
        }
        self.shared.enter(SyncState::Stopped, self.now(), None);
        self.shared.update(|status| {
            status.obstacle = Some(obstacle);
            status.last_error = None;
        });
        let until = Instant::now() + HALT_RETRY_INTERVAL;
        while self.wait(until, true) == WakeReason::Commit {
            self.set_behind();
        }
    }

    /// Waits before the next attempt. The pause grows with each error, and ends early when the
    /// server is back or when somebody asks for something.
    fn back_off(&mut self, error: &SyncError, was_claimed: bool) {
        let explanation = self.explanation(error);
        for request in std::mem::take(&mut self.pending) {
            request.fail(|| SyncError::Waiting(explanation.clone()));
        }
        let pause = self.backoff.pause(was_claimed, jitter());
        if self.backoff.logged.as_ref() != Some(&explanation) {
            let remedy = explanation.remedy.as_deref().map(tracing::field::display);
            let retry_in_s = pause.as_secs_f64();
            warn!(retry_in_s, remedy, "Sync is waiting: {}", explanation.message);
        }
        self.backoff.logged = Some(explanation.clone());
        self.set_last_error(explanation, pause);
        self.shared.enter(SyncState::Waiting, self.now(), None);
        let until = Instant::now() + pause;
        let mut next_probe = Instant::now() + PROBE_INTERVAL;
        let (mut was_unreachable, mut is_behind) = (false, false);
        loop {
            // After the first commit, more of them must not delay the probes.
            match self.wait(until.min(next_probe), !is_behind) {
                WakeReason::Request | WakeReason::Stop => return,
                WakeReason::Commit => {
                    self.set_behind();
                    is_behind = true;
                }
                WakeReason::Time => {}
            }
            let now = Instant::now();
            if now >= until {
                return;
            }
            if now >= next_probe {
                let is_reachable = self.options.database.config.is_reachable(PROBE_TIMEOUT);
                if was_unreachable && is_reachable {
                    // A server that refused something has not changed because one probe failed.
                    if !error.pg().is_some_and(PgError::is_answer) {
                        self.backoff = Backoff::default();
                    }
                    return;
                }
                was_unreachable = !is_reachable;
                next_probe = Instant::now() + PROBE_INTERVAL;
            }
        }
    }

    fn explanation(&self, error: &SyncError) -> Explanation {
        let mut explanation = error.explanation();
        if let Some(reason) = &self.address_error {
            explanation.message =
                format!("{}; the previous address is still in use: {reason}", explanation.message);
        }
        explanation
    }

    fn set_last_error(&mut self, explanation: Explanation, pause: Duration) {
        let now = self.now();
        let attempts = self.backoff.attempts;
        let since = *self.backoff.since.get_or_insert(now);
        let pause_us = i64::try_from(pause.as_micros()).unwrap_or(i64::MAX);
        self.shared.update(|status| {
            status.last_error = Some(LastError {
                explanation,
                since,
                at: now,
                attempts,
                next_attempt_at: Some(Timestamp(now.0.saturating_add(pause_us))),
            });
        });
    }
}
