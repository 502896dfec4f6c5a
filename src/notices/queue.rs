//! The rules of delivery: what a contact is sent next, and what follows from the outcome.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::book::NoticeBook;
use super::contact::{Contact, StormMode};
use crate::domain::Timestamp;
use crate::store::{Notice, NoticeBatch, NoticeState};

/// Messages that a contact gets within [`RATE_WINDOW`] one by one; then at most one every [`DIGEST_PAUSE`],
/// with everything that has come up: nobody reads more.
const RATE_MAX: usize = 10;
const RATE_WINDOW: i64 = 5 * MINUTE;
const DIGEST_PAUSE: i64 = MINUTE;
/// Notices that are sent one by one; more are sent as one digest.
const SINGLES_MAX: usize = 5;
/// Notices in one message. More are sent in the next one.
const TOGETHER_MAX: usize = 1000;
/// Messages within [`RATE_WINDOW`] to a receiver that keeps the state of each incident (PagerDuty takes 120
/// events per minute and service: "Events API v2, Rate limits").
const EACH_RATE_MAX: usize = 300;
/// Pauses after attempts that failed: doubled from the first one on.
const PAUSE_MIN: i64 = 5 * SECOND;
const PAUSE_MAX: i64 = 15 * MINUTE;
/// A notice that was not delivered within this time is given up: it is news no longer.
pub(super) const GIVE_UP_AFTER: i64 = 24 * 60 * MINUTE;
/// Failed attempts after which that is an incident: two and a half minutes.
pub(super) const FAILURES_MAX: u32 = 5;
const MINUTE: i64 = 60 * SECOND;
const SECOND: i64 = 1_000_000;

/// What the delivery to one contact does next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NextDelivery {
    /// Sends these in one message; they are marked as being delivered.
    Send(Vec<Notice>),
    /// Something is due later.
    Later,
    Nothing,
}

/// How delivery to each contact went.
#[derive(Clone, Debug, Default)]
pub(super) struct DeliveryLog {
    contacts: BTreeMap<String, ContactLog>,
}

/// How delivery to a contact went.
#[derive(Clone, Debug, Default)]
pub(super) struct ContactLog {
    /// When the last messages were accepted; at most [`EACH_RATE_MAX`].
    sent: VecDeque<Timestamp>,
    /// When a message was last accepted, also before a restart.
    accepted_at: Option<Timestamp>,
    /// Failed attempts since the last one that succeeded.
    pub(super) failures: u32,
    pub(super) error: Option<String>,
    /// Nothing is tried before this.
    retry_at: Option<Timestamp>,
}

impl ContactLog {
    pub(super) fn is_failing(&self) -> bool {
        self.failures >= FAILURES_MAX
    }

    pub(super) fn last_sent_at(&self) -> Option<Timestamp> {
        self.sent.back().copied()
    }

    /// Messages within the last [`RATE_WINDOW`].
    fn recent_count(&self, now: Timestamp) -> usize {
        let is_recent = |at: &&Timestamp| (0..RATE_WINDOW).contains(&now.0.saturating_sub(at.0));
        self.sent.iter().filter(is_recent).count()
    }

    /// Whether an attempt with this notice that failed tells that the contact cannot be reached: a report that
    /// is refused while other messages get through does not.
    fn is_unreached_by(&self, notice: &Notice) -> bool {
        let is_report = notice.subject.report().is_some();
        !is_report || self.accepted_at.is_none_or(|accepted_at| accepted_at < notice.due_at)
    }

    fn note_accepted(&mut self, now: Timestamp) {
        (self.failures, self.error, self.retry_at) = (0, None, None);
        self.accepted_at = Some(now);
        self.sent.push_back(now);
        if self.sent.len() > EACH_RATE_MAX {
            self.sent.pop_front();
        }
    }

    /// Returns when these notices, which one message had, are tried again. Incidents do not wait for a report
    /// that is refused.
    fn note_failed(
        &mut self,
        notices: &[Notice],
        error: &str,
        (now, spread): (Timestamp, f64),
    ) -> Timestamp {
        let after = |failures| Timestamp(now.0.saturating_add(pause(failures, spread)));
        let report = notices.iter().find(|notice| notice.subject.report().is_some());
        let Some(report) = report else {
            self.failures = self.failures.saturating_add(1);
            self.error = Some(error.to_owned());
            let retry_at = after(self.failures);
            self.retry_at = Some(retry_at);
            return retry_at;
        };
        let attempts = report.attempts.saturating_add(1);
        if self.is_unreached_by(report) {
            // Several reports are tried side by side: their attempts do not add up.
            self.failures = self.failures.max(attempts);
            self.error = Some(error.to_owned());
        }
        after(attempts)
    }
}

impl DeliveryLog {
    /// What the pending notices tell of attempts before a restart. They are tried at once: a restart is what
    /// people do after they have mended something. `accepted_at` is when each contact last accepted a message.
    pub(super) fn restore(book: &mut NoticeBook, accepted_at: BTreeMap<String, Timestamp>) -> Self {
        let mut log = Self::default();
        for (contact, at) in accepted_at {
            log.contacts.entry(contact).or_default().accepted_at = Some(at);
        }
        for notice in book.pending.values_mut().filter(|notice| notice.attempts > 0) {
            notice.attempt_at = notice.due_at;
            let contact = log.contacts.entry(notice.contact.clone()).or_default();
            if !contact.is_unreached_by(notice) {
                continue;
            }
            contact.failures = contact.failures.max(notice.attempts);
            if let NoticeState::Pending { error: Some(error) } = &notice.state {
                contact.error = Some(error.clone());
            }
        }
        log
    }

    /// Ends the pauses after failed attempts.
    pub(super) fn retry_at_once(&mut self) {
        self.contacts.values_mut().for_each(|contact| contact.retry_at = None);
    }

    pub(super) fn of(&self, contact: &str) -> ContactLog {
        self.contacts.get(contact).cloned().unwrap_or_default()
    }

    /// Decides what a contact is sent now, and marks it.
    pub(super) fn next(
        &self,
        book: &mut NoticeBook,
        contact: &Contact,
        now: Timestamp,
    ) -> NextDelivery {
        let of_contact = || book.pending.values().filter(|it| it.contact == contact.name);
        let is_kept = |it: &&Notice| !book.cancelling.contains(&it.key());
        let due = of_contact().filter(|it| is_due(it, now)).filter(is_kept);
        let mut due: Vec<Notice> = due.take(TOGETHER_MAX).cloned().collect();
        if due.is_empty() {
            let has_more = of_contact().next().is_some();
            return if has_more { NextDelivery::Later } else { NextDelivery::Nothing };
        }
        let log = self.of(&contact.name);
        if log.retry_at.is_some_and(|at| is_ahead(at, now)) {
            return NextDelivery::Later;
        }
        // Incidents come first. One that the receiver refuses, and no other, does not hold the others up.
        due.sort_by_key(|notice| (notice.subject.report().is_some(), notice.attempts, notice.id));
        // A report is a message of its own.
        if due[0].subject.report().is_some() {
            due.truncate(1);
        } else {
            due.retain(|notice| notice.subject.report().is_none());
        }
        let count = log.recent_count(now);
        let count_max = match contact.storm_mode() {
            StormMode::Each => EACH_RATE_MAX,
            StormMode::Digest | StormMode::Together => RATE_MAX,
        };
        let is_limited = count >= count_max;
        let last = log.last_sent_at();
        if is_limited && last.is_some_and(|at| is_ahead(Timestamp(at.0 + DIGEST_PAUSE), now)) {
            return NextDelivery::Later;
        }
        let takes_all = match contact.storm_mode() {
            StormMode::Each => false,
            StormMode::Together => true,
            StormMode::Digest => is_limited || due.len() > SINGLES_MAX,
        };
        due.truncate(if takes_all { TOGETHER_MAX } else { 1 });
        book.in_flight.extend(due.iter().map(Notice::key));
        NextDelivery::Send(due)
    }

    /// Notes that a message with these notices was accepted or not. `spread` is from 0 to 1. Returns what is
    /// to be written.
    pub(super) fn settle(
        &mut self,
        book: &mut NoticeBook,
        contact: &str,
        notices: Vec<Notice>,
        outcome: &Result<String, String>,
        (now, spread): (Timestamp, f64),
    ) -> NoticeBatch {
        let log = self.contacts.entry(contact.to_owned()).or_default();
        let attempt_at = match outcome {
            Ok(_) => {
                log.note_accepted(now);
                now
            }
            Err(error) => log.note_failed(&notices, error, (now, spread)),
        };
        let mut batch = NoticeBatch::default();
        for mut notice in notices {
            let key = notice.key();
            book.in_flight.remove(&key);
            notice.attempts = notice.attempts.saturating_add(1);
            notice.attempt_at = attempt_at;
            notice.state = match outcome {
                Ok(answer) => NoticeState::Sent { at: now, answer: answer.clone() },
                Err(error) if now.0.saturating_sub(notice.due_at.0) >= GIVE_UP_AFTER => {
                    NoticeState::Failed { at: now, error: error.clone() }
                }
                Err(error) => NoticeState::Pending { error: Some(error.clone()) },
            };
            if notice.state.is_pending() {
                // It may have been cancelled meanwhile.
                if let Some(pending) = book.pending.get_mut(&key) {
                    pending.clone_from(&notice);
                }
            } else {
                book.pending.remove(&key);
                if outcome.is_ok() {
                    book.note_told(&notice);
                }
            }
            batch.saved.push(notice);
        }
        batch
    }
}

/// Whether a notice is to be delivered now.
fn is_due(notice: &Notice, now: Timestamp) -> bool {
    match notice.attempts {
        0 => notice.due_at <= now,
        _ => !is_ahead(notice.attempt_at, now),
    }
}

/// Whether a time that is at most [`PAUSE_MAX`] ahead when it is set lies ahead. After the clock was set back
/// it does not.
fn is_ahead(at: Timestamp, now: Timestamp) -> bool {
    now < at && at.0.saturating_sub(now.0) <= PAUSE_MAX
}

/// The pause after this many attempts that failed, in microseconds: between half of its maximum and all of it.
fn pause(failures: u32, spread: f64) -> i64 {
    let doubled = PAUSE_MIN << failures.saturating_sub(1).min(10);
    let longest = Duration::from_micros(doubled.min(PAUSE_MAX).unsigned_abs());
    let pause = longest.mul_f64(0.5 + spread.clamp(0.0, 1.0) / 2.0);
    i64::try_from(pause.as_micros()).unwrap_or(PAUSE_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_quarter_of_an_hour() {
        for (failures, spread, seconds) in
            [(1, 1.0, 5), (2, 1.0, 10), (3, 0.0, 10), (8, 1.0, 640), (9, 1.0, 900), (99, 0.0, 450)]
        {
            assert_eq!(pause(failures, spread), seconds * SECOND, "{failures} {spread}");
        }
    }
}
