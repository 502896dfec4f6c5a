//! Status as the contract defines it: everything is computed again, by going over all links until
//! nothing changes.
//!
//! Of several equally good paths upstream that are not optical, the program may take any: its choice
//! (`uplink` of routers, OLTs, switches and CPEs, the switch of CPEs) is checked and adopted. Everything else is computed
//! here, to the last bit.

use std::collections::{BTreeMap, BTreeSet};

use unoc::domain::{
    Device, DeviceId, DeviceType, Lifecycle, Link, LinkId, Override, Reason, Reasons, ServedBy,
    Signal, SignalClass, Status, Timestamp, Uplink, World,
};

use super::Oracle;
use super::light::{self, Loss};
use super::plant::Passage;
use super::tables::{is_container, is_passive};
use DeviceType as T;

/// From a device over a passable link to another device, with the ports at both ends.
#[derive(Clone, Copy)]
pub(super) struct Step {
    link: u64,
    from: u64,
    from_port: u64,
    to: u64,
    to_port: u64,
}

/// A device, and the port that it was reached by.
pub(super) type Place = (u64, u64);

/// What passive parts pass.
pub(super) type Passages = BTreeMap<u64, Passage>;

/// An optical path from an OLT. Paths are compared by the fields in this order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LightPath {
    loss_down: i64,
    length_mm: i64,
    hops: usize,
    olt: u64,
    /// Devices and the links to them, from the end upwards.
    pub(super) nodes: Vec<(u64, u64)>,
    loss: Loss,
}

/// The computed status of a device.
#[derive(Default)]
struct ComputedStatus {
    reasons: Vec<Reason>,
    signal: Option<Signal>,
    uplink: Uplink,
    served_by: Option<ServedBy>,
    through_loss_db: Option<f64>,
}

impl Oracle {
    /// Computes every status again. `program` shows which of several paths it chose.
    pub(super) fn recompute(&mut self, program: &World) {
        let chosen = |id: u64| {
            let device = program.device(DeviceId(id));
            device.map(|device| device.uplink.clone()).unwrap_or_default()
        };
        self.recompute_ports();
        self.recompute_links(&BTreeSet::new());
        let steps = self.steps();
        let passages = self.passages();
        self.recompute_core(&steps, &passages, chosen);
        let paths = self.light_paths(&steps, &passages, works);
        self.recompute_leaves(&steps, &passages, &paths, chosen);
        self.recompute_lines(&passages, &paths, program);
        self.recompute_passives(&steps, &passages, &paths);
        self.recompute_links(&self.critical_links(&paths));
    }

    /// Sets the times of everything that has changed.
    pub(super) fn set_times(&mut self, before: &Self, now: Timestamp) {
        for (id, device) in &mut self.devices {
            let Some(old) = before.devices.get(id) else { continue };
            (device.updated_at, device.status_since) = (old.updated_at, old.status_since);
            if device != old {
                device.updated_at = now;
            }
            if effective(device) != effective(old) {
                device.status_since = now;
            }
        }
        for (id, port) in &mut self.interfaces {
            let Some(old) = before.interfaces.get(id) else { continue };
            port.updated_at = old.updated_at;
            if port != old {
                port.updated_at = now;
            }
        }
        for (id, link) in &mut self.links {
            let Some(old) = before.links.get(id) else { continue };
            (link.updated_at, link.status_since) = (old.updated_at, old.status_since);
            if link != old {
                link.updated_at = now;
            }
            if link.status != old.status {
                link.status_since = now;
            }
        }
    }

    pub(super) fn recompute_ports(&mut self) {
        let mut lit: BTreeSet<u64> = BTreeSet::new();
        for link in self.links.values().filter(|link| !is_out_of_use(link)) {
            lit.extend([link.a.0, link.b.0]);
        }
        for port in self.interfaces.values_mut() {
            let is_up = port.interface_type == unoc::domain::InterfaceType::Loopback
                || is_passive(self.devices[&port.device.0].device_type)
                || lit.contains(&port.id.0);
            port.status = if is_up { Status::Up } else { Status::Down };
        }
    }

    fn ends(&self, link: &Link) -> [u64; 2] {
        [link.a, link.b].map(|port| self.interfaces[&port.0].device.0)
    }

    /// `critical`: the links whose optical paths are all CRITICAL.
    fn recompute_links(&mut self, critical: &BTreeSet<u64>) {
        let mut links = self.links.clone();
        for link in links.values_mut() {
            let ends = self.ends(link).map(|id| &self.devices[&id]);
            let is_end_down = ends.into_iter().any(|end| {
                is_held_down(&end.status_override) || end.lifecycle != Lifecycle::InService
            });
            let is_down = is_out_of_use(link) || is_end_down;
            link.status = match &link.status_override {
                _ if is_down => Status::Down,
                Some(set) => set.status,
                None if critical.contains(&link.id.0) => Status::Degraded,
                None => Status::Up,
            };
        }
        self.links = links;
    }

    /// Both directions of every link that is not DOWN.
    fn steps(&self) -> Vec<Step> {
        self.steps_over(|link| link.status != Status::Down)
    }

    pub(super) fn steps_over(&self, is_open: impl Fn(&Link) -> bool) -> Vec<Step> {
        let open = self.links.values().filter(|link| is_open(link));
        let both = open.flat_map(|link| {
            let [a, b] = self.ends(link);
            let (from_port, to_port) = (link.a.0, link.b.0);
            let there = Step { link: link.id.0, from: a, from_port, to: b, to_port };
            [there, Step { from: b, from_port: to_port, to: a, to_port: from_port, ..there }]
        });
        both.collect()
    }

    pub(super) fn all(&self, suits: impl Fn(&Device) -> bool) -> BTreeSet<u64> {
        let suitable = self.devices.values().filter(|device| suits(device));
        suitable.map(|device| device.id.0).collect()
    }

    /// Devices that are reached from `sources` through others that forward.
    pub(super) fn reached(
        &self,
        steps: &[Step],
        passages: &Passages,
        sources: &BTreeSet<u64>,
        forwards: impl Fn(&Device) -> bool,
    ) -> BTreeSet<u64> {
        let mut reached: BTreeSet<Place> = BTreeSet::new();
        loop {
            let count = reached.len();
            for step in steps {
                let is_lit = sources.contains(&step.from)
                    || (forwards(&self.devices[&step.from])
                        && reached.iter().any(|place| goes_on(passages, *place, step)));
                if is_lit && !sources.contains(&step.to) {
                    reached.insert((step.to, step.to_port));
                }
            }
            if reached.len() == count {
                return reached.into_iter().map(|(device, _)| device).collect();
            }
        }
    }

    /// Gateways and containers; routers, OLTs and switches.
    fn recompute_core(
        &mut self,
        steps: &[Step],
        passages: &Passages,
        chosen: impl Fn(u64) -> Uplink,
    ) {
        let forwards = |device: &Device| is_router(device) || is_passive(device.device_type);
        let is_always_up = |device: &Device| {
            let is_in_service = device.lifecycle == Lifecycle::InService;
            let is_gateway = device.device_type == T::BackboneGateway;
            is_container(device.device_type) || (is_gateway && is_in_service)
        };
        for id in self.all(is_always_up) {
            self.put(id, Status::Up, ComputedStatus::default());
        }
        let gateways = self.all(|one| one.device_type == T::BackboneGateway && works(one));
        let mut reached = self.reached(steps, passages, &gateways, forwards);
        let held_up = self.all(|one| {
            let is_held = is_router(one) && one.status_override.is_some() && works(one);
            is_held && one.device_type != T::BackboneGateway && !reached.contains(&one.id.0)
        });
        reached.extend(self.reached(steps, passages, &held_up, forwards));
        let mut above = BTreeMap::new();
        let is_computed = |device: &Device| {
            !is_leaf(device) && !is_passive(device.device_type) && !is_always_up(device)
        };
        for id in self.all(is_computed) {
            let is_in_service = self.devices[&id].lifecycle == Lifecycle::InService;
            if reached.contains(&id) {
                let uplink = chosen(id);
                let end = self.end_of_chain(passages, id, &uplink);
                let known = [&gateways, &held_up, &reached].iter().any(|set| set.contains(&end));
                assert!(known && is_router(&self.devices[&end]), "the path of {id} ends at {end}");
                above.insert(id, end);
                self.put(id, Status::Up, ComputedStatus { uplink, ..ComputedStatus::default() });
            } else {
                let reason = if is_in_service { Reason::NoUpstream } else { Reason::NotInService };
                self.put(id, Status::Down, ComputedStatus::because(reason));
            }
        }
        for start in above.keys() {
            let chain = std::iter::successors(Some(start), |id| above.get(id));
            assert!(chain.take(above.len() + 2).count() <= above.len() + 1, "a circle at {start}");
        }
    }

    /// The device at the end of a path over passable links and through passive parts.
    fn end_of_chain(&self, passages: &Passages, start: u64, links: &[LinkId]) -> u64 {
        assert!(!links.is_empty(), "{start} is reached, but has no path");
        let mut at: Place = (start, 0);
        for (index, id) in links.iter().enumerate() {
            let link = &self.links[&id.0];
            let [a, b] = self.ends(link);
            let [near, far] = if a == at.0 { [link.a.0, link.b.0] } else { [link.b.0, link.a.0] };
            assert!(link.status != Status::Down && [a, b].contains(&at.0), "{links:?} of {start}");
            assert!(index == 0 || passages[&at.0].passes(at.1, near), "{links:?} of {start}");
            at = (if at.0 == a { b } else { a }, far);
        }
        at.0
    }

    /// The best path to each port of passive parts and of leaves: repeated until no path improves.
    pub(super) fn light_paths(
        &self,
        steps: &[Step],
        passages: &Passages,
        shines: impl Fn(&Device) -> bool,
    ) -> BTreeMap<Place, LightPath> {
        let inside = |device: &Device| is_leaf(device) || is_passive(device.device_type);
        let through = self.through_losses();
        let mut paths: BTreeMap<Place, LightPath> = BTreeMap::new();
        loop {
            let mut is_better = false;
            for step in steps {
                let source = &self.devices[&step.from];
                let mut befores = Vec::new();
                if source.device_type == T::Olt && shines(source) {
                    befores.push(LightPath { olt: step.from, ..LightPath::nothing() });
                } else if is_passive(source.device_type) {
                    let loss = through[&step.from] + self.join_loss(step.from_port);
                    let ways = paths.iter().filter(|(place, _)| goes_on(passages, **place, step));
                    befores.extend(ways.map(|(_, path)| path.through(loss)));
                }
                let place = (step.to, step.to_port);
                for before in befores {
                    let path = before.over(&self.links[&step.link], step.from);
                    let is_best = paths.get(&place).is_none_or(|best| path < *best);
                    if inside(&self.devices[&step.to]) && is_best {
                        paths.insert(place, path);
                        is_better = true;
                    }
                }
            }
            if !is_better {
                return paths;
            }
        }
    }

    fn join_loss(&self, port: u64) -> i64 {
        let join = self.interfaces[&port].cross_connect.as_ref();
        light::millionths(join.and_then(|join| join.loss_db).unwrap_or_default())
    }

    /// The loss of each passive part, without that of its joins.
    fn through_losses(&self) -> BTreeMap<u64, i64> {
        let passives = self.devices.values().filter(|one| is_passive(one.device_type));
        let loss = |device: &Device| light::passive_loss(device, self.split_ratio(device.id.0));
        passives.map(|device| (device.id.0, loss(device))).collect()
    }

    fn recompute_leaves(
        &mut self,
        steps: &[Step],
        passages: &Passages,
        paths: &BTreeMap<Place, LightPath>,
        chosen: impl Fn(u64) -> Uplink,
    ) {
        let switches = self.all(|device| device.device_type == T::AonSwitch && works(device));
        let served =
            self.reached(steps, passages, &switches, |device| is_passive(device.device_type));
        for id in self.all(is_leaf) {
            let leaf = &self.devices[&id];
            let (status, computed) = match (leaf.device_type, best_path(paths, id)) {
                _ if leaf.lifecycle != Lifecycle::InService => {
                    (Status::Down, ComputedStatus::because(Reason::NotInService))
                }
                _ if !self.was_connected(id) => {
                    (Status::Down, ComputedStatus::because(Reason::NotConnected))
                }
                (T::AonCpe, _) if served.contains(&id) => {
                    let uplink = chosen(id);
                    assert!(
                        switches.contains(&self.end_of_chain(passages, id, &uplink)),
                        "{uplink:?}"
                    );
                    (Status::Up, ComputedStatus { uplink, ..ComputedStatus::default() })
                }
                (T::AonCpe, _) => (Status::Down, ComputedStatus::because(Reason::NoSwitch)),
                (_, None) => (Status::Down, ComputedStatus::because(Reason::NoOpticalPath)),
                (_, Some(path)) => {
                    let signal = light::signal(&self.devices[&path.olt], leaf, path.loss);
                    let (status, reason) = match signal.class {
                        SignalClass::Ok => (Status::Up, None),
                        SignalClass::Warning => (Status::Up, Some(Reason::SignalWarning)),
                        SignalClass::Overload => (Status::Up, Some(Reason::SignalOverload)),
                        SignalClass::Critical => (Status::Degraded, Some(Reason::SignalCritical)),
                        SignalClass::NoSignal => (Status::Down, Some(Reason::NoSignal)),
                    };
                    let (signal, uplink) = (Some(signal), path.uplink());
                    let reasons = reason.into_iter().collect();
                    (
                        status,
                        ComputedStatus { reasons, signal, uplink, ..ComputedStatus::default() },
                    )
                }
            };
            self.put(id, status, computed);
        }
    }

    /// A leaf without a link whose ports never changed was never connected.
    fn was_connected(&self, leaf: u64) -> bool {
        let mut ports = self.interfaces.values().filter(|port| port.device.0 == leaf);
        !self.links_of(leaf).is_empty() || ports.any(|port| port.updated_at != port.created_at)
    }

    fn recompute_passives(
        &mut self,
        steps: &[Step],
        passages: &Passages,
        paths: &BTreeMap<Place, LightPath>,
    ) {
        let working = self.all(|device| !is_passive(device.device_type) && works(device));
        let lit = self.reached(steps, passages, &working, |device| is_passive(device.device_type));
        for (id, loss) in self.through_losses() {
            let through_loss_db = Some(light::decibels(loss));
            let uplink = best_path(paths, id).map(LightPath::uplink).unwrap_or_default();
            let [is_incomplete, is_assumed] = self.uncertainty(id, &passages[&id]);
            let (status, reason) = if self.devices[&id].lifecycle != Lifecycle::InService {
                (Status::Down, Some(Reason::NotInService))
            } else if lit.contains(&id) {
                (Status::Up, None)
            } else if self.links_of(id).is_empty() {
                (Status::Degraded, Some(Reason::NotConnected))
            } else {
                (Status::Degraded, Some(Reason::NoActiveDevice))
            };
            let incomplete = is_incomplete.then_some(Reason::JoinsNotRecorded);
            let assumed = is_assumed.then_some(Reason::JoinsAssumed);
            let reasons = [reason, incomplete, assumed].into_iter().flatten().collect();
            let computed =
                ComputedStatus { reasons, uplink, through_loss_db, ..Default::default() };
            self.put(id, status, computed);
        }
    }

    /// Links on the paths of leaves with a signal where all of these are CRITICAL.
    fn critical_links(&self, paths: &BTreeMap<Place, LightPath>) -> BTreeSet<u64> {
        let mut is_critical: BTreeMap<u64, bool> = BTreeMap::new();
        for device in self.devices.values() {
            let Some(signal) = device.signal else { continue };
            let Some(path) = best_path(paths, device.id.0) else { continue };
            for (_, link) in &path.nodes {
                *is_critical.entry(*link).or_insert(true) &= signal.class == SignalClass::Critical;
            }
        }
        is_critical.into_iter().filter_map(|(link, is)| is.then_some(link)).collect()
    }

    fn put(&mut self, id: u64, status: Status, computed: ComputedStatus) {
        let device = self.devices.get_mut(&id).expect("it was found before");
        let mut reasons = computed.reasons.into_iter().fold(Reasons::NONE, Reasons::with);
        if let Some(set) = &device.status_override {
            reasons = reasons.with(Reason::Override);
            if (set.status, status) == (Status::Up, Status::Down) {
                reasons = reasons.with(Reason::OverrideConflict);
            }
        }
        device.status = status;
        device.reasons = reasons;
        device.signal = computed.signal;
        device.uplink = computed.uplink;
        device.served_by = computed.served_by;
        device.through_loss_db = computed.through_loss_db;
    }
}

impl ComputedStatus {
    fn because(reason: Reason) -> Self {
        Self { reasons: vec![reason], ..Self::default() }
    }
}

impl LightPath {
    fn nothing() -> Self {
        let nodes = Vec::new();
        Self { loss_down: 0, length_mm: 0, hops: 0, olt: 0, nodes, loss: Loss::default() }
    }

    fn through(&self, db: i64) -> Self {
        let loss = self.loss.plus(Loss { down: db, up: db, up_xgs: db });
        Self { loss_down: loss.down, loss, ..self.clone() }
    }

    /// One link further, away from a device.
    fn over(&self, link: &Link, from: u64) -> Self {
        let loss = self.loss.plus(light::fibre_loss(link));
        Self {
            loss_down: loss.down,
            length_mm: self.length_mm + light::length_mm(link),
            hops: self.hops + 1,
            olt: self.olt,
            nodes: [vec![(from, link.id.0)], self.nodes.clone()].concat(),
            loss,
        }
    }

    /// The links upwards, nearest first.
    fn uplink(&self) -> Uplink {
        self.nodes.iter().map(|(_, link)| LinkId(*link)).collect()
    }
}

/// Whether light or traffic at a place goes on over a link.
fn goes_on(passages: &Passages, (device, arrival): Place, step: &Step) -> bool {
    let passes = || passages.get(&device).is_none_or(|part| part.passes(arrival, step.from_port));
    device == step.from && passes()
}

/// The best path to any port of a device.
pub(super) fn best_path(paths: &BTreeMap<Place, LightPath>, device: u64) -> Option<&LightPath> {
    paths.range((device, 0)..=(device, u64::MAX)).map(|(_, path)| path).min()
}

fn is_out_of_use(link: &Link) -> bool {
    is_held_down(&link.status_override) || link.lifecycle != Lifecycle::InService
}

fn is_held_down(set: &Option<Box<Override>>) -> bool {
    set.as_ref().is_some_and(|set| set.status == Status::Down)
}

fn effective(device: &Device) -> Status {
    device.status_override.as_ref().map_or(device.status, |set| set.status)
}

fn works(device: &Device) -> bool {
    effective(device) != Status::Down && device.lifecycle == Lifecycle::InService
}

fn is_router(device: &Device) -> bool {
    matches!(device.device_type, T::BackboneGateway | T::CoreRouter | T::EdgeRouter)
}

pub(super) fn is_leaf(device: &Device) -> bool {
    matches!(device.device_type, T::Ont | T::BusinessOnt | T::AonCpe)
}
