//! A backup restored on a host whose store is lost or damaged, or that never had one.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use tokio::time::Instant;
use uuid::Uuid;

use super::backups::BackupOptions;
use super::catalog::{Catalog, CatalogEntry};
use super::copy::{discover, fetch_from};
use super::error::BackupError;
use super::files;
use super::keys::Keyring;
use super::manifest::{Header, Manifest};
use super::name::BackupId;
use super::notes::{CopyNote, CopyState};
use super::progress::{Operation, ProgressBoard, ProgressHandle};
use super::stage::{self, STAGE_DIR, StageSource, Staged, VERIFY_FILE_DIR};
use crate::domain::Timestamp;
use crate::store::{CounterFloors, Store};
use crate::util::milliseconds;

/// The part of the name of what is set aside.
const DAMAGED: &str = "damaged";

/// What was put in place.
#[derive(Clone, Debug)]
pub struct RecoveredStore {
    pub header: Header,
    /// Where the files that were in the way are now.
    pub set_aside: Option<PathBuf>,
    pub duration_ms: u64,
}

/// A host without a store that could be opened.
pub struct DisasterRecovery<'a> {
    pub options: &'a BackupOptions,
    /// The site that lived here, as far as anything tells.
    pub site_id: Option<Uuid>,
    pub now: Timestamp,
}

impl DisasterRecovery<'_> {
    /// The file and the manifest of a backup, by its name or `latest`: from the directory, or
    /// fetched from a place off the host.
    ///
    /// # Errors
    /// [`BackupError::NoBackup`], [`BackupError::NotFound`].
    pub async fn find(&self, name: &str) -> Result<(PathBuf, Manifest), BackupError> {
        let _lock = files::lock(&self.options.directory)?;
        let catalog = Catalog::new(&self.options.directory, self.site_id);
        let entry = match look_up(&catalog, name) {
            Err(BackupError::NoBackup | BackupError::NotFound(_)) => {
                self.discover(&catalog).await?;
                // A place that could not be asked may have it.
                look_up(&catalog, name)
                    .map_err(|error| self.options.check_targets().err().unwrap_or(error))?
            }
            found => found?,
        };
        if !entry.is_local {
            let site_id = entry.manifest.header.site_id;
            fetch_from(self.options, site_id, &catalog, &entry).await?;
        }
        Ok((catalog.path(&entry), entry.manifest))
    }

    async fn discover(&self, catalog: &Catalog) -> Result<(), BackupError> {
        let Some(site_id) = self.site_id else {
            if !self.options.has_targets() {
                return Ok(());
            }
            return Err(BackupError::NotFound(
                "on this host, and to search the off-host targets the site must be named: set \
                 site_id, which is in every manifest"
                    .to_owned(),
            ));
        };
        for target in &self.options.targets {
            for manifest in discover(target, site_id, &BTreeSet::new()).await? {
                let note = CopyNote { state: CopyState::Done, ..CopyNote::default() };
                catalog.add_copy(&manifest, target.name(), note)?;
            }
        }
        Ok(())
    }

    /// Stages and verifies a file, then makes it the store of the data directory. What was there
    /// under that name is moved into the quarantine, never deleted. Nothing else may use the
    /// directory.
    ///
    /// # Errors
    /// [`BackupError`]; the directory is then what it was.
    pub fn bring_back(
        &self,
        file: &Path,
        manifest: Option<&Manifest>,
    ) -> Result<RecoveredStore, BackupError> {
        let start = Instant::now();
        let data_dir = &self.options.data_dir;
        let progress = progress(self.now)?;
        stage::sweep(data_dir)?;
        let source = StageSource {
            file,
            manifest,
            keyring: &self.options.keyring,
            data_dir,
            stage: STAGE_DIR,
            min_free_bytes: 0,
            site_id: self.site_id,
            now: self.now,
        };
        let staged = Staged::restore(&source, &progress)?;
        let header = staged.header.clone();
        let known = Catalog::new(&self.options.directory, Some(header.site_id)).highest_seq()?;
        staged.store().raise_counters(CounterFloors::beyond(known.max(header.seq), 0), self.now)?;
        let name = format!("{}-{DAMAGED}", BackupId::at(self.now).stamp());
        let set_aside = Store::install(&staged.into_directory(), data_dir, header.site_id, &name)?;
        let duration_ms = milliseconds(start.elapsed());
        Ok(RecoveredStore { header, set_aside, duration_ms })
    }
}

/// Restores a file into a scratch store below `scratch`, with these keys alone, and says what was
/// found. Nothing is noted.
///
/// # Errors
/// [`BackupError`] naming what is wrong with the file or the keys.
pub fn verify_file(
    file: &Path,
    manifest: Option<&Manifest>,
    keyring: &Keyring,
    scratch: &Path,
    now: Timestamp,
) -> Result<RecoveredStore, BackupError> {
    let start = Instant::now();
    let source = StageSource {
        file,
        manifest,
        keyring,
        data_dir: scratch,
        stage: VERIFY_FILE_DIR,
        min_free_bytes: 0,
        site_id: None,
        now,
    };
    let staged = Staged::restore(&source, &progress(now)?)?;
    let header = staged.header.clone();
    let duration_ms = milliseconds(start.elapsed());
    Ok(RecoveredStore { header, set_aside: None, duration_ms })
}

fn look_up(catalog: &Catalog, name: &str) -> Result<CatalogEntry, BackupError> {
    if name == "latest" {
        return catalog.latest();
    }
    let id = BackupId::parse(name).ok_or_else(|| BackupError::NotFound(name.to_owned()))?;
    catalog.find(&id)
}

/// Work that nobody else looks at.
fn progress(now: Timestamp) -> Result<ProgressHandle, BackupError> {
    ProgressBoard::default().begin(Operation::Restore, now)
}
