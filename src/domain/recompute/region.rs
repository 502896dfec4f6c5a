//! A region: passive parts and leaves that are linked with each other, as a graph of its own.
//!
//! Its nodes are cells: what light that enters a device can do there. A leaf is one cell, an ODF, NVT or
//! HOP has one for each port that light can enter by, a splitter two, one for each side. Light never
//! leaves by the port that it entered by. Devices and links are looked up once, while the region is
//! collected; from then on they are numbers: most of the time of a full recompute goes into look-ups,
//! and this saves most of them.

use std::ops::Range;

use super::reachability::{is_in_region, is_working};
use crate::domain::interface::splitter_side::SplitterSide;
use crate::domain::optics::loss::{
    Microdecibel, cross_connect_loss, splitter_loss, through_part_loss,
};
use crate::domain::plant::assumed_joins::uncertainty;
use crate::domain::plant::joins::cross_connect;
use crate::domain::plant::part_entries::{PartEntries, WaysOn};
use crate::domain::plant::passage::{Passage, passage};
use crate::domain::plant::splitter::{side_of, split_ratio};
use crate::domain::status::rules as status;
use crate::domain::world::id_map::IdMap;
use crate::domain::{
    Device, DeviceClass, DeviceId, DeviceType, InterfaceId, Link, LinkId, Reasons, Status, World,
};

/// Passive parts and leaves that are linked with each other, the links between them, and those
/// from the active devices around them.
#[derive(Default)]
pub(super) struct Region<'w> {
    /// In the order in which they were found; the index is the device's number.
    pub(super) devices: Vec<RegionDevice<'w>>,
    /// Those of one device after those of the other.
    pub(super) cells: Vec<LightCell>,
    /// Each link once, in the order in which they were found.
    pub(super) links: Vec<RegionLink<'w>>,
    /// Those of one cell after those of the other.
    exits: Vec<LinkEnd>,
    /// The numbers of the links from active devices, ascending by device, then by link.
    outer_links: Vec<usize>,
}

/// A device of the region.
pub(super) struct RegionDevice<'w> {
    pub(super) device: &'w Device,
    /// The numbers of its cells.
    pub(super) cells: Range<usize>,
    /// The insertion loss of a passive part, without that of its cross-connects.
    pub(super) loss: Microdecibel,
    /// Why the way through a passive part is not certain.
    pub(super) uncertainty: Reasons,
    /// Whether any link ends at it, or did at a leaf.
    pub(super) was_connected: bool,
}

/// What light that enters a device reaches there.
pub(super) struct LightCell {
    /// The device's number.
    pub(super) device: usize,
    /// The loss of passing through; `None` where light ends.
    pub(super) loss: Option<Microdecibel>,
    /// The range of the ends at which light leaves, in `exits`.
    exits: Range<usize>,
    /// The link among them by which light enters, so that it does not leave by it.
    entry: Option<usize>,
}

impl LightCell {
    pub(super) fn is_passive(&self) -> bool {
        self.loss.is_some()
    }
}

/// A link at a device of the region.
pub(super) struct RegionLink<'w> {
    pub(super) link: &'w Link,
    pub(super) ends: [&'w Device; 2],
    /// The numbers of the cells that its light reaches at its ends; `None` at an active device.
    pub(super) arrivals: [Option<usize>; 2],
    is_passable: bool,
}

/// An end of a link of the region: its number, and 0 or 1.
#[derive(Clone, Copy)]
struct LinkEnd {
    link: usize,
    end: usize,
}

/// Which ways count.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Over passable links, from active devices that work.
    Working,
    /// Also over links that are out of use, and from devices that do not work: as if everything that is
    /// recorded were in service and nothing were held DOWN.
    Designed,
}

/// Which ways count for a search, and where it has been, so that it crosses each part once.
///
/// Of the cells of a part, which differ only in the link that they do not leave by, the first one that the
/// search takes from its queue leads on over all links but its own; the second one adds that link, any
/// further one nothing. That is right only because the queue pops in the order that paths are compared by
/// (by rank, or first in, first out where the hops decide) and each step keeps that order: what is popped
/// later has nothing better to offer. This holds for either reach, as only the links that count differ;
/// so each search has a walk of its own. Where only reachability is asked for, any order does.
pub(super) struct Walk {
    reach: Reach,
    /// By the start of the exits that the cells of a part share, the links by which it was entered.
    entries: Vec<PartEntries<usize>>,
}

/// A way on for light, over a link.
pub(super) struct Step<'r, 'w> {
    pub(super) link: &'w Link,
    /// The device that the link leads from.
    pub(super) from: &'r Device,
    /// Its port.
    pub(super) from_port: InterfaceId,
    /// The number of the cell that it leads to.
    pub(super) to: usize,
}

impl<'w> Region<'w> {
    /// The ways from a cell to others that the walk has not taken yet.
    pub(super) fn steps_from<'r>(
        &'r self,
        cell: &LightCell,
        walk: &mut Walk,
    ) -> impl Iterator<Item = Step<'w, 'w>> + use<'r, 'w> {
        let reach = walk.reach;
        let ways = cell.entry.map(|entry| walk.entries[cell.exits.start].enter(entry));
        let exits = match ways {
            Some(WaysOn::Nothing) => &[],
            _ => &self.exits[cell.exits.clone()],
        };
        let exits = exits.iter().filter(move |exit| match ways {
            None => true,
            Some(WaysOn::AllBut(link)) => exit.link != link,
            Some(WaysOn::Only(link)) => exit.link == link,
            Some(WaysOn::Nothing) => false,
        });
        exits.filter_map(move |exit| self.step(*exit, reach))
    }

    pub(super) fn walk(&self, reach: Reach) -> Walk {
        Walk { reach, entries: vec![PartEntries::None; self.exits.len() + 1] }
    }

    /// The ways into the region from the active devices around it, ascending by device and link.
    pub(super) fn steps_from_outside(&self, reach: Reach) -> impl Iterator<Item = Step<'w, 'w>> {
        let steps = self.outer_links.iter().filter_map(move |number| {
            let end = usize::from(self.links[*number].arrivals[0].is_some());
            self.step(LinkEnd { link: *number, end }, reach)
        });
        steps.filter(move |step| reach == Reach::Designed || is_working(step.from))
    }

    fn step(&self, LinkEnd { link, end }: LinkEnd, reach: Reach) -> Option<Step<'w, 'w>> {
        let RegionLink { link, ends, arrivals, is_passable } = &self.links[link];
        let to = arrivals[1 - end].filter(|_| *is_passable || reach == Reach::Designed)?;
        let from_port = if end == 0 { link.a } else { link.b };
        Some(Step { link, from: ends[end], from_port, to })
    }

    pub(super) fn device_of(&self, cell: usize) -> &'w Device {
        self.devices[self.cells[cell].device].device
    }
}

/// Finds each region once.
#[derive(Default)]
pub(super) struct RegionFinder {
    /// The number of each device that was found, in its region. Regions do not overlap.
    numbers: IdMap<DeviceId, usize>,
    /// The same for links.
    link_numbers: IdMap<LinkId, usize>,
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
        let mut ends = Vec::new();
        let mut number = 0;
        while number < region.devices.len() {
            self.find_links(world, &mut region, number, &mut ends);
            region.devices[number].was_connected =
                !ends.is_empty() || was_leaf_connected(world, region.devices[number].device);
            self.add_cells(world, &mut region, number, &ends);
            number += 1;
        }
        let links = &region.links;
        region.outer_links.sort_unstable_by_key(|number| {
            let RegionLink { link, ends, arrivals, .. } = &links[*number];
            (ends[usize::from(arrivals[0].is_some())].id, link.id)
        });
        region
    }

    /// Collects the ends of the links at a device, ascending by link.
    fn find_links<'w>(
        &mut self,
        world: &'w World,
        region: &mut Region<'w>,
        number: usize,
        found: &mut Vec<LinkEnd>,
    ) {
        found.clear();
        let device = region.devices[number].device;
        for neighbour in world.neighbours(device.id) {
            if let Some(known) = self.link_numbers.get(neighbour.link).copied() {
                let end = usize::from(region.links[known].ends[1].id == device.id);
                found.push(LinkEnd { link: known, end });
                continue;
            }
            let Some((link, [a, _])) = world.link(neighbour.link).zip(world.ends(neighbour.link))
            else {
                continue;
            };
            let known = self.numbers.get(neighbour.device).copied();
            let other = match known {
                Some(other) => region.devices[other].device,
                None => match world.device(neighbour.device) {
                    Some(other) => other,
                    None => continue,
                },
            };
            let end = usize::from(a != device.id);
            let ends = if end == 0 { [device, other] } else { [other, device] };
            let is_passable = status::of_link(link, ends, false) != Status::Down;
            let link_number = region.links.len();
            region.links.push(RegionLink { link, ends, arrivals: [None; 2], is_passable });
            self.link_numbers.insert(link.id, link_number);
            found.push(LinkEnd { link: link_number, end });
            if !is_in_region(other) {
                region.outer_links.push(link_number);
            } else if known.is_none() {
                self.add(region, other);
            }
        }
    }

    fn add<'w>(&mut self, region: &mut Region<'w>, device: &'w Device) {
        self.numbers.insert(device.id, region.devices.len());
        region.devices.push(RegionDevice {
            device,
            cells: 0..0,
            loss: 0,
            uncertainty: Reasons::NONE,
            was_connected: false,
        });
    }

    fn add_cells<'w>(
        &self,
        world: &'w World,
        region: &mut Region<'w>,
        number: usize,
        ends: &[LinkEnd],
    ) {
        let device = region.devices[number].device;
        let first = region.cells.len();
        let mut cells = CellBuilder { region, number };
        if device.device_type.class() == DeviceClass::Leaf {
            cells.add(None, ends, ends);
        } else if device.device_type == DeviceType::Splitter {
            let loss = splitter_loss(device, split_ratio(world, device));
            let is_input =
                |at: &LinkEnd| side_of(world, device.id, cells.port(*at)) == SplitterSide::Input;
            let (inputs, outputs): (Vec<_>, Vec<_>) = ends.iter().partition(|at| is_input(at));
            cells.set_loss(loss);
            cells.add(Some(loss), &inputs, &outputs);
            cells.add(Some(loss), &outputs, &inputs);
        } else {
            self.add_cells_of_through_part(world, &mut cells, device, ends);
        }
        let last = region.cells.len();
        region.devices[number].cells = first..last;
    }

    fn add_cells_of_through_part(
        &self,
        world: &World,
        cells: &mut CellBuilder<'_, '_>,
        device: &Device,
        ends: &[LinkEnd],
    ) {
        let passage = passage(world, device.id);
        let loss = through_part_loss(device);
        cells.set_loss(loss);
        cells.region.devices[cells.number].uncertainty = uncertainty(world, device.id, passage);
        if ends.is_empty() {
            cells.add(Some(loss), &[], &[]);
            return;
        }
        if passage == Passage::EveryPort {
            cells.add_for_each(loss, ends);
            return;
        }
        for at in ends {
            let port = cells.port(*at);
            let joined = cross_connect(world, port);
            let partner = joined.and_then(|joined| {
                let link = world.link_at(joined.to)?;
                let link_of = |other: &LinkEnd| cells.region.links[other.link].link.id;
                ends.binary_search_by_key(&link, link_of).ok().map(|index| ends[index])
            });
            let through = joined.map_or(0, cross_connect_loss) + loss;
            match partner {
                // The partner has made the cell of both.
                Some(partner) if cells.port(partner) < port => {}
                Some(partner) => cells.add_for_each(through, &[*at, partner]),
                None => cells.add(Some(through), &[*at], &[]),
            }
        }
    }
}

/// Whether a leaf ever had a link: the status of its port has changed then.
fn was_leaf_connected(world: &World, device: &Device) -> bool {
    let ports = world.ports(device.id).iter().filter_map(|port| world.interface(*port));
    device.device_type.class() == DeviceClass::Leaf
        && ports.into_iter().any(|port| port.updated_at != port.created_at)
}

/// Adds the cells of one device.
struct CellBuilder<'r, 'w> {
    region: &'r mut Region<'w>,
    /// The device's number.
    number: usize,
}

impl CellBuilder<'_, '_> {
    /// A cell that light enters at some ends of links and leaves at others.
    fn add(&mut self, loss: Option<Microdecibel>, entries: &[LinkEnd], exits: &[LinkEnd]) {
        let Region { cells, links, exits: all, .. } = &mut *self.region;
        for entry in entries {
            links[entry.link].arrivals[entry.end] = Some(cells.len());
        }
        let first = all.len();
        all.extend_from_slice(exits);
        let exits = first..all.len();
        cells.push(LightCell { device: self.number, loss, exits, entry: None });
    }

    /// For each of these ends of links a cell that light enters there and leaves at the others.
    fn add_for_each(&mut self, loss: Microdecibel, ends: &[LinkEnd]) {
        let Region { cells, links, exits: all, .. } = &mut *self.region;
        let first = all.len();
        all.extend_from_slice(ends);
        for LinkEnd { link, end } in ends {
            links[*link].arrivals[*end] = Some(cells.len());
            let exits = first..all.len();
            cells.push(LightCell {
                device: self.number,
                loss: Some(loss),
                exits,
                entry: Some(*link),
            });
        }
    }

    /// The device's port at the end of a link.
    fn port(&self, LinkEnd { link, end }: LinkEnd) -> InterfaceId {
        let link = self.region.links[link].link;
        if end == 0 { link.a } else { link.b }
    }

    fn set_loss(&mut self, loss: Microdecibel) {
        self.region.devices[self.number].loss = loss;
    }
}
