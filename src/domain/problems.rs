//! Problems of the network, one per root cause: what is wrong, where, and which devices it affects.
//!
//! Root causes are found on walks down from working devices into those that are cut off. A device
//! that is cut off is attributed to the last link or device on the walk that an operator has set to
//! DOWN; where no walk begins, to the topmost of the devices that are linked with each other. Weak
//! light is attributed to the passive part if all leaves behind it have it, or else to each leaf.
//! Nothing is stored: when a cause is removed, what is still wrong is found under another one.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use rustc_hash::FxHashSet;

use super::plant::stop::Stop;
use super::{
    Device, DeviceClass, DeviceId, DeviceType, LinkId, Override, Reason, SignalClass, Status,
    Timestamp, World,
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
    /// It is planned or retired, but devices that are in service depend on it.
    NotInService,
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
    /// Planned work, which alarms nobody.
    Planned,
}

impl Severity {
    /// The most severe first.
    pub const ALL: [Self; 4] = [Self::Critical, Self::Major, Self::Minor, Self::Planned];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Major => "major",
            Self::Minor => "minor",
            Self::Planned => "planned",
        }
    }
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
    /// What the walk has passed, with what was held before it.
    visited: FxHashSet<Stop>,
    victims: BTreeMap<RootCause, Vec<DeviceId>>,
}

/// Where the walk is, and the cause that applies behind it, if there is one.
type WalkStep = (Stop, Option<RootCause>);

/// The links that lead from what is cut off or held up to working devices.
#[derive(Default)]
struct WayUp {
    links: FxHashSet<LinkId>,
    working: BTreeSet<DeviceId>,
}

impl Walk<'_> {
    /// Breadth first over some links, or over all.
    fn down_from(&mut self, starts: Vec<WalkStep>, links: Option<&FxHashSet<LinkId>>) {
        let mut queue = VecDeque::from(starts);
        while let Some((from, cause)) = queue.pop_front() {
            let all = from.links(self.world).into_iter();
            for link in all.filter(|link| links.is_none_or(|links| links.contains(link))) {
                let Some(to) = Stop::behind(self.world, from.device, link) else { continue };
                let is_cut = self.world.link(link).is_some_and(|link| link.is_out_of_use());
                let cause = if is_cut { Some(RootCause::Link(link)) } else { cause };
                queue.extend(self.enter(to, cause));
            }
        }
    }

    /// Attributes a device to a cause; returns where the walk goes on.
    fn enter(&mut self, to: Stop, cause: Option<RootCause>) -> Option<WalkStep> {
        let device = self.world.device(to.device)?;
        let is_passive = device.device_type.is_passive();
        if device.is_out_of_use() {
            return self.visited.insert(to).then_some((to, Some(RootCause::Device(device.id))));
        }
        let is_victim = cause.is_some() && self.cut_off.remove(&device.id);
        if let (true, Some(cause)) = (is_victim, cause) {
            self.victims.entry(cause).or_default().push(device.id);
        }
        // A part that is partly lit is passed by each of its ways.
        let goes_on = if is_passive { self.visited.insert(to) } else { is_victim };
        goes_on.then_some((to, cause))
    }

    /// Working devices above those that are cut off or held, and held gateways.
    fn starts(&self, way_up: &WayUp) -> Vec<WalkStep> {
        let mut starts: BTreeMap<DeviceId, Option<RootCause>> =
            way_up.working.iter().map(|id| (*id, None)).collect();
        let gateways = self.world.core().filter_map(|id| self.world.device(id));
        for device in gateways.filter(|one| one.device_type == DeviceType::BackboneGateway) {
            if device.is_out_of_use() {
                starts.insert(device.id, Some(RootCause::Device(device.id)));
            }
        }
        starts.into_iter().map(|(id, cause)| (Stop::at(id), cause)).collect()
    }

    /// Up from everything that is cut off or held.
    fn way_up(&self) -> WayUp {
        let mut way_up = WayUp::default();
        let held = self.world.devices().filter(|device| device.is_out_of_use());
        let mut queue: Vec<Stop> = held
            .map(|device| device.id)
            .chain(self.cut_off.iter().copied())
            .map(Stop::at)
            .collect();
        let mut seen: FxHashSet<Stop> = queue.iter().copied().collect();
        while let Some(from) = queue.pop() {
            for link in from.links(self.world) {
                way_up.links.insert(link);
                let Some(to) = Stop::behind(self.world, from.device, link) else { continue };
                let Some(device) = self.world.device(to.device) else { continue };
                if device.device_type.is_passive() {
                    if seen.insert(to) {
                        queue.push(to);
                    }
                } else if leads_down(device) {
                    way_up.working.insert(device.id);
                }
            }
        }
        way_up
    }
}

/// Whether an active device works, so that others are reached through it.
fn leads_down(device: &Device) -> bool {
    device.device_type.class() == DeviceClass::Active
        && device.is_in_service()
        && device.effective_status() != Status::Down
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
            visited: FxHashSet::default(),
            victims: self.held().into_keys().map(|cause| (cause, Vec::new())).collect(),
        };
        let way_up = walk.way_up();
        walk.down_from(walk.starts(&way_up), Some(&way_up.links));
        // No walk leads there: the topmost device is the cause, be it cut off itself or out of use.
        for top in self.topmost_first(&walk.cut_off) {
            let is_out_of_use = self.is_out_of_use(RootCause::Device(top));
            if walk.cut_off.remove(&top) || is_out_of_use {
                walk.victims.entry(RootCause::Device(top)).or_default();
                walk.down_from(vec![(Stop::at(top), Some(RootCause::Device(top)))], None);
            }
        }
        let held = self.held();
        for (cause, victims) in walk.victims {
            let Some(since) = self.since(cause) else { continue };
            match (held.get(&cause), cause) {
                (Some(severity), _) => {
                    self.add(cause, ProblemKind::Held, *severity, since, victims);
                }
                _ if self.is_out_of_use(cause) => {
                    if !victims.is_empty() {
                        let kind = ProblemKind::NotInService;
                        self.add(cause, kind, Severity::Critical, since, victims);
                    }
                }
                (None, RootCause::Device(id)) => self.add_unreachable(id, since, victims),
                (None, RootCause::Link(_)) => {}
            }
        }
        self.find_conflicts();
    }

    /// Links and devices in service that an operator has set to DOWN or DEGRADED.
    fn held(&self) -> BTreeMap<RootCause, Severity> {
        let links =
            self.world.links().filter(|link| link.is_in_service()).filter_map(|link| {
                Some((RootCause::Link(link.id), link.status_override.as_deref()?))
            });
        let devices = self.world.devices().filter(|device| device.is_in_service());
        let devices = devices.filter_map(|device| {
            Some((RootCause::Device(device.id), device.status_override.as_deref()?))
        });
        let held = links.chain(devices).filter(|(_, set)| set.status != Status::Up);
        held.map(|(cause, set)| (cause, severity_of_override(set))).collect()
    }

    fn is_out_of_use(&self, cause: RootCause) -> bool {
        match cause {
            RootCause::Link(id) => self.world.link(id).is_some_and(|link| link.is_out_of_use()),
            RootCause::Device(id) => self.world.device(id).is_some_and(|one| one.is_out_of_use()),
        }
    }

    /// What is cut off, and what is out of use: by tier, then by id.
    fn topmost_first(&self, cut_off: &BTreeSet<DeviceId>) -> Vec<DeviceId> {
        if cut_off.is_empty() {
            return Vec::new();
        }
        let out_of_use = self.world.devices().filter(|device| device.is_out_of_use());
        let mut sorted: Vec<DeviceId> =
            out_of_use.map(|device| device.id).chain(cut_off.iter().copied()).collect();
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
            if device.is_in_service() && device.reasons.contains(Reason::OverrideConflict) {
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

fn severity_of_override(set: &Override) -> Severity {
    if set.is_planned_work { Severity::Planned } else { severity_of(set.status) }
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
