//! A command's changes while they are being made: applied at once, journalled, reversible.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::{
    Change, Device, DeviceId, Edit, EntityKey, EntityKind, ID_MAX, Interface, InterfaceId, Link,
    LinkId, Refusal, Timestamp, World,
};

/// Changes of the world that can be rolled back. Every change of a command is made in one, so that a
/// refused command leaves nothing behind and an accepted one reports what it changed.
pub struct Transaction<'w> {
    world: &'w mut World,
    now: Timestamp,
    /// Whether an update sets `updated_at` and `status_since`; not while a site is loaded.
    sets_times: bool,
    journal: Vec<Change>,
}

/// A device, an interface or a link.
pub(super) trait WorldEntity: Clone + PartialEq {
    type Id: Copy;

    fn find(world: &World, id: Self::Id) -> Option<&Arc<Self>>;
    fn id(&self) -> Self::Id;
    /// Sets the times of a change from `before` that was made at `now`.
    fn set_times(&mut self, before: &Self, now: Timestamp);
    fn change(edit: Edit<Self>) -> Change;
}

impl<'w> Transaction<'w> {
    pub(super) fn new(world: &'w mut World, now: Timestamp) -> Self {
        Self { world, now, sets_times: true, journal: Vec::new() }
    }

    pub(super) fn world(&self) -> &World {
        self.world
    }

    pub(super) fn now(&self) -> Timestamp {
        self.now
    }

    pub(super) fn journal(&self) -> &[Change] {
        &self.journal
    }

    /// Returns an id that was never used.
    ///
    /// # Errors
    /// [`Refusal::IdsUsedUp`]; so do the others.
    pub(super) fn next_device_id(&mut self) -> Result<DeviceId, Refusal> {
        next_id(&mut self.world.counters.device, EntityKind::Device).map(DeviceId)
    }

    pub(super) fn next_interface_id(&mut self) -> Result<InterfaceId, Refusal> {
        next_id(&mut self.world.counters.interface, EntityKind::Interface).map(InterfaceId)
    }

    pub(super) fn next_link_id(&mut self) -> Result<LinkId, Refusal> {
        next_id(&mut self.world.counters.link, EntityKind::Link).map(LinkId)
    }

    /// Refuses when fewer than `count` ids of any kind are left.
    pub(super) fn check_ids_left(&self, count: u64) -> Result<(), Refusal> {
        let next = self.world.counters;
        let counters = [
            (EntityKind::Device, next.device),
            (EntityKind::Interface, next.interface),
            (EntityKind::Link, next.link),
        ];
        match counters.into_iter().find(|(_, next)| next.saturating_add(count) > ID_MAX) {
            Some((kind, _)) => Err(Refusal::IdsUsedUp(kind)),
            None => Ok(()),
        }
    }

    /// Leaves times as they are from now on: a loaded site has its own.
    pub(super) fn keep_times(&mut self) {
        self.sets_times = false;
    }

    /// Raises each counter to the given one, unless it is greater already.
    pub(super) fn raise_counters(&mut self, counters: super::IdCounters) {
        let next = &mut self.world.counters;
        next.device = next.device.max(counters.device);
        next.interface = next.interface.max(counters.interface);
        next.link = next.link.max(counters.link);
    }

    /// Inserts or replaces an entity as it is given.
    pub(super) fn put<T: WorldEntity>(&mut self, entity: T) {
        let before = T::find(self.world, entity.id()).cloned();
        self.record(T::change(Edit { before, after: Some(Arc::new(entity)) }));
    }

    /// Changes an entity and its times; does nothing when it does not exist or stays the same.
    pub(super) fn update<T: WorldEntity>(&mut self, id: T::Id, change: impl FnOnce(&mut T)) {
        let Some(before) = T::find(self.world, id).cloned() else { return };
        let mut after = T::clone(&before);
        change(&mut after);
        if after != *before {
            if self.sets_times {
                after.set_times(&before, self.now);
            }
            self.record(T::change(Edit { before: Some(before), after: Some(Arc::new(after)) }));
        }
    }

    pub(super) fn remove<T: WorldEntity>(&mut self, id: T::Id) {
        if let Some(before) = T::find(self.world, id).cloned() {
            self.record(T::change(Edit { before: Some(before), after: None }));
        }
    }

    pub(super) fn roll_back(self) {
        for change in self.journal.into_iter().rev() {
            self.world.apply(&change.reversed());
        }
    }

    /// The changes, each entity once (first `before`, last `after`), in the order in which they were
    /// first changed; and how many of them the first `direct` entries of the journal changed.
    pub(super) fn finish(mut self, direct: usize) -> (Vec<Change>, usize) {
        let (mut changes, direct_len) = coalesce(std::mem::take(&mut self.journal), direct);
        if self.sets_times {
            self.correct_times(&mut changes);
        }
        // What was created and deleted again, or changed back, is not a change.
        let is_change = |change: &Change| !change.is_unchanged();
        let direct_count = changes[..direct_len].iter().filter(|change| is_change(change)).count();
        changes.retain(is_change);
        (changes, direct_count)
    }

    /// The changes as of [`Transaction::finish`], without those of times alone; the world is left as
    /// it was.
    pub(super) fn finish_and_roll_back(self) -> Vec<Change> {
        for change in self.journal.iter().rev() {
            self.world.apply(&change.clone().reversed());
        }
        let (mut changes, _) = coalesce(self.journal, 0);
        changes.retain(|change| !change.is_for_times_only());
        changes
    }

    /// A status that changed and changed back within the transaction did not change: a device whose
    /// override is cleared can be DOWN until its status is computed.
    fn correct_times(&mut self, changes: &mut [Change]) {
        for change in changes {
            if let Some(correction) = change.correction_of_times() {
                self.world.apply(&correction);
                change.absorb(correction);
            }
        }
    }

    fn record(&mut self, change: Change) {
        self.world.apply(&change);
        self.journal.push(change);
    }
}

/// Joins the changes of each entity. Also returns how many of the joined ones begin in the first
/// `direct` ones.
fn coalesce(journal: Vec<Change>, direct: usize) -> (Vec<Change>, usize) {
    let mut direct_len = 0;
    let mut indexes: FxHashMap<EntityKey, usize> = FxHashMap::default();
    let mut changes: Vec<Change> = Vec::with_capacity(journal.len());
    for (index, change) in journal.into_iter().enumerate() {
        match indexes.get(&change.key()) {
            Some(index) => changes[*index].absorb(change),
            None => {
                indexes.insert(change.key(), changes.len());
                changes.push(change);
                if index < direct {
                    direct_len = changes.len();
                }
            }
        }
    }
    (changes, direct_len)
}

fn next_id(counter: &mut u64, kind: EntityKind) -> Result<u64, Refusal> {
    let id = *counter;
    if id > ID_MAX {
        return Err(Refusal::IdsUsedUp(kind));
    }
    *counter += 1;
    Ok(id)
}

impl WorldEntity for Device {
    type Id = DeviceId;

    fn find(world: &World, id: DeviceId) -> Option<&Arc<Self>> {
        world.device(id)
    }

    fn id(&self) -> DeviceId {
        self.id
    }

    fn set_times(&mut self, before: &Self, now: Timestamp) {
        self.updated_at = now;
        if self.effective_status() != before.effective_status() {
            self.status_since = now;
        }
    }

    fn change(edit: Edit<Self>) -> Change {
        Change::Device(edit)
    }
}

impl WorldEntity for Interface {
    type Id = InterfaceId;

    fn find(world: &World, id: InterfaceId) -> Option<&Arc<Self>> {
        world.interface(id)
    }

    fn id(&self) -> InterfaceId {
        self.id
    }

    fn set_times(&mut self, _: &Self, now: Timestamp) {
        self.updated_at = now;
    }

    fn change(edit: Edit<Self>) -> Change {
        Change::Interface(edit)
    }
}

impl WorldEntity for Link {
    type Id = LinkId;

    fn find(world: &World, id: LinkId) -> Option<&Arc<Self>> {
        world.link(id)
    }

    fn id(&self) -> LinkId {
        self.id
    }

    fn set_times(&mut self, before: &Self, now: Timestamp) {
        self.updated_at = now;
        if self.status != before.status {
            self.status_since = now;
        }
    }

    fn change(edit: Edit<Self>) -> Change {
        Change::Link(edit)
    }
}
