//! What a region's devices and links have to be.

use std::collections::VecDeque;
use std::slice;

use super::light_paths::{self, Way};
use super::region::{Node, Region};
use super::{Settled, Verdict, is_working};
use crate::domain::optics;
use crate::domain::status::rules as status;
use crate::domain::{Device, DeviceId, DeviceType, Link, LinkId, Reason, SignalClass, Status};

/// What has to change, ascending by id.
#[derive(Default)]
pub(super) struct Outcome {
    pub(super) devices: Vec<(DeviceId, Settled)>,
    pub(super) links: Vec<(LinkId, Status)>,
}

/// Compares everything inside with what follows from the network.
pub(super) fn outcome(region: &Region<'_>) -> Outcome {
    let ways = light_paths::ways(region);
    let mut judge = Judge {
        region,
        leaves: vec![Leaf::default(); region.nodes.len()],
        outcome: Outcome::default(),
    };
    judge.leaves(&ways);
    judge.passives(&ways);
    judge.links(&ways);
    let mut outcome = judge.outcome;
    outcome.devices.sort_unstable_by_key(|(id, _)| *id);
    outcome.links.sort_unstable_by_key(|(id, _)| *id);
    outcome
}

type Ways<'w> = [Option<Way<'w>>];

struct Judge<'r, 'w> {
    region: &'r Region<'w>,
    /// By number; passive parts have the default.
    leaves: Vec<Leaf>,
    outcome: Outcome,
}

/// What the others need to know of a leaf.
#[derive(Clone, Copy, Default)]
struct Leaf {
    is_working: bool,
    class: Option<SignalClass>,
}

/// Optical paths that begin with a device's way, and how many of them are CRITICAL.
#[derive(Clone, Copy, Default)]
struct Paths {
    all: u32,
    critical: u32,
}

impl Paths {
    fn are_critical(self) -> bool {
        self.all > 0 && self.all == self.critical
    }
}

impl Judge<'_, '_> {
    fn leaves(&mut self, ways: &Ways<'_>) {
        let served = served(self.region);
        for (number, node) in self.region.nodes.iter().enumerate() {
            let device = node.device;
            let verdict = match device.device_type {
                DeviceType::Ont | DeviceType::BusinessOnt => {
                    optical_leaf(device, ways[number].as_ref())
                }
                DeviceType::AonCpe if served[number].is_some() => {
                    Verdict::up_through(links_back(&served, number))
                }
                DeviceType::AonCpe => Verdict::down(Reason::NoSwitch),
                _ => continue,
            };
            self.leaves[number] = Leaf {
                is_working: verdict.effective(device) != Status::Down,
                class: verdict.signal.map(|signal| signal.class),
            };
            self.note(device, verdict);
        }
    }

    /// Passive parts are UP where a working active device can be reached through them.
    fn passives(&mut self, ways: &Ways<'_>) {
        let lit = self.lit();
        for (number, node) in self.region.nodes.iter().enumerate() {
            let device = node.device;
            if !device.device_type.is_passive() {
                continue;
            }
            let through = optics::of_passive(device, node.link_count);
            let uplink = ways[number].as_ref().map(|way| slice::from_ref(way.link()));
            let verdict = Verdict {
                status: if lit[number] { Status::Up } else { Status::Degraded },
                reason: (!lit[number]).then_some(Reason::NoActiveDevice),
                signal: None,
                uplink: uplink.unwrap_or_default().into(),
                through_loss_db: Some(optics::to_db(through)),
            };
            self.note(device, verdict);
        }
    }

    /// A link is DEGRADED when every optical path through it is CRITICAL.
    fn links(&mut self, ways: &Ways<'_>) {
        let paths = self.paths(ways);
        let is_critical = |number: usize, link: &Link| {
            paths[number].are_critical()
                && ways[number].as_ref().is_some_and(|way| *way.link() == link.id)
        };
        for entry in &self.region.entries {
            let to = self.region.nodes[entry.to].device;
            let ends = [entry.from, to];
            note_link(&mut self.outcome, entry.link, ends, is_critical(entry.to, entry.link));
        }
        for (number, node) in self.region.nodes.iter().enumerate() {
            // Each link has a step at both ends.
            for step in self.region.steps(node).iter().filter(|step| number < step.to) {
                let ends = [node.device, self.region.nodes[step.to].device];
                let critical = is_critical(number, step.link) || is_critical(step.to, step.link);
                note_link(&mut self.outcome, step.link, ends, critical);
            }
        }
    }

    fn paths(&self, ways: &Ways<'_>) -> Vec<Paths> {
        let mut paths = vec![Paths::default(); self.region.nodes.len()];
        for (number, leaf) in self.leaves.iter().enumerate() {
            let Some(class) = leaf.class else { continue };
            let mut at = Some(number);
            while let Some(here) = at {
                paths[here].all += 1;
                paths[here].critical += u32::from(class == SignalClass::Critical);
                at = ways[here].as_ref().and_then(|way| way.from);
            }
        }
        paths
    }

    /// Which passive parts a working active device can be reached from, by number.
    fn lit(&self) -> Vec<bool> {
        let mut spread = Spread { lit: vec![false; self.region.nodes.len()], queue: Vec::new() };
        for entry in self.region.entries.iter().filter(|entry| entry.is_open) {
            if is_working(entry.from) {
                spread.reach(self.region, entry.to);
            }
        }
        for (leaf, node) in self.leaves.iter().zip(&self.region.nodes) {
            if leaf.is_working {
                spread.go_on(self.region, node);
            }
        }
        while let Some(number) = spread.queue.pop() {
            spread.go_on(self.region, &self.region.nodes[number]);
        }
        spread.lit
    }

    fn note(&mut self, device: &Device, verdict: Verdict<'_>) {
        if let Some(settled) = verdict.unlike(device) {
            self.outcome.devices.push((device.id, settled));
        }
    }
}

fn note_link(outcome: &mut Outcome, link: &Link, ends: [&Device; 2], is_critical: bool) {
    let status = status::of_link(link, ends, is_critical);
    if link.status != status {
        outcome.links.push((link.id, status));
    }
}

fn optical_leaf<'v>(leaf: &Device, way: Option<&'v Way<'_>>) -> Verdict<'v> {
    let Some(way) = way else { return Verdict::down(Reason::NoOpticalPath) };
    let signal = optics::judge(way.olt, leaf, way.loss());
    let (status, reason) = match signal.class {
        SignalClass::NoSignal => (Status::Down, Some(Reason::NoSignal)),
        SignalClass::Critical => (Status::Degraded, Some(Reason::SignalCritical)),
        SignalClass::Warning => (Status::Up, Some(Reason::SignalWarning)),
        SignalClass::Overload => (Status::Up, Some(Reason::SignalOverload)),
        SignalClass::Ok => (Status::Up, None),
    };
    Verdict {
        status,
        reason,
        signal: Some(signal),
        uplink: slice::from_ref(way.link()).into(),
        through_loss_db: None,
    }
}

/// Light on its way through passive parts.
struct Spread {
    lit: Vec<bool>,
    queue: Vec<usize>,
}

impl Spread {
    fn go_on(&mut self, region: &Region<'_>, node: &Node<'_>) {
        for step in region.steps(node).iter().filter(|step| step.is_open) {
            self.reach(region, step.to);
        }
    }

    fn reach(&mut self, region: &Region<'_>, number: usize) {
        if !self.lit[number] && region.nodes[number].device.device_type.is_passive() {
            self.lit[number] = true;
            self.queue.push(number);
        }
    }
}

/// A step back towards an AON switch: the link, and the device before unless it is the switch.
#[derive(Clone, Copy)]
struct Back {
    link: LinkId,
    from: Option<usize>,
}

/// By number, the way back to a working AON switch through passable links and passive parts:
/// breadth first, so with the fewest hops.
fn served(region: &Region<'_>) -> Vec<Option<Back>> {
    let mut served: Vec<Option<Back>> = vec![None; region.nodes.len()];
    let mut queue = VecDeque::new();
    for entry in region.entries.iter().filter(|entry| entry.is_open) {
        let switch = entry.from;
        if switch.device_type == DeviceType::AonSwitch
            && is_working(switch)
            && served[entry.to].is_none()
        {
            served[entry.to] = Some(Back { link: entry.link.id, from: None });
            queue.push_back(entry.to);
        }
    }
    while let Some(number) = queue.pop_front() {
        let node = &region.nodes[number];
        if !node.device.device_type.is_passive() {
            continue;
        }
        for step in region.steps(node).iter().filter(|step| step.is_open) {
            if served[step.to].is_none() {
                served[step.to] = Some(Back { link: step.link.id, from: Some(number) });
                queue.push_back(step.to);
            }
        }
    }
    served
}

/// The links of a way back, nearest first.
fn links_back(served: &[Option<Back>], number: usize) -> Vec<LinkId> {
    let mut links = Vec::new();
    let mut at = Some(number);
    while let Some(back) = at.and_then(|number| served[number]) {
        links.push(back.link);
        at = back.from;
    }
    links
}
