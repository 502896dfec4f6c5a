//! Following the site: a round soon after each commit, heartbeats, statistics and weekly
//! comparisons.

use std::time::Duration;

use tokio::time::Instant;
use tracing::debug;

use super::error::SyncError;
use super::mirror::{Mirror, WakeReason};
use super::request::{SyncAnswer, SyncRequest};
use super::status::{RoundKind, SyncState};
use super::sync_state::{self, ClaimedSession};
use super::{initial_copy, round, server_stats};
use crate::pg::PgError;

/// Changes are collected for this long, so that a burst is one round.
const COLLECT_TIME: Duration = Duration::from_millis(40);
/// The pause after a round is this many times its duration. Under many changes rounds grow instead
/// of becoming more frequent, and PostgreSQL and this host keep most of their time.
const PAUSE_FACTOR: u32 = 2;
const PAUSE_MAX: Duration = Duration::from_secs(3);
/// Marks from which on a round is shown as loading.
const BIG_ROUND_MARKS: u64 = 5_000;
const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(10);
const STATS_INTERVAL: Duration = Duration::from_secs(60);
const RECONCILE_INTERVAL: Duration = Duration::from_secs(7 * 24 * 3600);

/// When each task is due.
struct DueTimes {
    heartbeat: Instant,
    stats: Instant,
    reconcile: Instant,
    /// The earliest time of the next round.
    round: Instant,
}

impl Mirror {
    /// Follows the site until the mirror is stopped or something fails.
    pub(super) fn follow(&mut self, mut claimed: ClaimedSession) -> Result<(), SyncError> {
        let now = Instant::now();
        let mut due = DueTimes {
            heartbeat: now + HEARTBEAT_INTERVAL,
            stats: now,
            reconcile: now + self.time_until_reconcile(&mut claimed)?,
            round: now,
        };
        // There may be marks of rounds whose COMMIT was not confirmed.
        self.make_round(&mut claimed, &mut due)?;
        initial_copy::validate(&mut claimed.session)?;
        loop {
            self.shared.enter(SyncState::Live, self.now(), None);
            self.answer_requests(&mut claimed, &mut due)?;
            let now = Instant::now();
            if now >= due.stats {
                let stats = server_stats::read(&mut claimed.session)?;
                self.shared.update(|status| status.server_stats = stats);
                due.stats = now + STATS_INTERVAL;
            }
            if now >= due.reconcile {
                self.compare(&mut claimed, true)?;
                due.reconcile = Instant::now() + RECONCILE_INTERVAL;
                continue;
            }
            self.clear_errors();
            if self.is_behind(&claimed) {
                self.set_behind();
                match self.wait(due.round.max(now + COLLECT_TIME), false) {
                    WakeReason::Stop => return self.release(claimed),
                    WakeReason::Request => {}
                    WakeReason::Time | WakeReason::Commit => {
                        self.make_round(&mut claimed, &mut due)?;
                    }
                }
                continue;
            }
            if now >= due.heartbeat {
                self.heartbeat(&mut claimed, &mut due)?;
            }
            let next = due.heartbeat.min(due.stats).min(due.reconcile);
            if self.wait(next, true) == WakeReason::Stop {
                return self.release(claimed);
            }
        }
    }

    fn is_behind(&self, claimed: &ClaimedSession) -> bool {
        let last_commit = self.engine.read().last_commit();
        let claim = &claimed.claim;
        last_commit.seq > claim.applied_seq || last_commit.next_audit > claim.next_audit
    }

    /// Sends everything that was committed before; if there is nothing, checks that this run still
    /// holds the site.
    fn sync_now(
        &mut self,
        claimed: &mut ClaimedSession,
        due: &mut DueTimes,
    ) -> Result<(), SyncError> {
        let last_commit = self.engine.read().last_commit();
        let is_behind = |claimed: &ClaimedSession| {
            claimed.claim.applied_seq < last_commit.seq
                || claimed.claim.next_audit < last_commit.next_audit
        };
        if !is_behind(claimed) {
            return self.heartbeat(claimed, due);
        }
        while is_behind(claimed) {
            self.make_round(claimed, due)?;
        }
        Ok(())
    }

    /// Sends what is marked.
    fn make_round(
        &mut self,
        claimed: &mut ClaimedSession,
        due: &mut DueTimes,
    ) -> Result<(), SyncError> {
        let snapshot = self.engine.read();
        let marks = snapshot.dirty_count()?;
        if marks == 0 && !self.is_behind(claimed) {
            return Ok(());
        }
        if marks >= BIG_ROUND_MARKS {
            let activity = format!("Sending {marks} changed entities to PostgreSQL.");
            self.shared.enter(SyncState::Loading, self.now(), Some(activity));
        }
        let start = Instant::now();
        // Constraints fail only for rows that UNOC did not write: the local site satisfies them
        // all.
        let applied =
            round::run(&mut claimed.session, &claimed.claim, &snapshot).inspect_err(|error| {
                self.needs_comparison = error.pg().is_some_and(PgError::is_constraint_violation);
            })?;
        drop(snapshot);
        let took = start.elapsed();
        debug!(seq = applied.seq, rows = applied.rows, duration_ms = took.as_millis(), "Round");
        self.confirm(claimed, RoundKind::Changes, applied, start)?;
        let now = Instant::now();
        due.round = now + (took * PAUSE_FACTOR).min(PAUSE_MAX);
        due.heartbeat = now + HEARTBEAT_INTERVAL;
        Ok(())
    }

    /// Carries out the pending requests. A request that fails is put back: the error is handled and
    /// answered elsewhere.
    fn answer_requests(
        &mut self,
        claimed: &mut ClaimedSession,
        due: &mut DueTimes,
    ) -> Result<(), SyncError> {
        while let Some(request) = self.next_request() {
            let result = match &request {
                SyncRequest::Compare { repair, .. } => {
                    let compared = self.compare(claimed, *repair);
                    if *repair && compared.is_ok() {
                        due.reconcile = Instant::now() + RECONCILE_INTERVAL;
                    }
                    compared.map(SyncAnswer::Rows)
                }
                SyncRequest::CompareAudit(_) => self.compare_audit(claimed).map(SyncAnswer::Audit),
                SyncRequest::SyncNow(_) => self.sync_now(claimed, due).map(|()| SyncAnswer::Done),
                // The next handshake carries them out.
                SyncRequest::TakeOver(_) | SyncRequest::Adopt(_) | SyncRequest::Stop => {
                    Err(SyncError::Changed("an operator asked for another state"))
                }
            };
            match result {
                Ok(answer) => {
                    // Before the answer: its receiver must not read an earlier error.
                    self.shared.update(|status| status.last_error = None);
                    request.succeed(answer);
                }
                Err(error) => {
                    self.pending.insert(0, request);
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    fn time_until_reconcile(&self, claimed: &mut ClaimedSession) -> Result<Duration, SyncError> {
        let mut tx = claimed.session.begin()?;
        let remote = sync_state::read(&mut tx, claimed.claim.identity.site_id)?;
        tx.commit()?;
        let last = remote.and_then(|remote| remote.reconciled_at);
        let Some(last) = last else { return Ok(Duration::ZERO) };
        let age_us = u64::try_from(self.now().0 - last.0).unwrap_or_default();
        Ok(RECONCILE_INTERVAL.saturating_sub(Duration::from_micros(age_us)))
    }

    /// Gives the claim up when the mirror stops.
    fn release(&self, mut claimed: ClaimedSession) -> Result<(), SyncError> {
        let released = claimed.session.begin().and_then(|mut tx| {
            claimed.claim.release(&mut tx)?;
            tx.commit()
        });
        if let Err(error) = released {
            debug!(%error, "The claim on the site was not released; the next holder has to wait");
        }
        Ok(())
    }

    /// Records that this run is alive, and checks that it still holds the site.
    fn heartbeat(&self, claimed: &mut ClaimedSession, due: &mut DueTimes) -> Result<(), SyncError> {
        let begun = Instant::now();
        let mut tx = claimed.session.begin()?;
        claimed.claim.heartbeat(&mut tx)?;
        tx.commit()?;
        let now = Instant::now();
        self.shared.update(|status| status.latency = Some(now - begun));
        due.heartbeat = now + HEARTBEAT_INTERVAL;
        Ok(())
    }
}
