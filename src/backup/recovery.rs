//! A backup restored on a host whose store is lost or damaged, or that never had one.

use std::path::{Path, PathBuf};

use tokio::time::Instant;
use uuid::Uuid;

use super::catalog::{Catalog, CatalogEntry};
use super::error::BackupError;
use super::fetch;
use super::files;
use super::library::Library;
use super::manifest::{Header, Manifest};
use super::name::BackupId;
use super::options::BackupOptions;
use super::progress::Operation;
use super::restore::restore_details;
use super::stage::{self, StageSource, StagedBackup, stage};
use super::verify::{self, VerifiedFile};
use crate::engine::Clock;
use crate::store::{AuditEvent, AuditOrigin, CounterFloors, RESTORE_BACKUP, Store};
use crate::util::milliseconds;

/// The end of the name under which damaged files are set aside.
const DAMAGED: &str = "damaged";

/// A store that was put in place.
#[derive(Clone, Debug)]
pub struct RecoveredStore {
    pub header: Header,
    /// Where the previous files are now.
    pub set_aside: Option<PathBuf>,
    pub duration_ms: u64,
}

/// Restores a site on a host without a store that can be opened.
pub struct DisasterRecovery {
    library: Library,
}

impl DisasterRecovery {
    /// `site_id` is the site that this host had, if it is known.
    pub fn new(options: BackupOptions, site_id: Option<Uuid>, clock: Clock) -> Self {
        Self { library: Library::new(options, site_id, clock) }
    }

    /// The file and the manifest of a backup, by its name or `latest`: from the directory, or
    /// fetched from a target off the host.
    ///
    /// # Errors
    /// [`BackupError::NoBackup`], [`BackupError::NotFound`].
    pub async fn find(&self, name: &str) -> Result<(PathBuf, Manifest), BackupError> {
        let Library { options, catalog, .. } = &self.library;
        let _lock = files::lock(&options.directory)?;
        let entry = match self.library.find(name) {
            Err(BackupError::NoBackup | BackupError::NotFound(_)) => self.discover(name).await?,
            found => found?,
        };
        if !entry.is_local {
            fetch::fetch(&self.library, &entry).await?;
        }
        Ok((catalog.path(&entry), entry.manifest))
    }

    /// Adds the backups that are at the targets, and looks the name up again.
    async fn discover(&self, name: &str) -> Result<CatalogEntry, BackupError> {
        let Library { options, catalog, .. } = &self.library;
        match catalog.site_id() {
            Some(site_id) => {
                for target in &options.targets.current().usable {
                    let manifests = fetch::discover(catalog, target, site_id).await?;
                    fetch::add_copies(catalog, target, &manifests)?;
                }
            }
            None if options.has_targets() => {
                return Err(BackupError::NotFound(
                    "on this host, and to search the off-host targets the site must be named: set \
                     site_id, which is in every manifest"
                        .to_owned(),
                ));
            }
            None => {}
        }
        // A target that is not usable may have it.
        self.library.find(name).map_err(|error| options.check_targets().err().unwrap_or(error))
    }

    /// Restores a file into a scratch store below `scratch`. Nothing is changed here.
    ///
    /// # Errors
    /// [`BackupError`] naming what is wrong with the file or the keys.
    pub fn verify_file(
        &self,
        file: &Path,
        manifest: Option<&Manifest>,
        scratch: &Path,
    ) -> Result<VerifiedFile, BackupError> {
        let keyring = &self.library.options.keyring;
        verify::verify_file(file, manifest, keyring, scratch, self.library.now())
    }

    /// Stages and verifies a file, then makes it the store of the data directory. A store that is
    /// there is moved into the quarantine, never deleted. No other process may use the directory.
    ///
    /// # Errors
    /// [`BackupError`]; the directory is then unchanged.
    pub fn restore(
        &self,
        file: &Path,
        manifest: Option<&Manifest>,
        origin: AuditOrigin,
    ) -> Result<RecoveredStore, BackupError> {
        let start = Instant::now();
        let library = &self.library;
        let data_dir = &library.options.data_dir;
        let now = library.now();
        let progress = library.board.begin(Operation::Restore, now)?;
        stage::sweep(data_dir)?;
        let source = StageSource { min_free_bytes: 0, ..library.stage_source(file, manifest) };
        let StagedBackup { header, store } = stage(&source, &progress)?;
        let others = Catalog::new(&library.options.directory, Some(header.site_id));
        let known = others.highest_numbers()?;
        let floors = CounterFloors::beyond(known.seq.max(header.seq), known.next_audit);
        store.store().raise_counters(floors, now, &restored(&header, origin))?;
        let name = format!("{}-{DAMAGED}", BackupId::at(now).stamp());
        let set_aside = Store::install(&store.into_directory(), data_dir, header.site_id, &name)?;
        let duration_ms = milliseconds(start.elapsed());
        Ok(RecoveredStore { header, set_aside, duration_ms })
    }
}

/// What the trail says of the restore, which copied it from the backup.
fn restored(header: &Header, origin: AuditOrigin) -> AuditEvent {
    let details = restore_details(&header.name, header.taken_at(), Some(header.seq));
    AuditEvent::done(origin, RESTORE_BACKUP, details.into())
}
