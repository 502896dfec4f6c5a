//! Checking a site that nobody runs on yet.

use std::ops::Bound;

use crate::domain::Survey;
use crate::store::{IdRange, Snapshot, StoreError};

const ALL: IdRange = (Bound::Unbounded, Bound::Unbounded);

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
