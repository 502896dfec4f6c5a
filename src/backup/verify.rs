//! Proving a backup by restoring it: into a scratch store, and into a scratch database.

use std::io::BufRead;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tracing::{error, warn};

use super::backups::{Backups, Inner, Log, OperationGuard};
use super::catalog::CatalogEntry;
use super::error::BackupError;
use super::manifest::BackupReason;
use super::notes::{Depth, PostgresResult, Verification};
use super::progress::{Operation, ProgressUnit};
use super::seal;
use super::stage::Staged;
use crate::store::Snapshot;
use crate::util::{counted, milliseconds, run_at_low_priority};

/// Loads the SQL text of a backup into a scratch database and compares every row of it with the
/// restored store.
pub type PostgresVerifier =
    Arc<dyn Fn(&mut dyn BufRead, &Snapshot) -> PostgresOutcome + Send + Sync>;

/// How that ended.
#[derive(Clone, Debug)]
pub enum PostgresOutcome {
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
    pub fn verify(
        &self,
        name: &str,
        depth: Depth,
        log: Log<'_>,
    ) -> Result<CatalogEntry, BackupError> {
        let operation = self.begin(Operation::Verify)?;
        let entry = self.find(name)?;
        operation.progress.about(entry.id.as_str());
        self.number_after_backups()?;
        run_at_low_priority(|| match self.verify_within(&operation, &entry, depth) {
            Err(error) if error.is_file_damaged() => {
                log(format!("{} failed: {error}. Making another backup.", entry.id));
                self.back_up_once(BackupReason::Repair, &operation, log)?;
                self.find(entry.id.as_str())
            }
            done => done,
        })
    }

    pub(super) fn verify_within(
        &self,
        operation: &OperationGuard,
        entry: &CatalogEntry,
        depth: Depth,
    ) -> Result<CatalogEntry, BackupError> {
        let path = self.path(entry)?;
        self.verify_file(operation, entry, &path, depth)
    }

    /// Verifies the file at `path` against what was noted of the backup when it was made.
    pub(super) fn verify_file(
        &self,
        operation: &OperationGuard,
        entry: &CatalogEntry,
        path: &Path,
        depth: Depth,
    ) -> Result<CatalogEntry, BackupError> {
        let Inner { engine, catalog, .. } = self.0.as_ref();
        let start = Instant::now();
        let compared = self.restore_and_compare(operation, entry, path, depth);
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
        match compared {
            Ok(Comparison { message, postgres, postgres_result, restore_ms }) => {
                let found = Verification {
                    duration_ms: restore_ms,
                    postgres,
                    postgres_result,
                    ..verification(true, message)
                };
                self.0.catalog.note(&entry.id, |notes| notes.found(found))?;
                catalog.find(&entry.id)
            }
            Err(error) if error.is_file_damaged() && depth != Depth::Offhost => {
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
    pub(super) fn mark_bad(
        &self,
        entry: &CatalogEntry,
        found: Verification,
    ) -> Result<(), BackupError> {
        error!(backup.id = %entry.id, "A backup failed its verification: {}", found.message);
        self.0.catalog.note(&entry.id, |notes| notes.found(found))?;
        self.0.catalog.set_aside(entry)
    }

    fn restore_and_compare(
        &self,
        operation: &OperationGuard,
        entry: &CatalogEntry,
        path: &Path,
        depth: Depth,
    ) -> Result<Comparison, BackupError> {
        let options = self.options();
        let start = Instant::now();
        let source = self.source(path, Some(&entry.manifest));
        let staged = Staged::restore(&source, &operation.progress)?;
        let restore_ms = milliseconds(start.elapsed());
        let mut message = sentence(entry, start.elapsed());
        let Some(verifier) = options.postgres_verifier.as_ref().filter(|_| depth != Depth::Quick)
        else {
            return Ok(Comparison { message, postgres: None, postgres_result: None, restore_ms });
        };
        operation.progress.phase("Loading into a scratch database", 0, ProgressUnit::Rows)?;
        let mut text = seal::open(path, &options.keyring, &entry.manifest.key_ids)?;
        let (postgres, result) = match verifier(&mut text, &staged.store().read()?) {
            PostgresOutcome::Same { postgres } => {
                message.push_str(&format!(
                    " Loaded into a scratch database of PostgreSQL {postgres}: every row is equal."
                ));
                (Some(postgres), PostgresResult::Passed)
            }
            PostgresOutcome::NotPossible(why) => {
                warn!("A backup is not loaded into PostgreSQL for a test: {why}");
                message.push_str(&format!(" Not loaded into PostgreSQL: {why}."));
                (None, PostgresResult::NotPossible)
            }
            PostgresOutcome::Failed(why) => {
                error!(backup.id = %entry.id, "Loading a backup into PostgreSQL failed: {why}");
                message.push_str(&format!(" Loading it into PostgreSQL failed: {why}."));
                (None, PostgresResult::Failed)
            }
            PostgresOutcome::Differs(what) => {
                return Err(BackupError::Differs(format!("loaded into PostgreSQL, {what}")));
            }
        };
        Ok(Comparison { message, postgres, postgres_result: Some(result), restore_ms })
    }
}

struct Comparison {
    message: String,
    postgres: Option<String>,
    postgres_result: Option<PostgresResult>,
    /// Until the site was ready to run.
    restore_ms: u64,
}

/// What a successful rehearsal says.
pub(super) fn sentence(entry: &CatalogEntry, took: Duration) -> String {
    format!(
        "Restored {} into a scratch store in {} ms: every table, every rule and every hash is as \
         it was saved.",
        counted(entry.manifest.all_rows(), "row"),
        took.as_millis()
    )
}
