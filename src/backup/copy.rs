//! Copies off the host: made once the local file is complete, read back, retried, found again.

use std::collections::BTreeSet;
use std::path::Path;

use tracing::{info, warn};
use uuid::Uuid;

use super::backups::{BackupOptions, Backups, Log, UnusableTarget};
use super::catalog::{Catalog, CatalogEntry, manifest_text};
use super::error::BackupError;
use super::files;
use super::manifest::Manifest;
use super::name::{BackupId, PART};
use super::notes::{CopyNote, CopyState, Depth};
use super::progress::{Operation, ProgressHandle, ProgressUnit};
use super::targets::{LocalFile, Target, TargetError, next_attempt};
use crate::store::DiskSpace;
use crate::util::{hex, jitter, run_at_low_priority, run_blocking};

/// Largest manifest: 2 kB as they are.
const MANIFEST_BYTES_MAX: u64 = 1024 * 1024;
/// Manifests that are read at one target when a lost host looks for its backups: ten years of any
/// sensible retention.
const DISCOVERED_MAX: usize = 1_000;

/// What copying came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CopySummary {
    pub done: u64,
    /// To be tried again.
    pub failed: u64,
    /// Still to be made, later.
    pub waiting: u64,
}

impl Backups {
    /// Makes every copy that is due: to each target each verified backup that is kept. What fails
    /// is noted and tried again later, after 1 min to 6 h; at once with `is_asked_for`.
    ///
    /// # Errors
    /// [`BackupError`] when the directory itself fails.
    pub async fn copy_due(
        &self,
        is_asked_for: bool,
        log: Log<'_>,
    ) -> Result<CopySummary, BackupError> {
        let mut copied = CopySummary::default();
        if !self.options().has_targets() {
            return Ok(copied);
        }
        let progress = self.0.copying.begin(Operation::Copy, self.0.engine.now())?;
        for entry in self.wanted()? {
            for target in &self.options().unusable_targets {
                self.note_faulty(target, &entry, log)?;
            }
            for target in &self.options().targets {
                let note = entry.notes.copies.get(target.name());
                let now_us = self.0.engine.now().0;
                if note.is_some_and(|note| note.state == CopyState::Done) {
                    continue;
                }
                if !is_asked_for && note.is_some_and(|note| is_waiting(note, now_us)) {
                    copied.waiting += 1;
                } else if self.copy_one(&progress, target, &entry, log).await? {
                    copied.done += 1;
                } else {
                    copied.failed += 1;
                }
            }
        }
        Ok(copied)
    }

    /// Notes that a copy could not be made, since its place was not set up, unless there is one.
    fn note_faulty(
        &self,
        target: &UnusableTarget,
        entry: &CatalogEntry,
        log: Log<'_>,
    ) -> Result<(), BackupError> {
        let known = entry.notes.copies.get(&target.name);
        if known.is_some_and(|note| note.state == CopyState::Done) {
            return Ok(());
        }
        let message = Some(target.error().to_string());
        if known.is_none_or(|note| note.state != CopyState::Failed || note.message != message) {
            log(format!("{}: {}", entry.id, message.as_deref().unwrap_or_default()));
            let attempts = known.map_or(0, |note| note.attempts) + 1;
            let (state, at_us) = (CopyState::Failed, Some(self.0.engine.now().0));
            let note = CopyNote { state, at_us, attempts, next_attempt_us: None, message };
            let name = target.name.clone();
            self.0.catalog.note(&entry.id, |notes| drop(notes.copies.insert(name, note)))?;
        }
        Ok(())
    }

    /// Backups that belong off the host, the newest first.
    fn wanted(&self) -> Result<Vec<CatalogEntry>, BackupError> {
        let entries = self.list()?;
        let kept = self.retained_of(&entries);
        let is_wanted = |entry: &CatalogEntry| {
            entry.is_local && entry.is_verified() && kept.contains_key(&entry.id)
        };
        Ok(entries.into_iter().filter(is_wanted).collect())
    }

    async fn copy_one(
        &self,
        progress: &ProgressHandle,
        target: &Target,
        entry: &CatalogEntry,
        log: Log<'_>,
    ) -> Result<bool, BackupError> {
        let manifest = &entry.manifest;
        progress.about(entry.id.as_str());
        progress.phase("Copying off the host", 2 * manifest.bytes, ProgressUnit::Bytes)?;
        let sent = self.send(progress, target, entry).await;
        let now_us = self.0.engine.now().0;
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
                let pause_us = i64::try_from(pause.as_micros()).unwrap_or(i64::MAX);
                note.next_attempt_us = Some(now_us.saturating_add(pause_us));
                note.message = Some(error.to_string());
                warn!(
                    backup.id = %entry.id, target = target.name(), attempts, %error,
                    "A copy could not be made; it will be retried"
                );
                log(format!("{}: {error}", target.name()));
            }
        }
        self.0
            .catalog
            .note(&entry.id, |notes| drop(notes.copies.insert(target.name().to_owned(), note)))?;
        Ok(is_done)
    }

    async fn send(
        &self,
        progress: &ProgressHandle,
        target: &Target,
        entry: &CatalogEntry,
    ) -> Result<(), TargetError> {
        let site_id = self.0.engine.site_id();
        let manifest = &entry.manifest;
        let file = LocalFile {
            name: manifest.file.clone(),
            path: self.0.catalog.path(entry),
            sha256: manifest.sha256.clone(),
            bytes: manifest.bytes,
        };
        // Whoever stops the service stops the upload by dropping it.
        let progress = |bytes| {
            progress.at(bytes).ok();
        };
        target.upload(site_id, &file, &progress).await?;
        let path = self.0.catalog.directory().join(entry.id.manifest());
        let text = manifest_text(manifest);
        let described = LocalFile {
            name: entry.id.manifest(),
            sha256: hex(<sha2::Sha256 as sha2::Digest>::digest(&text)),
            bytes: text.len() as u64,
            path,
        };
        target.upload(site_id, &described, &|_| {}).await
    }

    /// Restores the newest backup that has a copy from that copy, at each target in turn.
    ///
    /// # Errors
    /// [`BackupError::NoBackup`] without any copy; [`BackupError`] naming the copy that failed.
    pub async fn verify_offhost(&self, log: Log<'_>) -> Result<Vec<CatalogEntry>, BackupError> {
        let (mut verified, mut failed) = (Vec::new(), None);
        for target in &self.options().targets {
            let is_there = |entry: &CatalogEntry| {
                let note = entry.notes.copies.get(target.name());
                note.is_some_and(|note| note.state == CopyState::Done)
            };
            let Some(entry) = self.list()?.into_iter().find(is_there) else { continue };
            match self.verify_copy(target, entry, log).await {
                Ok(entry) => verified.push(entry),
                // The other places are looked at all the same.
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        let failed = failed.or_else(|| self.options().check_targets().err());
        match failed {
            Some(error) => Err(error),
            None if verified.is_empty() => Err(BackupError::NoBackup),
            None => Ok(verified),
        }
    }

    async fn verify_copy(
        &self,
        target: &Target,
        entry: CatalogEntry,
        log: Log<'_>,
    ) -> Result<CatalogEntry, BackupError> {
        let operation = self.begin(Operation::Verify)?;
        operation.progress.about(entry.id.as_str());
        operation.progress.phase("Fetching the copy", entry.manifest.bytes, ProgressUnit::Bytes)?;
        check_space(self.0.catalog.directory(), &entry.manifest)?;
        let path = self.0.catalog.directory().join(format!("{}.offhost{PART}", entry.id));
        let site_id = self.0.engine.site_id();
        let fetched =
            target.fetch(site_id, &entry.manifest.file, &path, entry.manifest.bytes).await;
        let (backups, copy, at) = (self.clone(), entry.clone(), path.clone());
        let found = match fetched {
            Ok(_) => {
                let verify = move || backups.verify_file(&operation, &copy, &at, Depth::Offhost);
                let work = move || run_at_low_priority(verify);
                run_blocking(work).await.unwrap_or_else(|error| Err(error.into()))
            }
            Err(error) => Err(error.into()),
        };
        if let Err(error) = files::remove(&path) {
            // What was found counts; the next sweep removes the rest.
            warn!(%error, "The fetched copy could not be removed");
        }
        match found {
            Ok(verified) => {
                log(format!("{} from {}: restored and compared.", verified.id, target.name()));
                Ok(verified)
            }
            Err(error) if !is_copy_damaged(&error) => {
                log(format!("{} from {}: {error}", entry.id, target.name()));
                Err(error)
            }
            Err(error) => {
                // A copy that is of no use is made again.
                let note = CopyNote {
                    state: CopyState::Failed,
                    at_us: Some(self.0.engine.now().0),
                    message: Some(error.to_string()),
                    ..CopyNote::default()
                };
                self.0.catalog.note(&entry.id, |notes| {
                    notes.copies.insert(target.name().to_owned(), note);
                })?;
                log(format!("{} from {}: {error}", entry.id, target.name()));
                Err(error)
            }
        }
    }

    /// Finds backups at the targets that this host does not know of, as after its loss, and adds
    /// them to the list. Returns how many there were.
    ///
    /// # Errors
    /// The first target that fails, after the others were asked.
    pub async fn discover(&self) -> Result<u64, BackupError> {
        let mut found = 0;
        let mut failed = None;
        for target in &self.options().targets {
            let site_id = self.0.engine.site_id();
            match discover(target, site_id, &self.known_at(target)?).await {
                Ok(manifests) => {
                    let _operation = self.begin(Operation::Copy)?;
                    found += manifests.len() as u64;
                    for manifest in &manifests {
                        self.add_copy(target, manifest)?;
                    }
                }
                Err(error) => failed = Some(error),
            }
        }
        match failed {
            Some(error) => Err(error.into()),
            None => self.options().check_targets().map(|()| found),
        }
    }

    /// Backups that are known to have a copy at a target.
    fn known_at(&self, target: &Target) -> Result<BTreeSet<BackupId>, BackupError> {
        let has_copy = |entry: &CatalogEntry| {
            entry.notes.copies.get(target.name()).is_some_and(|note| note.state == CopyState::Done)
        };
        Ok(self.list()?.into_iter().filter(has_copy).map(|entry| entry.id).collect())
    }

    fn add_copy(&self, target: &Target, manifest: &Manifest) -> Result<(), BackupError> {
        let note = CopyNote { state: CopyState::Done, ..CopyNote::default() };
        self.0.catalog.add_copy(manifest, target.name(), note)
    }

    /// Brings the file of a backup that is only off the host back into the directory.
    ///
    /// # Errors
    /// [`BackupError::NotFound`] when no target has it; what the last target said.
    pub async fn fetch(&self, entry: &CatalogEntry) -> Result<CatalogEntry, BackupError> {
        if entry.is_local {
            return Ok(entry.clone());
        }
        let operation = self.begin(Operation::Copy)?;
        operation.progress.about(entry.id.as_str());
        operation.progress.phase("Fetching", entry.manifest.bytes, ProgressUnit::Bytes)?;
        let site_id = self.0.engine.site_id();
        fetch_from(self.options(), site_id, &self.0.catalog, entry).await
    }
}

/// Brings a file back from the first target that has it whole.
pub(super) async fn fetch_from(
    options: &BackupOptions,
    site_id: Uuid,
    catalog: &Catalog,
    entry: &CatalogEntry,
) -> Result<CatalogEntry, BackupError> {
    let is_at = |target: &&UnusableTarget| entry.notes.copies.contains_key(&target.name);
    let faulty = options.unusable_targets.iter().find(is_at).map(UnusableTarget::error);
    let mut failed = faulty.unwrap_or_else(|| BackupError::NotHere(entry.id.to_string()));
    let manifest = &entry.manifest;
    check_space(catalog.directory(), manifest)?;
    let into = catalog.path(entry);
    for target in &options.targets {
        if !entry.notes.copies.contains_key(target.name()) {
            continue;
        }
        match target.fetch(site_id, &manifest.file, &into, manifest.bytes).await {
            Ok(fetched) if fetched.sha256 == manifest.sha256 => return catalog.find(&entry.id),
            Ok(_) => {
                files::remove(&into)?;
                let what = format!("the copy at {} was altered", target.name());
                failed = BackupError::Damaged { file: manifest.file.clone(), what };
            }
            Err(error) => failed = error.into(),
        }
    }
    Err(failed)
}

/// Whether the directory has room for a file.
fn check_space(directory: &Path, manifest: &Manifest) -> Result<(), BackupError> {
    let space = DiskSpace::of(directory)?;
    let needed_bytes = manifest.bytes;
    if space.free_bytes < needed_bytes {
        return Err(BackupError::NoRoom { what: "fetching a copy", space, needed_bytes });
    }
    Ok(())
}

/// The manifests at a target of backups that are not known.
pub(super) async fn discover(
    target: &Target,
    site_id: Uuid,
    known: &BTreeSet<BackupId>,
) -> Result<Vec<Manifest>, TargetError> {
    let files = target.list(site_id).await?;
    let ids: BTreeSet<BackupId> = files
        .iter()
        .filter_map(|file| BackupId::parse(&file.name).filter(|id| id.manifest() == file.name))
        .filter(|id| !known.contains(id))
        .collect();
    let mut manifests = Vec::new();
    for id in ids.into_iter().rev().take(DISCOVERED_MAX) {
        let bytes = target.get_small(site_id, &id.manifest(), MANIFEST_BYTES_MAX).await?;
        // What cannot be read was made by something else, or is from a newer version.
        let manifest = serde_json::from_slice::<Manifest>(&bytes).ok();
        // It must speak of this very backup of this very site.
        manifests.extend(manifest.filter(|it| {
            it.file == id.file(!it.key_ids.is_empty()) && it.header.site_id == site_id
        }));
    }
    Ok(manifests)
}

/// Whether the copy itself is at fault, and not the way to it.
fn is_copy_damaged(error: &BackupError) -> bool {
    let is_other_file = |error: &TargetError| {
        matches!(error, TargetError::NotFound { .. } | TargetError::TooLarge { .. })
    };
    match error {
        BackupError::Target(error) => is_other_file(error),
        error => error.is_file_damaged(),
    }
}

fn is_waiting(note: &CopyNote, now_us: i64) -> bool {
    /// No pause is longer: a later time was noted by a clock that ran ahead.
    const LONGEST_PAUSE_US: i64 = 7 * 3600 * 1_000_000;
    note.next_attempt_us.is_some_and(|at_us| (now_us..now_us + LONGEST_PAUSE_US).contains(&at_us))
}
