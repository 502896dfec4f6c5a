//! How other parts of the program ask the mirror.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::error::SyncError;
use super::metrics::SyncMetrics;
use super::request::{ReplyTo, SyncRequest};
use super::status::{AuditComparison, Reconciliation, SharedStatus, SyncState, SyncStatus};
use crate::domain::Timestamp;
use crate::pg::ConnectionControl;
use crate::util::metrics::Metric;

/// Requests that may wait: they come from operators, not in bulk from programs.
pub(super) const REQUESTS_MAX: usize = 16;

/// A handle of the mirror. Cheap to clone.
#[derive(Clone)]
pub struct SyncHandle {
    pub(super) shared: SharedStatus,
    pub(super) metrics: Arc<SyncMetrics>,
    /// `None` without a mirror.
    pub(super) requests: Option<mpsc::Sender<SyncRequest>>,
    pub(super) control: ConnectionControl,
}

impl SyncHandle {
    /// The handle where there is no mirror.
    pub fn off(now: Timestamp) -> Self {
        Self {
            shared: SharedStatus::new(SyncState::Off, now),
            metrics: Arc::default(),
            requests: None,
            control: ConnectionControl::default(),
        }
    }

    pub fn status(&self) -> SyncStatus {
        self.shared.get()
    }

    /// The state alone, which is cheaper than [`SyncHandle::status`].
    pub fn state(&self) -> SyncState {
        self.shared.state()
    }

    /// The rounds, for monitoring systems; nothing without a mirror.
    pub fn metrics(&self) -> Vec<Metric> {
        if self.requests.is_some() { self.metrics.read() } else { Vec::new() }
    }

    /// Whether PostgreSQL's state is replacing the local one.
    pub fn is_adopting(&self) -> bool {
        self.shared.is_adopting()
    }

    /// Returns once everything that was committed before the call is in PostgreSQL.
    ///
    /// # Errors
    /// [`SyncError::Off`], [`SyncError::Waiting`], [`SyncError::Stopped`].
    pub async fn sync_now(&self) -> Result<(), SyncError> {
        self.ask(SyncRequest::SyncNow).await
    }

    /// Compares both sides row by row; with `repair` brings PostgreSQL to the local state.
    ///
    /// # Errors
    /// As [`SyncHandle::sync_now`].
    pub async fn compare(&self, repair: bool) -> Result<Reconciliation, SyncError> {
        self.ask(|reply_to| SyncRequest::Compare { repair, reply_to }).await
    }

    /// Compares the audit rows that both sides have, by their hashes.
    ///
    /// # Errors
    /// As [`SyncHandle::sync_now`].
    pub async fn compare_audit(&self) -> Result<AuditComparison, SyncError> {
        self.ask(SyncRequest::CompareAudit).await
    }

    /// Makes this appliance the one that writes the site; its state wins.
    ///
    /// # Errors
    /// As [`SyncHandle::sync_now`].
    pub async fn take_over(&self) -> Result<(), SyncError> {
        self.ask(SyncRequest::TakeOver).await
    }

    /// Replaces the local state by PostgreSQL's; the local store is copied to the quarantine.
    ///
    /// # Errors
    /// As [`SyncHandle::sync_now`], and [`SyncError::NothingToAdopt`].
    pub async fn adopt(&self) -> Result<(), SyncError> {
        self.ask(SyncRequest::Adopt).await
    }

    /// Stops the mirror after its current round.
    pub async fn stop(&self) {
        if let Some(requests) = &self.requests {
            // The queue is closed if the mirror has stopped already.
            requests.send(SyncRequest::Stop).await.ok();
        }
    }

    /// Stops the mirror at once; PostgreSQL rolls the current round back.
    pub fn abort(&self) {
        self.control.abort();
    }

    async fn ask<T>(
        &self,
        request: impl FnOnce(ReplyTo<T>) -> SyncRequest,
    ) -> Result<T, SyncError> {
        let requests = self.requests.as_ref().ok_or(SyncError::Off)?;
        let (reply_to, reply) = oneshot::channel();
        requests.send(request(reply_to)).await.map_err(|_| SyncError::Ended)?;
        reply.await.map_err(|_| SyncError::Ended)?
    }
}
