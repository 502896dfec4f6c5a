//! Whether an audit row can be undone, and the command that does it.

use std::ops::Bound;
use std::sync::Arc;

use crate::domain::{Change, CommandKind, Edit, Timestamp, UndoChanges};
use crate::store::{AuditEntry, AuditImage, Snapshot, StoreError};

/// The newest rows, which can be undone. They are searched in some 10 ms, and are about three weeks at 500
/// changes a day.
const ROWS_SEARCHED_MAX: usize = 10_000;
/// Changes of one undo, which are in memory together: one row has at most 8 MiB of them.
const CHANGES_MAX: usize = 50_000;

/// Why an audit row cannot be undone, whatever the site looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotUndoable {
    #[error("It changed nothing in the network")]
    NoChange,
    #[error("The whole site was replaced; restore a backup instead")]
    SiteReplacement,
    #[error("It computed every status again; there is nothing to undo")]
    Computed,
    #[error("Assumed cross-connects are confirmed or removed at the device")]
    AssumedJoins,
    #[error("Erased personal data cannot be restored")]
    Erasure,
    #[error("An override whose end has passed is not set again")]
    EndedOverrides,
    #[error("The change was too large for the audit trail to keep all of it")]
    Incomplete,
    #[error("The whole site was replaced since")]
    SiteReplacedSince,
    /// More than [`CHANGES_MAX`].
    #[error("It changed more than 50,000 devices, ports and links; restore a backup instead")]
    TooLarge,
    /// Rows of the request are older than the newest [`ROWS_SEARCHED_MAX`], or may have been removed.
    #[error(
        "The request has changes that are not among the newest 10,000; restore a backup instead"
    )]
    ReachesTooFarBack,
}

/// Whether the row alone allows an undo. Rows and changes since are not looked at.
///
/// # Errors
/// The reason why not.
pub fn check_undoable(entry: &AuditEntry) -> Result<(), NotUndoable> {
    match CommandKind::of_action(&entry.action) {
        None if entry.replaces_site() => return Err(NotUndoable::SiteReplacement),
        // Logins, settings and the like.
        None if entry.change_count == 0 => return Err(NotUndoable::NoChange),
        // A command that this version does not know.
        None => return Err(NotUndoable::SiteReplacement),
        Some(kind) if kind.replaces_site() => return Err(NotUndoable::SiteReplacement),
        Some(CommandKind::RefreshStatus) => return Err(NotUndoable::Computed),
        Some(CommandKind::AssumeCrossConnects) => return Err(NotUndoable::AssumedJoins),
        Some(CommandKind::ErasePersonalData) => return Err(NotUndoable::Erasure),
        Some(CommandKind::EndOverrides) => return Err(NotUndoable::EndedOverrides),
        Some(_) => {}
    }
    if !entry.is_complete() {
        Err(NotUndoable::Incomplete)
    } else if entry.image_count > CHANGES_MAX as u64 {
        Err(NotUndoable::TooLarge)
    } else {
        Ok(())
    }
}

/// Which rows are to be undone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UndoTarget {
    Row(u64),
    /// All rows of the request with this id.
    Request(String),
}

/// Returns the command that undoes these rows; `None` without any among the newest 10,000.
///
/// # Errors
/// As [`Snapshot::audit`].
pub fn undo_of(
    snapshot: &Snapshot,
    target: &UndoTarget,
) -> Result<Option<Result<UndoChanges, NotUndoable>>, StoreError> {
    let rows = match find_rows(snapshot, target)? {
        Ok(rows) if rows.is_empty() => return Ok(None),
        Ok(rows) => rows,
        Err(reason) => return Ok(Some(Err(reason))),
    };
    let mut changes = Vec::new();
    for id in &rows {
        let range = (Bound::Included(*id), Bound::Included(*id));
        let Some(entry) = snapshot.audit_range(range, usize::MAX)?.next().transpose()? else {
            continue;
        };
        changes.extend(entry.images.into_iter().map(|image| change(image, entry.at)));
        if changes.len() > CHANGES_MAX {
            return Ok(Some(Err(NotUndoable::TooLarge)));
        }
    }
    Ok(Some(Ok(UndoChanges { rows, changes })))
}

/// The ids of the rows, oldest first.
fn find_rows(
    snapshot: &Snapshot,
    target: &UndoTarget,
) -> Result<Result<Vec<u64>, NotUndoable>, StoreError> {
    let mut rows = Vec::new();
    let mut is_site_replaced = false;
    let mut has_event = false;
    let mut trail = snapshot.audit(None, 0)?;
    for row in trail.by_ref().take(ROWS_SEARCHED_MAX) {
        let row = row?;
        let verdict = check_undoable(&row);
        let is_wanted = match target {
            UndoTarget::Row(id) => row.id == *id,
            UndoTarget::Request(id) => row.origin.request_id == *id,
        };
        if is_wanted && verdict == Err(NotUndoable::NoChange) {
            has_event = true;
        } else if is_wanted {
            if let Err(reason) = verdict {
                return Ok(Err(reason));
            }
            if is_site_replaced {
                return Ok(Err(NotUndoable::SiteReplacedSince));
            }
            rows.push(row.id);
        }
        is_site_replaced |= verdict == Err(NotUndoable::SiteReplacement);
        if matches!(target, UndoTarget::Row(id) if row.id <= *id) {
            break;
        }
    }
    if rows.is_empty() && has_event {
        return Ok(Err(NotUndoable::NoChange));
    }
    if let UndoTarget::Request(id) = target
        && !rows.is_empty()
        && (has_row_of(trail, id)? || may_lack_rows(snapshot, id)?)
    {
        return Ok(Err(NotUndoable::ReachesTooFarBack));
    }
    rows.reverse();
    Ok(Ok(rows))
}

/// Whether one of these rows is of the request. All of a full trail take some 0.1 s.
fn has_row_of(
    mut trail: impl Iterator<Item = Result<AuditEntry, StoreError>>,
    request_id: &str,
) -> Result<bool, StoreError> {
    let found = trail.find(|row| match row {
        Ok(row) => row.origin.request_id == request_id,
        Err(_) => true,
    });
    found.transpose().map(|row| row.is_some())
}

/// Whether the oldest row that is kept is of the request, and older ones were removed.
fn may_lack_rows(snapshot: &Snapshot, request_id: &str) -> Result<bool, StoreError> {
    let everything = (Bound::Unbounded, Bound::Unbounded);
    let oldest = snapshot.audit_range(everything, 0)?.next().transpose()?;
    Ok(oldest.is_some_and(|row| row.id > 0 && row.origin.request_id == request_id))
}

/// The change of an image of a row from this time. Rows that come from SQL lack the times of ports and
/// links: the row's is the nearest that is known.
fn change(image: AuditImage, at: Timestamp) -> Change {
    match image {
        AuditImage::Device { before, after, .. } => {
            Change::Device(Edit { before: before.map(Arc::from), after: after.map(Arc::from) })
        }
        AuditImage::Interface { mut before, after, .. } => {
            if let Some(port) = before.as_mut().filter(|port| port.created_at == Timestamp(0)) {
                // Whether it ever carried a link is not known; it counts as used.
                (port.created_at, port.updated_at) = (at, Timestamp(at.0 + 1));
            }
            Change::Interface(Edit { before: before.map(Arc::from), after: after.map(Arc::from) })
        }
        AuditImage::Link { mut before, after, .. } => {
            if let Some(link) = before.as_mut().filter(|link| link.created_at == Timestamp(0)) {
                link.created_at = at;
            }
            Change::Link(Edit { before: before.map(Arc::from), after: after.map(Arc::from) })
        }
    }
}
