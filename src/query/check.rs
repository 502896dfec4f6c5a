//! The check of a whole site.

use std::ops::Bound;

use crate::domain::SiteChecker;
use crate::store::{IdRange, Snapshot, StoreError};

const ALL: IdRange = (Bound::Unbounded, Bound::Unbounded);

/// Reads a site and checks every invariant, without loading it into memory.
///
/// # Errors
/// [`StoreError::Inconsistent`] with the first invariant that does not hold; read errors.
pub fn check_site(snapshot: &Snapshot) -> Result<(), StoreError> {
    let mut checker = SiteChecker::new(snapshot.last_commit().counters);
    for device in snapshot.devices(ALL)? {
        checker.add_device(&device?);
    }
    for link in snapshot.links(ALL)? {
        checker.add_link(&link?);
    }
    for device in snapshot.devices(ALL)? {
        checker.check_device(&device?)?;
    }
    for interface in snapshot.interfaces(ALL)? {
        checker.check_interface(&interface?)?;
    }
    checker.check_cross_connects()?;
    for link in snapshot.links(ALL)? {
        checker.check_link(&link?)?;
    }
    Ok(())
}
