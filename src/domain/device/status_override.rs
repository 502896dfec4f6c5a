//! Overriding the status of a device.

use std::sync::Arc;

use super::Device;
use crate::domain::command::{Command, CommandKind};
use crate::domain::status::set_overrides::check_end;
use crate::domain::transaction::Transaction;
use crate::domain::{DeviceId, Override, Refusal, World};

/// Puts a status that an operator sets by hand above the computed one.
#[derive(Clone, Debug)]
pub struct SetDeviceOverride {
    pub id: DeviceId,
    pub status_override: Override,
}

impl Command for SetDeviceOverride {
    type Reply = Arc<Device>;
    type Output = DeviceId;

    fn kind(&self) -> CommandKind {
        CommandKind::SetDeviceOverride
    }

    fn run(self, transaction: &mut Transaction<'_>) -> Result<DeviceId, Refusal> {
        put_override(transaction, self.id, Some(self.status_override))
    }

    fn reply(world: &World, id: DeviceId) -> Arc<Device> {
        world.existing_device(id)
    }
}

/// Returns a device to its computed status.
#[derive(Clone, Copy, Debug)]
pub struct ClearDeviceOverride(pub DeviceId);

impl Command for ClearDeviceOverride {
    type Reply = Arc<Device>;
    type Output = DeviceId;

    fn kind(&self) -> CommandKind {
        CommandKind::ClearDeviceOverride
    }

    fn run(self, transaction: &mut Transaction<'_>) -> Result<DeviceId, Refusal> {
        put_override(transaction, self.0, None)
    }

    fn reply(world: &World, id: DeviceId) -> Arc<Device> {
        world.existing_device(id)
    }
}

fn put_override(
    transaction: &mut Transaction<'_>,
    id: DeviceId,
    status_override: Option<Override>,
) -> Result<DeviceId, Refusal> {
    transaction.world().device(id).ok_or(Refusal::DeviceNotFound)?;
    if let Some(set) = &status_override {
        check_end(set, transaction.now())?;
    }
    transaction
        .update::<Device>(id, |device| device.status_override = status_override.map(Box::new));
    Ok(id)
}
