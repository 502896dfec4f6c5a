//! Ways from a device up to active devices, over links and through passive parts.

use std::collections::VecDeque;

use rustc_hash::FxHashMap;

use crate::domain::plant::passage;
use crate::domain::{Device, DeviceClass, DeviceId, DeviceType, LinkId, Neighbour, Status, World};

/// More hops than any real network has; a longer path means that the records contradict each other.
const HOPS_MAX: usize = 1_000;

/// A place on a search: a device, and the link over which it was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Arrival {
    pub(super) device: DeviceId,
    /// `None` where the search begins inside the device.
    pub(super) over: Option<LinkId>,
    /// An active device was passed: OLTs and AON switches forward for no other one.
    is_behind_active: bool,
}

impl Arrival {
    /// Inside a device.
    pub(super) fn at(device: DeviceId) -> Self {
        Self { device, over: None, is_behind_active: false }
    }

    /// At a device, over a link from below.
    pub(super) fn over(link: LinkId, device: DeviceId) -> Self {
        Self { device, over: Some(link), is_behind_active: false }
    }
}

/// The shortest way from `start` to a device for which `is_end` returns true, nearest first and
/// without `start`: empty if that is such a device, `None` if there is no way.
pub(super) fn way_up(
    world: &World,
    start: Arrival,
    is_end: impl Fn(&Device) -> bool,
) -> Option<Vec<Neighbour>> {
    let mut previous: FxHashMap<Arrival, Option<Arrival>> = FxHashMap::default();
    let mut queue = VecDeque::from([start]);
    previous.insert(start, None);
    while let Some(here) = queue.pop_front() {
        let Some(device) = world.device(here.device) else { continue };
        if is_end(device) && !is_dead_end(here, device) {
            return Some(steps_to(here, &previous));
        }
        for next in onward(world, here, device) {
            previous.entry(next).or_insert_with(|| {
                queue.push_back(next);
                Some(here)
            });
        }
    }
    None
}

/// The places that light and traffic reach next.
fn onward<'w>(
    world: &'w World,
    here: Arrival,
    device: &'w Device,
) -> impl Iterator<Item = Arrival> + use<'w> {
    let is_active = device.device_type.class() == DeviceClass::Active;
    let is_open = match device.device_type.class() {
        DeviceClass::Active => !is_dead_end(here, device),
        DeviceClass::Passive => true,
        DeviceClass::Leaf => here.over.is_none(),
        DeviceClass::Container => false,
    };
    let neighbours = if is_open { world.neighbours(device.id) } else { &[] };
    let open = neighbours.iter().filter(move |next| match here.over {
        Some(from) => next.link != from && passes(world, device, from, next.link),
        None => true,
    });
    open.map(move |next| Arrival {
        device: next.device,
        over: Some(next.link),
        is_behind_active: here.is_behind_active || is_active,
    })
}

/// Whether what arrives at a device over one link goes on over the other one.
pub(super) fn passes(world: &World, device: &Device, from: LinkId, to: LinkId) -> bool {
    if !device.device_type.is_passive() {
        return true;
    }
    let ports = world.port_at(device.id, from).zip(world.port_at(device.id, to));
    ports.is_some_and(|(from, to)| passage::passes(world, device, from, to))
}

/// Whether an OLT or AON switch was reached through another active device.
fn is_dead_end(here: Arrival, device: &Device) -> bool {
    here.is_behind_active && matches!(device.device_type, DeviceType::Olt | DeviceType::AonSwitch)
}

fn steps_to(end: Arrival, previous: &FxHashMap<Arrival, Option<Arrival>>) -> Vec<Neighbour> {
    let mut steps = Vec::new();
    let mut here = end;
    while let (Some(link), Some(Some(before))) = (here.over, previous.get(&here)) {
        steps.push(Neighbour { link, device: here.device });
        here = *before;
    }
    steps.reverse();
    steps
}

/// The recorded path from a device to the next device for which `is_end` returns true, nearest first; as
/// far as it leads.
pub(super) fn recorded_path(
    world: &World,
    start: DeviceId,
    is_end: impl Fn(&Device) -> bool,
) -> Vec<Neighbour> {
    let mut steps: Vec<Neighbour> = Vec::new();
    let mut at = start;
    while let Some(device) = world.device(at) {
        if device.uplink.is_empty() || is_end(device) {
            break;
        }
        for link in &device.uplink {
            let Some([a, b]) = world.ends(*link) else { return steps };
            at = if a == at { b } else { a };
            steps.push(Neighbour { link: *link, device: at });
        }
        if steps.len() > HOPS_MAX {
            break;
        }
    }
    steps
}

/// The link and the device at its upper end, for a cause that is a link; its lower end is the other one.
pub(super) fn upper_end(world: &World, link: LinkId) -> Option<[DeviceId; 2]> {
    let ends = world.ends(link)?;
    let rank = |id: DeviceId| {
        let device = world.device(id);
        let tier = device.map_or(u8::MAX, |device| tier_of(device.device_type));
        let way = way_up(world, Arrival::over(link, id), is_working_active);
        (tier, way.map_or(usize::MAX, |way| way.len()))
    };
    let [a, b] = ends;
    Some(if rank(b) < rank(a) { [b, a] } else { [a, b] })
}

/// Active devices by their place in the hierarchy, then passive parts, then leaves: which of two passive
/// parts is above the other one follows from their ways up.
fn tier_of(device_type: DeviceType) -> u8 {
    match device_type.class() {
        DeviceClass::Active => device_type as u8,
        DeviceClass::Passive => u8::MAX - 2,
        DeviceClass::Leaf => u8::MAX - 1,
        DeviceClass::Container => u8::MAX,
    }
}

/// Whether a device forwards for others and works, by the network or by its override.
pub(super) fn is_working_active(device: &Device) -> bool {
    device.device_type.class() == DeviceClass::Active
        && device.is_in_service()
        && device.effective_status() != Status::Down
}
