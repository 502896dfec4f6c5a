//! The site rebuilt from a backup beside the running one, as after the loss of the host: found at a
//! target, fetched, restored, and loaded by an engine.

use std::ops::Bound;
use std::path::PathBuf;
use std::thread::JoinHandle;

use super::diff::{self, Difference};
use super::error::BackupError;
use super::fetch::{self, MANIFEST_BYTES_MAX};
use super::files;
use super::manifest::Manifest;
use super::name::{BackupId, PART};
use super::operation::OperationGuard;
use super::progress::ProgressUnit;
use super::stage::{STAGE_BYTES_PER_SQL_BYTE, StagedBackup, stage};
use super::targets::BackupTarget;
use crate::domain::{EntityKind, RefreshStatus, Timestamp};
use crate::engine::{Engine, EngineExit, EngineHandle, EngineOptions};
use crate::store::{AuditOrigin, DiskSpace, Snapshot, StoreError};
use crate::util::files::part_path;

/// Newest manifests at a target that are read until one of this site is found: the others may be from a
/// newer version.
const MANIFESTS_READ_MAX: usize = 5;
const ACTOR: &str = "disaster-drill";

/// The right to rebuild the site, one step after the other. No other operation on backups runs meanwhile.
/// Its steps block: they are not for tokio's threads.
pub struct SiteRebuild {
    operation: OperationGuard,
    engine: EngineHandle,
}

/// The backups that the site can be rebuilt from.
#[derive(Clone, Debug)]
pub struct FoundBackups {
    /// The newest one of each target that has one, the newest first; never empty.
    pub backups: Vec<FoundBackup>,
    /// What each target has.
    pub targets: Vec<TargetFinding>,
}

/// A backup to rebuild the site from.
#[derive(Clone, Debug)]
pub struct FoundBackup {
    pub manifest: Manifest,
    /// The target that has it; `None` if it is only on this host, because there is no target.
    pub target: Option<String>,
}

/// The newest backup at a target.
#[derive(Clone, Debug)]
pub struct TargetFinding {
    pub name: String,
    /// `None` if it has none; the error says why it is not known.
    pub newest: Result<Option<Manifest>, String>,
}

/// The file of a backup, which is removed when this is dropped if it was fetched.
pub struct RebuildFile {
    path: PathBuf,
    is_fetched: bool,
}

/// The rebuilt site with its engine. Both end when this is dropped.
pub struct RebuiltSite {
    handle: EngineHandle,
    thread: JoinHandle<EngineExit>,
    /// As it was saved, before the engine loaded it.
    saved: Snapshot,
    /// Dropped last: it removes the store.
    staged: StagedBackup,
}

/// How the rebuilt site compares with its manifest and with the running site.
#[derive(Clone, Debug)]
pub struct RebuildComparison {
    /// By table: the rows of the manifest, and the rebuilt ones.
    pub tables: Vec<(&'static str, u64, u64)>,
    /// Devices and links whose status differs from the saved one once it is computed again.
    pub status_differences: u64,
    /// What has changed since the backup.
    pub since: Difference,
}

impl RebuildComparison {
    /// The tables whose number of rows differs.
    pub fn different_tables(&self) -> impl Iterator<Item = &'static str> {
        self.tables.iter().filter(|(_, saved, rebuilt)| saved != rebuilt).map(|(name, ..)| *name)
    }
}

impl SiteRebuild {
    pub(super) fn new(operation: OperationGuard, engine: EngineHandle) -> Self {
        Self { operation, engine }
    }

    /// Finds the newest backup at each target, by what the targets have; without targets, that of this host.
    ///
    /// # Errors
    /// That of the first target if none has a backup; [`BackupError::NoBackup`].
    pub async fn find(&self) -> Result<FoundBackups, BackupError> {
        let library = &self.operation.library;
        if !library.options.has_targets() {
            let manifest = library.catalog.latest()?.manifest;
            let backups = vec![FoundBackup { manifest, target: None }];
            return Ok(FoundBackups { backups, targets: Vec::new() });
        }
        let mut backups: Vec<FoundBackup> = Vec::new();
        let (mut targets, mut failed) = (Vec::new(), None);
        for target in &library.options.targets.current().usable {
            let name = target.name().to_owned();
            let newest = self.newest_at(target).await;
            if let Ok(Some(manifest)) = &newest {
                let (manifest, target) = (manifest.clone(), Some(name.clone()));
                backups.push(FoundBackup { manifest, target });
            }
            let newest = newest.map_err(|error| {
                let text = error.to_string();
                failed.get_or_insert(error);
                text
            });
            targets.push(TargetFinding { name, newest });
        }
        for unusable in &library.options.targets.current().unusable {
            let error = unusable.error();
            targets.push(TargetFinding {
                name: unusable.name.clone(),
                newest: Err(error.to_string()),
            });
            failed.get_or_insert(error);
        }
        if backups.is_empty() {
            return Err(failed.unwrap_or(BackupError::NoCopy));
        }
        // Of the same backup, the copy at the target that is configured first.
        backups.sort_by(|a, b| b.manifest.header.name.cmp(&a.manifest.header.name));
        Ok(FoundBackups { backups, targets })
    }

    /// The newest backup of this site at a target, by the target's own list: a lost host has no other.
    async fn newest_at(&self, target: &BackupTarget) -> Result<Option<Manifest>, BackupError> {
        let site_id = self.engine.site_id();
        let names = target.list(site_id).await?.into_iter().map(|file| file.name);
        let mut ids: Vec<BackupId> = names
            .filter_map(|name| BackupId::parse(&name).filter(|id| id.manifest() == name))
            .collect();
        ids.sort_unstable();
        for id in ids.iter().rev().take(MANIFESTS_READ_MAX) {
            let bytes = target.get_small(site_id, &id.manifest(), MANIFEST_BYTES_MAX).await?;
            if let Some(manifest) = fetch::read_manifest(&bytes, id, site_id) {
                return Ok(Some(manifest));
            }
        }
        Ok(None)
    }

    /// Fetches the file, after the check that there is room for it and for the site.
    ///
    /// # Errors
    /// [`BackupError::NoRoom`]; that of the target.
    pub async fn fetch(&self, found: &FoundBackup) -> Result<RebuildFile, BackupError> {
        let OperationGuard { library, progress, .. } = &self.operation;
        let FoundBackup { manifest, .. } = found;
        self.check_room(found)?;
        let is_asked = |target: &&BackupTarget| found.target.as_deref() == Some(target.name());
        let targets = library.options.targets.current();
        let Some(target) = targets.usable.iter().find(is_asked) else {
            let path = library.path(&library.catalog.latest()?)?;
            return Ok(RebuildFile { path, is_fetched: false });
        };
        let id = BackupId::parse(&manifest.file).ok_or(BackupError::NoCopy)?;
        progress.set_backup(id.as_str());
        progress.phase("Fetching the copy", Some(manifest.bytes), ProgressUnit::Bytes)?;
        let directory = library.catalog.directory();
        fetch::check_space(directory, manifest)?;
        // What a kill leaves behind is removed at the next start.
        let path = directory.join(format!("{id}.rebuild{PART}"));
        let file = RebuildFile { path, is_fetched: true };
        let site_id = manifest.header.site_id;
        target.fetch(site_id, &manifest.file, &file.path, manifest.bytes).await?;
        Ok(file)
    }

    fn check_room(&self, found: &FoundBackup) -> Result<(), BackupError> {
        let options = &self.operation.library.options;
        let manifest = &found.manifest;
        // The directory of the backups is usually on the same volume.
        let file_bytes = found.target.as_ref().map_or(0, |_| manifest.bytes);
        let needed_bytes =
            options.min_free_bytes + file_bytes + STAGE_BYTES_PER_SQL_BYTE * manifest.plain_bytes;
        let space = DiskSpace::of(&options.data_dir)?;
        if space.free_bytes < needed_bytes {
            return Err(BackupError::NoRoom { what: "rebuilding the site", space, needed_bytes });
        }
        Ok(())
    }

    /// Restores the file into a scratch store and compares each row with the manifest.
    ///
    /// # Errors
    /// [`BackupError`] naming the first difference, or what is wrong with the file or the keys.
    pub fn restore(
        &self,
        found: &FoundBackup,
        file: &RebuildFile,
    ) -> Result<StagedSite, BackupError> {
        let OperationGuard { library, progress, .. } = &self.operation;
        let source = library.stage_source(&file.path, Some(&found.manifest));
        stage(&source, progress).map(StagedSite)
    }

    /// Starts an engine on the restored store, which loads the site and computes every status again.
    ///
    /// # Errors
    /// When the site cannot be loaded.
    pub async fn start(&self, site: StagedSite) -> Result<RebuiltSite, BackupError> {
        let StagedSite(staged) = site;
        let saved = staged.store.store().read()?;
        self.operation.progress.phase("Starting an engine", None, ProgressUnit::Rows)?;
        let options = EngineOptions { min_free_bytes: 0, clock: self.engine.clock() };
        let (handle, thread) = Engine::start(staged.store.store().clone(), options)?;
        let site = RebuiltSite { handle, thread, saved, staged };
        let origin = AuditOrigin::local(ACTOR);
        site.handle.execute(RefreshStatus, origin).await?;
        Ok(site)
    }

    /// Compares the rebuilt site with its manifest and with the running site.
    ///
    /// # Errors
    /// When one of the stores cannot be read.
    pub fn compare(
        &self,
        found: &FoundBackup,
        site: &RebuiltSite,
    ) -> Result<RebuildComparison, BackupError> {
        self.operation.progress.phase("Comparing the sites", None, ProgressUnit::Rows)?;
        let rebuilt = site.handle.read();
        let kinds = [
            ("devices", EntityKind::Device),
            ("interfaces", EntityKind::Interface),
            ("links", EntityKind::Link),
        ];
        let mut tables = Vec::new();
        for (table, kind) in kinds {
            tables.push((table, found.manifest.rows(table), rebuilt.count(kind)?));
        }
        let seq = Some(found.manifest.header.seq);
        Ok(RebuildComparison {
            tables,
            status_differences: status_differences(&site.saved, &rebuilt)?,
            since: diff::compare(&self.engine.read(), &rebuilt, seq, seq)?,
        })
    }

    /// The time by the clock of the site.
    pub fn now(&self) -> Timestamp {
        self.operation.library.now()
    }

    /// The age of the newest verified backup, in seconds, from which the site counts as unprotected.
    pub fn stale_after_s(&self) -> u64 {
        self.operation.library.options.stale_after_s
    }
}

/// A site restored into a scratch store.
pub struct StagedSite(StagedBackup);

impl StagedSite {
    /// The program that saved it.
    pub fn version(&self) -> &str {
        &self.0.header.version
    }
}

impl RebuiltSite {
    /// Stops the engine and removes the store.
    ///
    /// # Errors
    /// [`BackupError::Panicked`]; the error of a commit that failed.
    pub async fn remove(self) -> Result<(), BackupError> {
        let Self { handle, thread, saved, staged } = self;
        handle.stop().await;
        drop((handle, saved));
        let ended = thread.join();
        drop(staged);
        match ended {
            Ok(EngineExit::Stopped) => Ok(()),
            Ok(EngineExit::Failed(error)) => Err(error.into()),
            Err(_) => Err(BackupError::Panicked),
        }
    }
}

impl Drop for RebuildFile {
    fn drop(&mut self) {
        if self.is_fetched {
            // What cannot be removed now is removed at the next start. A fetch that was stopped leaves its part.
            for path in [&part_path(&self.path), &self.path] {
                files::remove(path).ok();
            }
        }
    }
}

/// Devices and links whose status differs.
fn status_differences(saved: &Snapshot, rebuilt: &Snapshot) -> Result<u64, StoreError> {
    let all = (Bound::Unbounded, Bound::Unbounded);
    let mut count = 0;
    for (saved, rebuilt) in saved.devices(all)?.zip(rebuilt.devices(all)?) {
        let (saved, rebuilt) = (saved?, rebuilt?);
        count += u64::from((saved.id, saved.status) != (rebuilt.id, rebuilt.status));
    }
    for (saved, rebuilt) in saved.links(all)?.zip(rebuilt.links(all)?) {
        let (saved, rebuilt) = (saved?, rebuilt?);
        count += u64::from((saved.id, saved.status) != (rebuilt.id, rebuilt.status));
    }
    Ok(count)
}
