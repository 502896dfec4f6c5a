//! Creating a device without ports.

use std::sync::Arc;

use super::Device;
use super::container::check_parent;
use super::serial::check_serial;
use crate::domain::command::{Command, CommandKind};
use crate::domain::status::rules as status;
use crate::domain::transaction::Transaction;
use crate::domain::{
    DeviceDetails, DeviceId, DeviceType, Lifecycle, Lookalikes, Name, Optics, PonClass, Position,
    Refusal, SplitRatio, Uplink, World,
};

/// A device to create.
#[derive(Clone, Debug)]
pub struct NewDevice {
    pub name: Name,
    pub device_type: DeviceType,
    pub parent: Option<DeviceId>,
    /// Refuse when nothing exists that the device could connect to.
    pub validate_upstream: bool,
    pub position: Position,
    pub optics: Optics,
    pub lifecycle: Lifecycle,
    pub details: Option<Box<DeviceDetails>>,
}

/// Creates a bare device: no ports, no upstream check.
#[derive(Clone, Debug)]
pub struct CreateDevice(pub NewDevice);

/// A device that was created or updated.
#[derive(Clone, Debug)]
pub struct DeviceReply {
    pub device: Arc<Device>,
    /// The name that the command gave and one that looks the same, if there is one.
    pub lookalikes: Lookalikes,
}

impl Command for CreateDevice {
    type Reply = DeviceReply;
    type Output = DeviceId;

    fn kind(&self) -> CommandKind {
        CommandKind::CreateDevice
    }

    fn run(self, transaction: &mut Transaction<'_>) -> Result<DeviceId, Refusal> {
        create(transaction, self.0)
    }

    fn reply(world: &World, id: DeviceId) -> DeviceReply {
        DeviceReply { device: world.existing_device(id), lookalikes: world.lookalikes_of(&[id]) }
    }
}

/// Creates a bare device, without ports.
pub(in crate::domain) fn create(
    transaction: &mut Transaction<'_>,
    new: NewDevice,
) -> Result<DeviceId, Refusal> {
    check_name(transaction.world(), &new.name)?;
    if let Some(parent) = new.parent {
        check_parent(transaction.world(), new.device_type, parent)?;
    }
    check_pon_class(new.device_type, new.optics.pon_class)?;
    check_split_ratio(new.device_type, new.optics.split_ratio)?;
    check_serial(
        transaction.world(),
        None,
        new.details.as_ref().and_then(|it| it.serial.as_deref()),
    )?;
    let id = transaction.next_device_id()?;
    let now = transaction.now();
    transaction.put(Device {
        id,
        name: new.name,
        device_type: new.device_type,
        position: new.position,
        optics: new.optics,
        lifecycle: new.lifecycle,
        details: new.details,
        parent: new.parent,
        status: status::of_new_device(new.device_type),
        reasons: status::reasons_of_new_device(new.device_type),
        signal: None,
        uplink: Uplink::default(),
        served_by: None,
        through_loss_db: None,
        status_since: now,
        status_override: None,
        created_at: now,
        updated_at: now,
    });
    Ok(id)
}

/// No other device has the name.
pub(super) fn check_name(world: &World, name: &Name) -> Result<(), Refusal> {
    match world.device_named(name) {
        Some(_) => Err(Refusal::NameTaken(name.to_string())),
        None => Ok(()),
    }
}

/// Only an OLT has a PON class.
pub(in crate::domain) fn check_pon_class(
    device_type: DeviceType,
    class: Option<PonClass>,
) -> Result<(), Refusal> {
    match class {
        Some(_) if device_type != DeviceType::Olt => Err(Refusal::PonClassNotOnOlt(device_type)),
        _ => Ok(()),
    }
}

/// Only a splitter has a split ratio.
pub(in crate::domain) fn check_split_ratio(
    device_type: DeviceType,
    ratio: Option<SplitRatio>,
) -> Result<(), Refusal> {
    match ratio {
        Some(_) if device_type != DeviceType::Splitter => {
            Err(Refusal::SplitRatioNotOnSplitter(device_type))
        }
        _ => Ok(()),
    }
}
