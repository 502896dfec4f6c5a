//! Writing audit rows in a transaction: each is linked to the one before, and the oldest are removed above
//! the bounds.

use redb::{ReadableTable, Table, WriteTransaction};
use uuid::Uuid;

use super::audit::AuditEntry;
use super::audit_chain::{AuditAnchor, AuditChain, AuditHead, AuditLink, read_chain, write_chain};
use super::audit_event::{AuditEvent, AuditOrigin, AuditOutcome, details_text};
use super::audit_image::{ImageV2, Salts};
use super::audit_row::{
    AuditV3, ChangesHasher, DirectCountsV1, RowStartV3, outcome_code, without_personal_data,
};
use super::audit_size::{AuditSize, MetaTable};
use super::codec::encode_into;
use super::error::StoreError;
use super::meta::{self, LastCommit};
use super::tables;
use crate::domain::Timestamp;

type RecordTable<'txn> = Table<'txn, u64, &'static [u8]>;

/// The audit trail of one write transaction.
pub(super) struct AuditWriter<'txn> {
    table: RecordTable<'txn>,
    size: AuditSize,
    /// What the next row is linked to.
    anchor: AuditAnchor,
    head: Option<AuditHead>,
    next_id: u64,
    buffer: Vec<u8>,
}

/// A row to append.
pub(super) struct NewAuditRow<'a> {
    pub(super) seq: u64,
    pub(super) at: Timestamp,
    pub(super) origin: &'a AuditOrigin,
    pub(super) action: &'a str,
    pub(super) outcome: AuditOutcome,
    /// JSON text, or empty.
    pub(super) details: &'a str,
    pub(super) undone_ids: &'a [u64],
    pub(super) change_count: u64,
    pub(super) direct: Option<DirectCountsV1>,
    pub(super) images: Vec<ImageV2<'a>>,
}

impl<'txn> AuditWriter<'txn> {
    /// The trail as of the last commit. Its next row gets the number `next_id` or, if the last commit says
    /// so, a higher one.
    pub(super) fn open(
        tx: &'txn WriteTransaction,
        meta: &MetaTable<'_>,
        next_id: u64,
    ) -> Result<Self, StoreError> {
        let last = meta::read_last_commit(meta)?;
        let table = tx.open_table(tables::AUDIT)?;
        let size = AuditSize::read(meta, &table, last.next_audit)?;
        Self::new((table, size), meta, read_chain(meta)?, last.next_audit.max(next_id))
    }

    /// The trail once its rows were copied from another store of the site: `chain` has the ends of that one,
    /// `next_id` the number of its next row.
    pub(super) fn open_copied(
        tx: &'txn WriteTransaction,
        meta: &MetaTable<'_>,
        chain: Option<AuditChain>,
        next_id: u64,
    ) -> Result<Self, StoreError> {
        let table = tx.open_table(tables::AUDIT)?;
        let size = AuditSize::count(&table)?;
        Self::new((table, size), meta, chain, next_id)
    }

    fn new(
        (table, size): (RecordTable<'txn>, AuditSize),
        meta: &MetaTable<'_>,
        chain: Option<AuditChain>,
        next_id: u64,
    ) -> Result<Self, StoreError> {
        let anchor = match chain {
            Some(chain) => chain.anchor,
            None => {
                let site_id = meta::read_site(meta)?.map_or(0, |site| site.site_id);
                AuditChain::begin(Uuid::from_u128(site_id), next_id)
            }
        };
        let head = chain.map(|chain| chain.head);
        Ok(Self { table, size, anchor, head, next_id, buffer: Vec::with_capacity(512) })
    }

    /// The number that the next row gets.
    pub(super) fn next_id(&self) -> u64 {
        self.next_id
    }

    /// Lets a trail without a chain continue that of another copy of the site.
    pub(super) fn continue_chain(&mut self, head: AuditHead) {
        if self.head.is_none() {
            self.anchor = AuditAnchor { first_id: self.next_id, hash: head.hash };
        }
    }

    /// Appends a row and returns its number.
    ///
    /// # Errors
    /// Write errors; so do the others.
    pub(super) fn append(&mut self, row: NewAuditRow<'_>) -> Result<u64, StoreError> {
        let id = self.next_id;
        let image_count = row.images.len() as u64;
        let mut changes = ChangesHasher::new(row.undone_ids, row.direct, image_count);
        row.images.iter().for_each(|image| changes.add(image));
        let changes = changes.finish();
        let mut start = RowStartV3 {
            seq: row.seq,
            at_us: row.at.0,
            actor: &row.origin.actor,
            address: &row.origin.address,
            request_id: &row.origin.request_id,
            action: row.action,
            outcome: outcome_code(row.outcome),
            details: row.details,
            undone_ids: row.undone_ids.to_vec(),
            change_count: row.change_count,
            direct: row.direct,
            link: None,
            has_images_of_sql: false,
        };
        let previous = self.head.map_or(self.anchor.hash, |head| head.hash);
        let hash = start.hash(id, changes, row.outcome, previous);
        start.link = Some(AuditLink { changes, hash });
        self.put(id, &AuditV3 { start, images: row.images })?;
        self.head = Some(AuditHead { id, hash });
        self.next_id = id + 1;
        Ok(id)
    }

    /// Appends an event.
    pub(super) fn append_event(
        &mut self,
        event: &AuditEvent,
        seq: u64,
        at: Timestamp,
    ) -> Result<u64, StoreError> {
        self.append(NewAuditRow {
            seq,
            at,
            origin: &event.origin,
            action: event.action,
            outcome: event.outcome,
            details: &details_text(&event.details),
            undone_ids: &[],
            change_count: 0,
            direct: Some(DirectCountsV1 { changes: 0, images: 0 }),
            images: Vec::new(),
        })
    }

    /// Appends an event of another trail of the site under a number of its own.
    pub(super) fn append_again(&mut self, event: &AuditEntry) -> Result<u64, StoreError> {
        self.append(NewAuditRow {
            seq: event.seq,
            at: event.at,
            origin: &event.origin,
            action: &event.action,
            outcome: event.outcome,
            details: &event.details,
            undone_ids: &event.undone_ids,
            change_count: event.change_count,
            direct: event.direct.map(Into::into),
            images: Vec::new(),
        })
    }

    /// Writes a row that comes from SQL under its own number and with its own hash.
    pub(super) fn copy(&mut self, entry: &AuditEntry) -> Result<(), StoreError> {
        let mut salts = Salts::default();
        let images = entry.images.iter().map(|image| ImageV2::of_image(image, &mut salts));
        let row = AuditV3 {
            start: RowStartV3 {
                seq: entry.seq,
                at_us: entry.at.0,
                actor: &entry.origin.actor,
                address: &entry.origin.address,
                request_id: &entry.origin.request_id,
                action: &entry.action,
                outcome: outcome_code(entry.outcome),
                details: &entry.details,
                undone_ids: entry.undone_ids.clone(),
                change_count: entry.change_count,
                direct: entry.direct.map(Into::into),
                link: entry.link,
                has_images_of_sql: true,
            },
            images: images.collect(),
        };
        self.put(entry.id, &row)
    }

    fn put(&mut self, id: u64, row: &AuditV3<'_>) -> Result<(), StoreError> {
        encode_into(row, &mut self.buffer);
        self.table.insert(id, self.buffer.as_slice())?;
        self.size.grow(self.buffer.len() as u64);
        Ok(())
    }

    /// Removes the personal data of these devices, which are ascending, from every row.
    pub(super) fn erase_personal_data(&mut self, devices: &[u64]) -> Result<(), StoreError> {
        let mut rows = Vec::new();
        for row in self.table.iter()? {
            let (id, old) = row?;
            if let Some(new) = without_personal_data(id.value(), old.value(), devices)? {
                self.size.shrink((old.value().len() as u64).saturating_sub(new.len() as u64));
                rows.push((id.value(), new));
            }
        }
        for (id, row) in rows {
            self.table.insert(id, row.as_slice())?;
        }
        Ok(())
    }

    /// Removes the oldest rows above the bounds, and writes what is known of the trail, the number of its
    /// next row included.
    pub(super) fn finish(
        mut self,
        meta: &mut MetaTable<'_>,
        commit: LastCommit,
    ) -> Result<LastCommit, StoreError> {
        let commit = LastCommit { next_audit: self.next_id, ..commit };
        if let Some(anchor) = self.size.prune(&mut self.table)? {
            self.anchor = anchor;
        }
        self.size.write(meta, commit.next_audit)?;
        if let Some(head) = self.head {
            write_chain(meta, &AuditChain { anchor: self.anchor, head })?;
        }
        meta::write_last_commit(meta, &commit)?;
        Ok(commit)
    }
}

/// Appends events to the trail in a transaction that writes something else, too.
pub(super) fn append_events(
    tx: &WriteTransaction,
    events: &[&AuditEvent],
    at: Timestamp,
) -> Result<(), StoreError> {
    if events.is_empty() {
        return Ok(());
    }
    let mut meta = tx.open_table(tables::META)?;
    let last = meta::read_last_commit(&meta)?;
    let mut audit = AuditWriter::open(tx, &meta, last.next_audit)?;
    for event in events {
        audit.append_event(event, last.seq, at)?;
    }
    audit.finish(&mut meta, last)?;
    Ok(())
}
