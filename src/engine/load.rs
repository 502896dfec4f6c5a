//! The world, rebuilt from disk at start; and the check of a site that nobody runs on yet.

use std::ops::Bound;

use super::progress::{LONG_STEP, Progress, SHORT_STEP};
use crate::domain::{Survey, World};
use crate::store::{IdRange, Snapshot, StoreError};

const ALL: IdRange = (Bound::Unbounded, Bound::Unbounded);

/// Records between two notes of how far the loading is: some milliseconds' worth.
const RECORDS_PER_STEP: usize = 4096;

/// Reads the whole site and checks that it fits together.
///
/// # Errors
/// [`StoreError::Inconsistent`] when the records break an invariant, or what reading brings.
pub(super) fn load(snapshot: &Snapshot, progress: &Progress) -> Result<World, StoreError> {
    let mut world = World::default();
    let step = |number: usize| {
        if number.is_multiple_of(RECORDS_PER_STEP) {
            progress.begin(SHORT_STEP);
        }
    };
    for (number, device) in snapshot.devices(ALL)?.enumerate() {
        step(number);
        world.restore_device(device?);
    }
    for (number, interface) in snapshot.interfaces(ALL)?.enumerate() {
        step(number);
        world.restore_interface(interface?);
    }
    for (number, link) in snapshot.links(ALL)?.enumerate() {
        step(number);
        world.restore_link(link?);
    }
    world.restore_counters(snapshot.head().counters);
    progress.begin(LONG_STEP);
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
