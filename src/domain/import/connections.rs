//! Importing the connections of a table of devices: each row may name what its device is linked with.

use rustc_hash::{FxHashMap, FxHashSet};

use super::device_row::{DeviceTableRow, TableConnection};
use super::lookup::device_by_text;
use crate::domain::command::Command;
use crate::domain::link::connect::connect_new_device;
use crate::domain::transaction::Transaction;
use crate::domain::{
    DeviceClass, DeviceId, InterfaceId, Link, LinkId, LinkPatch, Name, NewConnection, Refusal,
    RowRefusal, UpdateLink, World,
};

/// What became of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Connected {
    Created(LinkId),
    Updated,
    Unchanged,
}

/// Connects the devices of the rows, what is above first: a row may rely on the links of other rows.
/// `devices` has the device of each row that was imported.
pub(super) fn connect_rows(
    transaction: &mut Transaction<'_>,
    rows: &[DeviceTableRow],
    devices: &FxHashMap<usize, DeviceId>,
    first_rows: &FxHashMap<&Name, usize>,
    refused: &mut Vec<RowRefusal>,
) -> FxHashMap<usize, Connected> {
    let rows_of: FxHashMap<DeviceId, usize> =
        devices.iter().map(|(index, id)| (*id, *index)).collect();
    let mut connected = FxHashMap::default();
    let mut seen: FxHashSet<usize> = FxHashSet::default();
    for start in 0..rows.len() {
        // From the row upwards, to connect from above.
        let mut chain = Vec::new();
        let mut next = Some(start);
        while let Some(index) = next.filter(|index| seen.insert(*index)) {
            let Some(connection) = &rows[index].connection else { break };
            chain.push((index, connection));
            let to = device_by_text(transaction.world(), &connection.to);
            next = to.and_then(|to| rows_of.get(&to)).copied();
        }
        for (index, connection) in chain.into_iter().rev() {
            // The row of a device that was refused has a refusal of its own.
            let Some(device) = devices.get(&index).copied() else { continue };
            let Some(to) = device_by_text(transaction.world(), &connection.to) else {
                let name = Name::new(&connection.to).ok();
                if !name.is_some_and(|name| first_rows.contains_key(&name)) {
                    let refusal = Refusal::NoDeviceNamed(connection.to.clone());
                    refused.push(RowRefusal { index, refusal });
                }
                continue;
            };
            match connect(transaction, device, to, connection, &rows[index]) {
                Ok(done) => drop(connected.insert(index, done)),
                Err(refusal) => refused.push(RowRefusal { index, refusal }),
            }
        }
    }
    connected
}

/// Links two devices, or changes the link that they have.
fn connect(
    transaction: &mut Transaction<'_>,
    device: DeviceId,
    to: DeviceId,
    connection: &TableConnection,
    row: &DeviceTableRow,
) -> Result<Connected, Refusal> {
    let world = transaction.world();
    let port = connection.port.as_ref().map(|name| port_named(world, to, name)).transpose()?;
    if let Some(link) = link_between(world, device, to, port) {
        return update(transaction, link, connection);
    }
    check_not_elsewhere(world, device)?;
    let TableConnection { length_km, medium, .. } = *connection;
    let link =
        connect_new_device(transaction, device, NewConnection { to, port, length_km, medium })?;
    if let Some(lifecycle) = row.lifecycle_of_new {
        transaction.update::<Link>(link, |link| link.lifecycle = lifecycle);
    }
    Ok(Connected::Created(link))
}

fn update(
    transaction: &mut Transaction<'_>,
    id: LinkId,
    connection: &TableConnection,
) -> Result<Connected, Refusal> {
    let before = transaction.world().link(id).cloned();
    let patch = LinkPatch {
        length_km: connection.length_km.map(Some),
        medium: connection.medium.map(Some),
        ..LinkPatch::default()
    };
    UpdateLink { id, patch }.run(transaction)?;
    let is_same = transaction.world().link(id) == before.as_ref();
    Ok(if is_same { Connected::Unchanged } else { Connected::Updated })
}

fn port_named(world: &World, device: DeviceId, name: &Name) -> Result<InterfaceId, Refusal> {
    world.port_named(device, name).ok_or_else(|| {
        let of = world.device(device).map_or_else(String::new, |device| device.name.to_string());
        Refusal::NoPortNamed { name: name.to_string(), device: of }
    })
}

/// The oldest link between two devices; with a port, only one that ends there.
fn link_between(
    world: &World,
    device: DeviceId,
    to: DeviceId,
    port: Option<InterfaceId>,
) -> Option<LinkId> {
    if let Some(port) = port {
        let link = world.link_at(port)?;
        return world.ends(link).filter(|ends| ends.contains(&device)).map(|_| link);
    }
    let links = world.neighbours(device).iter().filter(|neighbour| neighbour.device == to);
    links.map(|neighbour| neighbour.link).min()
}

/// A subscriber has one line: one that is connected already is not connected to something else.
fn check_not_elsewhere(world: &World, device: DeviceId) -> Result<(), Refusal> {
    let Some(leaf) = world.device(device) else { return Ok(()) };
    if leaf.device_type.class() != DeviceClass::Leaf {
        return Ok(());
    }
    let Some(other) = world.neighbours(device).first() else { return Ok(()) };
    let to = world.device(other.device).map_or_else(String::new, |other| other.name.to_string());
    Err(Refusal::ConnectedElsewhere { name: leaf.name.to_string(), to })
}
