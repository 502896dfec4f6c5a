//! How a passive part passes light and traffic on.

use super::far_end::FarEnds;
use super::joins::{cross_connect, has_cross_connects, joined_link, linked_ports};
use super::splitter::side_of;
use crate::domain::{Device, DeviceId, DeviceType, InterfaceId, LinkId, World};

/// How an ODF, NVT or HOP passes light on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::domain) enum Passage {
    /// From every port to every other.
    EveryPort,
    /// Only along cross-connects.
    CrossConnects,
}

/// How an ODF, NVT or HOP passes light on.
pub(in crate::domain) fn passage(world: &World, part: DeviceId) -> Passage {
    if has_cross_connects(world, part) {
        return Passage::CrossConnects;
    }
    let links = world.neighbours(part);
    let mut ends = FarEnds::new(world, part);
    let mut feeders = links.iter().filter(|there| ends.of(there.link).is_feeder());
    if links.len() <= 2 || feeders.nth(1).is_none() {
        Passage::EveryPort
    } else {
        Passage::CrossConnects
    }
}

/// The links over which light and traffic that arrive at a port of a passive part leave it.
pub(in crate::domain) fn exits(world: &World, part: &Device, arrival: InterfaceId) -> Vec<LinkId> {
    let others = || linked_ports(world, part.id).into_iter().filter(|other| other.port != arrival);
    if part.device_type == DeviceType::Splitter {
        let side = side_of(world, part.id, arrival);
        return others()
            .filter(|other| side_of(world, part.id, other.port) != side)
            .map(|other| other.link)
            .collect();
    }
    match passage(world, part.id) {
        Passage::EveryPort => others().map(|other| other.link).collect(),
        Passage::CrossConnects => joined_link(world, arrival).into_iter().collect(),
    }
}

/// Whether light and traffic that arrive at a port of a passive part leave it by another port.
pub(in crate::domain) fn passes(
    world: &World,
    part: &Device,
    arrival: InterfaceId,
    exit: InterfaceId,
) -> bool {
    if part.device_type == DeviceType::Splitter {
        return side_of(world, part.id, arrival) != side_of(world, part.id, exit);
    }
    match passage(world, part.id) {
        Passage::EveryPort => arrival != exit,
        Passage::CrossConnects => {
            cross_connect(world, arrival).is_some_and(|joined| joined.to == exit)
        }
    }
}
