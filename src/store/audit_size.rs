//! The size of the audit trail: counted in bytes, and kept within a bound.

use bincode::{BorrowDecode, Encode};
use redb::{ReadableDatabase, ReadableTable, ReadableTableMetadata, Table};

use super::codec::{Record, Source, decode, encode};
use super::commit::Writer;
use super::error::StoreError;
use super::meta;
use super::open::Store;
use super::tables;

/// Audit rows that are kept; about a year at 500 changes a day.
pub const AUDIT_ROWS_MAX: u64 = 200_000;
/// Bytes of the rows that are kept: 200,000 usual ones have 80 MB. The oldest go first.
pub const AUDIT_BYTES_MAX: u64 = 128 << 20;
/// Rows that one transaction takes away: more than a batch of commands adds, and milliseconds.
const PRUNED_ROWS_MAX: u64 = 2_048;

const TRAIL_KEY: &str = "trail";

#[derive(Encode, BorrowDecode)]
struct TrailV1 {
    bytes: u64,
    /// As of which row that was counted: a program that does not count leaves it behind.
    next_audit: u64,
}

impl Record for TrailV1 {
    const VERSION: u8 = 1;
}

type AuditTable<'txn> = Table<'txn, u64, &'static [u8]>;
type MetaTable<'txn> = Table<'txn, &'static str, &'static [u8]>;

/// What the rows of the trail take.
#[derive(Debug)]
pub(super) struct Trail {
    bytes: u64,
}

impl Trail {
    /// As of the row before `next_audit`. A trail that nobody counted is counted now, once.
    pub(super) fn read(
        meta: &impl ReadableTable<&'static str, &'static [u8]>,
        audit: &impl ReadableTable<u64, &'static [u8]>,
        next_audit: u64,
    ) -> Result<Self, StoreError> {
        if let Some(bytes) = counted(meta, next_audit)? {
            return Ok(Self { bytes });
        }
        let mut bytes = 0;
        for row in audit.iter()? {
            bytes += row?.1.value().len() as u64;
        }
        Ok(Self { bytes })
    }

    fn fits(&self, row_count: u64) -> bool {
        self.bytes <= AUDIT_BYTES_MAX && row_count <= AUDIT_ROWS_MAX
    }

    /// Adds what the writer wrote, makes room for it, and notes the size.
    pub(super) fn close(
        &mut self,
        meta: &mut MetaTable<'_>,
        writer: &mut Writer<'_>,
        next_audit: u64,
    ) -> Result<(), StoreError> {
        self.bytes += writer.audit_bytes;
        self.prune(&mut writer.audit)?;
        self.note(meta, next_audit)
    }

    fn prune(&mut self, audit: &mut AuditTable<'_>) -> Result<(), StoreError> {
        let mut pruned = 0;
        // The newest row stays, however large.
        while pruned < PRUNED_ROWS_MAX && audit.len()? > 1 && !self.fits(audit.len()?) {
            if let Some((_, row)) = audit.pop_first()? {
                self.bytes = self.bytes.saturating_sub(row.value().len() as u64);
            }
            pruned += 1;
        }
        Ok(())
    }

    fn note(&self, meta: &mut MetaTable<'_>, next_audit: u64) -> Result<(), StoreError> {
        let record = TrailV1 { bytes: self.bytes, next_audit };
        meta.insert(TRAIL_KEY, encode(&record).as_slice())?;
        Ok(())
    }
}

/// The size as it was noted, if it was noted for this row.
fn counted(
    meta: &impl ReadableTable<&'static str, &'static [u8]>,
    next_audit: u64,
) -> Result<Option<u64>, StoreError> {
    let Some(value) = meta.get(TRAIL_KEY)? else { return Ok(None) };
    let record: TrailV1 = decode(value.value(), Source { table: "meta", key: &TRAIL_KEY })?;
    Ok((record.next_audit == next_audit).then_some(record.bytes))
}

impl Store {
    /// Brings the trail of an older program within [`AUDIT_BYTES_MAX`], in transactions of a bounded
    /// size; returns how many bytes of rows went. Does nothing where it fits.
    ///
    /// # Errors
    /// As [`Store::commit`].
    pub fn shrink_trail(&self) -> Result<u64, StoreError> {
        let mut gone = 0;
        loop {
            let snapshot = self.db.begin_read()?;
            let meta = snapshot.open_table(tables::META)?;
            let audit = snapshot.open_table(tables::AUDIT)?;
            let next_audit = meta::read_head(&meta)?.next_audit;
            let before = Trail::read(&meta, &audit, next_audit)?;
            let is_noted = counted(&meta, next_audit)?.is_some();
            if (is_noted || audit.is_empty()?) && (before.fits(audit.len()?) || audit.len()? <= 1) {
                return Ok(gone);
            }
            drop(snapshot);
            let mut trail = Trail { bytes: before.bytes };
            let tx = self.db.begin_write()?;
            {
                trail.prune(&mut tx.open_table(tables::AUDIT)?)?;
                trail.note(&mut tx.open_table(tables::META)?, next_audit)?;
            }
            tx.commit()?;
            gone += before.bytes - trail.bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use redb::backends::InMemoryBackend;

    use super::*;
    use crate::domain::{
        Change, Device, DeviceId, DeviceType, Edit, IdCounters, Name, Optics, Override,
        OverrideReason, Position, Reasons, Status, Timestamp, Uplink,
    };
    use crate::store::{
        AUDIT_DERIVED_IMAGES_MAX, AuditOrigin, CommitBatch, CommitEntry, OpenOptions,
    };

    fn store() -> Store {
        let options = OpenOptions { cache_bytes: 16 << 20, now: Timestamp(0), site_id: None };
        Store::with_backend(InMemoryBackend::new(), options).unwrap()
    }

    /// A change of a device with texts as long as they may be: about 3 kB before and after.
    fn change(id: u64) -> Change {
        let reason = OverrideReason::new(&"ü".repeat(255)).unwrap();
        let device = Arc::new(Device {
            id: DeviceId(id),
            name: Name::new(&"名".repeat(128)).unwrap(),
            device_type: DeviceType::Hop,
            position: Position::default(),
            optics: Optics::default(),
            parent: None,
            status: Status::Up,
            reasons: Reasons::NONE,
            signal: None,
            uplink: Uplink::default(),
            through_loss_db: None,
            status_since: Timestamp(0),
            status_override: Some(Override { status: Status::Down, reason: Some(reason) }),
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
        });
        Change::Device(Edit { before: Some(Arc::clone(&device)), after: Some(device) })
    }

    fn commit(store: &Store, changes: &[Change], direct_count: usize) {
        let origin = AuditOrigin::default();
        let entry = CommitEntry { action: "test", origin: &origin, changes, direct_count };
        let batch = CommitBatch {
            seq: store.read().unwrap().head().seq + 1,
            at: Timestamp(0),
            counters: IdCounters::default(),
            entries: vec![entry],
            adoption: None,
        };
        store.commit(&batch).unwrap();
    }

    fn bytes_of_rows(store: &Store) -> Vec<u64> {
        let snapshot = store.db.begin_read().unwrap();
        let audit = snapshot.open_table(tables::AUDIT).unwrap();
        audit.iter().unwrap().map(|row| row.unwrap().1.value().len() as u64).collect()
    }

    fn images(store: &Store) -> Vec<usize> {
        let snapshot = store.read().unwrap();
        let rows = snapshot.audit(u64::MAX, usize::MAX).unwrap();
        rows.map(|row| row.unwrap().images.len()).collect()
    }

    #[test]
    fn what_the_operator_did_is_kept_and_the_rest_is_told_by_its_count() {
        let store = store();
        let changes: Vec<Change> = (1..=1_000).map(change).collect();
        commit(&store, &changes, 3);
        commit(&store, &changes, 1_000);
        commit(&store, &changes, 0);
        let derived = AUDIT_DERIVED_IMAGES_MAX;
        assert_eq!(images(&store), [derived, 1_000, 3 + derived]);
        let snapshot = store.read().unwrap();
        for row in snapshot.audit(u64::MAX, 2).unwrap() {
            let row = row.unwrap();
            assert_eq!((row.images.len(), row.change_count), (2, 1_000));
        }
    }

    #[test]
    fn the_trail_is_bounded_in_bytes_and_the_oldest_rows_go() {
        let store = store();
        let changes: Vec<Change> = (1..=2_500).map(change).collect();
        for _ in 0..24 {
            commit(&store, &changes, changes.len());
            let rows = bytes_of_rows(&store);
            assert!(rows.iter().sum::<u64>() <= AUDIT_BYTES_MAX);
            assert!(rows.last().unwrap() > &3_000_000, "the newest is whole: {rows:?}");
        }
        assert_eq!(store.shrink_trail().unwrap(), 0, "nothing to do");
    }

    #[test]
    fn a_trail_of_an_older_program_is_brought_within_the_bound() {
        let store = store();
        commit(&store, &[change(1)], 1);
        // What an older program wrote: without a count.
        let row = vec![0; 1 << 20];
        let tx = store.db.begin_write().unwrap();
        {
            let mut audit = tx.open_table(tables::AUDIT).unwrap();
            for id in 1..300 {
                audit.insert(id, row.as_slice()).unwrap();
            }
            let mut meta = tx.open_table(tables::META).unwrap();
            let head = meta::read_head(&meta).unwrap();
            meta::write_head(&mut meta, meta::Head { next_audit: 300, ..head }).unwrap();
        }
        tx.commit().unwrap();
        assert!(store.shrink_trail().unwrap() > 150 << 20);
        let rows = bytes_of_rows(&store);
        assert!(rows.iter().sum::<u64>() <= AUDIT_BYTES_MAX, "{} rows", rows.len());
        assert!(rows.len() > 100, "the newest rows stay");
        assert_eq!(store.shrink_trail().unwrap(), 0, "the second start finds it done");
    }
}
