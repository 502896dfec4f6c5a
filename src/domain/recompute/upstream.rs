//! Which active devices reach a backbone gateway.
//!
//! Routers forward; OLTs and AON switches are reached, but forward for no other active device.
//! Passive parts between two active devices are transparent along what is joined in them. A device that an operator has set to
//! UP serves those behind it, whether or not it reaches a gateway itself. Its computed status
//! does not change, so that the conflict is shown.

use std::collections::VecDeque;

use rustc_hash::{FxHashMap, FxHashSet};

use super::device_status::DeviceStatus;
use super::reachability::{is_passable, is_working};
use crate::domain::plant::stop::Stop;
use crate::domain::transaction::Transaction;
use crate::domain::{Device, DeviceId, DeviceType, LinkId, Reason, World};

/// Recomputes the core. Returns the devices that began or ceased to work, ascending.
pub(super) fn recompute_core(transaction: &mut Transaction<'_>) -> Vec<DeviceId> {
    let paths = paths(transaction.world());
    let core: Vec<DeviceId> = transaction.world().core().collect();
    let mut changed = Vec::new();
    for id in core {
        let Some(device) = transaction.world().device(id) else { continue };
        let was_working = is_working(device);
        if !device.device_type.is_always_online() {
            let status = match paths.get(&Stop::at(id)) {
                Some(_) => {
                    DeviceStatus::up_through(links_to_next_active(transaction.world(), &paths, id))
                }
                None if device.is_in_service() => DeviceStatus::down(Reason::NoUpstream),
                None => DeviceStatus::down(Reason::NotInService),
            };
            status.store(transaction, id);
        }
        let device = transaction.world().device(id);
        if device.is_some_and(|device| is_working(device) != was_working) {
            changed.push(id);
        }
    }
    changed
}

/// The next hop of each reached device towards a gateway.
type UpstreamPaths = FxHashMap<Stop, UpstreamHop>;

/// A link towards a gateway, and the stop at its other end.
struct UpstreamHop {
    link: LinkId,
    to: Stop,
}

/// From the gateways first; then from routers that an operator has set to UP and that reach none.
/// Those have no path of their own, so that no path is a loop.
fn paths(world: &World) -> UpstreamPaths {
    let mut paths = UpstreamPaths::default();
    let sources = |is_source: &dyn Fn(&Device) -> bool| -> Vec<DeviceId> {
        world.core().filter(|id| world.device(*id).is_some_and(|one| is_source(one))).collect()
    };
    extend(world, &sources(&is_working_gateway), &mut paths);
    let overridden =
        sources(&|device| is_router_set_up(device) && !paths.contains_key(&Stop::at(device.id)));
    extend(world, &overridden, &mut paths);
    paths
}

/// Breadth first from all sources at once: the fewest hops, then the order of links.
fn extend(world: &World, sources: &[DeviceId], paths: &mut UpstreamPaths) {
    let mut queue: VecDeque<Stop> = sources.iter().map(|id| Stop::at(*id)).collect();
    let sources: FxHashSet<DeviceId> = sources.iter().copied().collect();
    while let Some(from) = queue.pop_front() {
        for link in from.links(world) {
            let Some(to) = Stop::behind(world, from.device, link) else { continue };
            let Some(device) = world.device(to.device) else { continue };
            let is_new = is_passable(world, link)
                && device.device_type != DeviceType::BackboneGateway
                && !sources.contains(&device.id)
                && !paths.contains_key(&to);
            if !is_new {
                continue;
            }
            paths.insert(to, UpstreamHop { link, to: from });
            if device.device_type.is_router() || device.device_type.is_passive() {
                queue.push_back(to);
            }
        }
    }
}

fn is_working_gateway(device: &Device) -> bool {
    device.device_type == DeviceType::BackboneGateway && is_working(device)
}

/// A router that works because an operator has set it to UP or DEGRADED.
fn is_router_set_up(device: &Device) -> bool {
    device.device_type.is_router() && device.status_override.is_some() && is_working(device)
}

/// Through passive parts, nearest link first.
fn links_to_next_active(world: &World, paths: &UpstreamPaths, id: DeviceId) -> Vec<LinkId> {
    let mut links = Vec::new();
    let mut at = Stop::at(id);
    while let Some(hop) = paths.get(&at) {
        links.push(hop.link);
        at = hop.to;
        if !world.device(at.device).is_some_and(|device| device.device_type.is_passive()) {
            break;
        }
    }
    links
}
