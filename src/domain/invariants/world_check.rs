//! The check of a world.

use rustc_hash::FxHashSet;

use super::error::{InvariantError, ensure};
use super::plant::JoinedPort;
use super::rules::{
    DeviceFacts, InterfaceFacts, LinkFacts, SiteLookup, check_device, check_link, check_port,
};
use crate::domain::{
    Device, DeviceId, DeviceType, EntityKey, EntityKind, IdCounters, InterfaceId, Name, World,
};

impl World {
    /// Checks I1 to I9 on the whole world: for tests and after loading.
    ///
    /// # Errors
    /// The first broken invariant.
    pub fn check_invariants(&self) -> Result<(), InvariantError> {
        let mut type_counts = [0_usize; DeviceType::COUNT];
        // Ascending: linked devices are mostly close to each other in memory.
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
        self.check_override_ends()
    }

    fn check_override_ends(&self) -> Result<(), InvariantError> {
        let devices = self.devices().map(|device| {
            let entity = EntityKey { kind: EntityKind::Device, id: device.id.0 };
            (entity, device.status_override.as_deref())
        });
        let links = self.links().map(|link| {
            let entity = EntityKey { kind: EntityKind::Link, id: link.id.0 };
            (entity, link.status_override.as_deref())
        });
        let mut count = 0;
        for (entity, set) in devices.chain(links) {
            let Some(at) = set.and_then(|set| set.ends_at) else { continue };
            count += 1;
            ensure(self.is_override_end_indexed(at, entity), "I6", || {
                let EntityKey { kind, id } = entity;
                format!("the end of the override of {} {id} is not indexed", kind.as_str())
            })?;
        }
        ensure(count == self.override_end_count(), "I6", || {
            "an end of an override is indexed that does not exist".to_owned()
        })
    }

    fn check_is_child(&self, device: &Device) -> Result<(), InvariantError> {
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
            if let Some(joined) = JoinedPort::of(port) {
                let other = self.interface(joined.cross_connect.to);
                joined.check_other(other.and_then(|other| JoinedPort::of(other)))?;
            }
        }
        Ok(self.ports(device.id).len())
    }
}

impl SiteLookup for World {
    fn counters(&self) -> IdCounters {
        World::counters(self)
    }

    fn device_named(&self, name: &Name) -> Option<DeviceId> {
        self.device_named(name)
    }

    fn device_with_serial(&self, serial: &str) -> Option<DeviceId> {
        self.device_with_serial(serial)
    }

    fn device_facts(&self, id: DeviceId) -> Option<DeviceFacts> {
        self.device(id).map(|device| DeviceFacts::from(device.as_ref()))
    }

    fn interface_facts(&self, id: InterfaceId) -> Option<InterfaceFacts> {
        self.interface(id).map(|port| InterfaceFacts::from(port.as_ref()))
    }

    fn link_facts_at(&self, id: InterfaceId) -> Option<LinkFacts> {
        let link = self.link_at(id).and_then(|link| self.link(link));
        link.map(|link| LinkFacts::from(link.as_ref()))
    }
}
