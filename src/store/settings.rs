//! Settings that were changed while the service ran.

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

/// The last change of a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingChange {
    pub key: String,
    /// `None` after it was set back to the default.
    pub value: Option<u64>,
    /// Who changed it.
    pub actor: String,
    pub changed_at: Timestamp,
    /// When it goes back to the default by itself.
    pub ends_at: Option<Timestamp>,
}

#[derive(Encode, BorrowDecode)]
struct SettingChangeV1<'a> {
    value: Option<u64>,
    actor: &'a str,
    changed_at_us: i64,
    ends_at_us: Option<i64>,
}

impl VersionedRecord for SettingChangeV1<'_> {
    const VERSION: u8 = 1;
}

impl Store {
    /// Remembers changes durably, all or none; each in place of the last one of the same setting. The audit
    /// trail has them in the same transaction.
    pub fn save_settings(
        &self,
        changes: &[SettingChange],
        event: &AuditEvent,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let tx = self.db.begin_write()?;
        append_events(&tx, &[event], at)?;
        {
            let mut table = tx.open_table(tables::SETTINGS)?;
            for change in changes {
                let record = encode(&SettingChangeV1 {
                    value: change.value,
                    actor: &change.actor,
                    changed_at_us: change.changed_at.0,
                    ends_at_us: change.ends_at.map(|at| at.0),
                });
                table.insert(change.key.as_str(), record.as_slice())?;
            }
        }
        tx.commit()?;
        Ok(())
    }
}

impl Snapshot {
    /// The last change of each setting that was ever changed.
    pub fn setting_changes(&self) -> Result<Vec<SettingChange>, StoreError> {
        let table = match self.transaction().open_table(tables::SETTINGS) {
            Ok(table) => table,
            Err(TableError::TableDoesNotExist(_)) => return Ok(Vec::new()),
            Err(error) => return Err(error.into()),
        };
        let changes = table.iter()?.map(|row| {
            let (key, value) = row?;
            change(key.value(), value.value())
        });
        changes.collect()
    }
}

fn change(key: &str, bytes: &[u8]) -> Result<SettingChange, StoreError> {
    let source = RecordSource { table: "settings", key: &key };
    let SettingChangeV1 { value, actor, changed_at_us, ends_at_us } = decode(bytes, source)?;
    Ok(SettingChange {
        key: key.to_owned(),
        value,
        actor: actor.to_owned(),
        changed_at: Timestamp(changed_at_us),
        ends_at: ends_at_us.map(Timestamp),
    })
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
        let record = SettingChangeV1 {
            value: Some(500),
            actor: "api",
            changed_at_us: at_us,
            ends_at_us: Some(7),
        };
        let bytes = encode(&record);
        assert_eq!(hex(&bytes), "0101fbf40103617069fd0060be0216c10c00010e");
        let read = change("event_interval_ms", &bytes).unwrap();
        assert_eq!((read.value, read.actor.as_str()), (Some(500), "api"));
        assert_eq!((read.changed_at, read.ends_at), (Timestamp(at_us), Some(Timestamp(7))));
    }

    #[test]
    fn the_last_change_of_each_setting_is_kept() {
        let options = OpenOptions { cache_bytes: 16 << 20, now: Timestamp(0), site_id: None };
        let store = Store::with_backend(InMemoryBackend::new(), options).unwrap();
        assert!(store.read().unwrap().setting_changes().unwrap().is_empty());
        let of = |key: &str, value| SettingChange {
            key: key.to_owned(),
            value,
            actor: "Ada".to_owned(),
            changed_at: Timestamp(5),
            ends_at: None,
        };
        let event = AuditEvent::done(AuditOrigin::local("Ada"), "change settings", Value::Null);
        let save = |changes: &[SettingChange]| {
            store.save_settings(changes, &event, Timestamp(5)).unwrap();
        };
        save(&[of("b", Some(1)), of("a", Some(2))]);
        save(&[of("b", None)]);
        let rows = store.read().unwrap().audit(None, 0).unwrap();
        assert_eq!(rows.map(|row| row.unwrap().action).collect::<Vec<_>>(), ["change settings"; 2]);
        let kept = store.read().unwrap().setting_changes().unwrap();
        assert_eq!(kept, [of("a", Some(2)), of("b", None)]);
    }
}
