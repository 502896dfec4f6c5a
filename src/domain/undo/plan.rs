//! What an undo would do to each entity, and how the site would look then.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::fields::UndoableEntity;
use super::obstacle::{UndoObstacle, UndoObstacles};
use crate::domain::status::rules as status;
use crate::domain::transaction::{Transaction, WorldEntity};
use crate::domain::{
    Change, Device, DeviceClass, DeviceId, Edit, EntityKey, EntityKind, Interface, InterfaceId,
    Link, LinkId, Timestamp, World,
};

/// The entities that an undo creates, changes (`Some`) and deletes (`None`), and what stands in its way.
pub(super) struct UndoPlan<'w> {
    pub(super) world: &'w World,
    now: Timestamp,
    /// What has an obstacle itself: it is not told again of what depends on it.
    pub(super) blocked: BTreeSet<EntityKey>,
    /// Ports that had never changed before the command: those of a leaf had never carried a link.
    unused_ports: BTreeSet<InterfaceId>,
    pub(super) devices: BTreeMap<DeviceId, Option<Device>>,
    pub(super) interfaces: BTreeMap<InterfaceId, Option<Interface>>,
    pub(super) links: BTreeMap<LinkId, Option<Link>>,
    pub(super) obstacles: UndoObstacles,
}

/// The same without the world, which can then be changed.
pub(super) struct UndoSteps {
    devices: BTreeMap<DeviceId, Option<Device>>,
    interfaces: BTreeMap<InterfaceId, Option<Interface>>,
    links: BTreeMap<LinkId, Option<Link>>,
    /// Ports at the ends of deleted links that had carried none before.
    unused_ports: Vec<InterfaceId>,
}

/// What an undo does to an entity.
enum UndoStep<T> {
    Put(T),
    Delete,
}

impl<'w> UndoPlan<'w> {
    /// The plan for these changes, without what the entities around them demand.
    pub(super) fn new(world: &'w World, changes: Vec<Change>, now: Timestamp) -> Self {
        let mut plan = Self {
            world,
            now,
            blocked: BTreeSet::new(),
            unused_ports: BTreeSet::new(),
            devices: BTreeMap::new(),
            interfaces: BTreeMap::new(),
            links: BTreeMap::new(),
            obstacles: UndoObstacles::default(),
        };
        let changes = plan.joined(changes);
        // Devices come first: what is said of ports and links has their names.
        for change in &changes {
            if let Change::Device(edit) = change
                && let Some(step) = plan.step(edit)
            {
                plan.devices.insert(edit.latest().id, step.entity());
            }
        }
        for change in &changes {
            if let Change::Interface(edit) = change {
                if edit.before.as_ref().is_some_and(|port| port.updated_at == port.created_at) {
                    plan.unused_ports.insert(edit.latest().id);
                }
                if let Some(step) = plan.step(edit) {
                    plan.interfaces.insert(edit.latest().id, step.entity());
                }
            }
        }
        for change in &changes {
            if let Change::Link(edit) = change
                && let Some(step) = plan.step(edit)
            {
                plan.links.insert(edit.latest().id, step.entity());
            }
        }
        plan
    }

    pub(super) fn is_empty(&self) -> bool {
        self.devices.is_empty() && self.interfaces.is_empty() && self.links.is_empty()
    }

    pub(super) fn into_steps(self) -> UndoSteps {
        let deleted = self.links.iter().filter(|(_, step)| step.is_none());
        let ends = deleted.filter_map(|(id, _)| self.world.link(*id)).flat_map(|it| [it.a, it.b]);
        let unused_ports = ends.filter(|end| self.unused_ports.contains(end)).collect();
        let Self { devices, interfaces, links, .. } = self;
        UndoSteps { devices, interfaces, links, unused_ports }
    }

    /// The device as it would be.
    pub(super) fn device(&self, id: DeviceId) -> Option<&Device> {
        planned(&self.devices, id, self.world)
    }

    /// The port as it would be.
    pub(super) fn interface(&self, id: InterfaceId) -> Option<&Interface> {
        planned(&self.interfaces, id, self.world)
    }

    /// The link as it would be.
    pub(super) fn link(&self, id: LinkId) -> Option<&Link> {
        planned(&self.links, id, self.world)
    }

    /// How a sentence names a device.
    pub(super) fn name_of_device(&self, id: DeviceId) -> String {
        let device = self.world.device(id).map(AsRef::as_ref).or_else(|| self.device(id));
        device.map_or_else(|| format!("device {id}"), |device| device.name.to_string())
    }

    /// How a sentence names a port.
    pub(super) fn name_of_port(&self, port: &Interface) -> String {
        format!("port {} of {}", port.name, self.name_of_device(port.device))
    }

    /// How a sentence names a link.
    pub(super) fn name_of_link(&self, link: &Link) -> String {
        let device_at = |id: InterfaceId| {
            let port = self.world.interface(id).map(AsRef::as_ref).or_else(|| self.interface(id));
            port.map(|port| self.name_of_device(port.device))
        };
        match (device_at(link.a), device_at(link.b)) {
            (Some(a), Some(b)) => format!("link {} between {a} and {b}", link.id),
            _ => format!("link {}", link.id),
        }
    }

    /// Joins the changes of each entity; in between, nobody else may have changed it.
    fn joined(&mut self, changes: Vec<Change>) -> Vec<Change> {
        let mut indexes: BTreeMap<EntityKey, usize> = BTreeMap::new();
        let mut joined: Vec<Change> = Vec::with_capacity(changes.len());
        for change in changes {
            match indexes.entry(change.key()) {
                Entry::Vacant(entry) => {
                    entry.insert(joined.len());
                    joined.push(change);
                }
                Entry::Occupied(entry) => {
                    let earlier = &mut joined[*entry.get()];
                    match (&*earlier, &change) {
                        (Change::Device(one), Change::Device(next)) => self.check_next(one, next),
                        (Change::Interface(one), Change::Interface(next)) => {
                            self.check_next(one, next);
                        }
                        (Change::Link(one), Change::Link(next)) => self.check_next(one, next),
                        _ => unreachable!("changes are joined by their key, which names the kind"),
                    }
                    earlier.absorb(change);
                }
            }
        }
        // What was created and deleted again is no change.
        joined.retain(|change| !change.is_unchanged());
        joined
    }

    fn check_next<T: PlannedEntity>(&mut self, earlier: &Edit<T>, later: &Edit<T>) {
        let (Some(left), Some(found)) = (&earlier.after, &later.before) else { return };
        for field in T::FIELDS.iter().filter(|field| !(field.is_same)(left, found)) {
            let (what, field) = (later.latest().name_in(self), field.name);
            self.block(later.latest().as_ref(), UndoObstacle::FieldChanged { what, field });
        }
    }

    /// Adds an obstacle at the entity itself.
    fn block<T: PlannedEntity>(&mut self, entity: &T, obstacle: UndoObstacle) {
        self.blocked.insert(entity.key());
        self.obstacles.add(obstacle);
    }

    /// What undoes an edit; `None` when nothing is left of it or something stands in the way.
    fn step<T: PlannedEntity>(&mut self, edit: &Edit<T>) -> Option<UndoStep<T>> {
        let id = edit.latest().id();
        let current = T::find(self.world, id).map(Arc::clone);
        let before = edit.before.as_deref().map(|before| {
            let mut before = before.clone();
            before.drop_ended_override(self.now);
            before
        });
        match (before, edit.after.as_deref(), current) {
            (Some(before), None, None) => {
                Some(UndoStep::Put(before.created_again(self.world, self.now)))
            }
            (None, Some(after), Some(current)) => {
                self.is_as_left(after, &current).then_some(UndoStep::Delete)
            }
            (Some(before), Some(after), Some(current)) => {
                self.changed_back(&before, after, &current).map(UndoStep::Put)
            }
            (Some(before), Some(after), None) => {
                let is_set = T::FIELDS.iter().any(|field| !(field.is_same)(&before, after));
                if is_set {
                    let name = after.name_in(self);
                    self.block(after, UndoObstacle::Deleted(name));
                }
                None
            }
            // It is undone already.
            (_, None, Some(_)) | (None, Some(_), None) | (None, None, None) => None,
        }
    }

    /// Whether an entity that the command created is still as it left it.
    fn is_as_left<T: PlannedEntity>(&mut self, after: &T, current: &T) -> bool {
        let name = current.name_in(self);
        if !current.is_same_entity(after) {
            self.block(current, UndoObstacle::Replaced(name));
            return false;
        }
        let changed = T::FIELDS.iter().filter(|field| !(field.is_same)(after, current));
        let mut is_as_left = true;
        for field in changed {
            is_as_left = false;
            let (what, field) = (name.clone(), field.name);
            self.block(current, UndoObstacle::FieldChanged { what, field });
        }
        is_as_left
    }

    /// The current entity with the fields that the command changed as they were before it.
    fn changed_back<T: PlannedEntity>(&mut self, before: &T, after: &T, current: &T) -> Option<T> {
        let mut wanted = current.clone();
        for field in T::FIELDS.iter().filter(|field| !(field.is_same)(before, after)) {
            if (field.is_same)(current, before) {
                continue;
            }
            let what = current.name_in(self);
            if !current.is_same_entity(after) {
                self.block(current, UndoObstacle::Replaced(what));
                return None;
            }
            if !(field.is_same)(current, after) {
                let field = field.name;
                self.block(current, UndoObstacle::FieldChanged { what, field });
                continue;
            }
            (field.copy)(&mut wanted, before);
        }
        (wanted != *current).then_some(wanted)
    }
}

impl UndoSteps {
    /// Makes the changes. Nothing stands in their way.
    pub(super) fn apply(self, transaction: &mut Transaction<'_>) {
        let (devices, deleted_devices) = split(self.devices);
        let (interfaces, deleted_interfaces) = split(self.interfaces);
        let (links, deleted_links) = split(self.links);
        for id in deleted_links {
            transaction.remove::<Link>(id);
        }
        for port in self.unused_ports {
            disconnect(transaction, port);
        }
        for device in devices {
            put(transaction, device);
        }
        for interface in interfaces {
            put(transaction, interface);
        }
        for link in links {
            put(transaction, link);
        }
        for id in deleted_interfaces {
            transaction.remove::<Interface>(id);
        }
        for id in deleted_devices {
            transaction.remove::<Device>(id);
        }
    }
}

/// Sets the status of a port without its link and, if it is a leaf's, the time from before it: the leaf
/// was never connected then.
fn disconnect(transaction: &mut Transaction<'_>, port: InterfaceId) {
    let world = transaction.world();
    let Some(port) = world.interface(port) else { return };
    let Some(device) = world.device(port.device) else { return };
    if device.device_type.class() == DeviceClass::Leaf {
        let status = status::of_interface(port, device.device_type, None);
        let port = Interface { status, updated_at: port.created_at, ..Interface::clone(port) };
        transaction.put(port);
    }
}

/// Creates an entity again, with its id, or changes it.
fn put<T: PlannedEntity>(transaction: &mut Transaction<'_>, entity: T) {
    if T::find(transaction.world(), entity.id()).is_none() {
        // Its device may be new, too.
        let entity = entity.created_again(transaction.world(), transaction.now());
        transaction.put(entity);
    } else {
        transaction.update::<T>(entity.id(), |current| *current = entity);
    }
}

fn split<K, T>(steps: BTreeMap<K, Option<T>>) -> (Vec<T>, Vec<K>) {
    let (mut put, mut deleted) = (Vec::new(), Vec::new());
    for (id, entity) in steps {
        match entity {
            Some(entity) => put.push(entity),
            None => deleted.push(id),
        }
    }
    (put, deleted)
}

fn planned<'p, T: WorldEntity>(
    steps: &'p BTreeMap<T::Id, Option<T>>,
    id: T::Id,
    world: &'p World,
) -> Option<&'p T>
where
    T::Id: Ord,
{
    match steps.get(&id) {
        Some(step) => step.as_ref(),
        None => T::find(world, id).map(AsRef::as_ref),
    }
}

impl<T> UndoStep<T> {
    fn entity(self) -> Option<T> {
        match self {
            Self::Put(entity) => Some(entity),
            Self::Delete => None,
        }
    }
}

/// An entity that a plan can name.
trait PlannedEntity: UndoableEntity {
    fn key(&self) -> EntityKey;
    fn name_in(&self, plan: &UndoPlan<'_>) -> String;
}

impl PlannedEntity for Device {
    fn key(&self) -> EntityKey {
        EntityKey { kind: EntityKind::Device, id: self.id.0 }
    }

    fn name_in(&self, _: &UndoPlan<'_>) -> String {
        self.name.to_string()
    }
}

impl PlannedEntity for Interface {
    fn key(&self) -> EntityKey {
        EntityKey { kind: EntityKind::Interface, id: self.id.0 }
    }

    fn name_in(&self, plan: &UndoPlan<'_>) -> String {
        plan.name_of_port(self)
    }
}

impl PlannedEntity for Link {
    fn key(&self) -> EntityKey {
        EntityKey { kind: EntityKind::Link, id: self.id.0 }
    }

    fn name_in(&self, plan: &UndoPlan<'_>) -> String {
        plan.name_of_link(self)
    }
}
