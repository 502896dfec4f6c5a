//! How everybody else asks the mirror.

use tokio::sync::{mpsc, oneshot};

use super::error::SyncError;
use super::status::{Reconciliation, Shared, State, Status};
use crate::domain::Timestamp;
use crate::pg::Watch;

/// Requests that may wait: operators press buttons, no program asks in bulk.
pub(super) const REQUESTS_MAX: usize = 16;

/// A way to the mirror. Cheap to clone.
#[derive(Clone)]
pub struct Handle {
    pub(super) shared: Shared,
    /// Absent without a mirror.
    pub(super) requests: Option<mpsc::Sender<Request>>,
    pub(super) watch: Watch,
}

pub(super) type Answer<T> = oneshot::Sender<Result<T, SyncError>>;

pub(super) enum Request {
    Now(Answer<()>),
    Compare { repair: bool, answer: Answer<Reconciliation> },
    TakeOver(Answer<()>),
    Adopt(Answer<()>),
    Stop,
}

impl Handle {
    /// A mirror that there is not.
    pub fn off(now: Timestamp) -> Self {
        Self { shared: Shared::new(State::Off, now), requests: None, watch: Watch::default() }
    }

    pub fn status(&self) -> Status {
        self.shared.get()
    }

    /// The state alone: cheaper.
    pub fn state(&self) -> State {
        self.shared.state()
    }

    /// Whether PostgreSQL's state is being put in place of the local one.
    pub fn is_adopting(&self) -> bool {
        self.shared.is_adopting()
    }

    /// Returns once everything that was committed before the call is in PostgreSQL.
    ///
    /// # Errors
    /// [`SyncError::Off`], [`SyncError::Waiting`], [`SyncError::Stopped`].
    pub async fn sync_now(&self) -> Result<(), SyncError> {
        self.ask(Request::Now).await
    }

    /// Compares both sides row by row; with `repair` brings PostgreSQL to the local state.
    ///
    /// # Errors
    /// As [`Handle::sync_now`].
    pub async fn compare(&self, repair: bool) -> Result<Reconciliation, SyncError> {
        self.ask(|answer| Request::Compare { repair, answer }).await
    }

    /// Makes this appliance the one that writes the site; its state wins.
    ///
    /// # Errors
    /// As [`Handle::sync_now`].
    pub async fn take_over(&self) -> Result<(), SyncError> {
        self.ask(Request::TakeOver).await
    }

    /// Puts PostgreSQL's state in place of the local one, which is kept in the quarantine.
    ///
    /// # Errors
    /// As [`Handle::sync_now`].
    pub async fn adopt(&self) -> Result<(), SyncError> {
        self.ask(Request::Adopt).await
    }

    /// Lets the mirror end, after the round that it is making.
    pub async fn stop(&self) {
        if let Some(requests) = &self.requests {
            // A closed queue means that it has ended already.
            requests.send(Request::Stop).await.ok();
        }
    }

    /// Ends it even in the middle of a round, which PostgreSQL then forgets.
    pub fn abort(&self) {
        self.watch.end();
    }

    async fn ask<T>(&self, request: impl FnOnce(Answer<T>) -> Request) -> Result<T, SyncError> {
        let requests = self.requests.as_ref().ok_or(SyncError::Off)?;
        let (answer, answered) = oneshot::channel();
        requests.send(request(answer)).await.map_err(|_| SyncError::Ended)?;
        answered.await.map_err(|_| SyncError::Ended)?
    }
}
