//! What passes inside passive parts, a second implementation from the contract: every question is
//! answered by looking at all ports and links.

use std::collections::{BTreeMap, BTreeSet};

use unoc::domain::{DeviceType, Interface, LinkId, World, rule_between};

use super::Oracle;
use super::tables::is_passive;
use DeviceType as T;

/// What a passive part passes.
#[derive(Clone, Debug)]
pub(super) enum Passage {
    /// Between the inputs, which are listed, and the others.
    Splitter {
        inputs: BTreeSet<u64>,
    },
    EveryPort,
    /// From port to port.
    Joins(BTreeMap<u64, u64>),
}

impl Passage {
    pub(super) fn passes(&self, from: u64, to: u64) -> bool {
        match self {
            Self::Splitter { inputs } => inputs.contains(&from) != inputs.contains(&to),
            Self::EveryPort => from != to,
            Self::Joins(joins) => joins.get(&from) == Some(&to),
        }
    }
}

/// What a fibre leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FarEnd {
    Device(DeviceType),
    SplitterOutput,
    SplitterInput,
    Open,
}

impl FarEnd {
    fn is_feeder(self) -> bool {
        match self {
            Self::Device(device_type) => is_active(device_type),
            Self::SplitterOutput => true,
            Self::SplitterInput | Self::Open => false,
        }
    }

    fn is_drop(self) -> bool {
        match self {
            Self::Device(device_type) => !is_active(device_type),
            Self::SplitterInput => true,
            Self::SplitterOutput | Self::Open => false,
        }
    }

    pub(super) fn continues(self, other: Self) -> bool {
        let one_way = |a: Self, b: Self| match (a, b) {
            (Self::SplitterOutput, Self::SplitterInput) => true,
            (Self::SplitterOutput, Self::Device(T::Ont | T::BusinessOnt)) => true,
            (Self::Device(T::Olt), Self::SplitterInput) => true,
            (Self::Device(a), Self::Device(b)) => rule_between(a, b).is_some(),
            _ => false,
        };
        one_way(self, other) || one_way(other, self)
    }
}

fn is_active(device_type: DeviceType) -> bool {
    matches!(
        device_type,
        T::BackboneGateway | T::CoreRouter | T::EdgeRouter | T::Olt | T::AonSwitch
    )
}

pub(super) fn is_numbered(name: &str, prefix: &str) -> bool {
    name.strip_prefix(prefix)
        .is_some_and(|rest| !rest.is_empty() && rest.chars().all(|c| c.is_ascii_digit()))
}

impl Oracle {
    pub(super) fn is_through_part(&self, device: u64) -> bool {
        matches!(self.devices[&device].device_type, T::Odf | T::Nvt | T::Hop)
    }

    /// Every passive part.
    pub(super) fn passages(&self) -> BTreeMap<u64, Passage> {
        let parts = self.devices.values().filter(|device| is_passive(device.device_type));
        parts.map(|device| (device.id.0, self.passage(device.id.0))).collect()
    }

    pub(super) fn passage(&self, part: u64) -> Passage {
        if self.devices[&part].device_type == T::Splitter {
            let inputs = self.ports_of(part).map(|port| port.id.0);
            return Passage::Splitter {
                inputs: inputs.filter(|port| self.is_input(*port)).collect(),
            };
        }
        let joins: BTreeMap<u64, u64> = self
            .ports_of(part)
            .filter_map(|port| Some((port.id.0, port.cross_connect.as_ref()?.to.0)))
            .collect();
        let links = self.links_of(part);
        let feeders =
            links.iter().filter(|(link, _)| self.far_end(part, *link).is_feeder()).count();
        if joins.is_empty() && (links.len() <= 2 || feeders <= 1) {
            Passage::EveryPort
        } else {
            Passage::Joins(joins)
        }
    }

    pub(super) fn ports_of(&self, device: u64) -> impl Iterator<Item = &Interface> {
        self.interfaces.values().filter(move |port| port.device.0 == device)
    }

    /// The links at a device, with its ports, the oldest first.
    pub(super) fn links_of(&self, device: u64) -> Vec<(u64, u64)> {
        let at = |port: u64| self.interfaces[&port].device.0 == device;
        let found = self.links.values().flat_map(|link| {
            [link.a.0, link.b.0].into_iter().filter(|port| at(*port)).map(|port| (link.id.0, port))
        });
        found.collect()
    }

    pub(super) fn is_linked(&self, port: u64) -> bool {
        self.links.values().any(|link| link.a.0 == port || link.b.0 == port)
    }

    /// Whether a port of a splitter is an input.
    pub(super) fn is_input(&self, port: u64) -> bool {
        let name = self.interfaces[&port].name.as_str();
        let splitter = self.interfaces[&port].device.0;
        let is_input_in_use = self
            .ports_of(splitter)
            .any(|port| is_numbered(port.name.as_str(), "in") && self.is_linked(port.id.0));
        if is_numbered(name, "in") {
            return true;
        }
        !is_numbered(name, "out") && !is_input_in_use && self.leads_to_active(splitter, port)
    }

    fn leads_to_active(&self, splitter: u64, port: u64) -> bool {
        let mut known = BTreeSet::from([splitter]);
        let mut next: Vec<u64> = self
            .links_of(splitter)
            .into_iter()
            .filter(|(_, at)| *at == port)
            .map(|(link, _)| self.other_end(splitter, link).0)
            .collect();
        while let Some(id) = next.pop() {
            if is_active(self.devices[&id].device_type) {
                return true;
            }
            if known.insert(id) && is_passive(self.devices[&id].device_type) {
                next.extend(
                    self.links_of(id).into_iter().map(|(link, _)| self.other_end(id, link).0),
                );
            }
        }
        false
    }

    /// The device and port at the other end of a link.
    fn other_end(&self, from: u64, link: u64) -> (u64, u64) {
        let link = &self.links[&link];
        let [a, b] = [link.a.0, link.b.0].map(|port| (self.interfaces[&port].device.0, port));
        if a.0 == from { b } else { a }
    }

    /// The nearest feeder over recorded joins and parts without any, or else the nearest drop.
    pub(super) fn far_end(&self, part: u64, link: u64) -> FarEnd {
        let mut level = vec![(part, link)];
        let mut known = BTreeSet::new();
        let mut drop = FarEnd::Open;
        while !level.is_empty() {
            let mut below = Vec::new();
            for (from, link) in level {
                let (id, port) = self.other_end(from, link);
                if id == part || !known.insert(port) {
                    continue;
                }
                let found = match self.devices[&id].device_type {
                    T::Splitter if self.is_input(port) => FarEnd::SplitterInput,
                    T::Splitter => FarEnd::SplitterOutput,
                    T::Odf | T::Nvt | T::Hop => {
                        let joined = |port: u64| {
                            self.interfaces[&port].cross_connect.as_ref().map(|it| it.to.0)
                        };
                        let has_joins = self.ports_of(id).any(|port| port.cross_connect.is_some());
                        let others = self.links_of(id).into_iter().filter(|(_, other)| {
                            if has_joins { joined(port) == Some(*other) } else { *other != port }
                        });
                        below.extend(others.map(|(link, _)| (id, link)));
                        continue;
                    }
                    device_type => FarEnd::Device(device_type),
                };
                if found.is_feeder() {
                    return found;
                }
                if drop == FarEnd::Open {
                    drop = found;
                }
            }
            level = below;
        }
        drop
    }

    /// The number of outputs in use of a splitter.
    pub(super) fn used_outputs(&self, splitter: u64) -> usize {
        self.links_of(splitter).iter().filter(|(_, port)| !self.is_input(*port)).count()
    }

    /// The smallest ratio that is sold and has all outputs.
    pub(super) fn split_ratio(&self, splitter: u64) -> usize {
        if let Some(ratio) = self.devices[&splitter].optics.split_ratio {
            return usize::from(ratio.outputs());
        }
        let named =
            self.ports_of(splitter).filter(|port| is_numbered(port.name.as_str(), "out")).count();
        let outputs = named.max(self.used_outputs(splitter));
        [2, 4, 8, 16, 32, 64, 128].into_iter().find(|ratio| *ratio >= outputs).unwrap_or(128)
    }

    /// Whether the joins of a part are not all recorded, and whether some are assumed.
    pub(super) fn uncertainty(&self, part: u64, passage: &Passage) -> [bool; 2] {
        let links = self.links_of(part);
        let joined = |port: u64| self.interfaces[&port].cross_connect.as_ref();
        let is_incomplete = match passage {
            Passage::Splitter { .. } => return [false; 2],
            Passage::EveryPort => links.len() > 2,
            Passage::Joins(_) => links
                .iter()
                .any(|(link, port)| joined(*port).is_none() && self.far_end(part, *link).is_drop()),
        };
        let is_assumed = |(_, port): &(u64, u64)| joined(*port).is_some_and(|it| it.is_assumed);
        [is_incomplete, links.iter().any(is_assumed)]
    }

    /// The ports of a link that the program has just made.
    pub(super) fn ports_of_new_link(
        &self,
        program: &World,
    ) -> Option<[unoc::domain::InterfaceId; 2]> {
        program.link(LinkId(self.next.link)).map(|link| [link.a, link.b])
    }
}
