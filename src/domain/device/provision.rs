//! Provisioning: creating a device with the ports of its type.

use std::sync::Arc;

use super::Device;
use super::create::{NewDevice, create};
use crate::domain::command::{Command, CommandKind};
use crate::domain::status::rules as status;
use crate::domain::transaction::Transaction;
use crate::domain::{
    DeviceId, DeviceType, Interface, Lookalikes, Name, Refusal, RowRefusal, Status, World,
};

/// Creates a device with the ports of its type, after the check that its upstream exists.
#[derive(Clone, Debug)]
pub struct ProvisionDevice(pub NewDevice);

/// The new device and its ports.
#[derive(Clone, Debug)]
pub struct ProvisionedDevice {
    pub device: Arc<Device>,
    pub interfaces: Vec<Arc<Interface>>,
    pub lookalikes: Lookalikes,
}

impl Command for ProvisionDevice {
    type Reply = ProvisionedDevice;
    type Output = DeviceId;

    fn kind(&self) -> CommandKind {
        CommandKind::ProvisionDevice
    }

    fn run(self, transaction: &mut Transaction<'_>) -> Result<DeviceId, Refusal> {
        provision(transaction, self.0)
    }

    fn reply(world: &World, id: DeviceId) -> ProvisionedDevice {
        ProvisionedDevice {
            device: world.existing_device(id),
            interfaces: world
                .ports(id)
                .iter()
                .map(|port| world.existing_interface(*port))
                .collect(),
            lookalikes: world.lookalikes_of(&[id]),
        }
    }
}

/// Provisions the rows in order, so that a row may rely on those above it: all of them, or none
/// and the refusal of each faulty row.
#[derive(Clone, Debug)]
pub struct ProvisionDevices(pub Vec<NewDevice>);

/// The new devices, in the order of their rows.
#[derive(Clone, Debug)]
pub struct ProvisionedDevices {
    pub devices: Vec<Arc<Device>>,
    pub interface_count: usize,
    pub lookalikes: Lookalikes,
}

impl Command for ProvisionDevices {
    type Reply = ProvisionedDevices;
    type Output = Vec<DeviceId>;

    fn kind(&self) -> CommandKind {
        CommandKind::ProvisionDevices
    }

    fn run(self, transaction: &mut Transaction<'_>) -> Result<Vec<DeviceId>, Refusal> {
        let total = self.0.len();
        let mut ids = Vec::with_capacity(total);
        let mut refused = Vec::new();
        for (index, row) in self.0.into_iter().enumerate() {
            match provision(transaction, row) {
                Ok(id) => ids.push(id),
                Err(refusal) => refused.push(RowRefusal { index, refusal }),
            }
        }
        if refused.is_empty() { Ok(ids) } else { Err(Refusal::Rows { rows: refused, total }) }
    }

    fn reply(world: &World, ids: Vec<DeviceId>) -> ProvisionedDevices {
        ProvisionedDevices {
            interface_count: ids.iter().map(|id| world.ports(*id).len()).sum(),
            lookalikes: world.lookalikes_of(&ids),
            devices: ids.into_iter().map(|id| world.existing_device(id)).collect(),
        }
    }
}

/// The ports of a splitter whose number follows its ratio.
const SPLITTER_OUTPUT: &str = "out";

/// Creates a device with the ports of its type.
pub(in crate::domain) fn provision(
    transaction: &mut Transaction<'_>,
    new: NewDevice,
) -> Result<DeviceId, Refusal> {
    if new.validate_upstream {
        check_upstream(transaction.world(), new.device_type)?;
    }
    let (device_type, ratio) = (new.device_type, new.optics.split_ratio);
    let id = create(transaction, new)?;
    let now = transaction.now();
    for run in device_type.row().ports {
        let is_output = run.prefix == SPLITTER_OUTPUT && device_type == DeviceType::Splitter;
        let count = ratio.filter(|_| is_output).map_or(run.count, |ratio| ratio.outputs().into());
        for number in run.first..run.first + count {
            let mut interface = Interface {
                id: transaction.next_interface_id()?,
                device: id,
                name: Name::generated(format_args!("{}{number}", run.prefix)),
                interface_type: run.interface_type,
                cross_connect: None,
                status: Status::Down,
                created_at: now,
                updated_at: now,
            };
            interface.status = status::of_interface(&interface, device_type, None);
            transaction.put(interface);
        }
    }
    Ok(id)
}

/// Something exists that a device of this type could connect to.
pub(in crate::domain) fn check_upstream(
    world: &World,
    device_type: DeviceType,
) -> Result<(), Refusal> {
    let Some(upstream) = device_type.row().upstream else { return Ok(()) };
    if upstream.any_of.iter().any(|needed| world.count_of(*needed) > 0) {
        return Ok(());
    }
    Err(Refusal::NoUpstream { device_type, reason: upstream.refusal })
}
