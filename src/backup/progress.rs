//! The progress of the operation that is running, and the way to stop it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::error::BackupError;
use crate::domain::Timestamp;

/// The kinds of operations on backups, of which one runs at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    Backup,
    Verify,
    Restore,
    Undo,
    Copy,
    Prune,
}

impl Operation {
    pub const ALL: [Self; 6] =
        [Self::Backup, Self::Verify, Self::Restore, Self::Undo, Self::Copy, Self::Prune];

    /// What it is called in a sentence.
    pub(super) const fn noun(self) -> &'static str {
        match self {
            Self::Backup => "a backup",
            Self::Verify => "a verification",
            Self::Restore => "a restore",
            Self::Undo => "an undo",
            Self::Copy => "a copy",
            Self::Prune => "a removal of old backups",
        }
    }

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Backup => "backup",
            Self::Verify => "verify",
            Self::Restore => "restore",
            Self::Undo => "undo",
            Self::Copy => "copy",
            Self::Prune => "prune",
        }
    }
}

/// What progress is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProgressUnit {
    Rows,
    Bytes,
}

impl ProgressUnit {
    pub const ALL: [Self; 2] = [Self::Rows, Self::Bytes];

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rows => "rows",
            Self::Bytes => "bytes",
        }
    }
}

/// How far an operation is.
#[derive(Clone, Debug)]
pub struct Activity {
    pub operation: Operation,
    pub backup_id: Option<String>,
    /// Such as `Writing devices`.
    pub phase: &'static str,
    pub done: u64,
    /// `None` where it is not known beforehand.
    pub total: Option<u64>,
    pub unit: ProgressUnit,
    pub since: Timestamp,
}

/// Takes lines for the log of a run.
pub type Log<'a> = &'a (dyn Fn(String) + Send + Sync);

/// Shows the operation that is running; shared by all who work and all who look.
#[derive(Clone, Default)]
pub(super) struct ProgressBoard(Arc<Inner>);

#[derive(Default)]
struct Inner {
    /// Locked only for moments.
    current: Mutex<Option<Activity>>,
    /// Set once, when the service stops.
    is_stopping: AtomicBool,
}

/// An operation that is shown until this is dropped.
pub(super) struct ProgressHandle {
    board: ProgressBoard,
}

impl ProgressBoard {
    /// Shows an operation, unless one is running.
    ///
    /// # Errors
    /// [`BackupError::Busy`] naming the one that is running.
    pub(super) fn begin(
        &self,
        operation: Operation,
        since: Timestamp,
    ) -> Result<ProgressHandle, BackupError> {
        let mut current = self.0.current.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(other) = current.as_ref() {
            return Err(BackupError::Busy(other.operation.noun()));
        }
        let phase = "Starting";
        let unit = ProgressUnit::Rows;
        *current =
            Some(Activity { operation, backup_id: None, phase, done: 0, total: None, unit, since });
        Ok(ProgressHandle { board: self.clone() })
    }

    pub(super) fn current(&self) -> Option<Activity> {
        self.0.current.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn stop(&self) {
        self.0.is_stopping.store(true, Ordering::Relaxed);
    }
}

impl ProgressHandle {
    /// Names the backup that is worked on.
    pub(super) fn set_backup(&self, id: &str) {
        self.update(|activity| activity.backup_id = Some(id.to_owned()));
    }

    /// Begins the next phase of the operation.
    ///
    /// # Errors
    /// [`BackupError::Stopping`] once the service stops.
    pub(super) fn phase(
        &self,
        phase: &'static str,
        total: Option<u64>,
        unit: ProgressUnit,
    ) -> Result<(), BackupError> {
        self.update(|activity| {
            (activity.phase, activity.done, activity.total, activity.unit) =
                (phase, 0, total, unit);
        });
        self.check()
    }

    /// Tells how far the phase is. Takes a lock: meant for every few hundred rows.
    ///
    /// # Errors
    /// [`BackupError::Stopping`] once the service stops.
    pub(super) fn advance_to(&self, done: u64) -> Result<(), BackupError> {
        self.update(|activity| activity.done = done);
        self.check()
    }

    fn check(&self) -> Result<(), BackupError> {
        let is_stopping = self.board.0.is_stopping.load(Ordering::Relaxed);
        if is_stopping { Err(BackupError::Stopping) } else { Ok(()) }
    }

    fn update(&self, change: impl FnOnce(&mut Activity)) {
        let mut current = self.board.0.current.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(activity) = current.as_mut() {
            change(activity);
        }
    }
}

impl Drop for ProgressHandle {
    fn drop(&mut self) {
        *self.board.0.current.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
