//! Copying verified backups off the host, and verifying the copies.

use std::path::Path;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};
use tokio::time::Instant;
use tracing::{info, warn};

use super::catalog::{CatalogEntry, manifest_text};
use super::error::BackupError;
use super::fetch::check_space;
use super::files;
use super::library::Library;
use super::metrics::BackupStep;
use super::name::PART;
use super::notes::{CopyNote, CopyState};
use super::operation::OperationGuard;
use super::options::UnusableTarget;
use super::progress::{Log, Operation, ProgressHandle, ProgressUnit};
use super::targets::{BackupTarget, LocalFile, TargetError, next_attempt};
use super::verify;
use crate::util::{hex, jitter, run_at_low_priority, run_blocking};

/// No pause between two attempts is longer: a later time was noted by a clock that ran ahead.
const LONGEST_PAUSE_US: i64 = 7 * 3600 * 1_000_000;

/// How many copies were made, and how many not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CopySummary {
    pub done: u64,
    /// To be tried again.
    pub failed: u64,
    /// Still to be made, later.
    pub waiting: u64,
}

/// Makes every copy that is due: to each target each verified backup that is kept. What fails is
/// noted and tried again later, after 1 min to 6 h; at once with `is_asked_for`.
///
/// # Errors
/// [`BackupError`] when the directory itself fails.
pub(super) async fn copy_due(
    library: &Library,
    is_asked_for: bool,
    log: Log<'_>,
) -> Result<CopySummary, BackupError> {
    let mut summary = CopySummary::default();
    if !library.options.has_targets() {
        return Ok(summary);
    }
    let progress = library.copying.begin(Operation::Copy, library.now())?;
    let targets = library.options.targets.current();
    for entry in to_copy(library)? {
        for target in &targets.unusable {
            note_unusable(library, target, &entry, log)?;
        }
        for target in &targets.usable {
            if entry.has_copy_at(target.name()) {
                continue;
            }
            let note = entry.notes.copies.get(target.name());
            if !is_asked_for && note.is_some_and(|note| is_waiting(note, library.now().0)) {
                summary.waiting += 1;
            } else if copy_one(library, &progress, target, &entry, log).await? {
                summary.done += 1;
            } else {
                summary.failed += 1;
            }
        }
    }
    Ok(summary)
}

/// Backups that belong off the host, the newest first.
fn to_copy(library: &Library) -> Result<Vec<CatalogEntry>, BackupError> {
    let entries = library.list()?;
    let retained = library.retained(&entries);
    let belongs_there = |entry: &CatalogEntry| {
        entry.is_local && entry.is_verified() && retained.contains_key(&entry.id)
    };
    Ok(entries.into_iter().filter(belongs_there).collect())
}

/// Notes that a copy could not be made because its target was not set up, unless there is a copy.
fn note_unusable(
    library: &Library,
    target: &UnusableTarget,
    entry: &CatalogEntry,
    log: Log<'_>,
) -> Result<(), BackupError> {
    if entry.has_copy_at(&target.name) {
        return Ok(());
    }
    let known = entry.notes.copies.get(&target.name);
    let why = target.error().to_string();
    let is_new = known.is_none_or(|note| {
        note.state != CopyState::Failed || note.message.as_deref() != Some(why.as_str())
    });
    if !is_new {
        return Ok(());
    }
    log(format!("{}: {why}", entry.id));
    let note = CopyNote {
        state: CopyState::Failed,
        at_us: Some(library.now().0),
        attempts: known.map_or(0, |note| note.attempts) + 1,
        next_attempt_us: None,
        message: Some(why),
    };
    library.catalog.note_copy(&entry.id, &target.name, note)
}

/// Makes one copy and notes how that ended. Returns whether it was made.
async fn copy_one(
    library: &Library,
    progress: &ProgressHandle,
    target: &BackupTarget,
    entry: &CatalogEntry,
    log: Log<'_>,
) -> Result<bool, BackupError> {
    let manifest = &entry.manifest;
    progress.set_backup(entry.id.as_str());
    progress.phase("Copying off the host", Some(2 * manifest.bytes), ProgressUnit::Bytes)?;
    let start = Instant::now();
    let sent = send(library, progress, target, entry).await;
    library.metrics.count(BackupStep::Copy, start.elapsed(), sent.is_ok());
    let now_us = library.now().0;
    let attempts = entry.notes.copies.get(target.name()).map_or(0, |note| note.attempts) + 1;
    let mut note = CopyNote { at_us: Some(now_us), attempts, ..CopyNote::default() };
    let is_done = sent.is_ok();
    match sent {
        Ok(()) => {
            note.state = CopyState::Done;
            info!(
                backup.id = %entry.id, target = target.name(),
                "Copied {} to {} and read it back", entry.id, target.name()
            );
            log(format!("Copied {} to {} and read it back.", manifest.file, target.name()));
        }
        Err(error) => {
            note.state = CopyState::Failed;
            let pause = next_attempt(attempts, jitter());
            let pause_us = i64::try_from(pause.as_micros()).expect("a pause has at most six hours");
            note.next_attempt_us = Some(now_us.saturating_add(pause_us));
            note.message = Some(error.to_string());
            warn!(
                backup.id = %entry.id, target = target.name(), attempts, %error,
                "A copy could not be made; it will be retried"
            );
            log(format!("{}: {error}", target.name()));
        }
    }
    library.catalog.note_copy(&entry.id, target.name(), note)?;
    Ok(is_done)
}

/// Sends the file, then its manifest, by which the copy is found again.
async fn send(
    library: &Library,
    progress: &ProgressHandle,
    target: &BackupTarget,
    entry: &CatalogEntry,
) -> Result<(), TargetError> {
    let manifest = &entry.manifest;
    let site_id = manifest.header.site_id;
    let file = LocalFile {
        name: manifest.file.clone(),
        path: library.catalog.path(entry),
        sha256: manifest.sha256.clone(),
        bytes: manifest.bytes,
    };
    // A stop of the service drops this future.
    let report = |bytes| {
        progress.advance_to(bytes).ok();
    };
    target.upload(site_id, &file, &report).await?;
    let text = manifest_text(manifest);
    let file = LocalFile {
        name: entry.id.manifest(),
        path: library.catalog.directory().join(entry.id.manifest()),
        sha256: hex(Sha256::digest(&text)),
        bytes: text.len() as u64,
    };
    target.upload(site_id, &file, &|_| {}).await
}

/// Restores the newest backup that has a copy from that copy, at each target in turn.
///
/// # Errors
/// [`BackupError::NoBackup`] without any copy; [`BackupError`] naming the copy that failed.
pub(super) async fn verify_copies(
    library: &Arc<Library>,
    log: Log<'_>,
) -> Result<Vec<CatalogEntry>, BackupError> {
    let (mut verified, mut failed) = (Vec::new(), None);
    for target in &library.options.targets.current().usable {
        let mut entries = library.list()?.into_iter();
        let Some(entry) = entries.find(|entry| entry.has_copy_at(target.name())) else { continue };
        match verify_copy_at(library, target, entry, log).await {
            Ok(entry) => verified.push(entry),
            // The copies at the other targets are verified all the same.
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    let failed = failed.or_else(|| library.options.check_targets().err());
    match failed {
        Some(error) => Err(error),
        None if verified.is_empty() => Err(BackupError::NoBackup),
        None => Ok(verified),
    }
}

async fn verify_copy_at(
    library: &Arc<Library>,
    target: &BackupTarget,
    entry: CatalogEntry,
    log: Log<'_>,
) -> Result<CatalogEntry, BackupError> {
    let found = fetch_and_verify(library, target, &entry).await;
    match &found {
        Ok(_) => log(format!("{} from {}: restored and compared.", entry.id, target.name())),
        Err(error) => {
            if is_copy_damaged(error) {
                // The next run makes the copy again.
                let note = CopyNote {
                    state: CopyState::Failed,
                    at_us: Some(library.now().0),
                    message: Some(error.to_string()),
                    ..CopyNote::default()
                };
                library.catalog.note_copy(&entry.id, target.name(), note)?;
            }
            log(format!("{} from {}: {error}", entry.id, target.name()));
        }
    }
    found
}

async fn fetch_and_verify(
    library: &Arc<Library>,
    target: &BackupTarget,
    entry: &CatalogEntry,
) -> Result<CatalogEntry, BackupError> {
    let operation = OperationGuard::begin(library, Operation::Verify)?;
    let CatalogEntry { id, manifest, .. } = entry;
    operation.progress.set_backup(id.as_str());
    operation.progress.phase("Fetching the copy", Some(manifest.bytes), ProgressUnit::Bytes)?;
    let directory = library.catalog.directory();
    check_space(directory, manifest)?;
    let path = directory.join(format!("{id}.offhost{PART}"));
    let site_id = manifest.header.site_id;
    let fetched = target.fetch(site_id, &manifest.file, &path, manifest.bytes).await;
    let found = match fetched {
        Ok(_) => verify_fetched(operation, entry.clone(), &path).await,
        Err(error) => Err(error.into()),
    };
    if let Err(error) = files::remove(&path) {
        // The result counts all the same; the next sweep removes the file.
        warn!(%error, "The fetched copy could not be removed");
    }
    found
}

async fn verify_fetched(
    operation: OperationGuard,
    entry: CatalogEntry,
    path: &Path,
) -> Result<CatalogEntry, BackupError> {
    let path = path.to_owned();
    let verify = move || verify::verify_copy(&operation, &entry, &path);
    let verified = run_blocking(move || run_at_low_priority(verify)).await;
    verified.unwrap_or_else(|error| Err(error.into()))
}

/// Whether the copy itself is damaged, rather than the way to it.
fn is_copy_damaged(error: &BackupError) -> bool {
    match error {
        BackupError::Target(error) => {
            matches!(error, TargetError::NotFound { .. } | TargetError::TooLarge { .. })
        }
        error => error.is_file_damaged(),
    }
}

fn is_waiting(note: &CopyNote, now_us: i64) -> bool {
    note.next_attempt_us.is_some_and(|at_us| (now_us..now_us + LONGEST_PAUSE_US).contains(&at_us))
}
