//! The status of the devices and links of a region.

use std::collections::VecDeque;

use super::device_status::{DeviceStatus, DeviceStatusUpdate};
use super::light_paths::{LightPath, light_paths};
use super::reachability::is_working;
use super::region::{LightCell, Region, RegionLink, Step};
use crate::domain::optics::budget::received_signal;
use crate::domain::optics::loss::to_db;
use crate::domain::status::rules as status;
use crate::domain::{Device, DeviceId, DeviceType, LinkId, Reason, Reasons, SignalClass, Status};

/// What has to change, ascending by id.
#[derive(Default)]
pub(super) struct RegionUpdate {
    pub(super) devices: Vec<(DeviceId, DeviceStatusUpdate)>,
    pub(super) links: Vec<(LinkId, Status)>,
}

/// Compares every device and link of the region with what follows from the network.
pub(super) fn update_of(region: &Region<'_>) -> RegionUpdate {
    let paths = light_paths(region);
    let mut comparison = Comparison {
        region,
        leaves: vec![LeafStatus::default(); region.cells.len()],
        update: RegionUpdate::default(),
    };
    comparison.add_leaves(&paths);
    comparison.add_passives(&paths);
    comparison.add_links(&paths);
    let mut update = comparison.update;
    update.devices.sort_unstable_by_key(|(id, _)| *id);
    update.links.sort_unstable_by_key(|(id, _)| *id);
    update
}

/// By the number of a cell.
type LightPaths<'w> = [Option<LightPath<'w>>];

struct Comparison<'r, 'w> {
    region: &'r Region<'w>,
    /// By the number of a cell; those of passive parts have the default.
    leaves: Vec<LeafStatus>,
    update: RegionUpdate,
}

/// What the status of passive parts and links depends on in a leaf.
#[derive(Clone, Copy, Default)]
struct LeafStatus {
    is_working: bool,
    class: Option<SignalClass>,
}

/// How many optical paths lead through the link towards the OLT of a cell, and how many of them
/// are CRITICAL.
#[derive(Clone, Copy, Default)]
struct PathCounts {
    all: u32,
    critical: u32,
}

impl PathCounts {
    fn are_critical(self) -> bool {
        self.all > 0 && self.all == self.critical
    }
}

impl Comparison<'_, '_> {
    fn add_leaves(&mut self, paths: &LightPaths<'_>) {
        let switch_paths = switch_paths(self.region);
        let mut uplink = Vec::new();
        for (number, cell) in self.region.cells.iter().enumerate() {
            let device = self.region.device_of(number);
            let path = paths[number].as_ref();
            let status = match device.device_type {
                _ if cell.is_passive() => continue,
                _ if !device.is_in_service() => DeviceStatus::down(Reason::NotInService),
                _ if !self.region.devices[cell.device].was_connected => {
                    DeviceStatus::down(Reason::NotConnected)
                }
                DeviceType::AonCpe if switch_paths[number].is_some() => {
                    DeviceStatus::up_through(links_to_switch(&switch_paths, number))
                }
                DeviceType::AonCpe => DeviceStatus::down(Reason::NoSwitch),
                _ => {
                    links_to_olt(paths, number, &mut uplink);
                    optical_leaf_status(device, path, &uplink)
                }
            };
            self.leaves[number] = LeafStatus {
                is_working: device.is_in_service() && status.effective(device) != Status::Down,
                class: status.signal.map(|signal| signal.class),
            };
            self.add_device(device, status);
        }
    }

    /// A passive part is UP when a working active device can be reached through it.
    fn add_passives(&mut self, paths: &LightPaths<'_>) {
        let is_reached = self.reached_cells();
        let mut uplink = Vec::new();
        for part in self.region.devices.iter().filter(|one| one.device.device_type.is_passive()) {
            let is_up = part.cells.clone().any(|cell| is_reached[cell]);
            let (status, reason) = if !part.device.is_in_service() {
                (Status::Down, Some(Reason::NotInService))
            } else if is_up {
                (Status::Up, None)
            } else if !part.was_connected {
                (Status::Degraded, Some(Reason::NotConnected))
            } else {
                (Status::Degraded, Some(Reason::NoActiveDevice))
            };
            let best = part.cells.clone().filter(|cell| paths[*cell].is_some());
            let best = best.min_by_key(|cell| paths[*cell].as_ref().map(|path| path.rank));
            uplink.clear();
            if let Some(best) = best {
                links_to_olt(paths, best, &mut uplink);
            }
            let status = DeviceStatus {
                status,
                reasons: reason.map_or(part.uncertainty, |reason| part.uncertainty.with(reason)),
                signal: None,
                uplink: uplink.as_slice().into(),
                through_loss_db: Some(to_db(part.loss)),
            };
            self.add_device(part.device, status);
        }
    }

    /// A link is DEGRADED when every optical path through it is CRITICAL.
    fn add_links(&mut self, paths: &LightPaths<'_>) {
        let counts = self.path_counts(paths);
        for RegionLink { link, ends, arrivals, .. } in &self.region.links {
            let is_critical = arrivals.iter().flatten().any(|cell| {
                let is_taken = paths[*cell].as_ref().is_some_and(|path| *path.link() == link.id);
                is_taken && counts[*cell].are_critical()
            });
            let status = status::of_link(link, *ends, is_critical);
            if link.status != status {
                self.update.links.push((link.id, status));
            }
        }
    }

    fn path_counts(&self, paths: &LightPaths<'_>) -> Vec<PathCounts> {
        let mut counts = vec![PathCounts::default(); self.region.cells.len()];
        for (number, leaf) in self.leaves.iter().enumerate() {
            let Some(class) = leaf.class else { continue };
            let mut at = Some(number);
            while let Some(here) = at {
                counts[here].all += 1;
                counts[here].critical += u32::from(class == SignalClass::Critical);
                at = paths[here].as_ref().and_then(|path| path.previous);
            }
        }
        counts
    }

    /// Which cells of passive parts a working active device or leaf can be reached from, by number.
    fn reached_cells(&self) -> Vec<bool> {
        let count = self.region.cells.len();
        let mut flood = Flood { is_reached: vec![false; count], queue: Vec::new() };
        for step in self.region.steps_from_outside().filter(|step| is_working(step.from)) {
            flood.reach(self.region, step.to);
        }
        for (leaf, cell) in self.leaves.iter().zip(&self.region.cells) {
            if leaf.is_working {
                flood.reach_behind(self.region, cell);
            }
        }
        while let Some(number) = flood.queue.pop() {
            flood.reach_behind(self.region, &self.region.cells[number]);
        }
        flood.is_reached
    }

    fn add_device(&mut self, device: &Device, status: DeviceStatus<'_>) {
        if let Some(update) = status.update_of(device) {
            self.update.devices.push((device.id, update));
        }
    }
}

fn optical_leaf_status<'a>(
    leaf: &Device,
    path: Option<&LightPath<'_>>,
    uplink: &'a [LinkId],
) -> DeviceStatus<'a> {
    let Some(path) = path else { return DeviceStatus::down(Reason::NoOpticalPath) };
    let signal = received_signal(&path.olt.optics, &leaf.optics, path.loss());
    let (status, reason) = match signal.class {
        SignalClass::NoSignal => (Status::Down, Some(Reason::NoSignal)),
        SignalClass::Critical => (Status::Degraded, Some(Reason::SignalCritical)),
        SignalClass::Warning => (Status::Up, Some(Reason::SignalWarning)),
        SignalClass::Overload => (Status::Up, Some(Reason::SignalOverload)),
        SignalClass::Ok => (Status::Up, None),
    };
    DeviceStatus {
        status,
        reasons: reason.map_or(Reasons::NONE, |reason| Reasons::NONE.with(reason)),
        signal: Some(signal),
        uplink: uplink.into(),
        through_loss_db: None,
    }
}

/// Puts the links from a cell to its OLT, nearest first, in the place of those in `links`.
fn links_to_olt(paths: &LightPaths<'_>, cell: usize, links: &mut Vec<LinkId>) {
    links.clear();
    let mut at = Some(cell);
    while let Some(path) = at.and_then(|cell| paths[cell].as_ref()) {
        links.push(*path.link());
        at = path.previous;
    }
}

/// A flood fill of the cells of passive parts.
struct Flood {
    is_reached: Vec<bool>,
    queue: Vec<usize>,
}

impl Flood {
    fn reach_behind(&mut self, region: &Region<'_>, cell: &LightCell) {
        for step in region.steps_from(cell) {
            self.reach(region, step.to);
        }
    }

    fn reach(&mut self, region: &Region<'_>, number: usize) {
        if !self.is_reached[number] && region.cells[number].is_passive() {
            self.is_reached[number] = true;
            self.queue.push(number);
        }
    }
}

/// The next hop towards an AON switch.
#[derive(Clone, Copy)]
struct SwitchHop {
    link: LinkId,
    /// The number of the cell there; `None` for the switch itself.
    to: Option<usize>,
}

/// By the number of a cell, the next hop to a working AON switch through passable links and passive
/// parts: breadth first, so with the fewest hops.
fn switch_paths(region: &Region<'_>) -> Vec<Option<SwitchHop>> {
    let mut paths: Vec<Option<SwitchHop>> = vec![None; region.cells.len()];
    let mut queue = VecDeque::new();
    for Step { link, from: switch, to } in region.steps_from_outside() {
        let is_switch = switch.device_type == DeviceType::AonSwitch && is_working(switch);
        if is_switch && paths[to].is_none() {
            paths[to] = Some(SwitchHop { link: link.id, to: None });
            queue.push_back(to);
        }
    }
    while let Some(number) = queue.pop_front() {
        let cell = &region.cells[number];
        if !cell.is_passive() {
            continue;
        }
        for Step { link, to, .. } in region.steps_from(cell) {
            if paths[to].is_none() {
                paths[to] = Some(SwitchHop { link: link.id, to: Some(number) });
                queue.push_back(to);
            }
        }
    }
    paths
}

/// The links from a cell to its switch, nearest first.
fn links_to_switch(paths: &[Option<SwitchHop>], cell: usize) -> Vec<LinkId> {
    let mut links = Vec::new();
    let mut at = Some(cell);
    while let Some(hop) = at.and_then(|cell| paths[cell]) {
        links.push(hop.link);
        at = hop.to;
    }
    links
}
