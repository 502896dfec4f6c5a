//! The rules: who is told what of an incident, or sent which report, and when. The time is an argument.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::sync::Arc;

use tracing::warn;

use super::contact::{Contact, EscalationStep};
use crate::domain::{Severity, Timestamp};
use crate::incidents::{Incident, IncidentEvent, IncidentState, TimelineKind};
use crate::store::{
    Notice, NoticeBatch, NoticeKey, NoticeKind, NoticeState, NoticeSubject, ReportHead,
};
use crate::util::Zone;

/// Notices that wait at once: a storm of 1,000 incidents, told to ten contacts. More are not planned; the
/// digests that go out then say how many incidents there are. That an incident is over is planned anyway:
/// who was told of it would wait for it.
pub(super) const PENDING_MAX: usize = 10_000;
/// With what the key of the incident begins that a contact cannot be told.
pub(super) const FAILING_PREFIX: &str = "notice:";

/// Who is told, and in which order.
#[derive(Debug)]
pub struct NoticePolicy {
    pub contacts: Vec<Contact>,
    /// The first one usually begins at once.
    pub steps: Vec<EscalationStep>,
    /// The time zone of quiet hours.
    pub zone: Zone,
}

/// The notices that wait, and who was told of what is not over.
///
/// Invariants:
/// 1. Of an incident, a contact has at most one pending notice per step that is not [`NoticeKind::Closed`].
/// 2. Whoever is in `told` is told when the incident closes.
#[derive(Clone, Debug)]
pub struct NoticeBook {
    policy: Arc<NoticePolicy>,
    next_id: u64,
    pub(super) pending: BTreeMap<NoticeKey, Notice>,
    /// Notices that are being delivered.
    pub(super) in_flight: BTreeSet<NoticeKey>,
    /// Notices that the batch which is being written cancels. They are not delivered meanwhile.
    pub(super) cancelling: BTreeSet<NoticeKey>,
    /// The contacts that were told of an incident since it last closed.
    told: BTreeMap<u64, BTreeSet<String>>,
}

/// What events add and take away, before it is durable.
struct Plan<'b> {
    book: &'b NoticeBook,
    now: Timestamp,
    added: BTreeMap<NoticeKey, Notice>,
    cancelled: BTreeSet<NoticeKey>,
    /// Notices that are not planned, because too many wait.
    dropped_count: usize,
    next_id: u64,
}

impl NoticePolicy {
    pub fn contact(&self, name: &str) -> Option<&Contact> {
        self.contacts.iter().find(|contact| contact.name == name)
    }

    /// Each step with each of its contacts that is to be told of an incident of this severity.
    fn receivers(
        &self,
        incident: &Incident,
    ) -> impl Iterator<Item = (u8, &EscalationStep, &Contact)> {
        let failing = incident.key.strip_prefix(FAILING_PREFIX).unwrap_or_default().to_owned();
        let severity = incident.severity;
        (0..).zip(&self.steps).flat_map(move |(number, step)| {
            let failing = failing.clone();
            let contacts = step.contacts.iter().filter_map(|name| self.contact(name));
            // A contact that cannot be reached is not told of that.
            let contacts =
                contacts.filter(move |it| it.severities.contains(&severity) && it.name != failing);
            contacts.map(move |contact| (number, step, contact))
        })
    }

    fn due(&self, contact: &Contact, severity: Severity, at: Timestamp) -> Timestamp {
        let hours = contact.quiet_hours.as_ref();
        hours.map_or(at, |hours| hours.shift(severity, at, &self.zone))
    }

    /// A report wakes nobody, of whichever severities are told in quiet hours.
    fn report_due(&self, contact: &Contact, at: Timestamp) -> Timestamp {
        let hours = contact.quiet_hours.as_ref();
        hours.and_then(|hours| hours.end_after(at, &self.zone)).unwrap_or(at)
    }
}

/// The keys of all notices of an incident.
fn keys_of(incident: u64) -> RangeInclusive<NoticeKey> {
    let subject = NoticeSubject::Incident(incident);
    (subject, 0)..=(subject, u64::MAX)
}

impl NoticeBook {
    /// The book as the store has it. `open` are the incidents that are not closed.
    pub fn restore(
        policy: Arc<NoticePolicy>,
        notices: impl IntoIterator<Item = Notice>,
        open: &BTreeSet<u64>,
    ) -> Self {
        let mut notices: Vec<Notice> = notices.into_iter().collect();
        notices.sort_by_key(|notice| notice.id);
        let mut book = Self {
            policy,
            next_id: notices.last().map_or(1, |last| last.id + 1),
            pending: BTreeMap::new(),
            in_flight: BTreeSet::new(),
            cancelling: BTreeSet::new(),
            told: BTreeMap::new(),
        };
        for notice in notices {
            if notice.kind == NoticeKind::Closed {
                // The one of another contact may have been cancelled.
                let incident = notice.subject.incident();
                if let Some(told) = incident.and_then(|id| book.told.get_mut(&id)) {
                    told.remove(&notice.contact);
                }
            } else if matches!(notice.state, NoticeState::Sent { .. }) {
                book.note_told(&notice);
            }
            if notice.state.is_pending() {
                book.pending.insert(notice.key(), notice);
            }
        }
        book.told.retain(|incident, _| open.contains(incident));
        book
    }

    pub fn policy(&self) -> &Arc<NoticePolicy> {
        &self.policy
    }

    pub(super) fn replace_policy(&mut self, policy: Arc<NoticePolicy>) {
        self.policy = policy;
    }

    /// Returns what follows from events. Only ids are taken: see [`NoticeBook::apply`].
    pub fn plan(&mut self, events: &[IncidentEvent], now: Timestamp) -> NoticeBatch {
        let mut plan = Plan {
            book: self,
            now,
            added: BTreeMap::new(),
            cancelled: BTreeSet::new(),
            dropped_count: 0,
            next_id: self.next_id,
        };
        if !self.policy.contacts.is_empty() {
            events.iter().for_each(|event| plan.follow(event));
        }
        if plan.dropped_count > 0 {
            warn!(
                dropped = plan.dropped_count,
                "{PENDING_MAX} notices wait, so more are not planned"
            );
        }
        let batch = NoticeBatch {
            saved: plan.added.into_values().collect(),
            cancelled: plan.cancelled.into_iter().collect(),
            planned_report: None,
        };
        // What is planned before this is written takes other ids.
        self.next_id = plan.next_id;
        batch
    }

    /// Returns the notices of new reports, oldest first. Only ids are taken, as by [`NoticeBook::plan`].
    pub fn plan_reports(&mut self, reports: &[ReportHead], now: Timestamp) -> NoticeBatch {
        let policy = Arc::clone(&self.policy);
        let takers = |report: &ReportHead| {
            let kind = report.kind;
            policy.contacts.iter().filter(move |contact| contact.reports.contains(&kind))
        };
        let told = reports.iter().flat_map(|report| takers(report).map(move |it| (report, it)));
        let room = PENDING_MAX.saturating_sub(self.pending.len());
        let mut saved = Vec::new();
        let mut dropped = 0_usize;
        for (report, contact) in told {
            if saved.len() >= room {
                dropped += 1;
                continue;
            }
            let due_at = policy.report_due(contact, now);
            saved.push(Notice {
                id: self.next_id,
                subject: NoticeSubject::Report(report.id),
                contact: contact.name.clone(),
                step: 0,
                kind: NoticeKind::Reported,
                planned_at: now,
                due_at,
                attempt_at: due_at,
                attempts: 0,
                state: NoticeState::Pending { error: None },
            });
            self.next_id += 1;
        }
        if dropped > 0 {
            warn!(dropped, "{PENDING_MAX} notices wait, so these reports are not sent");
        }
        let planned_report = reports.iter().map(|report| report.id).max();
        NoticeBatch { saved, cancelled: Vec::new(), planned_report }
    }

    /// Takes over a planned batch, which is durable now.
    pub fn apply(&mut self, batch: &NoticeBatch) {
        for key in &batch.cancelled {
            // Who was not told of its end still thinks that it goes on.
            if let Some(it) = self.pending.remove(key)
                && it.kind == NoticeKind::Closed
                && let NoticeSubject::Incident(incident) = it.subject
            {
                self.told.entry(incident).or_default().insert(it.contact);
            }
        }
        for notice in &batch.saved {
            self.next_id = self.next_id.max(notice.id + 1);
            if let (NoticeKind::Closed, NoticeSubject::Incident(id)) = (notice.kind, notice.subject)
            {
                self.told.remove(&id);
            }
            self.pending.insert(notice.key(), notice.clone());
        }
    }

    /// Notes that a contact knows of an incident.
    pub(super) fn note_told(&mut self, notice: &Notice) {
        if let (false, NoticeSubject::Incident(id)) =
            (notice.kind == NoticeKind::Closed, notice.subject)
        {
            self.told.entry(id).or_default().insert(notice.contact.clone());
        }
    }
}

impl Plan<'_> {
    fn follow(&mut self, event: &IncidentEvent) {
        let incident = &event.incident;
        let is_told = !event.is_quiet && incident.closure.is_none();
        match event.kind {
            TimelineKind::Opened if is_told => self.open(incident, NoticeKind::Opened),
            TimelineKind::Reopened if is_told => {
                self.cancel(incident.id, |notice| notice.kind == NoticeKind::Closed);
                self.open(incident, NoticeKind::Reopened);
            }
            TimelineKind::Unmuted if is_told && incident.is_active => {
                self.open(incident, NoticeKind::Continued);
            }
            TimelineKind::Escalated if is_told => self.worsen(incident),
            TimelineKind::Muted => {
                self.cancel(incident.id, |notice| notice.kind != NoticeKind::Closed);
            }
            // Whoever was to be told at once still is; nobody else needs to be woken.
            TimelineKind::Acknowledged => {
                let now = self.now;
                self.cancel(incident.id, |notice| {
                    notice.kind != NoticeKind::Closed && (notice.step > 0 || notice.due_at > now)
                });
            }
            TimelineKind::Closed => self.close(incident),
            TimelineKind::Opened
            | TimelineKind::Reopened
            | TimelineKind::Unmuted
            | TimelineKind::Escalated
            | TimelineKind::Eased
            | TimelineKind::Gone
            | TimelineKind::FlappingBegan
            | TimelineKind::FlappingEnded
            | TimelineKind::Noted => {}
        }
    }

    /// Plans all steps; those after the first only for an incident that nobody works on.
    fn open(&mut self, incident: &Incident, kind: NoticeKind) {
        let policy = Arc::clone(&self.book.policy);
        let is_acknowledged = incident.state() == IncidentState::Acknowledged;
        for (number, step, contact) in policy.receivers(incident) {
            let is_planned = self.pending_step(incident.id, contact, number).is_some();
            if is_planned || (is_acknowledged && step.after_us > 0) {
                continue;
            }
            let at = Timestamp(self.now.0.saturating_add(step.after_us));
            let due_at = policy.due(contact, incident.severity, at);
            self.add(incident.id, contact, number, kind, due_at);
        }
    }

    /// Tells those who know of it, those for whom it was not severe enough before, and those who were to be
    /// told at the end of their quiet hours.
    fn worsen(&mut self, incident: &Incident) {
        let policy = Arc::clone(&self.book.policy);
        let is_acknowledged = incident.state() == IncidentState::Acknowledged;
        let mut has_been_told = BTreeSet::new();
        for (number, step, contact) in policy.receivers(incident) {
            let after_us = step.after_us;
            if let Some(planned) = self.pending_step(incident.id, contact, number) {
                let at = planned.planned_at.0.saturating_add(after_us).max(self.now.0);
                let due_at = policy.due(contact, incident.severity, Timestamp(at));
                if due_at < planned.due_at {
                    let (id, kind) = (planned.id, planned.kind);
                    self.cancel(incident.id, |notice| notice.id == id);
                    self.add(incident.id, contact, number, kind, due_at);
                }
                continue;
            }
            if self.is_told(incident.id, &contact.name) {
                if has_been_told.insert(contact.name.clone()) {
                    let due_at = policy.due(contact, incident.severity, self.now);
                    self.add(incident.id, contact, number, NoticeKind::Worsened, due_at);
                }
            } else if after_us == 0 || !is_acknowledged {
                let at = incident.first_seen.0.saturating_add(after_us).max(self.now.0);
                let due_at = policy.due(contact, incident.severity, Timestamp(at));
                self.add(incident.id, contact, number, NoticeKind::Worsened, due_at);
            }
        }
    }

    /// Tells those who know of it, or are being told. An end that these events cancelled was not told.
    fn close(&mut self, incident: &Incident) {
        let policy = Arc::clone(&self.book.policy);
        let keys = keys_of(incident.id);
        let notice = |key: &NoticeKey| self.book.pending.get(key);
        let being_told = self.book.in_flight.range(keys.clone()).filter_map(notice);
        let not_told = self.cancelled.range(keys).filter_map(notice);
        let not_told = not_told.filter(|notice| notice.kind == NoticeKind::Closed);
        let being_told = being_told.chain(not_told).map(|notice| &notice.contact);
        let told = self.book.told.get(&incident.id).into_iter().flatten();
        let names: BTreeSet<String> = told.chain(being_told).cloned().collect();
        self.cancel(incident.id, |notice| notice.kind != NoticeKind::Closed);
        for contact in names.iter().filter_map(|name| policy.contact(name)) {
            let due_at = policy.due(contact, incident.severity, self.now);
            self.add(incident.id, contact, 0, NoticeKind::Closed, due_at);
        }
    }

    fn is_told(&self, incident: u64, contact: &str) -> bool {
        self.book.told.get(&incident).is_some_and(|told| told.contains(contact))
    }

    fn pending(&self, incident: u64) -> impl Iterator<Item = (&NoticeKey, &Notice)> {
        let keys = keys_of(incident);
        let before = self.book.pending.range(keys.clone());
        before.filter(|(key, _)| !self.cancelled.contains(key)).chain(self.added.range(keys))
    }

    /// What a contact is to be told of an incident in this step, unless that it is over.
    fn pending_step(&self, incident: u64, contact: &Contact, step: u8) -> Option<&Notice> {
        let mut pending = self.pending(incident).map(|(_, notice)| notice);
        pending.find(|it| {
            it.step == step && it.contact == contact.name && it.kind != NoticeKind::Closed
        })
    }

    fn cancel(&mut self, incident: u64, is_cancelled: impl Fn(&Notice) -> bool) {
        // What is being delivered arrives anyway.
        let is_free = |key: &NoticeKey| !self.book.in_flight.contains(key);
        let found = self.pending(incident).filter(|(key, it)| is_free(key) && is_cancelled(it));
        let keys: Vec<NoticeKey> = found.map(|(key, _)| *key).collect();
        for key in keys {
            if self.added.remove(&key).is_none() {
                self.cancelled.insert(key);
            }
        }
    }

    fn add(
        &mut self,
        incident: u64,
        contact: &Contact,
        step: u8,
        kind: NoticeKind,
        due_at: Timestamp,
    ) {
        let before = self.book.pending.len().saturating_sub(self.cancelled.len());
        if before + self.added.len() >= PENDING_MAX && kind != NoticeKind::Closed {
            self.dropped_count += 1;
            return;
        }
        let id = self.next_id;
        self.next_id += 1;
        let subject = NoticeSubject::Incident(incident);
        let notice = Notice {
            id,
            subject,
            contact: contact.name.clone(),
            step,
            kind,
            planned_at: self.now,
            due_at,
            attempt_at: due_at,
            attempts: 0,
            state: NoticeState::Pending { error: None },
        };
        self.added.insert((subject, id), notice);
    }
}
