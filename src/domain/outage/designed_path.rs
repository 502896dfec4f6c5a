//! The optical path of a dark leaf, as designed, and where the light stops on it.

use super::cause_path::PathPart;
use crate::domain::recompute::designed_light::designed_light;
use crate::domain::{Device, DeviceId, DeviceType, Neighbour, Signal, Status, World};

/// The path as it would be if everything that is recorded were in service and nothing were held DOWN.
#[derive(Clone, Debug, PartialEq)]
pub struct DesignedPath {
    /// The links, each with the device at its upper end, up to the OLT; nearest first.
    pub hops: Vec<Neighbour>,
    /// The signal that the leaf would have.
    pub signal: Signal,
    /// How many parts the light reaches, counted from the OLT: devices and the links between them.
    pub lit_count: usize,
    /// Why the first part that the light does not reach is dark; `None` when it reaches all of them.
    pub dark_reason: Option<DarkReason>,
}

/// Why light ends at a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DarkReason {
    /// An operator has set it to DOWN.
    HeldDown,
    /// It is planned or retired.
    NotInService,
    /// The OLT reaches no gateway.
    NoUpstream,
}

impl DarkReason {
    pub const ALL: [Self; 3] = [Self::HeldDown, Self::NotInService, Self::NoUpstream];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HeldDown => "held_down",
            Self::NotInService => "not_in_service",
            Self::NoUpstream => "no_upstream",
        }
    }
}

/// The designed path of an optical leaf; `None` where no fibre leads to an OLT.
pub fn designed_path(world: &World, leaf: DeviceId) -> Option<DesignedPath> {
    let light = designed_light(world, leaf)?;
    let mut hops: Vec<Neighbour> = Vec::with_capacity(light.links.len());
    for link in light.links {
        let below = hops.last().map_or(leaf, |hop| hop.device);
        let (device, _) = world.other_end(below, link)?;
        hops.push(Neighbour { link, device });
    }
    let above =
        hops.iter().rev().flat_map(|hop| [PathPart::Device(hop.device), PathPart::Link(hop.link)]);
    let reasons = above.chain([PathPart::Device(leaf)]).map(|part| dark_reason(world, part));
    let first_dark = reasons.enumerate().find_map(|(index, reason)| Some((index, reason?)));
    let lit_count = first_dark.map_or(2 * hops.len() + 1, |(index, _)| index);
    let dark_reason = first_dark.map(|(_, reason)| reason);
    Some(DesignedPath { hops, signal: light.signal, lit_count, dark_reason })
}

/// Why light ends at this part; `None` if it does not.
fn dark_reason(world: &World, part: PathPart) -> Option<DarkReason> {
    let of_device = |device: &Device| match device.effective_status() {
        _ if device.is_forced_down() => Some(DarkReason::HeldDown),
        _ if !device.is_in_service() => Some(DarkReason::NotInService),
        Status::Down if device.device_type == DeviceType::Olt => Some(DarkReason::NoUpstream),
        _ => None,
    };
    match part {
        PathPart::Device(id) => world.device(id).and_then(|device| of_device(device)),
        PathPart::Link(id) => {
            let link = world.link(id).filter(|link| link.is_out_of_use())?;
            let is_held = link.is_forced_down();
            Some(if is_held { DarkReason::HeldDown } else { DarkReason::NotInService })
        }
    }
}
