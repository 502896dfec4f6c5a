//! Importing devices: existing ones are updated, new ones are created; all of them or none.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::connections::{Connected, connect_rows};
use super::counts::{IMPORT_ENTITIES_MAX, ImportCounts};
use super::device_row::DeviceTableRow;
use super::lookup::device_by_text;
use crate::domain::device::container::check_parent;
use crate::domain::device::create::{check_pon_class, check_split_ratio};
use crate::domain::device::provision::{check_upstream, port_count, provision};
use crate::domain::device::serial::check_serial;
use crate::domain::interface::splitter_outputs::fit_outputs;
use crate::domain::transaction::Transaction;
use crate::domain::{
    DetailsPatch, Device, DeviceId, DeviceType, Lifecycle, Name, NewDevice, Position, Refusal,
    RowRefusal, SplitRatio, World,
};

/// Creates or updates the devices of the rows, whose order does not matter. Returns the counts and
/// the new devices.
///
/// # Errors
/// [`Refusal::Rows`] with everything that is wrong with them; the caller rolls back.
pub(in crate::domain) fn import_devices(
    transaction: &mut Transaction<'_>,
    rows: &[DeviceTableRow],
) -> Result<(ImportCounts, Vec<DeviceId>), Refusal> {
    check_size(transaction.world(), rows)?;
    let counters_before = transaction.world().counters();
    release_serials(transaction, rows);
    let mut importer = DeviceImporter::new(rows);
    for (index, row) in rows.iter().enumerate() {
        if let Err(refusal) = importer.put_row(transaction, index, row) {
            importer.refused.push(RowRefusal { index, refusal });
        }
    }
    // A row may rely on devices of later rows.
    let imported = std::mem::take(&mut importer.imported);
    for device in &imported {
        let index = device.index;
        if let Err(refusal) = importer.place_row(transaction, &rows[index], device) {
            importer.refused.push(RowRefusal { index, refusal });
        }
    }
    let devices = imported.iter().map(|device| (device.index, device.id)).collect();
    let refused = &mut importer.refused;
    let connected = connect_rows(transaction, rows, &devices, &importer.first_rows, refused);
    if !refused.is_empty() {
        refused.sort_by_key(|row| row.index);
        return Err(Refusal::Rows { rows: importer.refused, total: rows.len() });
    }
    let world = transaction.world();
    let mut counts = counts_of(world, &imported, &connected);
    let interfaces = world.counters().interface - counters_before.interface;
    counts.interfaces = usize::try_from(interfaces).unwrap_or(usize::MAX);
    // With the ports that links took, which depend on those that are free.
    check_entity_count(counts.created.saturating_add(counts.interfaces))?;
    let created = imported.iter().filter(|device| device.before.is_none());
    Ok((counts, created.map(|device| device.id).collect()))
}

/// Takes the serials of devices whose rows give them other ones: two rows can swap serials, in any order.
fn release_serials(transaction: &mut Transaction<'_>, rows: &[DeviceTableRow]) {
    let none = DetailsPatch { serial: Some(None), ..DetailsPatch::default() };
    for row in rows {
        let Some(Some(serial)) = &row.details.serial else { continue };
        let Ok(Some(id)) = find(transaction.world(), row) else { continue };
        let own = transaction.world().device(id).and_then(|device| device.serial());
        if own.is_some_and(|own| *own != **serial) {
            transaction.update::<Device>(id, |device| {
                device.details = none.clone().applied_to(device.details.as_deref());
            });
        }
    }
}

fn counts_of(
    world: &World,
    imported: &[ImportedRow],
    connected: &FxHashMap<usize, Connected>,
) -> ImportCounts {
    let mut counts = ImportCounts::default();
    let is_planned = |lifecycle| usize::from(lifecycle == Lifecycle::Planned);
    for row in imported {
        let Some(device) = world.device(row.id) else { continue };
        let connection = connected.get(&row.index).copied();
        let of_type = counts.by_type.entry(device.device_type).or_default();
        if let Some(Connected::Created(link)) = connection {
            of_type.connected += 1;
            counts.planned += world.link(link).map_or(0, |link| is_planned(link.lifecycle));
        }
        let is_link_same = matches!(connection, None | Some(Connected::Unchanged));
        match &row.before {
            None => {
                of_type.created += 1;
                of_type.planned += is_planned(device.lifecycle);
            }
            Some(before) if is_link_same && before == device => of_type.unchanged += 1,
            Some(_) => of_type.updated += 1,
        }
    }
    for of_type in counts.by_type.values() {
        counts.created += of_type.created;
        counts.updated += of_type.updated;
        counts.unchanged += of_type.unchanged;
        counts.connected += of_type.connected;
        counts.planned += of_type.planned;
    }
    counts
}

/// The devices of the rows with the ports of their types are not too many, which is known before any is
/// made.
fn check_size(world: &World, rows: &[DeviceTableRow]) -> Result<(), Refusal> {
    check_entity_count(rows.iter().map(|row| new_entity_count(world, row)).sum())
}

fn check_entity_count(count: usize) -> Result<(), Refusal> {
    if count > IMPORT_ENTITIES_MAX { Err(Refusal::ImportTooLarge(count)) } else { Ok(()) }
}

/// How many devices and ports a row may add.
fn new_entity_count(world: &World, row: &DeviceTableRow) -> usize {
    let ratio = row.optics.split_ratio;
    match find(world, row) {
        Ok(Some(id)) => {
            let has_other = |ratio: &SplitRatio| {
                world.device(id).is_some_and(|device| device.optics.split_ratio != Some(*ratio))
            };
            let outputs = ratio.filter(has_other).map_or(0, |ratio| ratio.outputs().into());
            usize::saturating_sub(outputs, world.splitter_ports(id).output_count)
        }
        Ok(None) if row.name.is_some() => {
            1 + row.device_type.map_or(0, |device_type| port_count(device_type, ratio))
        }
        Ok(None) | Err(_) => 0,
    }
}

/// The state of an import.
struct DeviceImporter<'r> {
    /// The first row with each name.
    first_rows: FxHashMap<&'r Name, usize>,
    /// The row that describes each device.
    rows_of_devices: FxHashMap<DeviceId, usize>,
    /// The types of the rows.
    types: Vec<DeviceType>,
    imported: Vec<ImportedRow>,
    refused: Vec<RowRefusal>,
}

/// A row and its device.
struct ImportedRow {
    index: usize,
    id: DeviceId,
    /// `None` for a new device.
    before: Option<Arc<Device>>,
}

impl<'r> DeviceImporter<'r> {
    fn new(rows: &'r [DeviceTableRow]) -> Self {
        let mut types: Vec<DeviceType> = rows.iter().filter_map(|row| row.device_type).collect();
        types.sort_unstable();
        types.dedup();
        let mut first_rows = FxHashMap::default();
        for (index, row) in rows.iter().enumerate() {
            if let Some(name) = &row.name {
                first_rows.entry(name).or_insert(index);
            }
        }
        Self {
            first_rows,
            rows_of_devices: FxHashMap::default(),
            types,
            imported: Vec::new(),
            refused: Vec::new(),
        }
    }

    /// Creates or updates the device of a row.
    fn put_row(
        &mut self,
        transaction: &mut Transaction<'_>,
        index: usize,
        row: &DeviceTableRow,
    ) -> Result<(), Refusal> {
        let first = row.name.as_ref().and_then(|name| self.first_rows.get(name)).copied();
        if let Some(first) = first.filter(|first| *first < index) {
            return Err(Refusal::RowRepeated { first });
        }
        let (id, before) = match find(transaction.world(), row)? {
            Some(id) => {
                if let Some(first) = self.rows_of_devices.get(&id).copied() {
                    return Err(Refusal::RowRepeated { first });
                }
                let before = transaction.world().device(id).cloned();
                update(transaction, id, row)?;
                (id, before)
            }
            None => match create(transaction, row)? {
                Some(id) => (id, None),
                None => return Ok(()),
            },
        };
        self.rows_of_devices.insert(id, index);
        self.imported.push(ImportedRow { index, id, before });
        Ok(())
    }

    /// Puts the device of a row into its container and checks that an upstream exists for it.
    fn place_row(
        &mut self,
        transaction: &mut Transaction<'_>,
        row: &DeviceTableRow,
        imported: &ImportedRow,
    ) -> Result<(), Refusal> {
        let device = transaction.world().device(imported.id).ok_or(Refusal::DeviceNotFound)?;
        let device_type = device.device_type;
        if let Some(text) = &row.container {
            let name = Name::new(text).ok();
            match device_by_text(transaction.world(), text) {
                Some(parent) => {
                    check_parent(transaction.world(), device_type, parent)?;
                    transaction
                        .update::<Device>(imported.id, |device| device.parent = Some(parent));
                }
                // The row of the container has a refusal of its own.
                None if name.is_some_and(|name| self.first_rows.contains_key(&name)) => {}
                None => return Err(Refusal::ContainerNotFound(text.clone())),
            }
        }
        let is_in_table = device_type.row().upstream.is_some_and(|upstream| {
            upstream.any_of.iter().any(|needed| self.types.contains(needed))
        });
        if imported.before.is_none() && !is_in_table {
            check_upstream(transaction.world(), device_type)?;
        }
        Ok(())
    }
}

/// The device of a row: by its name, which an id must agree with, or by its id.
fn find(world: &World, row: &DeviceTableRow) -> Result<Option<DeviceId>, Refusal> {
    let by_id = row.id.and_then(|id| world.device(id));
    match (&row.name, row.id) {
        (Some(name), Some(id)) => match by_id {
            Some(device) if device.name != *name => Err(Refusal::IdMismatch {
                id,
                name: device.name.to_string(),
                wanted: name.to_string(),
            }),
            // The id may be one of another site.
            _ => Ok(world.device_named(name)),
        },
        (Some(name), None) => Ok(world.device_named(name)),
        (None, Some(id)) if !row.is_partial => match by_id {
            Some(device) => Ok(Some(device.id)),
            None => Err(Refusal::IdNotFound(id)),
        },
        (None, _) => Ok(None),
    }
}

fn update(
    transaction: &mut Transaction<'_>,
    id: DeviceId,
    row: &DeviceTableRow,
) -> Result<(), Refusal> {
    let device = transaction.world().device(id).ok_or(Refusal::DeviceNotFound)?.clone();
    let (is, name) = (device.device_type, &device.name);
    if let Some(wanted) = row.device_type.filter(|wanted| *wanted != is) {
        return Err(Refusal::TypeMismatch { name: name.to_string(), is, wanted });
    }
    check_pon_class(is, row.optics.pon_class)?;
    check_split_ratio(is, row.optics.split_ratio)?;
    let serial = row.details.serial.as_ref().and_then(|serial| serial.as_deref());
    check_serial(transaction.world(), Some(id), serial)?;
    let ratio = row.optics.split_ratio.filter(|ratio| device.optics.split_ratio != Some(*ratio));
    if let Some(ratio) = ratio {
        fit_outputs(transaction, &device, ratio)?;
    }
    transaction.update::<Device>(id, |device| {
        device.position.x = row.x.unwrap_or(device.position.x);
        device.position.y = row.y.unwrap_or(device.position.y);
        device.lifecycle = row.lifecycle.unwrap_or(device.lifecycle);
        if !row.details.is_empty() {
            device.details = row.details.clone().applied_to(device.details.as_deref());
        }
        let (optics, new) = (&mut device.optics, row.optics);
        optics.tx_power_dbm = new.tx_power_dbm.or(optics.tx_power_dbm);
        optics.sensitivity_min_dbm = new.sensitivity_min_dbm.or(optics.sensitivity_min_dbm);
        optics.insertion_loss_db = new.insertion_loss_db.or(optics.insertion_loss_db);
        optics.pon_class = new.pon_class.or(optics.pon_class);
        optics.split_ratio = new.split_ratio.or(optics.split_ratio);
    });
    Ok(())
}

/// A new device; `None` for a row that could not be read, which is reported elsewhere.
fn create(
    transaction: &mut Transaction<'_>,
    row: &DeviceTableRow,
) -> Result<Option<DeviceId>, Refusal> {
    let (Some(name), Some(device_type)) = (&row.name, row.device_type) else {
        return if row.is_partial { Ok(None) } else { Err(Refusal::TypeMissing) };
    };
    let new = NewDevice {
        name: name.clone(),
        device_type,
        parent: None,
        validate_upstream: false,
        position: Position { x: row.x.unwrap_or(0.0), y: row.y.unwrap_or(0.0) },
        optics: row.optics,
        lifecycle: row.lifecycle_of_new.or(row.lifecycle).unwrap_or_default(),
        details: row.details.clone().applied_to(None),
    };
    provision(transaction, new).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::import::device_row::TableConnection;
    use crate::domain::{ImportTable, Timestamp};

    fn row(name: &str, device_type: DeviceType, to: Option<&str>) -> DeviceTableRow {
        DeviceTableRow {
            name: Name::new(name).ok(),
            device_type: Some(device_type),
            connection: to.map(|to| TableConnection {
                to: to.to_owned(),
                port: None,
                length_km: None,
                medium: None,
            }),
            ..DeviceTableRow::default()
        }
    }

    #[test]
    fn a_connection_counts_only_with_the_ports_that_it_makes() {
        let mut world = World::default();
        let table = vec![
            row("CORE", DeviceType::CoreRouter, None),
            row("EDGE", DeviceType::EdgeRouter, None),
            row("OLT", DeviceType::Olt, None),
            row("ONT", DeviceType::Ont, Some("OLT")),
        ];
        world.execute(ImportTable::Devices(table), Timestamp(1)).unwrap();
        let existing = vec![row("ONT", DeviceType::Ont, Some("OLT")); IMPORT_ENTITIES_MAX];
        assert_eq!(check_size(&world, &existing), Ok(()));
        let new: Vec<_> = (0..=IMPORT_ENTITIES_MAX / 9)
            .map(|n| row(&format!("HOP-{n}"), DeviceType::Hop, None))
            .collect();
        let expected = Refusal::ImportTooLarge(new.len() * 9);
        assert_eq!(check_size(&world, &new), Err(expected), "a HOP has 8 ports");
    }
}
