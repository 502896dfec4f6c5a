//! The world, rebuilt from disk at start; and the check of a site that nobody runs on yet.

use std::ops::Bound;

use crate::domain::{Survey, World};
use crate::store::{IdRange, Snapshot, StoreError};

const ALL: IdRange = (Bound::Unbounded, Bound::Unbounded);

/// Reads the whole site and checks that it fits together.
///
/// # Errors
/// [`StoreError::Inconsistent`] when the records break an invariant, or what reading brings.
pub(super) fn load(snapshot: &Snapshot) -> Result<World, StoreError> {
    let mut world = World::default();
    for device in snapshot.devices(ALL)? {
        world.restore_device(device?);
    }
    for interface in snapshot.interfaces(ALL)? {
        world.restore_interface(interface?);
    }
    for link in snapshot.links(ALL)? {
        world.restore_link(link?);
    }
    world.restore_counters(snapshot.head().counters);
    world.check_invariants()?;
    Ok(world)
}

/// Whether a site can be run on: reads it and checks every invariant, without a second world in
/// memory.
///
/// # Errors
/// [`StoreError::Inconsistent`] with the first rule it breaks, or what reading brings.
pub fn check_site(snapshot: &Snapshot) -> Result<(), StoreError> {
    let mut survey = Survey::new(snapshot.head().counters);
    for device in snapshot.devices(ALL)? {
        survey.note_device(&device?);
    }
    for link in snapshot.links(ALL)? {
        survey.note_link(&link?);
    }
    for device in snapshot.devices(ALL)? {
        survey.device(&device?)?;
    }
    for interface in snapshot.interfaces(ALL)? {
        survey.interface(&interface?)?;
    }
    for link in snapshot.links(ALL)? {
        survey.link(&link?)?;
    }
    Ok(())
}
