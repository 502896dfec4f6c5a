//! The changes just before a moment, from the audit trail.

use std::ops::Bound;

use crate::domain::Timestamp;
use crate::store::{AuditEntry, AuditImage, Snapshot, StoreError};

const SECOND_US: i64 = 1_000_000;
/// How far back a change may be the reason for an outage.
const WINDOW_US: i64 = 3_600 * SECOND_US;
/// Longest time from a change of a status to its audit row: far longer than a commit takes.
const COMMIT_US_MAX: i64 = 60 * SECOND_US;
/// Most rows that are read; each may hold a hundred entities before and after.
const ROWS_READ_MAX: usize = 500;
/// Most rows that are returned.
const ROWS_MAX: usize = 20;
/// Most entities that are read per row; those that the request itself changed are the first.
const IMAGES_MAX: usize = 100;

/// Changes just before a moment.
#[derive(Debug, Default)]
pub struct ChangesBefore {
    /// Newest first; of each row, only what was asked for.
    pub rows: Vec<AuditEntry>,
    /// There were more rows in that hour than are read or returned.
    pub has_more: bool,
}

/// The audit rows of the hour before `moment` that changed something that `is_wanted`, up to and
/// including the commit that `moment` belongs to.
///
/// # Errors
/// As [`Snapshot::audit`].
pub fn changes_before(
    snapshot: &Snapshot,
    moment: Timestamp,
    is_wanted: impl Fn(&AuditImage) -> bool,
) -> Result<ChangesBefore, StoreError> {
    let mut found = ChangesBefore::default();
    let Some(end) = end_of(snapshot, moment)? else { return Ok(found) };
    for (count, row) in snapshot.audit(Some(end), IMAGES_MAX)?.enumerate() {
        let mut row = row?;
        if row.at.0 < moment.0.saturating_sub(WINDOW_US) {
            break;
        }
        row.images.retain(&is_wanted);
        if count == ROWS_READ_MAX || (found.rows.len() == ROWS_MAX && !row.images.is_empty()) {
            found.has_more = true;
            break;
        }
        if !row.images.is_empty() {
            found.rows.push(row);
        }
    }
    Ok(found)
}

/// The id after the last row of the commit at this moment; `None` without rows. Found by bisection: ids
/// and times ascend together.
fn end_of(snapshot: &Snapshot, moment: Timestamp) -> Result<Option<u64>, StoreError> {
    let row_from = |id: u64| -> Result<Option<AuditEntry>, StoreError> {
        snapshot.audit_range((Bound::Included(id), Bound::Unbounded), 0)?.next().transpose()
    };
    let Some(newest) = snapshot.audit(None, 0)?.next().transpose()? else { return Ok(None) };
    let first_at = |time: i64, from: u64| -> Result<u64, StoreError> {
        let (mut low, mut high) = (from, newest.id + 1);
        while low < high {
            let middle = low + (high - low) / 2;
            match row_from(middle)? {
                Some(row) if row.at.0 < time => low = row.id + 1,
                _ => high = middle,
            }
        }
        Ok(low)
    };
    let first = first_at(moment.0, 0)?;
    let of_commit = row_from(first)?.filter(|row| row.at.0 - moment.0 <= COMMIT_US_MAX);
    let end = match of_commit {
        Some(row) => first_at(row.at.0.saturating_add(1), first)?,
        None => first,
    };
    Ok(Some(end))
}
