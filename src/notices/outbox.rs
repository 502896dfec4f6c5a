//! The notices that wait, shared by the task of the incidents, which adds them, and the delivery.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::book::{NoticeBook, NoticePolicy, PENDING_MAX};
use super::contact::Contact;
use super::queue::{ContactLog, DeliveryLog, NextDelivery};
use crate::domain::Timestamp;
use crate::engine::EngineHandle;
use crate::incidents::{IncidentEvent, IncidentState, NoticePlanner};
use crate::store::{Notice, NoticeBatch, NoticeState, ReportHead, StoreError};
use crate::util::{Usage, jitter};

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
        let mut accepted_at = BTreeMap::new();
        for notice in &notices {
            if let NoticeState::Sent { at, .. } = notice.state {
                let last = accepted_at.entry(notice.contact.clone()).or_insert(at);
                *last = at.max(*last);
            }
        }
        let mut book = NoticeBook::restore(policy, notices, &open);
        let log = DeliveryLog::restore(&mut book, accepted_at);
        let (changes, _) = watch::channel(());
        Ok(Self { state: Arc::new(Mutex::new(OutboxState { book, log })), changes })
    }

    /// What decides who is told, for the task of the incidents.
    pub fn planner(&self) -> Box<dyn NoticePlanner> {
        Box::new(OutboxPlanner(self.clone()))
    }

    /// Plans by another policy from now on, and tries at once what failed: like a restart, that is what people
    /// do after they have mended something.
    pub(super) fn replace_policy(&self, policy: Arc<NoticePolicy>) {
        let mut state = self.lock();
        state.book.replace_policy(policy);
        state.log.retry_at_once();
        drop(state);
        self.changes.send_replace(());
    }

    /// Plans the notices of new reports, oldest first. Returns what is to be written.
    pub(super) fn plan_reports(&self, reports: &[ReportHead], now: Timestamp) -> NoticeBatch {
        self.lock().book.plan_reports(reports, now)
    }

    /// Takes over the notices of reports, which are durable now.
    pub(super) fn apply_reports(&self, batch: &NoticeBatch) {
        self.lock().book.apply(batch);
        self.changes.send_replace(());
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
        let cancelled = notices.iter().map(Notice::key).collect();
        let batch = NoticeBatch { cancelled, ..NoticeBatch::default() };
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

    /// How many notices are due.
    pub(super) fn waiting_count(&self, now: Timestamp) -> usize {
        self.lock().book.pending.values().filter(|notice| notice.due_at <= now).count()
    }

    /// How many notices wait, also those that are not due yet.
    pub(super) fn usage(&self) -> Usage {
        Usage::of(self.lock().book.pending.len(), PENDING_MAX)
    }

    fn lock(&self) -> MutexGuard<'_, OutboxState> {
        // Nothing that panics is done while it is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct OutboxPlanner(Outbox);

impl NoticePlanner for OutboxPlanner {
    fn plan(&mut self, events: &[IncidentEvent], now: Timestamp) -> NoticeBatch {
        let book = &mut self.0.lock().book;
        let batch = book.plan(events, now);
        // Nobody is told while it is written.
        book.cancelling = batch.cancelled.iter().copied().collect();
        batch
    }

    fn saved(&mut self, batch: &NoticeBatch) {
        let book = &mut self.0.lock().book;
        let was_cancelling = !std::mem::take(&mut book.cancelling).is_empty();
        if was_cancelling || !batch.is_empty() {
            book.apply(batch);
            self.0.changes.send_replace(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::contact::{Channel, EscalationStep, Webhook, WebhookForm};
    use super::*;
    use crate::domain::Severity;
    use crate::incidents::{IncidentBook, IncidentSource, ProblemReport};
    use crate::store::{NoticeSubject, ReportKind, ReportResult};
    use crate::util::Zone;

    const NOW: Timestamp = Timestamp(1_000_000_000);

    fn pagerduty() -> Contact {
        let url = "https://events.pagerduty.com/v2/enqueue";
        let webhook = Webhook::parse(url, WebhookForm::PagerDuty, Some("a-key".to_owned()));
        Contact {
            name: "on-call".to_owned(),
            channel: Channel::Webhook(webhook.unwrap()),
            severities: Severity::ALL.to_vec(),
            quiet_hours: None,
            reports: Vec::new(),
        }
    }

    /// An outbox without notices, for this contact.
    fn outbox(contact: &Contact) -> Outbox {
        let steps = vec![EscalationStep { after_us: 0, contacts: vec![contact.name.clone()] }];
        let (contacts, zone) = (vec![contact.clone()], Zone::host().clone());
        let policy = Arc::new(NoticePolicy { contacts, steps, zone });
        let book = NoticeBook::restore(policy, [], &BTreeSet::new());
        let state = OutboxState { book, log: DeliveryLog::default() };
        Outbox { state: Arc::new(Mutex::new(state)), changes: watch::channel(()).0 }
    }

    fn observe(incidents: &mut IncidentBook, key: &str) {
        let (source, severity) = (IncidentSource::Service, Severity::Major);
        let report = ProblemReport::lasting(source, key, severity, "It fails", "");
        incidents.observe(report, NOW).unwrap();
    }

    /// Plans what follows from what happened to incidents.
    fn plan(planner: &mut dyn NoticePlanner, incidents: &mut IncidentBook) -> NoticeBatch {
        let (_, news) = incidents.take_changes(NOW).unwrap();
        planner.plan(&news.events, NOW)
    }

    fn sent(next: NextDelivery) -> Vec<Notice> {
        let NextDelivery::Send(notices) = next else { panic!("{next:?}") };
        notices
    }

    #[test]
    fn what_is_being_cancelled_is_not_delivered_unless_that_is_not_written() {
        let contact = pagerduty();
        let outbox = outbox(&contact);
        let (mut planner, mut incidents) = (outbox.planner(), IncidentBook::default());
        observe(&mut incidents, "service:a");
        let opened = plan(&mut *planner, &mut incidents);
        planner.saved(&opened);
        let mut after = incidents.clone();
        after.clear("service:a", NOW);
        let closed = plan(&mut *planner, &mut after.clone());
        assert_eq!(closed.cancelled, [(NoticeSubject::Incident(1), 1)]);
        assert_eq!(outbox.next(&contact, NOW), NextDelivery::Later, "it is being cancelled");
        let mut changes = outbox.changes();
        planner.saved(&NoticeBatch::default());
        assert!(changes.has_changed().unwrap(), "the delivery looks again");
        changes.mark_unchanged();
        // That it was not written, so it is the same again.
        let closed = plan(&mut *planner, &mut after);
        planner.saved(&closed);
        assert_eq!(outbox.next(&contact, NOW), NextDelivery::Nothing);

        observe(&mut incidents, "service:b");
        let opened = plan(&mut *planner, &mut incidents);
        planner.saved(&opened);
        incidents.clear("service:b", NOW);
        plan(&mut *planner, &mut incidents);
        planner.saved(&NoticeBatch::default());
        assert_eq!(sent(outbox.next(&contact, NOW)), opened.saved, "the write failed");
    }

    #[test]
    fn a_notice_that_is_refused_does_not_hold_up_the_others() {
        let contact = pagerduty();
        let outbox = outbox(&contact);
        let (mut planner, mut incidents) = (outbox.planner(), IncidentBook::default());
        for key in ["service:a", "service:b"] {
            observe(&mut incidents, key);
        }
        let opened = plan(&mut *planner, &mut incidents);
        planner.saved(&opened);
        let refused = sent(outbox.next(&contact, NOW));
        assert_eq!(refused[0].subject, NoticeSubject::Incident(1));
        outbox.settle(&contact.name, refused, &Err("HTTP 400".to_owned()), NOW);
        let later = Timestamp(NOW.0 + 60_000_000);
        assert_eq!(sent(outbox.next(&contact, later))[0].subject, NoticeSubject::Incident(2));
    }

    /// A contact that takes reports, by e-mail.
    fn manager() -> Contact {
        let channel = Channel::Email { address: "noc@example.org".to_owned() };
        Contact { channel, reports: vec![ReportKind::Capacity], ..pagerduty() }
    }

    fn head(id: u64, kind: ReportKind) -> ReportHead {
        ReportHead {
            id,
            kind,
            started_at: NOW,
            ended_at: NOW,
            result: ReportResult::Ok,
            summary: String::new(),
        }
    }

    fn add_report(outbox: &Outbox, id: u64) {
        let planned = outbox.plan_reports(&[head(id, ReportKind::Capacity)], NOW);
        outbox.apply_reports(&planned);
    }

    fn after(seconds: i64) -> Timestamp {
        Timestamp(NOW.0 + seconds * 1_000_000)
    }

    /// Delivers what is next at a time. Returns what it was about.
    fn settle(outbox: &Outbox, contact: &Contact, at: Timestamp, is_ok: bool) -> NoticeSubject {
        let next = sent(outbox.next(contact, at));
        let subject = next[0].subject;
        let outcome = if is_ok { Ok(String::new()) } else { Err("HTTP 413".to_owned()) };
        outbox.settle(&contact.name, next, &outcome, at);
        subject
    }

    fn failures(outbox: &Outbox, contact: &Contact) -> u32 {
        outbox.contact_log(&contact.name, NOW).0.failures
    }

    #[test]
    fn an_incident_does_not_wait_for_a_report_that_is_refused() {
        let contact = manager();
        let outbox = outbox(&contact);
        let (mut planner, mut incidents) = (outbox.planner(), IncidentBook::default());
        add_report(&outbox, 7);
        for second in [0, 60, 120, 180] {
            let subject = settle(&outbox, &contact, after(second), false);
            assert_eq!(subject, NoticeSubject::Report(7), "after {second} s");
        }
        assert_eq!(failures(&outbox, &contact), 4, "nothing gets through");
        assert_eq!(outbox.next(&contact, after(180)), NextDelivery::Later);
        observe(&mut incidents, "service:a");
        let opened = plan(&mut *planner, &mut incidents);
        planner.saved(&opened);
        let told = settle(&outbox, &contact, after(180), true);
        assert_eq!((told, failures(&outbox, &contact)), (NoticeSubject::Incident(1), 0));
        for second in [300, 1300, 2300, 3300, 4300, 5300] {
            let subject = settle(&outbox, &contact, after(second), false);
            assert_eq!(subject, NoticeSubject::Report(7), "after {second} s");
        }
        assert_eq!(failures(&outbox, &contact), 0, "incidents got through since");
    }

    #[test]
    fn an_incident_that_was_tried_goes_before_a_new_report() {
        let contact = manager();
        let outbox = outbox(&contact);
        let (mut planner, mut incidents) = (outbox.planner(), IncidentBook::default());
        observe(&mut incidents, "service:a");
        let opened = plan(&mut *planner, &mut incidents);
        planner.saved(&opened);
        assert_eq!(settle(&outbox, &contact, NOW, false), NoticeSubject::Incident(1));
        add_report(&outbox, 7);
        add_report(&outbox, 8);
        assert_eq!(settle(&outbox, &contact, after(60), false), NoticeSubject::Incident(1));
        assert_eq!(settle(&outbox, &contact, after(120), true), NoticeSubject::Incident(1));
        for report in [7, 8] {
            let refused = settle(&outbox, &contact, after(120), false);
            assert_eq!(refused, NoticeSubject::Report(report));
        }
    }

    #[test]
    fn reports_that_are_tried_side_by_side_count_as_one_failure() {
        let contact = manager();
        let outbox = outbox(&contact);
        for report in 1..=6 {
            add_report(&outbox, report);
            settle(&outbox, &contact, NOW, false);
        }
        assert_eq!(failures(&outbox, &contact), 1);
    }

    #[test]
    fn what_got_through_is_known_after_a_restart() {
        let contact = manager();
        let outbox = outbox(&contact);
        add_report(&outbox, 7);
        for second in [0, 60, 120, 180, 240] {
            settle(&outbox, &contact, after(second), false);
        }
        let restored = |accepted_at: BTreeMap<String, Timestamp>| {
            let log = DeliveryLog::restore(&mut outbox.lock().book, accepted_at);
            log.of(&contact.name).failures
        };
        assert_eq!(restored(BTreeMap::new()), 5);
        assert_eq!(restored([(contact.name.clone(), after(200))].into()), 0);
    }

    #[test]
    fn a_report_is_a_message_of_its_own_after_the_incidents() {
        let contact = manager();
        let outbox = outbox(&contact);
        let (mut planner, mut incidents) = (outbox.planner(), IncidentBook::default());
        observe(&mut incidents, "service:a");
        let opened = plan(&mut *planner, &mut incidents);
        let new = [
            head(7, ReportKind::Capacity),
            head(8, ReportKind::Capacity),
            head(9, ReportKind::Pruning),
        ];
        // They are written before the incident, which was planned first.
        let reports = outbox.plan_reports(&new, NOW);
        assert_eq!(reports.planned_report, Some(9));
        outbox.apply_reports(&reports);
        planner.saved(&opened);
        let ids = [&opened, &reports].map(|batch| batch.saved[0].id);
        assert_ne!(ids[0], ids[1], "no id is taken twice");
        for subject in
            [NoticeSubject::Incident(1), NoticeSubject::Report(7), NoticeSubject::Report(8)]
        {
            let next = sent(outbox.next(&contact, NOW));
            assert_eq!(next.iter().map(|it| it.subject).collect::<Vec<_>>(), [subject]);
            outbox.settle(&contact.name, next, &Ok(String::new()), NOW);
        }
        assert_eq!(outbox.next(&contact, NOW), NextDelivery::Nothing);
    }
}
