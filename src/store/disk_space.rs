//! Free space of a volume.

use std::path::{Path, PathBuf};

use super::error::{StoreError, io};

/// Free and total bytes of a volume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiskSpace {
    /// A directory on the volume.
    pub directory: PathBuf,
    /// What an unprivileged process can still use.
    pub free_bytes: u64,
    pub total_bytes: u64,
}

impl DiskSpace {
    /// The space of the volume that holds `directory`: a system call of a microsecond.
    ///
    /// # Errors
    /// When the file system does not report it.
    pub fn of(directory: &Path) -> Result<Self, StoreError> {
        let stat = rustix::fs::statvfs(directory).map_err(|error| {
            io(format!("cannot read the free space of {}", directory.display()))(error.into())
        })?;
        Ok(Self {
            directory: directory.to_owned(),
            free_bytes: stat.f_bavail.saturating_mul(stat.f_frsize),
            total_bytes: stat.f_blocks.saturating_mul(stat.f_frsize),
        })
    }
}
