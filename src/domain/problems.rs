//! Problems of the network, one per root cause: what is wrong, where, and which devices it affects.
//!
//! Root causes are found on walks down from working devices into those that are cut off. A device
//! that is cut off is attributed to the last link or device on the walk that an operator has set to
//! DOWN; where no walk begins, to the topmost of the devices that are linked with each other. Weak
//! light is attributed to the passive part if all leaves behind it have it, or else to each leaf.
//! Nothing is stored: when a cause is removed, what is still wrong is found under another one.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use rustc_hash::FxHashSet;

use super::{
    Device, DeviceClass, DeviceId, DeviceType, LinkId, Reason, SignalClass, Status, Timestamp,
    World,
};

/// The link or device that a problem comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RootCause {
    Link(LinkId),
    Device(DeviceId),
}

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// An operator has set it to DOWN or DEGRADED.
    Held,
    /// The cause and the devices behind it have no path upstream.
    Unreachable(Reason),
    /// Too little or too much light.
    Signal(SignalClass),
    /// An operator has set it to UP, but the computed status is DOWN.
    Conflict,
}

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Something is DOWN.
    Critical,
    /// Something is DEGRADED.
    Major,
    /// Everything works, but with too little margin.
    Minor,
}

/// A root cause and the devices that it affects.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    pub cause: RootCause,
    pub kind: ProblemKind,
    pub severity: Severity,
    pub since: Timestamp,
    /// The affected devices, ascending, without the cause itself.
    pub victims: Vec<DeviceId>,
    /// The affected leaves, ascending, the cause itself included.
    pub customers: Vec<DeviceId>,
}

/// Every problem of the network, the most severe and those with the most leaves first.
pub fn problems(world: &World) -> Vec<Problem> {
    let mut finder = ProblemFinder { world, problems: Vec::new() };
    finder.find_held_and_unreachable();
    finder.find_signals();
    let mut problems = finder.problems;
    problems.sort_by_key(|problem| {
        (problem.severity, std::cmp::Reverse(problem.customers.len()), problem.since, problem.cause)
    });
    problems
}

/// Devices without a path upstream that have no override themselves.
fn cut_off(world: &World) -> BTreeSet<DeviceId> {
    let devices = world
        .devices()
        .filter(|device| device.status_override.is_none() && unreachable_reason(device).is_some());
    devices.map(|device| device.id).collect()
}

fn unreachable_reason(device: &Device) -> Option<Reason> {
    [Reason::NoUpstream, Reason::NoOpticalPath, Reason::NoSwitch, Reason::NoActiveDevice]
        .into_iter()
        .find(|reason| device.reasons.contains(*reason))
}

/// A walk down from working devices that attributes what is cut off to the last cause on the path.
struct Walk<'w> {
    world: &'w World,
    /// Not attributed yet.
    cut_off: BTreeSet<DeviceId>,
    /// Held devices that the walk has passed.
    visited: BTreeSet<DeviceId>,
    victims: BTreeMap<RootCause, Vec<DeviceId>>,
}

impl Walk<'_> {
    /// Breadth first from devices, each with the cause that applies behind it, if there is one.
    fn down_from(&mut self, starts: Vec<(DeviceId, Option<RootCause>)>) {
        let mut queue = VecDeque::from(starts);
        while let Some((id, cause)) = queue.pop_front() {
            for neighbour in self.world.neighbours(id) {
                let link = self.world.link(neighbour.link);
                let is_cut = link.is_some_and(|link| link.is_forced_down());
                let cause = if is_cut { Some(RootCause::Link(neighbour.link)) } else { cause };
                let device = self.world.device(neighbour.device);
                if device.is_some_and(|device| device.is_forced_down()) {
                    if self.visited.insert(neighbour.device) {
                        queue.push_back((
                            neighbour.device,
                            Some(RootCause::Device(neighbour.device)),
                        ));
                    }
                } else if let Some(cause) = cause
                    && self.cut_off.remove(&neighbour.device)
                {
                    self.victims.entry(cause).or_default().push(neighbour.device);
                    queue.push_back((neighbour.device, Some(cause)));
                }
            }
        }
    }

    /// Working devices that are linked with devices that are cut off or held, and held gateways.
    fn starts(&self) -> Vec<(DeviceId, Option<RootCause>)> {
        let mut starts = BTreeMap::new();
        let held = self.world.devices().filter(|device| device.is_forced_down());
        let held: Vec<DeviceId> = held.map(|device| device.id).collect();
        for id in self.cut_off.iter().chain(&held) {
            for neighbour in self.world.neighbours(*id) {
                let device = self.world.device(neighbour.device);
                if device.is_some_and(|device| leads_down(device)) {
                    starts.insert(neighbour.device, None);
                }
            }
        }
        for id in held {
            let device = self.world.device(id);
            if device.is_some_and(|one| one.device_type == DeviceType::BackboneGateway) {
                starts.insert(id, Some(RootCause::Device(id)));
            }
        }
        starts.into_iter().collect()
    }
}

/// Whether a device works and others are reached through it.
fn leads_down(device: &Device) -> bool {
    device.device_type.class() != DeviceClass::Leaf && device.effective_status() == Status::Up
}

struct ProblemFinder<'w> {
    world: &'w World,
    problems: Vec<Problem>,
}

impl ProblemFinder<'_> {
    fn find_held_and_unreachable(&mut self) {
        let mut walk = Walk {
            world: self.world,
            cut_off: cut_off(self.world),
            visited: BTreeSet::new(),
            victims: self.held().into_keys().map(|cause| (cause, Vec::new())).collect(),
        };
        walk.down_from(walk.starts());
        // No walk leads there: the topmost device is the cause, unless a held one is in between.
        for top in self.top_down(&walk.cut_off) {
            if walk.cut_off.remove(&top) {
                walk.victims.insert(RootCause::Device(top), Vec::new());
                walk.down_from(vec![(top, Some(RootCause::Device(top)))]);
            }
        }
        let held = self.held();
        for (cause, victims) in walk.victims {
            let Some(since) = self.since(cause) else { continue };
            match (held.get(&cause), cause) {
                (Some(status), _) => {
                    self.add(cause, ProblemKind::Held, severity_of(*status), since, victims);
                }
                (None, RootCause::Device(id)) => self.add_unreachable(id, since, victims),
                (None, RootCause::Link(_)) => {}
            }
        }
        self.find_conflicts();
    }

    /// Links and devices that an operator has set to DOWN or DEGRADED.
    fn held(&self) -> BTreeMap<RootCause, Status> {
        let links = self.world.links().filter_map(|link| {
            Some((RootCause::Link(link.id), link.status_override.as_ref()?.status))
        });
        let devices = self.world.devices().filter_map(|device| {
            Some((RootCause::Device(device.id), device.status_override.as_ref()?.status))
        });
        links.chain(devices).filter(|(_, status)| *status != Status::Up).collect()
    }

    /// Sorted by tier, then by id.
    fn top_down(&self, devices: &BTreeSet<DeviceId>) -> Vec<DeviceId> {
        let mut sorted: Vec<DeviceId> = devices.iter().copied().collect();
        sorted.sort_by_key(|id| (self.tier(*id), *id));
        sorted
    }

    fn add_unreachable(&mut self, id: DeviceId, since: Timestamp, victims: Vec<DeviceId>) {
        let Some(device) = self.world.device(id) else { return };
        let Some(reason) = unreachable_reason(device) else { return };
        let kind = ProblemKind::Unreachable(reason);
        self.add(RootCause::Device(id), kind, severity_of(device.status), since, victims);
    }

    fn find_conflicts(&mut self) {
        let world = self.world;
        for device in world.devices() {
            if device.reasons.contains(Reason::OverrideConflict) {
                let cause = RootCause::Device(device.id);
                let since = device.status_since;
                self.add(cause, ProblemKind::Conflict, Severity::Minor, since, Vec::new());
            }
        }
    }

    /// Too little or too much light: one problem if all leaves of a passive part have it, else one for
    /// each leaf.
    fn find_signals(&mut self) {
        let mut under: BTreeMap<DeviceId, Vec<DeviceId>> = BTreeMap::new();
        for device in self.world.devices() {
            let Some(signal) = &device.signal else { continue };
            if signal.class == SignalClass::Ok || device.status_override.is_some() {
                continue;
            }
            if let Some(parent) = self.parent(device) {
                under.entry(parent).or_default().push(device.id);
            }
        }
        for (parent, mut leaves) in under {
            leaves.sort_unstable();
            if leaves.len() > 1 && leaves.len() == self.leaves_with_signal(parent) {
                self.add_signal(RootCause::Device(parent), leaves);
            } else {
                for leaf in leaves {
                    self.add_signal(RootCause::Device(leaf), vec![leaf]);
                }
            }
        }
    }

    fn add_signal(&mut self, cause: RootCause, leaves: Vec<DeviceId>) {
        let signals = leaves.iter().filter_map(|id| {
            let device = self.world.device(*id)?;
            Some((device.signal?.class, device.status_since))
        });
        let worst =
            signals.max_by_key(|(class, since)| (rank_of(*class), std::cmp::Reverse(*since)));
        let Some((class, since)) = worst else { return };
        let severity = match class {
            SignalClass::NoSignal => Severity::Critical,
            SignalClass::Critical => Severity::Major,
            SignalClass::Warning | SignalClass::Overload | SignalClass::Ok => Severity::Minor,
        };
        let victims = leaves.into_iter().filter(|id| RootCause::Device(*id) != cause).collect();
        self.add(cause, ProblemKind::Signal(class), severity, since, victims);
    }

    fn add(
        &mut self,
        cause: RootCause,
        kind: ProblemKind,
        severity: Severity,
        since: Timestamp,
        mut victims: Vec<DeviceId>,
    ) {
        victims.sort_unstable();
        let itself = match cause {
            RootCause::Device(id) => Some(id),
            RootCause::Link(_) => None,
        };
        let is_leaf = |id: &DeviceId| {
            let device = self.world.device(*id);
            device.is_some_and(|device| device.device_type.class() == DeviceClass::Leaf)
        };
        let mut customers: Vec<DeviceId> =
            victims.iter().copied().chain(itself).filter(is_leaf).collect();
        customers.sort_unstable();
        self.problems.push(Problem { cause, kind, severity, since, victims, customers });
    }

    fn since(&self, cause: RootCause) -> Option<Timestamp> {
        match cause {
            RootCause::Link(id) => self.world.link(id).map(|link| link.status_since),
            RootCause::Device(id) => self.world.device(id).map(|device| device.status_since),
        }
    }

    /// The next device on a leaf's optical path.
    fn parent(&self, leaf: &Device) -> Option<DeviceId> {
        let [a, b] = self.world.ends(*leaf.uplink.first()?)?;
        Some(if a == leaf.id { b } else { a })
    }

    fn leaves_with_signal(&self, parent: DeviceId) -> usize {
        let neighbours: FxHashSet<DeviceId> =
            self.world.neighbours(parent).iter().map(|neighbour| neighbour.device).collect();
        let leaves = neighbours.into_iter().filter_map(|id| self.world.device(id));
        leaves.filter(|leaf| leaf.signal.is_some() && self.parent(leaf) == Some(parent)).count()
    }

    /// The level in the network: the smaller, the more devices depend on it.
    fn tier(&self, id: DeviceId) -> Option<u8> {
        let tier = match self.world.device(id)?.device_type {
            DeviceType::BackboneGateway => 0,
            DeviceType::CoreRouter => 1,
            DeviceType::EdgeRouter => 2,
            DeviceType::Olt | DeviceType::AonSwitch => 3,
            DeviceType::Odf => 4,
            DeviceType::Splitter => 5,
            DeviceType::Nvt | DeviceType::Hop => 6,
            DeviceType::Pop | DeviceType::CoreSite => 8,
            DeviceType::Ont | DeviceType::BusinessOnt | DeviceType::AonCpe => 7,
        };
        Some(tier)
    }
}

fn severity_of(status: Status) -> Severity {
    match status {
        Status::Down => Severity::Critical,
        Status::Degraded => Severity::Major,
        Status::Up => Severity::Minor,
    }
}

fn rank_of(class: SignalClass) -> u8 {
    match class {
        SignalClass::Ok => 0,
        SignalClass::Warning => 1,
        SignalClass::Overload => 2,
        SignalClass::Critical => 3,
        SignalClass::NoSignal => 4,
    }
}
