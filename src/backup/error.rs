//! Why an operation on backups failed.

use std::path::{Path, PathBuf};

use super::targets::TargetError;
use crate::engine::EngineError;
use crate::sql::RowError;
use crate::store::{DiskSpace, StoreError};
use crate::util::BlockingError;

/// Why an operation on backups failed. The site was not changed by it.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("{what}: {source}")]
    Io { what: String, source: std::io::Error },
    #[error(
        "{} has {} MiB free and {what} needs about {} MiB; free some space \
         there",
        space.directory.display(), space.free_bytes >> 20, needed_bytes.div_ceil(1 << 20)
    )]
    NoRoom { what: &'static str, space: DiskSpace, needed_bytes: u64 },
    /// By what: `a verification`, `another process that works on backups`.
    #[error("{0} is running; try again when it is done")]
    Busy(&'static str),
    #[error(
        "a backup cannot be named: all names from now on are taken; check the clock of this host"
    )]
    NoFreeName,
    #[error("there is no backup {0}; unoc backup list shows those that exist")]
    NotFound(String),
    #[error(
        "the file of {0} is not on this host; a restore fetches it from an off-host copy if there \
         is one"
    )]
    NotLocal(String),
    #[error("there is no backup yet; make one with: unoc backup now")]
    NoBackup,
    #[error("no target has a backup of this site yet; copy one there with: unoc jobs run copy")]
    NoCopy,
    #[error("{file} is damaged: {what}. It cannot be restored; use an older backup or a copy")]
    Damaged { file: String, what: String },
    #[error(
        "{file} is encrypted, and none of the available keys opens it. It was made for the keys \
         {made_for}; name the file with the secret key: --identity FILE"
    )]
    WrongKey { file: String, made_for: String },
    #[error(
        "{file} was made by a newer UNOC ({version}, format {format}); install that version or \
         a newer one, then restore"
    )]
    Newer { file: String, version: String, format: u32 },
    #[error(
        "{file} holds site {found}, but this store holds site {expected}; nothing was changed. To \
         restore that site on this host, restore it into an empty data_dir"
    )]
    OtherSite { file: String, expected: uuid::Uuid, found: uuid::Uuid },
    /// A key or a key file cannot be used: which, and why.
    #[error("{0}")]
    Key(String),
    #[error("the restored site differs from the saved one: {0}")]
    Differs(String),
    /// A backup was not made, and its run says why.
    #[error("the backup was not made: {0}")]
    NotMade(String),
    /// The file is complete but could not be restored to verify it.
    #[error(
        "the site was saved as {id}, but that file could not be restored to verify it: {why}. It is \
         listed as unverified; fix that, then run: unoc backup verify {id}"
    )]
    Unverified { id: String, why: String },
    /// The message of the run that failed.
    #[error("{0}")]
    RunFailed(String),
    /// A target off the host could not be set up when the service started.
    #[error("backup target {name} is not in use: {what}. Fix that, then restart the service")]
    TargetNotSetUp { name: String, what: String },
    #[error("there is no restore to undo")]
    NothingToUndo,
    #[error("the operation was stopped because the service is stopping")]
    Stopping,
    /// A thread panicked; what it had done by then is unknown.
    #[error(
        "an internal error ended the operation; the log has the cause: report it, then try again"
    )]
    Panicked,
    #[error(
        "the backup directory, {}, does not respond; check that the file system mounted there is \
         reachable",
        .0.display()
    )]
    DirectoryUnresponsive(PathBuf),
    /// One error for several callers who asked together.
    #[error(transparent)]
    Shared(std::sync::Arc<BackupError>),
    #[error("a row cannot be written: {0}")]
    Time(#[from] crate::sql::copy_text::TimeError),
    #[error(transparent)]
    Row(#[from] RowError),
    #[error(transparent)]
    Target(#[from] TargetError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl From<BlockingError> for BackupError {
    fn from(error: BlockingError) -> Self {
        match error {
            BlockingError::Panicked => Self::Panicked,
            BlockingError::TimedOut | BlockingError::Stopped => Self::Stopping,
        }
    }
}

impl BackupError {
    /// Whether the backup's file itself is damaged, so that trying again elsewhere or later does
    /// not help.
    pub fn is_file_damaged(&self) -> bool {
        match self {
            Self::Damaged { .. } | Self::Differs(_) | Self::Row(_) => true,
            Self::Store(error) => {
                matches!(error, StoreError::Inconsistent(_) | StoreError::Damaged { .. })
            }
            _ => false,
        }
    }
}

/// The error for a failed read of a file's content: an I/O error of the system does not mean that
/// the file is damaged; an error of decrypting or unpacking does.
pub(super) fn unreadable(file: &str, what: &str, source: std::io::Error) -> BackupError {
    let is_of_system =
        source.raw_os_error().is_some() || source.kind() == std::io::ErrorKind::OutOfMemory;
    if is_of_system {
        return BackupError::Io { what: format!("cannot read {file}"), source };
    }
    BackupError::Damaged { file: file.to_owned(), what: format!("{what}{source}") }
}

/// Adds to an I/O error what was being done to which file.
pub(super) fn io(what: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> BackupError {
    let path: PathBuf = path.to_owned();
    move |source| BackupError::Io { what: format!("cannot {what} {}", path.display()), source }
}
