//! What the mirror says of itself, for everyone who asks.

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError, RwLock};

use uuid::Uuid;

use super::error::Obstacle;
use super::server_stats::Facts;
use crate::domain::Timestamp;
use crate::pg::{Comparison, Explanation};

/// Rounds that are remembered: two minutes of steady change.
pub const ROUNDS_KEPT: usize = 120;

/// The state in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// There is no mirror.
    Off,
    /// No attempt has ended yet.
    Connecting,
    /// A copy of everything, or a comparison, is under way.
    Loading,
    /// Connected and following.
    Live,
    /// PostgreSQL is away or refuses something; another attempt follows.
    Waiting,
    /// An operator has to act.
    Stopped,
}

impl State {
    /// The word on the wire.
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

/// Why a round was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoundKind {
    First,
    Changes,
    Reconcile,
}

impl RoundKind {
    /// The word on the wire.
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
    /// Of that: making keys and indexes again, in a first copy that could set them aside.
    pub indexes_ms: Option<f64>,
}

/// The last thing that went wrong, until something goes right.
#[derive(Clone, Debug)]
pub struct Trouble {
    pub what: Explanation,
    /// The first of these failures in a row.
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

/// Everything that the mirror says of itself.
#[derive(Clone, Debug)]
pub struct Status {
    pub state: State,
    /// Since when it is in this state.
    pub since: Timestamp,
    /// PostgreSQL's state is being put in place of the local one.
    pub is_adopting: bool,
    /// What is going on, where the state alone does not tell.
    pub activity: Option<String>,
    pub obstacle: Option<Obstacle>,
    /// The database's address with secrets masked.
    pub database: Option<String>,
    pub instance_id: Option<Uuid>,
    pub epoch: Option<u64>,
    /// PostgreSQL holds the state after this commit.
    pub applied_seq: Option<u64>,
    /// When the oldest change that is not there was made.
    pub behind_since: Option<Timestamp>,
    /// Newest last.
    pub rounds: VecDeque<Round>,
    pub trouble: Option<Trouble>,
    pub last_reconcile: Option<Reconciliation>,
    pub facts: Option<Facts>,
}

impl Status {
    fn new(state: State, now: Timestamp) -> Self {
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
            trouble: None,
            last_reconcile: None,
            facts: None,
        }
    }
}

/// The status, written by the mirror's thread alone.
#[derive(Clone)]
pub(super) struct Shared(Arc<RwLock<Status>>);

impl Shared {
    pub(super) fn new(state: State, now: Timestamp) -> Self {
        Self(Arc::new(RwLock::new(Status::new(state, now))))
    }

    /// A copy. The lock is held for that copy alone; nobody can panic meanwhile.
    pub(super) fn get(&self) -> Status {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn state(&self) -> State {
        self.0.read().unwrap_or_else(PoisonError::into_inner).state
    }

    pub(super) fn is_adopting(&self) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).is_adopting
    }

    pub(super) fn update(&self, change: impl FnOnce(&mut Status)) {
        change(&mut self.0.write().unwrap_or_else(PoisonError::into_inner));
    }

    /// Enters a state; `since` is kept when it is the same one.
    pub(super) fn enter(&self, state: State, now: Timestamp, activity: Option<String>) {
        self.update(|status| {
            if status.state != state {
                status.since = now;
            }
            status.state = state;
            status.is_adopting = false;
            status.activity = activity;
            if state != State::Stopped {
                status.obstacle = None;
            }
        });
    }
}
