//! Connecting two devices: a link with a new port at each end.

use std::sync::Arc;

use super::Link;
use super::create::{check_can_carry_link, check_ends, put_link};
use crate::domain::command::{Command, CommandKind};
use crate::domain::interface::create::add_port;
use crate::domain::transaction::Transaction;
use crate::domain::{
    DeviceId, Interface, InterfaceType, LinkId, Medium, Name, Override, Refusal, Status, World,
};

/// Creates a link between two devices, with a new port on each.
#[derive(Clone, Copy, Debug)]
pub struct ConnectDevices {
    pub a: DeviceId,
    pub b: DeviceId,
    pub interface_type: InterfaceType,
    /// DOWN and DEGRADED are kept as an override of the new link.
    pub status: Status,
    pub length_km: Option<f64>,
    pub medium: Option<Medium>,
    /// Apply the link rules; `false` is for raw repairs.
    pub validate: bool,
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
        let a_port = add_port(transaction, &a, self.interface_type)?;
        let b_port = add_port(transaction, &b, self.interface_type)?;
        let port = transaction.world().interface(a_port).ok_or(Refusal::InterfaceNotFound)?;
        check_can_carry_link(port)?;
        let status_override = match self.status {
            Status::Up => None,
            Status::Down | Status::Degraded => Some(Override::new(self.status, None)),
        };
        put_link(transaction, [a_port, b_port], self.length_km, self.medium, status_override)
    }

    fn reply(world: &World, id: LinkId) -> ConnectedDevices {
        let link = world.existing_link(id);
        let [a, b] = [link.a, link.b].map(|port| world.existing_interface(port));
        let names = [a.device, b.device].map(|id| world.existing_device(id).name.clone());
        ConnectedDevices { link, a, b, names }
    }
}
