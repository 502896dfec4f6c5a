//! Verifying a backup by restoring it: into a scratch store, and into a scratch database.

use std::path::Path;

use tokio::time::Instant;
use tracing::{error, warn};
use uuid::Uuid;

use super::catalog::CatalogEntry;
use super::error::BackupError;
use super::keys::Keyring;
use super::library::Library;
use super::manifest::{Header, Manifest};
use super::metrics::BackupStep;
use super::notes::{Depth, PostgresResult, Verification};
use super::operation::OperationGuard;
use super::options::ReadPgConfig;
use super::progress::{Operation, ProgressBoard, ProgressUnit};
use super::seal;
use super::stage::{StageSource, VERIFY_FILE_DIR, stage};
use crate::domain::Timestamp;
use crate::pg::{ScratchVerification, verify_in_scratch_database};
use crate::store::Snapshot;
use crate::util::{counted, milliseconds};

/// A file that was restored into a scratch store and is what was saved.
#[derive(Clone, Debug)]
pub struct VerifiedFile {
    pub header: Header,
    pub duration_ms: u64,
}

/// Restores a file into a scratch store below `scratch`, with these keys alone. Nothing is noted.
///
/// # Errors
/// [`BackupError`] naming what is wrong with the file or the keys.
pub fn verify_file(
    file: &Path,
    manifest: Option<&Manifest>,
    keyring: &Keyring,
    scratch: &Path,
    now: Timestamp,
) -> Result<VerifiedFile, BackupError> {
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
    let progress = ProgressBoard::default().begin(Operation::Restore, now)?;
    let header = stage(&source, &progress)?.header;
    Ok(VerifiedFile { header, duration_ms: milliseconds(start.elapsed()) })
}

/// Restores a listed backup and notes the result. If its file is damaged, it is renamed to `.bad`.
///
/// # Errors
/// [`BackupError`], of which [`BackupError::is_file_damaged`] tells whether the backup failed or
/// could not be verified.
pub(super) fn verify_entry(
    operation: &OperationGuard,
    entry: &CatalogEntry,
    depth: Depth,
) -> Result<CatalogEntry, BackupError> {
    let library = operation.library.as_ref();
    let path = library.path(entry)?;
    let start = Instant::now();
    match restore_and_compare(operation, entry, &path, depth) {
        Ok(verification) => note(library, entry, verification),
        Err(error) if error.is_file_damaged() => {
            mark_bad(library, entry, depth, &error, start)?;
            Err(error)
        }
        Err(BackupError::Stopping) => Err(BackupError::Stopping),
        Err(error) => {
            let why = Some(error.to_string());
            // If that cannot be written down either, the answer and the log tell.
            let noted = library.catalog.note(&entry.id, |notes| notes.verification_error = why);
            if let Err(error) = noted {
                warn!(backup.id = %entry.id, %error, "Why the backup is not verified could not be recorded");
            }
            Err(error)
        }
    }
}

/// Restores a copy of a backup, fetched to `path`, and notes it if it is good.
///
/// # Errors
/// [`BackupError`]; then nothing is noted of the backup, whose own file may be good.
pub(super) fn verify_copy(
    operation: &OperationGuard,
    entry: &CatalogEntry,
    path: &Path,
) -> Result<CatalogEntry, BackupError> {
    let verification = restore_and_compare(operation, entry, path, Depth::Offhost)?;
    note(&operation.library, entry, verification)
}

/// Notes that the file of a backup is damaged, and renames it to `.bad`.
///
/// # Errors
/// When the directory cannot be written.
pub(super) fn mark_bad(
    library: &Library,
    entry: &CatalogEntry,
    depth: Depth,
    error: &BackupError,
    start: Instant,
) -> Result<(), BackupError> {
    error!(backup.id = %entry.id, "A backup failed its verification: {error}");
    let verification = Verification {
        at_us: library.now().0,
        depth,
        is_ok: false,
        duration_ms: milliseconds(start.elapsed()),
        message: error.to_string(),
        postgres: None,
        postgres_result: None,
    };
    library.catalog.note(&entry.id, |notes| notes.set_verification(verification))?;
    library.catalog.set_aside(entry)
}

fn note(
    library: &Library,
    entry: &CatalogEntry,
    verification: Verification,
) -> Result<CatalogEntry, BackupError> {
    library.catalog.note(&entry.id, |notes| notes.set_verification(verification))?;
    library.catalog.find(&entry.id)
}

/// Restores the file at `path` into a scratch store and compares it with what was noted of the
/// backup when it was made; beyond [`Depth::Quick`], also in PostgreSQL, where there is one.
fn restore_and_compare(
    operation: &OperationGuard,
    entry: &CatalogEntry,
    path: &Path,
    depth: Depth,
) -> Result<Verification, BackupError> {
    let start = Instant::now();
    let compared = compare(operation, entry, path, depth);
    operation.library.metrics.count(BackupStep::Verify, start.elapsed(), compared.is_ok());
    compared
}

fn compare(
    operation: &OperationGuard,
    entry: &CatalogEntry,
    path: &Path,
    depth: Depth,
) -> Result<Verification, BackupError> {
    let OperationGuard { library, progress, .. } = operation;
    let start = Instant::now();
    let staged = stage(&library.stage_source(path, Some(&entry.manifest)), progress)?;
    let took = start.elapsed();
    let mut verification = Verification {
        at_us: library.now().0,
        depth,
        is_ok: true,
        duration_ms: milliseconds(took),
        message: format!(
            "Restored {} into a scratch store in {} ms: every table, every rule and every hash is \
             as it was saved.",
            counted(entry.manifest.all_rows(), "row"),
            took.as_millis()
        ),
        postgres: None,
        postgres_result: None,
    };
    let read_pg_config = library.options.read_pg_config.as_ref();
    if let Some(read_pg_config) = read_pg_config.filter(|_| depth != Depth::Quick) {
        progress.phase("Loading into a scratch database", None, ProgressUnit::Rows)?;
        let keyring = &library.options.keyring;
        let restored = staged.store.store().read()?;
        let loaded = load_into_postgres(read_pg_config, entry, path, keyring, &restored)?;
        verification.message.push_str(&loaded.sentence);
        verification.postgres = loaded.version;
        verification.postgres_result = Some(loaded.result);
        verification.at_us = library.now().0;
    }
    Ok(verification)
}

/// What loading a backup into PostgreSQL came to.
struct Loaded {
    result: PostgresResult,
    /// Of the PostgreSQL that it was loaded into.
    version: Option<String>,
    /// Begins with a space, to follow another one.
    sentence: String,
}

fn load_into_postgres(
    read_pg_config: &ReadPgConfig,
    entry: &CatalogEntry,
    path: &Path,
    keyring: &Keyring,
    restored: &Snapshot,
) -> Result<Loaded, BackupError> {
    let site_id: Uuid = entry.manifest.header.site_id;
    let mut text = seal::read_sql(path, keyring, &entry.manifest.key_ids)?;
    let verified = read_pg_config().and_then(|config| {
        verify_in_scratch_database(&config, site_id, &mut text, restored)
            .map_err(|error| error.explanation().to_string())
    });
    let (result, version, sentence) = match verified {
        Ok(ScratchVerification::Passed { postgres_version }) => {
            let sentence = format!(
                " Loaded into a scratch database of PostgreSQL {postgres_version}: every row is \
                 equal."
            );
            (PostgresResult::Passed, Some(postgres_version), sentence)
        }
        Ok(ScratchVerification::NotPermitted(why)) => {
            warn!("Backups are not verified in PostgreSQL: {why}");
            (PostgresResult::NotPossible, None, format!(" Not loaded into PostgreSQL: {why}."))
        }
        Err(why) => {
            error!(backup.id = %entry.id, "Loading a backup into PostgreSQL failed: {why}");
            (PostgresResult::Failed, None, format!(" Loading it into PostgreSQL failed: {why}."))
        }
        Ok(ScratchVerification::Different(what)) => {
            return Err(BackupError::Differs(format!("loaded into PostgreSQL, {what}")));
        }
    };
    Ok(Loaded { result, version, sentence })
}
