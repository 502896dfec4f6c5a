//! A region: passive parts and leaves that are linked with each other, as a graph of its own.
//!
//! Devices and links are looked up once, while the region is collected. From then on they are
//! numbers: most of the time of a full recompute goes into look-ups, and this saves most of them.

use std::ops::Range;

use super::reachability::is_in_region;
use crate::domain::status::rules as status;
use crate::domain::world::id_map::IdMap;
use crate::domain::{Device, DeviceId, Link, Status, World};

/// Passive parts and leaves that are linked with each other, the links between them, and those
/// from the active devices around them.
#[derive(Default)]
pub(super) struct Region<'w> {
    /// In the order in which they were found; the index is the device's number.
    pub(super) nodes: Vec<RegionNode<'w>>,
    /// The links between nodes: those of one node after those of the other.
    inner_links: Vec<InnerLink<'w>>,
    /// Ascending by device, then by link.
    pub(super) outer_links: Vec<OuterLink<'w>>,
}

/// A device of the region.
pub(super) struct RegionNode<'w> {
    pub(super) device: &'w Device,
    /// All links at it, also those from active devices.
    pub(super) link_count: usize,
    /// The range of its links in `inner_links`.
    inner_links: Range<usize>,
}

/// A link between two devices of the region, seen from one of them.
pub(super) struct InnerLink<'w> {
    pub(super) link: &'w Link,
    /// The number of the device at the other end.
    pub(super) to: usize,
    pub(super) is_passable: bool,
}

/// A link from an active device into the region.
pub(super) struct OuterLink<'w> {
    pub(super) from: &'w Device,
    pub(super) link: &'w Link,
    /// The number of the device of the region.
    pub(super) to: usize,
    pub(super) is_passable: bool,
}

impl<'w> Region<'w> {
    /// The links of a node to other nodes, ascending.
    pub(super) fn links_of(&self, node: &RegionNode<'w>) -> &[InnerLink<'w>] {
        &self.inner_links[node.inner_links.clone()]
    }

    /// Whether a router is linked with this region, so that the core may lead through it.
    pub(super) fn borders_on_router(&self) -> bool {
        self.outer_links.iter().any(|outer| outer.from.device_type.is_router())
    }
}

/// Finds each region once.
#[derive(Default)]
pub(super) struct RegionFinder {
    /// The number of each device that was found, in its region. Regions do not overlap.
    numbers: IdMap<DeviceId, usize>,
}

impl RegionFinder {
    /// The region of a device; `None` when it was found before, and for devices that are in none.
    pub(super) fn find<'w>(&mut self, world: &'w World, start: DeviceId) -> Option<Region<'w>> {
        if self.numbers.get(start).is_some() {
            return None;
        }
        let start = world.device(start).filter(|device| is_in_region(device))?;
        Some(self.collect(world, start))
    }

    fn collect<'w>(&mut self, world: &'w World, start: &'w Device) -> Region<'w> {
        let mut region = Region::default();
        self.add(&mut region, start);
        let mut number = 0;
        while number < region.nodes.len() {
            self.add_neighbours(world, &mut region, number);
            number += 1;
        }
        region.outer_links.sort_unstable_by_key(|outer| (outer.from.id, outer.link.id));
        region
    }

    fn add_neighbours<'w>(&mut self, world: &'w World, region: &mut Region<'w>, number: usize) {
        let device = region.nodes[number].device;
        let neighbours = world.neighbours(device.id);
        let first = region.inner_links.len();
        for neighbour in neighbours {
            let Some(link) = world.link(neighbour.link) else { continue };
            let known = self.numbers.get(neighbour.device).copied();
            let other = match known {
                Some(to) => region.nodes[to].device,
                None => match world.device(neighbour.device) {
                    Some(other) => other,
                    None => continue,
                },
            };
            let is_passable = status::of_link(link, [device, other], false) != Status::Down;
            if known.is_none() && !is_in_region(other) {
                region.outer_links.push(OuterLink { from: other, link, to: number, is_passable });
                continue;
            }
            let to = known.unwrap_or_else(|| self.add(region, other));
            region.inner_links.push(InnerLink { link, to, is_passable });
        }
        let node = &mut region.nodes[number];
        node.link_count = neighbours.len();
        node.inner_links = first..region.inner_links.len();
    }

    fn add<'w>(&mut self, region: &mut Region<'w>, device: &'w Device) -> usize {
        let number = region.nodes.len();
        self.numbers.insert(device.id, number);
        region.nodes.push(RegionNode { device, link_count: 0, inner_links: 0..0 });
        number
    }
}
