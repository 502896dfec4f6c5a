//! The status of the devices and links of a region.

use std::collections::VecDeque;
use std::slice;

use super::device_status::{DeviceStatus, DeviceStatusUpdate};
use super::light_paths::{LightPath, light_paths};
use super::reachability::is_working;
use super::region::{Region, RegionNode};
use crate::domain::optics::budget::received_signal;
use crate::domain::optics::loss::{passive_loss, to_db};
use crate::domain::status::rules as status;
use crate::domain::{Device, DeviceId, DeviceType, Link, LinkId, Reason, SignalClass, Status};

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
        leaves: vec![LeafStatus::default(); region.nodes.len()],
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

type LightPaths<'w> = [Option<LightPath<'w>>];

struct Comparison<'r, 'w> {
    region: &'r Region<'w>,
    /// By number; passive parts have the default.
    leaves: Vec<LeafStatus>,
    update: RegionUpdate,
}

/// What the status of passive parts and links depends on in a leaf.
#[derive(Clone, Copy, Default)]
struct LeafStatus {
    is_working: bool,
    class: Option<SignalClass>,
}

/// How many optical paths lead through the link towards the OLT of a device, and how many of them
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
        for (number, node) in self.region.nodes.iter().enumerate() {
            let device = node.device;
            let status = match device.device_type {
                DeviceType::Ont | DeviceType::BusinessOnt => {
                    optical_leaf_status(device, paths[number].as_ref())
                }
                DeviceType::AonCpe if switch_paths[number].is_some() => {
                    DeviceStatus::up_through(links_to_switch(&switch_paths, number))
                }
                DeviceType::AonCpe => DeviceStatus::down(Reason::NoSwitch),
                _ => continue,
            };
            self.leaves[number] = LeafStatus {
                is_working: status.effective(device) != Status::Down,
                class: status.signal.map(|signal| signal.class),
            };
            self.add_device(device, status);
        }
    }

    /// A passive part is UP when a working active device can be reached through it.
    fn add_passives(&mut self, paths: &LightPaths<'_>) {
        let is_reached = self.reached_passives();
        for (number, node) in self.region.nodes.iter().enumerate() {
            let device = node.device;
            if !device.device_type.is_passive() {
                continue;
            }
            let loss = passive_loss(device.device_type, &device.optics, node.link_count);
            let uplink = paths[number].as_ref().map(|path| slice::from_ref(path.link()));
            let status = DeviceStatus {
                status: if is_reached[number] { Status::Up } else { Status::Degraded },
                reason: (!is_reached[number]).then_some(Reason::NoActiveDevice),
                signal: None,
                uplink: uplink.unwrap_or_default().into(),
                through_loss_db: Some(to_db(loss)),
            };
            self.add_device(device, status);
        }
    }

    /// A link is DEGRADED when every optical path through it is CRITICAL.
    fn add_links(&mut self, paths: &LightPaths<'_>) {
        let counts = self.path_counts(paths);
        let is_critical = |number: usize, link: &Link| {
            counts[number].are_critical()
                && paths[number].as_ref().is_some_and(|path| *path.link() == link.id)
        };
        for outer in &self.region.outer_links {
            let to = self.region.nodes[outer.to].device;
            let ends = [outer.from, to];
            add_link(&mut self.update, outer.link, ends, is_critical(outer.to, outer.link));
        }
        for (number, node) in self.region.nodes.iter().enumerate() {
            // Each link between two nodes is listed at both ends.
            for inner in self.region.links_of(node).iter().filter(|inner| number < inner.to) {
                let ends = [node.device, self.region.nodes[inner.to].device];
                let critical = is_critical(number, inner.link) || is_critical(inner.to, inner.link);
                add_link(&mut self.update, inner.link, ends, critical);
            }
        }
    }

    fn path_counts(&self, paths: &LightPaths<'_>) -> Vec<PathCounts> {
        let mut counts = vec![PathCounts::default(); self.region.nodes.len()];
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

    /// Which passive parts a working active device or leaf can be reached from, by number.
    fn reached_passives(&self) -> Vec<bool> {
        let count = self.region.nodes.len();
        let mut flood = Flood { is_reached: vec![false; count], queue: Vec::new() };
        for outer in self.region.outer_links.iter().filter(|outer| outer.is_passable) {
            if is_working(outer.from) {
                flood.reach(self.region, outer.to);
            }
        }
        for (leaf, node) in self.leaves.iter().zip(&self.region.nodes) {
            if leaf.is_working {
                flood.reach_neighbours(self.region, node);
            }
        }
        while let Some(number) = flood.queue.pop() {
            flood.reach_neighbours(self.region, &self.region.nodes[number]);
        }
        flood.is_reached
    }

    fn add_device(&mut self, device: &Device, status: DeviceStatus<'_>) {
        if let Some(update) = status.update_of(device) {
            self.update.devices.push((device.id, update));
        }
    }
}

fn add_link(update: &mut RegionUpdate, link: &Link, ends: [&Device; 2], is_critical: bool) {
    let status = status::of_link(link, ends, is_critical);
    if link.status != status {
        update.links.push((link.id, status));
    }
}

fn optical_leaf_status<'a>(leaf: &Device, path: Option<&'a LightPath<'_>>) -> DeviceStatus<'a> {
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
        reason,
        signal: Some(signal),
        uplink: slice::from_ref(path.link()).into(),
        through_loss_db: None,
    }
}

/// A flood fill of the passive parts.
struct Flood {
    is_reached: Vec<bool>,
    queue: Vec<usize>,
}

impl Flood {
    fn reach_neighbours(&mut self, region: &Region<'_>, node: &RegionNode<'_>) {
        for inner in region.links_of(node).iter().filter(|inner| inner.is_passable) {
            self.reach(region, inner.to);
        }
    }

    fn reach(&mut self, region: &Region<'_>, number: usize) {
        if !self.is_reached[number] && region.nodes[number].device.device_type.is_passive() {
            self.is_reached[number] = true;
            self.queue.push(number);
        }
    }
}

/// The next hop towards an AON switch.
#[derive(Clone, Copy)]
struct SwitchHop {
    link: LinkId,
    /// The number of the device there; `None` for the switch itself.
    to: Option<usize>,
}

/// By number, the next hop to a working AON switch through passable links and passive parts:
/// breadth first, so with the fewest hops.
fn switch_paths(region: &Region<'_>) -> Vec<Option<SwitchHop>> {
    let mut paths: Vec<Option<SwitchHop>> = vec![None; region.nodes.len()];
    let mut queue = VecDeque::new();
    for outer in region.outer_links.iter().filter(|outer| outer.is_passable) {
        let switch = outer.from;
        if switch.device_type == DeviceType::AonSwitch
            && is_working(switch)
            && paths[outer.to].is_none()
        {
            paths[outer.to] = Some(SwitchHop { link: outer.link.id, to: None });
            queue.push_back(outer.to);
        }
    }
    while let Some(number) = queue.pop_front() {
        let node = &region.nodes[number];
        if !node.device.device_type.is_passive() {
            continue;
        }
        for inner in region.links_of(node).iter().filter(|inner| inner.is_passable) {
            if paths[inner.to].is_none() {
                paths[inner.to] = Some(SwitchHop { link: inner.link.id, to: Some(number) });
                queue.push_back(inner.to);
            }
        }
    }
    paths
}

/// The links from a device to its switch, nearest first.
fn links_to_switch(paths: &[Option<SwitchHop>], number: usize) -> Vec<LinkId> {
    let mut links = Vec::new();
    let mut at = Some(number);
    while let Some(hop) = at.and_then(|number| paths[number]) {
        links.push(hop.link);
        at = hop.to;
    }
    links
}
