//! The devices and links that a bulk request names.

use super::validation::{Fields, parse};
use crate::domain::{DeviceId, LinkId, Selection};
use crate::util::counted;

/// Most devices, and most links, of a group; changing them takes a commit of at most about half a
/// second.
const IDS_MAX: usize = 10_000;
/// Most groups of a request: putting things back as they were takes one for each former state.
pub(super) const GROUPS_MAX: usize = 1_000;
/// The ids of about 50,000 devices.
pub(super) const BODY_BYTES_MAX: usize = 512 * 1024;

/// Reads `device_ids` and `link_ids`; each may be absent.
pub(super) fn selection(fields: &mut Fields<'_>) -> Option<Selection> {
    let device_ids = ids(fields, "device_ids");
    let link_ids = ids(fields, "link_ids");
    Some(Selection {
        devices: device_ids?.into_iter().map(DeviceId).collect(),
        links: link_ids?.into_iter().map(LinkId).collect(),
    })
}

/// Each id once, ascending; `None` after an error.
fn ids(fields: &mut Fields<'_>, key: &'static str) -> Option<Vec<u64>> {
    if !fields.has(key) {
        return Some(Vec::new());
    }
    let mut ids = fields.present(key, parse::ids_at_most(IDS_MAX))?;
    ids.sort_unstable();
    ids.dedup();
    Some(ids)
}

/// How many devices and links a request names.
pub(super) struct SelectionCounts {
    pub(super) devices: usize,
    pub(super) links: usize,
}

impl SelectionCounts {
    pub(super) fn of<'s>(selections: impl Iterator<Item = &'s Selection>) -> Self {
        selections.fold(Self { devices: 0, links: 0 }, |sum, selection| Self {
            devices: sum.devices + selection.devices.len(),
            links: sum.links + selection.links.len(),
        })
    }

    /// `2 devices and 1 link`.
    pub(super) fn text(&self) -> String {
        format!("{} and {}", counted(self.devices, "device"), counted(self.links, "link"))
    }
}
