//! What a restore would change.

use std::cmp::Ordering;
use std::ops::Bound;

use super::error::BackupError;
use crate::domain::{Device, EntityKind, Timestamp};
use crate::store::{Snapshot, StoreError};

/// Devices that are named; the counts tell of the rest.
const EXAMPLES_MAX: usize = 20;

/// The site before and after.
#[derive(Clone, Debug, Default)]
pub struct Difference {
    pub seq_now: u64,
    /// `None` for a dump of UNOC v2, which has no commits.
    pub seq_backup: Option<u64>,
    pub devices: Counts,
    pub interfaces: Counts,
    pub links: Counts,
    pub devices_added: u64,
    pub devices_removed: u64,
    /// In more than computed fields.
    pub devices_changed: u64,
    pub examples: Vec<Example>,
    /// Changes that were made after the backup.
    pub changes_lost: u64,
    pub newest_change_lost: Option<LostChange>,
}

/// How many there are, and how many there will be.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    pub now: u64,
    pub after: u64,
}

/// A device that is added, removed or changed.
#[derive(Clone, Debug)]
pub struct Example {
    /// `added`, `removed` or `changed`.
    pub change: &'static str,
    pub id: u64,
    pub name: String,
}

/// A change of the site that is not in the backup.
#[derive(Clone, Debug)]
pub struct LostChange {
    pub at: Timestamp,
    pub seq: u64,
    pub action: String,
    pub actor: String,
}

/// A command of the engine itself, which it would submit again.
const REFRESH: &str = "refresh status";

/// Compares the current site with the one that replaces it, whose last commit is `seq`. Changes
/// later than `lost_after` count as lost; without it, all do.
pub(super) fn compare(
    now: &Snapshot,
    after: &Snapshot,
    seq: Option<u64>,
    lost_after: Option<u64>,
) -> Result<Difference, BackupError> {
    let count = |kind| -> Result<Counts, StoreError> {
        Ok(Counts { now: now.count(kind)?, after: after.count(kind)? })
    };
    let mut difference = Difference {
        seq_now: now.seq(),
        seq_backup: seq,
        devices: count(EntityKind::Device)?,
        interfaces: count(EntityKind::Interface)?,
        links: count(EntityKind::Link)?,
        ..Difference::default()
    };
    compare_devices(now, after, &mut difference)?;
    for row in now.audit(None, 0)? {
        let row = row?;
        if lost_after.is_some_and(|seq| row.seq <= seq) {
            break;
        }
        // Events, such as a backup, are no changes of the site.
        if row.action == REFRESH || row.change_count == 0 {
            continue;
        }
        difference.changes_lost += 1;
        difference.newest_change_lost.get_or_insert(LostChange {
            at: row.at,
            seq: row.seq,
            action: row.action,
            actor: row.origin.actor,
        });
    }
    Ok(difference)
}

fn compare_devices(
    now: &Snapshot,
    after: &Snapshot,
    difference: &mut Difference,
) -> Result<(), StoreError> {
    let all = (Bound::Unbounded, Bound::Unbounded);
    let (mut ours, mut theirs) = (now.devices(all)?, after.devices(all)?);
    let (mut here, mut there) = (ours.next().transpose()?, theirs.next().transpose()?);
    loop {
        let order = match (&here, &there) {
            (None, None) => return Ok(()),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(here), Some(there)) => here.id.cmp(&there.id),
        };
        match order {
            Ordering::Less => {
                difference.devices_removed += 1;
                note(difference, "removed", here.as_ref());
                here = ours.next().transpose()?;
            }
            Ordering::Greater => {
                difference.devices_added += 1;
                note(difference, "added", there.as_ref());
                there = theirs.next().transpose()?;
            }
            Ordering::Equal => {
                if here.as_ref().map(planned) != there.as_ref().map(planned) {
                    difference.devices_changed += 1;
                    note(difference, "changed", there.as_ref());
                }
                here = ours.next().transpose()?;
                there = theirs.next().transpose()?;
            }
        }
    }
}

/// A device without computed fields.
fn planned(device: &Device) -> impl PartialEq + use<'_> {
    let Device { name, device_type, position, optics, lifecycle, details, .. } = device;
    let Device { parent, status_override, .. } = device;
    (name, device_type, position, optics, lifecycle, details, parent, status_override)
}

fn note(difference: &mut Difference, change: &'static str, device: Option<&Device>) {
    let Some(device) = device.filter(|_| difference.examples.len() < EXAMPLES_MAX) else { return };
    let name = device.name.as_str().to_owned();
    difference.examples.push(Example { change, id: device.id.0, name });
}
