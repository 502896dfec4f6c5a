//! Proving a backup by restoring it: into a scratch store, and into a scratch database.

use std::io::BufRead;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tracing::{error, warn};

use super::backups::{Backups, Inner, Log, Turn};
use super::catalog::Entry;
use super::error::BackupError;
use super::manifest::Reason;
use super::notes::{Depth, PostgresResult, Verification};
use super::progress::{Unit, Work};
use super::seal;
use super::stage::Staged;
use crate::store::Snapshot;
use crate::util::{counted, milliseconds, run_at_low_priority};

/// Loads the SQL text of a backup into a scratch database and compares every row of it with the
/// restored store.
pub type Drill = Arc<dyn Fn(&mut dyn BufRead, &Snapshot) -> Drilled + Send + Sync>;

/// How that ended.
#[derive(Clone, Debug)]
pub enum Drilled {
    /// Every row is the same, in this version of PostgreSQL.
    Same { postgres: String },
    /// No scratch database may be made there: why. That is an operator's decision and says nothing of the
    /// backup.
    NotPossible(String),
    /// It was to be loaded, and something else than the backup kept it from that: what.
    Failed(String),
    /// PostgreSQL refused the text, or holds other rows: what.
    Differs(String),
}

impl Backups {
    /// Restores a backup into scratch stores, compares it, and notes the outcome. One whose file is
    /// at fault is put aside (`.bad`) and another backup made; that is an outcome, not an error.
    ///
    /// # Errors
    /// [`BackupError`] when it could not be tried: no room, no key, no file.
    pub fn verify(&self, name: &str, depth: Depth, log: Log<'_>) -> Result<Entry, BackupError> {
        let turn = self.turn(Work::Verify)?;
        let entry = self.find(name)?;
        turn.shown.about(entry.id.as_str());
        self.number_after_backups()?;
        run_at_low_priority(|| match self.verify_within(&turn, &entry, depth) {
            Err(error) if error.is_fault_of_file() => {
                log(format!("{} failed: {error}. Making another backup.", entry.id));
                self.back_up_once(Reason::Repair, &turn, log)?;
                self.find(entry.id.as_str())
            }
            done => done,
        })
    }

    pub(super) fn verify_within(
        &self,
        turn: &Turn,
        entry: &Entry,
        depth: Depth,
    ) -> Result<Entry, BackupError> {
        let path = self.path(entry)?;
        self.verify_file(turn, entry, &path, depth)
    }

    /// Verifies the file at `path` against what was noted of the backup when it was made.
    pub(super) fn verify_file(
        &self,
        turn: &Turn,
        entry: &Entry,
        path: &Path,
        depth: Depth,
    ) -> Result<Entry, BackupError> {
        let Inner { engine, catalog, .. } = self.0.as_ref();
        let start = Instant::now();
        let rehearsed = self.rehearse(turn, entry, path, depth);
        let duration_ms = milliseconds(start.elapsed());
        let verification = |is_ok, message| Verification {
            at_us: engine.now().0,
            depth,
            is_ok,
            duration_ms,
            message,
            postgres: None,
            postgres_result: None,
        };
        match rehearsed {
            Ok(Rehearsed { message, postgres, postgres_result, restore_ms }) => {
                let found = Verification {
                    duration_ms: restore_ms,
                    postgres,
                    postgres_result,
                    ..verification(true, message)
                };
                self.0.catalog.note(&entry.id, |notes| notes.found(found))?;
                catalog.find(&entry.id)
            }
            Err(error) if error.is_fault_of_file() && depth != Depth::Offhost => {
                self.mark_bad(entry, verification(false, error.to_string()))?;
                Err(error)
            }
            Err(error) => {
                if depth != Depth::Offhost && !matches!(error, BackupError::Stopping) {
                    let why = Some(error.to_string());
                    // Where that cannot be written down either, the answer and the log tell.
                    let noted =
                        self.0.catalog.note(&entry.id, |notes| notes.verification_error = why);
                    if let Err(error) = noted {
                        warn!(backup.id = %entry.id, %error, "Why a backup is not verified cannot be noted");
                    }
                }
                Err(error)
            }
        }
    }

    /// Notes that the file of a backup is at fault, and takes it out of use.
    pub(super) fn mark_bad(&self, entry: &Entry, found: Verification) -> Result<(), BackupError> {
        error!(backup.id = %entry.id, "A backup failed its verification: {}", found.message);
        self.0.catalog.note(&entry.id, |notes| notes.found(found))?;
        self.0.catalog.set_aside(entry)
    }

    fn rehearse(
        &self,
        turn: &Turn,
        entry: &Entry,
        path: &Path,
        depth: Depth,
    ) -> Result<Rehearsed, BackupError> {
        let options = self.options();
        let start = Instant::now();
        let source = self.source(path, Some(&entry.manifest));
        let staged = Staged::restore(&source, &turn.shown)?;
        let restore_ms = milliseconds(start.elapsed());
        let mut message = sentence(entry, start.elapsed());
        let Some(drill) = options.drill.as_ref().filter(|_| depth != Depth::Quick) else {
            return Ok(Rehearsed { message, postgres: None, postgres_result: None, restore_ms });
        };
        turn.shown.phase("Loading into a scratch database", 0, Unit::Rows)?;
        let mut text = seal::open(path, &options.keyring, &entry.manifest.key_ids)?;
        let (postgres, result) = match drill(&mut text, &staged.store().read()?) {
            Drilled::Same { postgres } => {
                message.push_str(&format!(
                    " Loaded into a scratch database of PostgreSQL {postgres}: every row is equal."
                ));
                (Some(postgres), PostgresResult::Passed)
            }
            Drilled::NotPossible(why) => {
                warn!("A backup is not loaded into PostgreSQL for a test: {why}");
                message.push_str(&format!(" Not loaded into PostgreSQL: {why}."));
                (None, PostgresResult::NotPossible)
            }
            Drilled::Failed(why) => {
                error!(backup.id = %entry.id, "Loading a backup into PostgreSQL failed: {why}");
                message.push_str(&format!(" Loading it into PostgreSQL failed: {why}."));
                (None, PostgresResult::Failed)
            }
            Drilled::Differs(what) => {
                return Err(BackupError::Differs(format!("loaded into PostgreSQL, {what}")));
            }
        };
        Ok(Rehearsed { message, postgres, postgres_result: Some(result), restore_ms })
    }
}

struct Rehearsed {
    message: String,
    postgres: Option<String>,
    postgres_result: Option<PostgresResult>,
    /// Until the site was ready to run.
    restore_ms: u64,
}

/// What a successful rehearsal says.
pub(super) fn sentence(entry: &Entry, took: Duration) -> String {
    format!(
        "Restored {} into a scratch store in {} ms: every table, every rule and every hash is as \
         it was saved.",
        counted(entry.manifest.all_rows(), "row"),
        took.as_millis()
    )
}
