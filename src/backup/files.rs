//! Files that are complete or absent, and the lock of the directory.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::error::{BackupError, io};
use crate::util::files::{self, PRIVATE_MODE, part_path};
use crate::util::hex;

/// Locked by the process that works in the directory. The kernel releases it when the process ends,
/// however it ends.
const LOCK_FILE: &str = ".lock";
/// Bytes read at a time where a whole file is hashed.
const HASH_CHUNK_BYTES: usize = 256 * 1024;

/// The right to work in a directory of backups, until it is dropped.
pub(super) struct DirectoryLock {
    _file: File,
}

/// Makes the directory, for this user alone, and takes the lock.
///
/// # Errors
/// [`BackupError::Busy`] while another process has it.
pub(super) fn lock(directory: &Path) -> Result<DirectoryLock, BackupError> {
    make_directory(directory)?;
    let path = directory.join(LOCK_FILE);
    let file =
        OpenOptions::new().create(true).truncate(false).write(true).mode(PRIVATE_MODE).open(&path);
    let file = file.map_err(io("open", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(DirectoryLock { _file: file }),
        Err(fs::TryLockError::WouldBlock) => {
            Err(BackupError::Busy("another process that works on backups"))
        }
        Err(fs::TryLockError::Error(error)) => Err(io("lock", &path)(error)),
    }
}

pub(super) fn make_directory(directory: &Path) -> Result<(), BackupError> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(directory);
    made.map_err(io("create", directory))
}

/// A new file under the temporary name of `name`; what an earlier attempt left is replaced.
pub(super) fn create_part(directory: &Path, name: &str) -> Result<File, BackupError> {
    let path = part_path(&directory.join(name));
    files::create_new(&path, PRIVATE_MODE).map_err(io("create", &path))
}

/// Gives a complete, synced file its final name. Durable after [`sync_directory`].
pub(super) fn publish(directory: &Path, name: &str) -> Result<(), BackupError> {
    let path = directory.join(name);
    fs::rename(part_path(&path), &path).map_err(io("name", &path))
}

/// Writes a small file durably.
pub(super) fn write(directory: &Path, name: &str, bytes: &[u8]) -> Result<(), BackupError> {
    let path = directory.join(name);
    files::write_durably(&path, bytes, PRIVATE_MODE).map_err(io("write", &path))
}

/// Writes a small file under its temporary name, to be published later.
pub(super) fn write_part(directory: &Path, name: &str, bytes: &[u8]) -> Result<(), BackupError> {
    let mut file = create_part(directory, name)?;
    let path = directory.join(name);
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(io("write", &path))
}

pub(super) fn sync_directory(directory: &Path) -> Result<(), BackupError> {
    files::sync_directory(directory).map_err(io("sync", directory))
}

/// Removes a file; an absent one is no error.
pub(super) fn remove(path: &Path) -> Result<(), BackupError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(io("remove", path)(error)),
        _ => Ok(()),
    }
}

/// Removes a directory and its content; an absent one is no error.
pub(super) fn remove_directory(path: &Path) -> Result<(), BackupError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(io("remove", path)(error)),
        _ => Ok(()),
    }
}

/// The SHA-256 of a file in hex, and its length in bytes.
pub(super) fn hash(path: &Path) -> Result<(String, u64), BackupError> {
    let mut file = File::open(path).map_err(io("open", path))?;
    let mut hasher = Sha256::new();
    let mut chunk = vec![0; HASH_CHUNK_BYTES];
    let mut bytes = 0;
    loop {
        let length = match std::io::Read::read(&mut file, &mut chunk) {
            Ok(length) => length,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(io("read", path)(error)),
        };
        if length == 0 {
            return Ok((hex(hasher.finalize()), bytes));
        }
        hasher.update(&chunk[..length]);
        bytes += length as u64;
    }
}
