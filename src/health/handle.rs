//! The handle by which other layers read the checks and have them run.

use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::{mpsc, oneshot};

use super::error::HealthError;
use super::spec::CheckSpec;
use super::tracker::CheckState;
use crate::domain::Timestamp;

/// Requests that may wait; each only marks checks to be run.
pub(super) const QUEUE_LIMIT: usize = 64;

/// A check and what it says now.
#[derive(Clone, Debug)]
pub struct CheckStatus {
    pub spec: Arc<CheckSpec>,
    pub state: CheckState,
    /// Of the last reading; `None` if there was none, or what is checked does not work at all.
    pub value: Option<f64>,
    /// What the last reading said beside the value, or why there was none.
    pub message: Option<String>,
    /// When it entered this state; `None` until it was measured.
    pub since: Option<Timestamp>,
    /// When it was last measured.
    pub checked_at: Option<Timestamp>,
}

/// Every check, in the order of the table. Only the service writes.
#[derive(Clone)]
pub(super) struct CheckBoard(Arc<RwLock<Vec<CheckStatus>>>);

impl CheckBoard {
    pub(super) fn new(specs: impl Iterator<Item = Arc<CheckSpec>>) -> Self {
        let status = |spec| CheckStatus {
            spec,
            state: CheckState::Unknown,
            value: None,
            message: None,
            since: None,
            checked_at: None,
        };
        Self(Arc::new(RwLock::new(specs.map(status).collect())))
    }

    pub(super) fn all(&self) -> Vec<CheckStatus> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn get(&self, index: usize) -> Option<CheckStatus> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(index).cloned()
    }

    /// Nothing can panic while the lock is held.
    pub(super) fn update(&self, index: usize, change: impl FnOnce(&mut CheckStatus)) {
        let mut checks = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(status) = checks.get_mut(index) {
            change(status);
        }
    }
}

/// A request to run checks that begins after it was sent. Whoever waits is answered once all copies of
/// `done` are dropped.
pub(super) struct RunRequest {
    pub(super) index: Option<usize>,
    pub(super) done: Arc<oneshot::Sender<()>>,
}

/// Handle to the checks; clones share them.
#[derive(Clone)]
pub struct HealthHandle {
    pub(super) board: CheckBoard,
    pub(super) requests: mpsc::Sender<RunRequest>,
}

impl HealthHandle {
    /// Every check, in the order of the table.
    pub fn checks(&self) -> Vec<CheckStatus> {
        self.board.all()
    }

    /// Runs one check, or all of them, and returns what they say then. It takes as long as the slowest
    /// one, at most its deadline twice.
    ///
    /// # Errors
    /// [`HealthError::NotFound`], [`HealthError::Stopping`].
    pub async fn run(&self, id: Option<&str>) -> Result<Vec<CheckStatus>, HealthError> {
        let checks = self.checks();
        let index = match id {
            None => None,
            Some(id) => {
                let index = checks.iter().position(|check| check.spec.id == id);
                Some(index.ok_or(HealthError::NotFound)?)
            }
        };
        let (done, is_done) = oneshot::channel();
        let request = RunRequest { index, done: Arc::new(done) };
        self.requests.send(request).await.map_err(|_| HealthError::Stopping)?;
        // The sender is dropped without a word: also when the service stops.
        is_done.await.ok();
        if self.requests.is_closed() {
            return Err(HealthError::Stopping);
        }
        let checks = self.checks();
        Ok(match index {
            Some(index) => checks.into_iter().nth(index).into_iter().collect(),
            None => checks,
        })
    }
}
