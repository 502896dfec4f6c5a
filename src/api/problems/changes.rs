//! Which audit rows count as changes of a cause and its path.

use std::collections::BTreeSet;

use crate::domain::{CausePath, DeviceId, InterfaceId, LinkId, PathPart, RootCause, World};
use crate::store::AuditImage;

/// What a change must have touched to be shown: the devices and links of the path, and everything at the
/// ports of the cause, also what is there no longer.
pub(super) struct Touched {
    devices: BTreeSet<DeviceId>,
    links: BTreeSet<LinkId>,
    ports: BTreeSet<InterfaceId>,
    /// The cause, or the ends of the link.
    near: Vec<DeviceId>,
}

impl Touched {
    pub(super) fn new(world: &World, cause: RootCause, path: &CausePath) -> Self {
        let near = match cause {
            RootCause::Device(id) => vec![id],
            RootCause::Link(id) => world.ends(id).map(Vec::from).unwrap_or_default(),
        };
        let mut touched = Self {
            devices: near.iter().copied().collect(),
            links: BTreeSet::new(),
            ports: near.iter().flat_map(|id| world.ports(*id)).copied().collect(),
            near,
        };
        for part in &path.parts {
            match part {
                PathPart::Device(id) => drop(touched.devices.insert(*id)),
                PathPart::Link(id) => drop(touched.links.insert(*id)),
            }
        }
        touched
    }

    pub(super) fn has(&self, image: &AuditImage) -> bool {
        match image {
            AuditImage::Device { id, .. } => self.devices.contains(&DeviceId(*id)),
            AuditImage::Interface { before, after, .. } => {
                let mut sides = before.iter().chain(after);
                sides.any(|port| self.near.contains(&port.device))
            }
            AuditImage::Link { id, before, after } => {
                let mut ends = before.iter().chain(after).flat_map(|link| [link.a, link.b]);
                self.links.contains(&LinkId(*id)) || ends.any(|port| self.ports.contains(&port))
            }
        }
    }
}
