//! A device, and the commands that change devices.

pub(super) mod access_line;
pub(super) mod container;
pub(super) mod create;
pub(super) mod delete;
pub(super) mod details;
pub(super) mod device_type;
pub(super) mod erase;
pub(super) mod provision;
pub(super) mod serial;
pub(super) mod status_override;
pub(super) mod update;

use crate::domain::{
    DeviceDetails, DeviceId, DeviceType, Lifecycle, LinkId, Name, Override, PonClass, Reasons,
    ServedBy, Signal, SplitRatio, Status, Timestamp,
};

/// A piece of equipment, or a location that groups some.
#[derive(Clone, Debug, PartialEq)]
pub struct Device {
    pub id: DeviceId,
    /// Unique among all devices of the site.
    pub name: Name,
    pub device_type: DeviceType,
    pub position: Position,
    pub optics: Optics,
    pub lifecycle: Lifecycle,
    /// Serial number, customer, address; `None` for none of them.
    pub details: Option<Box<DeviceDetails>>,
    /// The container that the device is in.
    pub parent: Option<DeviceId>,
    /// Computed from the network.
    pub status: Status,
    /// Why the status is what it is.
    pub reasons: Reasons,
    /// Computed for leaves with an optical path to a working OLT.
    pub signal: Option<Signal>,
    /// The links, nearest first, to the OLT or AON switch (leaves and passive parts) or to the next
    /// active device on the way to a gateway (the others).
    pub uplink: Uplink,
    /// Computed for leaves that a fibre leads to, also while nothing works.
    pub served_by: Option<ServedBy>,
    /// The insertion loss of a passive part, with the default of its type and split ratio.
    pub through_loss_db: Option<f64>,
    /// Since when the effective status is what it is.
    pub status_since: Timestamp,
    /// Boxed, because few have one and every device would be larger by it.
    pub status_override: Option<Box<Override>>,
    pub created_at: Timestamp,
    /// The time of the last change of any field.
    pub updated_at: Timestamp,
}

/// A position on the canvas; unitless, finite.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Position {
    pub x: f64,
    pub y: f64,
}

/// Optical values that a device sets itself; an absent one has a default by type.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Optics {
    pub tx_power_dbm: Option<f64>,
    pub sensitivity_min_dbm: Option<f64>,
    pub insertion_loss_db: Option<f64>,
    /// Only of an OLT: the limits of the OLT and its leaves where they set none themselves.
    pub pon_class: Option<PonClass>,
    /// Only of a splitter; by default that of its outputs.
    pub split_ratio: Option<SplitRatio>,
}

/// The links of the path upstream to the next active device, nearest first; empty without a path.
pub type Uplink = Box<[LinkId]>;

impl Device {
    /// The serial number, normalised.
    pub fn serial(&self) -> Option<&str> {
        self.details.as_ref()?.serial.as_deref()
    }

    /// The status that operators see and that everything downstream depends on: the override, or
    /// else the computed status.
    pub fn effective_status(&self) -> Status {
        self.status_override.as_ref().map_or(self.status, |set| set.status)
    }

    pub fn is_in_service(&self) -> bool {
        self.lifecycle == Lifecycle::InService
    }

    /// Whether nothing passes the device, whatever is linked with it: an operator has set it to DOWN,
    /// or it is not in service.
    pub fn is_out_of_use(&self) -> bool {
        self.is_forced_down() || !self.is_in_service()
    }

    /// Whether an operator has set the device to DOWN.
    pub fn is_forced_down(&self) -> bool {
        self.status_override.as_ref().is_some_and(|set| set.status == Status::Down)
    }
}
