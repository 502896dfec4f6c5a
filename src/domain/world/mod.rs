//! The site in memory: entities by id, and the indexes for the rules.

pub(super) mod id_map;
mod joined_ports;
mod override_ends;
mod short_list;
mod splitter_ports;

use std::collections::BTreeSet;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::interface::splitter_side::SplitterSide;
use super::{
    Change, Device, DeviceClass, DeviceId, DeviceType, Edit, EntityKey, EntityKind, IdCounters,
    Interface, InterfaceId, Link, LinkId, Lookalike, Lookalikes, Name, Timestamp,
};
use id_map::IdMap;
use joined_ports::JoinedPorts;
use override_ends::OverrideEnds;
use splitter_ports::SplitterPorts;

/// The whole network. Only the engine has one; readers use snapshots of the store instead.
///
/// Entities are immutable behind `Arc`: a change replaces them, so that the journal and the
/// published changes share them instead of copying.
#[derive(Debug, Default)]
pub struct World {
    devices: IdMap<DeviceId, Arc<Device>>,
    interfaces: IdMap<InterfaceId, Arc<Interface>>,
    links: IdMap<LinkId, Arc<Link>>,
    pub(super) counters: IdCounters,
    by_name: FxHashMap<Name, DeviceId>,
    by_serial: FxHashMap<Box<str>, DeviceId>,
    /// Devices by the lookalike keys of their names.
    by_lookalike_key: FxHashMap<u64, LookalikeIds>,
    /// How many devices of each type exist, indexed by the type's discriminant.
    type_counts: [usize; DeviceType::COUNT],
    /// Ports of a device in creation order, which is ascending by id.
    ports: IdMap<DeviceId, Vec<InterfaceId>>,
    link_at: IdMap<InterfaceId, LinkId>,
    /// The devices at a link's ends, where both of its ports exist.
    ends: IdMap<LinkId, [DeviceId; 2]>,
    /// Devices at the other ends of a device's links, ascending by link.
    neighbours: IdMap<DeviceId, Vec<Neighbour>>,
    /// Routers, OLTs and AON switches.
    core: BTreeSet<DeviceId>,
    /// Only of devices that have ports named like those of a splitter.
    splitter_ports: FxHashMap<DeviceId, SplitterPorts>,
    joined_ports: JoinedPorts,
    children: FxHashMap<DeviceId, BTreeSet<DeviceId>>,
    override_ends: OverrideEnds,
}

/// Devices whose names look alike. Nearly every name looks like no other.
#[derive(Debug)]
enum LookalikeIds {
    One(DeviceId),
    #[expect(clippy::box_collection, reason = "the common variant stays small")]
    Many(Box<BTreeSet<DeviceId>>),
}

/// A device at the other end of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Neighbour {
    pub link: LinkId,
    pub device: DeviceId,
}

impl World {
    pub fn device(&self, id: DeviceId) -> Option<&Arc<Device>> {
        self.devices.get(id)
    }

    pub fn interface(&self, id: InterfaceId) -> Option<&Arc<Interface>> {
        self.interfaces.get(id)
    }

    pub fn link(&self, id: LinkId) -> Option<&Arc<Link>> {
        self.links.get(id)
    }

    /// The device that a command has just created or changed, for its reply. The same for the others.
    pub(super) fn existing_device(&self, id: DeviceId) -> Arc<Device> {
        Arc::clone(self.device(id).expect("a command's reply names an existing device"))
    }

    pub(super) fn existing_interface(&self, id: InterfaceId) -> Arc<Interface> {
        Arc::clone(self.interface(id).expect("a command's reply names an existing interface"))
    }

    pub(super) fn existing_link(&self, id: LinkId) -> Arc<Link> {
        Arc::clone(self.link(id).expect("a command's reply names an existing link"))
    }

    /// All devices, in no particular order.
    pub fn devices(&self) -> impl Iterator<Item = &Arc<Device>> {
        self.devices.values()
    }

    /// All devices, ascending.
    pub(super) fn devices_by_id(&self) -> impl Iterator<Item = &Arc<Device>> {
        self.devices.values_by_id()
    }

    /// All links, ascending.
    pub(super) fn links_by_id(&self) -> impl Iterator<Item = &Arc<Link>> {
        self.links.values_by_id()
    }

    /// The ids of all devices, in no particular order.
    pub(super) fn device_ids(&self) -> impl Iterator<Item = DeviceId> {
        self.devices.ids()
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

    pub fn device_with_serial(&self, serial: &str) -> Option<DeviceId> {
        self.by_serial.get(serial).copied()
    }

    /// A device whose name looks like that of this one.
    fn lookalike_of(&self, device: &Device) -> Option<&Arc<Device>> {
        let LookalikeIds::Many(ids) = self.by_lookalike_key.get(&device.name.lookalike_key())?
        else {
            return None;
        };
        let others = ids.iter().filter(|id| **id != device.id).filter_map(|id| self.device(*id));
        others.into_iter().find(|other| other.name.looks_like(&device.name))
    }

    /// Each of these devices whose name looks like that of another.
    pub(super) fn lookalikes_of(&self, ids: &[DeviceId]) -> Lookalikes {
        let mut found = Lookalikes::default();
        for device in ids.iter().filter_map(|id| self.device(*id)) {
            if let Some(other) = self.lookalike_of(device) {
                let (name, other) = (device.name.clone(), other.name.clone());
                found.add(Lookalike { name, other });
            }
        }
        found
    }

    pub fn count_of(&self, device_type: DeviceType) -> usize {
        self.type_counts[device_type as usize]
    }

    /// Ports of a device in creation order.
    pub fn ports(&self, device: DeviceId) -> &[InterfaceId] {
        self.ports.get(device).map_or(&[], Vec::as_slice)
    }

    /// The port of a device with this name.
    pub(super) fn port_named(&self, device: DeviceId, name: &Name) -> Option<InterfaceId> {
        let has_name =
            |port: &InterfaceId| self.interface(*port).is_some_and(|port| port.name == *name);
        self.ports(device).iter().copied().find(has_name)
    }

    pub fn link_at(&self, interface: InterfaceId) -> Option<LinkId> {
        self.link_at.get(interface).copied()
    }

    /// Devices at the other ends of a device's links, ascending by link.
    pub fn neighbours(&self, device: DeviceId) -> &[Neighbour] {
        self.neighbours.get(device).map_or(&[], Vec::as_slice)
    }

    /// The devices at a link's ends.
    pub fn ends(&self, link: LinkId) -> Option<[DeviceId; 2]> {
        self.ends.get(link).copied()
    }

    /// The port of a device that a link ends at.
    pub(super) fn port_at(&self, device: DeviceId, link: LinkId) -> Option<InterfaceId> {
        let [a, b] = self.ends(link)?;
        let link = self.link(link)?;
        if a == device { Some(link.a) } else { (b == device).then_some(link.b) }
    }

    /// The device at the other end of a link, and its port there.
    pub(super) fn other_end(
        &self,
        from: DeviceId,
        link: LinkId,
    ) -> Option<(DeviceId, InterfaceId)> {
        let [a, b] = self.ends(link)?;
        let link = self.link(link)?;
        Some(if a == from { (b, link.b) } else { (a, link.a) })
    }

    /// The ports of a device that are named like those of a splitter.
    pub(super) fn splitter_ports(&self, device: DeviceId) -> &SplitterPorts {
        const NONE: &SplitterPorts = &SplitterPorts { inputs: Vec::new(), output_count: 0 };
        self.splitter_ports.get(&device).unwrap_or(NONE)
    }

    /// Whether any port of a device has a cross-connect.
    pub(super) fn has_joined_ports(&self, device: DeviceId) -> bool {
        self.joined_ports.has_any(device)
    }

    /// Routers, OLTs and AON switches, ascending.
    pub fn core(&self) -> impl Iterator<Item = DeviceId> {
        self.core.iter().copied()
    }

    /// Devices whose parent is this container, ascending.
    pub fn children(&self, container: DeviceId) -> impl Iterator<Item = DeviceId> {
        self.children.get(&container).into_iter().flatten().copied()
    }

    /// When the next override ends by itself.
    pub fn next_override_end(&self) -> Option<Timestamp> {
        self.override_ends.next()
    }

    pub(super) fn is_override_end_indexed(&self, at: Timestamp, entity: EntityKey) -> bool {
        self.override_ends.contains(at, entity)
    }

    pub(super) fn override_end_count(&self) -> usize {
        self.override_ends.len()
    }

    /// What has an override that has ended at `now`, the earliest end first.
    pub(super) fn ended_overrides(&self, now: Timestamp) -> impl Iterator<Item = EntityKey> {
        self.override_ends.ended(now)
    }

    /// The ids that the next new entities will get.
    pub fn counters(&self) -> IdCounters {
        self.counters
    }

    /// Devices, interfaces and links together.
    pub fn entity_count(&self) -> usize {
        self.devices.len() + self.interfaces.len() + self.links.len()
    }

    /// Restores a stored device at start-up. Interfaces follow, then links;
    /// [`World::check_invariants`] checks afterwards whether they are consistent.
    pub fn restore_device(&mut self, device: Device) {
        self.apply_device(&Edit { before: None, after: Some(Arc::new(device)) });
    }

    /// Restores a stored interface at start-up.
    pub fn restore_interface(&mut self, interface: Interface) {
        self.apply_interface(&Edit { before: None, after: Some(Arc::new(interface)) });
    }

    /// Restores a stored link at start-up.
    pub fn restore_link(&mut self, link: Link) {
        self.apply_link(&Edit { before: None, after: Some(Arc::new(link)) });
    }

    /// Restores the stored counters at start-up.
    pub fn restore_counters(&mut self, counters: IdCounters) {
        self.counters = counters;
    }

    /// Undoes changes of this world, newest first, and returns to the earlier counters.
    ///
    /// `changes` must be the newest ones, in the order in which they were made.
    pub fn undo(&mut self, changes: Vec<Change>, counters: IdCounters) {
        for change in changes.into_iter().rev() {
            self.apply(&change.reversed());
        }
        self.counters = counters;
    }

    /// Puts the `after` side of a change into the maps. The caller checks the rules.
    pub(super) fn apply(&mut self, change: &Change) {
        match change {
            Change::Device(edit) => self.apply_device(edit),
            Change::Interface(edit) => self.apply_interface(edit),
            Change::Link(edit) => self.apply_link(edit),
        }
    }

    fn apply_device(&mut self, edit: &Edit<Device>) {
        let entity = EntityKey { kind: EntityKind::Device, id: edit.latest().id.0 };
        let [before, after] = [&edit.before, &edit.after]
            .map(|side| side.as_ref().and_then(|device| device.status_override.as_deref()));
        self.override_ends.change(entity, before, after);
        if let (Some(old), Some(new)) = (&edit.before, &edit.after)
            && (&old.name, old.device_type, old.parent) == (&new.name, new.device_type, new.parent)
            && old.serial() == new.serial()
        {
            self.devices.insert(new.id, Arc::clone(new));
            return;
        }
        if let Some(old) = &edit.before {
            self.devices.remove(old.id);
            // While a site is replaced, another device may have the name or the serial already.
            if self.by_name.get(&old.name) == Some(&old.id) {
                self.by_name.remove(&old.name);
            }
            if let Some(serial) = old.serial()
                && self.by_serial.get(serial) == Some(&old.id)
            {
                self.by_serial.remove(serial);
            }
            self.remove_lookalike(old);
            self.type_counts[old.device_type as usize] -= 1;
            self.core.remove(&old.id);
            if let Some(parent) = old.parent {
                remove_child(&mut self.children, parent, old.id);
            }
        }
        if let Some(new) = &edit.after {
            self.devices.insert(new.id, Arc::clone(new));
            self.by_name.insert(new.name.clone(), new.id);
            if let Some(serial) = new.serial() {
                self.by_serial.insert(serial.into(), new.id);
            }
            self.insert_lookalike(new);
            self.type_counts[new.device_type as usize] += 1;
            if new.device_type.class() == DeviceClass::Active {
                self.core.insert(new.id);
            }
            if let Some(parent) = new.parent {
                self.children.entry(parent).or_default().insert(new.id);
            }
        }
    }

    fn insert_lookalike(&mut self, device: &Device) {
        match self.by_lookalike_key.entry(device.name.lookalike_key()) {
            Entry::Vacant(entry) => drop(entry.insert(LookalikeIds::One(device.id))),
            Entry::Occupied(mut entry) => match entry.get_mut() {
                LookalikeIds::One(first) => {
                    let ids = BTreeSet::from([*first, device.id]);
                    entry.insert(LookalikeIds::Many(Box::new(ids)));
                }
                LookalikeIds::Many(ids) => drop(ids.insert(device.id)),
            },
        }
    }

    fn remove_lookalike(&mut self, device: &Device) {
        let Entry::Occupied(mut entry) = self.by_lookalike_key.entry(device.name.lookalike_key())
        else {
            return;
        };
        if let LookalikeIds::Many(ids) = entry.get_mut() {
            ids.remove(&device.id);
            if let (1, Some(last)) = (ids.len(), ids.first().copied()) {
                entry.insert(LookalikeIds::One(last));
            }
        } else {
            entry.remove();
        }
    }

    fn apply_interface(&mut self, edit: &Edit<Interface>) {
        let old_device = edit.before.as_ref().map(|old| old.device);
        let new_device = edit.after.as_ref().map(|new| new.device);
        let id = edit.latest().id;
        if let Some(device) = old_device.filter(|_| old_device != new_device)
            && let Some(ports) = self.ports.get_mut(device)
        {
            ports.retain(|port| *port != id);
            if ports.is_empty() {
                self.ports.remove(device);
            }
        }
        if let Some(device) = new_device.filter(|_| old_device != new_device) {
            let ports = self.ports.or_default(device);
            short_list::insert(ports, ports.partition_point(|port| *port < id), id);
        }
        self.apply_splitter_port(edit);
        self.joined_ports.apply(edit);
        match &edit.after {
            Some(new) => self.interfaces.insert(id, Arc::clone(new)),
            None => self.interfaces.remove(id),
        };
        // While a site is replaced or restored, a port's link may exist before the port.
        if old_device != new_device
            && let Some(link) = self.link_at(id).and_then(|link| self.link(link)).cloned()
        {
            self.disconnect(link.id);
            self.connect(&link);
        }
    }

    fn apply_splitter_port(&mut self, edit: &Edit<Interface>) {
        let place = |port: &Interface| Some((port.device, SplitterSide::of_name(&port.name)?));
        let before = edit.before.as_deref().and_then(place);
        let after = edit.after.as_deref().and_then(place);
        if before == after {
            return;
        }
        let id = edit.latest().id;
        if let Some((device, side)) = before
            && let Some(ports) = self.splitter_ports.get_mut(&device)
        {
            ports.remove(side, id);
            if ports.is_empty() {
                self.splitter_ports.remove(&device);
            }
        }
        if let Some((device, side)) = after {
            self.splitter_ports.entry(device).or_default().insert(side, id);
        }
    }

    fn apply_link(&mut self, edit: &Edit<Link>) {
        let entity = EntityKey { kind: EntityKind::Link, id: edit.latest().id.0 };
        let [before, after] = [&edit.before, &edit.after]
            .map(|side| side.as_ref().and_then(|link| link.status_override.as_deref()));
        self.override_ends.change(entity, before, after);
        let has_same_ends = matches!((&edit.before, &edit.after),
            (Some(old), Some(new)) if (old.a, old.b) == (new.a, new.b));
        if has_same_ends {
            self.links.insert(edit.latest().id, Arc::clone(edit.latest()));
            return;
        }
        if let Some(old) = &edit.before {
            self.links.remove(old.id);
            for end in [old.a, old.b] {
                if self.link_at.get(end) == Some(&old.id) {
                    self.link_at.remove(end);
                }
            }
            self.disconnect(old.id);
        }
        if let Some(new) = &edit.after {
            self.links.insert(new.id, Arc::clone(new));
            self.link_at.insert(new.a, new.id);
            self.link_at.insert(new.b, new.id);
            self.connect(new);
        }
    }

    /// Adds a link to the neighbours of its ends. A link whose ports do not exist has no ends; the
    /// check of the invariants reports it.
    fn connect(&mut self, link: &Link) {
        let device_at = |port| self.interfaces.get(port).map(|port| port.device);
        let (Some(a), Some(b)) = (device_at(link.a), device_at(link.b)) else { return };
        self.ends.insert(link.id, [a, b]);
        for (from, to) in [(a, b), (b, a)] {
            let neighbours = self.neighbours.or_default(from);
            let index = neighbours.partition_point(|neighbour| neighbour.link < link.id);
            short_list::insert(neighbours, index, Neighbour { link: link.id, device: to });
        }
    }

    /// Removes a link from the neighbours of its ends.
    fn disconnect(&mut self, link: LinkId) {
        for device in self.ends.remove(link).into_iter().flatten() {
            self.remove_neighbour(device, link);
        }
    }

    fn remove_neighbour(&mut self, device: DeviceId, link: LinkId) {
        if let Some(neighbours) = self.neighbours.get_mut(device) {
            neighbours.retain(|neighbour| neighbour.link != link);
            if neighbours.is_empty() {
                self.neighbours.remove(device);
            }
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
