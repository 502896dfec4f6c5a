//! Snapshots: consistent views of one commit.

use std::ops::Bound;

use redb::{
    Key, ReadOnlyTable, ReadTransaction, ReadableDatabase, ReadableTable, ReadableTableMetadata,
    TableDefinition, TableError, Value,
};

use super::audit::{AuditEntry, decode_entry};
use super::audit_chain::{self, AuditChain, AuditHash, AuditHead};
use super::audit_row::link_of;
use super::error::StoreError;
use super::meta::{self, LastCommit};
use super::mirror::{self, DirtyEntity, MirrorState};
use super::open::Store;
use super::records::StoredEntity;
use super::tables::{self, IndexKey, kind_code, serial_key};
use crate::domain::{
    Device, DeviceId, DeviceType, EntityKind, Interface, InterfaceId, Link, LinkId, Timestamp,
};

/// Ids per block. List answers cache and render a block as a whole: 256 devices are about
/// 90 kB of JSON, rendered in a tenth of a millisecond.
pub const BLOCK_SIZE: u64 = 256;

/// A consistent view of the last commit at the time it was taken. The file keeps every page that it
/// sees: drop it before waiting for a client.
pub struct Snapshot {
    tx: ReadTransaction,
    last_commit: LastCommit,
    devices: RecordTable,
    interfaces: RecordTable,
    links: RecordTable,
    index: ReadOnlyTable<(u8, u64, u64), ()>,
}

type RecordTable = ReadOnlyTable<u64, &'static [u8]>;

/// Bounds of ids.
pub type IdRange = (Bound<u64>, Bound<u64>);

type Listed<T> = Result<T, StoreError>;

/// A table that is created when something is first written to it; `None` before.
pub(super) fn open_if_written<K: Key + 'static, V: Value + 'static>(
    tx: &ReadTransaction,
    table: TableDefinition<'_, K, V>,
) -> Result<Option<ReadOnlyTable<K, V>>, StoreError> {
    match tx.open_table(table) {
        Err(TableError::TableDoesNotExist(_)) => Ok(None),
        table => Ok(Some(table?)),
    }
}

impl Store {
    /// A consistent view of the last commit; never waits for the writer.
    ///
    /// # Errors
    /// Read errors.
    pub fn read(&self) -> Result<Snapshot, StoreError> {
        Snapshot::new(self.db.begin_read()?)
    }
}

impl Snapshot {
    fn new(tx: ReadTransaction) -> Result<Self, StoreError> {
        Ok(Self {
            last_commit: meta::read_last_commit(&tx.open_table(tables::META)?)?,
            devices: tx.open_table(tables::DEVICES)?,
            interfaces: tx.open_table(tables::INTERFACES)?,
            links: tx.open_table(tables::LINKS)?,
            index: tx.open_table(tables::INDEX)?,
            tx,
        })
    }

    /// The commit that it shows.
    pub fn last_commit(&self) -> LastCommit {
        self.last_commit
    }

    /// The seq of that commit.
    pub fn seq(&self) -> u64 {
        self.last_commit.seq
    }

    /// When this store was created.
    ///
    /// # Errors
    /// Read errors, and [`StoreError::Damaged`] where a record cannot be decoded, as all of these.
    pub fn created_at(&self) -> Result<Timestamp, StoreError> {
        let site = meta::read_site(&self.tx.open_table(tables::META)?)?;
        Ok(Timestamp(site.map_or(0, |site| site.created_at_us)))
    }

    pub fn device(&self, id: DeviceId) -> Result<Option<Device>, StoreError> {
        get(&self.devices, id.0)
    }

    pub fn interface(&self, id: InterfaceId) -> Result<Option<Interface>, StoreError> {
        get(&self.interfaces, id.0)
    }

    pub fn link(&self, id: LinkId) -> Result<Option<Link>, StoreError> {
        get(&self.links, id.0)
    }

    /// Devices with ids in this range, ascending.
    pub fn devices(
        &self,
        ids: IdRange,
    ) -> Result<impl Iterator<Item = Listed<Device>> + use<>, StoreError> {
        range(&self.devices, ids)
    }

    /// Interfaces with ids in this range, ascending.
    pub fn interfaces(
        &self,
        ids: IdRange,
    ) -> Result<impl Iterator<Item = Listed<Interface>> + use<>, StoreError> {
        range(&self.interfaces, ids)
    }

    /// Links with ids in this range, ascending.
    pub fn links(
        &self,
        ids: IdRange,
    ) -> Result<impl Iterator<Item = Listed<Link>> + use<>, StoreError> {
        range(&self.links, ids)
    }

    /// Ids above `after` of the devices of a type, ascending.
    pub fn ids_of_type(
        &self,
        device_type: DeviceType,
        after: u64,
    ) -> Result<impl Iterator<Item = Listed<u64>> + use<>, StoreError> {
        self.indexed(IndexKey::DeviceType, u64::from(device_type as u8), after)
    }

    /// Ids above `after` of the devices in a container, ascending.
    pub fn ids_in_container(
        &self,
        container: DeviceId,
        after: u64,
    ) -> Result<impl Iterator<Item = Listed<u64>> + use<>, StoreError> {
        self.indexed(IndexKey::Parent, container.0, after)
    }

    /// Ids above `after` of the leaves that a port of an OLT or AON switch serves, ascending.
    pub fn ids_served_by_port(
        &self,
        port: InterfaceId,
        after: u64,
    ) -> Result<impl Iterator<Item = Listed<u64>> + use<>, StoreError> {
        self.indexed(IndexKey::AccessPort, port.0, after)
    }

    /// Ids above `after` of the leaves next to a splitter, ascending.
    pub fn ids_served_by_splitter(
        &self,
        splitter: DeviceId,
        after: u64,
    ) -> Result<impl Iterator<Item = Listed<u64>> + use<>, StoreError> {
        self.indexed(IndexKey::Splitter, splitter.0, after)
    }

    /// The device with this serial, normalised.
    pub fn device_with_serial(&self, serial: &str) -> Result<Option<Device>, StoreError> {
        for id in self.indexed(IndexKey::Serial, serial_key(serial), 0)? {
            let device: Option<Device> = get(&self.devices, id?)?;
            if let Some(device) = device.filter(|device| device.serial() == Some(serial)) {
                return Ok(Some(device));
            }
        }
        Ok(None)
    }

    /// The ids of the ports of a device, ascending.
    pub fn ids_of_ports(
        &self,
        device: DeviceId,
    ) -> Result<impl Iterator<Item = Listed<u64>> + use<>, StoreError> {
        self.indexed(IndexKey::Ports, device.0, 0)
    }

    /// The ports of a device in creation order.
    pub fn ports(&self, device: DeviceId) -> Result<Vec<Interface>, StoreError> {
        let mut ports = Vec::new();
        for id in self.ids_of_ports(device)? {
            ports.extend(get(&self.interfaces, id?)?);
        }
        Ok(ports)
    }

    /// Blocks of a kind that ever held an entity, ascending from number `from` on, each with the seq of
    /// its last change.
    pub fn blocks(
        &self,
        kind: EntityKind,
        from: u64,
    ) -> Result<impl Iterator<Item = Listed<(u64, u64)>> + use<>, StoreError> {
        let code = kind_code(kind);
        let table = self.tx.open_table(tables::BLOCKS)?;
        let rows = table.range((code, from)..=(code, u64::MAX))?;
        Ok(rows.map(|row| {
            let (key, seq) = row?;
            Ok((key.value().1, seq.value()))
        }))
    }

    /// How many entities of a kind there are.
    pub fn count(&self, kind: EntityKind) -> Result<u64, StoreError> {
        let table = match kind {
            EntityKind::Device => &self.devices,
            EntityKind::Interface => &self.interfaces,
            EntityKind::Link => &self.links,
        };
        Ok(table.len()?)
    }

    /// How many entities are dirty: the mirror has not confirmed their last change.
    pub fn dirty_count(&self) -> Result<u64, StoreError> {
        Ok(self.tx.open_table(tables::DIRTY)?.len()?)
    }

    /// The mirror's state, if there is a mirror.
    pub fn mirror(&self) -> Result<Option<MirrorState>, StoreError> {
        mirror::read_mirror(&self.tx.open_table(tables::META)?)
    }

    /// The dirty entities by kind and id.
    pub fn dirty_entities(
        &self,
    ) -> Result<impl Iterator<Item = Listed<DirtyEntity>> + use<>, StoreError> {
        let table = self.tx.open_table(tables::DIRTY)?;
        let rows = table.range::<(u8, u64)>(..)?;
        Ok(rows.map(|row| {
            let (key, seq) = row?;
            Ok(DirtyEntity { key: mirror::decode_key(key.value())?, seq: seq.value() })
        }))
    }

    /// Devices whose personal data was erased in the audit trail and, as far as is known, not in that of
    /// the mirror.
    pub fn erased_devices(&self) -> Result<Vec<DeviceId>, StoreError> {
        let Some(table) = open_if_written(&self.tx, tables::ERASED)? else { return Ok(Vec::new()) };
        table.iter()?.map(|row| Ok(DeviceId(row?.0.value()))).collect()
    }

    /// Audit rows with ids in this range, oldest first, each with at most `images_max` images.
    pub fn audit_range(
        &self,
        ids: IdRange,
        images_max: usize,
    ) -> Result<impl Iterator<Item = Listed<AuditEntry>> + use<>, StoreError> {
        let table = self.tx.open_table(tables::AUDIT)?;
        let rows = table.range::<u64>(ids)?;
        Ok(rows.map(move |row| {
            let (id, value) = row?;
            decode_entry(id.value(), value.value(), images_max)
        }))
    }

    /// Both ends of the audit trail's hash chain; `None` before its first row.
    pub fn audit_chain(&self) -> Result<Option<AuditChain>, StoreError> {
        audit_chain::read_chain(&self.tx.open_table(tables::META)?)
    }

    /// The newest audit row below the number `before` with its hash; `None` if it is from before the chain.
    pub fn audit_head(&self, before: u64) -> Result<Option<AuditHead>, StoreError> {
        let table = self.tx.open_table(tables::AUDIT)?;
        let Some(row) = table.range(..before)?.next_back() else { return Ok(None) };
        let (id, bytes) = row?;
        let id = id.value();
        Ok(link_of(id, bytes.value())?.map(|link| AuditHead { id, hash: link.hash }))
    }

    /// The ids of audit rows in this range with their hashes, oldest first; `None` in rows from before the
    /// chain.
    pub fn audit_links(
        &self,
        ids: IdRange,
    ) -> Result<impl Iterator<Item = Listed<(u64, Option<AuditHash>)>> + use<>, StoreError> {
        let table = self.tx.open_table(tables::AUDIT)?;
        let rows = table.range::<u64>(ids)?;
        Ok(rows.map(|row| {
            let (id, bytes) = row?;
            let link = link_of(id.value(), bytes.value())?;
            Ok((id.value(), link.map(|link| link.hash)))
        }))
    }

    /// How many audit rows there are.
    pub fn audit_count(&self) -> Result<u64, StoreError> {
        Ok(self.tx.open_table(tables::AUDIT)?.len()?)
    }

    pub(super) fn transaction(&self) -> &ReadTransaction {
        &self.tx
    }

    /// Audit rows older than `before` (an audit id), or all of them, newest first, each with at most
    /// `images_max` images.
    pub fn audit(
        &self,
        before: Option<u64>,
        images_max: usize,
    ) -> Result<impl Iterator<Item = Listed<AuditEntry>> + use<>, StoreError> {
        let table = self.tx.open_table(tables::AUDIT)?;
        let end = before.map_or(Bound::Unbounded, Bound::Excluded);
        let rows = table.range((Bound::Unbounded, end))?.rev();
        Ok(rows.map(move |row| {
            let (id, value) = row?;
            decode_entry(id.value(), value.value(), images_max)
        }))
    }

    fn indexed(
        &self,
        index: IndexKey,
        value: u64,
        after: u64,
    ) -> Result<impl Iterator<Item = Listed<u64>> + use<>, StoreError> {
        let code = index as u8;
        let first = (code, value, after.saturating_add(1));
        let rows = self.index.range(first..=(code, value, u64::MAX))?;
        Ok(rows.map(|row| Ok(row?.0.value().2)))
    }
}

fn get<T: StoredEntity>(table: &RecordTable, id: u64) -> Result<Option<T>, StoreError> {
    let Some(value) = table.get(id)? else { return Ok(None) };
    T::decode(id, value.value()).map(Some)
}

fn range<T: StoredEntity>(
    table: &RecordTable,
    ids: IdRange,
) -> Result<impl Iterator<Item = Listed<T>> + use<T>, StoreError> {
    Ok(table.range::<u64>(ids)?.map(|row| {
        let (id, value) = row?;
        T::decode(id.value(), value.value())
    }))
}
