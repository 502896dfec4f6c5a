//! One operation on backups at a time.

use std::sync::Arc;

use super::error::BackupError;
use super::files::{self, DirectoryLock};
use super::library::Library;
use super::progress::{Operation, ProgressHandle};

/// The right to work on the backups of a directory, until it is dropped.
pub(super) struct OperationGuard {
    /// Released first: once no operation is shown, another one can begin.
    _lock: DirectoryLock,
    pub(super) progress: ProgressHandle,
    pub(super) library: Arc<Library>,
}

impl OperationGuard {
    /// Begins an operation, unless one is running here or in another process.
    ///
    /// # Errors
    /// [`BackupError::Busy`]; when the directory cannot be made or locked.
    pub(super) fn begin(library: &Arc<Library>, operation: Operation) -> Result<Self, BackupError> {
        let progress = library.board.begin(operation, library.now())?;
        let lock = files::lock(&library.options.directory)?;
        Ok(Self { _lock: lock, progress, library: Arc::clone(library) })
    }
}

impl Drop for OperationGuard {
    fn drop(&mut self) {
        // The operation is over: the backup that it worked on counts as it is now.
        if let Ok(entries) = self.library.list() {
            self.library.protection.update(&entries, None, self.library.now());
        }
    }
}
