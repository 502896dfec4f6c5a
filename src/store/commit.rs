//! Writing a batch of decided commands: one transaction, one fsync.

use redb::{Table, WriteTransaction};

use super::audit::{AuditEntry, AuditImage, AuditOrigin, AuditV1, ImageV1};
use super::audit_size::Trail;
use super::codec::encode_into;
use super::error::StoreError;
use super::meta::{self, Head};
use super::mirror::{self, MirrorState};
use super::open::Store;
use super::records::Stored;
use super::snapshot::BLOCK_SIZE;
use super::tables::{self, IndexKey, kind_code};
use crate::domain::{Change, Device, Edit, IdCounters, Interface, Kind, Link, Timestamp};

/// Bytes of the images of what a command itself changed: a bulk of 10,000 devices fits, however
/// long their names. Ports that came with devices are left out first.
const AUDIT_DIRECT_BYTES_MAX: usize = 8 << 20;
/// Images of what followed from a command, such as the devices that an outage takes down: as many as
/// an answer shows. `change_count` tells the rest.
pub const AUDIT_DERIVED_IMAGES_MAX: usize = 100;

/// What the engine decided, to be made durable together.
#[derive(Debug)]
pub struct CommitBatch<'a> {
    /// One more than the last commit's.
    pub seq: u64,
    pub at: Timestamp,
    pub counters: IdCounters,
    pub entries: Vec<CommitEntry<'a>>,
    /// What this commit takes over from a mirror, if it does.
    pub adoption: Option<AdoptionNote>,
}

/// Notes that a commit's state is that of a mirror.
#[derive(Clone, Copy, Debug)]
pub struct AdoptionNote {
    /// The audit number from which the trail goes on.
    pub next_audit: u64,
    pub mirror: MirrorState,
}

/// One command's part of a batch.
#[derive(Debug)]
pub struct CommitEntry<'a> {
    pub action: &'static str,
    pub origin: &'a AuditOrigin,
    pub changes: &'a [Change],
    /// How many of them, at the front, the command itself made.
    pub direct_count: usize,
}

impl Store {
    /// Writes records, indexes, mirror marks and audit rows, and returns after the fsync.
    ///
    /// # Errors
    /// After an error the state on disk is the one before or, if only the last step failed, the
    /// one after; the store must be reopened to know.
    pub fn commit(&self, batch: &CommitBatch<'_>) -> Result<(), StoreError> {
        let tx = self.db.begin_write()?;
        {
            let mut meta = tx.open_table(tables::META)?;
            let previous = meta::read_head(&meta)?;
            if let Some(adoption) = &batch.adoption {
                mirror::write_mirror(&mut meta, &adoption.mirror)?;
            }
            let is_mirrored = mirror::read_mirror(&meta)?.is_some();
            let mut writer = Writer::open(&tx, batch.seq, is_mirrored)?;
            let floor = batch.adoption.map_or(0, |adoption| adoption.next_audit);
            let mut next_audit = previous.next_audit.max(floor);
            let mut trail = Trail::read(&meta, &writer.audit, previous.next_audit)?;
            for entry in &batch.entries {
                writer.write_entry(batch.at, entry, next_audit)?;
                next_audit += 1;
            }
            trail.close(&mut meta, &mut writer, next_audit)?;
            let head = Head {
                seq: batch.seq,
                counters: batch.counters,
                next_audit,
                committed_at: batch.at,
            };
            meta::write_head(&mut meta, head)?;
        }
        tx.commit()?;
        Ok(())
    }
}

type RecordTable<'txn> = Table<'txn, u64, &'static [u8]>;

/// The open tables of one write transaction.
pub(super) struct Writer<'txn> {
    seq: u64,
    /// Whether changes are marked.
    is_mirrored: bool,
    devices: RecordTable<'txn>,
    interfaces: RecordTable<'txn>,
    links: RecordTable<'txn>,
    index: Table<'txn, (u8, u64, u64), ()>,
    blocks: Table<'txn, (u8, u64), u64>,
    dirty: Table<'txn, (u8, u64), u64>,
    pub(super) audit: RecordTable<'txn>,
    /// Bytes of the audit rows that this transaction has written.
    pub(super) audit_bytes: u64,
    /// Blocks that this transaction has marked already: the last one of each kind.
    marked: [Option<u64>; 4],
    buffer: Vec<u8>,
}

impl<'txn> Writer<'txn> {
    pub(super) fn open(
        tx: &'txn WriteTransaction,
        seq: u64,
        is_mirrored: bool,
    ) -> Result<Self, StoreError> {
        Ok(Self {
            seq,
            is_mirrored,
            devices: tx.open_table(tables::DEVICES)?,
            interfaces: tx.open_table(tables::INTERFACES)?,
            links: tx.open_table(tables::LINKS)?,
            index: tx.open_table(tables::INDEX)?,
            blocks: tx.open_table(tables::BLOCKS)?,
            dirty: tx.open_table(tables::DIRTY)?,
            audit: tx.open_table(tables::AUDIT)?,
            audit_bytes: 0,
            marked: [None; 4],
            buffer: Vec::with_capacity(256),
        })
    }

    fn write_entry(
        &mut self,
        at: Timestamp,
        entry: &CommitEntry<'_>,
        audit_id: u64,
    ) -> Result<(), StoreError> {
        for change in entry.changes {
            self.write_change(change)?;
        }
        let row = AuditV1 {
            seq: self.seq,
            at_us: at.0,
            actor: &entry.origin.actor,
            request_id: &entry.origin.request_id,
            action: entry.action,
            change_count: entry.changes.len() as u64,
            images: images(entry),
        };
        self.put_audit(audit_id, &row)
    }

    fn put_audit(&mut self, id: u64, row: &AuditV1<'_>) -> Result<(), StoreError> {
        encode_into(row, &mut self.buffer);
        self.audit.insert(id, self.buffer.as_slice())?;
        self.audit_bytes += self.buffer.len() as u64;
        Ok(())
    }

    pub(super) fn write_change(&mut self, change: &Change) -> Result<(), StoreError> {
        let key = change.key();
        match change {
            Change::Device(edit) => {
                put(&mut self.devices, &mut self.buffer, key.id, edit)?;
                self.index_device(edit)?;
            }
            Change::Interface(edit) => {
                put(&mut self.interfaces, &mut self.buffer, key.id, edit)?;
                self.index_interface(edit)?;
            }
            Change::Link(edit) => put(&mut self.links, &mut self.buffer, key.id, edit)?,
        }
        let kind = kind_code(key.kind);
        if self.is_mirrored {
            self.dirty.insert((kind, key.id), self.seq)?;
        }
        let block = key.id / BLOCK_SIZE;
        if self.marked[usize::from(kind)].replace(block) != Some(block) {
            self.blocks.insert((kind, block), self.seq)?;
        }
        Ok(())
    }

    /// Writes a row of the trail under its own number, all of its images with it.
    pub(super) fn write_audit(&mut self, entry: &AuditEntry) -> Result<(), StoreError> {
        let row = AuditV1 {
            seq: entry.seq,
            at_us: entry.at.0,
            actor: &entry.origin.actor,
            request_id: &entry.origin.request_id,
            action: &entry.action,
            change_count: entry.change_count,
            images: entry.images.iter().map(stored_image).collect(),
        };
        self.put_audit(entry.id, &row)
    }

    fn index_device(&mut self, edit: &Edit<Device>) -> Result<(), StoreError> {
        let type_key = |device: &Device| u64::from(device.device_type as u8);
        let before = edit.before.as_deref();
        let after = edit.after.as_deref();
        let id = edit.latest().id.0;
        self.reindex(IndexKey::DeviceType, id, before.map(type_key), after.map(type_key))?;
        let parent = |device: &Device| device.parent.map(|parent| parent.0);
        self.reindex(IndexKey::Parent, id, before.and_then(parent), after.and_then(parent))
    }

    fn index_interface(&mut self, edit: &Edit<Interface>) -> Result<(), StoreError> {
        let owner = |port: &Interface| port.device.0;
        let before = edit.before.as_deref().map(owner);
        let after = edit.after.as_deref().map(owner);
        self.reindex(IndexKey::Ports, edit.latest().id.0, before, after)
    }

    fn reindex(
        &mut self,
        index: IndexKey,
        id: u64,
        before: Option<u64>,
        after: Option<u64>,
    ) -> Result<(), StoreError> {
        if before == after {
            return Ok(());
        }
        if let Some(value) = before {
            self.index.remove((index as u8, value, id))?;
        }
        if let Some(value) = after {
            self.index.insert((index as u8, value, id), ())?;
        }
        Ok(())
    }
}

/// The images that a row keeps: what the operator did is never left out for what followed from it.
fn images(entry: &CommitEntry<'_>) -> Vec<ImageV1> {
    let (direct, derived) = entry.changes.split_at(entry.direct_count.min(entry.changes.len()));
    let mut images = first_images(direct.iter());
    if images.len() < direct.len() {
        let is_port = |change: &&Change| matches!(change, Change::Interface(_));
        images = first_images(direct.iter().filter(|change| !is_port(change)));
    }
    images.extend(derived.iter().take(AUDIT_DERIVED_IMAGES_MAX).map(image));
    images
}

fn first_images<'a>(changes: impl Iterator<Item = &'a Change>) -> Vec<ImageV1> {
    let mut bytes = 0;
    let fits = |image: &ImageV1| {
        bytes += image.byte_count();
        bytes <= AUDIT_DIRECT_BYTES_MAX
    };
    changes.map(image).take_while(fits).collect()
}

fn put<T: Stored>(
    table: &mut RecordTable<'_>,
    buffer: &mut Vec<u8>,
    id: u64,
    edit: &Edit<T>,
) -> Result<(), StoreError> {
    match &edit.after {
        Some(entity) => {
            entity.encode_into(buffer);
            table.insert(id, buffer.as_slice())?;
        }
        None => {
            table.remove(id)?;
        }
    }
    Ok(())
}

fn image(change: &Change) -> ImageV1 {
    let key = change.key();
    let (before, after) = match change {
        Change::Device(edit) => sides::<Device>(edit),
        Change::Interface(edit) => sides::<Interface>(edit),
        Change::Link(edit) => sides::<Link>(edit),
    };
    ImageV1 { kind: kind_code(key.kind), id: key.id, before, after }
}

fn sides<T: Stored>(edit: &Edit<T>) -> (Option<Vec<u8>>, Option<Vec<u8>>) {
    (edit.before.as_deref().map(record), edit.after.as_deref().map(record))
}

fn stored_image(image: &AuditImage) -> ImageV1 {
    fn of<T: Stored>(kind: Kind, id: u64, before: Option<&T>, after: Option<&T>) -> ImageV1 {
        ImageV1 { kind: kind_code(kind), id, before: before.map(record), after: after.map(record) }
    }
    match image {
        AuditImage::Device { id, before, after } => {
            of(Kind::Device, *id, before.as_deref(), after.as_deref())
        }
        AuditImage::Interface { id, before, after } => {
            of(Kind::Interface, *id, before.as_deref(), after.as_deref())
        }
        AuditImage::Link { id, before, after } => {
            of(Kind::Link, *id, before.as_deref(), after.as_deref())
        }
    }
}

fn record<T: Stored>(entity: &T) -> Vec<u8> {
    let mut buffer = Vec::new();
    entity.encode_into(&mut buffer);
    buffer
}
