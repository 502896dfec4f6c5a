//! The task that owns the book: it makes each change durable before anybody is told of it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{broadcast, mpsc};
use tokio::time::{Instant, sleep_until};
use tracing::{info, warn};

use super::book::IncidentBook;
use super::event::{IncidentEvent, IncidentNews};
use super::handle::{BookRequest, IncidentsHandle, NEWS_MAX, QUEUE_LIMIT};
use super::metrics::OpenCounts;
use super::planner::NoticePlanner;
use crate::domain::Timestamp;
use crate::engine::{EngineError, EngineHandle};
use crate::store::{IncidentState, StoreError, TimelineKind};

/// How often the clock is read while something is due later: one that was set forward or back is noticed
/// within this time.
const CLOCK_CHECK_INTERVAL: Duration = Duration::from_secs(1);
/// How long it waits after a write that failed.
const RETRY_PAUSE: Duration = Duration::from_secs(30);

/// Owner of the incidents. It runs as one task.
pub struct IncidentService {
    engine: EngineHandle,
    /// What is durable.
    book: IncidentBook,
    requests: mpsc::Receiver<BookRequest>,
    news: broadcast::Sender<Arc<IncidentNews>>,
    planner: Box<dyn NoticePlanner>,
    /// Shared with every handle, which reads it.
    open_counts: Arc<OpenCounts>,
    /// Of the last look at what is due.
    last_tick: Timestamp,
}

/// Loads what the store has of incidents and maintenance windows. `planner` decides who is told of what
/// happens.
///
/// # Errors
/// When records cannot be read.
pub fn start(
    engine: EngineHandle,
    planner: Box<dyn NoticePlanner>,
) -> Result<(IncidentsHandle, IncidentService), StoreError> {
    let now = engine.now();
    let snapshot = engine.read();
    let mut book =
        IncidentBook::new(snapshot.incident_counters()?, snapshot.maintenance_windows()?);
    for state in IncidentState::ALL {
        for incident in snapshot.incidents(state, None)? {
            book.restore(incident?, now);
        }
    }
    let (sender, requests) = mpsc::channel(QUEUE_LIMIT);
    let (news, _) = broadcast::channel(NEWS_MAX);
    let open_counts = Arc::new(OpenCounts::default());
    open_counts.update(&book);
    let handle = IncidentsHandle {
        requests: sender,
        news: news.clone(),
        open_counts: Arc::clone(&open_counts),
        engine: engine.clone(),
    };
    let last_tick = now;
    let service = IncidentService { engine, book, requests, news, planner, open_counts, last_tick };
    Ok((handle, service))
}

impl IncidentService {
    /// Serves until every handle is gone, or the caller drops this. The engine must outlive it.
    pub async fn run(mut self) {
        // A moment, not a pause, which each request would begin again.
        let mut next_look = Instant::now();
        loop {
            let has_more = self.book.next_tick(self.last_tick).is_some();
            tokio::select! {
                request = self.requests.recv() => match request {
                    Some(request) => self.serve(request).await,
                    None => return,
                },
                () = sleep_until(next_look), if has_more => {
                    let pause = self.tick().await;
                    next_look = Instant::now() + pause;
                }
            }
        }
    }

    async fn serve(&mut self, request: BookRequest) {
        let now = self.engine.now();
        let mut book = self.book.clone();
        let answer = request(&mut book, now);
        answer(self.keep(book, now).await);
    }

    /// Does what is due; returns how long to wait.
    async fn tick(&mut self) -> Duration {
        let now = self.engine.now();
        let is_due = self.book.next_tick(self.last_tick).is_some_and(|at| at <= now);
        if !is_due && now >= self.last_tick {
            return CLOCK_CHECK_INTERVAL;
        }
        let mut book = self.book.clone();
        book.tick(now);
        match self.keep(book, now).await {
            Ok(()) => {
                self.last_tick = now;
                CLOCK_CHECK_INTERVAL
            }
            Err(error) => {
                warn!(%error, "Incidents could not be written");
                RETRY_PAUSE
            }
        }
    }

    /// Makes the changes of a book durable, tells listeners, and goes on with it. After an error the book
    /// before is kept.
    async fn keep(&mut self, mut book: IncidentBook, now: Timestamp) -> Result<(), EngineError> {
        if let Some((mut batch, news)) = book.take_changes(now) {
            let notices = self.planner.plan(&news.events, now);
            batch.notices = notices.clone();
            let saved = self.engine.save_incidents(batch).await;
            self.planner.saved(&saved.as_ref().map(|()| notices).unwrap_or_default());
            saved?;
            news.events.iter().for_each(log);
            // There may be no listener.
            self.news.send(Arc::new(news)).ok();
        }
        self.book = book;
        self.open_counts.update(&self.book);
        Ok(())
    }
}

fn log(event: &IncidentEvent) {
    let incident = &event.incident;
    let (id, key, title) = (incident.id, &incident.key, &incident.title);
    match event.kind {
        TimelineKind::Opened | TimelineKind::Reopened => {
            warn!(incident.id = id, incident.key = key, "Incident {id} is open: {title}");
        }
        TimelineKind::Closed => {
            info!(incident.id = id, incident.key = key, "Incident {id} is closed: {title}");
        }
        _ => {}
    }
}
