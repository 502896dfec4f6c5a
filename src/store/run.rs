//! The run of the service that uses the store, to notice one that ended without a shutdown.

use bincode::{BorrowDecode, Encode};
use redb::{ReadableTable as _, WriteTransaction};
use serde_json::Value;

use super::audit_event::AuditEvent;
use super::audit_writer::append_events;
use super::codec::{RecordSource, VersionedRecord, decode, encode};
use super::error::StoreError;
use super::open::Store;
use super::snapshot::Snapshot;
use super::tables;
use crate::domain::Timestamp;

/// Present while the service runs.
const RUN_KEY: &str = "run";
/// Counts the rows about runs.
const ROWS_KEY: &str = "run_rows";
/// Which upgrade the last row about one was about.
const UPGRADE_KEY: &str = "noted_upgrade";

/// Rows about runs in an hour: ten orderly restarts. A crash loop makes as many in a minute.
const ROWS_MAX: u32 = 20;
const ROWS_SPAN_US: i64 = 3_600_000_000;

#[derive(Encode, BorrowDecode)]
struct RunV1 {
    started_us: i64,
}

impl VersionedRecord for RunV1 {
    const VERSION: u8 = 1;
}

/// How many rows about runs were written lately, and how many were left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, BorrowDecode)]
struct RunRowsV1 {
    hour_began_us: i64,
    written: u32,
    left_out: u32,
}

impl VersionedRecord for RunRowsV1 {
    const VERSION: u8 = 1;
}

impl RunRowsV1 {
    /// Whether one more is written at this time; otherwise it is counted for the next one. Returns how many were left
    /// out before.
    fn admit(&mut self, at: Timestamp) -> Option<u32> {
        // Also when the clock was set back.
        if !(0..ROWS_SPAN_US).contains(&at.0.saturating_sub(self.hour_began_us)) {
            self.hour_began_us = at.0;
            self.written = 0;
        }
        if self.written >= ROWS_MAX {
            self.left_out = self.left_out.saturating_add(1);
            return None;
        }
        self.written += 1;
        Some(std::mem::take(&mut self.left_out))
    }
}

impl Store {
    /// Notes durably that the service runs, with rows about it, which are bounded.
    pub fn begin_run(
        &self,
        started_at: Timestamp,
        events: Vec<AuditEvent>,
    ) -> Result<(), StoreError> {
        let tx = self.db.begin_write()?;
        let run = encode(&RunV1 { started_us: started_at.0 });
        tx.open_table(tables::META)?.insert(RUN_KEY, run.as_slice())?;
        append_bounded(&tx, events, started_at)?;
        tx.commit()?;
        Ok(())
    }

    /// Notes durably that the service has ended as it should, with rows about it, which are bounded.
    pub fn end_run(&self, ended_at: Timestamp, events: Vec<AuditEvent>) -> Result<(), StoreError> {
        let tx = self.db.begin_write()?;
        tx.open_table(tables::META)?.remove(RUN_KEY)?;
        append_bounded(&tx, events, ended_at)?;
        tx.commit()?;
        Ok(())
    }

    /// Adds a row about an upgrade of the program, unless the last one was about the same: `key` names it.
    pub fn note_upgrade(
        &self,
        key: &str,
        event: &AuditEvent,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let tx = self.db.begin_write()?;
        let is_new = {
            let mut meta = tx.open_table(tables::META)?;
            let before = meta.insert(UPGRADE_KEY, key.as_bytes())?;
            before.is_none_or(|before| before.value() != key.as_bytes())
        };
        if is_new {
            append_events(&tx, &[event], at)?;
            tx.commit()?;
        }
        Ok(())
    }
}

/// Appends rows as far as there may be more: a service that ends and starts again all day does not fill the trail.
fn append_bounded(
    tx: &WriteTransaction,
    events: Vec<AuditEvent>,
    at: Timestamp,
) -> Result<(), StoreError> {
    let mut rows = {
        let meta = tx.open_table(tables::META)?;
        let source = RecordSource { table: "meta", key: &ROWS_KEY };
        let found = meta.get(ROWS_KEY)?.map(|value| decode(value.value(), source));
        found.transpose()?.unwrap_or_default()
    };
    let mut admitted = Vec::new();
    for mut event in events {
        let Some(left_out) = RunRowsV1::admit(&mut rows, at) else { continue };
        if let (1.., Value::Object(details)) = (left_out, &mut event.details) {
            details.insert("rows_left_out".to_owned(), left_out.into());
        }
        admitted.push(event);
    }
    append_events(tx, &admitted.iter().collect::<Vec<_>>(), at)?;
    tx.open_table(tables::META)?.insert(ROWS_KEY, encode(&rows).as_slice())?;
    Ok(())
}

impl Snapshot {
    /// When a run began that did not end with [`Store::end_run`]: this one, or the one before if this one
    /// has not begun with [`Store::begin_run`].
    pub fn open_run(&self) -> Result<Option<Timestamp>, StoreError> {
        let meta = self.transaction().open_table(tables::META)?;
        meta.get(RUN_KEY)?.map(|value| started(value.value())).transpose()
    }
}

fn started(bytes: &[u8]) -> Result<Timestamp, StoreError> {
    let run: RunV1 = decode(bytes, RecordSource { table: "meta", key: &RUN_KEY })?;
    Ok(Timestamp(run.started_us))
}

#[cfg(test)]
mod tests {
    use redb::backends::InMemoryBackend;
    use serde_json::json;

    use super::*;
    use crate::store::{AuditOrigin, OpenOptions};
    use crate::util::hex;

    /// Version 1 as it was first shipped. These bytes never change.
    #[test]
    fn golden_bytes() {
        let bytes = encode(&RunV1 { started_us: 1_795_000_000_000_000 });
        assert_eq!(hex(&bytes), "01fd0060be0216c10c00");
        assert_eq!(started(&bytes).unwrap(), Timestamp(1_795_000_000_000_000));
        let rows = RunRowsV1 { hour_began_us: 1_795_000_000_000_000, written: 20, left_out: 300 };
        assert_eq!(hex(encode(&rows)), "01fd0060be0216c10c0014fb2c01");
    }

    #[test]
    fn a_crash_loop_is_a_bounded_number_of_rows_and_a_count() {
        let options = OpenOptions { cache_bytes: 16 << 20, now: Timestamp(0), site_id: None };
        let store = Store::with_backend(InMemoryBackend::new(), options).unwrap();
        let event = |action| AuditEvent::done(AuditOrigin::local("system"), action, json!({}));
        let start = |at: i64| {
            let events = vec![event("note unclean end of service"), event("start service")];
            store.begin_run(Timestamp(at), events).unwrap();
        };
        for second in 0..1000 {
            start(second * 1_000_000);
        }
        let rows = || {
            let snapshot = store.read().unwrap();
            let all = (std::ops::Bound::Unbounded, std::ops::Bound::Unbounded);
            let rows = snapshot.audit_range(all, 0).unwrap().map(|row| row.unwrap().details);
            rows.collect::<Vec<_>>()
        };
        assert_eq!(rows().len(), ROWS_MAX as usize);
        store.end_run(Timestamp(ROWS_SPAN_US), vec![event("end service")]).unwrap();
        assert_eq!(rows()[ROWS_MAX as usize..], [r#"{"rows_left_out":1980}"#.to_owned()]);
        start(ROWS_SPAN_US + 1);
        assert_eq!(rows().last().unwrap(), "{}", "they are counted once");
        start(0);
        assert_eq!(rows().len(), ROWS_MAX as usize + 5, "the clock was set back");
    }

    #[test]
    fn an_upgrade_is_noted_once() {
        let options = OpenOptions { cache_bytes: 16 << 20, now: Timestamp(0), site_id: None };
        let store = Store::with_backend(InMemoryBackend::new(), options).unwrap();
        let event = AuditEvent::done(AuditOrigin::local("system"), "upgrade program", Value::Null);
        for key in ["a", "a", "b", "b"] {
            store.note_upgrade(key, &event, Timestamp(1)).unwrap();
        }
        let snapshot = store.read().unwrap();
        let all = (std::ops::Bound::Unbounded, std::ops::Bound::Unbounded);
        assert_eq!(snapshot.audit_range(all, 0).unwrap().count(), 2);
    }
}
