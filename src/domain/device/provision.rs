//! Provisioning: creating a device with the ports of its type.

use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::Device;
use super::create::{NewDevice, create};
use super::device_type::PortRange;
use crate::domain::command::{Command, CommandKind};
use crate::domain::link::connect::connect_new_device;
use crate::domain::status::rules as status;
use crate::domain::transaction::Transaction;
use crate::domain::{
    ConnectDevices, ConnectedDevices, DeviceId, DeviceType, Interface, Link, LinkId, Lookalikes,
    Name, NewConnection, Refusal, RowRefusal, SplitRatio, Status, World,
};

/// Creates a device with the ports of its type, after the check that its upstream exists, and links it
/// where that is asked for: all of it, or nothing.
#[derive(Clone, Debug)]
pub struct ProvisionDevice {
    pub device: NewDevice,
    pub connection: Option<NewConnection>,
}

impl From<NewDevice> for ProvisionDevice {
    fn from(device: NewDevice) -> Self {
        Self { device, connection: None }
    }
}

/// The new device and its ports.
#[derive(Clone, Debug)]
pub struct ProvisionedDevice {
    pub device: Arc<Device>,
    pub interfaces: Vec<Arc<Interface>>,
    /// Its link, whose end B is at the new device.
    pub connected: Option<ConnectedDevices>,
    pub lookalikes: Lookalikes,
}

impl Command for ProvisionDevice {
    type Reply = ProvisionedDevice;
    type Output = (DeviceId, Option<LinkId>);

    fn kind(&self) -> CommandKind {
        CommandKind::ProvisionDevice
    }

    fn run(self, transaction: &mut Transaction<'_>) -> Result<Self::Output, Refusal> {
        provision_connected(transaction, self)
    }

    fn reply(world: &World, (id, link): Self::Output) -> ProvisionedDevice {
        ProvisionedDevice {
            device: world.existing_device(id),
            interfaces: world
                .ports(id)
                .iter()
                .map(|port| world.existing_interface(*port))
                .collect(),
            connected: link.map(|link| ConnectDevices::reply(world, link)),
            lookalikes: world.lookalikes_of(&[id]),
        }
    }
}

/// Provisions the rows in order, so that a row may rely on those above it: all of them, or none
/// and the refusal of each faulty row.
#[derive(Clone, Debug)]
pub struct ProvisionDevices(pub Vec<ProvisionDevice>);

/// The new devices, in the order of their rows.
#[derive(Clone, Debug)]
pub struct ProvisionedDevices {
    pub devices: Vec<Arc<Device>>,
    /// Those of the rows that ask for one.
    pub links: Vec<Arc<Link>>,
    pub interface_count: usize,
    pub lookalikes: Lookalikes,
}

impl Command for ProvisionDevices {
    type Reply = ProvisionedDevices;
    type Output = Vec<(DeviceId, Option<LinkId>)>;

    fn kind(&self) -> CommandKind {
        CommandKind::ProvisionDevices
    }

    fn run(self, transaction: &mut Transaction<'_>) -> Result<Self::Output, Refusal> {
        let total = self.0.len();
        let mut ids = Vec::with_capacity(total);
        let mut refused = Vec::new();
        for (index, row) in self.0.into_iter().enumerate() {
            match provision_connected(transaction, row) {
                Ok(id) => ids.push(id),
                Err(refusal) => refused.push(RowRefusal { index, refusal }),
            }
        }
        if refused.is_empty() { Ok(ids) } else { Err(Refusal::Rows { rows: refused, total }) }
    }

    fn reply(world: &World, made: Self::Output) -> ProvisionedDevices {
        let links = made.iter().filter_map(|(_, link)| *link);
        let links = links.map(|link| world.existing_link(link)).collect();
        let ids: Vec<DeviceId> = made.into_iter().map(|(id, _)| id).collect();
        ProvisionedDevices {
            links,
            interface_count: ids.iter().map(|id| world.ports(*id).len()).sum(),
            lookalikes: world.lookalikes_of(&ids),
            devices: ids.into_iter().map(|id| world.existing_device(id)).collect(),
        }
    }
}

fn provision_connected(
    transaction: &mut Transaction<'_>,
    new: ProvisionDevice,
) -> Result<(DeviceId, Option<LinkId>), Refusal> {
    let id = provision(transaction, new.device)?;
    let reserved = FxHashSet::default();
    let connect = |connection| connect_new_device(transaction, id, connection, &reserved);
    Ok((id, new.connection.map(connect).transpose()?))
}

/// The ports of a splitter whose number follows its ratio.
const SPLITTER_OUTPUT: &str = "out";

/// How many ports of a range a new device gets.
fn count_of(range: &PortRange, device_type: DeviceType, ratio: Option<SplitRatio>) -> u32 {
    let is_output = range.prefix == SPLITTER_OUTPUT && device_type == DeviceType::Splitter;
    ratio.filter(|_| is_output).map_or(range.count, |ratio| ratio.outputs().into())
}

/// How many ports a new device gets.
pub(in crate::domain) fn port_count(device_type: DeviceType, ratio: Option<SplitRatio>) -> usize {
    let ranges = device_type.row().ports.iter();
    ranges.map(|range| count_of(range, device_type, ratio) as usize).sum()
}

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
        for number in run.first..run.first + count_of(run, device_type, ratio) {
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
