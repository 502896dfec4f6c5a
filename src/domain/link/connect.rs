//! Connecting two devices: a link at the next free port of each.

use std::sync::Arc;

use super::Link;
use super::create::{check_ends, join_ends, put_link};
use super::port::take_ports;
use crate::domain::command::{Command, CommandKind};
use crate::domain::transaction::Transaction;
use crate::domain::{
    DeviceId, Interface, InterfaceId, InterfaceType, LinkId, Medium, Name, Override, Refusal,
    Status, World,
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

/// Links a new device by the link rules. The link has the lifecycle of the device.
pub(in crate::domain) fn connect_new_device(
    transaction: &mut Transaction<'_>,
    device: DeviceId,
    connection: NewConnection,
) -> Result<LinkId, Refusal> {
    let NewConnection { to, port, length_km, medium } = connection;
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
    let link = connect.run(transaction)?;
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
        let missing = |end, id| Refusal::EndNotFound { end, id };
        let world = transaction.world();
        let a = world.device(self.a).ok_or_else(|| missing('A', self.a))?.clone();
        let b = world.device(self.b).ok_or_else(|| missing('B', self.b))?.clone();
        check_ends(world, a.id, b.id, self.validate)?;
        let ports = take_ports(transaction, [&a, &b], self.ports, self.interface_type)?;
        let status_override = match self.status {
            Status::Up => None,
            Status::Down | Status::Degraded => Some(Override::new(self.status, None)),
        };
        let link = put_link(transaction, ports, self.length_km, self.medium, status_override)?;
        join_ends(transaction, link, [None; 2])?;
        Ok(link)
    }

    fn reply(world: &World, id: LinkId) -> ConnectedDevices {
        let link = world.existing_link(id);
        let [a, b] = [link.a, link.b].map(|port| world.existing_interface(port));
        let names = [a.device, b.device].map(|id| world.existing_device(id).name.clone());
        ConnectedDevices { link, a, b, names }
    }
}
