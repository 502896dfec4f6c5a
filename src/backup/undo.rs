//! The record of the last restore, by which it can be undone.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::error::{BackupError, io};
use super::files;
use super::manifest::Header;
use crate::domain::Timestamp;
use crate::store::{OpenOptions, RESTORE_BACKUP, RESTORE_DUMP, Snapshot, Store, UNDO_RESTORE};

/// The store from before the last restore, and the record of that restore.
const UNDO_DIR: &str = "undo";
const UNDO_FILE: &str = "undo.json";
/// What the audit trail calls restores.
const ACTIONS: [&str; 3] = [RESTORE_BACKUP, RESTORE_DUMP, UNDO_RESTORE];
/// The page cache of a store that is only read through once.
const READ_CACHE_BYTES: usize = 8 * 1024 * 1024;

/// A restore that can be undone.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UndoRecord {
    pub at_us: i64,
    pub backup_id: String,
    pub seq_before: u64,
    /// Absent until the restore was done.
    pub seq_after: Option<u64>,
    /// The directory of the kept store.
    pub(super) directory: PathBuf,
    pub(super) header: Header,
}

impl UndoRecord {
    /// Opens the store from before the restore.
    pub(super) fn open_store(&self, now: Timestamp) -> Result<Store, BackupError> {
        let site_id = Some(self.header.site_id);
        let options = OpenOptions { cache_bytes: READ_CACHE_BYTES, now, site_id };
        Ok(Store::open(&self.directory, options)?)
    }

    /// The commit of the restore: later changes are lost by undoing it.
    pub fn seq_of_restore(&self) -> u64 {
        self.seq_after.unwrap_or(self.seq_before + 1)
    }
}

/// Where the stores from before restores are kept.
pub(super) fn directory(data_dir: &Path) -> PathBuf {
    data_dir.join(UNDO_DIR)
}

/// The restore of this site that can be undone, if there is one. `current` is the site as it is
/// now.
///
/// # Errors
/// When the data directory or the site cannot be read.
pub(super) fn find(
    data_dir: &Path,
    site_id: Uuid,
    current: &Snapshot,
) -> Result<Option<UndoRecord>, BackupError> {
    let Some(text) = read(data_dir)? else { return Ok(None) };
    let record: Option<UndoRecord> = serde_json::from_slice(&text).ok();
    // The state of another site, which this host had before, is not offered.
    let is_ours =
        |record: &UndoRecord| record.directory.exists() && record.header.site_id == site_id;
    let Some(record) = record.filter(is_ours) else { return Ok(None) };
    let is_done = record.seq_after.is_some() || was_restored_after(current, record.seq_before)?;
    Ok(is_done.then_some(record))
}

/// The record as it is on disk; `None` where there is none.
///
/// # Errors
/// When it cannot be read.
pub(super) fn read(data_dir: &Path) -> Result<Option<Vec<u8>>, BackupError> {
    let path = directory(data_dir).join(UNDO_FILE);
    match fs::read(&path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(io("read", &path)(error)),
    }
}

/// Writes the record durably in place of the one before.
///
/// # Errors
/// When the data directory cannot be written.
pub(super) fn write(data_dir: &Path, record: &UndoRecord) -> Result<(), BackupError> {
    let text = serde_json::to_vec_pretty(record).expect("a record is plain data");
    files::write(&directory(data_dir), UNDO_FILE, &text)
}

/// Puts back what [`read`] returned.
///
/// # Errors
/// When the data directory cannot be written.
pub(super) fn put_back(data_dir: &Path, text: Option<&[u8]>) -> Result<(), BackupError> {
    let directory = directory(data_dir);
    match text {
        Some(text) => files::write(&directory, UNDO_FILE, text),
        None => files::remove(&directory.join(UNDO_FILE)),
    }
}

/// Removes all stores but the kept one: only the last restore can be undone.
pub(super) fn remove_older(data_dir: &Path, kept: &Path) {
    let Ok(entries) = fs::read_dir(directory(data_dir)) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() && path != kept {
            // A leftover only takes space; the next restore tries again.
            files::remove_directory(&path).ok();
        }
    }
}

/// Whether the audit trail has a restore after this commit. A restore that was killed before its
/// commit has no row there.
fn was_restored_after(current: &Snapshot, seq: u64) -> Result<bool, BackupError> {
    for row in current.audit(None, 0)? {
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
