//! Passive parts and leaves that hang together, as a graph of their own.
//!
//! Devices and links are looked up once, while the region is collected. From then on they are
//! numbers: a full recompute spends its time on look-ups, and this saves most of them.

use std::ops::Range;

use super::is_inside_region;
use crate::domain::status::rules as status;
use crate::domain::world::id_map::Slots;
use crate::domain::{Device, DeviceId, Link, Status, World};

/// Devices that hang together through passive parts and leaves, and the links between them and
/// from the active devices around them.
#[derive(Default)]
pub(super) struct Region<'w> {
    /// In the order in which they were found; a device's number is its place.
    pub(super) nodes: Vec<Node<'w>>,
    /// Of all nodes, one node's after the other's.
    steps: Vec<Step<'w>>,
    /// Ascending by device, then by link.
    pub(super) entries: Vec<Entry<'w>>,
}

/// A device inside.
pub(super) struct Node<'w> {
    pub(super) device: &'w Device,
    /// All links at it, those from outside too.
    pub(super) link_count: usize,
    /// Where its steps are.
    steps: Range<usize>,
}

/// A link between two devices inside, seen from one of them.
pub(super) struct Step<'w> {
    pub(super) link: &'w Link,
    /// The number of the device at the other end.
    pub(super) to: usize,
    pub(super) is_open: bool,
}

/// A link from an active device into the region.
pub(super) struct Entry<'w> {
    pub(super) from: &'w Device,
    pub(super) link: &'w Link,
    pub(super) to: usize,
    pub(super) is_open: bool,
}

impl<'w> Region<'w> {
    /// The links to other devices inside, ascending.
    pub(super) fn steps(&self, node: &Node<'w>) -> &[Step<'w>] {
        &self.steps[node.steps.clone()]
    }

    /// Whether the routed core may lead through this region.
    pub(super) fn touches_router(&self) -> bool {
        self.entries.iter().any(|entry| entry.from.device_type.is_router())
    }
}

/// Finds each region once.
#[derive(Default)]
pub(super) struct Finder {
    /// The number of each device that was found, in its region. Regions do not overlap.
    numbers: Slots<DeviceId, usize>,
}

impl Finder {
    /// The region of a device; `None` when it was found before, and for devices that are in none.
    pub(super) fn find<'w>(&mut self, world: &'w World, start: DeviceId) -> Option<Region<'w>> {
        if self.numbers.get(start).is_some() {
            return None;
        }
        let start = world.device(start).filter(|device| is_inside_region(device))?;
        Some(self.collect(world, start))
    }

    fn collect<'w>(&mut self, world: &'w World, start: &'w Device) -> Region<'w> {
        let mut region = Region::default();
        self.add(&mut region, start);
        let mut number = 0;
        while number < region.nodes.len() {
            self.look_around(world, &mut region, number);
            number += 1;
        }
        region.entries.sort_unstable_by_key(|entry| (entry.from.id, entry.link.id));
        region
    }

    fn look_around<'w>(&mut self, world: &'w World, region: &mut Region<'w>, number: usize) {
        let device = region.nodes[number].device;
        let neighbours = world.neighbours(device.id);
        let first = region.steps.len();
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
            let is_open = status::of_link(link, [device, other], false) != Status::Down;
            if known.is_none() && !is_inside_region(other) {
                region.entries.push(Entry { from: other, link, to: number, is_open });
                continue;
            }
            let to = known.unwrap_or_else(|| self.add(region, other));
            region.steps.push(Step { link, to, is_open });
        }
        let node = &mut region.nodes[number];
        node.link_count = neighbours.len();
        node.steps = first..region.steps.len();
    }

    fn add<'w>(&mut self, region: &mut Region<'w>, device: &'w Device) -> usize {
        let number = region.nodes.len();
        self.numbers.insert(device.id, number);
        region.nodes.push(Node { device, link_count: 0, steps: 0..0 });
        number
    }
}
