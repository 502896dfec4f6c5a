//! Erasing the personal data of devices.

use std::sync::Arc;

use super::Device;
use crate::domain::command::{Command, CommandKind};
use crate::domain::transaction::Transaction;
use crate::domain::{DeviceId, Refusal, World};

/// Removes customer, phone, address, coordinates, reference and note of these devices, in the site and in
/// the audit trail. Serials and tags stay.
#[derive(Clone, Debug)]
pub struct ErasePersonalData(pub Vec<DeviceId>);

impl Command for ErasePersonalData {
    type Reply = Vec<Arc<Device>>;
    type Output = Vec<DeviceId>;

    fn kind(&self) -> CommandKind {
        CommandKind::ErasePersonalData
    }

    fn erased(&self) -> &[DeviceId] {
        &self.0
    }

    fn run(self, transaction: &mut Transaction<'_>) -> Result<Vec<DeviceId>, Refusal> {
        for id in &self.0 {
            let device = transaction.world().device(*id).ok_or(Refusal::DeviceNotFound)?;
            let Some(details) = device.details.as_deref() else { continue };
            let rest = details.without_personal_data().boxed();
            transaction.update::<Device>(*id, |device| device.details = rest);
        }
        Ok(self.0)
    }

    fn reply(world: &World, ids: Vec<DeviceId>) -> Vec<Arc<Device>> {
        ids.into_iter().map(|id| world.existing_device(id)).collect()
    }
}
