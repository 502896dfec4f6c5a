//! The engine's errors.

use std::path::PathBuf;

use crate::domain::Refusal;
use crate::store::{DiskSpace, StoreError};

/// Why a command was not carried out. Nothing of it was kept, except perhaps after [`Self::Stopped`].
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The data volume is nearly full. Reads continue; writes resume once there is space.
    #[error(
        "the store is read-only: {} has {} MiB free of {} MiB and the write needs {} MiB to \
         remain; free some space, and writes resume automatically",
        space.directory.display(),
        space.free_bytes >> 20,
        space.total_bytes >> 20,
        needed_bytes.div_ceil(1 << 20)
    )]
    ReadOnly { space: DiskSpace, needed_bytes: u64 },
    /// What the command was made of was read before that.
    #[error("personal data was erased, or the site was replaced, meanwhile; nothing was changed")]
    PastRemoved,
    /// The queue stayed full until the timeout.
    #[error("the engine is busy; try again")]
    Busy,
    /// The engine has stopped, or is stopping because a commit failed.
    #[error("the engine has stopped; the service restarts")]
    Stopped,
    /// A query of the network panicked; it changed nothing.
    #[error("an internal error ended this request; the log has its cause: please report it")]
    Panicked,
    /// The data volume does not report its free space.
    #[error("the data volume {} does not report its free space: {what}", directory.display())]
    Volume { directory: PathBuf, what: String },
    #[error(transparent)]
    Store(#[from] StoreError),
}
