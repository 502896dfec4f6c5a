//! Making a backup: from a snapshot, so that no write waits for it; then verifying it.

use std::sync::Arc;

use tokio::time::Instant;
use tracing::info;
use uuid::Uuid;

use super::catalog::{Catalog, CatalogEntry, manifest_text};
use super::dump;
use super::error::BackupError;
use super::files;
use super::library::Library;
use super::manifest::{BackupReason, Manifest};
use super::metrics::BackupStep;
use super::name::{BackupId, PART};
use super::notes::{CopyNote, Depth, Notes};
use super::operation::OperationGuard;
use super::progress::Log;
use super::seal::SealedWriter;
use super::verify::verify_entry;
use crate::domain::Timestamp;
use crate::store::{DiskSpace, Snapshot};
use crate::util::{counted, milliseconds};

const SECOND_US: i64 = 1_000_000;
/// Names that are tried when the clock says the same second again.
const NAMES_TRIED: i64 = 100_000;

/// A state to save.
pub(super) struct SiteState {
    pub(super) snapshot: Arc<Snapshot>,
    pub(super) site_id: Uuid,
    /// What the store takes on disk: the first backup is estimated by it.
    pub(super) store_bytes: u64,
}

/// Saves the site into a file and restores that into a scratch store to verify it.
///
/// # Errors
/// [`BackupError`]. A backup that could not be verified stays listed as unverified, one that failed
/// its verification as bad; one before an upgrade is removed.
pub(super) fn back_up(
    operation: &OperationGuard,
    state: SiteState,
    reason: BackupReason,
    log: Log<'_>,
) -> Result<CatalogEntry, BackupError> {
    let start = Instant::now();
    let saved = save(operation, &state, reason);
    operation.library.metrics.count(BackupStep::Make, start.elapsed(), saved.is_ok());
    let entry = saved?;
    // A snapshot that is kept open keeps pages of the store from being reused.
    drop(state);
    log(summary(&entry.manifest));
    let entry = verify_entry(operation, &entry, Depth::Quick).map_err(|error| {
        if reason == BackupReason::Upgrade {
            // Each start would leave another one.
            operation.library.catalog.forget(&entry).ok();
            return error;
        }
        match error {
            BackupError::Stopping => error,
            error if error.is_file_damaged() => error,
            error => BackupError::Unverified { id: entry.id.to_string(), why: error.to_string() },
        }
    })?;
    if let Some(verification) = &entry.notes.verification {
        log(verification.message.clone());
        info!(
            backup.id = %entry.id, duration_ms = verification.duration_ms,
            "Restored {} into a scratch store: it equals the saved site", entry.id
        );
    }
    Ok(entry)
}

fn summary(manifest: &Manifest) -> String {
    format!(
        "Wrote {}: {}, {}, {}, {}; {} bytes of {} in {} ms.",
        manifest.file,
        counted(manifest.rows("devices"), "device"),
        counted(manifest.rows("interfaces"), "interface"),
        counted(manifest.rows("links"), "link"),
        counted(manifest.rows("audit"), "audit row"),
        manifest.bytes,
        manifest.plain_bytes,
        manifest.duration_ms
    )
}

/// Writes the file and its manifest, both whole and durable on return.
fn save(
    operation: &OperationGuard,
    state: &SiteState,
    reason: BackupReason,
) -> Result<CatalogEntry, BackupError> {
    let library = &operation.library;
    let catalog = &library.catalog;
    catalog.sweep()?;
    check_room(library, state.store_bytes)?;
    let now = library.now();
    let id = free_name(catalog, now)?;
    operation.progress.set_backup(id.as_str());
    let written = write(operation, state, reason, &id, now);
    if written.is_err() {
        // The name was free, so all of these files are this attempt's. The next sweep removes what
        // cannot be removed now.
        for name in [id.manifest(), id.file(library.options.keyring.is_on()), id.notes()] {
            for name in [format!("{name}{PART}"), name] {
                files::remove(&catalog.directory().join(name)).ok();
            }
        }
    }
    let entry = written?;
    let Manifest { bytes, duration_ms, header, .. } = &entry.manifest;
    info!(
        backup.id = %id, backup.seq = header.seq, bytes, duration_ms,
        "Saved the site as {id}"
    );
    Ok(entry)
}

fn write(
    operation: &OperationGuard,
    state: &SiteState,
    reason: BackupReason,
    id: &BackupId,
    now: Timestamp,
) -> Result<CatalogEntry, BackupError> {
    let start = Instant::now();
    let Library { catalog, options, .. } = operation.library.as_ref();
    let (directory, keyring) = (catalog.directory(), &options.keyring);
    let snapshot = state.snapshot.as_ref();
    let header = dump::header(snapshot, id.sql(), state.site_id, &options.site_name, now)?;
    let file = id.file(keyring.is_on());
    let mut out = SealedWriter::begin(files::create_part(directory, &file)?, &keyring.readers()?)?;
    let tables = dump::write(&mut out, snapshot, &header, &operation.progress)?;
    let sealed = out.finish()?;
    let manifest = Manifest {
        header,
        file: file.clone(),
        bytes: sealed.bytes,
        sha256: sealed.sha256,
        plain_bytes: sealed.plain_bytes,
        tables,
        reason,
        duration_ms: milliseconds(start.elapsed()),
        key_ids: keyring.key_ids(),
    };
    let copies = options.target_names().into_iter().map(|target| (target, CopyNote::default()));
    let notes = Notes { copies: copies.collect(), ..Notes::default() };
    // The manifest gets its name last, because it says that the file is complete. It is written
    // first, so that a kill in between leaves no file without a part of its manifest.
    files::write_part(directory, &id.manifest(), &manifest_text(&manifest))?;
    files::publish(directory, &file)?;
    catalog.write_notes(id, &notes)?;
    files::publish(directory, &id.manifest())?;
    files::sync_directory(directory)?;
    Ok(CatalogEntry { id: id.clone(), manifest, notes, is_local: true })
}

/// Checks that the volume has room for another backup: twice the largest of the last three, or a
/// quarter of the store.
///
/// # Errors
/// [`BackupError::NoRoom`].
pub(super) fn check_room(library: &Library, store_bytes: u64) -> Result<(), BackupError> {
    let directory = library.catalog.directory();
    files::make_directory(directory)?;
    let largest = library.list()?.iter().take(3).map(|entry| entry.manifest.bytes).max();
    let estimated_bytes = largest.map_or(store_bytes / 4, |bytes| 2 * bytes);
    let needed_bytes = library.options.min_free_bytes + estimated_bytes;
    let space = DiskSpace::of(directory)?;
    if space.free_bytes < needed_bytes {
        return Err(BackupError::NoRoom { what: "a backup", space, needed_bytes });
    }
    Ok(())
}

/// The name of this second, or of the next one that is free: two backups within a second, or a
/// clock that was put back.
fn free_name(catalog: &Catalog, now: Timestamp) -> Result<BackupId, BackupError> {
    let names = (0..NAMES_TRIED).map(|step| BackupId::at(Timestamp(now.0 + step * SECOND_US)));
    let free = names.into_iter().find(|id| catalog.is_free(id));
    free.ok_or(BackupError::NoFreeName)
}
