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

use std::collections::{BTreeSet, HashSet};

use super::rules::status;
use super::{Device, DeviceType, Interface, Link, Site, Status, World};

/// An invariant that does not hold, and where.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{invariant}: {what}")]
pub struct Violation {
    /// `I1` to `I8`, see the module's list.
    pub invariant: &'static str,
    pub what: String,
}

type Checked = Result<(), Violation>;

fn ensure(holds: bool, invariant: &'static str, what: impl FnOnce() -> String) -> Checked {
    if holds { Ok(()) } else { Err(Violation { invariant, what: what() }) }
}

impl World {
    /// Checks I1 to I8 on the whole world: for tests and after loading.
    ///
    /// # Errors
    /// The first violation found.
    pub fn check_invariants(&self) -> Checked {
        let mut type_counts = [0_usize; DeviceType::COUNT];
        for device in self.devices() {
            type_counts[device.device_type as usize] += 1;
            self.check_device(device)?;
        }
        for device_type in DeviceType::all() {
            let counted = type_counts[device_type as usize];
            ensure(counted == self.count_of(device_type), "I6", || {
                format!("{counted} devices of type {} are not indexed", device_type.as_str())
            })?;
        }
        let mut port_count = 0;
        for device in self.devices() {
            port_count += self.check_ports(device)?;
        }
        ensure(port_count == self.interfaces().count(), "I3", || {
            "an interface belongs to no existing device".to_owned()
        })?;
        self.links().try_for_each(|link| self.check_link(link))
    }

    fn check_device(&self, device: &Device) -> Checked {
        let name = &device.name;
        ensure(self.device_named(name) == Some(device.id), "I1", || {
            format!("the name '{name}' stands for several devices, {} among them", device.id)
        })?;
        ensure((1..self.counters().device).contains(&device.id.0), "I5", || {
            format!("device id {} is not below the counter {}", device.id, self.counters().device)
        })?;
        let optics = device.optics;
        let values = [optics.tx_power_dbm, optics.sensitivity_min_dbm, optics.insertion_loss_db];
        let place = [device.position.x, device.position.y];
        ensure(values.into_iter().flatten().chain(place).all(f64::is_finite), "I8", || {
            format!("device '{name}' holds a number that is not finite")
        })?;
        ensure(
            device.optics.pon_class.is_none() || device.device_type == DeviceType::Olt,
            "I8",
            || format!("device '{name}' has a pon_class and is no OLT"),
        )?;
        if let Some(parent) = device.parent {
            super::containers::check_parent(self, device.device_type, parent).map_err(
                |refusal| Violation {
                    invariant: "I2",
                    what: format!("device '{name}': {refusal}"),
                },
            )?;
            ensure(self.children(parent).any(|child| child == device.id), "I6", || {
                format!("device '{name}' is not among the children of {parent}")
            })?;
        }
        Ok(())
    }

    /// Returns the number of the device's ports.
    fn check_ports(&self, device: &Device) -> Result<usize, Violation> {
        let mut names = HashSet::new();
        for id in self.ports(device.id) {
            let port = self.interface(*id).filter(|port| port.device == device.id);
            let Some(port) = port else {
                return Err(Violation {
                    invariant: "I6",
                    what: format!("port {id} of device '{}' is not its interface", device.name),
                });
            };
            ensure(names.insert(port.name.as_str()), "I3", || {
                format!("device '{}' has two interfaces named '{}'", device.name, port.name)
            })?;
            self.check_port(device, port)?;
        }
        Ok(self.ports(device.id).len())
    }

    fn check_port(&self, device: &Device, port: &Interface) -> Checked {
        ensure((1..self.counters().interface).contains(&port.id.0), "I5", || {
            format!("interface id {} is not below its counter", port.id)
        })?;
        let link = self.link_at(port.id).and_then(|id| self.link(id));
        let expected = status::of_interface(port, device.device_type, link.map(AsRef::as_ref));
        ensure(port.status == expected, "I7", || {
            format!(
                "interface {} is {}, the rules say {}",
                port.id,
                port.status.as_str(),
                expected.as_str()
            )
        })
    }

    fn check_link(&self, link: &Link) -> Checked {
        let id = link.id;
        ensure((1..self.counters().link).contains(&id.0), "I5", || {
            format!("link id {id} is not below its counter")
        })?;
        ensure(link.length_km.is_none_or(|km| km.is_finite() && km >= 0.0), "I8", || {
            format!("link {id} has no valid length")
        })?;
        let mut ends = Vec::with_capacity(2);
        for end in [link.a, link.b] {
            ensure(self.link_at(end) == Some(id), "I4", || {
                format!("interface {end} carries another link than {id}")
            })?;
            let port = self.interface(end).filter(|port| port.can_carry_link());
            let device = port.and_then(|port| self.device(port.device));
            let Some(device) = device.filter(|device| !device.device_type.is_container()) else {
                return Err(Violation {
                    invariant: "I4",
                    what: format!("link {id} ends at {end}, which is no port that carries links"),
                });
            };
            ends.push(device.as_ref());
        }
        ensure(self.ends(id) == Some([ends[0].id, ends[1].id]), "I6", || {
            format!("link {id} is not indexed")
        })?;
        ensure(ends[0].id != ends[1].id, "I4", || {
            format!("link {id} has one device at both ends")
        })?;
        // Whether it is DEGRADED follows from the region; a property test compares that.
        let is_critical = link.status == Status::Degraded;
        let expected = status::of_link(link, [ends[0], ends[1]], is_critical);
        ensure(link.status == expected, "I7", || {
            format!("link {id} is {}, the rules say {}", link.status.as_str(), expected.as_str())
        })
    }
}

impl Site {
    /// I5 and the uniqueness that maps cannot show: no id, name or port stands twice.
    pub(super) fn check_ids(&self) -> Checked {
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
        ensure(!seen.contains(&item), invariant, || format!("{what} {item} stands twice"))?;
        seen.insert(item);
    }
    Ok(())
}
