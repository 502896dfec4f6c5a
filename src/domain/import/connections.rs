//! Importing the connections of a table of devices: each row may name what its device is linked with.

use rustc_hash::{FxHashMap, FxHashSet};

use super::device_row::{DeviceTableRow, TableConnection};
use super::lookup::device_by_text;
use crate::domain::command::Command;
use crate::domain::link::connect::connect_new_device;
use crate::domain::transaction::Transaction;
use crate::domain::{
    DeviceClass, DeviceId, InterfaceId, Lifecycle, Link, LinkId, LinkPatch, Name, NewConnection,
    Refusal, RowRefusal, UpdateLink, World,
};

/// What became of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Connected {
    Created(LinkId),
    Updated,
    Unchanged,
}

/// Connects the devices of the rows, whose order does not matter. `devices` has the device of each row that
/// was imported.
pub(super) fn connect_rows(
    transaction: &mut Transaction<'_>,
    rows: &[DeviceTableRow],
    devices: &FxHashMap<usize, DeviceId>,
    first_rows: &FxHashMap<&Name, usize>,
    refused: &mut Vec<RowRefusal>,
) -> FxHashMap<usize, Connected> {
    let reserved = named_ports(transaction.world(), rows);
    let mut connected = FxHashMap::default();
    for (index, connection) in in_order(transaction.world(), rows, devices) {
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
        let lifecycle = rows[index].lifecycle_of_new;
        match connect(transaction, [device, to], connection, lifecycle, &reserved) {
            Ok(done) => drop(connected.insert(index, done)),
            Err(refusal) => refused.push(RowRefusal { index, refusal }),
        }
    }
    connected
}

/// The ports that rows name: no other row takes them.
fn named_ports(world: &World, rows: &[DeviceTableRow]) -> FxHashSet<InterfaceId> {
    let connections = rows.iter().filter_map(|row| row.connection.as_ref());
    let port_of = |connection: &TableConnection| {
        world.port_named(device_by_text(world, &connection.to)?, connection.port.as_ref()?)
    };
    connections.filter_map(port_of).collect()
}

/// The rows with a connection as they are connected: what is above first, since a row may rely on the links
/// of other rows; and at the same device those that name a port before those that take any.
fn in_order<'r>(
    world: &World,
    rows: &'r [DeviceTableRow],
    devices: &FxHashMap<usize, DeviceId>,
) -> Vec<(usize, &'r TableConnection)> {
    let depths = depths(world, rows, devices);
    let connections = rows.iter().enumerate();
    let mut order: Vec<(usize, &TableConnection)> =
        connections.filter_map(|(index, row)| Some((index, row.connection.as_ref()?))).collect();
    order.sort_by_key(|(index, connection)| (depths[*index], connection.port.is_none()));
    order
}

/// How many rows are above each row.
fn depths(
    world: &World,
    rows: &[DeviceTableRow],
    devices: &FxHashMap<usize, DeviceId>,
) -> Vec<usize> {
    let rows_of: FxHashMap<DeviceId, usize> =
        devices.iter().map(|(index, id)| (*id, *index)).collect();
    let row_above = |index: usize| {
        let to = device_by_text(world, &rows[index].connection.as_ref()?.to)?;
        rows_of.get(&to).copied()
    };
    let mut depths: Vec<Option<usize>> = vec![None; rows.len()];
    for start in 0..rows.len() {
        let mut chain = Vec::new();
        let mut next = Some(start);
        while let Some(index) = next.filter(|index| depths[*index].is_none()) {
            // A circle ends at the row with which it was entered.
            depths[index] = Some(0);
            chain.push(index);
            next = row_above(index);
        }
        let above = next.and_then(|index| depths[index]);
        let first = above.map_or(0, |above| above + 1);
        for (index, depth) in chain.into_iter().rev().zip(first..) {
            depths[index] = Some(depth);
        }
    }
    depths.into_iter().map(Option::unwrap_or_default).collect()
}

/// Links a device with another one, or changes the link that they have.
fn connect(
    transaction: &mut Transaction<'_>,
    [device, to]: [DeviceId; 2],
    connection: &TableConnection,
    lifecycle_of_new: Option<Lifecycle>,
    reserved: &FxHashSet<InterfaceId>,
) -> Result<Connected, Refusal> {
    let world = transaction.world();
    let port = connection.port.as_ref().map(|name| port_named(world, to, name)).transpose()?;
    if let Some(link) = link_between(world, device, to, port) {
        return update(transaction, link, connection);
    }
    check_not_elsewhere(world, device)?;
    let TableConnection { length_km, medium, .. } = *connection;
    let new = NewConnection { to, port, length_km, medium };
    let link = connect_new_device(transaction, device, new, reserved)?;
    if let Some(lifecycle) = lifecycle_of_new {
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
