//! Rules of status that need no more than an entity and its neighbours.

use crate::domain::{
    Device, DeviceClass, DeviceType, Interface, InterfaceType, Link, Reason, Reasons, Status,
};

/// The status of a device without links.
pub(crate) fn of_new_device(device_type: DeviceType) -> Status {
    match device_type.class() {
        _ if device_type.is_always_online() => Status::Up,
        DeviceClass::Passive => Status::Degraded,
        _ => Status::Down,
    }
}

/// The reasons for the status of a device without links.
pub(crate) fn reasons_of_new_device(device_type: DeviceType) -> Reasons {
    let reason = match device_type {
        _ if device_type.is_always_online() => return Reasons::NONE,
        _ if device_type.class() != DeviceClass::Active => Reason::NotConnected,
        _ => Reason::NoUpstream,
    };
    Reasons::NONE.with(reason)
}

/// The status of an interface with its link. Loopbacks and ports of passive parts are UP; any other
/// port is UP while it carries a link that is in use.
pub(crate) fn of_interface(
    interface: &Interface,
    device_type: DeviceType,
    link: Option<&Link>,
) -> Status {
    of_port(interface.interface_type, device_type, link.is_some_and(|link| !link.is_out_of_use()))
}

/// The status of a port; `is_linked` means that it carries a link that is in use.
pub(crate) fn of_port(
    interface_type: InterfaceType,
    device_type: DeviceType,
    is_linked: bool,
) -> Status {
    let always_up = interface_type == InterfaceType::Loopback || device_type.is_passive();
    if always_up || is_linked { Status::Up } else { Status::Down }
}

/// The status of a link: DOWN when it or a device at its ends is out of use, else that of the
/// link's override, else DEGRADED when the optical paths through it are critical, else UP.
pub(crate) fn of_link(link: &Link, ends: [&Device; 2], is_critical: bool) -> Status {
    of_link_with(link, ends.into_iter().any(Device::is_out_of_use), is_critical)
}

/// The status of a link; `is_end_down` means that a device at its ends is out of use.
pub(crate) fn of_link_with(link: &Link, is_end_down: bool, is_critical: bool) -> Status {
    if link.is_out_of_use() || is_end_down {
        return Status::Down;
    }
    match &link.status_override {
        Some(set) => set.status,
        None if is_critical => Status::Degraded,
        None => Status::Up,
    }
}

/// The reasons for a device's status: those of the computed status, and its override.
pub(crate) fn reasons(device: &Device, computed: Status, mut reasons: Reasons) -> Reasons {
    if let Some(set) = &device.status_override {
        reasons = reasons.with(Reason::Override);
        if set.status == Status::Up && computed == Status::Down {
            reasons = reasons.with(Reason::OverrideConflict);
        }
    }
    reasons
}
