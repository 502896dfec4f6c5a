//! Status from the words of the contract: everything computed again, by sweeping over all links
//! until nothing moves.
//!
//! Of several equally good ways upwards that are not optical, the program may take any: its choice
//! (`uplink` of routers, OLTs, switches and CPEs) is checked and taken over. Everything else is
//! computed here, to the last bit.

use std::collections::{BTreeMap, BTreeSet};

use unoc::domain::{
    Device, DeviceId, DeviceType, Link, LinkId, Override, Reason, Reasons, Signal, SignalClass,
    Status, Timestamp, Uplink, World,
};

use super::Oracle;
use super::light::{self, Loss};
use super::tables::{is_container, is_passive};
use DeviceType as T;

/// From a device over a link that lets something through to another device.
#[derive(Clone, Copy)]
struct Step {
    link: u64,
    from: u64,
    to: u64,
}

/// A way from an OLT. The order of the fields is the order in which ways are compared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Way {
    loss_down: i64,
    length_mm: i64,
    hops: usize,
    olt: u64,
    /// Devices and the links to them, from the end upwards.
    nodes: Vec<(u64, u64)>,
    loss: Loss,
}

/// What the network says of a device.
#[derive(Default)]
struct Said {
    reason: Option<Reason>,
    signal: Option<Signal>,
    uplink: Uplink,
    through_loss_db: Option<f64>,
}

impl Oracle {
    /// Computes every status again. `program` tells which of several ways it took.
    pub(super) fn settle(&mut self, program: &World) {
        let chosen = |id: u64| {
            let device = program.device(DeviceId(id));
            device.map(|device| device.uplink.clone()).unwrap_or_default()
        };
        self.settle_ports();
        self.settle_links(&BTreeSet::new());
        let steps = self.steps();
        self.settle_core(&steps, chosen);
        let ways = self.optical_ways(&steps);
        self.settle_leaves(&steps, &ways, chosen);
        self.settle_passives(&steps, &ways);
        self.settle_links(&self.critical_links(&ways));
    }

    /// Sets the times of everything that differs from what it was.
    pub(super) fn stamp(&mut self, before: &Self, now: Timestamp) {
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

    fn settle_ports(&mut self) {
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

    /// `critical` are the links through which only critical light goes.
    fn settle_links(&mut self, critical: &BTreeSet<u64>) {
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

    /// Devices that chains lead to from `sources`, through others that forward.
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
    fn settle_core(&mut self, steps: &[Step], chosen: impl Fn(u64) -> Uplink) {
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
                self.put(id, Status::Up, Said::default());
            } else if reached.contains(&id) {
                let uplink = chosen(id);
                let end = self.end_of_chain(id, &uplink);
                let known = [&gateways, &held_up, &reached].iter().any(|set| set.contains(&end));
                assert!(known && is_router(&self.devices[&end]), "{id} takes its way from {end}");
                above.insert(id, end);
                self.put(id, Status::Up, Said { uplink, ..Said::default() });
            } else {
                let reason = Some(Reason::NoUpstream);
                self.put(id, Status::Down, Said { reason, ..Said::default() });
            }
        }
        for start in above.keys() {
            let chain = std::iter::successors(Some(start), |id| above.get(id));
            assert!(chain.take(above.len() + 2).count() <= above.len() + 1, "a circle at {start}");
        }
    }

    /// Where a way leads: over links that let something through, with passive parts between.
    fn end_of_chain(&self, start: u64, links: &[LinkId]) -> u64 {
        assert!(!links.is_empty(), "{start} is reached and has no way");
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

    /// The best way to each passive part and leaf: sweeps until none gets better.
    fn optical_ways(&self, steps: &[Step]) -> BTreeMap<u64, Way> {
        let inside = |device: &Device| is_leaf(device) || is_passive(device.device_type);
        let through = self.through_losses();
        let mut ways: BTreeMap<u64, Way> = BTreeMap::new();
        loop {
            let mut is_better = false;
            for Step { link, from, to } in steps.iter().copied() {
                let source = &self.devices[&from];
                let before = if source.device_type == T::Olt && works(source) {
                    Way { olt: from, ..Way::nothing() }
                } else if is_passive(source.device_type)
                    && let Some(way) = ways.get(&from)
                {
                    way.through(through[&from])
                } else {
                    continue;
                };
                let way = before.over(&self.links[&link], from);
                if inside(&self.devices[&to]) && ways.get(&to).is_none_or(|best| way < *best) {
                    ways.insert(to, way);
                    is_better = true;
                }
            }
            if !is_better {
                return ways;
            }
        }
    }

    /// What each passive part costs; every link at it counts, whatever its status.
    fn through_losses(&self) -> BTreeMap<u64, i64> {
        let mut counts: BTreeMap<u64, usize> = BTreeMap::new();
        for end in self.links.values().flat_map(|link| self.ends(link)) {
            *counts.entry(end).or_default() += 1;
        }
        let passives = self.devices.values().filter(|one| is_passive(one.device_type));
        let loss = |device: &Device| {
            light::of_passive(device, counts.get(&device.id.0).copied().unwrap_or_default())
        };
        passives.map(|device| (device.id.0, loss(device))).collect()
    }

    fn settle_leaves(
        &mut self,
        steps: &[Step],
        ways: &BTreeMap<u64, Way>,
        chosen: impl Fn(u64) -> Uplink,
    ) {
        let switches = self.all(|device| device.device_type == T::AonSwitch && works(device));
        let served = self.reached(steps, &switches, |device| is_passive(device.device_type));
        for id in self.all(is_leaf) {
            let leaf = &self.devices[&id];
            let (status, said) = match (leaf.device_type, ways.get(&id)) {
                (T::AonCpe, _) if served.contains(&id) => {
                    let uplink = chosen(id);
                    assert!(switches.contains(&self.end_of_chain(id, &uplink)), "{uplink:?}");
                    (Status::Up, Said { uplink, ..Said::default() })
                }
                (T::AonCpe, _) => (Status::Down, Said::because(Reason::NoSwitch)),
                (_, None) => (Status::Down, Said::because(Reason::NoOpticalPath)),
                (_, Some(way)) => {
                    let signal = light::signal(&self.devices[&way.olt], leaf, way.loss);
                    let (status, reason) = match signal.class {
                        SignalClass::Ok => (Status::Up, None),
                        SignalClass::Warning => (Status::Up, Some(Reason::SignalWarning)),
                        SignalClass::Overload => (Status::Up, Some(Reason::SignalOverload)),
                        SignalClass::Critical => (Status::Degraded, Some(Reason::SignalCritical)),
                        SignalClass::NoSignal => (Status::Down, Some(Reason::NoSignal)),
                    };
                    let (signal, uplink) = (Some(signal), way.uplink());
                    (status, Said { reason, signal, uplink, ..Said::default() })
                }
            };
            self.put(id, status, said);
        }
    }

    fn settle_passives(&mut self, steps: &[Step], ways: &BTreeMap<u64, Way>) {
        let working = self.all(|device| !is_passive(device.device_type) && works(device));
        let lit = self.reached(steps, &working, |device| is_passive(device.device_type));
        for (id, loss) in self.through_losses() {
            let through_loss_db = Some(light::decibels(loss));
            let uplink = ways.get(&id).map(Way::uplink).unwrap_or_default();
            let is_lit = lit.contains(&id);
            let reason = (!is_lit).then_some(Reason::NoActiveDevice);
            let status = if is_lit { Status::Up } else { Status::Degraded };
            self.put(id, status, Said { reason, uplink, through_loss_db, signal: None });
        }
    }

    /// Links on the ways of leaves with a signal, all of which are CRITICAL.
    fn critical_links(&self, ways: &BTreeMap<u64, Way>) -> BTreeSet<u64> {
        let mut is_critical: BTreeMap<u64, bool> = BTreeMap::new();
        for (id, way) in ways {
            let Some(signal) = self.devices[id].signal else { continue };
            for (_, link) in &way.nodes {
                *is_critical.entry(*link).or_insert(true) &= signal.class == SignalClass::Critical;
            }
        }
        is_critical.into_iter().filter_map(|(link, is)| is.then_some(link)).collect()
    }

    fn put(&mut self, id: u64, status: Status, said: Said) {
        let device = self.devices.get_mut(&id).expect("it was found before");
        let mut reasons = said.reason.map_or(Reasons::NONE, |one| Reasons::NONE.with(one));
        if let Some(set) = &device.status_override {
            reasons = reasons.with(Reason::Override);
            if (set.status, status) == (Status::Up, Status::Down) {
                reasons = reasons.with(Reason::OverrideConflict);
            }
        }
        device.status = status;
        device.reasons = reasons;
        device.signal = said.signal;
        device.uplink = said.uplink;
        device.through_loss_db = said.through_loss_db;
    }
}

impl Said {
    fn because(reason: Reason) -> Self {
        Self { reason: Some(reason), ..Self::default() }
    }
}

impl Way {
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
        let loss = self.loss.plus(light::of_fibre(link));
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
