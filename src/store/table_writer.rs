//! Writing entities into the tables of one transaction.

use std::sync::Arc;

use redb::{Table, WriteTransaction};

use super::error::StoreError;
use super::records::StoredEntity;
use super::snapshot::BLOCK_SIZE;
use super::tables::{self, IndexKey, kind_code, serial_key};
use crate::domain::{AccessLine, Change, Device, Edit, Interface};

type RecordTable<'txn> = Table<'txn, u64, &'static [u8]>;

/// The open tables of one write transaction; keeps indexes, blocks and dirty marks in step with the
/// records.
pub(super) struct TableWriter<'txn> {
    /// Of the commit that is being written.
    seq: u64,
    /// Whether changed entities are marked dirty.
    is_mirrored: bool,
    devices: RecordTable<'txn>,
    interfaces: RecordTable<'txn>,
    links: RecordTable<'txn>,
    index: Table<'txn, (u8, u64, u64), ()>,
    blocks: Table<'txn, (u8, u64), u64>,
    dirty: Table<'txn, (u8, u64), u64>,
    erased: Table<'txn, u64, u64>,
    /// The last block of each kind that this transaction has written.
    last_block: [Option<u64>; 4],
    buffer: Vec<u8>,
}

impl<'txn> TableWriter<'txn> {
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
            erased: tx.open_table(tables::ERASED)?,
            last_block: [None; 4],
            buffer: Vec::with_capacity(256),
        })
    }

    /// Notes that the personal data of these devices was erased in the audit trail. Without a mirror too: a
    /// database that was the mirror may become it again.
    pub(super) fn note_erasure(&mut self, devices: &[u64]) -> Result<(), StoreError> {
        for device in devices {
            self.erased.insert(device, self.seq)?;
        }
        Ok(())
    }

    /// Writes the record of a changed entity, its index entries, its mark and its block.
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
        if self.last_block[usize::from(kind)].replace(block) != Some(block) {
            self.blocks.insert((kind, block), self.seq)?;
        }
        Ok(())
    }

    fn index_device(&mut self, edit: &Edit<Device>) -> Result<(), StoreError> {
        let type_key = |device: &Device| u64::from(device.device_type as u8);
        let before = edit.before.as_deref();
        let after = edit.after.as_deref();
        let id = edit.latest().id.0;
        self.reindex(IndexKey::DeviceType, id, before.map(type_key), after.map(type_key))?;
        let parent = |device: &Device| device.parent.map(|parent| parent.0);
        self.reindex(IndexKey::Parent, id, before.and_then(parent), after.and_then(parent))?;
        let serial = |device: &Device| device.serial().map(serial_key);
        self.reindex(IndexKey::Serial, id, before.and_then(serial), after.and_then(serial))?;
        let line =
            |device: Option<&Device>| device?.served_by.as_ref().map(|it| Arc::clone(&it.line));
        let [before, after] = [line(before), line(after)];
        let port = |line: &Arc<AccessLine>| line.port.0;
        self.reindex(
            IndexKey::AccessPort,
            id,
            before.as_ref().map(port),
            after.as_ref().map(port),
        )?;
        let splitter = |line: &Arc<AccessLine>| line.splitter.map(|splitter| splitter.0);
        let [before, after] = [before, after].map(|line| line.as_ref().and_then(splitter));
        self.reindex(IndexKey::Splitter, id, before, after)
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

fn put<T: StoredEntity>(
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
