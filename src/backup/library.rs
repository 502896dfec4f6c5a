//! The backups of a site and what every operation on them needs. It does not know the engine: a
//! host that lost its store has a library too.

use std::path::{Path, PathBuf};

use super::catalog::{Catalog, CatalogEntry};
use super::error::BackupError;
use super::manifest::Manifest;
use super::metrics::BackupMetrics;
use super::name::BackupId;
use super::options::BackupOptions;
use super::progress::{Activity, ProgressBoard};
use super::protection::ProtectionTracker;
use super::retention::Retained;
use super::stage::{STAGE_DIR, StageSource};
use crate::domain::Timestamp;
use crate::engine::Clock;
use crate::util::Zone;
use uuid::Uuid;

/// The name that stands for the newest backup.
const LATEST: &str = "latest";

/// The catalogue of backups, the operator's options, and the progress of the operations. Shared by
/// all callers of [`super::Backups`].
pub(super) struct Library {
    pub(super) options: BackupOptions,
    pub(super) catalog: Catalog,
    pub(super) board: ProgressBoard,
    /// Copies are made beside everything else: an upload may take hours.
    pub(super) copying: ProgressBoard,
    pub(super) protection: ProtectionTracker,
    pub(super) metrics: BackupMetrics,
    clock: Clock,
}

impl Library {
    /// The backups of a site, or of all sites if `site_id` is not known.
    pub(super) fn new(options: BackupOptions, site_id: Option<Uuid>, clock: Clock) -> Self {
        Self {
            catalog: Catalog::new(&options.directory, site_id),
            board: ProgressBoard::default(),
            copying: ProgressBoard::default(),
            protection: ProtectionTracker::default(),
            metrics: BackupMetrics::default(),
            options,
            clock,
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The operation that is running, if any.
    pub(super) fn activity(&self) -> Option<Activity> {
        self.board.current().or_else(|| self.copying.current())
    }

    /// All backups, the newest first.
    pub(super) fn list(&self) -> Result<Vec<CatalogEntry>, BackupError> {
        self.catalog.list()
    }

    /// As [`Self::list`], and notes what the list says about the site's protection.
    pub(super) fn list_and_track(&self) -> Result<Vec<CatalogEntry>, BackupError> {
        // Before the list: the backup in progress may be verified between the two.
        let in_progress = self.board.current().and_then(|activity| activity.backup_id);
        let entries = self.list()?;
        self.protection.update(&entries, in_progress.as_deref(), self.now());
        Ok(entries)
    }

    /// The backup with this name; `latest` is the newest that is not known to be damaged.
    ///
    /// # Errors
    /// [`BackupError::NotFound`], [`BackupError::NoBackup`].
    pub(super) fn find(&self, name: &str) -> Result<CatalogEntry, BackupError> {
        if name == LATEST {
            return self.catalog.latest();
        }
        let id = BackupId::parse(name).ok_or_else(|| BackupError::NotFound(name.to_owned()))?;
        self.catalog.find(&id)
    }

    /// Where the packed file of a backup is.
    ///
    /// # Errors
    /// [`BackupError::NotLocal`] where it is only off the host, or lost.
    pub(super) fn path(&self, entry: &CatalogEntry) -> Result<PathBuf, BackupError> {
        let path = self.catalog.path(entry);
        if entry.is_local { Ok(path) } else { Err(BackupError::NotLocal(entry.id.to_string())) }
    }

    /// Which of these backups the retention rules keep, and why, by the days of this host.
    pub(super) fn retained(&self, entries: &[CatalogEntry]) -> Retained {
        self.options.retention.decide(entries, self.now(), Zone::host().time_zone())
    }

    /// A file to be staged for this site, inside the data directory.
    pub(super) fn stage_source<'a>(
        &'a self,
        file: &'a Path,
        manifest: Option<&'a Manifest>,
    ) -> StageSource<'a> {
        StageSource {
            file,
            manifest,
            keyring: &self.options.keyring,
            data_dir: &self.options.data_dir,
            stage: STAGE_DIR,
            min_free_bytes: self.options.min_free_bytes,
            site_id: self.catalog.site_id(),
            now: self.now(),
        }
    }
}
