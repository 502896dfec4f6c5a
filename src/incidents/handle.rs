//! The handle by which other layers report problems and change incidents.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::{broadcast, mpsc, oneshot};

use super::action::{IncidentAction, WindowPlan};
use super::book::IncidentBook;
use super::error::IncidentError;
use super::event::IncidentNews;
use super::report::ProblemReport;
use crate::domain::Timestamp;
use crate::engine::{EngineError, EngineHandle};
use crate::store::{Incident, MaintenanceWindow};

/// Requests that may wait. Each takes about as long as an fsync.
pub(super) const QUEUE_LIMIT: usize = 64;
/// News that a listener may lag behind before it has to read again.
pub(super) const NEWS_MAX: usize = 64;

/// Handle to the owner of the incidents; clones share its channel.
#[derive(Clone)]
pub struct IncidentsHandle {
    pub(super) requests: mpsc::Sender<BookRequest>,
    pub(super) news: broadcast::Sender<Arc<IncidentNews>>,
    pub(super) engine: EngineHandle,
}

/// Changes the book, and returns what answers the caller once it is known whether that is durable.
pub(super) type BookRequest = Box<dyn FnOnce(&mut IncidentBook, Timestamp) -> BookAnswer + Send>;

pub(super) type BookAnswer = Box<dyn FnOnce(Result<(), EngineError>) + Send>;

impl IncidentsHandle {
    /// Reports a problem. What is known already is not written again. Returns once it is durable.
    ///
    /// # Errors
    /// [`IncidentError::Full`]; [`IncidentError::Stopping`]; [`IncidentError::Engine`], after which the book
    /// is as before.
    pub async fn observe(&self, report: ProblemReport) -> Result<(), IncidentError> {
        self.change(move |book, now| book.observe(report, now)).await
    }

    /// Reports that a problem does not exist any longer.
    ///
    /// # Errors
    /// [`IncidentError::Stopping`]; [`IncidentError::Engine`], after which the book is as before.
    pub async fn clear(&self, key: impl Into<String>) -> Result<(), IncidentError> {
        let key = key.into();
        self.change(move |book, now| {
            book.clear(&key, now);
            Ok(())
        })
        .await
    }

    /// Reports all problems whose keys begin with `prefix`: others do not exist any longer.
    ///
    /// # Errors
    /// As [`IncidentsHandle::observe`]. With [`IncidentError::Full`], the others are recorded.
    pub async fn reconcile(
        &self,
        prefix: &'static str,
        reports: Vec<ProblemReport>,
    ) -> Result<(), IncidentError> {
        self.change(move |book, now| match book.reconcile(prefix, reports, now).len() {
            0 => Ok(()),
            refused => Err(IncidentError::Full { refused }),
        })
        .await
    }

    /// Reports all problems of the network, and how many more there are. Returns the keys of the reports
    /// that got no incident because there are too many.
    pub(super) async fn reconcile_network(
        &self,
        reports: Vec<ProblemReport>,
        unlisted: usize,
    ) -> Result<BTreeSet<String>, IncidentError> {
        self.change(move |book, now| Ok(book.reconcile_network(reports, unlisted, now))).await
    }

    /// Does what a person wants, and returns the incident as it is then.
    ///
    /// # Errors
    /// [`IncidentError::NotFound`], [`IncidentError::Closed`], [`IncidentError::StillActive`], and as
    /// [`IncidentsHandle::clear`].
    pub async fn act(&self, id: u64, action: IncidentAction) -> Result<Incident, IncidentError> {
        let engine = self.engine.clone();
        self.change(move |book, now| {
            let stored = engine.read().incident(id)?;
            book.act(id, action, stored, now)
        })
        .await?;
        self.engine.read().incident(id)?.ok_or(IncidentError::NotFound)
    }

    /// Plans maintenance.
    ///
    /// # Errors
    /// [`IncidentError::WindowOrder`], [`IncidentError::WindowOver`], [`IncidentError::WindowsFull`], and
    /// as [`IncidentsHandle::clear`].
    pub async fn add_window(
        &self,
        plan: WindowPlan,
    ) -> Result<Arc<MaintenanceWindow>, IncidentError> {
        self.change(move |book, now| book.add_window(plan, now)).await
    }

    /// Deletes a maintenance window, which ends it.
    ///
    /// # Errors
    /// [`IncidentError::WindowNotFound`], and as [`IncidentsHandle::clear`].
    pub async fn remove_window(&self, id: u64) -> Result<(), IncidentError> {
        self.change(move |book, now| book.remove_window(id, now)).await
    }

    /// Everything that happens from now on, once it is durable. A listener that falls behind receives an
    /// error and has to read again.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<IncidentNews>> {
        self.news.subscribe()
    }

    async fn change<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut IncidentBook, Timestamp) -> Result<T, IncidentError> + Send + 'static,
    ) -> Result<T, IncidentError> {
        let (answer, answered) = oneshot::channel();
        let request: BookRequest = Box::new(move |book, now| {
            let changed = change(book, now);
            Box::new(move |saved| {
                let result = changed.and_then(|value| Ok(saved.map(|()| value)?));
                // A caller that went away does not need its answer.
                answer.send(result).ok();
            })
        });
        self.requests.send(request).await.map_err(|_| IncidentError::Stopping)?;
        answered.await.map_err(|_| IncidentError::Stopping)?
    }
}
