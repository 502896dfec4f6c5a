//! Why a command was not carried out. The texts are the contract's, word for word.

use super::links::INTERFACES_PER_DEVICE_MAX;
use super::{DeviceId, DeviceType, Violation};

/// Why a command was not carried out; the world is as it was before.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Refusal {
    #[error("Device not found")]
    DeviceNotFound,
    #[error("Interface not found")]
    InterfaceNotFound,
    #[error("Link not found")]
    LinkNotFound,
    #[error("Parent container not found")]
    ParentNotFound,
    /// An end of a link by devices is missing; `end` is `A` or `B`.
    #[error("Device {end} (id={id}) not found")]
    EndNotFound { end: char, id: DeviceId },
    #[error("Device with name '{0}' already exists")]
    NameTaken(String),
    #[error("Cannot provision {}: {reason}", device_type.as_str())]
    NoUpstream { device_type: DeviceType, reason: &'static str },
    #[error("Parent '{name}' is a {}, not a container (POP or CORE_SITE)", device_type.as_str())]
    ParentNotContainer { name: String, device_type: DeviceType },
    #[error("A {} is a container and has no parent itself", .0.as_str())]
    ContainerHasNoParent(DeviceType),
    #[error("Interface with name '{name}' already exists on device '{device}'")]
    InterfaceNameTaken { name: String, device: String },
    #[error("Device '{0}' has no room for another interface (at most {max})", max = INTERFACES_PER_DEVICE_MAX)]
    TooManyInterfaces(String),
    #[error("Only an OLT has a pon_class, not a {}", .0.as_str())]
    PonClassNotOnOlt(DeviceType),
    #[error("Cannot link device to itself")]
    SelfLink,
    #[error("No valid link rule between {} and {}", .0.as_str(), .1.as_str())]
    NoLinkRule(DeviceType, DeviceType),
    #[error("Interface is already linked")]
    InterfaceLinked,
    #[error("Interface '{0}' is for management or loopback and cannot carry a link")]
    NotALinkEnd(String),
    /// Rows of a bulk command that cannot be carried out; nothing was.
    #[error("{} of {total} rows cannot be provisioned; nothing was changed", rows.len())]
    Rows { rows: Vec<RowRefusal>, total: usize },
    #[error("The site to load is not consistent: {0}")]
    Inconsistent(Violation),
}

/// Why one row of a bulk command cannot be carried out.
#[derive(Clone, Debug, PartialEq)]
pub struct RowRefusal {
    /// Index in the request, from 0.
    pub index: usize,
    pub refusal: Refusal,
}
