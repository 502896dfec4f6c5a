//! What a fibre leads to, seen from a passive part.

use std::collections::VecDeque;

use rustc_hash::{FxHashMap, FxHashSet};

use super::joins::{cross_connect, has_cross_connects, is_through_part, joined_link};
use super::part_entries::{PartEntries, WaysOn};
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

/// What the links of a passive part lead to. Behind a part that passes to every port, all links to it
/// lead to the same: it is searched once, however many fibres there are between both.
pub(in crate::domain) struct FarEnds<'w> {
    world: &'w World,
    part: DeviceId,
    behind: FxHashMap<DeviceId, FarEnd>,
}

impl<'w> FarEnds<'w> {
    pub(in crate::domain) fn new(world: &'w World, part: DeviceId) -> Self {
        Self { world, part, behind: FxHashMap::default() }
    }

    /// What a link leads to: the nearest feeder, or else the nearest drop.
    pub(in crate::domain) fn of(&mut self, link: LinkId) -> FarEnd {
        let Self { world, part, ref mut behind } = *self;
        let Some((next, _)) = world.other_end(part, link) else { return FarEnd::Open };
        if !is_through_part(world, next) || has_cross_connects(world, next) {
            return far_end(world, part, link);
        }
        *behind.entry(next).or_insert_with(|| far_end(world, part, link))
    }
}

/// What a link of a passive part leads to: the nearest feeder, or else the nearest drop. Parts
/// without cross-connects count as passing to every port.
pub(in crate::domain) fn far_end(world: &World, part: DeviceId, link: LinkId) -> FarEnd {
    let mut seen = FxHashSet::default();
    let mut entries: FxHashMap<DeviceId, PartEntries<LinkId>> = FxHashMap::default();
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
                match entries.entry(id).or_default().enter(link) {
                    WaysOn::AllBut(entry) => {
                        let others = world.neighbours(id).iter().map(|there| there.link);
                        queue.extend(others.filter(|link| *link != entry).map(|link| (id, link)));
                    }
                    WaysOn::Only(link) => queue.push_back((id, link)),
                    WaysOn::Nothing => {}
                }
                continue;
            }
        };
        if drop == FarEnd::Open {
            drop = found;
        }
    }
    drop
}
