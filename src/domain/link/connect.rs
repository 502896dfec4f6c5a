//! Connecting two devices: a link at the next free port of each.

use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::Link;
use super::create::{EndJoin, check_ends, join_ends, put_link};
use super::port::{PortChoice, take_ports};
use crate::domain::command::{Command, CommandKind};
use crate::domain::transaction::Transaction;
use crate::domain::{
    DeviceId, EntityKey, EntityKind, Interface, InterfaceId, InterfaceType, LinkId, Medium, Name,
    Override, Refusal, Status, World,
};

/// Creates a link between two devices, at the next free port of the right kind of each; a device
/// without one gets a new port.
#[derive(Clone, Copy, Debug)]
pub struct ConnectDevices {
    pub a: DeviceId,
    pub b: DeviceId,
    pub interface_type: InterfaceType,
    /// Free ports to take instead.
    pub ports: [Option<InterfaceId>; 2],
    /// DOWN and DEGRADED are kept as an override of the new link.
    pub status: Status,
    pub length_km: Option<f64>,
    pub medium: Option<Medium>,
    /// Apply the link rules; `false` is for raw repairs.
    pub validate: bool,
}

/// Where and how to link a new device with the network.
#[derive(Clone, Copy, Debug)]
pub struct NewConnection {
    /// The device towards the OLT or the backbone.
    pub to: DeviceId,
    /// A free port of it to take instead of the next one.
    pub port: Option<InterfaceId>,
    pub length_km: Option<f64>,
    pub medium: Option<Medium>,
}

/// Links a new device by the link rules, at no port of `reserved` but the chosen one. The link has the
/// lifecycle of the device.
pub(in crate::domain) fn connect_new_device(
    transaction: &mut Transaction<'_>,
    device: DeviceId,
    connection: NewConnection,
    reserved: &FxHashSet<InterfaceId>,
) -> Result<LinkId, Refusal> {
    let NewConnection { to, port, length_km, medium } = connection;
    if transaction.world().device(to).is_none() {
        return Err(Refusal::EntityNotFound(EntityKey { kind: EntityKind::Device, id: to.0 }));
    }
    let connect = ConnectDevices {
        a: to,
        b: device,
        interface_type: InterfaceType::Optical,
        ports: [port, None],
        status: Status::Up,
        length_km,
        medium,
        validate: true,
    };
    let link = connect_devices(transaction, connect, reserved)?;
    if let Some(lifecycle) = transaction.world().device(device).map(|device| device.lifecycle) {
        transaction.update::<Link>(link, |link| link.lifecycle = lifecycle);
    }
    Ok(link)
}

/// The new link and its ports.
#[derive(Clone, Debug)]
pub struct ConnectedDevices {
    pub link: Arc<Link>,
    pub a: Arc<Interface>,
    pub b: Arc<Interface>,
    /// The names of the two devices.
    pub names: [Name; 2],
}

impl Command for ConnectDevices {
    type Reply = ConnectedDevices;
    type Output = LinkId;

    fn kind(&self) -> CommandKind {
        CommandKind::ConnectDevices
    }

    fn run(self, transaction: &mut Transaction<'_>) -> Result<LinkId, Refusal> {
        connect_devices(transaction, self, &FxHashSet::default())
    }

    fn reply(world: &World, id: LinkId) -> ConnectedDevices {
        let link = world.existing_link(id);
        let [a, b] = [link.a, link.b].map(|port| world.existing_interface(port));
        let names = [a.device, b.device].map(|id| world.existing_device(id).name.clone());
        ConnectedDevices { link, a, b, names }
    }
}

/// Makes the link. Ports of `reserved` are taken only where they are chosen.
fn connect_devices(
    transaction: &mut Transaction<'_>,
    new: ConnectDevices,
    reserved: &FxHashSet<InterfaceId>,
) -> Result<LinkId, Refusal> {
    let missing = |end, id| Refusal::EndNotFound { end, id };
    let world = transaction.world();
    let a = world.device(new.a).ok_or_else(|| missing('A', new.a))?.clone();
    let b = world.device(new.b).ok_or_else(|| missing('B', new.b))?.clone();
    check_ends(world, a.id, b.id, new.validate)?;
    let chosen = PortChoice { ports: new.ports, reserved };
    let ports = take_ports(transaction, [&a, &b], chosen, new.interface_type)?;
    let status_override = match new.status {
        Status::Up => None,
        Status::Down | Status::Degraded => Some(Override::new(new.status, None)),
    };
    let link = put_link(transaction, ports, new.length_km, new.medium, status_override)?;
    join_ends(transaction, link, [EndJoin::Assumed; 2])?;
    Ok(link)
}
