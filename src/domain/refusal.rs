//! Why a command was not carried out. The texts that the contract has are its own, word for word.

use super::import::counts::IMPORT_ENTITIES_MAX;
use super::interface::INTERFACES_PER_DEVICE_MAX;
use super::{
    DeviceId, DeviceType, EntityKey, EntityKind, ID_MAX, InterfaceId, InvariantError, SplitRatio,
    UndoObstacles,
};

/// Why a command was not carried out; the world stays as it was.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Refusal {
    #[error("Device not found")]
    DeviceNotFound,
    #[error("Interface not found")]
    InterfaceNotFound,
    #[error("Link not found")]
    LinkNotFound,
    /// One of several devices and links does not exist.
    #[error("{} {} not found", .0.kind.as_str(), .0.id)]
    EntityNotFound(EntityKey),
    #[error("Parent container not found")]
    ParentNotFound,
    /// An end of a link by devices is missing; `end` is `A` or `B`.
    #[error("Device {end} (id={id}) not found")]
    EndNotFound { end: char, id: DeviceId },
    #[error("Device with name '{0}' already exists")]
    NameTaken(String),
    #[error("Serial '{serial}' already belongs to device '{owner}'")]
    SerialTaken { serial: String, owner: String },
    #[error("Cannot provision {}: {reason}", device_type.as_str())]
    NoUpstream { device_type: DeviceType, reason: &'static str },
    #[error("Parent '{name}' is a {}, not a container (POP or CORE_SITE)", device_type.as_str())]
    ParentNotContainer { name: String, device_type: DeviceType },
    #[error("A {} is a container and cannot have a parent", .0.as_str())]
    ContainerHasNoParent(DeviceType),
    #[error("Interface with name '{name}' already exists on device '{device}'")]
    InterfaceNameTaken { name: String, device: String },
    #[error("Device '{0}' cannot have more than {max} interfaces", max = INTERFACES_PER_DEVICE_MAX)]
    TooManyInterfaces(String),
    #[error("Only an OLT has a pon_class, not a {}", .0.as_str())]
    PonClassNotOnOlt(DeviceType),
    #[error("Only a SPLITTER has a split_ratio, not a {}", .0.as_str())]
    SplitRatioNotOnSplitter(DeviceType),
    #[error("A {} has no cross-connects; only an ODF, NVT or HOP has", .0.as_str())]
    HasNoCrossConnects(DeviceType),
    #[error("Interface {0} is not a port of this device")]
    PortNotOfDevice(InterfaceId),
    #[error("A cross-connect joins two different ports, not '{0}' with itself")]
    SelfCrossConnect(String),
    #[error(
        "Port '{port}' is cross-connected with '{to}' already; remove that cross-connect first"
    )]
    CrossConnected { port: String, to: String },
    #[error("Port '{0}' has no cross-connect")]
    NotCrossConnected(String),
    #[error(
        "All {} outputs of splitter '{name}' are in use; raise its split_ratio or connect another splitter",
        ratio.outputs()
    )]
    NoFreeSplitterOutput { name: String, ratio: SplitRatio },
    #[error("Both inputs of splitter '{0}' are in use")]
    NoFreeSplitterInput(String),
    #[error(
        "{linked} outputs of splitter '{name}' are in use; a ratio of 1:{} has fewer",
        ratio.outputs()
    )]
    SplitRatioTooSmall { name: String, linked: usize, ratio: SplitRatio },
    #[error("Cannot link device to itself")]
    SelfLink,
    #[error("No valid link rule between {} and {}", .0.as_str(), .1.as_str())]
    NoLinkRule(DeviceType, DeviceType),
    #[error("Interface is already linked")]
    InterfaceLinked,
    #[error("Interface '{0}' is for management or loopback and cannot carry a link")]
    CannotCarryLink(String),
    /// Rows of a command that cannot be carried out; nothing was changed.
    #[error("{} of {total} rows cannot be provisioned; nothing was changed", rows.len())]
    Rows { rows: Vec<RowRefusal>, total: usize },
    /// A change of a simulation that cannot be made.
    #[error("Change {} of {total} cannot be made: {}", row.index + 1, row.refusal)]
    Simulated { row: Box<RowRefusal>, total: usize },
    /// Two rows describe the same entity; `first` is the index of the first one.
    #[error("row {} above describes the same thing", first + 1)]
    RowRepeated { first: usize },
    #[error(
        "id {id} belongs to '{name}', not to '{wanted}'; leave the id empty or correct the name"
    )]
    IdMismatch { id: DeviceId, name: String, wanted: String },
    #[error("there is no device with id {0}")]
    IdNotFound(DeviceId),
    #[error("'{name}' is of type {}; a type cannot be changed to {}", is.as_str(), wanted.as_str())]
    TypeMismatch { name: String, is: DeviceType, wanted: DeviceType },
    #[error("a new device needs a name and a device_type")]
    TypeMissing,
    #[error("there is no container '{0}'")]
    ContainerNotFound(String),
    #[error("there is no device '{0}'")]
    NoDeviceNamed(String),
    #[error("device '{device}' has no interface '{name}'; give its type to create it")]
    NoInterfaceNamed { name: String, device: String },
    #[error("device '{device}' has no port '{name}'")]
    NoPortNamed { name: String, device: String },
    #[error("interface '{name}' of '{device}' is already linked with '{other}'")]
    InterfaceTaken { name: String, device: String, other: String },
    #[error(
        "the rows would create {0} devices and interfaces, but one import creates at most {max}; \
         split the file",
        max = IMPORT_ENTITIES_MAX
    )]
    ImportTooLarge(usize),
    #[error("'{name}' is connected to '{to}' already; delete that link first")]
    ConnectedElsewhere { name: String, to: String },
    /// The command was meant for another state of its entity.
    #[error("It was changed meanwhile")]
    Changed,
    /// These devices and links are not as the command has seen them.
    #[error("{} of the devices and links were changed meanwhile; nothing was done", .0.len())]
    EntitiesChanged(Vec<EntityKey>),
    #[error("The end of an override must be in the future")]
    OverrideEndPassed,
    /// A counter has passed [`ID_MAX`].
    #[error(
        "No {kind} id is left: ids end at {ID_MAX}. Export the site, set next_{kind}_id in the first line \
         of the file to the greatest {kind} id plus 1, and import it into an empty data directory",
        kind = .0.as_str()
    )]
    IdsUsedUp(EntityKind),
    /// What the command changed was changed again, or something depends on it.
    #[error("It cannot be undone: {0}")]
    CannotUndo(UndoObstacles),
    #[error("Nothing of this change is left to undo")]
    NothingToUndo,
    #[error("The site to load is not consistent: {0}")]
    Inconsistent(InvariantError),
}

/// Why one row of a bulk command cannot be carried out.
#[derive(Clone, Debug, PartialEq)]
pub struct RowRefusal {
    /// Index in the request, from 0.
    pub index: usize,
    pub refusal: Refusal,
}
