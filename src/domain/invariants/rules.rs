//! The invariants of one device, port or link, with what they need to know of the site around it.

use super::error::{InvariantError, ensure};
use super::plant::{check_cross_connect, check_identity};
use crate::domain::device::container::check_containment;
use crate::domain::status::rules as status;
use crate::domain::{
    Device, DeviceId, DeviceType, IdCounters, Interface, InterfaceId, Link, LinkId, Name, Refusal,
    Status,
};

/// What the invariants of one entity depend on in others.
pub(super) trait SiteLookup {
    fn counters(&self) -> IdCounters;
    /// The device with this name; the last one if several have it.
    fn device_named(&self, name: &Name) -> Option<DeviceId>;
    /// The device with this serial; the last one if several have it.
    fn device_with_serial(&self, serial: &str) -> Option<DeviceId>;
    fn device_facts(&self, id: DeviceId) -> Option<DeviceFacts>;
    fn interface_facts(&self, id: InterfaceId) -> Option<InterfaceFacts>;
    /// The link at a port.
    fn link_facts_at(&self, id: InterfaceId) -> Option<LinkFacts>;
}

/// What ports, links and children depend on in a device.
#[derive(Clone, Copy, Debug)]
pub(super) struct DeviceFacts {
    pub(super) device_type: DeviceType,
    pub(super) is_out_of_use: bool,
}

/// What a link depends on in its port.
#[derive(Clone, Copy, Debug)]
pub(super) struct InterfaceFacts {
    pub(super) device: DeviceId,
    pub(super) can_carry_link: bool,
}

/// What a port depends on in its link.
#[derive(Clone, Copy, Debug)]
pub(super) struct LinkFacts {
    pub(super) id: LinkId,
    pub(super) is_out_of_use: bool,
}

impl From<&Device> for DeviceFacts {
    fn from(device: &Device) -> Self {
        Self { device_type: device.device_type, is_out_of_use: device.is_out_of_use() }
    }
}

impl From<&Interface> for InterfaceFacts {
    fn from(port: &Interface) -> Self {
        Self { device: port.device, can_carry_link: port.can_carry_link() }
    }
}

impl From<&Link> for LinkFacts {
    fn from(link: &Link) -> Self {
        Self { id: link.id, is_out_of_use: link.is_out_of_use() }
    }
}

/// I1, I2, I5, I8 and I9 of a device.
pub(super) fn check_device(site: &impl SiteLookup, device: &Device) -> Result<(), InvariantError> {
    let name = &device.name;
    ensure(site.device_named(name) == Some(device.id), "I1", || {
        format!("several devices are named '{name}', {} among them", device.id)
    })?;
    ensure((1..site.counters().device).contains(&device.id.0), "I5", || {
        format!("device id {} is not below the counter {}", device.id, site.counters().device)
    })?;
    let optics = device.optics;
    let values = [optics.tx_power_dbm, optics.sensitivity_min_dbm, optics.insertion_loss_db];
    let position = [device.position.x, device.position.y];
    ensure(values.into_iter().flatten().chain(position).all(f64::is_finite), "I8", || {
        format!("device '{name}' has a number that is not finite")
    })?;
    ensure(optics.pon_class.is_none() || device.device_type == DeviceType::Olt, "I8", || {
        format!("device '{name}' has a pon_class, but is not an OLT")
    })?;
    let owner = device.serial().and_then(|serial| site.device_with_serial(serial));
    check_identity(device, owner)?;
    let Some(parent) = device.parent else { return Ok(()) };
    let contained = match site.device_facts(parent) {
        Some(place) => {
            check_containment(place.device_type, || format!("device {parent}"), device.device_type)
        }
        None => Err(Refusal::ParentNotFound),
    };
    contained.map_err(|refusal| InvariantError {
        invariant: "I2",
        what: format!("device '{name}': {refusal}"),
    })
}

/// I5, I7 and I9 of a port of such a device, without what its cross-connect's other port must have.
pub(super) fn check_port(
    site: &impl SiteLookup,
    device_type: DeviceType,
    port: &Interface,
) -> Result<(), InvariantError> {
    ensure((1..site.counters().interface).contains(&port.id.0), "I5", || {
        format!("interface id {} is not below its counter", port.id)
    })?;
    check_cross_connect(device_type, port)?;
    let is_linked = site.link_facts_at(port.id).is_some_and(|link| !link.is_out_of_use);
    let expected = status::of_port(port.interface_type, device_type, is_linked);
    ensure(port.status == expected, "I7", || {
        format!(
            "interface {} is {}, the rules say {}",
            port.id,
            port.status.as_str(),
            expected.as_str()
        )
    })
}

/// I4, I5, I7 and I8 of a link; returns the devices at its ends.
pub(super) fn check_link(
    site: &impl SiteLookup,
    link: &Link,
) -> Result<[DeviceId; 2], InvariantError> {
    let id = link.id;
    ensure((1..site.counters().link).contains(&id.0), "I5", || {
        format!("link id {id} is not below its counter")
    })?;
    ensure(link.length_km.is_none_or(|km| km.is_finite() && km >= 0.0), "I8", || {
        format!("link {id} has no valid length")
    })?;
    let mut is_end_down = false;
    let mut device_at = |end: InterfaceId| {
        ensure(site.link_facts_at(end).is_some_and(|link| link.id == id), "I4", || {
            format!("interface {end} carries another link than {id}")
        })?;
        let socket = site.interface_facts(end).filter(|socket| socket.can_carry_link);
        let found =
            socket.and_then(|socket| Some((socket.device, site.device_facts(socket.device)?)));
        let Some((device, place)) = found.filter(|(_, place)| !place.device_type.is_container())
        else {
            return Err(InvariantError {
                invariant: "I4",
                what: format!("link {id} ends at {end}, which is not a port that can carry a link"),
            });
        };
        is_end_down |= place.is_out_of_use;
        Ok(device)
    };
    let ends = [device_at(link.a)?, device_at(link.b)?];
    ensure(ends[0] != ends[1], "I4", || format!("link {id} has one device at both ends"))?;
    // DEGRADED follows from the region; a property test checks it.
    let is_critical = link.status == Status::Degraded;
    let expected = status::of_link_with(link, is_end_down, is_critical);
    ensure(link.status == expected, "I7", || {
        format!("link {id} is {}, the rules say {}", link.status.as_str(), expected.as_str())
    })?;
    Ok(ends)
}
