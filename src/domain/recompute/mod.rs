//! The status that follows from a command's changes, recomputed before the command is done.
//!
//! Two kinds of parts are recomputed, each as a whole and only when something in it changed:
//! - the **routed core**: which routers, OLTs and AON switches reach a backbone gateway;
//! - **regions**: passive parts and leaves that are linked with each other, up to the active
//!   devices around them. Leaves get their optical path and signal there, passive parts and links
//!   their status.
//!
//! Each part is small (a core of some hundred devices, a region of an ODF with its PONs), so that
//! recomputing it costs less than finding out what exactly may differ. The result equals that of
//! a full recompute; a property test compares both.

mod access;
mod affected;
#[cfg(test)]
mod building_order;
pub(super) mod designed_light;
mod device_status;
mod light_paths;
mod reachability;
mod region;
mod region_status;
#[cfg(test)]
mod served_by;
mod switch_paths;
#[cfg(test)]
mod tests;
mod upstream;

use rustc_hash::FxHashSet;

use super::status::rules as status;
use super::transaction::Transaction;
use super::{Device, DeviceId, Interface, InterfaceId, Link, LinkId, Reason, Status, World};
use device_status::DeviceStatus;
use reachability::{ends, is_in_region};
use region::RegionFinder;

/// Recomputes every status that the transaction's changes can affect.
pub(super) fn recompute_affected(transaction: &mut Transaction<'_>) {
    let affected = affected::affected_by(transaction);
    let world = transaction.world();
    let ports = affected.interfaces.into_iter();
    let stale = ports.filter_map(|id| {
        let device = world.device(world.interface(id)?.device)?;
        stale_port(world, device, id)
    });
    // Before devices: whether a leaf ever had a link is seen from its ports.
    update_ports(transaction, stale.collect());
    recompute(transaction, affected.devices, &affected.links, affected.is_core_affected);
}

/// Recomputes every status.
pub(super) fn recompute_all(transaction: &mut Transaction<'_>) {
    let world = transaction.world();
    let mut devices: Vec<DeviceId> = world.device_ids().collect();
    devices.sort_unstable();
    // Every other link is in a region, which updates its own.
    let at_core = world.core().flat_map(|id| world.neighbours(id));
    let links: Vec<LinkId> = at_core.map(|neighbour| neighbour.link).collect();
    let stale = devices.iter().filter_map(|id| world.device(*id)).flat_map(|device| {
        world.ports(device.id).iter().filter_map(|id| stale_port(world, device, *id))
    });
    update_ports(transaction, stale.collect());
    recompute(transaction, devices, &links, true);
}

/// Recomputes devices, links, and the regions of the devices. `devices` and `links` have a defined
/// order, so that the result does not depend on the layout of maps.
fn recompute(
    transaction: &mut Transaction<'_>,
    devices: Vec<DeviceId>,
    links: &[LinkId],
    is_core_affected: bool,
) {
    for id in &devices {
        let device = transaction.world().device(*id);
        let Some(device) = device.filter(|device| device.device_type.is_always_online()) else {
            continue;
        };
        if device.is_in_service() || device.device_type.is_container() {
            DeviceStatus::up().store(transaction, *id);
        } else {
            DeviceStatus::down(Reason::NotInService).store(transaction, *id);
        }
    }
    for id in links {
        update_trunk(transaction, *id);
    }
    let mut starts = devices;
    if is_core_affected || borders_on_router(transaction.world(), &starts) {
        let changed = upstream::recompute_core(transaction);
        let neighbours = changed.iter().flat_map(|id| transaction.world().neighbours(*id));
        starts.extend(neighbours.map(|neighbour| neighbour.device));
    }
    let mut finder = RegionFinder::default();
    for start in starts {
        let Some(region) = finder.find(transaction.world(), start) else { continue };
        let update = region_status::update_of(transaction.world(), &region);
        for (id, update) in update.devices {
            update.store(transaction, id);
        }
        for (id, status) in update.links {
            transaction.update::<Link>(id, |link| link.status = status);
        }
    }
}

/// Whether a router is linked with the regions of these devices, so that the core may lead through
/// them.
fn borders_on_router(world: &World, starts: &[DeviceId]) -> bool {
    let is_in_region = |id: &DeviceId| world.device(*id).is_some_and(|device| is_in_region(device));
    let mut queue: Vec<DeviceId> = starts.iter().copied().filter(is_in_region).collect();
    let mut seen: FxHashSet<DeviceId> = queue.iter().copied().collect();
    while let Some(id) = queue.pop() {
        for there in world.neighbours(id) {
            let Some(device) = world.device(there.device) else { continue };
            if device.device_type.is_router() {
                return true;
            }
            if self::is_in_region(device) && seen.insert(device.id) {
                queue.push(device.id);
            }
        }
    }
    false
}

/// Updates a link between two active devices. The links of a region are updated with the region
/// only: one that was UP for a moment before it is DEGRADED again would seem to be new.
fn update_trunk(transaction: &mut Transaction<'_>, id: LinkId) {
    let world = transaction.world();
    let Some(link) = world.link(id) else { return };
    let Some([a, b]) = ends(world, id) else { return };
    let status = status::of_link(link, [a, b], false);
    if !is_in_region(a) && !is_in_region(b) && link.status != status {
        transaction.update::<Link>(id, |link| link.status = status);
    }
}

fn update_ports(transaction: &mut Transaction<'_>, stale: Vec<(InterfaceId, Status)>) {
    for (id, status) in stale {
        transaction.update::<Interface>(id, |interface| interface.status = status);
    }
}

/// The new status of a port of a device; `None` when it is up to date.
fn stale_port(world: &World, device: &Device, id: InterfaceId) -> Option<(InterfaceId, Status)> {
    let interface = world.interface(id)?;
    // Many ports belong to passive parts, where links do not matter.
    let link = if device.device_type.is_passive() { None } else { world.link_at(id) };
    let link = link.and_then(|link| world.link(link));
    let status = status::of_interface(interface, device.device_type, link.map(AsRef::as_ref));
    (interface.status != status).then_some((id, status))
}
