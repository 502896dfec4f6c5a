//! What an upgrade fails with.

use std::io;
use std::path::Path;
use std::time::Duration;

/// Why a step of an upgrade failed.
#[derive(Debug, thiserror::Error)]
pub enum UpgradeError {
    /// The operating system refuses something of a file.
    #[error("{what}: {source}")]
    File { what: String, source: io::Error },
    /// A program does not start.
    #[error("{program} does not start: {source}")]
    NotStarted { program: String, source: io::Error },
    /// A program did not end in time, and was killed.
    #[error("{program} did not end within {} s", .limit.as_secs())]
    TimedOut { program: String, limit: Duration },
    /// A program says that it failed.
    #[error("{program} failed: {what}")]
    Failed { program: String, what: String },
    /// A program answers in a way that is not understood.
    #[error("{program} is not UNOC, or one that cannot be upgraded: {what}")]
    NotUnoc { program: String, what: String },
    /// The journal of an upgrade cannot be read.
    #[error(
        "{path} cannot be read ({what}). If the service works, remove the file; unoc upgrade writes it again"
    )]
    BadJournal { path: String, what: String },
    /// Another upgrade or rollback is running.
    #[error("another unoc upgrade or unoc rollback is running; wait until it has ended")]
    Running,
}

/// Returns the error of doing `what` to the file `path`.
pub(super) fn cannot<'a>(
    what: &'a str,
    path: &'a Path,
) -> impl FnOnce(io::Error) -> UpgradeError + 'a {
    move |source| UpgradeError::File { what: format!("cannot {what} {}", path.display()), source }
}
