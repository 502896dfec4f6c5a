//! The mirror: what its thread owns, and what each of its steps uses.

use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use tracing::info;

use super::backoff::Backoff;
use super::claim_decision::ClaimOverride;
use super::error::SyncError;
use super::metrics::SyncMetrics;
use super::request::SyncRequest;
use super::round::Applied;
use super::status::{ROUNDS_KEPT, Round, RoundKind, SharedStatus};
use super::sync_state::{Claim, ClaimedSession, RemoteState, RunIdentity};
use crate::domain::Timestamp;
use crate::engine::{Clock, EngineHandle};
use crate::pg::{ConnectionControl, PgConfig};
use crate::store::MirrorState;

/// The options of the mirror.
pub struct SyncOptions {
    pub database: MirrorDatabase,
    /// Reads the address again before each attempt, so that a changed password needs no restart.
    /// The error says why it cannot be used; the previous address then stays in use.
    pub reload_database: Box<dyn Fn() -> Result<MirrorDatabase, String> + Send>,
    pub site_name: String,
    /// Host name and data directory.
    pub holder: String,
    pub clock: Clock,
}

/// The database that holds the mirror.
#[derive(Clone)]
pub struct MirrorDatabase {
    pub config: PgConfig,
    /// The address with its secrets masked.
    pub masked_url: String,
}

/// What the mirror's thread owns.
pub(super) struct Mirror {
    pub(super) options: SyncOptions,
    pub(super) engine: EngineHandle,
    pub(super) shared: SharedStatus,
    pub(super) metrics: Arc<SyncMetrics>,
    pub(super) identity: RunIdentity,
    /// The sequence number of the last commit.
    pub(super) seqs: watch::Receiver<u64>,
    pub(super) requests: mpsc::Receiver<SyncRequest>,
    /// Requests without an answer, oldest first. What an operator asked for is read from here
    /// alone: a request that was answered or abandoned has no effect.
    pub(super) pending: Vec<SyncRequest>,
    /// Requests that were carried out and are answered after the current handshake, whatever its
    /// result.
    pub(super) completed: Vec<SyncRequest>,
    /// For waiting and for asking the engine. PostgreSQL's client has its own.
    pub(super) runtime: tokio::runtime::Runtime,
    /// Whether the first attempt has not ended yet.
    pub(super) is_starting: bool,
    pub(super) seq_at_start: u64,
    /// PostgreSQL's state that cannot be adopted, and the rule that it breaks. It is not read again
    /// until it changes or an operator asks for it.
    pub(super) rejected_state: Option<(RemoteState, String)>,
    /// Whether the next connection compares all rows: the last round met rows that UNOC did not
    /// write.
    pub(super) needs_comparison: bool,
    pub(super) backoff: Backoff,
    /// Why the address could not be read again.
    pub(super) address_error: Option<String>,
    pub(super) is_stopping: bool,
    /// Ends a running call to PostgreSQL when the process has to end.
    pub(super) control: ConnectionControl,
}

/// What ended a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WakeReason {
    Time,
    /// There was a commit.
    Commit,
    /// A request is pending.
    Request,
    Stop,
}

impl Mirror {
    /// Waits for a request, until the given time or, with `for_commits`, for a commit.
    pub(super) fn wait(&mut self, until: Instant, for_commits: bool) -> WakeReason {
        if self.is_stopping {
            return WakeReason::Stop;
        }
        let Self { runtime, requests, seqs, .. } = self;
        let woken = runtime.block_on(async {
            tokio::select! {
                biased;
                request = requests.recv() => Ok(request),
                changed = seqs.changed(), if for_commits => {
                    // Without the engine there is nothing left to do.
                    if changed.is_ok() { Err(WakeReason::Commit) } else { Err(WakeReason::Stop) }
                }
                () = tokio::time::sleep_until(until) => Err(WakeReason::Time),
            }
        });
        match woken {
            Ok(Some(SyncRequest::Stop) | None) => {
                self.is_stopping = true;
                WakeReason::Stop
            }
            Ok(Some(request)) => {
                self.pending.push(request);
                WakeReason::Request
            }
            Err(WakeReason::Stop) => {
                self.is_stopping = true;
                WakeReason::Stop
            }
            Err(reason) => reason,
        }
    }

    /// The override of the first pending request that has one.
    pub(super) fn claim_override(&mut self) -> Option<ClaimOverride> {
        self.pending.retain(|request| !request.is_abandoned());
        self.pending.iter().find_map(SyncRequest::claim_override)
    }

    /// Takes the first pending request.
    pub(super) fn next_request(&mut self) -> Option<SyncRequest> {
        self.pending.retain(|request| !request.is_abandoned());
        if self.pending.is_empty() { None } else { Some(self.pending.remove(0)) }
    }

    /// Marks the pending requests with this override as carried out.
    pub(super) fn complete(&mut self, claim_override: ClaimOverride) {
        let is_done = |request: &mut SyncRequest| request.claim_override() == Some(claim_override);
        self.completed.extend(self.pending.extract_if(.., is_done));
    }

    /// Asks the engine and waits for its answer.
    pub(super) fn ask<T>(&self, question: impl Future<Output = T>) -> T {
        self.runtime.block_on(question)
    }

    pub(super) fn now(&self) -> Timestamp {
        self.options.clock.now()
    }

    /// Saves the mirror's state in the local store: from now on changes are marked for the mirror.
    pub(super) fn save_mirror_state(&self, state: MirrorState) -> Result<(), SyncError> {
        Ok(self.ask(self.engine.set_mirror(state))?)
    }

    /// The mirror's state for a site that this store has never sent.
    pub(super) fn new_mirror_state(&self) -> MirrorState {
        let RunIdentity { instance_id, session_id, .. } = self.identity;
        MirrorState { instance_id, session_id, epoch: 1, acknowledged_seq: 0, adopted: None }
    }

    /// After PostgreSQL's COMMIT: clears the marks up to the sequence number that it holds now, and
    /// adds the round to the status.
    pub(super) fn confirm(
        &mut self,
        claimed: &mut ClaimedSession,
        kind: RoundKind,
        applied: Applied,
        start: Instant,
    ) -> Result<(), SyncError> {
        claimed.claim.applied_seq = applied.seq;
        claimed.claim.next_audit = applied.next_audit;
        claimed.claim.counters = applied.counters;
        let duration_ms = start.elapsed().as_secs_f64() * 1000.0;
        self.ask(self.engine.clear_dirty(applied.seq))?;
        let at = self.now();
        let took_us = i64::try_from(start.elapsed().as_micros()).unwrap_or(i64::MAX);
        let is_behind = self.engine.read().seq() > applied.seq;
        let Applied { seq, rows, indexes_ms, .. } = applied;
        self.metrics.count_round(kind, start.elapsed(), rows);
        let round = Round { at, kind, seq, rows, duration_ms, indexes_ms };
        self.shared.update(|status| {
            status.applied_seq = Some(applied.seq);
            // The changes that are missing were committed after the round had begun.
            status.behind_since = is_behind.then_some(Timestamp(at.0.saturating_sub(took_us)));
            if status.rounds.len() == ROUNDS_KEPT {
                status.rounds.pop_front();
            }
            status.rounds.push_back(round);
            status.last_error = None;
        });
        Ok(())
    }

    /// Shows the claim in the status.
    pub(super) fn show_claim(&self, claim: &Claim) {
        self.shared.update(|status| {
            status.instance_id = Some(claim.identity.instance_id);
            status.epoch = Some(claim.epoch);
            status.applied_seq = Some(claim.applied_seq);
        });
    }

    /// Sets since when PostgreSQL lacks changes, if it lacked none before.
    pub(super) fn set_behind(&self) {
        let now = self.now();
        self.shared.update(|status| {
            status.behind_since.get_or_insert(now);
        });
    }

    /// Logs a new connection, unless it is the next of several attempts.
    pub(super) fn log_connected(&self, claim: &Claim, reason: &str) {
        if self.backoff.attempts > 0 {
            return;
        }
        info!(
            site.id = %claim.identity.site_id,
            sync.epoch = claim.epoch,
            sync.applied_seq = claim.applied_seq,
            "Mirroring into {}: {reason}",
            self.options.database.masked_url
        );
    }
}
