//! The site in memory: entities by id, and the indexes that make each rule a look-up.

use std::collections::BTreeSet;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::{
    Change, Device, DeviceId, DeviceType, Edit, IdCounters, Interface, InterfaceId, Link, LinkId,
    Name,
};

/// The whole network. Owned by the engine alone; readers use store snapshots instead.
///
/// Entities are immutable behind `Arc`: a change replaces them, so that the journal and the
/// published changes share them instead of copying.
#[derive(Debug, Default)]
pub struct World {
    devices: FxHashMap<DeviceId, Arc<Device>>,
    interfaces: FxHashMap<InterfaceId, Arc<Interface>>,
    links: FxHashMap<LinkId, Arc<Link>>,
    pub(super) next: IdCounters,
    by_name: FxHashMap<Name, DeviceId>,
    /// How many devices of each type exist, indexed by the type's discriminant.
    type_counts: [usize; DeviceType::COUNT],
    /// Ports of a device in creation order, which is ascending by id.
    ports: FxHashMap<DeviceId, Vec<InterfaceId>>,
    link_at: FxHashMap<InterfaceId, LinkId>,
    children: FxHashMap<DeviceId, BTreeSet<DeviceId>>,
}

impl World {
    pub fn device(&self, id: DeviceId) -> Option<&Arc<Device>> {
        self.devices.get(&id)
    }

    pub fn interface(&self, id: InterfaceId) -> Option<&Arc<Interface>> {
        self.interfaces.get(&id)
    }

    pub fn link(&self, id: LinkId) -> Option<&Arc<Link>> {
        self.links.get(&id)
    }

    /// All devices, in no particular order.
    pub fn devices(&self) -> impl Iterator<Item = &Arc<Device>> {
        self.devices.values()
    }

    /// All interfaces, in no particular order.
    pub fn interfaces(&self) -> impl Iterator<Item = &Arc<Interface>> {
        self.interfaces.values()
    }

    /// All links, in no particular order.
    pub fn links(&self) -> impl Iterator<Item = &Arc<Link>> {
        self.links.values()
    }

    pub fn device_named(&self, name: &Name) -> Option<DeviceId> {
        self.by_name.get(name).copied()
    }

    pub fn count_of(&self, device_type: DeviceType) -> usize {
        self.type_counts[device_type as usize]
    }

    /// Ports of a device in creation order.
    pub fn ports(&self, device: DeviceId) -> &[InterfaceId] {
        self.ports.get(&device).map_or(&[], Vec::as_slice)
    }

    pub fn link_at(&self, interface: InterfaceId) -> Option<LinkId> {
        self.link_at.get(&interface).copied()
    }

    /// Links with an end on this device, in the order of its ports.
    pub fn links_of(&self, device: DeviceId) -> impl Iterator<Item = LinkId> {
        self.ports(device).iter().filter_map(|port| self.link_at(*port))
    }

    /// Devices whose parent is this container, ascending.
    pub fn children(&self, container: DeviceId) -> impl Iterator<Item = DeviceId> {
        self.children.get(&container).into_iter().flatten().copied()
    }

    /// The ids that the next new entities will get.
    pub fn counters(&self) -> IdCounters {
        self.next
    }

    /// Devices, interfaces and links together.
    pub fn entity_count(&self) -> usize {
        self.devices.len() + self.interfaces.len() + self.links.len()
    }

    /// Puts a stored device back at start-up. Devices, interfaces and links may come in any
    /// order; [`World::check_invariants`] tells afterwards whether they fit together.
    pub fn restore_device(&mut self, device: Device) {
        self.apply_device(&Edit { before: None, after: Some(Arc::new(device)) });
    }

    /// Puts a stored interface back at start-up.
    pub fn restore_interface(&mut self, interface: Interface) {
        self.apply_interface(&Edit { before: None, after: Some(Arc::new(interface)) });
    }

    /// Puts a stored link back at start-up.
    pub fn restore_link(&mut self, link: Link) {
        self.apply_link(&Edit { before: None, after: Some(Arc::new(link)) });
    }

    /// Puts the stored counters back at start-up.
    pub fn restore_counters(&mut self, counters: IdCounters) {
        self.next = counters;
    }

    /// Takes back changes of this world, newest first, and the ids that they used.
    ///
    /// `changes` must be the newest ones, in the order in which they were made.
    pub fn undo(&mut self, changes: Vec<Change>, counters: IdCounters) {
        for change in changes.into_iter().rev() {
            self.apply(&change.reversed());
        }
        self.next = counters;
    }

    /// Puts the `after` side of a change into the maps. The caller keeps the rules.
    pub(super) fn apply(&mut self, change: &Change) {
        match change {
            Change::Device(edit) => self.apply_device(edit),
            Change::Interface(edit) => self.apply_interface(edit),
            Change::Link(edit) => self.apply_link(edit),
        }
    }

    fn apply_device(&mut self, edit: &Edit<Device>) {
        if let Some(old) = &edit.before {
            self.devices.remove(&old.id);
            // Another device may have taken the name over while a site was being replaced.
            if self.by_name.get(&old.name) == Some(&old.id) {
                self.by_name.remove(&old.name);
            }
            self.type_counts[old.device_type as usize] -= 1;
            if let Some(parent) = old.parent {
                remove_child(&mut self.children, parent, old.id);
            }
        }
        if let Some(new) = &edit.after {
            self.devices.insert(new.id, Arc::clone(new));
            self.by_name.insert(new.name.clone(), new.id);
            self.type_counts[new.device_type as usize] += 1;
            if let Some(parent) = new.parent {
                self.children.entry(parent).or_default().insert(new.id);
            }
        }
    }

    fn apply_interface(&mut self, edit: &Edit<Interface>) {
        let old_device = edit.before.as_ref().map(|old| old.device);
        let new_device = edit.after.as_ref().map(|new| new.device);
        let id = edit.latest().id;
        if let Some(device) = old_device.filter(|_| old_device != new_device)
            && let Some(ports) = self.ports.get_mut(&device)
        {
            ports.retain(|port| *port != id);
            if ports.is_empty() {
                self.ports.remove(&device);
            }
        }
        if let Some(device) = new_device.filter(|_| old_device != new_device) {
            let ports = self.ports.entry(device).or_default();
            ports.insert(ports.partition_point(|port| *port < id), id);
        }
        match &edit.after {
            Some(new) => self.interfaces.insert(id, Arc::clone(new)),
            None => self.interfaces.remove(&id),
        };
    }

    fn apply_link(&mut self, edit: &Edit<Link>) {
        if let Some(old) = &edit.before {
            self.links.remove(&old.id);
            for end in [old.a, old.b] {
                if self.link_at.get(&end) == Some(&old.id) {
                    self.link_at.remove(&end);
                }
            }
        }
        if let Some(new) = &edit.after {
            self.links.insert(new.id, Arc::clone(new));
            self.link_at.insert(new.a, new.id);
            self.link_at.insert(new.b, new.id);
        }
    }
}

fn remove_child(
    children: &mut FxHashMap<DeviceId, BTreeSet<DeviceId>>,
    parent: DeviceId,
    child: DeviceId,
) {
    if let Some(set) = children.get_mut(&parent) {
        set.remove(&child);
        if set.is_empty() {
            children.remove(&parent);
        }
    }
}
