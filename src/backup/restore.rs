//! Putting a saved state in place of the site, and undoing that.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value};
use tokio::runtime::Handle as Runtime;
use tokio::time::Instant;
use tracing::{info, warn};
use uuid::Uuid;

use super::catalog::manifest_beside;
use super::diff::{self, Difference};
use super::error::BackupError;
use super::library::Library;
use super::manifest::Header;
use super::name::BackupId;
use super::notes::Depth;
use super::operation::OperationGuard;
use super::progress::ProgressUnit;
use super::stage::{STAGE_DIR, ScratchStore, StagedBackup, stage};
use super::undo::{self, UndoRecord};
use super::verify::mark_bad;
use super::{dump, files, seal};
use crate::domain::{AssumeCrossConnects, RefreshStatus, ReplaceSite, Site, Timestamp};
use crate::engine::{Engine, EngineHandle, EngineOptions, RestoreOutcome, SiteRestore};
use crate::store::{AuditOrigin, RESTORE_BACKUP, RESTORE_DUMP, Store, UNDO_RESTORE};
use crate::util::{milliseconds, run_on_thread};
use crate::wire::Time;

/// What to restore.
pub enum RestoreSource {
    /// A backup whose file is on this host.
    Backup(BackupId),
    /// A file that is not among the backups, by what it says about itself.
    File(PathBuf),
    /// A site of UNOC v2, and the name of the dump that it was read from.
    Dump { site: Box<Site>, name: String },
    /// The state from before the last restore.
    Undo,
}

/// What a restore does, or would do.
#[derive(Clone, Debug)]
pub struct RestoreReport {
    pub backup_id: String,
    pub is_dry_run: bool,
    pub taken_at: Timestamp,
    /// The program that saved it.
    pub version: String,
    pub duration_ms: u64,
    pub difference: Difference,
}

/// A state that is ready to be put in place of the site.
struct RestorableState {
    name: String,
    content: Content,
    taken_at: Timestamp,
    /// The program that saved it.
    version: String,
    /// Its last commit; `None` for a dump of UNOC v2, which has no commits.
    seq: Option<u64>,
    /// What the audit trail calls it.
    action: &'static str,
    /// Later changes of the site are lost; `None`: all of them.
    lost_after: Option<u64>,
}

/// Where the content is.
enum Content {
    Scratch(ScratchStore),
    BeforeRestore(Store),
}

impl Content {
    fn store(&self) -> &Store {
        match self {
            Self::Scratch(scratch) => scratch.store(),
            Self::BeforeRestore(store) => store,
        }
    }
}

/// Restores a state: stages and verifies it, compares it with the site, and, unless it is a dry
/// run, puts it in place in one commit. The state from before is kept for [`RestoreSource::Undo`].
/// Not for a thread without the runtime.
///
/// # Errors
/// [`BackupError`]; the site is then what it was. [`BackupError::NothingToUndo`];
/// [`crate::engine::EngineError::Refused`] when a dump breaks a rule.
pub(super) fn restore(
    operation: &OperationGuard,
    engine: &EngineHandle,
    source: RestoreSource,
    is_dry_run: bool,
    origin: &AuditOrigin,
) -> Result<RestoreReport, BackupError> {
    let start = Instant::now();
    let state = match source {
        RestoreSource::Backup(id) => of_backup(operation, &id, start)?,
        RestoreSource::File(path) => of_file(operation, &path)?,
        RestoreSource::Dump { site, name } => of_dump(operation, engine, site, name, origin)?,
        RestoreSource::Undo => before_restore(operation, engine)?,
    };
    let current = engine.read();
    let restored = state.content.store().read()?;
    let difference = diff::compare(&current, &restored, state.seq, state.lost_after)?;
    if !is_dry_run {
        operation.progress.phase("Replacing the site", None, ProgressUnit::Rows)?;
        let library = &operation.library;
        let header = dump::header(
            &current,
            format!("before_{}", state.name),
            engine.site_id(),
            &library.options.site_name,
            library.now(),
        )?;
        drop((current, restored));
        replace(library, engine, &state, header, origin)?;
    }
    Ok(RestoreReport {
        backup_id: state.name,
        is_dry_run,
        taken_at: state.taken_at,
        version: state.version,
        duration_ms: milliseconds(start.elapsed()),
        difference,
    })
}

/// Stages a listed backup. A damaged file is marked as a verification would mark it.
fn of_backup(
    operation: &OperationGuard,
    id: &BackupId,
    start: Instant,
) -> Result<RestorableState, BackupError> {
    let library = &operation.library;
    let entry = library.catalog.find(id)?;
    operation.progress.set_backup(id.as_str());
    let path = library.path(&entry)?;
    let source = library.stage_source(&path, Some(&entry.manifest));
    let staged = run_on_thread(|| stage(&source, &operation.progress)).inspect_err(|error| {
        if error.is_file_damaged()
            && let Err(error) = mark_bad(library, &entry, Depth::Quick, error, start)
        {
            warn!(%error, "The damaged backup could not be marked");
        }
    })?;
    Ok(of_staged(id.to_string(), staged))
}

fn of_file(operation: &OperationGuard, path: &Path) -> Result<RestorableState, BackupError> {
    let manifest = manifest_beside(path);
    let source = operation.library.stage_source(path, manifest.as_ref());
    let staged = run_on_thread(|| stage(&source, &operation.progress))?;
    Ok(of_staged(seal::file_name(path), staged))
}

fn of_staged(name: String, staged: StagedBackup) -> RestorableState {
    let StagedBackup { header, store } = staged;
    RestorableState {
        name,
        content: Content::Scratch(store),
        taken_at: header.taken_at(),
        version: header.version,
        seq: Some(header.seq),
        action: RESTORE_BACKUP,
        lost_after: Some(header.seq),
    }
}

/// Builds the site with an engine of its own, which checks its rules.
fn of_dump(
    operation: &OperationGuard,
    engine: &EngineHandle,
    site: Box<Site>,
    name: String,
    origin: &AuditOrigin,
) -> Result<RestorableState, BackupError> {
    let library = &operation.library;
    let taken_at = library.now();
    let parent = library.options.data_dir.join(STAGE_DIR);
    let scratch = ScratchStore::create(&parent, engine.site_id(), taken_at)?;
    let options = EngineOptions { min_free_bytes: 0, clock: engine.clock() };
    let (builder, thread) = Engine::start(scratch.store().clone(), options)?;
    let built = Runtime::current().block_on(async {
        let built = builder.execute(ReplaceSite(*site), origin.clone()).await;
        builder.stop().await;
        built
    });
    if thread.join().is_err() {
        return Err(BackupError::Panicked);
    }
    built?;
    Ok(RestorableState {
        name,
        content: Content::Scratch(scratch),
        taken_at,
        version: "2".to_owned(),
        seq: None,
        action: RESTORE_DUMP,
        lost_after: None,
    })
}

/// The state from before the last restore, which can be undone in turn.
fn before_restore(
    operation: &OperationGuard,
    engine: &EngineHandle,
) -> Result<RestorableState, BackupError> {
    let library = &operation.library;
    let record = undo::find(&library.options.data_dir, engine.site_id(), &engine.read())?;
    let record = record.ok_or(BackupError::NothingToUndo)?;
    let store = record.open_store(library.now())?;
    // The restore itself is undone, which does not count as a lost change.
    let lost_after = Some(record.seq_of_restore());
    let UndoRecord { backup_id, header, .. } = record;
    Ok(RestorableState {
        name: format!("before {backup_id}"),
        content: Content::BeforeRestore(store),
        taken_at: header.taken_at(),
        version: header.version,
        seq: Some(header.seq),
        action: UNDO_RESTORE,
        lost_after,
    })
}

/// Replaces the site. `header` describes the state before, which is kept.
fn replace(
    library: &Library,
    engine: &EngineHandle,
    state: &RestorableState,
    header: Header,
    origin: &AuditOrigin,
) -> Result<(), BackupError> {
    let data_dir = &library.options.data_dir;
    let keep_in = undo::directory(data_dir);
    files::make_directory(&keep_in)?;
    let keep_as = format!("seq{}_{}", header.seq, Uuid::new_v4().simple());
    let mut record = UndoRecord {
        at_us: library.now().0,
        backup_id: state.name.clone(),
        seq_before: header.seq,
        seq_after: None,
        directory: keep_in.join(&keep_as),
        header,
    };
    let previous = undo::read(data_dir).ok().flatten();
    // Recorded first: a kill right after the commit must not lose the undo.
    undo::write(data_dir, &record)?;
    let restore = SiteRestore {
        from: state.content.store().clone(),
        undo_directory: keep_in,
        undo_name: keep_as,
        action: state.action,
        origin: origin.clone(),
        details: restore_details(&state.name, state.taken_at, state.seq),
    };
    let restored = match Runtime::current().block_on(engine.restore(restore)) {
        Ok(RestoreOutcome::Done { seq_before, seq, undo }) => Ok((seq_before, seq, undo)),
        Ok(RestoreOutcome::NoSpace { space, needed_bytes }) => {
            Err(BackupError::NoRoom { what: "the restore", space, needed_bytes })
        }
        Ok(RestoreOutcome::Failed(error)) => Err(error.into()),
        Err(error) => Err(error.into()),
    };
    let (seq_before, seq, kept) = restored.inspect_err(|_| {
        // The first error is what the operator has to know.
        if let Err(error) = undo::put_back(data_dir, previous.as_deref()) {
            warn!(%error, "The record of the previous restore could not be put back");
        }
    })?;
    // Other commands may have been executed before it.
    (record.seq_before, record.header.seq) = (seq_before, seq_before);
    record.seq_after = Some(seq);
    if let Err(error) = undo::write(data_dir, &record) {
        // The site is replaced; the audit trail shows the restore all the same.
        warn!(%error, "The restore could not be recorded");
    }
    info!(seq, "{} is in place; unoc restore --undo undoes it", state.name);
    undo::remove_older(data_dir, &kept);
    settle(engine, origin);
    Ok(())
}

/// What the audit trail says of a restore.
pub(super) fn restore_details(
    name: &str,
    taken_at: Timestamp,
    seq: Option<u64>,
) -> Map<String, Value> {
    let mut details = Map::new();
    details.insert("from".to_owned(), name.into());
    details.insert("taken_at".to_owned(), Time(taken_at).to_string().into());
    if let Some(seq) = seq {
        details.insert("seq".to_owned(), seq.into());
    }
    details
}

/// Brings a site that was restored up to the rules of this program. The site is in place whatever fails
/// here: the status is computed even if the cross-connects cannot be assumed.
fn settle(engine: &EngineHandle, origin: &AuditOrigin) {
    let runtime = Runtime::current();
    let assumed = runtime.block_on(engine.execute(AssumeCrossConnects, origin.clone()));
    if let Err(error) = assumed {
        warn!(%error, "The cross-connects of a site from before them could not be assumed");
    }
    if let Err(error) = runtime.block_on(engine.execute(RefreshStatus, origin.clone())) {
        warn!(%error, "The status could not be recomputed");
    }
}
