//! The path from a gateway down to the cause of an outage, lit up to the first part that is not.

use super::way_up::{Arrival, is_working_active, recorded_path, upper_end, way_up};
use crate::domain::{
    Device, DeviceClass, DeviceId, DeviceType, LinkId, Neighbour, RootCause, Status, World,
};

/// A part of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathPart {
    Device(DeviceId),
    Link(LinkId),
}

/// The path from a gateway down to a cause: devices and the links between them, the cause last, or the
/// device at its lower end if it is a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CausePath {
    pub parts: Vec<PathPart>,
    /// How many of the parts are lit, counted from the top: light or traffic reaches them.
    pub lit_count: usize,
}

impl CausePath {
    /// The last part that light or traffic reaches; `None` if the first one is dark.
    pub fn last_lit(&self) -> Option<PathPart> {
        self.parts.get(self.lit_count.checked_sub(1)?).copied()
    }

    /// The first part that light or traffic does not reach; `None` if the whole path is lit.
    pub fn first_dark(&self) -> Option<PathPart> {
        self.parts.get(self.lit_count).copied()
    }
}

/// The path down to a cause, also where it carries nothing any more. It begins at the cause itself where
/// nothing leads there, and is empty if the cause does not exist.
pub fn cause_path(world: &World, cause: RootCause) -> CausePath {
    let (mut parts, lower) = match cause {
        RootCause::Device(id) if world.device(id).is_some() => (path_to(world, id, None), vec![]),
        RootCause::Link(link) => match upper_end(world, link) {
            Some([upper, lower]) => (
                path_to(world, upper, Some(link)),
                vec![PathPart::Link(link), PathPart::Device(lower)],
            ),
            None => (vec![], vec![]),
        },
        RootCause::Device(_) => (vec![], vec![]),
    };
    parts.extend(lower);
    let lit_count = lit_count(world, &parts);
    CausePath { parts, lit_count }
}

/// The parts down to a device that was reached over `from` from below.
fn path_to(world: &World, id: DeviceId, from: Option<LinkId>) -> Vec<PathPart> {
    let mut steps = steps_up(world, id, from);
    let top = steps.last().map_or(id, |step| step.device);
    steps.extend(recorded_path(world, top, |_| false));
    let mut parts: Vec<PathPart> = Vec::with_capacity(2 * steps.len() + 1);
    for step in steps.iter().rev() {
        parts.extend([PathPart::Device(step.device), PathPart::Link(step.link)]);
    }
    parts.push(PathPart::Device(id));
    parts
}

/// The steps up to the next active device that works, or else to a gateway.
fn steps_up(world: &World, id: DeviceId, from: Option<LinkId>) -> Vec<Neighbour> {
    let start = match from {
        Some(link) => Arrival::over(link, id),
        None => Arrival::at(id),
    };
    let is_gateway = |device: &Device| device.device_type == DeviceType::BackboneGateway;
    // Of a passive part, only one of its paths is recorded.
    let is_recorded = from.is_none() || !is_passive(world, id);
    if is_recorded && world.device(id).is_some_and(|device| !device.uplink.is_empty()) {
        return vec![];
    }
    let way = way_up(world, start, is_working_active).or_else(|| way_up(world, start, is_gateway));
    way.unwrap_or_default()
}

fn is_passive(world: &World, id: DeviceId) -> bool {
    world.device(id).is_some_and(|device| device.device_type.class() == DeviceClass::Passive)
}

fn lit_count(world: &World, parts: &[PathPart]) -> usize {
    let is_source = |device: &Device| {
        device.device_type == DeviceType::BackboneGateway || device.status_override.is_some()
    };
    let is_lit = |(index, part): &(usize, &PathPart)| match part {
        PathPart::Link(id) => world.link(*id).is_some_and(|link| !link.is_out_of_use()),
        PathPart::Device(id) => world.device(*id).is_some_and(|device| {
            device.effective_status() != Status::Down && (*index > 0 || is_source(device))
        }),
    };
    parts.iter().enumerate().take_while(is_lit).count()
}
