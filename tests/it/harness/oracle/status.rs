//! Status as the contract defines it: everything is computed again, by going over all links until
//! nothing changes.
//!
//! Of several equally good paths upstream that are not optical, the program may take any: its choice
//! (`uplink` of routers, OLTs, switches and CPEs) is checked and adopted. Everything else is computed
//! here, to the last bit.

use std::collections::{BTreeMap, BTreeSet};

use unoc::domain::{
    Device, DeviceId, DeviceType, Link, LinkId, Override, Reason, Reasons, Signal, SignalClass,
    Status, Timestamp, Uplink, World,
};

use super::Oracle;
use super::light::{self, Loss};
use super::tables::{is_container, is_passive};
use DeviceType as T;

/// From a device over a passable link to another device.
#[derive(Clone, Copy)]
struct Step {
    link: u64,
    from: u64,
    to: u64,
}

/// An optical path from an OLT. Paths are compared by the fields in this order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct LightPath {
    loss_down: i64,
    length_mm: i64,
    hops: usize,
    olt: u64,
    /// Devices and the links to them, from the end upwards.
    nodes: Vec<(u64, u64)>,
    loss: Loss,
}

/// The computed status of a device.
#[derive(Default)]
struct ComputedStatus {
    reason: Option<Reason>,
    signal: Option<Signal>,
    uplink: Uplink,
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
        self.recompute_core(&steps, chosen);
        let paths = self.light_paths(&steps);
        self.recompute_leaves(&steps, &paths, chosen);
        self.recompute_passives(&steps, &paths);
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

    fn recompute_ports(&mut self) {
        let mut lit: BTreeSet<u64> = BTreeSet::new();
        for link in self.links.values().filter(|link| !is_held_down(&link.status_override)) {
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
            let ends = self.ends(link).map(|id| &self.devices[&id].status_override);
            let is_down = is_held_down(&link.status_override) || ends.into_iter().any(is_held_down);
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
        let open = self.links.values().filter(|link| link.status != Status::Down);
        let both = open.flat_map(|link| {
            let [a, b] = self.ends(link);
            [(a, b), (b, a)].map(|(from, to)| Step { link: link.id.0, from, to })
        });
        both.collect()
    }

    fn all(&self, suits: impl Fn(&Device) -> bool) -> BTreeSet<u64> {
        let suitable = self.devices.values().filter(|device| suits(device));
        suitable.map(|device| device.id.0).collect()
    }

    /// Devices that are reached from `sources` through others that forward.
    fn reached(
        &self,
        steps: &[Step],
        sources: &BTreeSet<u64>,
        forwards: impl Fn(&Device) -> bool,
    ) -> BTreeSet<u64> {
        let mut reached = BTreeSet::new();
        loop {
            let count = reached.len();
            for Step { from, to, .. } in steps {
                let is_lit = sources.contains(from)
                    || (reached.contains(from) && forwards(&self.devices[from]));
                if is_lit && !sources.contains(to) {
                    reached.insert(*to);
                }
            }
            if reached.len() == count {
                return reached;
            }
        }
    }

    /// Gateways and containers; routers, OLTs and switches.
    fn recompute_core(&mut self, steps: &[Step], chosen: impl Fn(u64) -> Uplink) {
        let forwards = |device: &Device| is_router(device) || is_passive(device.device_type);
        let gateways = self.all(|one| one.device_type == T::BackboneGateway && works(one));
        let mut reached = self.reached(steps, &gateways, forwards);
        let held_up = self.all(|one| {
            let is_held = is_router(one) && one.status_override.is_some() && works(one);
            is_held && one.device_type != T::BackboneGateway && !reached.contains(&one.id.0)
        });
        reached.extend(self.reached(steps, &held_up, forwards));
        let mut above = BTreeMap::new();
        for id in self.all(|device| !is_leaf(device) && !is_passive(device.device_type)) {
            let device_type = self.devices[&id].device_type;
            if device_type == T::BackboneGateway || is_container(device_type) {
                self.put(id, Status::Up, ComputedStatus::default());
            } else if reached.contains(&id) {
                let uplink = chosen(id);
                let end = self.end_of_chain(id, &uplink);
                let known = [&gateways, &held_up, &reached].iter().any(|set| set.contains(&end));
                assert!(known && is_router(&self.devices[&end]), "the path of {id} ends at {end}");
                above.insert(id, end);
                self.put(id, Status::Up, ComputedStatus { uplink, ..ComputedStatus::default() });
            } else {
                let reason = Some(Reason::NoUpstream);
                self.put(id, Status::Down, ComputedStatus { reason, ..ComputedStatus::default() });
            }
        }
        for start in above.keys() {
            let chain = std::iter::successors(Some(start), |id| above.get(id));
            assert!(chain.take(above.len() + 2).count() <= above.len() + 1, "a circle at {start}");
        }
    }

    /// The device at the end of a path over passable links and through passive parts.
    fn end_of_chain(&self, start: u64, links: &[LinkId]) -> u64 {
        assert!(!links.is_empty(), "{start} is reached, but has no path");
        let mut at = start;
        for (index, id) in links.iter().enumerate() {
            let link = &self.links[&id.0];
            let [a, b] = self.ends(link);
            assert!(link.status != Status::Down && [a, b].contains(&at), "{links:?} of {start}");
            assert!(index == 0 || is_passive(self.devices[&at].device_type), "{links:?}");
            at = if at == a { b } else { a };
        }
        at
    }

    /// The best path to each passive part and leaf: repeated until no path improves.
    fn light_paths(&self, steps: &[Step]) -> BTreeMap<u64, LightPath> {
        let inside = |device: &Device| is_leaf(device) || is_passive(device.device_type);
        let through = self.through_losses();
        let mut paths: BTreeMap<u64, LightPath> = BTreeMap::new();
        loop {
            let mut is_better = false;
            for Step { link, from, to } in steps.iter().copied() {
                let source = &self.devices[&from];
                let before = if source.device_type == T::Olt && works(source) {
                    LightPath { olt: from, ..LightPath::nothing() }
                } else if is_passive(source.device_type)
                    && let Some(path) = paths.get(&from)
                {
                    path.through(through[&from])
                } else {
                    continue;
                };
                let path = before.over(&self.links[&link], from);
                if inside(&self.devices[&to]) && paths.get(&to).is_none_or(|best| path < *best) {
                    paths.insert(to, path);
                    is_better = true;
                }
            }
            if !is_better {
                return paths;
            }
        }
    }

    /// The loss of each passive part; every link at it counts, with any status.
    fn through_losses(&self) -> BTreeMap<u64, i64> {
        let mut counts: BTreeMap<u64, usize> = BTreeMap::new();
        for end in self.links.values().flat_map(|link| self.ends(link)) {
            *counts.entry(end).or_default() += 1;
        }
        let passives = self.devices.values().filter(|one| is_passive(one.device_type));
        let loss = |device: &Device| {
            light::passive_loss(device, counts.get(&device.id.0).copied().unwrap_or_default())
        };
        passives.map(|device| (device.id.0, loss(device))).collect()
    }

    fn recompute_leaves(
        &mut self,
        steps: &[Step],
        paths: &BTreeMap<u64, LightPath>,
        chosen: impl Fn(u64) -> Uplink,
    ) {
        let switches = self.all(|device| device.device_type == T::AonSwitch && works(device));
        let served = self.reached(steps, &switches, |device| is_passive(device.device_type));
        for id in self.all(is_leaf) {
            let leaf = &self.devices[&id];
            let (status, computed) = match (leaf.device_type, paths.get(&id)) {
                (T::AonCpe, _) if served.contains(&id) => {
                    let uplink = chosen(id);
                    assert!(switches.contains(&self.end_of_chain(id, &uplink)), "{uplink:?}");
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
                    (status, ComputedStatus { reason, signal, uplink, ..ComputedStatus::default() })
                }
            };
            self.put(id, status, computed);
        }
    }

    fn recompute_passives(&mut self, steps: &[Step], paths: &BTreeMap<u64, LightPath>) {
        let working = self.all(|device| !is_passive(device.device_type) && works(device));
        let lit = self.reached(steps, &working, |device| is_passive(device.device_type));
        for (id, loss) in self.through_losses() {
            let through_loss_db = Some(light::decibels(loss));
            let uplink = paths.get(&id).map(LightPath::uplink).unwrap_or_default();
            let is_lit = lit.contains(&id);
            let reason = (!is_lit).then_some(Reason::NoActiveDevice);
            let status = if is_lit { Status::Up } else { Status::Degraded };
            self.put(id, status, ComputedStatus { reason, uplink, through_loss_db, signal: None });
        }
    }

    /// Links on the paths of leaves with a signal where all of these are CRITICAL.
    fn critical_links(&self, paths: &BTreeMap<u64, LightPath>) -> BTreeSet<u64> {
        let mut is_critical: BTreeMap<u64, bool> = BTreeMap::new();
        for (id, path) in paths {
            let Some(signal) = self.devices[id].signal else { continue };
            for (_, link) in &path.nodes {
                *is_critical.entry(*link).or_insert(true) &= signal.class == SignalClass::Critical;
            }
        }
        is_critical.into_iter().filter_map(|(link, is)| is.then_some(link)).collect()
    }

    fn put(&mut self, id: u64, status: Status, computed: ComputedStatus) {
        let device = self.devices.get_mut(&id).expect("it was found before");
        let mut reasons = computed.reason.map_or(Reasons::NONE, |one| Reasons::NONE.with(one));
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
        device.through_loss_db = computed.through_loss_db;
    }
}

impl ComputedStatus {
    fn because(reason: Reason) -> Self {
        Self { reason: Some(reason), ..Self::default() }
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

    /// The first link upwards.
    fn uplink(&self) -> Uplink {
        self.nodes.iter().take(1).map(|(_, link)| LinkId(*link)).collect()
    }
}

fn is_held_down(set: &Option<Override>) -> bool {
    set.as_ref().is_some_and(|set| set.status == Status::Down)
}

fn effective(device: &Device) -> Status {
    device.status_override.as_ref().map_or(device.status, |set| set.status)
}

fn works(device: &Device) -> bool {
    effective(device) != Status::Down
}

fn is_router(device: &Device) -> bool {
    matches!(device.device_type, T::BackboneGateway | T::CoreRouter | T::EdgeRouter)
}

fn is_leaf(device: &Device) -> bool {
    matches!(device.device_type, T::Ont | T::BusinessOnt | T::AonCpe)
}
