//! Notices: who is to be told of which incident or report and when, and what became of it.
//!
//! Those of an incident are written in its transaction, those of a report once it is kept. Both are written
//! without a new seq: they are no part of the site.

use bincode::{BorrowDecode, Encode};
use redb::{ReadableTable, ReadableTableMetadata, Table, WriteTransaction};

use super::codec::{RecordSource, VersionedRecord, decode, encode};
use super::error::StoreError;
use super::open::Store;
use super::snapshot::{Snapshot, open_if_written};
use super::tables;
use crate::domain::Timestamp;
use crate::util::Usage;

/// Notices that are kept: a year of fifty a day. A record has less than 1.2 kB, usually 100 bytes.
pub const NOTICES_MAX: u64 = 20_000;
/// Old ones that a write forgets at most, so that it stays short.
const FORGOTTEN_MAX: usize = 1000;

/// A contact is told one thing of an incident, or sent a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Grows with each notice.
    pub id: u64,
    pub subject: NoticeSubject,
    /// The name of the contact.
    pub contact: String,
    /// The step of the escalation, from 0.
    pub step: u8,
    pub kind: NoticeKind,
    pub planned_at: Timestamp,
    /// When it is to be delivered.
    pub due_at: Timestamp,
    /// When it is tried next: `due_at`, or later after an attempt that failed.
    pub attempt_at: Timestamp,
    /// Attempts to deliver it so far.
    pub attempts: u32,
    pub state: NoticeState,
}

/// What a notice is about. The kind is [`NoticeKind::Reported`] for a report, and another one for an incident.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NoticeSubject {
    Incident(u64),
    Report(u64),
}

/// The subject and the id of a notice: those of a subject are neighbours.
pub type NoticeKey = (NoticeSubject, u64);

/// What a notice tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeKind {
    Opened,
    /// The cause came again.
    Reopened,
    /// It is more severe, or affects at least twice as many customers.
    Worsened,
    /// Its maintenance has ended, and it still exists.
    Continued,
    Closed,
    /// A job has kept a report.
    Reported,
}

/// What became of a notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoticeState {
    /// Not delivered yet; with the error of the last attempt.
    Pending { error: Option<String> },
    /// The receiver accepted it, and answered this.
    Sent { at: Timestamp, answer: String },
    /// It is not tried any more.
    Failed { at: Timestamp, error: String },
}

/// Notices to write.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NoticeBatch {
    /// As they are from now on. One that was tried and is still pending is written only if it was not
    /// cancelled meanwhile.
    pub saved: Vec<Notice>,
    /// Pending ones that are forgotten.
    pub cancelled: Vec<NoticeKey>,
    /// The newest report of which notices are planned, if that is another one than before.
    pub planned_report: Option<u64>,
}

impl NoticeKind {
    pub const ALL: [Self; 6] = [
        Self::Opened,
        Self::Reopened,
        Self::Worsened,
        Self::Continued,
        Self::Closed,
        Self::Reported,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Reopened => "reopened",
            Self::Worsened => "worsened",
            Self::Continued => "continued",
            Self::Closed => "closed",
            Self::Reported => "reported",
        }
    }

    const fn code(self) -> u8 {
        match self {
            Self::Opened => 1,
            Self::Reopened => 2,
            Self::Worsened => 3,
            Self::Continued => 4,
            Self::Closed => 5,
            Self::Reported => 6,
        }
    }
}

impl Notice {
    pub const fn key(&self) -> NoticeKey {
        (self.subject, self.id)
    }
}

impl NoticeSubject {
    /// The id of the incident, if it is one.
    pub const fn incident(self) -> Option<u64> {
        match self {
            Self::Incident(id) => Some(id),
            Self::Report(_) => None,
        }
    }

    /// The id of the report, if it is one.
    pub const fn report(self) -> Option<u64> {
        match self {
            Self::Incident(_) => None,
            Self::Report(id) => Some(id),
        }
    }
}

impl NoticeState {
    /// The words of [`NoticeState::as_str`].
    pub const WORDS: [&'static str; 3] = ["pending", "sent", "failed"];

    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Pending { .. } => "pending",
            Self::Sent { .. } => "sent",
            Self::Failed { .. } => "failed",
        }
    }

    pub const fn is_pending(&self) -> bool {
        matches!(self, Self::Pending { .. })
    }
}

impl NoticeBatch {
    pub fn is_empty(&self) -> bool {
        self.saved.is_empty() && self.cancelled.is_empty() && self.planned_report.is_none()
    }
}

#[derive(Encode, BorrowDecode)]
struct NoticeV1<'a> {
    /// The id of the incident or, by the kind, of the report.
    subject: u64,
    contact: &'a str,
    step: u8,
    kind: u8,
    planned_us: i64,
    due_us: i64,
    attempt_us: i64,
    attempts: u32,
    state: NoticeStateV1<'a>,
}

/// The variants are numbered in their order; a new one is added at the end.
#[derive(Encode, BorrowDecode)]
enum NoticeStateV1<'a> {
    Pending(Option<&'a str>),
    Sent(i64, &'a str),
    Failed(i64, &'a str),
}

impl VersionedRecord for NoticeV1<'_> {
    const VERSION: u8 = 1;
}

impl Store {
    /// Writes notices in one durable transaction. The site and its seq stay what they are.
    pub fn save_notices(&self, batch: &NoticeBatch) -> Result<(), StoreError> {
        let tx = self.db.begin_write()?;
        save(&tx, batch)?;
        tx.commit()?;
        Ok(())
    }
}

impl Snapshot {
    /// Notices from new to old, beginning before this id.
    pub fn notices(
        &self,
        before: Option<u64>,
    ) -> Result<impl Iterator<Item = Result<Notice, StoreError>> + use<>, StoreError> {
        let rows = match open_if_written(self.transaction(), tables::NOTICES)? {
            Some(table) => Some(table.range(..before.unwrap_or(u64::MAX))?.rev()),
            None => None,
        };
        Ok(rows.into_iter().flatten().map(|row| {
            let (id, value) = row?;
            decode_notice(id.value(), value.value())
        }))
    }

    /// How many notices are kept.
    pub fn notice_usage(&self) -> Result<Usage, StoreError> {
        let table = open_if_written(self.transaction(), tables::NOTICES)?;
        let used = table.map(|table| table.len()).transpose()?.unwrap_or(0);
        Ok(Usage { used, max: NOTICES_MAX })
    }

    /// The id of the newest report of which notices are planned; `None` before the first one.
    pub fn planned_report(&self) -> Result<Option<u64>, StoreError> {
        let table = open_if_written(self.transaction(), tables::PLANNED_REPORT)?;
        let Some(table) = table else { return Ok(None) };
        Ok(table.get(())?.map(|id| id.value()))
    }

    /// The notices of an incident, oldest first.
    pub fn notices_of(&self, incident: u64) -> Result<Vec<Notice>, StoreError> {
        let index = open_if_written(self.transaction(), tables::INCIDENT_NOTICES)?;
        let records = open_if_written(self.transaction(), tables::NOTICES)?;
        let (Some(index), Some(records)) = (index, records) else { return Ok(Vec::new()) };
        let mut notices = Vec::new();
        for row in index.range((incident, 0)..=(incident, u64::MAX))? {
            let (_, id) = row?.0.value();
            let record = records.get(id)?;
            notices.extend(record.map(|it| decode_notice(id, it.value())).transpose()?);
        }
        Ok(notices)
    }
}

/// Writes notices as a part of a transaction.
pub(super) fn save(tx: &WriteTransaction, batch: &NoticeBatch) -> Result<(), StoreError> {
    if batch.is_empty() {
        return Ok(());
    }
    if let Some(id) = batch.planned_report {
        tx.open_table(tables::PLANNED_REPORT)?.insert((), id)?;
    }
    let mut records = tx.open_table(tables::NOTICES)?;
    let mut index = tx.open_table(tables::INCIDENT_NOTICES)?;
    for key in &batch.cancelled {
        if read(&records, key.1)?.is_some_and(|notice| notice.state.is_pending()) {
            remove(&mut records, &mut index, *key)?;
        }
    }
    for notice in &batch.saved {
        let is_retry = notice.state.is_pending() && notice.attempts > 0;
        if is_retry && read(&records, notice.id)?.is_none() {
            continue;
        }
        records.insert(notice.id, encode_notice(notice).as_slice())?;
        if let NoticeSubject::Incident(incident) = notice.subject {
            index.insert((incident, notice.id), ())?;
        }
    }
    let surplus = usize::try_from(records.len()?.saturating_sub(NOTICES_MAX)).unwrap_or(usize::MAX);
    let mut forgotten = Vec::new();
    for row in records.iter()?.take(if surplus == 0 { 0 } else { usize::MAX }) {
        let (id, value) = row?;
        let notice = decode_notice(id.value(), value.value())?;
        if forgotten.len() >= surplus.min(FORGOTTEN_MAX) {
            break;
        }
        if !notice.state.is_pending() {
            forgotten.push(notice.key());
        }
    }
    for key in forgotten {
        remove(&mut records, &mut index, key)?;
    }
    Ok(())
}

fn remove(
    records: &mut Table<'_, u64, &'static [u8]>,
    index: &mut Table<'_, (u64, u64), ()>,
    (subject, id): NoticeKey,
) -> Result<(), StoreError> {
    records.remove(id)?;
    if let NoticeSubject::Incident(incident) = subject {
        index.remove((incident, id))?;
    }
    Ok(())
}

fn read(
    table: &impl ReadableTable<u64, &'static [u8]>,
    id: u64,
) -> Result<Option<Notice>, StoreError> {
    table.get(id)?.map(|value| decode_notice(id, value.value())).transpose()
}

fn encode_notice(notice: &Notice) -> Vec<u8> {
    let (NoticeSubject::Incident(subject) | NoticeSubject::Report(subject)) = notice.subject;
    encode(&NoticeV1 {
        subject,
        contact: &notice.contact,
        step: notice.step,
        kind: notice.kind.code(),
        planned_us: notice.planned_at.0,
        due_us: notice.due_at.0,
        attempt_us: notice.attempt_at.0,
        attempts: notice.attempts,
        state: match &notice.state {
            NoticeState::Pending { error } => NoticeStateV1::Pending(error.as_deref()),
            NoticeState::Sent { at, answer } => NoticeStateV1::Sent(at.0, answer),
            NoticeState::Failed { at, error } => NoticeStateV1::Failed(at.0, error),
        },
    })
}

fn decode_notice(id: u64, bytes: &[u8]) -> Result<Notice, StoreError> {
    let source = RecordSource { table: "notices", key: &id };
    let record: NoticeV1<'_> = decode(bytes, source)?;
    let kind = NoticeKind::ALL.into_iter().find(|kind| kind.code() == record.kind);
    let kind = kind.ok_or_else(|| source.damaged("unknown kind"))?;
    let subject = match kind {
        NoticeKind::Reported => NoticeSubject::Report(record.subject),
        _ => NoticeSubject::Incident(record.subject),
    };
    Ok(Notice {
        id,
        subject,
        contact: record.contact.to_owned(),
        step: record.step,
        kind,
        planned_at: Timestamp(record.planned_us),
        due_at: Timestamp(record.due_us),
        attempt_at: Timestamp(record.attempt_us),
        attempts: record.attempts,
        state: match record.state {
            NoticeStateV1::Pending(error) => {
                NoticeState::Pending { error: error.map(str::to_owned) }
            }
            NoticeStateV1::Sent(at, answer) => {
                NoticeState::Sent { at: Timestamp(at), answer: answer.to_owned() }
            }
            NoticeStateV1::Failed(at, error) => {
                NoticeState::Failed { at: Timestamp(at), error: error.to_owned() }
            }
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::util::hex;

    /// Version 1 as it was first shipped. These bytes never change.
    const PENDING_V1: &str = "01fb2c01076f6e2d63616c6c0103fd0060be0216c10c00fd0260be0216c10c000102\
        00010b66c3bc72206e6963687473";
    const SENT_V1: &str = "01fb2c01076f6e2d63616c6c0103fd0060be0216c10c00fd0260be0216c10c000102\
        0106084854545020323030";

    fn notice(state: NoticeState) -> Notice {
        Notice {
            id: 7,
            subject: NoticeSubject::Incident(300),
            contact: "on-call".to_owned(),
            step: 1,
            kind: NoticeKind::Worsened,
            planned_at: Timestamp(1_795_000_000_000_000),
            due_at: Timestamp(1_795_000_000_000_001),
            attempt_at: Timestamp(-1),
            attempts: 2,
            state,
        }
    }

    #[test]
    fn round_trips_and_golden_bytes() {
        let pending = notice(NoticeState::Pending { error: Some("für nichts".to_owned()) });
        let bytes = encode_notice(&pending);
        assert_eq!(decode_notice(7, &bytes).unwrap(), pending);
        assert_eq!(hex(&bytes), PENDING_V1);
        let sent = notice(NoticeState::Sent { at: Timestamp(3), answer: "HTTP 200".to_owned() });
        let bytes = encode_notice(&sent);
        assert_eq!(decode_notice(7, &bytes).unwrap(), sent);
        assert_eq!(hex(&bytes), SENT_V1);
        let failed = notice(NoticeState::Failed { at: Timestamp(3), error: String::new() });
        assert_eq!(decode_notice(7, &encode_notice(&failed)).unwrap(), failed);
        let subject = NoticeSubject::Report(300);
        let report = Notice { subject, kind: NoticeKind::Reported, ..failed };
        assert_eq!(decode_notice(7, &encode_notice(&report)).unwrap(), report);
    }

    #[test]
    fn an_unknown_kind_is_damage() {
        let mut bytes = encode_notice(&notice(NoticeState::Pending { error: None }));
        // The version, the incident in three bytes, the contact with its length, the step.
        bytes[1 + 3 + 1 + "on-call".len() + 1] = 99;
        let error = decode_notice(7, &bytes).unwrap_err().to_string();
        assert!(error.contains("table notices, key 7: unknown kind"), "{error}");
    }
}
