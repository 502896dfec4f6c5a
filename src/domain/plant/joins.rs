//! The cross-connects and the linked ports of a device.

use crate::domain::{CrossConnect, DeviceId, InterfaceId, LinkId, World};

/// A link at a device, and the device's port that it ends at.
#[derive(Clone, Copy, Debug)]
pub(in crate::domain) struct LinkedPort {
    pub(in crate::domain) link: LinkId,
    pub(in crate::domain) port: InterfaceId,
}

/// Whether a device is an ODF, NVT or HOP, which have cross-connects.
pub(in crate::domain) fn is_through_part(world: &World, device: DeviceId) -> bool {
    let device = world.device(device);
    device.is_some_and(|device| device.device_type.takes_cross_connects())
}

/// Whether any cross-connect of a part is recorded.
pub(in crate::domain) fn has_cross_connects(world: &World, part: DeviceId) -> bool {
    world.has_joined_ports(part)
}

pub(in crate::domain) fn cross_connect(world: &World, port: InterfaceId) -> Option<&CrossConnect> {
    world.interface(port)?.cross_connect.as_deref()
}

/// The links at a device with its ports, ascending by link.
pub(in crate::domain) fn linked_ports(world: &World, device: DeviceId) -> Vec<LinkedPort> {
    let links = world.neighbours(device).iter().map(|neighbour| neighbour.link);
    links.filter_map(|link| Some(LinkedPort { link, port: world.port_at(device, link)? })).collect()
}

/// The link at the other end of a port's cross-connect.
pub(in crate::domain) fn joined_link(world: &World, port: InterfaceId) -> Option<LinkId> {
    world.link_at(cross_connect(world, port)?.to)
}
