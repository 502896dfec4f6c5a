//! Removing what the retention rules do not keep, here and off the host.

use std::fmt::Display;

use tracing::{info, warn};

use super::catalog::CatalogEntry;
use super::error::BackupError;
use super::library::Library;
use super::name::BackupId;
use super::notes::CopyState;
use super::operation::OperationGuard;
use super::progress::{Log, ProgressUnit};
use super::retention::Retained;
use super::targets::{BackupTarget, TargetError};

/// What is kept and what is removed.
#[derive(Clone, Debug, Default)]
pub struct Pruning {
    pub retained: Retained,
    /// Backups that are removed completely, and the bytes that each had on this host.
    pub removed: Vec<(BackupId, u64)>,
    /// The copies that are removed, by target.
    pub copies: Vec<(String, Vec<BackupId>)>,
    /// Copies that could not be removed; empty in a preview.
    pub failed_removals: Vec<FailedRemoval>,
    /// Freed on this host.
    pub bytes_freed: u64,
}

/// A copy that could not be removed.
#[derive(Clone, Debug)]
pub struct FailedRemoval {
    pub id: BackupId,
    pub target: String,
    pub why: String,
}

/// What [`prune`] would do to these backups.
pub(super) fn plan(library: &Library, entries: &[CatalogEntry]) -> Pruning {
    let retained = library.retained(entries);
    let going = || entries.iter().filter(|entry| !retained.contains_key(&entry.id));
    let bytes = |entry: &CatalogEntry| if entry.is_local { entry.manifest.bytes } else { 0 };
    let removed: Vec<_> = going().map(|entry| (entry.id.clone(), bytes(entry))).collect();
    let bytes_freed = removed.iter().map(|(_, bytes)| bytes).sum();
    let targets = library.options.targets.current();
    let copies = targets.usable.iter().map(|target| {
        let has_copy = |entry: &&CatalogEntry| entry.notes.copies.contains_key(target.name());
        (target.name().to_owned(), going().filter(has_copy).map(|it| it.id.clone()).collect())
    });
    let copies = copies.filter(|(_, ids): &(_, Vec<_>)| !ids.is_empty()).collect();
    Pruning { retained, removed, copies, failed_removals: Vec::new(), bytes_freed }
}

/// Removes the backups that are not kept: first the file and its copies, then, once all of them are
/// gone, the manifest and the notes. Copies at a target that fails are tried again the next time.
///
/// # Errors
/// [`BackupError`]; the log names what was removed by then.
pub(super) async fn prune(
    operation: &OperationGuard,
    log: Log<'_>,
) -> Result<Pruning, BackupError> {
    let OperationGuard { library, progress, .. } = operation;
    let mut pruning = plan(library, &library.list()?);
    let going = std::mem::take(&mut pruning.removed);
    progress.phase("Removing", Some(going.len() as u64), ProgressUnit::Rows)?;
    for (done, (id, bytes)) in (1..).zip(going) {
        progress.set_backup(id.as_str());
        let failed = remove(library, &id, log).await?;
        let is_removed = failed.is_empty() && forget(library, &id, log)?;
        pruning.failed_removals.extend(failed);
        if is_removed {
            pruning.removed.push((id, bytes));
        }
        progress.advance_to(done)?;
    }
    let Pruning { copies, failed_removals, .. } = &mut pruning;
    for (target, ids) in &mut *copies {
        ids.retain(|id| !failed_removals.iter().any(|it| it.id == *id && it.target == *target));
    }
    copies.retain(|(_, ids)| !ids.is_empty());
    Ok(pruning)
}

/// Removes the file of a backup and its copies. Returns the copies that could not be removed.
async fn remove(
    library: &Library,
    id: &BackupId,
    log: Log<'_>,
) -> Result<Vec<FailedRemoval>, BackupError> {
    let Library { options, catalog, .. } = library;
    let entry = catalog.find(id)?;
    catalog.remove_file(&entry)?;
    let mut failed = Vec::new();
    let mut fail = |target: &str, error: &dyn Display| {
        warn!(backup.id = %id, %error, "A copy could not be removed");
        log(format!("The copy of {id} at {target} could not be removed: {error}"));
        let (target, why) = (target.to_owned(), error.to_string());
        failed.push(FailedRemoval { id: id.clone(), target, why });
    };
    let targets = options.targets.current();
    for target in &targets.usable {
        if !entry.notes.copies.contains_key(target.name()) {
            continue;
        }
        match delete_copy(target, &entry).await {
            Ok(()) => catalog.note(id, |notes| drop(notes.copies.remove(target.name())))?,
            Err(error) => fail(target.name(), &error),
        }
    }
    for target in &targets.unusable {
        if entry.has_copy_at(&target.name) {
            fail(&target.name, &target.error());
        }
    }
    let configured = options.target_names();
    for (target, note) in &entry.notes.copies {
        if note.state == CopyState::Done && !configured.contains(target) {
            let why = format!(
                "the target is not configured. Add it to backup_targets again, or forget the \
                 copy: remove {} and {} from {}",
                id.manifest(),
                id.notes(),
                catalog.directory().display()
            );
            fail(target, &why);
        }
    }
    Ok(failed)
}

/// Deletes the manifest last: without it nobody finds the file.
async fn delete_copy(target: &BackupTarget, entry: &CatalogEntry) -> Result<(), TargetError> {
    let site_id = entry.manifest.header.site_id;
    target.delete(site_id, &entry.manifest.file).await?;
    target.delete(site_id, &entry.id.manifest()).await
}

/// Removes a backup from the list, unless a copy was made meanwhile. Returns whether it was
/// removed.
fn forget(library: &Library, id: &BackupId, log: Log<'_>) -> Result<bool, BackupError> {
    let entry = library.catalog.find(id)?;
    let mut copies = entry.notes.copies.iter();
    if let Some((target, _)) = copies.find(|(_, note)| note.state == CopyState::Done) {
        log(format!("{id} stays listed: {target} has a copy."));
        return Ok(false);
    }
    library.catalog.forget(&entry)?;
    info!(backup.id = %id, "Removed {id}, which the retention rules do not keep");
    log(format!("Removed {id}."));
    Ok(true)
}
