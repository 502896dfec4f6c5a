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
    let mut survey = SiteChecker::new(snapshot.last_commit().counters);
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
