//! Creating an interface.

use std::sync::Arc;

use super::{INTERFACES_PER_DEVICE_MAX, Interface, InterfaceType};
use crate::domain::command::{Command, CommandKind};
use crate::domain::status::rules as status;
use crate::domain::transaction::Transaction;
use crate::domain::{Device, DeviceId, InterfaceId, Name, Refusal, Status, World};

/// Creates a port on a device.
#[derive(Clone, Debug)]
pub struct CreateInterface {
    pub device: DeviceId,
    pub name: Name,
    pub interface_type: InterfaceType,
}

impl Command for CreateInterface {
    type Reply = Arc<Interface>;
    type Output = InterfaceId;

    fn kind(&self) -> CommandKind {
        CommandKind::CreateInterface
    }

    fn run(self, transaction: &mut Transaction<'_>) -> Result<InterfaceId, Refusal> {
        let device =
            transaction.world().device(self.device).ok_or(Refusal::DeviceNotFound)?.clone();
        if transaction.world().port_named(device.id, &self.name).is_some() {
            return Err(Refusal::InterfaceNameTaken {
                name: self.name.to_string(),
                device: device.name.to_string(),
            });
        }
        put_interface(transaction, &device, self.name, self.interface_type)
    }

    fn reply(world: &World, id: InterfaceId) -> Arc<Interface> {
        world.existing_interface(id)
    }
}

/// Creates the next port of a device, named `port{number of ports + 1}` or the next free number.
pub(in crate::domain) fn add_port(
    transaction: &mut Transaction<'_>,
    device: &Device,
    interface_type: InterfaceType,
) -> Result<InterfaceId, Refusal> {
    let first = transaction.world().ports(device.id).len() + 1;
    add_port_named(transaction, device, "port", first, interface_type)
}

/// Creates a port of a device that is named by a prefix and the next free number from `first` on.
pub(in crate::domain) fn add_port_named(
    transaction: &mut Transaction<'_>,
    device: &Device,
    prefix: &str,
    first: usize,
    interface_type: InterfaceType,
) -> Result<InterfaceId, Refusal> {
    let mut number = first;
    let name = loop {
        let name = Name::generated(format_args!("{prefix}{number}"));
        if transaction.world().port_named(device.id, &name).is_none() {
            break name;
        }
        number += 1;
    };
    put_interface(transaction, device, name, interface_type)
}

fn put_interface(
    transaction: &mut Transaction<'_>,
    device: &Device,
    name: Name,
    interface_type: InterfaceType,
) -> Result<InterfaceId, Refusal> {
    if transaction.world().ports(device.id).len() >= INTERFACES_PER_DEVICE_MAX {
        return Err(Refusal::TooManyInterfaces(device.name.to_string()));
    }
    let id = transaction.next_interface_id()?;
    let now = transaction.now();
    let mut interface = Interface {
        id,
        device: device.id,
        name,
        interface_type,
        cross_connect: None,
        status: Status::Down,
        created_at: now,
        updated_at: now,
    };
    interface.status = status::of_interface(&interface, device.device_type, None);
    transaction.put(interface);
    Ok(id)
}
