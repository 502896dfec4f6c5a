//! Deleting a device.

use super::Device;
use crate::domain::command::{Command, CommandKind};
use crate::domain::transaction::Transaction;
use crate::domain::{DeviceId, Interface, Link, Refusal, World};

/// Deletes a device with its links and interfaces; its children lose their parent.
#[derive(Clone, Copy, Debug)]
pub struct DeleteDevice(pub DeviceId);

impl Command for DeleteDevice {
    type Reply = ();
    type Output = ();

    fn kind(&self) -> CommandKind {
        CommandKind::DeleteDevice
    }

    fn run(self, transaction: &mut Transaction<'_>) -> Result<(), Refusal> {
        let Self(id) = self;
        let world = transaction.world();
        world.device(id).ok_or(Refusal::DeviceNotFound)?;
        let links: Vec<_> = world.neighbours(id).iter().map(|neighbour| neighbour.link).collect();
        let ports = world.ports(id).to_vec();
        let children: Vec<_> = world.children(id).collect();
        for link in links {
            transaction.remove::<Link>(link);
        }
        for port in ports {
            transaction.remove::<Interface>(port);
        }
        for child in children {
            transaction.update::<Device>(child, |device| device.parent = None);
        }
        transaction.remove::<Device>(id);
        Ok(())
    }

    fn reply(_: &World, (): ()) {}
}
