//! What people record of the duties that they do.

use bincode::{BorrowDecode, Encode};
use redb::{ReadableTable, TableError};

use super::audit_event::AuditEvent;
use super::audit_writer::append_events;
use super::codec::{RecordSource, VersionedRecord, decode, encode};
use super::error::StoreError;
use super::open::Store;
use super::snapshot::Snapshot;
use super::tables;
use crate::domain::Timestamp;

/// Records kept of each duty: three a day for 400 days.
pub const DUTY_RECORDS_MAX: u64 = 1200;

/// One time that a duty was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DutyRecord {
    /// Grows by one with each record of the same duty.
    pub id: u64,
    pub at: Timestamp,
    /// Who did it.
    pub name: String,
    pub note: Option<String>,
}

#[derive(Encode, BorrowDecode)]
struct DutyRecordV1<'a> {
    at_us: i64,
    name: &'a str,
    note: Option<&'a str>,
}

impl VersionedRecord for DutyRecordV1<'_> {
    const VERSION: u8 = 1;
}

impl Store {
    /// Remembers durably that a duty was done; the oldest records beyond [`DUTY_RECORDS_MAX`] are
    /// forgotten. The audit trail has `event` in the same transaction. Returns the id of the record.
    pub fn add_duty_record(
        &self,
        duty: &str,
        at: Timestamp,
        name: &str,
        note: Option<&str>,
        event: &AuditEvent,
    ) -> Result<u64, StoreError> {
        let tx = self.db.begin_write()?;
        append_events(&tx, &[event], at)?;
        let id = {
            let mut table = tx.open_table(tables::DUTY_RECORDS)?;
            let last = table.range((duty, 0)..=(duty, u64::MAX))?.next_back().transpose()?;
            let id = last.map_or(0, |(key, _)| key.value().1) + 1;
            let record = encode(&DutyRecordV1 { at_us: at.0, name, note });
            table.insert((duty, id), record.as_slice())?;
            let oldest = id.saturating_sub(DUTY_RECORDS_MAX);
            table.retain_in((duty, 0)..=(duty, oldest), |_, _| false)?;
            id
        };
        tx.commit()?;
        Ok(id)
    }
}

impl Snapshot {
    /// The records of a duty, the newest first, from before the id `before` if there is one.
    pub fn duty_records(
        &self,
        duty: &str,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<DutyRecord>, StoreError> {
        let table = match self.transaction().open_table(tables::DUTY_RECORDS) {
            Ok(table) => table,
            Err(TableError::TableDoesNotExist(_)) => return Ok(Vec::new()),
            Err(error) => return Err(error.into()),
        };
        let end = before.unwrap_or(u64::MAX);
        let rows = table.range((duty, 0)..(duty, end))?.rev().take(limit);
        rows.map(|row| {
            let (key, value) = row?;
            record(key.value().1, value.value())
        })
        .collect()
    }
}

fn record(id: u64, bytes: &[u8]) -> Result<DutyRecord, StoreError> {
    let source = RecordSource { table: "duty_records", key: &id };
    let DutyRecordV1 { at_us, name, note } = decode(bytes, source)?;
    let note = note.map(str::to_owned);
    Ok(DutyRecord { id, at: Timestamp(at_us), name: name.to_owned(), note })
}

#[cfg(test)]
mod tests {
    use redb::backends::InMemoryBackend;
    use serde_json::Value;

    use super::*;
    use crate::store::{AuditOrigin, OpenOptions};
    use crate::util::hex;

    /// Version 1 as it was first shipped. These bytes never change.
    #[test]
    fn golden_bytes() {
        let at_us = 1_795_000_000_000_000;
        let bytes = encode(&DutyRecordV1 { at_us, name: "Ada", note: Some("all quiet") });
        assert_eq!(hex(&bytes), "01fd0060be0216c10c00034164610109616c6c207175696574");
        let read = record(7, &bytes).unwrap();
        let note = Some("all quiet".to_owned());
        assert_eq!(read, DutyRecord { id: 7, at: Timestamp(at_us), name: "Ada".to_owned(), note });
    }

    #[test]
    fn the_newest_records_of_each_duty_are_kept() {
        let options = OpenOptions { cache_bytes: 16 << 20, now: Timestamp(0), site_id: None };
        let store = Store::with_backend(InMemoryBackend::new(), options).unwrap();
        assert!(store.read().unwrap().duty_records("logs", None, 10).unwrap().is_empty());
        let event = AuditEvent::done(AuditOrigin::local("Ada"), "record duty", Value::Null);
        let add = |duty, at, name| store.add_duty_record(duty, at, name, None, &event).unwrap();
        let count = DUTY_RECORDS_MAX + 3;
        for id in 1..=count {
            assert_eq!(add("logs", Timestamp(5), "Ada"), id);
        }
        add("backup", Timestamp(6), "Bo");
        let snapshot = store.read().unwrap();
        let ids = |before, limit| {
            let records = snapshot.duty_records("logs", before, limit).unwrap();
            records.into_iter().map(|record| record.id).collect::<Vec<_>>()
        };
        let all: Vec<u64> = (4..=count).rev().collect();
        assert_eq!(ids(None, usize::MAX), all);
        assert_eq!(ids(Some(7), 2), [6, 5]);
        assert_eq!(snapshot.duty_records("backup", None, 10).unwrap().len(), 1);
    }
}
