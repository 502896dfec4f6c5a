//! What is always true of a world, numbered, and the check of it.
//!
//! - I1: a device's name is unique.
//! - I2: a parent exists, is a container, and its child is none.
//! - I3: an interface's device exists; its name is unique on that device.
//! - I4: both ends of a link exist, are ports that can carry one, on different devices that are
//!   no containers, and carry no other link.
//! - I5: ids are unique, at least 1, and below the counters.
//! - I6: the indexes (names, types, ports, links at ports, children) say what the entities say.
//! - I7: the derived status of ports and links is what the rules compute.
//! - I8: numbers are finite, lengths not negative; only an OLT has a `pon_class`.

pub(super) mod site_checker;

use std::collections::BTreeSet;

use rustc_hash::FxHashSet;

use crate::domain::device::container::check_containment;
use crate::domain::status::rules as status;
use crate::domain::{
    Device, DeviceId, DeviceType, ID_MAX, IdCounters, Interface, InterfaceId, Link, LinkId, Name,
    Refusal, Site, Status, World,
};

/// An invariant that does not hold, and where.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{invariant}: {what}")]
pub struct InvariantError {
    /// `I1` to `I8`, see the module's list.
    pub invariant: &'static str,
    pub what: String,
}

pub(super) type Checked = Result<(), InvariantError>;

pub(super) fn ensure(
    holds: bool,
    invariant: &'static str,
    what: impl FnOnce() -> String,
) -> Checked {
    if holds { Ok(()) } else { Err(InvariantError { invariant, what: what() }) }
}

/// What the rules of one entity ask of those around it.
pub(super) trait Around {
    fn counters(&self) -> IdCounters;
    /// The device with this name; the last one where several have it.
    fn named(&self, name: &Name) -> Option<DeviceId>;
    fn place(&self, id: DeviceId) -> Option<Place>;
    fn socket(&self, id: InterfaceId) -> Option<Socket>;
    /// What is plugged into a port.
    fn plug(&self, id: InterfaceId) -> Option<Plug>;
}

/// A device as its ports, links and children see it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) device_type: DeviceType,
    pub(super) is_forced_down: bool,
}

/// A port as its link sees it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Socket {
    pub(super) device: DeviceId,
    pub(super) can_carry_link: bool,
}

/// A link as its ports see it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plug {
    pub(super) link: LinkId,
    pub(super) is_forced_down: bool,
}

impl From<&Device> for Place {
    fn from(device: &Device) -> Self {
        Self { device_type: device.device_type, is_forced_down: device.is_forced_down() }
    }
}

impl From<&Interface> for Socket {
    fn from(port: &Interface) -> Self {
        Self { device: port.device, can_carry_link: port.can_carry_link() }
    }
}

impl From<&Link> for Plug {
    fn from(link: &Link) -> Self {
        Self { link: link.id, is_forced_down: link.is_forced_down() }
    }
}

/// I1, I2, I5 and I8 of a device.
pub(super) fn check_device(site: &impl Around, device: &Device) -> Checked {
    let name = &device.name;
    ensure(site.named(name) == Some(device.id), "I1", || {
        format!("several devices are named '{name}', {} among them", device.id)
    })?;
    ensure((1..site.counters().device).contains(&device.id.0), "I5", || {
        format!("device id {} is not below the counter {}", device.id, site.counters().device)
    })?;
    let optics = device.optics;
    let values = [optics.tx_power_dbm, optics.sensitivity_min_dbm, optics.insertion_loss_db];
    let place = [device.position.x, device.position.y];
    ensure(values.into_iter().flatten().chain(place).all(f64::is_finite), "I8", || {
        format!("device '{name}' has a number that is not finite")
    })?;
    ensure(optics.pon_class.is_none() || device.device_type == DeviceType::Olt, "I8", || {
        format!("device '{name}' has a pon_class and is no OLT")
    })?;
    let Some(parent) = device.parent else { return Ok(()) };
    let contained = match site.place(parent) {
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

/// I5 and I7 of a port of such a device.
pub(super) fn check_port(site: &impl Around, device_type: DeviceType, port: &Interface) -> Checked {
    ensure((1..site.counters().interface).contains(&port.id.0), "I5", || {
        format!("interface id {} is not below its counter", port.id)
    })?;
    let is_linked = site.plug(port.id).is_some_and(|plug| !plug.is_forced_down);
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
pub(super) fn check_link(site: &impl Around, link: &Link) -> Result<[DeviceId; 2], InvariantError> {
    let id = link.id;
    ensure((1..site.counters().link).contains(&id.0), "I5", || {
        format!("link id {id} is not below its counter")
    })?;
    ensure(link.length_km.is_none_or(|km| km.is_finite() && km >= 0.0), "I8", || {
        format!("link {id} has no valid length")
    })?;
    let mut is_end_down = false;
    let mut device_at = |end: InterfaceId| {
        ensure(site.plug(end).is_some_and(|plug| plug.link == id), "I4", || {
            format!("interface {end} carries another link than {id}")
        })?;
        let socket = site.socket(end).filter(|socket| socket.can_carry_link);
        let found = socket.and_then(|socket| Some((socket.device, site.place(socket.device)?)));
        let Some((device, place)) = found.filter(|(_, place)| !place.device_type.is_container())
        else {
            return Err(InvariantError {
                invariant: "I4",
                what: format!("link {id} ends at {end}, which is no port that carries links"),
            });
        };
        is_end_down |= place.is_forced_down;
        Ok(device)
    };
    let ends = [device_at(link.a)?, device_at(link.b)?];
    ensure(ends[0] != ends[1], "I4", || format!("link {id} has one device at both ends"))?;
    // Whether it is DEGRADED follows from the region; a property test compares that.
    let is_critical = link.status == Status::Degraded;
    let expected = status::of_cable(link, is_end_down, is_critical);
    ensure(link.status == expected, "I7", || {
        format!("link {id} is {}, the rules say {}", link.status.as_str(), expected.as_str())
    })?;
    Ok(ends)
}

impl Around for World {
    fn counters(&self) -> IdCounters {
        World::counters(self)
    }

    fn named(&self, name: &Name) -> Option<DeviceId> {
        self.device_named(name)
    }

    fn place(&self, id: DeviceId) -> Option<Place> {
        self.device(id).map(|device| Place::from(device.as_ref()))
    }

    fn socket(&self, id: InterfaceId) -> Option<Socket> {
        self.interface(id).map(|port| Socket::from(port.as_ref()))
    }

    fn plug(&self, id: InterfaceId) -> Option<Plug> {
        let link = self.link_at(id).and_then(|link| self.link(link));
        link.map(|link| Plug::from(link.as_ref()))
    }
}

impl World {
    /// Checks I1 to I8 on the whole world: for tests and after loading.
    ///
    /// # Errors
    /// The first violation found.
    pub fn check_invariants(&self) -> Checked {
        let mut type_counts = [0_usize; DeviceType::COUNT];
        // Ascending: neighbours in the network lie beside each other in memory.
        for device in self.devices_by_id() {
            type_counts[device.device_type as usize] += 1;
            check_device(self, device)?;
            self.check_is_child(device)?;
        }
        for device_type in DeviceType::all() {
            let counted = type_counts[device_type as usize];
            ensure(counted == self.count_of(device_type), "I6", || {
                format!("{counted} devices of type {} are not indexed", device_type.as_str())
            })?;
        }
        let mut port_count = 0;
        for device in self.devices_by_id() {
            port_count += self.check_ports(device)?;
        }
        ensure(port_count == self.interfaces().count(), "I3", || {
            "an interface belongs to no existing device".to_owned()
        })?;
        for link in self.links_by_id() {
            let ends = check_link(self, link)?;
            ensure(self.ends(link.id) == Some(ends), "I6", || {
                format!("link {} is not indexed", link.id)
            })?;
        }
        Ok(())
    }

    fn check_is_child(&self, device: &Device) -> Checked {
        let Some(parent) = device.parent else { return Ok(()) };
        ensure(self.children(parent).any(|child| child == device.id), "I6", || {
            format!("device '{}' is not among the children of {parent}", device.name)
        })
    }

    /// Returns the number of the device's ports.
    fn check_ports(&self, device: &Device) -> Result<usize, InvariantError> {
        let mut names = FxHashSet::default();
        for id in self.ports(device.id) {
            let port = self.interface(*id).filter(|port| port.device == device.id);
            let Some(port) = port else {
                return Err(InvariantError {
                    invariant: "I6",
                    what: format!("port {id} of device '{}' is not its interface", device.name),
                });
            };
            ensure(names.insert(port.name.as_str()), "I3", || {
                format!("device '{}' has two interfaces named '{}'", device.name, port.name)
            })?;
            check_port(self, device.device_type, port)?;
        }
        Ok(self.ports(device.id).len())
    }
}

impl Site {
    /// I5 and the uniqueness that maps cannot show: no id, name or port stands twice.
    /// Every id and counter ends at [`ID_MAX`], so that what is accepted can be run on.
    pub(super) fn check_ids(&self) -> Checked {
        let counter = self.counters.out_of_bounds();
        ensure(counter.is_none(), "I5", || {
            let (name, next) = counter.unwrap_or_default();
            format!("{name} is {next}, not between 1 and {}", ID_MAX + 1)
        })?;
        let ids = self.devices.iter().map(|device| device.id.0);
        let ids = ids.chain(self.interfaces.iter().map(|port| port.id.0));
        let mut ids = ids.chain(self.links.iter().map(|link| link.id.0));
        let high = ids.find(|id| *id > ID_MAX);
        ensure(high.is_none(), "I5", || {
            format!("id {} is above the greatest one, {ID_MAX}", high.unwrap_or_default())
        })?;
        unique(self.devices.iter().map(|device| device.id), "I5", "device id")?;
        unique(self.interfaces.iter().map(|port| port.id), "I5", "interface id")?;
        unique(self.links.iter().map(|link| link.id), "I5", "link id")?;
        unique(self.devices.iter().map(|device| &device.name), "I1", "device name")?;
        unique(self.links.iter().flat_map(|link| [link.a, link.b]), "I4", "linked interface")
    }
}

fn unique<T: Ord + std::fmt::Display>(
    items: impl Iterator<Item = T>,
    invariant: &'static str,
    what: &str,
) -> Checked {
    let mut seen = BTreeSet::new();
    for item in items {
        ensure(!seen.contains(&item), invariant, || format!("{what} {item} occurs twice"))?;
        seen.insert(item);
    }
    Ok(())
}
