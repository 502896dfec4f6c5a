//! An interface, which is a port of a device, and the command that creates one.

pub(super) mod create;
pub(super) mod cross_connect;
pub(super) mod join;
pub(super) mod splitter_outputs;
pub(super) mod splitter_side;

use crate::domain::{CrossConnect, DeviceId, InterfaceId, Name, Status, Timestamp};

/// More ports than any chassis in access networks has; limits the cost of one device.
pub(super) const INTERFACES_PER_DEVICE_MAX: usize = 4096;

/// The type of a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InterfaceType {
    Ethernet,
    Optical,
    Loopback,
}

impl InterfaceType {
    pub const ALL: [Self; 3] = [Self::Ethernet, Self::Optical, Self::Loopback];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ethernet => "ETHERNET",
            Self::Optical => "OPTICAL",
            Self::Loopback => "LOOPBACK",
        }
    }

    /// The type with this word, if there is one.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// A port of a device.
#[derive(Clone, Debug, PartialEq)]
pub struct Interface {
    pub id: InterfaceId,
    pub device: DeviceId,
    /// Unique among the ports of its device.
    pub name: Name,
    pub interface_type: InterfaceType,
    /// Only of a port of an ODF, NVT or HOP.
    pub cross_connect: Option<Box<CrossConnect>>,
    /// Computed: see [`super::status::rules`].
    pub status: Status,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

impl Interface {
    /// Management and loopback ports carry no links.
    pub fn can_carry_link(&self) -> bool {
        self.interface_type != InterfaceType::Loopback && !self.name.as_str().starts_with("mgmt")
    }
}
