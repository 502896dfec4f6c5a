//! Updating a device.

use super::Device;
use super::container::check_parent;
use super::create::{DeviceReply, check_name, check_pon_class, check_split_ratio};
use super::serial::check_serial;
use crate::domain::command::{Command, CommandKind};
use crate::domain::interface::splitter_outputs::fit_outputs;
use crate::domain::transaction::Transaction;
use crate::domain::{
    DetailsPatch, DeviceId, Lifecycle, Lookalikes, Name, PonClass, Position, Refusal, SplitRatio,
    World,
};

/// Sets the given values of a device and keeps the others.
#[derive(Clone, Debug)]
pub struct UpdateDevice {
    pub id: DeviceId,
    pub patch: DevicePatch,
}

/// New values for a device; `None` keeps the old one, `Some(None)` removes it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DevicePatch {
    pub name: Option<Name>,
    pub position: Option<Position>,
    pub parent: Option<Option<DeviceId>>,
    pub tx_power_dbm: Option<Option<f64>>,
    pub sensitivity_min_dbm: Option<Option<f64>>,
    pub insertion_loss_db: Option<Option<f64>>,
    pub pon_class: Option<Option<PonClass>>,
    pub split_ratio: Option<Option<SplitRatio>>,
    pub lifecycle: Option<Lifecycle>,
    pub details: DetailsPatch,
}

/// The device that was updated.
#[derive(Clone, Copy, Debug)]
pub struct UpdatedDevice {
    id: DeviceId,
    is_renamed: bool,
}

impl Command for UpdateDevice {
    type Reply = DeviceReply;
    type Output = UpdatedDevice;

    fn kind(&self) -> CommandKind {
        CommandKind::UpdateDevice
    }

    fn run(self, transaction: &mut Transaction<'_>) -> Result<UpdatedDevice, Refusal> {
        let Self { id, patch } = self;
        let device = transaction.world().device(id).ok_or(Refusal::DeviceNotFound)?.clone();
        let is_renamed = patch.name.as_ref().is_some_and(|name| *name != device.name);
        if let Some(name) = patch.name.as_ref().filter(|_| is_renamed) {
            check_name(transaction.world(), name)?;
        }
        if let Some(Some(parent)) = patch.parent {
            check_parent(transaction.world(), device.device_type, parent)?;
        }
        if let Some(pon_class) = patch.pon_class {
            check_pon_class(device.device_type, pon_class)?;
        }
        if let Some(ratio) = patch.split_ratio {
            check_split_ratio(device.device_type, ratio)?;
        }
        let serial = patch.details.serial.as_ref().and_then(|serial| serial.as_deref());
        check_serial(transaction.world(), Some(id), serial)?;
        let ratio =
            patch.split_ratio.flatten().filter(|ratio| device.optics.split_ratio != Some(*ratio));
        transaction.update::<Device>(id, |device| patch.apply_to(device));
        if let Some(ratio) = ratio {
            fit_outputs(transaction, &device, ratio)?;
        }
        Ok(UpdatedDevice { id, is_renamed })
    }

    fn reply(world: &World, UpdatedDevice { id, is_renamed }: UpdatedDevice) -> DeviceReply {
        let lookalikes =
            if is_renamed { world.lookalikes_of(&[id]) } else { Lookalikes::default() };
        DeviceReply { device: world.existing_device(id), lookalikes }
    }
}

impl DevicePatch {
    /// Whether only the position changes.
    pub fn is_move_only(&self) -> bool {
        let moved = Self { position: self.position, ..Self::default() };
        *self == moved
    }

    fn apply_to(self, device: &mut Device) {
        device.name = self.name.unwrap_or_else(|| device.name.clone());
        device.position = self.position.unwrap_or(device.position);
        device.parent = self.parent.unwrap_or(device.parent);
        device.lifecycle = self.lifecycle.unwrap_or(device.lifecycle);
        if !self.details.is_empty() {
            device.details = self.details.applied_to(device.details.as_deref());
        }
        let optics = &mut device.optics;
        optics.split_ratio = self.split_ratio.unwrap_or(optics.split_ratio);
        optics.tx_power_dbm = self.tx_power_dbm.unwrap_or(optics.tx_power_dbm);
        optics.sensitivity_min_dbm = self.sensitivity_min_dbm.unwrap_or(optics.sensitivity_min_dbm);
        optics.pon_class = self.pon_class.unwrap_or(optics.pon_class);
        optics.insertion_loss_db = self.insertion_loss_db.unwrap_or(optics.insertion_loss_db);
    }
}
