//! Importing devices: what exists is changed, what does not is created; all of them or none.

use rustc_hash::FxHashMap;

use super::counts::{IMPORT_ENTITIES_MAX, ImportCounts};
use crate::domain::device::container::check_parent;
use crate::domain::device::create::check_pon_class;
use crate::domain::device::provision::{check_upstream, provision};
use crate::domain::transaction::Transaction;
use crate::domain::{
    Device, DeviceId, DeviceType, Name, NewDevice, Optics, Position, Refusal, RowRefusal, World,
};

/// A device as a row describes it. What is absent stays as it is, or has its default.
#[derive(Clone, Debug, Default)]
pub struct DeviceTableRow {
    pub id: Option<DeviceId>,
    pub name: Option<Name>,
    pub device_type: Option<DeviceType>,
    /// Name of a container, of the site or of another row; or its id, also after a `#`.
    pub container: Option<String>,
    pub x: Option<f64>,
    pub y: Option<f64>,
    pub optics: Optics,
    /// A value of the row could not be read: what is missing here is told elsewhere.
    pub is_partial: bool,
}

/// Creates or updates the devices of the rows, whose order does not matter. Returns the new ones
/// beside the counts.
///
/// # Errors
/// [`Refusal::Rows`] with everything that is wrong with them; the caller rolls back.
pub(in crate::domain) fn import_devices(
    transaction: &mut Transaction<'_>,
    rows: &[DeviceTableRow],
) -> Result<(ImportCounts, Vec<DeviceId>), Refusal> {
    check_size(transaction.world(), rows)?;
    let mut import = Import::new(rows);
    for (index, row) in rows.iter().enumerate() {
        if let Err(refusal) = import.put(transaction, index, row) {
            import.refused.push(RowRefusal { index, refusal });
        }
    }
    // Only now is everything there that a row may rely on.
    let mut made = Vec::new();
    for place in std::mem::take(&mut import.places) {
        let index = place.index;
        if let Err(refusal) = import.settle(transaction, &rows[index], &place) {
            import.refused.push(RowRefusal { index, refusal });
        }
        match &place.before {
            None => import.counts.created += 1,
            Some(before) if transaction.world().device(place.id) == Some(before) => {
                import.counts.unchanged += 1;
            }
            Some(_) => import.counts.updated += 1,
        }
        if place.before.is_none() {
            import.counts.interfaces += transaction.world().ports(place.id).len();
            made.push(place.id);
        }
    }
    if import.refused.is_empty() {
        return Ok((import.counts, made));
    }
    import.refused.sort_by_key(|row| row.index);
    Err(Refusal::Rows { rows: import.refused, total: rows.len() })
}

fn check_size(world: &World, rows: &[DeviceTableRow]) -> Result<(), Refusal> {
    let is_new = |row: &&DeviceTableRow| {
        row.name.as_ref().is_some_and(|name| world.device_named(name).is_none())
    };
    let ports = |row: &DeviceTableRow| -> usize {
        let runs = row.device_type.map_or(&[][..], |device_type| device_type.row().ports);
        runs.iter().map(|run| run.count as usize).sum()
    };
    let count = rows.iter().filter(is_new).map(|row| 1 + ports(row)).sum();
    if count > IMPORT_ENTITIES_MAX { Err(Refusal::ImportTooLarge(count)) } else { Ok(()) }
}

/// Rows while they are carried out.
struct Import<'r> {
    /// The first row with each name.
    named: FxHashMap<&'r Name, usize>,
    /// The row that each device was found or made for.
    about: FxHashMap<DeviceId, usize>,
    /// Types that the rows bring along.
    types: Vec<DeviceType>,
    places: Vec<Place>,
    refused: Vec<RowRefusal>,
    counts: ImportCounts,
}

/// A row and the device that it is about.
struct Place {
    index: usize,
    id: DeviceId,
    /// `None` for a new device.
    before: Option<std::sync::Arc<Device>>,
}

impl<'r> Import<'r> {
    fn new(rows: &'r [DeviceTableRow]) -> Self {
        let mut types: Vec<DeviceType> = rows.iter().filter_map(|row| row.device_type).collect();
        types.sort_unstable();
        types.dedup();
        let mut named = FxHashMap::default();
        for (index, row) in rows.iter().enumerate() {
            if let Some(name) = &row.name {
                named.entry(name).or_insert(index);
            }
        }
        let (about, places, refused) = (FxHashMap::default(), Vec::new(), Vec::new());
        Self { named, about, types, places, refused, counts: ImportCounts::default() }
    }

    fn put(
        &mut self,
        transaction: &mut Transaction<'_>,
        index: usize,
        row: &DeviceTableRow,
    ) -> Result<(), Refusal> {
        let first = row.name.as_ref().and_then(|name| self.named.get(name)).copied();
        if let Some(first) = first.filter(|first| *first < index) {
            return Err(Refusal::RowRepeated { first });
        }
        let (id, before) = match find(transaction.world(), row)? {
            Some(id) => {
                if let Some(first) = self.about.get(&id).copied() {
                    return Err(Refusal::RowRepeated { first });
                }
                let before = transaction.world().device(id).cloned();
                change(transaction, id, row)?;
                (id, before)
            }
            None => match make(transaction, row)? {
                Some(id) => (id, None),
                None => return Ok(()),
            },
        };
        self.about.insert(id, index);
        self.places.push(Place { index, id, before });
        Ok(())
    }

    /// Puts a device into its container and checks that it could connect to something.
    fn settle(
        &mut self,
        transaction: &mut Transaction<'_>,
        row: &DeviceTableRow,
        place: &Place,
    ) -> Result<(), Refusal> {
        let device = transaction.world().device(place.id).ok_or(Refusal::DeviceNotFound)?;
        let device_type = device.device_type;
        if let Some(text) = &row.container {
            let name = Name::new(text).ok();
            match container(transaction.world(), text) {
                Some(parent) => {
                    check_parent(transaction.world(), device_type, parent)?;
                    transaction.update::<Device>(place.id, |device| device.parent = Some(parent));
                }
                // The row that would have made it says why it does not.
                None if name.is_some_and(|name| self.named.contains_key(&name)) => {}
                None => return Err(Refusal::ContainerNotFound(text.clone())),
            }
        }
        let is_brought = device_type
            .row()
            .upstream
            .is_some_and(|upstream| upstream.any_of.iter().any(|it| self.types.contains(it)));
        if place.before.is_none() && !is_brought {
            check_upstream(transaction.world(), device_type)?;
        }
        Ok(())
    }
}

/// The device that a row is about: by its name, which an id must agree with, or by its id.
fn find(world: &World, row: &DeviceTableRow) -> Result<Option<DeviceId>, Refusal> {
    let by_id = row.id.and_then(|id| world.device(id));
    match (&row.name, row.id) {
        (Some(name), Some(id)) => match by_id {
            Some(device) if device.name != *name => Err(Refusal::IdIsAnother {
                id,
                name: device.name.to_string(),
                wanted: name.to_string(),
            }),
            // An id of another site says nothing here.
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

fn change(
    transaction: &mut Transaction<'_>,
    id: DeviceId,
    row: &DeviceTableRow,
) -> Result<(), Refusal> {
    let device = transaction.world().device(id).ok_or(Refusal::DeviceNotFound)?;
    let (is, name) = (device.device_type, &device.name);
    if let Some(wanted) = row.device_type.filter(|wanted| *wanted != is) {
        return Err(Refusal::TypeIsAnother { name: name.to_string(), is, wanted });
    }
    check_pon_class(is, row.optics.pon_class)?;
    transaction.update::<Device>(id, |device| {
        device.position.x = row.x.unwrap_or(device.position.x);
        device.position.y = row.y.unwrap_or(device.position.y);
        let (optics, new) = (&mut device.optics, row.optics);
        optics.tx_power_dbm = new.tx_power_dbm.or(optics.tx_power_dbm);
        optics.sensitivity_min_dbm = new.sensitivity_min_dbm.or(optics.sensitivity_min_dbm);
        optics.insertion_loss_db = new.insertion_loss_db.or(optics.insertion_loss_db);
        optics.pon_class = new.pon_class.or(optics.pon_class);
    });
    Ok(())
}

/// A new device; none of a row whose own faults say why.
fn make(
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
    };
    provision(transaction, new).map(Some)
}

fn container(world: &World, text: &str) -> Option<DeviceId> {
    let by_name = Name::new(text).ok().and_then(|name| world.device_named(&name));
    by_name.or_else(|| {
        let id = text.strip_prefix('#').unwrap_or(text).parse().ok().map(DeviceId)?;
        world.device(id).map(|device| device.id)
    })
}
