//! Following the site: a round soon after each commit, and what else keeps a mirror healthy.

use std::time::Duration;

use tokio::time::Instant;
use tracing::debug;

use super::error::SyncError;
use super::handle::Request;
use super::handshake::Link;
use super::initial_copy;
use super::mirror::{Mirror, Woken};
use super::round;
use super::server_stats;
use super::status::{RoundKind, State};
use crate::pg::PgError;

/// Changes are gathered for this long, so that a burst is one round.
const GATHER: Duration = Duration::from_millis(40);
/// The pause after a round is this many times what it took: under a flood of changes rounds grow
/// instead of coming more often, and PostgreSQL and this host keep most of their time.
const REST_FACTOR: u32 = 2;
const REST_MAX: Duration = Duration::from_secs(3);
/// Marks from which a round counts as loading.
const BIG_ROUND: u64 = 5_000;
/// How often a holder shows that it is alive.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// How often the server's own facts are asked for.
const FACTS_EVERY: Duration = Duration::from_secs(60);
/// How often both sides are compared of their own accord.
const RECONCILE_EVERY: Duration = Duration::from_secs(7 * 24 * 3600);

/// When what is due.
struct Agenda {
    beat: Instant,
    facts: Instant,
    reconcile: Instant,
    /// No round before.
    rested: Instant,
}

impl Mirror {
    /// Follows until it is stopped or something fails.
    pub(super) fn follow(&mut self, mut link: Link) -> Result<(), SyncError> {
        let now = Instant::now();
        let mut agenda = Agenda {
            beat: now + HEARTBEAT,
            facts: now,
            reconcile: now + self.until_reconcile(&mut link)?,
            rested: now,
        };
        // Marks of rounds whose end this store never heard of.
        self.round(&mut link, &mut agenda)?;
        initial_copy::validate(&mut link.session)?;
        loop {
            self.shared.enter(State::Live, self.now(), None);
            self.serve(&mut link, &mut agenda)?;
            let now = Instant::now();
            if now >= agenda.facts {
                let facts = server_stats::read(&mut link.session)?;
                self.shared.update(|status| status.facts = facts);
                agenda.facts = now + FACTS_EVERY;
            }
            if now >= agenda.reconcile {
                self.compare(&mut link, true)?;
                agenda.reconcile = Instant::now() + RECONCILE_EVERY;
                continue;
            }
            self.recovered();
            if self.is_behind(&link) {
                self.note_behind();
                match self.wait(agenda.rested.max(now + GATHER), false) {
                    Woken::Stop => return self.leave(link),
                    Woken::Request => {}
                    Woken::Time | Woken::Commit => self.round(&mut link, &mut agenda)?,
                }
                continue;
            }
            if now >= agenda.beat {
                beat(&mut link, &mut agenda)?;
            }
            let due = agenda.beat.min(agenda.facts).min(agenda.reconcile);
            if self.wait(due, true) == Woken::Stop {
                return self.leave(link);
            }
        }
    }

    fn is_behind(&self, link: &Link) -> bool {
        let last_commit = self.engine.read().last_commit();
        last_commit.seq > link.claim.applied_seq || last_commit.next_audit > link.claim.next_audit
    }

    /// A round, or at least a look whether everything is as this run left it.
    fn look_and_send(&mut self, link: &mut Link, agenda: &mut Agenda) -> Result<(), SyncError> {
        let last_commit = self.engine.read().last_commit();
        let lacks = |link: &Link| {
            link.claim.applied_seq < last_commit.seq
                || link.claim.next_audit < last_commit.next_audit
        };
        if !lacks(link) {
            return beat(link, agenda);
        }
        while lacks(link) {
            self.round(link, agenda)?;
        }
        Ok(())
    }

    /// Sends what is marked.
    fn round(&mut self, link: &mut Link, agenda: &mut Agenda) -> Result<(), SyncError> {
        let snapshot = self.engine.read();
        let marks = snapshot.dirty_count()?;
        if marks == 0 && !self.is_behind(link) {
            return Ok(());
        }
        if marks >= BIG_ROUND {
            let activity = format!("Sending {marks} changed entities to PostgreSQL.");
            self.shared.enter(State::Loading, self.now(), Some(activity));
        }
        let start = Instant::now();
        let applied =
            round::run(&mut link.session, &link.claim, &snapshot).inspect_err(|error| {
                self.is_suspicious = error.pg().is_some_and(PgError::is_constraint_violation);
            })?;
        drop(snapshot);
        let took = start.elapsed();
        debug!(seq = applied.seq, rows = applied.rows, duration_ms = took.as_millis(), "Round");
        self.confirm(link, RoundKind::Changes, applied, start)?;
        let now = Instant::now();
        agenda.rested = now + (took * REST_FACTOR).min(REST_MAX);
        agenda.beat = now + HEARTBEAT;
        Ok(())
    }

    /// Does what was asked. What fails is put back, and answered by whoever handles the failure.
    fn serve(&mut self, link: &mut Link, agenda: &mut Agenda) -> Result<(), SyncError> {
        while let Some(request) = self.next_request() {
            let done = match &request {
                Request::Compare { repair, .. } => self.compare(link, *repair).map(Some),
                Request::Now(_) => self.look_and_send(link, agenda).map(|()| None),
                // Settled when the next connection is made.
                Request::TakeOver(_) | Request::Adopt(_) | Request::Stop => {
                    Err(SyncError::Changed("an operator asked for another state"))
                }
            };
            match done {
                Ok(reconciled) => {
                    // Who asked must not be told of what was wrong before.
                    self.shared.update(|status| status.trouble = None);
                    request.fulfil(reconciled);
                }
                Err(error) => {
                    self.pending.insert(0, request);
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    fn until_reconcile(&self, link: &mut Link) -> Result<Duration, SyncError> {
        let mut tx = link.session.begin()?;
        let remote = super::sync_state::read(&mut tx, link.claim.identity.site_id)?;
        tx.commit()?;
        let last = remote.and_then(|remote| remote.reconciled_at);
        let Some(last) = last else { return Ok(Duration::ZERO) };
        let age_us = u64::try_from(self.now().0 - last.0).unwrap_or_default();
        Ok(RECONCILE_EVERY.saturating_sub(Duration::from_micros(age_us)))
    }

    /// Lets the site go: a clean end.
    fn leave(&self, mut link: Link) -> Result<(), SyncError> {
        let released = link.session.begin().and_then(|mut tx| {
            link.claim.release(&mut tx)?;
            tx.commit()
        });
        if let Err(error) = released {
            debug!(%error, "The site could not be released; the next holder waits a little");
        }
        Ok(())
    }
}

/// Shows that this run is alive, and looks whether the site is still its own.
fn beat(link: &mut Link, agenda: &mut Agenda) -> Result<(), SyncError> {
    let mut tx = link.session.begin()?;
    link.claim.beat(&mut tx)?;
    tx.commit()?;
    agenda.beat = Instant::now() + HEARTBEAT;
    Ok(())
}
