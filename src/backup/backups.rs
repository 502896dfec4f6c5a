//! Everything that can be asked of the backups of a running site, one operation at a time.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tracing::{error, warn};

use super::catalog::CatalogEntry;
use super::copy::{self, CopySummary};
use super::error::BackupError;
use super::files;
use super::library::Library;
use super::make::{self, SiteState};
use super::manifest::BackupReason;
use super::notes::Depth;
use super::operation::OperationGuard;
use super::options::{BackupOptions, TargetSet, UnusableTarget};
use super::overview::{Overview, overview};
use super::progress::{Activity, Log, Operation, ProgressUnit};
use super::protection::Protection;
use super::prune::{self, Pruning};
use super::rebuild::SiteRebuild;
use super::restore::{RestoreReport, RestoreSource, restore};
use super::{audit_events, fetch, numbers, stage, undo, verify};
use crate::domain::Timestamp;
use crate::engine::EngineHandle;
use crate::query::check_site;
use crate::store::AuditOrigin;
use crate::util::metrics::Metric;
use crate::util::{
    BlockingError, BlockingLimit, Observation, SharedProbe, Usage, run_at_low_priority,
};

/// Requests for operations that are served at once: one works, and the others are refused
/// immediately, unless the directory hangs.
const WORK_MAX: usize = 8;
/// Reads of files for downloads at once; each takes a millisecond, unless the directory hangs.
const CALLS_MAX: usize = 8;
/// How long a request waits for the directory: a busy disk lists some hundred small files in less,
/// and Prometheus waits for 10 s in all.
const LOOK_WAIT: Duration = Duration::from_secs(2);
/// The same for one call on a file, such as to read 256 KiB.
const CALL_WAIT: Duration = Duration::from_secs(10);

/// The backups of a running site; cheap to clone. Methods that work on files block the thread for
/// as long as that takes: they are not for tokio's threads.
#[derive(Clone)]
pub struct Backups(Arc<Inner>);

/// How many threads the backups hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackupUsage {
    /// Requests for operations, one of which works.
    pub operations: Usage,
    /// Reads of files for downloads.
    pub reads: Usage,
}

struct Inner {
    library: Arc<Library>,
    engine: EngineHandle,
    /// `None` if the store could not be read.
    store_created_at: Option<Timestamp>,
    /// The one thread that reads the directory for requests.
    overviews: SharedProbe<Result<Overview, Arc<BackupError>>>,
    /// Threads for work, and for short calls, that requests ask for.
    working: BlockingLimit,
    calling: BlockingLimit,
}

impl Backups {
    pub fn new(options: BackupOptions, engine: EngineHandle) -> Self {
        Self(Arc::new(Inner {
            library: Arc::new(Library::new(options, Some(engine.site_id()), engine.clock())),
            store_created_at: engine.read().created_at().ok(),
            engine,
            overviews: SharedProbe::default(),
            working: BlockingLimit::new(WORK_MAX),
            calling: BlockingLimit::new(CALLS_MAX),
        }))
    }

    pub fn options(&self) -> &BackupOptions {
        &self.library().options
    }

    /// Copies go to these targets from now on; an operation that is running goes on with its own.
    pub fn replace_targets(&self, targets: TargetSet) {
        self.options().targets.replace(targets);
    }

    /// The operation that is running, if any.
    pub fn activity(&self) -> Option<Activity> {
        self.library().activity()
    }

    /// The requests that wait for an operation, and the reads of files for downloads.
    pub fn usage(&self) -> BackupUsage {
        BackupUsage { operations: self.0.working.usage(), reads: self.0.calling.usage() }
    }

    /// Makes the operations that are running end soon: the service stops.
    pub fn stop(&self) {
        self.library().board.stop();
        self.library().copying.stop();
    }

    /// Removes what an earlier process left unfinished. Called once, at the start.
    pub fn remove_leftovers(&self) {
        let library = self.library();
        if let Ok(entries) = library.list() {
            library.protection.update(&entries, None, library.now());
        }
        if !library.options.directory.exists() {
            return;
        }
        let removed = self.begin(Operation::Prune).and_then(|_operation| {
            stage::sweep(&library.options.data_dir)?;
            library.catalog.sweep()
        });
        if let Err(error) = removed {
            warn!(%error, "Leftovers of unfinished backups could not be removed");
        }
    }

    /// All backups, the newest first.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn list(&self) -> Result<Vec<CatalogEntry>, BackupError> {
        self.library().list()
    }

    /// The backup with this name; `latest` is the newest that is not known to be damaged.
    ///
    /// # Errors
    /// [`BackupError::NotFound`], [`BackupError::NoBackup`].
    pub fn find(&self, name: &str) -> Result<CatalogEntry, BackupError> {
        self.library().find(name)
    }

    /// Where the packed file of a backup is.
    ///
    /// # Errors
    /// [`BackupError::NotLocal`] where it is only off the host, or lost.
    pub fn path(&self, entry: &CatalogEntry) -> Result<PathBuf, BackupError> {
        self.library().path(entry)
    }

    /// Checks whether a backup could be made now, before anything is begun.
    ///
    /// # Errors
    /// [`BackupError::NoRoom`], [`BackupError::Busy`].
    pub fn check_ready(&self) -> Result<(), BackupError> {
        let library = self.library();
        if let Some(activity) = library.board.current() {
            return Err(BackupError::Busy(activity.operation.noun()));
        }
        drop(files::lock(&library.options.directory)?);
        make::check_room(library, self.0.engine.store_bytes()?)
    }

    /// Saves the site and restores the file into a scratch store to verify it. A backup that fails
    /// is set aside, and another one is made, once.
    ///
    /// # Errors
    /// [`BackupError`]; an unverified backup is one.
    pub fn back_up(&self, reason: BackupReason, log: Log<'_>) -> Result<CatalogEntry, BackupError> {
        let operation = self.begin(Operation::Backup)?;
        numbers::continue_after_backups(self.library(), &self.0.engine)?;
        run_at_low_priority(|| {
            let made = make::back_up(&operation, self.site_state()?, reason, log);
            match made {
                Err(error) if error.is_file_damaged() && !self.is_store_damaged() => {
                    error!(%error, "A new backup failed its verification; making another one");
                    log(format!(
                        "The backup failed its verification: {error}. Making another one."
                    ));
                    make::back_up(&operation, self.site_state()?, BackupReason::Repair, log)
                }
                made => made,
            }
        })
    }

    /// Restores a backup into scratch stores, compares it, and notes the result. If its file is
    /// damaged, it is set aside (`.bad`) and another backup is made; that is a result, not an
    /// error.
    ///
    /// # Errors
    /// [`BackupError`] when it could not be tried: no room, no key, no file.
    pub fn verify(
        &self,
        name: &str,
        depth: Depth,
        log: Log<'_>,
    ) -> Result<CatalogEntry, BackupError> {
        let operation = self.begin(Operation::Verify)?;
        let entry = self.find(name)?;
        operation.progress.set_backup(entry.id.as_str());
        numbers::continue_after_backups(self.library(), &self.0.engine)?;
        run_at_low_priority(|| match verify::verify_entry(&operation, &entry, depth) {
            Err(error) if error.is_file_damaged() => {
                log(format!("{} failed: {error}. Making another backup.", entry.id));
                make::back_up(&operation, self.site_state()?, BackupReason::Repair, log)?;
                self.find(entry.id.as_str())
            }
            verified => verified,
        })
    }

    /// Restores a state: stages and verifies it, compares it with the site, and, unless it is a dry
    /// run, puts it in place in one commit. The state from before is kept, for
    /// [`RestoreSource::Undo`].
    ///
    /// # Errors
    /// [`BackupError`]; the site is then what it was. [`BackupError::NothingToUndo`];
    /// [`crate::engine::EngineError::Refused`] when a dump breaks a rule.
    pub fn restore(
        &self,
        source: RestoreSource,
        is_dry_run: bool,
        origin: &AuditOrigin,
    ) -> Result<RestoreReport, BackupError> {
        let operation = self.begin(match source {
            RestoreSource::Undo => Operation::Undo,
            RestoreSource::Backup(_) | RestoreSource::File(_) | RestoreSource::Dump { .. } => {
                Operation::Restore
            }
        })?;
        restore(&operation, &self.0.engine, source, is_dry_run, origin)
    }

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
        copy::copy_due(self.library(), is_asked_for, log).await
    }

    /// Restores the newest backup that has a copy from that copy, at each target in turn.
    ///
    /// # Errors
    /// [`BackupError::NoBackup`] without any copy; [`BackupError`] naming the copy that failed.
    pub async fn verify_copies(&self, log: Log<'_>) -> Result<Vec<CatalogEntry>, BackupError> {
        copy::verify_copies(self.library(), log).await
    }

    /// Begins to rebuild the site beside the running one.
    ///
    /// # Errors
    /// [`BackupError::Busy`].
    pub fn begin_rebuild(&self) -> Result<SiteRebuild, BackupError> {
        let operation = self.begin(Operation::Verify)?;
        Ok(SiteRebuild::new(operation, self.0.engine.clone()))
    }

    /// Finds backups at the targets that this host does not know of, as after its loss, and adds
    /// them to the list. Returns how many there were.
    ///
    /// # Errors
    /// That of the last target that fails, after the others were asked.
    pub async fn discover(&self) -> Result<u64, BackupError> {
        let Library { options, catalog, .. } = self.library().as_ref();
        let (mut found, mut failed) = (0, None);
        for target in &options.targets.current().usable {
            match fetch::discover(catalog, target, self.0.engine.site_id()).await {
                Ok(manifests) => {
                    let _operation = self.begin(Operation::Copy)?;
                    found += manifests.len() as u64;
                    fetch::add_copies(catalog, target, &manifests)?;
                }
                Err(error) => failed = Some(error),
            }
        }
        match failed {
            Some(error) => Err(error),
            None => options.check_targets().map(|()| found),
        }
    }

    /// Brings the file of a backup that is only off the host back into the directory.
    ///
    /// # Errors
    /// [`BackupError::NotLocal`] when no target has it; the error of the last target.
    pub async fn fetch(&self, entry: &CatalogEntry) -> Result<CatalogEntry, BackupError> {
        if entry.is_local {
            return Ok(entry.clone());
        }
        let operation = self.begin(Operation::Copy)?;
        operation.progress.set_backup(entry.id.as_str());
        let total = Some(entry.manifest.bytes);
        operation.progress.phase("Fetching", total, ProgressUnit::Bytes)?;
        fetch::fetch(self.library(), entry).await
    }

    /// What [`Self::prune`] would do now.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn preview_pruning(&self) -> Result<Pruning, BackupError> {
        Ok(self.pruning_of(&self.list()?))
    }

    /// The same of backups that were listed.
    pub fn pruning_of(&self, entries: &[CatalogEntry]) -> Pruning {
        prune::plan(self.library(), entries)
    }

    /// Removes the backups that the retention rules do not keep: first the file and its copies,
    /// then, once all of them are gone, the manifest and the notes. Copies at a target that fails are
    /// tried again the next time. The audit trail has what was removed.
    ///
    /// # Errors
    /// [`BackupError`]; the log names what was removed by then.
    pub async fn prune(&self, origin: &AuditOrigin, log: Log<'_>) -> Result<Pruning, BackupError> {
        let operation = self.begin(Operation::Prune)?;
        let pruned = prune::prune(&operation, log).await?;
        drop(operation);
        audit_events::record_pruned(&self.0.engine, &pruned, origin).await;
        Ok(pruned)
    }

    /// Records in the audit trail that a backup was made.
    pub async fn record_made(&self, entry: &CatalogEntry, origin: AuditOrigin) {
        audit_events::record_made(&self.0.engine, entry, origin).await;
    }

    /// Records in the audit trail that somebody had a backup verified.
    pub async fn record_verified(&self, entry: &CatalogEntry, origin: AuditOrigin) {
        audit_events::record_verified(&self.0.engine, entry, origin).await;
    }

    /// Records in the audit trail that somebody searched the targets, which added so many backups.
    pub async fn record_search(&self, found: u64, origin: AuditOrigin) {
        audit_events::record_search(&self.0.engine, found, origin).await;
    }

    /// The protection as of the last operation on backups, at the current time. Without a verified
    /// backup the age counts from when the store was created.
    pub fn protection(&self) -> Protection {
        let library = self.library();
        let stale_after = Duration::from_secs(library.options.stale_after_s);
        library.protection.protection(library.now(), self.0.store_created_at, stale_after)
    }

    /// The newest backup if it is not verified, and why it is not, as of the last operation on
    /// backups.
    pub fn unverified(&self) -> Option<String> {
        self.library().protection.unverified()
    }

    /// The targets that could not be set up, and why; `None` where all could.
    pub fn target_failure(&self) -> Option<String> {
        let targets = self.options().targets.current();
        let errors: Vec<String> = targets
            .unusable
            .iter()
            .map(UnusableTarget::error)
            .map(|error| error.to_string())
            .collect();
        (!errors.is_empty()).then(|| errors.join("; "))
    }

    /// Why the last full verification could not load a backup into PostgreSQL, with the backup's
    /// name, as of the last operation on backups; `None` if it could, and where PostgreSQL allows
    /// no database.
    pub fn postgres_failure(&self) -> Option<String> {
        self.library().protection.postgres_failure()
    }

    /// What the directory holds, for requests: one thread reads it for all of them. If that takes
    /// longer than 2 s, the last known content is returned.
    ///
    /// # Errors
    /// [`BackupError::DirectoryUnresponsive`] if it has never responded; when it cannot be read.
    pub async fn observe(&self) -> Result<Overview, BackupError> {
        // A look that hangs must not keep the store open when nobody else uses it any more.
        let (library, inner) = (Arc::clone(self.library()), Arc::downgrade(&self.0));
        let look = move || {
            let entries = library.list_and_track().map_err(Arc::new)?;
            let backups = inner.upgrade().map(Self).ok_or(BackupError::Stopping)?;
            backups.overview_of(entries).map_err(Arc::new)
        };
        let seen = self.0.overviews.run(LOOK_WAIT, look).await;
        let Observation { value, age, is_fresh } = seen.map_err(|error| self.unanswered(error))?;
        let mut overview = match value.as_ref() {
            Ok(overview) => overview.clone(),
            Err(error) if is_fresh => return Err(BackupError::Shared(Arc::clone(error))),
            Err(_) => return Err(self.unanswered(BlockingError::TimedOut)),
        };
        let Protection { rpo_s, is_stale, .. } = self.protection();
        (overview.rpo_s, overview.is_stale) = (rpo_s, is_stale);
        (overview.age, overview.is_answering) = (age, is_fresh);
        overview.activity = self.activity();
        Ok(overview)
    }

    /// The durations of the steps since the start, for monitoring systems.
    pub fn metrics(&self) -> Metric {
        self.library().metrics.read()
    }

    /// Reads the directory. Blocks while it does not respond: not for tokio's threads.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn overview(&self) -> Result<Overview, BackupError> {
        self.overview_of(self.library().list_and_track()?)
    }

    fn overview_of(&self, entries: Vec<CatalogEntry>) -> Result<Overview, BackupError> {
        let (library, engine) = (self.library(), &self.0.engine);
        let undo = undo::find(&library.options.data_dir, engine.site_id(), &engine.read())?;
        Ok(overview(library, entries, self.protection(), undo))
    }

    /// Runs an operation for a request, as long as it takes, on one of a few threads: no more than
    /// these wait for a directory that hangs.
    ///
    /// # Errors
    /// [`BackupError::DirectoryUnresponsive`] while all of them wait; the operation's own error.
    pub async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, BackupError> + Send + 'static,
    ) -> Result<T, BackupError> {
        let backups = self.clone();
        let done = self.0.working.try_run(move || work(&backups)).await;
        done.unwrap_or_else(|error| Err(self.unanswered(error)))
    }

    /// Runs a short call on the directory for a request, such as one that reads some bytes of a
    /// file.
    ///
    /// # Errors
    /// [`BackupError::DirectoryUnresponsive`] after 10 s; the call's own error.
    pub async fn call<T: Send + 'static>(
        &self,
        call: impl FnOnce(&Self) -> Result<T, BackupError> + Send + 'static,
    ) -> Result<T, BackupError> {
        let backups = self.clone();
        let done = self.0.calling.run_within(CALL_WAIT, move || call(&backups)).await;
        done.unwrap_or_else(|error| Err(self.unanswered(error)))
    }

    fn unanswered(&self, error: BlockingError) -> BackupError {
        match error {
            BlockingError::TimedOut => {
                BackupError::DirectoryUnresponsive(self.options().directory.clone())
            }
            error => error.into(),
        }
    }

    fn library(&self) -> &Arc<Library> {
        &self.0.library
    }

    fn begin(&self, operation: Operation) -> Result<OperationGuard, BackupError> {
        OperationGuard::begin(self.library(), operation)
    }

    /// The site as it is now.
    fn site_state(&self) -> Result<SiteState, BackupError> {
        let engine = &self.0.engine;
        Ok(SiteState {
            snapshot: engine.read(),
            site_id: engine.site_id(),
            store_bytes: engine.store_bytes()?,
        })
    }

    /// Whether the site itself cannot be read, so that no backup of it can be better.
    fn is_store_damaged(&self) -> bool {
        check_site(&self.0.engine.read()).is_err()
    }
}
