//! The check of a site that is read entity by entity, in a fraction of a world's memory.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::error::{InvariantError, ensure};
use super::plant::JoinedPort;
use super::rules::{
    DeviceFacts, InterfaceFacts, LinkFacts, SiteLookup, check_device, check_link, check_port,
};
use crate::domain::world::id_map::IdMap;
use crate::domain::{Device, DeviceId, IdCounters, Interface, InterfaceId, Link, Name};

/// Checks I1 to I5 and I7 to I9 of a site that is read twice. It has no indexes that could be wrong
/// (I6).
#[derive(Default)]
pub struct SiteChecker {
    counters: IdCounters,
    names: FxHashMap<Name, DeviceId>,
    serials: FxHashMap<Box<str>, DeviceId>,
    devices: IdMap<DeviceId, DeviceFacts>,
    interfaces: IdMap<InterfaceId, InterfaceFacts>,
    links_at: IdMap<InterfaceId, LinkFacts>,
    /// The names of ports repeat on every device: each is kept once, with a number.
    port_names: FxHashMap<Name, usize>,
    /// The numbers of the names of a device's ports, ascending.
    ports: IdMap<DeviceId, Vec<usize>>,
    /// Cross-connected ports whose other port was not checked yet.
    joined: BTreeMap<InterfaceId, JoinedPort>,
}

impl SiteChecker {
    pub fn new(counters: IdCounters) -> Self {
        Self { counters, ..Self::default() }
    }

    /// Adds a device. All devices and links are added before anything is checked.
    pub fn add_device(&mut self, device: &Device) {
        self.names.insert(device.name.clone(), device.id);
        if let Some(serial) = device.serial() {
            self.serials.insert(serial.into(), device.id);
        }
        self.devices.insert(device.id, device.into());
    }

    /// Adds a link.
    pub fn add_link(&mut self, link: &Link) {
        for end in [link.a, link.b] {
            self.links_at.insert(end, link.into());
        }
    }

    /// Checks a device.
    ///
    /// # Errors
    /// The first broken invariant; so do the others.
    pub fn check_device(&self, device: &Device) -> Result<(), InvariantError> {
        check_device(self, device)
    }

    /// Checks an interface, each once. All interfaces are checked before the first link.
    pub fn check_interface(&mut self, port: &Interface) -> Result<(), InvariantError> {
        let Some(DeviceFacts { device_type, .. }) = self.device_facts(port.device) else {
            return Err(InvariantError {
                invariant: "I3",
                what: format!("interface {} belongs to no existing device", port.id),
            });
        };
        let known = self.port_names.get(&port.name).copied();
        let name = known.unwrap_or_else(|| {
            let next = self.port_names.len();
            self.port_names.insert(port.name.clone(), next);
            next
        });
        let names = self.ports.or_default(port.device);
        let index = names.partition_point(|other| *other < name);
        ensure(names.get(index) != Some(&name), "I3", || {
            format!("device {} has two interfaces named '{}'", port.device, port.name)
        })?;
        names.insert(index, name);
        self.interfaces.insert(port.id, port.into());
        check_port(self, device_type, port)?;
        let Some(joined) = JoinedPort::of(port) else { return Ok(()) };
        match self.joined.remove(&joined.cross_connect.to) {
            Some(other) => joined.check_other(Some(other)),
            None => {
                self.joined.insert(joined.id, joined);
                Ok(())
            }
        }
    }

    /// Checks, after the last interface, that each cross-connect has two ends.
    pub fn check_cross_connects(&self) -> Result<(), InvariantError> {
        self.joined.values().try_for_each(|joined| joined.check_other(None))
    }

    /// Checks a link.
    pub fn check_link(&self, link: &Link) -> Result<(), InvariantError> {
        check_link(self, link).map(|_| ())
    }
}

impl SiteLookup for SiteChecker {
    fn counters(&self) -> IdCounters {
        self.counters
    }

    fn device_named(&self, name: &Name) -> Option<DeviceId> {
        self.names.get(name).copied()
    }

    fn device_with_serial(&self, serial: &str) -> Option<DeviceId> {
        self.serials.get(serial).copied()
    }

    fn device_facts(&self, id: DeviceId) -> Option<DeviceFacts> {
        self.devices.get(id).copied()
    }

    fn interface_facts(&self, id: InterfaceId) -> Option<InterfaceFacts> {
        self.interfaces.get(id).copied()
    }

    fn link_facts_at(&self, id: InterfaceId) -> Option<LinkFacts> {
        self.links_at.get(id).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        ConnectDevices, Coordinates, CrossConnect, DeviceDetails, DeviceType, InterfaceType,
        Lifecycle, NewDevice, Optics, PonClass, Position, ProvisionDevice, Site, SplitRatio,
        Status, Timestamp, World,
    };

    fn provision(world: &mut World, device_type: DeviceType) -> DeviceId {
        let new = NewDevice {
            name: Name::new(device_type.as_str()).unwrap(),
            device_type,
            parent: None,
            validate_upstream: false,
            position: Position::default(),
            optics: Optics::default(),
            lifecycle: Lifecycle::InService,
            details: None,
        };
        world.execute(ProvisionDevice::from(new), Timestamp(0)).unwrap().reply.device.id
    }

    /// A point of presence, outside of it a gateway linked with a router, and an ODF with a
    /// cross-connect.
    fn site() -> Site {
        use DeviceType as T;
        let mut world = World::default();
        let made = [T::Pop, T::BackboneGateway, T::CoreRouter, T::Odf]
            .map(|device_type| provision(&mut world, device_type));
        let cable = ConnectDevices {
            a: made[1],
            b: made[2],
            interface_type: InterfaceType::Optical,
            ports: [None; 2],
            status: Status::Up,
            length_km: Some(1.0),
            medium: None,
            validate: true,
        };
        world.execute(cable, Timestamp(0)).unwrap();
        let mut site = Site {
            devices: world.devices().map(|device| device.as_ref().clone()).collect(),
            interfaces: world.interfaces().map(|port| port.as_ref().clone()).collect(),
            links: world.links().map(|link| link.as_ref().clone()).collect(),
            counters: world.counters(),
        };
        site.devices.sort_by_key(|device| device.id);
        site.interfaces.sort_by_key(|port| port.id);
        let [a, b] = [0, 1].map(|index| world.ports(made[3])[index]);
        join(&mut site, a, b);
        join(&mut site, b, a);
        site
    }

    fn join(site: &mut Site, from: InterfaceId, to: InterfaceId) {
        let joined = CrossConnect { to, loss_db: Some(0.1), is_assumed: false };
        port(site, from).cross_connect = Some(Box::new(joined));
    }

    /// The first port with a cross-connect.
    fn joined(site: &mut Site) -> &mut Interface {
        site.interfaces.iter_mut().find(|port| port.cross_connect.is_some()).unwrap()
    }

    fn set(device: &mut Device, change: impl FnOnce(&mut DeviceDetails)) {
        let mut details = DeviceDetails::NONE;
        change(&mut details);
        device.details = details.boxed();
    }

    fn port(site: &mut Site, id: InterfaceId) -> &mut Interface {
        site.interfaces.iter_mut().find(|port| port.id == id).unwrap()
    }

    /// Moves the second end of the link to another port.
    fn move_end(site: &mut Site, end: InterfaceId) {
        let left = std::mem::replace(&mut site.links[0].b, end);
        port(site, left).status = Status::Down;
    }

    fn check_by_entity(site: &Site) -> Result<(), InvariantError> {
        let mut checker = SiteChecker::new(site.counters);
        site.devices.iter().for_each(|device| checker.add_device(device));
        site.links.iter().for_each(|link| checker.add_link(link));
        site.devices.iter().try_for_each(|device| checker.check_device(device))?;
        site.interfaces.iter().try_for_each(|port| checker.check_interface(port))?;
        checker.check_cross_connects()?;
        site.links.iter().try_for_each(|link| checker.check_link(link))
    }

    fn check_in_world(site: &Site) -> Result<(), InvariantError> {
        let mut world = World::default();
        site.devices.iter().for_each(|device| world.restore_device(device.clone()));
        site.interfaces.iter().for_each(|port| world.restore_interface(port.clone()));
        site.links.iter().for_each(|link| world.restore_link(link.clone()));
        world.restore_counters(site.counters);
        world.check_invariants()
    }

    #[track_caller]
    fn check(expected: Option<&str>, damage: impl FnOnce(&mut Site)) {
        let mut site = site();
        damage(&mut site);
        let found = [check_in_world(&site), check_by_entity(&site)];
        let found = found.map(|result| result.err().map(|error| error.invariant));
        assert_eq!(found, [expected; 2], "{site:?}");
    }

    #[test]
    fn both_checks_find_the_same_broken_invariants() {
        check(None, |_| {});
        check(None, |site| site.devices[2].parent = Some(site.devices[0].id));
        check(Some("I1"), |site| site.devices[1].name = site.devices[2].name.clone());
        check(Some("I2"), |site| site.devices[2].parent = Some(DeviceId(77)));
        check(Some("I2"), |site| site.devices[2].parent = Some(site.devices[1].id));
        check(Some("I2"), |site| site.devices[0].parent = Some(site.devices[0].id));
        check(Some("I3"), |site| site.interfaces[0].device = DeviceId(77));
        check(Some("I3"), |site| {
            let mut twin = site.interfaces[0].clone();
            twin.id = InterfaceId(site.counters.interface);
            site.counters.interface += 1;
            site.interfaces.push(twin);
        });
        check(Some("I4"), |site| move_end(site, site.links[0].a));
        check(Some("I4"), |site| move_end(site, InterfaceId(77)));
        check(Some("I5"), |site| site.counters.device = 1);
        check(Some("I5"), |site| site.counters.interface = 1);
        check(Some("I5"), |site| site.counters.link = 1);
        check(Some("I7"), |site| {
            let linked = site.links[0].a;
            port(site, linked).status = Status::Down;
        });
        check(Some("I7"), |site| site.links[0].status = Status::Down);
        check(Some("I8"), |site| site.devices[1].position.x = f64::NAN);
        check(Some("I8"), |site| site.devices[1].optics.pon_class = Some(PonClass::GponCPlus));
        check(Some("I8"), |site| site.links[0].length_km = Some(-1.0));
    }

    #[test]
    fn both_checks_find_broken_cross_connects_and_identities() {
        check(Some("I9"), |site| site.devices[1].optics.split_ratio = SplitRatio::new(8));
        for (serials, expected) in [(["A", "B"], None), (["A", "A"], Some("I9"))] {
            check(expected, |site| {
                for (device, serial) in site.devices.iter_mut().zip(serials) {
                    set(device, |details| details.serial = Some(serial.into()));
                }
            });
        }
        for (latitude, longitude, expected) in [
            (-90.0, 180.0, None),
            (90.5, 0.0, Some("I9")),
            (0.0, -181.0, Some("I9")),
            (f64::NAN, 0.0, Some("I9")),
        ] {
            let place = Coordinates { latitude, longitude };
            check(expected, |site| {
                set(&mut site.devices[1], |details| details.coordinates = Some(place));
            });
        }
        check(Some("I9"), |site| joined(site).cross_connect = None);
        for other in [0, 2, 77_777] {
            check(Some("I9"), |site| {
                let id = joined(site).id;
                join(site, id, InterfaceId(id.0 + other));
            });
        }
        let changes: [fn(&mut CrossConnect); 4] = [
            |joined| joined.loss_db = None,
            |joined| joined.loss_db = Some(-0.1),
            |joined| joined.loss_db = Some(f64::NAN),
            |joined| joined.is_assumed = true,
        ];
        for change in changes {
            check(Some("I9"), |site| change(joined(site).cross_connect.as_mut().unwrap()));
        }
        check(Some("I9"), |site| {
            let linked = [site.links[0].a, site.links[0].b];
            join(site, linked[0], linked[1]);
            join(site, linked[1], linked[0]);
        });
    }
}
