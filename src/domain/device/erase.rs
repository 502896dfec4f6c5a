//! Erasing the personal data of devices.

use super::Device;
use crate::domain::command::{Command, CommandKind};
use crate::domain::transaction::Transaction;
use crate::domain::{DeviceId, Refusal, World};

/// Removes customer, phone, address, coordinates, reference and note of these devices, and the reason of an
/// override, in the site and in the audit trail, which also has those of devices that were deleted. Serials
/// and tags stay.
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
            let Some(device) = transaction.world().device(*id) else { continue };
            if Device::clone(device).erase_personal_data() {
                transaction.update::<Device>(*id, |device| {
                    device.erase_personal_data();
                });
            }
        }
        Ok(self.0.len())
    }

    fn reply(_: &World, count: usize) -> usize {
        count
    }
}

impl Device {
    /// Removes the personal data, and the reason of an override, which may have some. Returns whether there
    /// was any.
    pub fn erase_personal_data(&mut self) -> bool {
        let rest = self.details.as_deref().and_then(|it| it.without_personal_data().boxed());
        let had_details = rest != self.details;
        self.details = rest;
        let reason = self.status_override.as_mut().and_then(|set| set.reason.take());
        had_details || reason.is_some()
    }
}
