//! The status of the mirror, for everyone who asks.

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use uuid::Uuid;

use super::error::Obstacle;
use super::server_stats::ServerStats;
use crate::domain::Timestamp;
use crate::pg::{Comparison, Explanation};
use crate::query::KnownAuditHead;

/// Rounds in the status: two minutes of steady change.
pub const ROUNDS_KEPT: usize = 120;

/// The state of the mirror.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncState {
    /// There is no mirror.
    Off,
    /// The first attempt has not ended yet.
    Connecting,
    /// A copy or a comparison of the whole site is running.
    Loading,
    /// Connected; each change follows soon after its commit.
    Live,
    /// PostgreSQL is unreachable or refuses something; another attempt follows.
    Waiting,
    /// An operator has to act.
    Stopped,
}

impl SyncState {
    /// The value in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Connecting => "connecting",
            Self::Loading => "loading",
            Self::Live => "live",
            Self::Waiting => "waiting",
            Self::Stopped => "stopped",
        }
    }
}

/// What a round was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoundKind {
    First,
    Changes,
    Reconcile,
}

impl RoundKind {
    pub(super) const ALL: [Self; 3] = [Self::First, Self::Changes, Self::Reconcile];

    /// The value in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Changes => "changes",
            Self::Reconcile => "reconcile",
        }
    }
}

/// One committed round.
#[derive(Clone, Copy, Debug)]
pub struct Round {
    pub at: Timestamp,
    pub kind: RoundKind,
    pub seq: u64,
    pub rows: u64,
    pub duration_ms: f64,
    /// The part of it for building keys and indexes, in an initial copy that dropped them.
    pub indexes_ms: Option<f64>,
}

/// The current error; cleared by the next success.
#[derive(Clone, Debug)]
pub struct LastError {
    pub explanation: Explanation,
    /// When the first error since the last success occurred.
    pub since: Timestamp,
    pub at: Timestamp,
    pub attempts: u32,
    pub next_attempt_at: Option<Timestamp>,
}

/// A comparison of both sides and the repair that followed it.
#[derive(Clone, Copy, Debug)]
pub struct Reconciliation {
    pub at: Timestamp,
    pub duration_ms: f64,
    pub comparison: Comparison,
    /// Rows in PostgreSQL that were brought to the local state.
    pub repaired: u64,
}

/// A comparison of the audit rows that both sides have, by their hashes.
#[derive(Clone, Debug, Default)]
pub struct AuditComparison {
    pub at: Timestamp,
    /// Rows in PostgreSQL, from the oldest local one on.
    pub compared: u64,
    /// Rows that are not the same, or only in PostgreSQL.
    pub difference_count: u64,
    /// The first 20 of them: the row, and what is wrong.
    pub differences: Vec<(u64, String)>,
    /// Local rows that PostgreSQL had and has no longer.
    pub missing_there: u64,
    pub first_missing_there: Option<u64>,
}

/// The status of the mirror.
#[derive(Clone, Debug)]
pub struct SyncStatus {
    pub state: SyncState,
    /// When it entered this state.
    pub since: Timestamp,
    /// Whether PostgreSQL's state is replacing the local one.
    pub is_adopting: bool,
    /// What it is doing, where the state alone does not tell.
    pub activity: Option<String>,
    pub obstacle: Option<Obstacle>,
    /// The database's address with secrets masked.
    pub database: Option<String>,
    pub instance_id: Option<Uuid>,
    pub epoch: Option<u64>,
    /// The commit whose state PostgreSQL holds.
    pub applied_seq: Option<u64>,
    /// When the oldest change that PostgreSQL lacks was committed.
    pub behind_since: Option<Timestamp>,
    /// Newest last.
    pub rounds: VecDeque<Round>,
    pub last_error: Option<LastError>,
    pub last_reconcile: Option<Reconciliation>,
    pub last_audit_comparison: Option<AuditComparison>,
    /// The newest audit row that PostgreSQL had when this run began to follow it.
    pub audit_head: Option<KnownAuditHead>,
    pub server_stats: Option<ServerStats>,
    /// How long PostgreSQL took for the last heartbeat, one small transaction; `None` while it is not connected.
    pub latency: Option<Duration>,
}

impl SyncStatus {
    fn new(state: SyncState, now: Timestamp) -> Self {
        Self {
            state,
            since: now,
            is_adopting: false,
            activity: None,
            obstacle: None,
            database: None,
            instance_id: None,
            epoch: None,
            applied_seq: None,
            behind_since: None,
            rounds: VecDeque::new(),
            last_error: None,
            last_reconcile: None,
            last_audit_comparison: None,
            audit_head: None,
            server_stats: None,
            latency: None,
        }
    }
}

/// The status, which only the mirror's thread writes.
#[derive(Clone)]
pub(super) struct SharedStatus(Arc<RwLock<SyncStatus>>);

impl SharedStatus {
    pub(super) fn new(state: SyncState, now: Timestamp) -> Self {
        Self(Arc::new(RwLock::new(SyncStatus::new(state, now))))
    }

    /// Returns a copy. Nothing can panic while the lock is held.
    pub(super) fn get(&self) -> SyncStatus {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn state(&self) -> SyncState {
        self.0.read().unwrap_or_else(PoisonError::into_inner).state
    }

    pub(super) fn is_adopting(&self) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).is_adopting
    }

    pub(super) fn update(&self, change: impl FnOnce(&mut SyncStatus)) {
        change(&mut self.0.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// Enters a state; `since` changes only with the state.
    pub(super) fn enter(&self, state: SyncState, now: Timestamp, activity: Option<String>) {
        self.update(|status| {
            if status.state != state {
                status.since = now;
            }
            if !matches!(state, SyncState::Live | SyncState::Loading) {
                status.latency = None;
            }
            status.state = state;
            status.is_adopting = false;
            status.activity = activity;
            if state != SyncState::Stopped {
                status.obstacle = None;
            }
        });
    }
}
