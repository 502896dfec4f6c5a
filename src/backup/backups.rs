//! Everything that can be asked of backups, one thing at a time.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Mutex};

use tracing::{error, info, warn};

use super::catalog::{Catalog, CatalogEntry};
use super::error::BackupError;
use super::files::{self, Lock};
use super::keys::Keyring;
use super::make::{self, SiteState};
use super::manifest::{BackupReason, Manifest};
use super::name::BackupId;
use super::notes::Depth;
use super::overview::{NONE_US, Overview};
use super::progress::{Activity, Operation, ProgressBoard, ProgressHandle};
use super::retention::Retention;
use super::stage::{self, STAGE_DIR, StageSource};
use super::targets::Target;
use super::verify::PostgresVerifier;
use crate::domain::Timestamp;
use crate::engine::EngineHandle;
use crate::query::check_site;
use crate::store::CounterFloors;
use crate::util::{BlockingLimit, SharedProbe, counted, run_at_low_priority};

/// Requests for work that are served at once: one works, the others are told so in moments, unless
/// the directory hangs.
const WORK_MAX: usize = 8;
/// Reads of files for downloads at once; each takes a millisecond, unless the directory hangs.
const CALLS_MAX: usize = 8;

/// What the operator decided about backups.
pub struct BackupOptions {
    /// Where they are kept.
    pub directory: PathBuf,
    pub data_dir: PathBuf,
    pub keyring: Keyring,
    pub targets: Vec<Target>,
    /// Places that were asked for and could not be set up.
    pub unusable_targets: Vec<UnusableTarget>,
    pub retention: Retention,
    /// Age of the newest verified backup from which the site counts as unprotected.
    pub stale_after_s: u64,
    pub site_name: String,
    /// Free space that backups and restores leave on a volume.
    pub min_free_bytes: u64,
    /// Loads a backup into PostgreSQL, where there is one.
    pub postgres_verifier: Option<PostgresVerifier>,
}

/// A place off the host that could not be set up.
#[derive(Clone, Debug)]
pub struct UnusableTarget {
    /// As a target's that can be used; its address where that has none.
    pub name: String,
    /// Without secrets.
    pub url: String,
    pub what: String,
}

impl UnusableTarget {
    pub(super) fn error(&self) -> BackupError {
        BackupError::TargetNotSetUp { name: self.name.clone(), what: self.what.clone() }
    }
}

impl BackupOptions {
    /// The names of all places that copies are to go to, of use or not.
    pub(super) fn target_names(&self) -> Vec<String> {
        let usable = self.targets.iter().map(|target| target.name().to_owned());
        usable.chain(self.unusable_targets.iter().map(|target| target.name.clone())).collect()
    }

    /// Whether copies are to go off the host, be it to a place that is not in use.
    pub fn has_targets(&self) -> bool {
        !self.targets.is_empty() || !self.unusable_targets.is_empty()
    }

    /// Why not every place off the host is in use, if so.
    ///
    /// # Errors
    /// [`BackupError::TargetNotSetUp`] of the first.
    pub(super) fn check_targets(&self) -> Result<(), BackupError> {
        self.unusable_targets.first().map_or(Ok(()), |target| Err(target.error()))
    }
}

/// A way to the backups. Cheap to clone. What works on files blocks for as long as it takes: not
/// for tokio's threads.
#[derive(Clone)]
pub struct Backups(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) options: BackupOptions,
    pub(super) engine: EngineHandle,
    pub(super) catalog: Catalog,
    pub(super) board: ProgressBoard,
    /// Copies are made beside everything else: an upload may take hours.
    pub(super) copying: ProgressBoard,
    /// When the store was made.
    pub(super) since: Timestamp,
    /// When the newest verified backup was taken, as of the last work.
    pub(super) newest_verified_us: AtomicI64,
    /// The one thread that looks at the directory for those who serve.
    pub(super) looks: SharedProbe<Result<Overview, Arc<BackupError>>>,
    /// Threads for work, and for short calls, that requests ask for.
    pub(super) working: BlockingLimit,
    pub(super) calling: BlockingLimit,
    /// Why the last full verification failed in PostgreSQL, as of the last work; absent where
    /// it did, and where it may not. Held for moments.
    pub(super) postgres_failure: Mutex<Option<String>>,
    /// The newest backup while it is not verified, and why, as of the last work. Held for moments.
    pub(super) unverified: Mutex<Option<String>>,
}

/// The right to work, until it is dropped.
pub(super) struct OperationGuard {
    /// Given back first: whoever sees that no operation is shown can begin one.
    _lock: Lock,
    pub(super) progress: ProgressHandle,
    backups: Backups,
}

impl Drop for OperationGuard {
    fn drop(&mut self) {
        // Whatever it worked on is left as it is now.
        self.backups.note_protection(None);
    }
}

/// Takes lines for the log of a run.
pub type Log<'a> = &'a (dyn Fn(String) + Send + Sync);

impl Backups {
    pub fn new(options: BackupOptions, engine: EngineHandle) -> Self {
        let catalog = Catalog::new(&options.directory, Some(engine.site_id()));
        let (board, copying) = (ProgressBoard::default(), ProgressBoard::default());
        // What cannot be read counts as made long ago: it errs towards a warning.
        let since = engine.read().created_at().unwrap_or(Timestamp(0));
        let newest_verified_us = AtomicI64::new(NONE_US);
        let (postgres_failure, unverified) = (Mutex::default(), Mutex::default());
        Self(Arc::new(Inner {
            options,
            engine,
            catalog,
            board,
            copying,
            since,
            newest_verified_us,
            looks: SharedProbe::default(),
            working: BlockingLimit::new(WORK_MAX),
            calling: BlockingLimit::new(CALLS_MAX),
            postgres_failure,
            unverified,
        }))
    }

    pub fn options(&self) -> &BackupOptions {
        &self.0.options
    }

    /// What is being done now.
    pub fn activity(&self) -> Option<Activity> {
        self.0.board.current().or_else(|| self.0.copying.current())
    }

    /// Lets whatever is being done end soon: the service stops.
    pub fn stop(&self) {
        self.0.board.stop();
        self.0.copying.stop();
    }

    /// Removes what an earlier process left unfinished. Called once, at the start.
    pub fn tidy(&self) {
        self.note_protection(None);
        if !self.0.options.directory.exists() {
            return;
        }
        let tidied = self.begin(Operation::Prune).and_then(|_operation| {
            stage::sweep(&self.0.options.data_dir)?;
            self.0.catalog.sweep()
        });
        if let Err(error) = tidied {
            warn!(%error, "Leftovers of unfinished backups could not be removed");
        }
    }

    /// All backups, the newest first.
    pub fn list(&self) -> Result<Vec<CatalogEntry>, BackupError> {
        self.0.catalog.list()
    }

    /// The one with this name; `latest` is the newest that may be of use.
    ///
    /// # Errors
    /// [`BackupError::NotFound`], [`BackupError::NoBackup`].
    pub fn find(&self, name: &str) -> Result<CatalogEntry, BackupError> {
        if name == "latest" {
            return self.0.catalog.latest();
        }
        let id = BackupId::parse(name);
        self.0.catalog.find(&id.ok_or_else(|| BackupError::NotFound(name.to_owned()))?)
    }

    /// Where the packed file of a backup is.
    ///
    /// # Errors
    /// [`BackupError::NotHere`] where it is only off the host, or lost.
    pub fn path(&self, entry: &CatalogEntry) -> Result<PathBuf, BackupError> {
        let path = self.0.catalog.path(entry);
        if entry.is_local { Ok(path) } else { Err(BackupError::NotHere(entry.id.to_string())) }
    }

    /// Whether a backup could be made now, before anything is begun.
    ///
    /// # Errors
    /// [`BackupError::NoRoom`], [`BackupError::Busy`].
    pub fn check_ready(&self) -> Result<(), BackupError> {
        if let Some(activity) = self.0.board.current() {
            return Err(BackupError::Busy(activity.operation.as_str().to_owned()));
        }
        drop(files::lock(&self.0.options.directory)?);
        let store_bytes = self.0.engine.store_bytes()?;
        make::check_room(&self.0.catalog, self.0.options.min_free_bytes, store_bytes)
    }

    /// Saves the site and restores it into a scratch store to prove it. One that fails is put
    /// aside, and another is made in its place, once.
    ///
    /// # Errors
    /// [`BackupError`]; an unverified backup is one.
    pub fn back_up(&self, reason: BackupReason, log: Log<'_>) -> Result<CatalogEntry, BackupError> {
        let operation = self.begin(Operation::Backup)?;
        self.number_after_backups()?;
        run_at_low_priority(|| match self.back_up_once(reason, &operation, log) {
            Err(error) if error.is_file_damaged() && !self.is_store_damaged() => {
                error!(%error, "A new backup failed its verification; making another one");
                log(format!("The backup failed its verification: {error}. Making another one."));
                self.back_up_once(BackupReason::Repair, &operation, log)
            }
            done => done,
        })
    }

    pub(super) fn back_up_once(
        &self,
        reason: BackupReason,
        operation: &OperationGuard,
        log: Log<'_>,
    ) -> Result<CatalogEntry, BackupError> {
        let Inner { options, engine, catalog, .. } = self.0.as_ref();
        // The snapshot is let go before the verification.
        let entry = make::run(
            catalog,
            &SiteState {
                snapshot: &engine.read(),
                site_id: engine.site_id(),
                site_name: &options.site_name,
                reason,
                now: engine.now(),
                keyring: &options.keyring,
                targets: options.target_names(),
                min_free_bytes: options.min_free_bytes,
                store_bytes: engine.store_bytes()?,
            },
            &operation.progress,
        )?;
        let manifest = &entry.manifest;
        log(format!(
            "Wrote {}: {}, {}, {}, {}; {} bytes of {} in {} ms.",
            manifest.file,
            counted(manifest.rows("devices"), "device"),
            counted(manifest.rows("interfaces"), "interface"),
            counted(manifest.rows("links"), "link"),
            counted(manifest.rows("audit"), "audit row"),
            manifest.bytes,
            manifest.plain_bytes,
            manifest.duration_ms
        ));
        let entry =
            self.verify_within(operation, &entry, Depth::Quick).map_err(|error| match error {
                BackupError::Stopping => error,
                error if error.is_file_damaged() => error,
                error => {
                    BackupError::Unverified { id: entry.id.to_string(), why: error.to_string() }
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

    /// Lets the site's commits go on behind those that its backups tell of: a site that came back
    /// from PostgreSQL or from a snapshot of the machine may be behind them, and what is saved of it
    /// next is the newest all the same. Not for a thread without the runtime.
    pub(super) fn number_after_backups(&self) -> Result<(), BackupError> {
        let Inner { engine, catalog, .. } = self.0.as_ref();
        let known = catalog.highest_seq()?;
        // A full data volume takes no write, and needs its backup all the same.
        if engine.read().seq() < known && engine.measure_volume()?.is_writable() {
            warn!(
                known,
                "The backups have later commits than the site; its numbers continue from there"
            );
            let raised = engine.raise_counters(CounterFloors::beyond(known, 0));
            tokio::runtime::Handle::current().block_on(raised)?;
        }
        Ok(())
    }

    /// Takes the one place for work.
    pub(super) fn begin(&self, operation: Operation) -> Result<OperationGuard, BackupError> {
        let Inner { options, engine, board, .. } = self.0.as_ref();
        let progress = board.begin(operation, engine.now())?;
        let lock = files::lock(&options.directory)?;
        Ok(OperationGuard { _lock: lock, progress, backups: self.clone() })
    }

    /// A file to be staged for this site.
    pub(super) fn source<'a>(
        &'a self,
        file: &'a Path,
        manifest: Option<&'a Manifest>,
    ) -> StageSource<'a> {
        let Inner { options, engine, .. } = self.0.as_ref();
        StageSource {
            file,
            manifest,
            keyring: &options.keyring,
            data_dir: &options.data_dir,
            stage: STAGE_DIR,
            min_free_bytes: options.min_free_bytes,
            site_id: Some(engine.site_id()),
            now: engine.now(),
        }
    }

    /// Whether the site itself cannot be read, so that no backup of it can be better.
    fn is_store_damaged(&self) -> bool {
        check_site(&self.0.engine.read()).is_err()
    }

    pub(super) fn data_dir(&self) -> &Path {
        &self.0.options.data_dir
    }
}
