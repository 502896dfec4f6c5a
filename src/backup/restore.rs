//! Putting a saved state in place of the site, and taking that back.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use tracing::{info, warn};
use uuid::Uuid;

use super::backups::{Backups, Inner, OperationGuard};
use super::catalog::{CatalogEntry, manifest_beside};
use super::diff::{self, Difference};
use super::error::{BackupError, io};
use super::files;
use super::manifest::Header;
use super::notes::{Depth, Verification};
use super::progress::{Operation, ProgressUnit};
use super::stage::{STAGE_DIR, Staged};
use super::{dump, seal};
use crate::domain::{Command, Site, Timestamp};
use crate::engine::{Engine, EngineOptions, RestoreOutcome, SiteRestore};
use crate::store::{AuditOrigin, OpenOptions, Store};
use crate::util::{milliseconds, run_on_thread};

/// The store from before the last restore, and what is known of that restore.
const UNDO_DIR: &str = "undo";
const UNDO_FILE: &str = "undo.json";
/// What the audit trail calls them.
const RESTORE_BACKUP: &str = "restore backup";
const RESTORE_DUMP: &str = "restore dump of v2";
const UNDO_RESTORE: &str = "undo restore";
const ACTIONS: [&str; 3] = [RESTORE_BACKUP, RESTORE_DUMP, UNDO_RESTORE];
/// The page cache of a store that is only read through once.
const READ_CACHE_BYTES: usize = 8 * 1024 * 1024;

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

/// A restore that can be taken back.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UndoRecord {
    pub at_us: i64,
    pub backup_id: String,
    pub seq_before: u64,
    /// Absent until the restore was done.
    pub seq_after: Option<u64>,
    /// The directory of the kept store.
    directory: PathBuf,
    header: Header,
}

impl Backups {
    /// Restores a backup: stages and verifies it, compares it with the site, and, unless it is a
    /// dry run, puts it in place in one commit. The state from before is kept for [`Self::undo`].
    ///
    /// # Errors
    /// [`BackupError`]; the site is then what it was.
    pub fn restore(
        &self,
        name: &str,
        is_dry_run: bool,
        origin: AuditOrigin,
    ) -> Result<RestoreReport, BackupError> {
        let operation = self.begin(Operation::Restore)?;
        let entry = self.find(name)?;
        operation.progress.about(entry.id.as_str());
        let path = self.path(&entry)?;
        let start = Instant::now();
        let source = self.source(&path, Some(&entry.manifest));
        let staged = run_on_thread(|| Staged::restore(&source, &operation.progress));
        let staged = staged.inspect_err(|error| self.note_fault(&entry, error, start))?;
        let replacement =
            Replacement { is_dry_run, origin, start, action: RESTORE_BACKUP, lost_after: None };
        self.put_in_place(
            &operation,
            staged.store(),
            &staged.header,
            entry.id.as_str(),
            &replacement,
        )
    }

    /// A file that cannot be restored is no backup: it is marked as its verification would.
    fn note_fault(&self, entry: &CatalogEntry, error: &BackupError, start: Instant) {
        if !error.is_file_damaged() {
            return;
        }
        let found = Verification {
            at_us: self.0.engine.now().0,
            depth: Depth::Quick,
            is_ok: false,
            duration_ms: milliseconds(start.elapsed()),
            message: error.to_string(),
            postgres: None,
            postgres_result: None,
        };
        if let Err(error) = self.mark_bad(entry, found) {
            warn!(%error, "The damaged backup could not be marked");
        }
    }

    /// Restores a file that is not among the backups, by what it says of itself.
    ///
    /// # Errors
    /// As [`Self::restore`].
    pub fn restore_file(
        &self,
        path: &Path,
        is_dry_run: bool,
        origin: AuditOrigin,
    ) -> Result<RestoreReport, BackupError> {
        let operation = self.begin(Operation::Restore)?;
        let start = Instant::now();
        let manifest = manifest_beside(path);
        let source = self.source(path, manifest.as_ref());
        let staged = run_on_thread(|| Staged::restore(&source, &operation.progress))?;
        let replacement =
            Replacement { is_dry_run, origin, start, action: RESTORE_BACKUP, lost_after: None };
        let name = seal::file_name(path);
        self.put_in_place(&operation, staged.store(), &staged.header, &name, &replacement)
    }

    /// Puts a site that was read elsewhere in place, as a backup: one of UNOC v2.
    ///
    /// # Errors
    /// As [`Self::restore`]; [`EngineError::Refused`] when it breaks a rule.
    pub fn restore_site(
        &self,
        site: Site,
        name: &str,
        is_dry_run: bool,
        origin: AuditOrigin,
    ) -> Result<RestoreReport, BackupError> {
        let operation = self.begin(Operation::Restore)?;
        let engine = &self.0.engine;
        let start = Instant::now();
        let header = Header {
            version: "2".to_owned(),
            name: name.to_owned(),
            site_id: engine.site_id(),
            taken_at_us: engine.now().0,
            ..Header::default()
        };
        let staged = Staged::empty(&self.data_dir().join(STAGE_DIR), header, engine.now())?;
        let options = EngineOptions { min_free_bytes: 0, clock: engine.clock() };
        let (scratch, thread) = Engine::start(staged.store().clone(), options)?;
        let runtime = tokio::runtime::Handle::current();
        let loaded = runtime.block_on(async {
            let command = Command::ReplaceSite(Box::new(site));
            let loaded = scratch.submit(command, origin.clone()).await;
            scratch.stop().await;
            loaded
        });
        if thread.join().is_err() {
            return Err(BackupError::Failed("the engine panicked; see the log".to_owned()));
        }
        loaded?;
        let replacement =
            Replacement { is_dry_run, origin, start, action: RESTORE_DUMP, lost_after: None };
        self.put_in_place(&operation, staged.store(), &staged.header, name, &replacement)
    }

    /// Puts the state from before the last restore back, which can be taken back in turn.
    ///
    /// # Errors
    /// [`BackupError::NothingToUndo`]; as [`Self::restore`].
    pub fn undo(
        &self,
        is_dry_run: bool,
        origin: AuditOrigin,
    ) -> Result<RestoreReport, BackupError> {
        let operation = self.begin(Operation::Undo)?;
        let undo = self.undo_state()?.ok_or(BackupError::NothingToUndo)?;
        let start = Instant::now();
        let options = OpenOptions {
            cache_bytes: READ_CACHE_BYTES,
            now: self.0.engine.now(),
            site_id: Some(self.0.engine.site_id()),
        };
        let store = Store::open(&undo.directory, options)?;
        // The restore itself is what is taken back.
        let lost_after = undo.seq_after.or(Some(undo.seq_before + 1));
        let replacement =
            Replacement { is_dry_run, origin, start, action: UNDO_RESTORE, lost_after };
        let name = format!("before {}", undo.backup_id);
        self.put_in_place(&operation, &store, &undo.header, &name, &replacement)
    }

    /// The restore that can be taken back, if there is one.
    pub fn undo_state(&self) -> Result<Option<UndoRecord>, BackupError> {
        let path = self.data_dir().join(UNDO_DIR).join(UNDO_FILE);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(io("read", &path)(error)),
        };
        let undo: Option<UndoRecord> = serde_json::from_slice(&bytes).ok();
        // The state of another site, which once lived here, is none to go back to.
        let is_ours = |undo: &UndoRecord| {
            undo.directory.exists() && undo.header.site_id == self.0.engine.site_id()
        };
        let Some(undo) = undo.filter(is_ours) else { return Ok(None) };
        let is_done = undo.seq_after.is_some() || self.was_restored_after(undo.seq_before)?;
        Ok(is_done.then_some(undo))
    }

    /// A restore that was cut off before its commit left no state to go back to, and no row in the
    /// trail either; other commits say nothing of it.
    fn was_restored_after(&self, seq: u64) -> Result<bool, BackupError> {
        for row in self.0.engine.read().audit(u64::MAX, 0)? {
            let row = row?;
            if row.seq <= seq {
                break;
            }
            if ACTIONS.contains(&row.action.as_str()) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn put_in_place(
        &self,
        operation: &OperationGuard,
        from: &Store,
        header: &Header,
        name: &str,
        replacement: &Replacement,
    ) -> Result<RestoreReport, BackupError> {
        let engine = &self.0.engine;
        let current = engine.read();
        let lost_after = replacement.lost_after.unwrap_or(header.seq);
        let difference = diff::compare(&current, &from.read()?, header, lost_after)?;
        let mut report = RestoreReport {
            backup_id: name.to_owned(),
            is_dry_run: replacement.is_dry_run,
            taken_at: header.taken_at(),
            version: header.version.clone(),
            duration_ms: 0,
            difference,
        };
        if !replacement.is_dry_run {
            operation.progress.phase("Replacing the site", 0, ProgressUnit::Rows)?;
            let seq_before = current.seq();
            let state = dump::header(
                &current,
                format!("before_{name}"),
                engine.site_id(),
                &self.0.options.site_name,
                engine.now(),
            );
            drop(current);
            self.replace(from, name, replacement, seq_before, state)?;
        }
        report.duration_ms = milliseconds(replacement.start.elapsed());
        Ok(report)
    }

    fn replace(
        &self,
        from: &Store,
        name: &str,
        replacement: &Replacement,
        seq_before: u64,
        header: Header,
    ) -> Result<(), BackupError> {
        let Inner { engine, .. } = self.0.as_ref();
        let keep_in = self.data_dir().join(UNDO_DIR);
        files::make_directory(&keep_in)?;
        let keep_as = format!("seq{seq_before}_{}", Uuid::new_v4().simple());
        let mut undo = UndoRecord {
            at_us: engine.now().0,
            backup_id: name.to_owned(),
            seq_before,
            seq_after: None,
            directory: keep_in.join(&keep_as),
            header,
        };
        // Noted first: a kill right after the commit must not lose the way back.
        let before = fs::read(keep_in.join(UNDO_FILE)).ok();
        self.note_undo(&undo)?;
        let restore = SiteRestore {
            from: from.clone(),
            undo_directory: keep_in.clone(),
            undo_name: keep_as,
            action: replacement.action,
            origin: replacement.origin.clone(),
        };
        let runtime = tokio::runtime::Handle::current();
        let restored = match runtime.block_on(engine.restore(restore)) {
            Ok(RestoreOutcome::Done { seq_before, seq, undo }) => Ok((seq_before, seq, undo)),
            Ok(RestoreOutcome::NoSpace { space, needed_bytes }) => {
                Err(BackupError::NoRoom { what: "the restore", space, needed_bytes })
            }
            Ok(RestoreOutcome::Failed(error)) => Err(error.into()),
            Err(error) => Err(error.into()),
        };
        let (seq_before, seq, kept) = match restored {
            Ok(done) => done,
            Err(error) => {
                // What went wrong first is what the operator has to know.
                if let Err(error) = self.put_note_back(before) {
                    warn!(%error, "The note of the previous restore could not be put back");
                }
                return Err(error);
            }
        };
        // Others wrote until it was its turn.
        (undo.seq_before, undo.header.seq) = (seq_before, seq_before);
        undo.seq_after = Some(seq);
        if let Err(error) = self.note_undo(&undo) {
            // The site is replaced; the audit trail tells the rest of what the note would have.
            warn!(%error, "The restore could not be recorded");
        }
        info!(seq, "{name} is in place; unoc restore --undo undoes it");
        self.remove_older(&kept);
        let refreshed =
            runtime.block_on(engine.submit(Command::Refresh, replacement.origin.clone()));
        if let Err(error) = refreshed {
            warn!(%error, "The status could not be recomputed");
        }
        Ok(())
    }

    fn note_undo(&self, undo: &UndoRecord) -> Result<(), BackupError> {
        let text = serde_json::to_vec_pretty(undo).expect("it is plain data");
        files::write(&self.data_dir().join(UNDO_DIR), UNDO_FILE, &text)
    }

    fn put_note_back(&self, before: Option<Vec<u8>>) -> Result<(), BackupError> {
        let directory = self.data_dir().join(UNDO_DIR);
        match before {
            Some(text) => files::write(&directory, UNDO_FILE, &text),
            None => files::remove(&directory.join(UNDO_FILE)),
        }
    }

    /// One state to go back to is kept.
    fn remove_older(&self, kept: &Path) {
        let directory = self.data_dir().join(UNDO_DIR);
        let Ok(entries) = fs::read_dir(&directory) else { return };
        for entry in entries.flatten() {
            let path = entry.path();
            if path.is_dir() && path != kept {
                // What stays costs room alone; the next restore tries again.
                files::remove_directory(&path).ok();
            }
        }
    }
}

/// How a state is to be put in place.
struct Replacement {
    is_dry_run: bool,
    origin: AuditOrigin,
    start: Instant,
    action: &'static str,
    /// Changes up to here are not lost; those of the other state, where it is not said.
    lost_after: Option<u64>,
}
