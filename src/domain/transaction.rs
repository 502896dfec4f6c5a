//! A command's changes while they are being made: applied at once, journalled, reversible.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::{
    Change, Device, DeviceId, Edit, EntityKey, ID_MAX, Interface, InterfaceId, Kind, Link, LinkId,
    Refusal, Timestamp, World,
};

/// An editing session on the world. Every change goes through it, so that a refused command can
/// be rolled back and an accepted one reported.
pub struct Transaction<'w> {
    world: &'w mut World,
    now: Timestamp,
    /// Whether a change sets the time of the last change; not while a site is being loaded.
    sets_times: bool,
    journal: Vec<Change>,
}

/// What the world holds by id.
pub(super) trait Entity: Clone + PartialEq {
    type Id: Copy;

    fn find(world: &World, id: Self::Id) -> Option<&Arc<Self>>;
    fn id(&self) -> Self::Id;
    /// Notes that it differs from `before` since `now`.
    fn touch(&mut self, before: &Self, now: Timestamp);
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

    /// Hands out an id that was never used.
    ///
    /// # Errors
    /// [`Refusal::IdsUsedUp`]; so do the others.
    pub(super) fn next_device_id(&mut self) -> Result<DeviceId, Refusal> {
        take(&mut self.world.next.device, Kind::Device).map(DeviceId)
    }

    pub(super) fn next_interface_id(&mut self) -> Result<InterfaceId, Refusal> {
        take(&mut self.world.next.interface, Kind::Interface).map(InterfaceId)
    }

    pub(super) fn next_link_id(&mut self) -> Result<LinkId, Refusal> {
        take(&mut self.world.next.link, Kind::Link).map(LinkId)
    }

    /// Refuses when fewer than `count` ids of any kind are left.
    pub(super) fn check_ids_left(&self, count: u64) -> Result<(), Refusal> {
        let next = self.world.next;
        let counters = [
            (Kind::Device, next.device),
            (Kind::Interface, next.interface),
            (Kind::Link, next.link),
        ];
        match counters.into_iter().find(|(_, next)| next.saturating_add(count) > ID_MAX) {
            Some((kind, _)) => Err(Refusal::IdsUsedUp(kind)),
            None => Ok(()),
        }
    }

    /// Leaves times as they are from now on: a loaded site brings its own.
    pub(super) fn keep_times(&mut self) {
        self.sets_times = false;
    }

    /// Lets ids go on from the greater of both counters.
    pub(super) fn raise_counters(&mut self, counters: super::IdCounters) {
        let next = &mut self.world.next;
        next.device = next.device.max(counters.device);
        next.interface = next.interface.max(counters.interface);
        next.link = next.link.max(counters.link);
    }

    /// Inserts or replaces an entity as it is given.
    pub(super) fn put<T: Entity>(&mut self, entity: T) {
        let before = T::find(self.world, entity.id()).cloned();
        self.record(T::change(Edit { before, after: Some(Arc::new(entity)) }));
    }

    /// Changes an entity and the time of its last change; nothing when it is absent or stays
    /// what it was.
    pub(super) fn update<T: Entity>(&mut self, id: T::Id, change: impl FnOnce(&mut T)) {
        let Some(before) = T::find(self.world, id).cloned() else { return };
        let mut after = T::clone(&before);
        change(&mut after);
        if after != *before {
            if self.sets_times {
                after.touch(&before, self.now);
            }
            self.record(T::change(Edit { before: Some(before), after: Some(Arc::new(after)) }));
        }
    }

    pub(super) fn remove<T: Entity>(&mut self, id: T::Id) {
        if let Some(before) = T::find(self.world, id).cloned() {
            self.record(T::change(Edit { before: Some(before), after: None }));
        }
    }

    pub(super) fn roll_back(self) {
        for change in self.journal.into_iter().rev() {
            self.world.apply(&change.reversed());
        }
    }

    /// The changes, each entity once (first `before`, last `after`), in order of first touch; and
    /// how many of them were touched by the first `direct` entries of the journal.
    pub(super) fn finish(mut self, direct: usize) -> (Vec<Change>, usize) {
        let (mut changes, direct_places) = coalesce(std::mem::take(&mut self.journal), direct);
        if self.sets_times {
            self.set_times_by_outcome(&mut changes);
        }
        // What was made and unmade in one session never was.
        let is_something = |change: &Change| !change.is_nothing();
        let direct_count =
            changes[..direct_places].iter().filter(|change| is_something(change)).count();
        changes.retain(is_something);
        (changes, direct_count)
    }

    /// The same, but the world is left as it was, and what was changed and changed back is none.
    pub(super) fn finish_and_roll_back(self) -> Vec<Change> {
        for change in self.journal.iter().rev() {
            self.world.apply(&change.clone().reversed());
        }
        let (mut changes, _) = coalesce(self.journal, 0);
        changes.retain(|change| !change.is_for_times_only());
        changes
    }

    /// A status that changed and changed back within the session did not change: a device whose
    /// override is cleared can be DOWN until its status is computed.
    fn set_times_by_outcome(&mut self, changes: &mut [Change]) {
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

/// Each entity's changes as one, and how many of them begin in the first `direct` ones.
fn coalesce(journal: Vec<Change>, direct: usize) -> (Vec<Change>, usize) {
    let mut direct_places = 0;
    let mut place: FxHashMap<EntityKey, usize> = FxHashMap::default();
    let mut changes: Vec<Change> = Vec::with_capacity(journal.len());
    for (index, change) in journal.into_iter().enumerate() {
        match place.get(&change.key()) {
            Some(index) => changes[*index].absorb(change),
            None => {
                place.insert(change.key(), changes.len());
                changes.push(change);
                if index < direct {
                    direct_places = changes.len();
                }
            }
        }
    }
    (changes, direct_places)
}

fn take(counter: &mut u64, kind: Kind) -> Result<u64, Refusal> {
    let id = *counter;
    if id > ID_MAX {
        return Err(Refusal::IdsUsedUp(kind));
    }
    *counter += 1;
    Ok(id)
}

impl Entity for Device {
    type Id = DeviceId;

    fn find(world: &World, id: DeviceId) -> Option<&Arc<Self>> {
        world.device(id)
    }

    fn id(&self) -> DeviceId {
        self.id
    }

    fn touch(&mut self, before: &Self, now: Timestamp) {
        self.updated_at = now;
        if self.effective_status() != before.effective_status() {
            self.status_since = now;
        }
    }

    fn change(edit: Edit<Self>) -> Change {
        Change::Device(edit)
    }
}

impl Entity for Interface {
    type Id = InterfaceId;

    fn find(world: &World, id: InterfaceId) -> Option<&Arc<Self>> {
        world.interface(id)
    }

    fn id(&self) -> InterfaceId {
        self.id
    }

    fn touch(&mut self, _: &Self, now: Timestamp) {
        self.updated_at = now;
    }

    fn change(edit: Edit<Self>) -> Change {
        Change::Interface(edit)
    }
}

impl Entity for Link {
    type Id = LinkId;

    fn find(world: &World, id: LinkId) -> Option<&Arc<Self>> {
        world.link(id)
    }

    fn id(&self) -> LinkId {
        self.id
    }

    fn touch(&mut self, before: &Self, now: Timestamp) {
        self.updated_at = now;
        if self.status != before.status {
            self.status_since = now;
        }
    }

    fn change(edit: Edit<Self>) -> Change {
        Change::Link(edit)
    }
}
