//! Everything that can be asked of the world, and the answers.

use std::sync::Arc;

use super::seed::Blueprint;
use super::{
    Change, Device, DeviceId, DeviceRow, DeviceType, ImportCounts, Interface, InterfaceId,
    InterfaceType, Link, LinkId, LinkRow, Lookalikes, Medium, Name, Optics, Override, PonClass,
    Position, Refusal, Site, Status,
};

/// A request to change the site. The only way in which it changes.
#[derive(Clone, Debug)]
pub enum Command {
    /// A device with the ports of its type, after the check that its upstream exists.
    ProvisionDevice(NewDevice),
    /// Many devices at once: all, or none and the refusal of each faulty row.
    ProvisionDevices(Vec<NewDevice>),
    /// Devices of a table, in any order: changed where they exist, made where not; all or none.
    ImportDevices(Vec<DeviceRow>),
    /// Links of a table by device and port names: changed, or made; all or none.
    ImportLinks(Vec<LinkRow>),
    /// A bare device: no ports, no upstream check.
    CreateDevice(NewDevice),
    UpdateDevice(DeviceId, DevicePatch),
    SetDeviceOverride(DeviceId, Override),
    ClearDeviceOverride(DeviceId),
    /// Takes the device's interfaces and links with it; children lose their parent.
    DeleteDevice(DeviceId),
    CreateInterface(NewInterface),
    CreateLink(NewLink),
    /// A link between two devices, with a new port on each.
    ConnectDevices(ConnectDevices),
    UpdateLink(LinkId, LinkPatch),
    /// The interfaces stay.
    DeleteLink(LinkId),
    /// Computes every status again: after a start, since the rules may have changed with the
    /// program.
    Refresh,
    /// Clears the site and builds a generated network; ids go on.
    Reseed(Blueprint),
    /// Puts this site in the place of the current one, ids and times as given.
    ReplaceSite(Box<Site>),
}

/// A device to make.
#[derive(Clone, Debug)]
pub struct NewDevice {
    pub name: Name,
    pub device_type: DeviceType,
    pub parent: Option<DeviceId>,
    /// Refuse when nothing exists that the device could connect to.
    pub validate_upstream: bool,
    pub position: Position,
    pub optics: Optics,
}

/// New values for a device; `None` keeps the old one, `Some(None)` removes it.
#[derive(Clone, Debug, Default)]
pub struct DevicePatch {
    pub name: Option<Name>,
    pub position: Option<Position>,
    pub parent: Option<Option<DeviceId>>,
    pub tx_power_dbm: Option<Option<f64>>,
    pub sensitivity_min_dbm: Option<Option<f64>>,
    pub insertion_loss_db: Option<Option<f64>>,
    pub pon_class: Option<Option<PonClass>>,
}

/// An interface to make.
#[derive(Clone, Debug)]
pub struct NewInterface {
    pub device: DeviceId,
    pub name: Name,
    pub interface_type: InterfaceType,
}

/// A link to make between two existing interfaces.
#[derive(Clone, Debug)]
pub struct NewLink {
    pub a: InterfaceId,
    pub b: InterfaceId,
    pub length_km: Option<f64>,
    pub medium: Option<Medium>,
    /// Apply the link rules; `false` is for raw repairs.
    pub validate: bool,
}

/// New values for a link; `None` keeps the old one, `Some(None)` removes it.
#[derive(Clone, Debug, Default)]
pub struct LinkPatch {
    pub length_km: Option<Option<f64>>,
    pub medium: Option<Option<Medium>>,
    pub status_override: Option<Option<Override>>,
}

/// A link to make between two devices.
#[derive(Clone, Debug)]
pub struct ConnectDevices {
    pub a: DeviceId,
    pub b: DeviceId,
    pub interface_type: InterfaceType,
    /// DOWN and DEGRADED are kept as an override of the new link.
    pub status: Status,
    pub length_km: Option<f64>,
    pub medium: Option<Medium>,
    /// Apply the link rules; `false` is for raw repairs.
    pub validate: bool,
}

/// What a command did, for the one who gave it.
#[derive(Clone, Debug)]
pub enum Reply {
    Provisioned {
        device: Arc<Device>,
        interfaces: Vec<Arc<Interface>>,
        lookalikes: Lookalikes,
    },
    ProvisionedMany {
        devices: Vec<Arc<Device>>,
        interface_count: usize,
        lookalikes: Lookalikes,
    },
    Imported {
        counts: ImportCounts,
        lookalikes: Lookalikes,
    },
    /// `lookalikes` are those of a name that the command gave.
    Device {
        device: Arc<Device>,
        lookalikes: Lookalikes,
    },
    Interface(Arc<Interface>),
    Link(Arc<Link>),
    /// `names` are those of the two devices.
    Connected {
        link: Arc<Link>,
        a: Arc<Interface>,
        b: Arc<Interface>,
        names: [Name; 2],
    },
    Done,
}

/// The result of an accepted command: the answer, and each changed entity once.
#[derive(Clone, Debug)]
pub struct Decision {
    pub reply: Reply,
    pub changes: Vec<Change>,
    /// How many of them, at the front, the command itself made; the others follow from them. 0 for
    /// a command that puts a whole site in place or computes every status again.
    pub direct_count: usize,
}

/// The result of a command.
pub(super) type Verdict = Result<Decision, Refusal>;
