//! I9: what identifies a device, and what is joined inside it.

use super::error::{InvariantError, ensure};
use crate::domain::{CrossConnect, Device, DeviceId, DeviceType, Interface, InterfaceId};

/// The split ratio, serial and coordinates of a device; `owner` is the device that has its serial, the
/// last one if several have it.
pub(super) fn check_identity(
    device: &Device,
    owner: Option<DeviceId>,
) -> Result<(), InvariantError> {
    let name = &device.name;
    let is_splitter = device.device_type == DeviceType::Splitter;
    ensure(device.optics.split_ratio.is_none() || is_splitter, "I9", || {
        format!("device '{name}' has a split_ratio, but is not a SPLITTER")
    })?;
    let Some(details) = &device.details else { return Ok(()) };
    if let Some(serial) = &details.serial {
        ensure(owner == Some(device.id), "I9", || {
            format!("several devices have the serial {serial}, {} among them", device.id)
        })?;
    }
    ensure(details.coordinates.is_none_or(|at| at.are_on_earth()), "I9", || {
        format!("device '{name}' has coordinates that are not on Earth")
    })
}

/// The cross-connect of a port of such a device, without what its other port must have.
pub(super) fn check_cross_connect(
    device_type: DeviceType,
    port: &Interface,
) -> Result<(), InvariantError> {
    let Some(joined) = &port.cross_connect else { return Ok(()) };
    let has_cross_connects =
        matches!(device_type, DeviceType::Odf | DeviceType::Nvt | DeviceType::Hop);
    ensure(has_cross_connects, "I9", || {
        format!("interface {} of a {} has a cross-connect", port.id, device_type.as_str())
    })?;
    ensure(joined.to != port.id, "I9", || {
        format!("interface {} is cross-connected with itself", port.id)
    })?;
    ensure(joined.loss_db.is_none_or(|db| db.is_finite() && db >= 0.0), "I9", || {
        format!("the cross-connect of interface {} has no valid loss", port.id)
    })
}

/// A cross-connected port.
#[derive(Clone, Copy, Debug)]
pub(super) struct JoinedPort {
    pub(super) id: InterfaceId,
    pub(super) device: DeviceId,
    pub(super) cross_connect: CrossConnect,
}

impl JoinedPort {
    /// The port, if it is cross-connected.
    pub(super) fn of(port: &Interface) -> Option<Self> {
        let cross_connect = port.cross_connect.as_deref().copied()?;
        Some(Self { id: port.id, device: port.device, cross_connect })
    }

    /// Checks that the port which this one names is the other end of the same cross-connect.
    pub(super) fn check_other(&self, other: Option<Self>) -> Result<(), InvariantError> {
        let is_mutual = other.is_some_and(|other| {
            let names = CrossConnect { to: self.id, ..self.cross_connect };
            other.device == self.device && other.cross_connect == names
        });
        ensure(is_mutual, "I9", || {
            format!(
                "interface {} is cross-connected with {}, which does not say the same",
                self.id, self.cross_connect.to
            )
        })
    }
}
