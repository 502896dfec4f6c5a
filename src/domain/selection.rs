//! Devices and links that are changed together.

use super::{DeviceId, EntityKey, EntityKind, LinkId};

/// Devices and links, in the order in which they are changed.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    pub devices: Vec<DeviceId>,
    pub links: Vec<LinkId>,
}

impl Selection {
    /// The devices, then the links.
    pub(super) fn entities(&self) -> impl Iterator<Item = EntityKey> {
        let devices = self.devices.iter().map(|id| (EntityKind::Device, id.0));
        let links = self.links.iter().map(|id| (EntityKind::Link, id.0));
        devices.chain(links).map(|(kind, id)| EntityKey { kind, id })
    }
}
