//! Status of ports and links from what they are part of.

use crate::domain::{Device, DeviceType, Interface, InterfaceType, Link, Status};

/// The status of a device that nothing is connected to yet.
pub(crate) fn of_new_device(device_type: DeviceType) -> Status {
    if device_type.row().always_online { Status::Up } else { Status::Down }
}

/// Loopbacks and ports of passive parts are UP; any other port is UP while it carries a link
/// that is not forced down.
pub(crate) fn of_interface(
    interface: &Interface,
    device_type: DeviceType,
    link: Option<&Link>,
) -> Status {
    let always_up = interface.interface_type == InterfaceType::Loopback || device_type.is_passive();
    if always_up || link.is_some_and(|link| !link.is_forced_down()) {
        Status::Up
    } else {
        Status::Down
    }
}

/// DOWN when forced down or when an end is held DOWN by its override, else what the link's
/// own override says, else UP.
pub(crate) fn of_link(link: &Link, ends: [&Device; 2]) -> Status {
    if link.is_forced_down() || ends.into_iter().any(Device::is_forced_down) {
        Status::Down
    } else {
        link.status_override.as_ref().map_or(Status::Up, |set| set.status)
    }
}
