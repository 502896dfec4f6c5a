//! The notices that wait, shared by the task of the incidents, which adds them, and the delivery.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::book::{NoticeBook, NoticePolicy};
use super::contact::Contact;
use super::queue::{ContactLog, DeliveryLog, NextDelivery};
use crate::domain::Timestamp;
use crate::engine::EngineHandle;
use crate::incidents::{IncidentEvent, IncidentState, NoticePlanner};
use crate::store::{Notice, NoticeBatch, StoreError};
use crate::util::jitter;

/// Clones share one state. Its lock is held while something is looked up or decided, never during I/O.
#[derive(Clone)]
pub struct Outbox {
    state: Arc<Mutex<OutboxState>>,
    /// Sent after each change that delivery has to look at.
    changes: watch::Sender<()>,
}

struct OutboxState {
    book: NoticeBook,
    log: DeliveryLog,
}

impl Outbox {
    /// Loads the notices that wait.
    ///
    /// # Errors
    /// When records cannot be read.
    pub fn restore(engine: &EngineHandle, policy: Arc<NoticePolicy>) -> Result<Self, StoreError> {
        let snapshot = engine.read();
        let mut open = BTreeSet::new();
        for state in [IncidentState::Open, IncidentState::Acknowledged] {
            for incident in snapshot.incidents(state, None)? {
                open.insert(incident?.id);
            }
        }
        let notices: Vec<Notice> = snapshot.notices(None)?.collect::<Result<_, _>>()?;
        let mut book = NoticeBook::restore(policy, notices, &open);
        let log = DeliveryLog::restore(&mut book);
        let (changes, _) = watch::channel(());
        Ok(Self { state: Arc::new(Mutex::new(OutboxState { book, log })), changes })
    }

    /// What decides who is told, for the task of the incidents.
    pub fn planner(&self) -> Box<dyn NoticePlanner> {
        Box::new(OutboxPlanner(self.clone()))
    }

    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    /// Decides what a contact is sent now, and marks it as being delivered.
    pub(super) fn next(&self, contact: &Contact, now: Timestamp) -> NextDelivery {
        let mut state = self.lock();
        let OutboxState { book, log } = &mut *state;
        log.next(book, contact, now)
    }

    /// Notes the outcome of a message. Returns what is to be written.
    pub(super) fn settle(
        &self,
        contact: &str,
        notices: Vec<Notice>,
        outcome: &Result<String, String>,
        now: Timestamp,
    ) -> NoticeBatch {
        let mut state = self.lock();
        let OutboxState { book, log } = &mut *state;
        log.settle(book, contact, notices, outcome, (now, jitter()))
    }

    /// Takes notices out that are not to be delivered any more. Returns what is to be written.
    pub(super) fn withdraw(&self, notices: &[Notice]) -> NoticeBatch {
        let cancelled = notices.iter().map(|it| (it.incident, it.id)).collect();
        let batch = NoticeBatch { saved: Vec::new(), cancelled };
        let book = &mut self.lock().book;
        for key in &batch.cancelled {
            book.in_flight.remove(key);
        }
        book.apply(&batch);
        batch
    }

    /// The pending notices of contacts that are not configured any more.
    pub(super) fn orphans(&self) -> Vec<Notice> {
        let book = &self.lock().book;
        let is_orphan = |it: &&Notice| book.policy().contact(&it.contact).is_none();
        book.pending.values().filter(is_orphan).cloned().collect()
    }

    /// How delivery to a contact went, and how many of its notices are due.
    pub(super) fn contact_log(&self, contact: &str, now: Timestamp) -> (ContactLog, usize) {
        let state = self.lock();
        let is_waiting = |it: &&Notice| it.contact == contact && it.due_at <= now;
        let waiting = state.book.pending.values().filter(is_waiting).count();
        (state.log.of(contact), waiting)
    }

    fn lock(&self) -> MutexGuard<'_, OutboxState> {
        // Nothing that panics is done while it is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct OutboxPlanner(Outbox);

impl NoticePlanner for OutboxPlanner {
    fn plan(&mut self, events: &[IncidentEvent], now: Timestamp) -> NoticeBatch {
        self.0.lock().book.plan(events, now)
    }

    fn saved(&mut self, batch: &NoticeBatch) {
        if !batch.is_empty() {
            self.0.lock().book.apply(batch);
            self.0.changes.send_replace(());
        }
    }
}
