//! The handle by which other layers report problems and change incidents.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::{broadcast, mpsc, oneshot};

use super::action::{IncidentAction, WindowPlan};
use super::book::IncidentBook;
use super::erasure::is_about;
use super::error::IncidentError;
use super::event::IncidentNews;
use super::metrics::OpenCounts;
use super::report::ProblemReport;
use crate::domain::{DeviceId, Timestamp};
use crate::engine::{EngineError, EngineHandle};
use crate::store::{Incident, IncidentState, MaintenanceWindow, Snapshot, StoreError};
use crate::util::metrics::Metric;
use crate::util::run_blocking;

/// Requests that may wait. Each takes about as long as an fsync.
pub(super) const QUEUE_LIMIT: usize = 64;
/// Incidents whose texts are erased in one write, of 2 MB at most.
const ERASED_AT_ONCE_MAX: usize = 50;
/// News that a listener may lag behind before it has to read again.
pub(super) const NEWS_MAX: usize = 64;

/// Handle to the owner of the incidents; clones share its channel.
#[derive(Clone)]
pub struct IncidentsHandle {
    pub(super) requests: mpsc::Sender<BookRequest>,
    pub(super) news: broadcast::Sender<Arc<IncidentNews>>,
    pub(super) open_counts: Arc<OpenCounts>,
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

    /// How many are open, for monitoring systems.
    pub fn metrics(&self) -> Metric {
        self.open_counts.read()
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

    /// Erases what people wrote about incidents and maintenance of these devices, and the reasons of
    /// overrides in what is known of the incidents; closed ones too. Returns how many incidents had any.
    ///
    /// # Errors
    /// [`IncidentError::Blocking`], and as [`IncidentsHandle::clear`]: some may be erased then.
    pub async fn erase_texts(&self, devices: Vec<DeviceId>) -> Result<usize, IncidentError> {
        let devices: Arc<BTreeSet<DeviceId>> = Arc::new(devices.into_iter().collect());
        let of_windows = Arc::clone(&devices);
        self.change(move |book, _| {
            book.erase_window_reasons(&of_windows);
            Ok(())
        })
        .await?;
        // What is written from now on follows the erasure.
        let snapshot = self.engine.read();
        let ids = run_blocking(move || ids_about(&snapshot, &devices)).await??;
        let mut count = 0;
        for ids in ids.chunks(ERASED_AT_ONCE_MAX) {
            let (ids, engine) = (ids.to_vec(), self.engine.clone());
            count += self
                .change(move |book, now| {
                    let mut count = 0;
                    for id in ids {
                        let stored = engine.read().incident(id)?;
                        count += usize::from(book.erase_texts(id, stored, now));
                    }
                    Ok(count)
                })
                .await?;
        }
        Ok(count)
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

    /// Tells listeners that something which is shown with these incidents has changed.
    pub fn announce(&self, incidents: Vec<Arc<Incident>>) {
        let news = IncidentNews { incidents, events: Vec::new(), has_windows: false };
        // There may be no listener.
        self.news.send(Arc::new(news)).ok();
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

/// All incidents about one of these devices.
fn ids_about(snapshot: &Snapshot, devices: &BTreeSet<DeviceId>) -> Result<Vec<u64>, StoreError> {
    let mut ids = Vec::new();
    for state in IncidentState::ALL {
        for incident in snapshot.incidents(state, None)? {
            let incident = incident?;
            if is_about(&incident, devices) {
                ids.push(incident.id);
            }
        }
    }
    Ok(ids)
}
