//! The world, rebuilt from disk at start.

use std::ops::Bound;

use crate::domain::World;
use crate::store::{Snapshot, StoreError};

/// Reads the whole site and checks that it fits together.
///
/// # Errors
/// [`StoreError::Inconsistent`] when the records break an invariant, or what reading brings.
pub(super) fn load(snapshot: &Snapshot) -> Result<World, StoreError> {
    let all = (Bound::Unbounded, Bound::Unbounded);
    let mut world = World::default();
    for device in snapshot.devices(all)? {
        world.restore_device(device?);
    }
    for interface in snapshot.interfaces(all)? {
        world.restore_interface(interface?);
    }
    for link in snapshot.links(all)? {
        world.restore_link(link?);
    }
    world.restore_counters(snapshot.head().counters);
    world.check_invariants()?;
    Ok(world)
}
