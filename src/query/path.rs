//! The path from a device to its gateway, as the engine computed it.

use crate::domain::{Device, DeviceId, Interface, Link, Neighbour, World};
use crate::store::{Snapshot, StoreError};

/// One hop upstream: over a link to the device at its other end.
#[derive(Clone, Debug)]
pub struct Hop {
    pub link: Link,
    pub device: Device,
    /// Of the splice or patch at which the path goes on in the device, beside that of the device.
    pub cross_connect_loss_db: Option<f64>,
}

/// More hops than any real network has; a longer path means that the records contradict each other.
const HOPS_MAX: usize = 1_000;

/// The hops from a device towards a backbone gateway, nearest first, up to the first device for which
/// `is_end` returns true, or to the end of the path.
///
/// # Errors
/// [`StoreError::Damaged`] when the stored path has a gap or a loop.
pub fn upstream_hops(
    snapshot: &Snapshot,
    start: &Device,
    is_end: impl Fn(&Device) -> bool,
) -> Result<Vec<Hop>, StoreError> {
    let mut hops: Vec<Hop> = Vec::new();
    loop {
        let at = hops.last().map_or(start, |hop| &hop.device);
        if hops.len() > HOPS_MAX {
            return Err(broken(start.id, "the upstream path has a loop"));
        }
        if is_end(at) || at.uplink.is_empty() {
            return Ok(hops);
        }
        for link in at.uplink.clone() {
            let from = hops.last().map_or(start.id, |hop| hop.device.id);
            let link = snapshot.link(link)?;
            let link = link.ok_or_else(|| broken(from, "the upstream path lacks a link"))?;
            let (port, device) = other_end(snapshot, &link, from)?;
            let cross_connect_loss_db = port.cross_connect.and_then(|joined| joined.loss_db);
            hops.push(Hop { link, device, cross_connect_loss_db });
        }
    }
}

/// The hops along a path in memory: links, each with the device at its upper end, nearest first.
pub fn hops_along(world: &World, path: &[Neighbour]) -> Vec<Hop> {
    let hop = |step: &Neighbour| {
        let link = Link::clone(world.link(step.link)?);
        let device = Device::clone(world.device(step.device)?);
        let ports = [link.a, link.b].into_iter().filter_map(|id| world.interface(id));
        let port = ports.into_iter().find(|port| port.device == step.device)?;
        let cross_connect_loss_db = port.cross_connect.as_ref().and_then(|joined| joined.loss_db);
        Some(Hop { link, device, cross_connect_loss_db })
    };
    path.iter().filter_map(hop).collect()
}

fn other_end(
    snapshot: &Snapshot,
    link: &Link,
    from: DeviceId,
) -> Result<(Interface, Device), StoreError> {
    for port in [link.a, link.b] {
        let port = snapshot.interface(port)?;
        if let Some(port) = port.filter(|port| port.device != from)
            && let Some(device) = snapshot.device(port.device)?
        {
            return Ok((port, device));
        }
    }
    Err(broken(from, "a link of the upstream path has no other end"))
}

fn broken(device: DeviceId, what: &str) -> StoreError {
    StoreError::Damaged { table: "devices", key: device.to_string(), what: what.to_owned() }
}
