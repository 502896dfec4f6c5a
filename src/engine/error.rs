//! Why a command was not carried out, beyond the domain's refusals.

use std::path::PathBuf;

use crate::domain::Refusal;
use crate::store::{Space, StoreError};

/// Why a command was not carried out. Nothing of it was kept.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The data volume is nearly full; reads go on, and writes again once there is room.
    #[error(
        "the store is read-only: {} has {} MiB free of {} MiB and the write needs {} MiB to \
         remain; free some space, and writes resume automatically",
        space.directory.display(),
        space.free_bytes >> 20,
        space.total_bytes >> 20,
        needed_bytes.div_ceil(1 << 20)
    )]
    ReadOnly { space: Space, needed_bytes: u64 },
    /// The queue stayed full for the whole waiting time.
    #[error("the engine is busy; try again")]
    Busy,
    /// The engine has stopped, or stops because a commit failed.
    #[error("the engine has stopped; the service restarts")]
    Stopped,
    /// Nothing is known of what it did.
    #[error("an internal error ended this request; the log has its cause: please report it")]
    Panicked,
    /// The data volume does not tell its free space.
    #[error("the data volume {} does not report its free space: {what}", directory.display())]
    Volume { directory: PathBuf, what: String },
    #[error(transparent)]
    Store(#[from] StoreError),
}
