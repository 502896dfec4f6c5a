//! The ports of a device: what is connected with each, and who is behind the ports of an OLT.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::passage::{Passage, passage};
use super::splitter::{side_of, split_ratio};
use super::stop::Stop;
use crate::domain::{
    Device, DeviceClass, DeviceId, DeviceType, Interface, InterfaceId, InterfaceType, Lifecycle,
    Link, LinkId, PonLimits, SplitRatio, SplitterSide, World,
};

/// The ports of a device, and how it passes light on.
#[derive(Clone, Debug)]
pub struct DevicePorts {
    pub device: Arc<Device>,
    /// Only of passive parts.
    pub passage: Option<PartPassage>,
    /// Of a splitter: its own, or else that of its outputs.
    pub split_ratio: Option<SplitRatio>,
    /// In the order of their creation.
    pub ports: Vec<PortUse>,
}

/// How a passive part passes light on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PartPassage {
    /// From every port to every other.
    EveryPort,
    /// Only along cross-connects.
    CrossConnects,
    /// From the inputs to the outputs, and back.
    Splitter,
}

/// A port, and what is connected with it.
#[derive(Clone, Debug)]
pub struct PortUse {
    pub port: Arc<Interface>,
    /// Only of a port of a splitter.
    pub side: Option<SplitterSide>,
    pub link: Option<Arc<Link>>,
    /// The device and its port at the other end of the link.
    pub far: Option<(Arc<Device>, Arc<Interface>)>,
    /// Only of a port of an OLT towards subscribers.
    pub pon: Option<PonLoad>,
}

/// Who is behind a port of an OLT, as the plant is built, whatever its status. What is planned
/// counts, what is retired does not.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PonLoad {
    pub subscribers: u32,
    /// Fibre to the farthest subscriber; `None` without subscribers.
    pub farthest_km: Option<f64>,
    /// Some fibres on the way to subscribers have no length recorded, and count as 0.
    pub has_unknown_length: bool,
    /// The greatest product of split ratios on a way down; 1 without a splitter.
    pub split: u32,
}

/// A limit of a PON that is exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PonExcess {
    Reach,
    Split,
    Subscribers,
}

impl PartPassage {
    pub const ALL: [Self; 3] = [Self::EveryPort, Self::CrossConnects, Self::Splitter];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EveryPort => "every_port",
            Self::CrossConnects => "cross_connects",
            Self::Splitter => "splitter",
        }
    }

    fn of(world: &World, device: &Device) -> Option<Self> {
        match device.device_type {
            DeviceType::Splitter => Some(Self::Splitter),
            device_type if device_type.is_passive() => Some(match passage(world, device.id) {
                Passage::EveryPort => Self::EveryPort,
                Passage::CrossConnects => Self::CrossConnects,
            }),
            _ => None,
        }
    }
}

impl PonExcess {
    pub const ALL: [Self; 3] = [Self::Reach, Self::Split, Self::Subscribers];

    /// The code on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reach => "reach_exceeded",
            Self::Split => "split_exceeded",
            Self::Subscribers => "subscribers_exceeded",
        }
    }
}

impl PonLoad {
    /// The limits that it exceeds.
    pub fn excesses(&self, limits: &PonLimits) -> Vec<PonExcess> {
        let exceeds = |excess: &PonExcess| match excess {
            PonExcess::Reach => self.farthest_km.is_some_and(|km| km > limits.reach_km),
            PonExcess::Split => self.split > limits.split,
            PonExcess::Subscribers => self.subscribers > limits.subscribers,
        };
        PonExcess::ALL.into_iter().filter(exceeds).collect()
    }
}

/// The ports of a device; `None` when there is no such device.
pub fn device_ports(world: &World, id: DeviceId) -> Option<DevicePorts> {
    let device = world.device(id)?;
    let is_splitter = device.device_type == DeviceType::Splitter;
    let ports = world.ports(id).iter().filter_map(|port| world.interface(*port));
    Some(DevicePorts {
        device: Arc::clone(device),
        passage: PartPassage::of(world, device),
        split_ratio: is_splitter.then(|| split_ratio(world, device)),
        ports: ports.map(|port| port_use(world, device, port)).collect(),
    })
}

fn port_use(world: &World, device: &Device, port: &Arc<Interface>) -> PortUse {
    let link = world.link_at(port.id).and_then(|link| world.link(link));
    let far = link.and_then(|link| far_port(world, device.id, link.id));
    let is_splitter = device.device_type == DeviceType::Splitter;
    let is_pon = device.device_type == DeviceType::Olt && is_pon(port, far.as_ref());
    PortUse {
        port: Arc::clone(port),
        side: is_splitter.then(|| side_of(world, device.id, port.id)),
        link: link.cloned(),
        pon: is_pon.then(|| load_of(world, device.id, link)),
        far,
    }
}

fn far_port(world: &World, from: DeviceId, link: LinkId) -> Option<(Arc<Device>, Arc<Interface>)> {
    let (device, port): (DeviceId, InterfaceId) = world.other_end(from, link)?;
    Some((Arc::clone(world.device(device)?), Arc::clone(world.interface(port)?)))
}

/// Whether a port of an OLT is one towards subscribers: by its name, or, as UNOC v2 made them, by
/// what is connected with it.
fn is_pon(port: &Interface, far: Option<&(Arc<Device>, Arc<Interface>)>) -> bool {
    port.name.as_str().starts_with("pon")
        || port.interface_type == InterfaceType::Optical
            && far.is_some_and(|(device, _)| device.device_type.class() != DeviceClass::Active)
}

/// A place below an OLT, and the way to it. Ordered by length, so that the shortest way to each place
/// is found first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct WayDown {
    length_mm: u32,
    stop: Stop,
    split: u32,
    has_unknown_length: bool,
}

fn load_of(world: &World, olt: DeviceId, link: Option<&Arc<Link>>) -> PonLoad {
    let start = WayDown { length_mm: 0, stop: Stop::at(olt), split: 1, has_unknown_length: false };
    let mut load = PonLoad { split: 1, ..PonLoad::default() };
    let mut farthest_mm = 0;
    let mut seen: FxHashSet<Stop> = FxHashSet::default();
    let first = link.and_then(|link| start.over(world, link.id));
    let mut queue: BinaryHeap<Reverse<WayDown>> = first.map(Reverse).into_iter().collect();
    while let Some(Reverse(way)) = queue.pop() {
        let Some(device) = world.device(way.stop.device) else { continue };
        if device.lifecycle == Lifecycle::Retired || !seen.insert(way.stop) {
            continue;
        }
        match device.device_type.class() {
            DeviceClass::Leaf => {
                load.subscribers += 1;
                load.has_unknown_length |= way.has_unknown_length;
                farthest_mm = farthest_mm.max(way.length_mm);
                load.farthest_km = Some(f64::from(farthest_mm) / MM_PER_KM);
            }
            DeviceClass::Passive => {
                let ratio = match device.device_type {
                    DeviceType::Splitter => u32::from(split_ratio(world, device).outputs()),
                    _ => 1,
                };
                let way = WayDown { split: way.split.saturating_mul(ratio), ..way };
                load.split = load.split.max(way.split);
                let next = way.stop.links(world).into_iter();
                queue.extend(next.filter_map(|link| way.over(world, link)).map(Reverse));
            }
            DeviceClass::Active | DeviceClass::Container => {}
        }
    }
    load
}

const MM_PER_KM: f64 = 1e6;

impl WayDown {
    /// The way on over a link that is not retired.
    fn over(self, world: &World, link: LinkId) -> Option<Self> {
        let there = world.link(link).filter(|link| link.lifecycle != Lifecycle::Retired)?;
        Some(Self {
            length_mm: self.length_mm.saturating_add(millimetres(there.length_km)),
            stop: Stop::behind(world, self.stop.device, link)?,
            has_unknown_length: self.has_unknown_length || there.length_km.is_none(),
            ..self
        })
    }
}

fn millimetres(length_km: Option<f64>) -> u32 {
    /// Longer than any PON.
    const KM_MAX: f64 = 4_000.0;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "bounded above; lengths are not negative; rounding is meant"
    )]
    {
        (length_km.unwrap_or(0.0).min(KM_MAX) * MM_PER_KM).round() as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::PonClass;

    #[test]
    fn what_exceeds_the_limits_of_its_class_is_named() {
        let check = |class, subscribers, farthest_km, split, expected: &[PonExcess]| {
            let load = PonLoad {
                subscribers,
                farthest_km: Some(farthest_km),
                has_unknown_length: false,
                split,
            };
            let found = load.excesses(&PonLimits::of(class));
            assert_eq!(found, expected, "{class:?} {load:?}");
        };
        check(None, 128, 20.0, 64, &[]);
        check(None, 129, 20.0, 64, &[PonExcess::Subscribers]);
        check(Some(PonClass::GponCPlus), 129, 20.0, 64, &[PonExcess::Subscribers]);
        check(Some(PonClass::XgsN1), 256, 20.0, 64, &[]);
        check(Some(PonClass::XgsN1), 257, 20.0, 64, &[PonExcess::Subscribers]);
        check(None, 1, 20.001, 64, &[PonExcess::Reach]);
        check(None, 1, 1.0, 128, &[PonExcess::Split]);
    }
}
