//! Which devices and links let light and traffic through.

use crate::domain::status::rules as status;
use crate::domain::{Device, DeviceClass, LinkId, Status, World};

/// Whether a device belongs to a region: passive parts and leaves do, active devices bound it.
pub(super) fn is_in_region(device: &Device) -> bool {
    matches!(device.device_type.class(), DeviceClass::Passive | DeviceClass::Leaf)
}

/// Whether a device works, by the network or by its override.
pub(super) fn is_working(device: &Device) -> bool {
    device.is_in_service() && device.effective_status() != Status::Down
}

/// Whether a link lets anything through, even while its own status is not recomputed yet.
pub(super) fn is_passable(world: &World, id: LinkId) -> bool {
    let link = world.link(id).zip(ends(world, id));
    link.is_some_and(|(link, ends)| status::of_link(link, ends, false) != Status::Down)
}

/// The devices at the ends of a link.
pub(super) fn ends(world: &World, link: LinkId) -> Option<[&Device; 2]> {
    let [a, b] = world.ends(link)?;
    Some([world.device(a)?, world.device(b)?])
}
