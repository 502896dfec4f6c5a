//! Making a backup: from a snapshot, so that no write waits for it.

use tokio::time::Instant;
use tracing::info;

use super::catalog::{Catalog, CatalogEntry, manifest_text};
use super::dump;
use super::error::BackupError;
use super::files;
use super::keys::Keyring;
use super::manifest::{BackupReason, Manifest};
use super::name::{BackupId, PART};
use super::notes::{CopyNote, Notes};
use super::progress::ProgressHandle;
use super::seal::SealedWriter;
use crate::domain::Timestamp;
use crate::store::{DiskSpace, Snapshot};
use crate::util::milliseconds;
use uuid::Uuid;

const SECOND_US: i64 = 1_000_000;
/// Names that are tried when the clock says the same second again.
const NAMES_TRIED: i64 = 100_000;

/// A state to save, and what is said of it.
pub(super) struct SiteState<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) site_id: Uuid,
    pub(super) site_name: &'a str,
    pub(super) reason: BackupReason,
    pub(super) now: Timestamp,
    pub(super) keyring: &'a Keyring,
    /// Where copies are to go afterwards.
    pub(super) targets: Vec<String>,
    /// What must stay free on the volume.
    pub(super) min_free_bytes: u64,
    /// What the store takes on disk: the first backup is estimated by it.
    pub(super) store_bytes: u64,
}

/// Writes the file and its manifest, both whole and durable on return. The caller holds the lock.
pub(super) fn run(
    catalog: &Catalog,
    state: &SiteState<'_>,
    progress: &ProgressHandle,
) -> Result<CatalogEntry, BackupError> {
    catalog.sweep()?;
    check_room(catalog, state.min_free_bytes, state.store_bytes)?;
    let id = free_name(catalog, state.now)?;
    progress.about(id.as_str());
    let written = write(catalog, state, &id, progress);
    if written.is_err() {
        // The name was free, so all of it is this attempt's, and of no use; the next sweep removes
        // what cannot be removed now.
        for name in [id.manifest(), id.file(state.keyring.is_on()), id.notes()] {
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
    catalog: &Catalog,
    state: &SiteState<'_>,
    id: &BackupId,
    progress: &ProgressHandle,
) -> Result<CatalogEntry, BackupError> {
    let start = Instant::now();
    let directory = catalog.directory();
    let keyring = state.keyring;
    let SiteState { snapshot, site_id, site_name, now, reason, .. } = *state;
    let header = dump::header(snapshot, id.sql(), site_id, site_name, now);
    let file = id.file(keyring.is_on());
    let mut out = SealedWriter::begin(files::create_part(directory, &file)?, &keyring.readers()?)?;
    let tables = dump::write(&mut out, snapshot, &header, progress)?;
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
    let copies = state.targets.iter().map(|target| (target.clone(), CopyNote::default()));
    let notes = Notes { copies: copies.collect(), ..Notes::default() };
    // A manifest says that the file is whole: it comes last. It is begun first, so that a kill in
    // between leaves no file that nobody knows.
    files::write_part(directory, &id.manifest(), &manifest_text(&manifest))?;
    files::publish(directory, &file)?;
    catalog.write_notes(id, &notes)?;
    files::publish(directory, &id.manifest())?;
    files::sync_directory(directory)?;
    Ok(CatalogEntry { id: id.clone(), manifest, notes, is_local: true })
}

/// Whether the volume has room for another backup: twice the largest of the last ones, or a
/// quarter of the store.
///
/// # Errors
/// [`BackupError::NoRoom`].
pub(super) fn check_room(
    catalog: &Catalog,
    min_free_bytes: u64,
    store_bytes: u64,
) -> Result<(), BackupError> {
    files::make_directory(catalog.directory())?;
    let largest = catalog.list()?.iter().take(3).map(|entry| entry.manifest.bytes).max();
    let needed_bytes = min_free_bytes + largest.map_or(store_bytes / 4, |bytes| 2 * bytes);
    let space = DiskSpace::of(catalog.directory())?;
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
    free.ok_or_else(|| BackupError::Busy("no free name for a backup".to_owned()))
}
