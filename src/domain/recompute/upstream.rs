//! Who reaches a backbone gateway.
//!
//! Routers forward; OLTs and AON switches are reached, but forward for no other active device.
//! Passive parts between two active devices are transparent. A device that an operator holds UP
//! is taken at its word: it serves those behind it, whether or not it reaches a gateway itself.
//! Its own computed status stays what the network says, so that a conflict is seen.

use std::collections::VecDeque;

use rustc_hash::FxHashMap;

use super::{DeviceSet, Verdict, is_passable, is_working, settle_device};
use crate::domain::transaction::Transaction;
use crate::domain::{Device, DeviceId, DeviceType, LinkId, Neighbour, Reason, World};

/// Recomputes the core. Returns the devices that began or ceased to work, ascending.
pub(super) fn settle(transaction: &mut Transaction<'_>) -> Vec<DeviceId> {
    let ways = ways(transaction.world());
    let core: Vec<DeviceId> = transaction.world().core().collect();
    let mut changed = Vec::new();
    for id in core {
        let Some(device) = transaction.world().device(id) else { continue };
        let was_working = is_working(device);
        if !device.device_type.is_always_online() {
            let verdict = match ways.get(&id) {
                Some(_) => {
                    Verdict::up_through(links_to_next_active(transaction.world(), &ways, id))
                }
                None => Verdict::down(Reason::NoUpstream),
            };
            settle_device(transaction, id, verdict);
        }
        if transaction.world().device(id).is_some_and(|device| is_working(device) != was_working) {
            changed.push(id);
        }
    }
    changed
}

/// The next step of each reached device towards a gateway.
type Ways = FxHashMap<DeviceId, Neighbour>;

/// From the gateways first; then from routers that are held up without reaching one. Those stay
/// without a way of their own, so that ways never lead in a circle.
fn ways(world: &World) -> Ways {
    let mut ways = Ways::default();
    let sources = |is_source: &dyn Fn(&Device) -> bool| -> Vec<DeviceId> {
        world.core().filter(|id| world.device(*id).is_some_and(|one| is_source(one))).collect()
    };
    spread(world, &sources(&is_serving_gateway), &mut ways);
    let held_up = sources(&|device| is_held_up(device) && !ways.contains_key(&device.id));
    spread(world, &held_up, &mut ways);
    ways
}

/// Breadth first from all sources at once: the fewest hops, then the order of links.
fn spread(world: &World, sources: &[DeviceId], ways: &mut Ways) {
    let mut queue: VecDeque<DeviceId> = sources.iter().copied().collect();
    let sources: DeviceSet = queue.iter().copied().collect();
    while let Some(id) = queue.pop_front() {
        for neighbour in world.neighbours(id) {
            let Some(device) = world.device(neighbour.device) else { continue };
            let is_open = is_passable(world, neighbour.link)
                && device.device_type != DeviceType::BackboneGateway
                && !sources.contains(&device.id)
                && !ways.contains_key(&device.id);
            if !is_open {
                continue;
            }
            ways.insert(device.id, Neighbour { link: neighbour.link, device: id });
            if device.device_type.is_router() || device.device_type.is_passive() {
                queue.push_back(device.id);
            }
        }
    }
}

fn is_serving_gateway(device: &Device) -> bool {
    device.device_type == DeviceType::BackboneGateway && is_working(device)
}

fn is_held_up(device: &Device) -> bool {
    let is_held = device.device_type.is_router() && device.status_override.is_some();
    is_held && is_working(device)
}

/// Through passive parts, nearest link first.
fn links_to_next_active(world: &World, ways: &Ways, id: DeviceId) -> Vec<LinkId> {
    let mut links = Vec::new();
    let mut at = id;
    while let Some(step) = ways.get(&at) {
        links.push(step.link);
        at = step.device;
        if !world.device(at).is_some_and(|device| device.device_type.is_passive()) {
            break;
        }
    }
    links
}
