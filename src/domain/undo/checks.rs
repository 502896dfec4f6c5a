//! What the entities around those of a plan demand.

use super::obstacle::UndoObstacle;
use super::plan::UndoPlan;
use crate::domain::device::container::check_containment;
use crate::domain::interface::INTERFACES_PER_DEVICE_MAX;
use crate::domain::{
    CrossConnect, Device, DeviceId, EntityKey, EntityKind, Interface, InterfaceId, Link, LinkId,
    World,
};

impl UndoPlan<'_> {
    /// Adds what stands in the way outside of the entities themselves.
    pub(super) fn check(&mut self) {
        let mut found = Vec::new();
        for (id, device) in &self.devices {
            match device {
                Some(device) => self.check_device(device, &mut found),
                None => self.check_deleted_device(*id, &mut found),
            }
        }
        for (id, port) in &self.interfaces {
            match port {
                Some(port) => self.check_port(port, &mut found),
                None => self.check_deleted_port(*id, &mut found),
            }
        }
        for link in self.links.values().flatten() {
            self.check_link(link, &mut found);
        }
        for obstacle in found {
            self.obstacles.add(obstacle);
        }
    }

    /// The name, the serial and the container.
    fn check_device(&self, device: &Device, found: &mut Vec<UndoObstacle>) {
        let other = |owner: Option<DeviceId>| owner.filter(|owner| *owner != device.id);
        let what = || device.name.to_string();
        let owner = other(self.world.device_named(&device.name));
        if let Some(owner) = owner.filter(|owner| self.has_name(*owner, device)) {
            let what = self.name_of_device(device.id);
            found.push(UndoObstacle::NameUsed { what, name: device.name.to_string(), owner });
        }
        if let Some(serial) = device.serial() {
            let owner = other(self.world.device_with_serial(serial));
            let has_serial = |owner: &DeviceId| {
                self.device(*owner).is_some_and(|owner| owner.serial() == Some(serial))
            };
            if let Some(owner) = owner.filter(has_serial) {
                let serial = serial.to_owned();
                found.push(UndoObstacle::SerialUsed { what: what(), serial, owner });
            }
        }
        let Some(parent) = device.parent else { return };
        let is_container = self.device(parent).is_some_and(|parent| {
            check_containment(parent.device_type, String::new, device.device_type).is_ok()
        });
        if !is_container {
            found.push(UndoObstacle::NoContainer(what()));
        }
    }

    fn has_name(&self, owner: DeviceId, device: &Device) -> bool {
        self.device(owner).is_some_and(|owner| owner.name == device.name)
    }

    /// Nothing may be left of what came to the device since.
    fn check_deleted_device(&self, id: DeviceId, found: &mut Vec<UndoObstacle>) {
        for port in self.world.ports(id) {
            if let Some(port) = self.interface(*port)
                && !self.is_blocked(EntityKind::Interface, port.id.0)
            {
                found.push(UndoObstacle::PortAdded(self.name_of_port(port)));
            }
        }
        for child in self.world.children(id) {
            if let Some(child) = self.device(child).filter(|child| child.parent == Some(id))
                && !self.is_blocked(EntityKind::Device, child.id.0)
            {
                let (what, child) = (self.name_of_device(id), child.name.to_string());
                found.push(UndoObstacle::ChildAdded { what, child });
            }
        }
    }

    /// The device, the name and the cross-connect.
    fn check_port(&self, port: &Interface, found: &mut Vec<UndoObstacle>) {
        if self.device(port.device).is_none() {
            found.push(UndoObstacle::NoDevice(self.name_of_port(port)));
            return;
        }
        let namesake = self.world.port_named(port.device, &port.name);
        let namesake = namesake.filter(|id| *id != port.id).and_then(|id| self.interface(id));
        if namesake.is_some_and(|other| other.name == port.name) {
            let device = self.name_of_device(port.device);
            found.push(UndoObstacle::PortNameUsed { device, name: port.name.to_string() });
        }
        let partners = [self.world.interface(port.id).map(AsRef::as_ref), Some(port)];
        let partners = partners.into_iter().flatten().filter_map(join_of).map(|join| join.to);
        let is_joined_otherwise = join_of(port).is_some_and(|join| !self.is_mutual(port, join))
            || partners.into_iter().any(|partner| !self.is_consistent(partner));
        if is_joined_otherwise {
            found.push(UndoObstacle::JoinChanged { what: self.name_of_port(port) });
        }
    }

    fn check_deleted_port(&self, id: InterfaceId, found: &mut Vec<UndoObstacle>) {
        let Some(port) = self.world.interface(id) else { return };
        if let Some(link) = self.link_left_at(id, None) {
            let what = self.name_of_port(port);
            found.push(UndoObstacle::LinkAdded { what, link });
        }
        if let Some(join) = join_of(port).filter(|join| !self.is_consistent(join.to)) {
            let partner = self.world.interface(join.to);
            let what = self.name_of_port(partner.unwrap_or(port));
            found.push(UndoObstacle::JoinChanged { what });
        }
    }

    /// Whether the port has no cross-connect then, or one that its other port has too.
    fn is_consistent(&self, port: InterfaceId) -> bool {
        let Some(port) = self.interface(port) else { return true };
        join_of(port).is_none_or(|join| self.is_mutual(port, join))
    }

    fn is_mutual(&self, port: &Interface, join: CrossConnect) -> bool {
        let expected = CrossConnect { to: port.id, ..join };
        self.interface(join.to)
            .is_some_and(|other| other.device == port.device && join_of(other) == Some(expected))
    }

    /// Both ends exist, belong to two devices that can be linked, and carry no other link.
    fn check_link(&self, link: &Link, found: &mut Vec<UndoObstacle>) {
        let mut devices = Vec::new();
        for end in [link.a, link.b] {
            let Some(port) = self.interface(end).filter(|port| self.is_socket(port)) else {
                found.push(UndoObstacle::NoPort(self.name_of_link(link)));
                continue;
            };
            devices.push(port.device);
            if let Some(other) = self.link_left_at(end, Some(link.id)) {
                let what = self.name_of_port(port);
                found.push(UndoObstacle::LinkAdded { what, link: other });
            }
        }
        if matches!(*devices, [a, b] if a == b) {
            found.push(UndoObstacle::NoPort(self.name_of_link(link)));
        }
    }

    /// Whether a link can end at the port.
    fn is_socket(&self, port: &Interface) -> bool {
        let device = self.device(port.device);
        port.can_carry_link() && device.is_some_and(|device| !device.device_type.is_container())
    }

    /// Whether an obstacle was found at the entity itself, which refuses the undo already.
    fn is_blocked(&self, kind: EntityKind, id: u64) -> bool {
        self.blocked.contains(&EntityKey { kind, id })
    }

    /// Another link that the port would still carry.
    fn link_left_at(&self, port: InterfaceId, own: Option<LinkId>) -> Option<LinkId> {
        let at = self.world.link_at(port).filter(|id| Some(*id) != own)?;
        let link = self.link(at).filter(|_| !self.is_blocked(EntityKind::Link, at.0))?;
        [link.a, link.b].contains(&port).then_some(at)
    }
}

fn join_of(port: &Interface) -> Option<CrossConnect> {
    port.cross_connect.as_deref().copied()
}

/// Devices that have more ports than they can have, once the changes are made.
pub(super) fn overfull_devices(world: &World, devices: &[DeviceId]) -> Vec<UndoObstacle> {
    let devices = devices.iter().filter_map(|id| world.device(*id));
    let overfull =
        devices.filter(|device| world.ports(device.id).len() > INTERFACES_PER_DEVICE_MAX);
    overfull.map(|device| UndoObstacle::TooManyPorts(device.name.to_string())).collect()
}
