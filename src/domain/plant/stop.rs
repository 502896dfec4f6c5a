//! Following links through passive parts.

use super::passage::exits;
use crate::domain::{DeviceId, InterfaceId, LinkId, World};

/// A device, and the port that it was reached by if it is a passive part: where a walk along links
/// goes on depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::domain) struct Stop {
    pub(in crate::domain) device: DeviceId,
    /// `None` for all ports.
    arrival: Option<InterfaceId>,
}

impl Stop {
    /// At a device, with all of its links.
    pub(in crate::domain) const fn at(device: DeviceId) -> Self {
        Self { device, arrival: None }
    }

    /// The stop at the other end of a link.
    pub(in crate::domain) fn behind(world: &World, from: DeviceId, link: LinkId) -> Option<Self> {
        let (device, port) = world.other_end(from, link)?;
        let is_passive = world.device(device)?.device_type.is_passive();
        Some(Self { device, arrival: is_passive.then_some(port) })
    }

    /// The links that lead on from here.
    pub(in crate::domain) fn links(self, world: &World) -> Vec<LinkId> {
        match (self.arrival, world.device(self.device)) {
            (Some(arrival), Some(part)) => exits(world, part, arrival),
            _ => world.neighbours(self.device).iter().map(|there| there.link).collect(),
        }
    }
}
