//! How many uplinks an active device has, and how many of them work.

use std::collections::VecDeque;

use rustc_hash::FxHashSet;

use super::way_up::{Arrival, is_working_active, passes, upper_end, way_up};
use crate::domain::{
    Device, DeviceClass, DeviceId, DeviceType, LinkId, Neighbour, RootCause, World,
};

/// The uplinks of a router, an OLT or an AON switch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redundancy {
    pub device: DeviceId,
    /// Ascending by link.
    pub uplinks: Vec<UplinkState>,
}

/// A link of a device through which a gateway is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UplinkState {
    pub link: LinkId,
    /// The next router on the way.
    pub via: DeviceId,
    /// Whether the way to a gateway works now.
    pub is_working: bool,
}

/// The uplinks of the active device that the cause is, or that is at the lower end of a link between
/// routed devices. `None` where there is no redundancy: in a PON, at leaves, at a gateway.
pub fn redundancy(world: &World, cause: RootCause) -> Option<Redundancy> {
    let device = routed_device(world, cause)?;
    let working = uplinks(world, device, Ways::Working);
    let all = uplinks(world, device, Ways::Built);
    let uplinks = all.into_iter().map(|uplink| UplinkState {
        link: uplink.link,
        via: uplink.device,
        is_working: working.iter().any(|each| each.link == uplink.link),
    });
    Some(Redundancy { device, uplinks: uplinks.collect() })
}

fn routed_device(world: &World, cause: RootCause) -> Option<DeviceId> {
    let is_active = |device: &Device| device.device_type.class() == DeviceClass::Active;
    let id = match cause {
        RootCause::Device(id) => id,
        RootCause::Link(link) => {
            let [upper, lower] = upper_end(world, link)?;
            let next_active = |from| {
                let way = way_up(world, Arrival::over(link, from), is_active)?;
                Some(way.last().map_or(from, |step| step.device))
            };
            let above = world.device(next_active(upper)?)?;
            if !above.device_type.is_router() {
                return None;
            }
            next_active(lower)?
        }
    };
    let device = world.device(id)?;
    (is_active(device) && device.device_type != DeviceType::BackboneGateway).then_some(id)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ways {
    /// As built.
    Built,
    /// Through links and devices that work; whether `device` itself works does not count.
    Working,
}

/// Each link of `device` over which a gateway reaches it, ascending, with the last router on the way.
fn uplinks(world: &World, device: DeviceId, ways: Ways) -> Vec<Neighbour> {
    let sources = world.core().filter(|id| *id != device && is_source(world, *id, ways));
    let mut search = UplinkSearch {
        world,
        ways,
        target: device,
        found: Vec::new(),
        routers: FxHashSet::default(),
        entered: FxHashSet::default(),
        queue: VecDeque::new(),
    };
    for id in sources {
        search.reach(Neighbour { link: LinkId(0), device: id }, id);
    }
    while let Some(front) = search.queue.pop_front() {
        search.extend(&front);
    }
    search.found.sort_unstable_by_key(|uplink| uplink.link);
    search.found
}

/// A breadth-first search from the gateways down to one device.
struct UplinkSearch<'w> {
    world: &'w World,
    ways: Ways,
    target: DeviceId,
    found: Vec<Neighbour>,
    routers: FxHashSet<DeviceId>,
    /// Passive parts, with the link over which they were entered.
    entered: FxHashSet<(LinkId, DeviceId)>,
    queue: VecDeque<UplinkFront>,
}

struct UplinkFront {
    at: DeviceId,
    /// The link over which a passive part was entered; `None` at a router.
    over: Option<LinkId>,
    /// The last router on the way.
    router: DeviceId,
}

impl UplinkSearch<'_> {
    fn extend(&mut self, front: &UplinkFront) {
        let world = self.world;
        let Some(device) = world.device(front.at) else { return };
        for next in world.neighbours(front.at) {
            let is_open = front
                .over
                .is_none_or(|from| next.link != from && passes(world, device, from, next.link));
            if is_open && (self.ways == Ways::Built || self.is_passable(next.link)) {
                self.reach(*next, front.router);
            }
        }
    }

    fn reach(&mut self, next: Neighbour, router: DeviceId) {
        let Some(device) = self.world.device(next.device) else { return };
        if next.device == self.target {
            if !self.found.iter().any(|known| known.link == next.link) {
                self.found.push(Neighbour { link: next.link, device: router });
            }
        } else if device.device_type.is_router() {
            if self.routers.insert(device.id) {
                self.queue.push_back(UplinkFront { at: device.id, over: None, router: device.id });
            }
        } else if device.device_type.is_passive() && self.entered.insert((next.link, device.id)) {
            let front = UplinkFront { at: device.id, over: Some(next.link), router };
            self.queue.push_back(front);
        }
    }

    /// Whether a link carries traffic, were `target` in service.
    fn is_passable(&self, id: LinkId) -> bool {
        let is_held = |end: DeviceId| {
            end != self.target && self.world.device(end).is_none_or(|end| end.is_out_of_use())
        };
        let link = self.world.link(id).zip(self.world.ends(id));
        link.is_some_and(|(link, ends)| !link.is_out_of_use() && !ends.into_iter().any(is_held))
    }
}

/// Whether traffic comes from a device: a gateway or, among working ways, a router that an operator has
/// set to UP.
fn is_source(world: &World, id: DeviceId, ways: Ways) -> bool {
    world.device(id).is_some_and(|device| {
        let is_gateway = device.device_type == DeviceType::BackboneGateway;
        match ways {
            Ways::Built => is_gateway,
            Ways::Working => {
                let is_set = device.device_type.is_router() && device.status_override.is_some();
                is_working_active(device) && (is_gateway || is_set)
            }
        }
    })
}
