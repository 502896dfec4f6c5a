//! What a fibre leads to, seen from a passive part.

use std::collections::VecDeque;

use rustc_hash::FxHashSet;

use super::joins::{cross_connect, has_cross_connects, joined_link};
use super::splitter::side_of;
use crate::domain::interface::splitter_side::SplitterSide;
use crate::domain::{DeviceClass, DeviceId, DeviceType, LinkId, World, rule_between};

/// What a fibre leads to, through the ODFs, NVTs and HOPs on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::domain) enum FarEnd {
    /// A router, OLT or AON switch.
    Active(DeviceType),
    SplitterOutput,
    SplitterInput,
    Leaf(DeviceType),
    /// It ends at passive parts.
    Open,
}

impl FarEnd {
    /// Whether light or traffic comes from there.
    pub(in crate::domain) const fn is_feeder(self) -> bool {
        matches!(self, Self::Active(_) | Self::SplitterOutput)
    }

    /// Whether customers are there.
    pub(in crate::domain) const fn is_drop(self) -> bool {
        matches!(self, Self::Leaf(_) | Self::SplitterInput)
    }

    /// Whether a fibre to the one makes sense as the continuation of a fibre to the other.
    pub(in crate::domain) fn can_meet(self, other: Self) -> bool {
        match (self, other) {
            (Self::SplitterOutput, Self::SplitterInput)
            | (Self::SplitterInput, Self::SplitterOutput) => true,
            (Self::SplitterOutput, Self::Leaf(device_type))
            | (Self::Leaf(device_type), Self::SplitterOutput) => device_type.is_optical_leaf(),
            (Self::SplitterInput, Self::Active(device_type))
            | (Self::Active(device_type), Self::SplitterInput) => device_type == DeviceType::Olt,
            (Self::Active(a) | Self::Leaf(a), Self::Active(b) | Self::Leaf(b)) => {
                rule_between(a, b).is_some()
            }
            _ => false,
        }
    }
}

/// What a link of a passive part leads to: the nearest feeder, or else the nearest drop. Parts
/// without cross-connects count as passing to every port.
pub(in crate::domain) fn far_end(world: &World, part: DeviceId, link: LinkId) -> FarEnd {
    let mut seen = FxHashSet::default();
    let mut queue = VecDeque::from([(part, link)]);
    let mut drop = FarEnd::Open;
    while let Some((from, link)) = queue.pop_front() {
        let Some((id, port)) = world.other_end(from, link) else { continue };
        let Some(device) = world.device(id).filter(|_| id != part && seen.insert(port)) else {
            continue;
        };
        let device_type = device.device_type;
        let found = match device_type.class() {
            DeviceClass::Active => return FarEnd::Active(device_type),
            DeviceClass::Leaf => FarEnd::Leaf(device_type),
            DeviceClass::Container => continue,
            DeviceClass::Passive if device_type == DeviceType::Splitter => {
                match side_of(world, id, port) {
                    SplitterSide::Output => return FarEnd::SplitterOutput,
                    SplitterSide::Input => FarEnd::SplitterInput,
                }
            }
            DeviceClass::Passive if cross_connect(world, port).is_some() => {
                queue.extend(joined_link(world, port).map(|link| (id, link)));
                continue;
            }
            DeviceClass::Passive if has_cross_connects(world, id) => continue,
            DeviceClass::Passive => {
                let others = world.neighbours(id).iter().filter(|other| other.link != link);
                queue.extend(others.map(|other| (id, other.link)));
                continue;
            }
        };
        if drop == FarEnd::Open {
            drop = found;
        }
    }
    drop
}
