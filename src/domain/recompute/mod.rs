//! Status that follows from a command's changes, settled before the command is done.
//!
//! Two kinds of places are recomputed, each as a whole and only when something in it changed:
//! - the **routed core**: which routers, OLTs and AON switches reach a backbone gateway;
//! - **regions**: passive parts and leaves that hang together, up to the active devices around
//!   them. Leaves get their optical path and signal there, passive parts and links their status.
//!
//! A whole place is small (a core of some hundred devices, a region of an ODF with its PONs), so
//! recomputing it costs less than keeping track of what exactly might differ; and it equals a
//! full recompute by construction, which a property test confirms.

mod affected;
mod light_paths;
mod region;
mod region_status;

#[cfg(test)]
mod tests;
mod upstream;

use std::borrow::Cow;

use rustc_hash::FxHashSet;

use super::status::rules as status;
use super::transaction::Transaction;
use super::{
    Device, DeviceClass, DeviceId, Interface, InterfaceId, Link, LinkId, Reason, Reasons, Signal,
    Status, Uplink, World,
};
use region::Finder;

/// Recomputes the status of whatever the session's changes can touch, and of nothing else.
pub(super) fn settle(transaction: &mut Transaction<'_>) {
    let touched = affected::of(transaction);
    settle_places(transaction, touched.devices, &touched.links, touched.is_core_touched);
    let world = transaction.world();
    let ports = touched.interfaces.into_iter();
    let stale = ports.filter_map(|id| {
        let device = world.device(world.interface(id)?.device)?;
        stale_port(world, device, id)
    });
    settle_ports(transaction, stale.collect());
}

/// Recomputes every status.
pub(super) fn settle_all(transaction: &mut Transaction<'_>) {
    let world = transaction.world();
    let mut devices: Vec<DeviceId> = world.device_ids().collect();
    devices.sort_unstable();
    // Links are at active devices or inside regions, which settle their own.
    let at_core = world.core().flat_map(|id| world.neighbours(id));
    let links: Vec<LinkId> = at_core.map(|neighbour| neighbour.link).collect();
    settle_places(transaction, devices.clone(), &links, true);
    let world = transaction.world();
    let devices = devices.iter().filter_map(|id| world.device(*id));
    let stale = devices.flat_map(|device| {
        world.ports(device.id).iter().filter_map(|id| stale_port(world, device, *id))
    });
    settle_ports(transaction, stale.collect());
}

/// `devices` and `links` are in an order of their own, so that the result does not depend on how
/// maps are laid out.
fn settle_places(
    transaction: &mut Transaction<'_>,
    devices: Vec<DeviceId>,
    links: &[LinkId],
    is_core_touched: bool,
) {
    for id in &devices {
        if transaction
            .world()
            .device(*id)
            .is_some_and(|device| device.device_type.is_always_online())
        {
            settle_device(transaction, *id, Verdict::up());
        }
    }
    for id in links {
        settle_trunk(transaction, *id);
    }
    let mut starts = devices;
    if is_core_touched || touches_router(transaction.world(), &starts) {
        let changed = upstream::settle(transaction);
        let beside = changed.iter().flat_map(|id| transaction.world().neighbours(*id));
        starts.extend(beside.map(|neighbour| neighbour.device));
    }
    let mut finder = Finder::default();
    for start in starts {
        let Some(region) = finder.find(transaction.world(), start) else { continue };
        let outcome = region_status::outcome(&region);
        for (id, settled) in outcome.devices {
            transaction.update::<Device>(id, |device| settled.put_into(device));
        }
        for (id, status) in outcome.links {
            transaction.update::<Link>(id, |link| link.status = status);
        }
    }
}

fn touches_router(world: &World, starts: &[DeviceId]) -> bool {
    let mut finder = Finder::default();
    let mut regions = starts.iter().filter_map(|start| finder.find(world, *start));
    regions.any(|region| region.touches_router())
}

/// What the network says of a device.
struct Verdict<'v> {
    status: Status,
    reason: Option<Reason>,
    signal: Option<Signal>,
    uplink: Cow<'v, [LinkId]>,
    through_loss_db: Option<f64>,
}

impl Verdict<'_> {
    fn up() -> Self {
        Self {
            status: Status::Up,
            reason: None,
            signal: None,
            uplink: Cow::default(),
            through_loss_db: None,
        }
    }

    fn up_through(uplink: Vec<LinkId>) -> Self {
        Self { uplink: uplink.into(), ..Self::up() }
    }

    fn down(reason: Reason) -> Self {
        Self { status: Status::Down, reason: Some(reason), ..Self::up() }
    }

    /// The status that counts, with what an operator says of the device.
    fn effective(&self, device: &Device) -> Status {
        device.status_override.as_ref().map_or(self.status, |set| set.status)
    }

    /// What to put into a device; `None` when all of it is there.
    fn unlike(self, device: &Device) -> Option<Settled> {
        let reasons = status::reasons(device, self.status, self.reason);
        let is_settled = device.status == self.status
            && device.reasons == reasons
            && device.signal == self.signal
            && *device.uplink == *self.uplink
            && device.through_loss_db == self.through_loss_db;
        (!is_settled).then(|| Settled {
            status: self.status,
            reasons,
            signal: self.signal,
            uplink: self.uplink.into_owned().into(),
            through_loss_db: self.through_loss_db,
        })
    }
}

/// The computed part of a device.
struct Settled {
    status: Status,
    reasons: Reasons,
    signal: Option<Signal>,
    uplink: Uplink,
    through_loss_db: Option<f64>,
}

impl Settled {
    fn put_into(self, device: &mut Device) {
        device.status = self.status;
        device.reasons = self.reasons;
        device.signal = self.signal;
        device.uplink = self.uplink;
        device.through_loss_db = self.through_loss_db;
    }
}

fn settle_device(transaction: &mut Transaction<'_>, id: DeviceId, verdict: Verdict<'_>) {
    let settled = transaction.world().device(id).and_then(|device| verdict.unlike(device));
    if let Some(settled) = settled {
        transaction.update::<Device>(id, |device| settled.put_into(device));
    }
}

/// Settles a link between two active devices. Regions settle theirs, and only they: a link that
/// became UP for a moment before it is DEGRADED again would seem to be new.
fn settle_trunk(transaction: &mut Transaction<'_>, id: LinkId) {
    let world = transaction.world();
    let Some(link) = world.link(id) else { return };
    let Some([a, b]) = ends(world, id) else { return };
    let status = status::of_link(link, [a, b], false);
    if !is_inside_region(a) && !is_inside_region(b) && link.status != status {
        transaction.update::<Link>(id, |link| link.status = status);
    }
}

fn settle_ports(transaction: &mut Transaction<'_>, stale: Vec<(InterfaceId, Status)>) {
    for (id, status) in stale {
        transaction.update::<Interface>(id, |interface| interface.status = status);
    }
}

/// The status that a port of a device has to get, unless it has it.
fn stale_port(world: &World, device: &Device, id: InterfaceId) -> Option<(InterfaceId, Status)> {
    let interface = world.interface(id)?;
    // Many ports belong to passive parts, whose links do not matter.
    let link = if device.device_type.is_passive() { None } else { world.link_at(id) };
    let link = link.and_then(|link| world.link(link));
    let status = status::of_interface(interface, device.device_type, link.map(AsRef::as_ref));
    (interface.status != status).then_some((id, status))
}

/// Passive parts and leaves make up regions; active equipment bounds them.
fn is_inside_region(device: &Device) -> bool {
    matches!(device.device_type.class(), DeviceClass::Passive | DeviceClass::Leaf)
}

fn ends(world: &World, link: LinkId) -> Option<[&Device; 2]> {
    let [a, b] = world.ends(link)?;
    Some([world.device(a)?, world.device(b)?])
}

/// Whether a device does its work, whatever put it into its state.
fn is_working(device: &Device) -> bool {
    device.effective_status() != Status::Down
}

/// Whether a link lets anything through, whether or not its status is settled yet.
fn is_passable(world: &World, id: LinkId) -> bool {
    let link = world.link(id).zip(ends(world, id));
    link.is_some_and(|(link, ends)| status::of_link(link, ends, false) != Status::Down)
}

type DeviceSet = FxHashSet<DeviceId>;
