//! The size of the audit trail: counted in bytes and rows, and kept within bounds.

use bincode::{BorrowDecode, Encode};
use redb::{ReadableDatabase, ReadableTable, ReadableTableMetadata, Table};

use super::audit_chain::{AuditAnchor, AuditChain, read_chain, write_chain};
use super::audit_row::link_of;
use super::codec::{RecordSource, VersionedRecord, decode, encode};
use super::error::StoreError;
use super::meta;
use super::open::Store;
use super::snapshot::Snapshot;
use super::tables;
use crate::util::Usage;

/// Audit rows that are kept; about a year at 500 changes a day.
pub const AUDIT_ROWS_MAX: u64 = 200_000;
/// Bytes of the rows that are kept: 200,000 typical ones have 80 MB. The oldest are removed first.
pub const AUDIT_BYTES_MAX: u64 = 128 << 20;
/// Rows that one transaction removes, within milliseconds: more than a batch of commands adds.
const PRUNED_ROWS_MAX: u64 = 2_048;

const AUDIT_SIZE_KEY: &str = "trail";

#[derive(Encode, BorrowDecode)]
struct AuditSizeV1 {
    bytes: u64,
    /// The next row's id when it was counted: an older program adds rows without counting them.
    next_audit: u64,
}

impl VersionedRecord for AuditSizeV1 {
    const VERSION: u8 = 1;
}

type AuditTable<'txn> = Table<'txn, u64, &'static [u8]>;
pub(super) type MetaTable<'txn> = Table<'txn, &'static str, &'static [u8]>;

/// The size of the rows of the audit trail.
#[derive(Debug)]
pub(super) struct AuditSize {
    bytes: u64,
}

impl AuditSize {
    /// As of the row before `next_audit`. Rows that were not counted are counted now, once.
    pub(super) fn read(
        meta: &impl ReadableTable<&'static str, &'static [u8]>,
        audit: &impl ReadableTable<u64, &'static [u8]>,
        next_audit: u64,
    ) -> Result<Self, StoreError> {
        if let Some(bytes) = recorded_bytes(meta, next_audit)? {
            return Ok(Self { bytes });
        }
        Self::count(audit)
    }

    /// Counts every row.
    pub(super) fn count(
        audit: &impl ReadableTable<u64, &'static [u8]>,
    ) -> Result<Self, StoreError> {
        let mut bytes = 0;
        for row in audit.iter()? {
            bytes += row?.1.value().len() as u64;
        }
        Ok(Self { bytes })
    }

    /// Counts bytes that were added.
    pub(super) fn grow(&mut self, bytes: u64) {
        self.bytes += bytes;
    }

    /// Counts rows that became shorter.
    pub(super) fn shrink(&mut self, bytes: u64) {
        self.bytes = self.bytes.saturating_sub(bytes);
    }

    fn fits(&self, row_count: u64) -> bool {
        self.bytes <= AUDIT_BYTES_MAX && row_count <= AUDIT_ROWS_MAX
    }

    /// Removes the oldest rows above the bounds. Returns where the chain begins then, if rows of it were
    /// removed.
    pub(super) fn prune(
        &mut self,
        audit: &mut AuditTable<'_>,
    ) -> Result<Option<AuditAnchor>, StoreError> {
        let mut pruned = 0;
        let mut anchor = None;
        // The newest row stays, however large.
        while pruned < PRUNED_ROWS_MAX && audit.len()? > 1 && !self.fits(audit.len()?) {
            if let Some((id, row)) = audit.pop_first()? {
                self.bytes = self.bytes.saturating_sub(row.value().len() as u64);
                // A damaged row must not keep the trail from being bounded.
                if let Ok(Some(link)) = link_of(id.value(), row.value()) {
                    anchor = Some(AuditAnchor { first_id: id.value() + 1, hash: link.hash });
                }
            }
            pruned += 1;
        }
        Ok(anchor)
    }

    pub(super) fn write(
        &self,
        meta: &mut MetaTable<'_>,
        next_audit: u64,
    ) -> Result<(), StoreError> {
        let record = AuditSizeV1 { bytes: self.bytes, next_audit };
        meta.insert(AUDIT_SIZE_KEY, encode(&record).as_slice())?;
        Ok(())
    }
}

/// The size as it was written, unless rows were added since.
fn recorded_bytes(
    meta: &impl ReadableTable<&'static str, &'static [u8]>,
    next_audit: u64,
) -> Result<Option<u64>, StoreError> {
    let Some(value) = meta.get(AUDIT_SIZE_KEY)? else { return Ok(None) };
    let record: AuditSizeV1 =
        decode(value.value(), RecordSource { table: "meta", key: &AUDIT_SIZE_KEY })?;
    Ok((record.next_audit == next_audit).then_some(record.bytes))
}

/// How full the audit trail is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditUsage {
    pub rows: Usage,
    pub bytes: Usage,
}

impl Snapshot {
    /// How full the audit trail is.
    pub fn audit_usage(&self) -> Result<AuditUsage, StoreError> {
        let meta = self.transaction().open_table(tables::META)?;
        let audit = self.transaction().open_table(tables::AUDIT)?;
        let size = AuditSize::read(&meta, &audit, self.last_commit().next_audit)?;
        Ok(AuditUsage {
            rows: Usage { used: audit.len()?, max: AUDIT_ROWS_MAX },
            bytes: Usage { used: size.bytes, max: AUDIT_BYTES_MAX },
        })
    }
}

impl Store {
    /// Prunes the audit trail of an older program to [`AUDIT_BYTES_MAX`], in transactions of a bounded
    /// size; returns how many bytes of rows it removed, 0 for a trail within the bounds.
    ///
    /// # Errors
    /// As [`Store::commit`].
    pub fn prune_audit(&self) -> Result<u64, StoreError> {
        let mut removed_bytes = 0;
        loop {
            let snapshot = self.db.begin_read()?;
            let meta = snapshot.open_table(tables::META)?;
            let audit = snapshot.open_table(tables::AUDIT)?;
            let next_audit = meta::read_last_commit(&meta)?.next_audit;
            let before = AuditSize::read(&meta, &audit, next_audit)?;
            let is_recorded = recorded_bytes(&meta, next_audit)?.is_some();
            if (is_recorded || audit.is_empty()?)
                && (before.fits(audit.len()?) || audit.len()? <= 1)
            {
                return Ok(removed_bytes);
            }
            drop(snapshot);
            let mut size = AuditSize { bytes: before.bytes };
            let tx = self.db.begin_write()?;
            {
                let anchor = size.prune(&mut tx.open_table(tables::AUDIT)?)?;
                let mut meta = tx.open_table(tables::META)?;
                size.write(&mut meta, next_audit)?;
                if let (Some(anchor), Some(chain)) = (anchor, read_chain(&meta)?) {
                    write_chain(&mut meta, &AuditChain { anchor, ..chain })?;
                }
            }
            tx.commit()?;
            removed_bytes += before.bytes - size.bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use redb::backends::InMemoryBackend;

    use super::*;
    use crate::domain::{
        Change, Device, DeviceId, DeviceType, Edit, IdCounters, Lifecycle, Name, Optics, Override,
        OverrideReason, Position, Reasons, Status, Timestamp, Uplink,
    };
    use crate::store::{
        AUDIT_DERIVED_IMAGES_MAX, AuditHead, AuditHeadState, AuditOrigin, CommitBatch, CommitEntry,
        OpenOptions,
    };

    fn store() -> Store {
        let options = OpenOptions { cache_bytes: 16 << 20, now: Timestamp(0), site_id: None };
        Store::with_backend(InMemoryBackend::new(), options).unwrap()
    }

    /// A change of a device with texts of the maximal length: about 3 kB before and after.
    fn change(id: u64) -> Change {
        let reason = OverrideReason::new(&"ü".repeat(255)).unwrap();
        let device = Arc::new(Device {
            id: DeviceId(id),
            name: Name::new(&"名".repeat(128)).unwrap(),
            device_type: DeviceType::Hop,
            position: Position::default(),
            optics: Optics::default(),
            lifecycle: Lifecycle::InService,
            details: None,
            parent: None,
            status: Status::Up,
            reasons: Reasons::NONE,
            signal: None,
            uplink: Uplink::default(),
            served_by: None,
            through_loss_db: None,
            status_since: Timestamp(0),
            status_override: Some(Box::new(Override::new(Status::Down, Some(reason)))),
            created_at: Timestamp(0),
            updated_at: Timestamp(0),
        });
        Change::Device(Edit { before: Some(Arc::clone(&device)), after: Some(device) })
    }

    fn commit(store: &Store, changes: &[Change], direct_count: usize) {
        let origin = AuditOrigin::default();
        let entry = CommitEntry {
            action: "test",
            origin: &origin,
            details: "",
            changes,
            direct_count,
            undone_ids: &[],
            erased: &[],
        };
        let batch = CommitBatch {
            seq: store.read().unwrap().seq() + 1,
            at: Timestamp(0),
            counters: IdCounters::default(),
            entries: vec![entry],
            events: Vec::new(),
            outages: Vec::new(),
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
        let rows = snapshot.audit(None, usize::MAX).unwrap();
        rows.map(|row| row.unwrap().images.len()).collect()
    }

    #[test]
    fn images_of_what_the_operator_did_are_kept_and_the_rest_is_counted() {
        let store = store();
        let changes: Vec<Change> = (1..=1_000).map(change).collect();
        commit(&store, &changes, 3);
        commit(&store, &changes, 1_000);
        commit(&store, &changes, 0);
        let derived = AUDIT_DERIVED_IMAGES_MAX;
        assert_eq!(images(&store), [derived, 1_000, 3 + derived]);
        let snapshot = store.read().unwrap();
        for row in snapshot.audit(None, 2).unwrap() {
            let row = row.unwrap();
            assert_eq!((row.images.len(), row.change_count), (2, 1_000));
        }
    }

    #[test]
    fn the_trail_is_bounded_in_bytes_and_the_oldest_rows_are_removed() {
        let store = store();
        let changes: Vec<Change> = (1..=2_500).map(change).collect();
        for _ in 0..24 {
            commit(&store, &changes, changes.len());
            let rows = bytes_of_rows(&store);
            assert!(rows.iter().sum::<u64>() <= AUDIT_BYTES_MAX);
            assert!(rows.last().unwrap() > &3_000_000, "the newest is whole: {rows:?}");
        }
        assert_eq!(store.prune_audit().unwrap(), 0, "there is nothing to prune");
        let snapshot = store.read().unwrap();
        let found = snapshot.verify_audit().unwrap();
        assert!(found.faults.is_empty() && found.gaps.is_empty(), "{found:?}");
        let first_id = found.chain.unwrap().anchor.first_id;
        assert!(first_id > 0, "rows were removed");
        let removed = AuditHead { id: first_id - 1, hash: found.chain.unwrap().anchor.hash };
        assert_eq!(snapshot.find_audit_head(removed).unwrap(), AuditHeadState::TooOld);
        let other = AuditHead { hash: found.chain.unwrap().head.hash, ..removed };
        assert_eq!(snapshot.find_audit_head(other).unwrap(), AuditHeadState::Different);
    }

    #[test]
    fn a_trail_of_an_older_program_is_pruned() {
        let store = store();
        commit(&store, &[change(1)], 1);
        // As an older program wrote it: without a count.
        let row = vec![0; 1 << 20];
        let tx = store.db.begin_write().unwrap();
        {
            let mut audit = tx.open_table(tables::AUDIT).unwrap();
            for id in 1..300 {
                audit.insert(id, row.as_slice()).unwrap();
            }
            let mut meta = tx.open_table(tables::META).unwrap();
            let commit = meta::read_last_commit(&meta).unwrap();
            meta::write_last_commit(&mut meta, &meta::LastCommit { next_audit: 300, ..commit })
                .unwrap();
        }
        tx.commit().unwrap();
        assert!(store.prune_audit().unwrap() > 150 << 20);
        let rows = bytes_of_rows(&store);
        assert!(rows.iter().sum::<u64>() <= AUDIT_BYTES_MAX, "{} rows", rows.len());
        assert!(rows.len() > 100, "the newest rows stay");
        assert_eq!(store.prune_audit().unwrap(), 0, "the second start has nothing to prune");
    }
}
