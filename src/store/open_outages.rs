//! Outages that are not over: what the devices themselves do not say of them.
//!
//! A device knows since when it is DOWN. Beside that, two tables have a row for a device whose outage
//! began later than its status, and for one whose outage has to do with planned work.

use bincode::{BorrowDecode, Encode};
use redb::{ReadableTable, ReadableTableMetadata, TableError, WriteTransaction};

use super::codec::{RecordSource, VersionedRecord, decode, encode};
use super::error::StoreError;
use super::open::Store;
use super::records::StoredEntity;
use super::snapshot::Snapshot;
use super::tables;
use crate::domain::{Device, DeviceId, DeviceOutage, OutageChange, PlannedOutage, Timestamp};

#[derive(Encode, BorrowDecode)]
struct PlannedOutageV1 {
    from_us: i64,
    until_us: Option<i64>,
}

impl VersionedRecord for PlannedOutageV1 {
    const VERSION: u8 = 1;
}

impl Store {
    /// Records what an analysis says about planned work, in one durable transaction. The site and its seq
    /// stay what they are.
    ///
    /// # Errors
    /// As [`Store::commit`].
    pub fn record_planned_work(&self, changes: &[OutageChange]) -> Result<(), StoreError> {
        let tx = self.db.begin_write()?;
        record(&tx, changes)?;
        tx.commit()?;
        Ok(())
    }
}

impl Snapshot {
    /// When the present outage of a device began, if that was later than its status.
    ///
    /// # Errors
    /// Read errors.
    pub fn late_start(&self, device: DeviceId) -> Result<Option<Timestamp>, StoreError> {
        let table = self.transaction().open_table(tables::LATE_OUTAGES)?;
        Ok(table.get(device.0)?.map(|at| Timestamp(at.value())))
    }

    /// When planned work was the cause of the present outage of a device.
    ///
    /// # Errors
    /// Read errors, and [`StoreError::Damaged`] where a record cannot be decoded; so does
    /// [`Snapshot::planned_outages`].
    pub fn planned_outage(&self, device: DeviceId) -> Result<Option<PlannedOutage>, StoreError> {
        let table = match self.transaction().open_table(tables::PLANNED_OUTAGES) {
            Err(TableError::TableDoesNotExist(_)) => return Ok(None),
            table => table?,
        };
        table.get(device.0)?.map(|value| decode_planned(device.0, value.value())).transpose()
    }

    /// The devices whose present outage had planned work as its cause, by id.
    pub fn planned_outages(&self) -> Result<Vec<(DeviceId, PlannedOutage)>, StoreError> {
        let table = match self.transaction().open_table(tables::PLANNED_OUTAGES) {
            Err(TableError::TableDoesNotExist(_)) => return Ok(Vec::new()),
            table => table?,
        };
        let rows = table.iter()?.map(|row| {
            let (id, value) = row?;
            Ok((DeviceId(id.value()), decode_planned(id.value(), value.value())?))
        });
        rows.collect()
    }
}

/// Writes and removes rows in the order of the changes; returns the outages that ended.
pub(super) fn record(
    tx: &WriteTransaction,
    changes: &[OutageChange],
) -> Result<Vec<DeviceOutage>, StoreError> {
    let mut late = tx.open_table(tables::LATE_OUTAGES)?;
    let mut planned = tx.open_table(tables::PLANNED_OUTAGES)?;
    // Hardly ever are there rows; then thousands of devices come back without a look at the tables.
    let mut is_empty = late.is_empty()? && planned.is_empty()?;
    let mut ended = Vec::with_capacity(changes.len());
    for change in changes {
        match *change {
            OutageChange::LateStart(device, at) => {
                late.insert(device.0, at.0)?;
                is_empty = false;
            }
            OutageChange::Planned(device, outage) => {
                planned.insert(device.0, encode_planned(outage).as_slice())?;
                is_empty = false;
            }
            OutageChange::End(mut outage) => {
                if !is_empty {
                    planned.remove(outage.device.0)?;
                    if let Some(at) = late.remove(outage.device.0)? {
                        outage.begin_late(Timestamp(at.value()));
                    }
                }
                ended.push(outage);
            }
        }
    }
    Ok(ended)
}

/// The devices that have rows, as they are now, by id. One that cannot be decoded is left out.
pub(super) fn recorded_devices(tx: &WriteTransaction) -> Result<Vec<Device>, StoreError> {
    let devices = tx.open_table(tables::DEVICES)?;
    let mut found = Vec::new();
    for id in recorded_ids(tx)? {
        if let Some(value) = devices.get(id)? {
            found.extend(Device::decode(id, value.value()).ok());
        }
    }
    Ok(found)
}

/// Removes the rows whose outage is not among those of the site that has replaced another. `before` are
/// the [`recorded_devices`] of that one.
pub(super) fn keep_same_outages(
    tx: &WriteTransaction,
    before: &[Device],
) -> Result<(), StoreError> {
    let devices = tx.open_table(tables::DEVICES)?;
    let ids = recorded_ids(tx)?;
    let mut late = tx.open_table(tables::LATE_OUTAGES)?;
    let mut planned = tx.open_table(tables::PLANNED_OUTAGES)?;
    for id in ids {
        let before =
            before.binary_search_by_key(&id, |device| device.id.0).ok().map(|at| &before[at]);
        let after = devices.get(id)?;
        let after = after.map(|value| Device::decode(id, value.value())).transpose()?;
        let is_same =
            before.zip(after).is_some_and(|(before, after)| before.is_in_same_outage(&after));
        if !is_same {
            late.remove(id)?;
            planned.remove(id)?;
        }
    }
    Ok(())
}

fn recorded_ids(tx: &WriteTransaction) -> Result<Vec<u64>, StoreError> {
    let mut ids = Vec::new();
    for row in tx.open_table(tables::LATE_OUTAGES)?.iter()? {
        ids.push(row?.0.value());
    }
    for row in tx.open_table(tables::PLANNED_OUTAGES)?.iter()? {
        ids.push(row?.0.value());
    }
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

fn encode_planned(outage: PlannedOutage) -> Vec<u8> {
    encode(&PlannedOutageV1 { from_us: outage.from.0, until_us: outage.until.map(|at| at.0) })
}

fn decode_planned(id: u64, bytes: &[u8]) -> Result<PlannedOutage, StoreError> {
    let source = RecordSource { table: "planned_outages", key: &id };
    let PlannedOutageV1 { from_us, until_us } = decode(bytes, source)?;
    Ok(PlannedOutage { from: Timestamp(from_us), until: until_us.map(Timestamp) })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// These bytes never change once they are shipped.
    #[test]
    fn golden_bytes() {
        let planned = PlannedOutage { from: Timestamp(1_795_000_000_000_000), until: None };
        let over = PlannedOutage { until: Some(Timestamp(7)), ..planned };
        for (outage, golden) in
            [(planned, "01fd0060be0216c10c0000"), (over, "01fd0060be0216c10c00010e")]
        {
            let bytes = encode_planned(outage);
            assert_eq!(crate::util::hex(&bytes), golden);
            assert_eq!(decode_planned(1, &bytes).unwrap(), outage);
        }
    }
}
