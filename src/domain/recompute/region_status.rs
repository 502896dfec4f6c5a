//! The status of the devices and links of a region.

use super::access::{AccessPoint, RegionLines};
use super::device_status::{DeviceStatus, DeviceStatusUpdate};
use super::light_paths::{self, LightPath, LightPaths, light_paths, links_to_olt};
use super::region::{LightCell, Reach, Region, RegionLink, Walk};
use super::switch_paths::{self, SwitchHop, links_to_switch, switch_paths};
use crate::domain::optics::budget::received_signal;
use crate::domain::optics::loss::to_db;
use crate::domain::status::rules as status;
use crate::domain::{
    Device, DeviceId, DeviceType, LinkId, Reason, Reasons, SignalClass, Status, World,
};

/// What has to change, ascending by id.
#[derive(Default)]
pub(super) struct RegionUpdate {
    pub(super) devices: Vec<(DeviceId, DeviceStatusUpdate)>,
    pub(super) links: Vec<(LinkId, Status)>,
}

/// Compares every device and link of the region with what follows from the network.
pub(super) fn update_of(world: &World, region: &Region<'_>) -> RegionUpdate {
    let paths = light_paths(region, Reach::Working);
    let mut comparison = Comparison {
        region,
        lines: RegionLines::new(world, region),
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

struct Comparison<'r, 'w> {
    region: &'r Region<'w>,
    lines: RegionLines<'r, 'w>,
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
        let to_switch = switch_paths(self.region, Reach::Working);
        let mut designed = DesignedAccess::of(self.region);
        let mut uplink = Vec::new();
        for (number, cell) in self.region.cells.iter().enumerate() {
            let device = self.region.device_of(number);
            let path = paths[number].as_ref();
            let mut status = match device.device_type {
                _ if cell.is_passive() => continue,
                _ if !device.is_in_service() => DeviceStatus::down(Reason::NotInService),
                _ if !self.region.devices[cell.device].was_connected => {
                    DeviceStatus::down(Reason::NotConnected)
                }
                DeviceType::AonCpe if to_switch[number].is_some() => {
                    DeviceStatus::up_through(links_to_switch(&to_switch, number))
                }
                DeviceType::AonCpe => DeviceStatus::down(Reason::NoSwitch),
                _ => {
                    links_to_olt(paths, number, &mut uplink);
                    optical_leaf_status(device, path, &uplink)
                }
            };
            let access = match device.device_type {
                DeviceType::AonCpe => switch_paths::access_of(self.region, &to_switch, number),
                _ => light_paths::access_of(self.region, paths, number),
            };
            let access = access.or_else(|| designed.of_leaf(number, device));
            status.served_by = access.and_then(|access| self.lines.served_by(device, access));
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
                served_by: None,
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
        let walk = self.region.walk(Reach::Working);
        let mut flood = Flood { walk, is_reached: vec![false; count], queue: Vec::new() };
        for step in self.region.steps_from_outside(Reach::Working) {
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
        served_by: None,
        through_loss_db: None,
    }
}

/// A flood fill of the cells of passive parts.
struct Flood {
    walk: Walk,
    is_reached: Vec<bool>,
    queue: Vec<usize>,
}

impl Flood {
    fn reach_behind(&mut self, region: &Region<'_>, cell: &LightCell) {
        for step in region.steps_from(cell, &mut self.walk) {
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

/// Where leaves without a path are connected by design. Nothing is searched as long as there are none.
struct DesignedAccess<'r, 'w> {
    region: &'r Region<'w>,
    /// By the number of a cell.
    optical: Option<Vec<Option<LightPath<'w>>>>,
    /// The same for AON_CPEs.
    ethernet: Option<Vec<Option<SwitchHop>>>,
}

impl<'r, 'w> DesignedAccess<'r, 'w> {
    fn of(region: &'r Region<'w>) -> Self {
        Self { region, optical: None, ethernet: None }
    }

    fn of_leaf(&mut self, cell: usize, leaf: &Device) -> Option<AccessPoint> {
        let region = self.region;
        if leaf.device_type == DeviceType::AonCpe {
            let paths = self.ethernet.get_or_insert_with(|| switch_paths(region, Reach::Designed));
            return switch_paths::access_of(region, paths, cell);
        }
        let paths = self.optical.get_or_insert_with(|| light_paths(region, Reach::Designed));
        light_paths::access_of(region, paths, cell)
    }
}
