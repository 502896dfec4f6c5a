//! Erasing the personal data of devices.

use super::Device;
use crate::domain::command::{Command, CommandKind};
use crate::domain::transaction::Transaction;
use crate::domain::{DeviceId, Refusal, World};

/// Removes customer, phone, address, coordinates, reference and note of these devices, in the site and in
/// the audit trail, which also has those of devices that were deleted. Serials and tags stay.
#[derive(Clone, Debug)]
pub struct ErasePersonalData(pub Vec<DeviceId>);

impl Command for ErasePersonalData {
    /// The number of devices.
    type Reply = usize;
    type Output = usize;

    fn kind(&self) -> CommandKind {
        CommandKind::ErasePersonalData
    }

    fn erased(&self) -> &[DeviceId] {
        &self.0
    }

    fn run(self, transaction: &mut Transaction<'_>) -> Result<usize, Refusal> {
        let ids_used = 1..transaction.world().counters().device;
        for id in &self.0 {
            if !ids_used.contains(&id.0) {
                return Err(Refusal::DeviceNotFound);
            }
            let device = transaction.world().device(*id);
            let Some(details) = device.and_then(|device| device.details.as_deref()) else {
                continue;
            };
            let rest = details.without_personal_data().boxed();
            transaction.update::<Device>(*id, |device| device.details = rest);
        }
        Ok(self.0.len())
    }

    fn reply(_: &World, count: usize) -> usize {
        count
    }
}
