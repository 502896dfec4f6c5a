//! The installed program, and the files beside it.

use std::fs::{self, File, Permissions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;
use sha2::{Digest as _, Sha256};

use super::error::{UpgradeError, cannot};
use crate::util::{files, hex};

/// Everybody may run it, root alone may change it.
const PROGRAM_MODE: u32 = 0o755;
const HASH_BUFFER_BYTES: usize = 128 << 10;

/// The program at its place, such as `/usr/bin/unoc`.
#[derive(Debug)]
pub struct InstalledProgram {
    path: PathBuf,
}

/// Until it is dropped, no other upgrade or rollback of the program begins.
#[derive(Debug)]
pub struct UpgradeLock {
    _directory: File,
}

impl InstalledProgram {
    /// # Errors
    /// [`UpgradeError::File`] if there is no file at `path`.
    pub fn at(path: &Path) -> Result<Self, UpgradeError> {
        let path = path.canonicalize().map_err(cannot("find", path))?;
        Ok(Self { path })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The program as it was before the last upgrade.
    pub fn previous_path(&self) -> PathBuf {
        self.beside(".previous")
    }

    /// The journal of the last upgrade.
    pub fn journal_path(&self) -> PathBuf {
        self.beside(".upgrade.json")
    }

    /// The program that ends an upgrade which the host interrupted. It is there until the upgrade has ended.
    pub fn rescue_path(&self) -> PathBuf {
        self.beside(".rescue")
    }

    /// The directory that all these files are in.
    pub fn directory(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("/"))
    }

    /// Takes the lock of upgrades; the end of the process releases it.
    ///
    /// # Errors
    /// [`UpgradeError::Running`], and [`UpgradeError::File`] if the directory cannot be opened.
    pub fn lock(&self) -> Result<UpgradeLock, UpgradeError> {
        let directory = File::open(self.directory()).map_err(cannot("open", self.directory()))?;
        match flock(&directory, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(UpgradeLock { _directory: directory }),
            Err(Errno::WOULDBLOCK) => Err(UpgradeError::Running),
            Err(error) => Err(cannot("lock", self.directory())(error.into())),
        }
    }

    /// Takes the lock of upgrades once the upgrade that may be running has ended.
    ///
    /// # Errors
    /// [`UpgradeError::File`] if the directory cannot be opened.
    pub fn wait_for_lock(&self) -> Result<UpgradeLock, UpgradeError> {
        let directory = File::open(self.directory()).map_err(cannot("open", self.directory()))?;
        let locked = flock(&directory, FlockOperation::LockExclusive);
        locked.map_err(|error| cannot("lock", self.directory())(error.into()))?;
        Ok(UpgradeLock { _directory: directory })
    }

    /// Whether `process` runs the file that is at the program's place now.
    pub fn is_run_by(&self, process: u32) -> bool {
        let identity = |path: &Path| fs::metadata(path).map(|file| (file.dev(), file.ino())).ok();
        let running = identity(Path::new(&format!("/proc/{process}/exe")));
        running.is_some() && running == identity(&self.path)
    }

    /// The SHA-256 of the file at the program's place.
    ///
    /// # Errors
    /// [`UpgradeError::File`].
    pub fn sha256(&self) -> Result<String, UpgradeError> {
        sha256_of_file(&self.path)
    }

    /// The SHA-256 of the program as it was before the last upgrade; `None` if it is gone.
    pub fn previous_sha256(&self) -> Option<String> {
        sha256_of_file(&self.previous_path()).ok()
    }

    /// Writes a new program beside the installed one, durably.
    ///
    /// # Errors
    /// [`UpgradeError::File`]; what was written is removed.
    pub fn stage(&self, bytes: &[u8]) -> Result<(), UpgradeError> {
        let path = self.new_path();
        let write = || {
            let mut file = files::create_new(&path, PROGRAM_MODE)?;
            file.write_all(bytes)?;
            // The umask may have taken some of it.
            file.set_permissions(Permissions::from_mode(PROGRAM_MODE))?;
            file.sync_all()?;
            files::sync_directory(self.directory())
        };
        write().map_err(|error| {
            self.discard_staged();
            cannot("write", &path)(error)
        })
    }

    /// Keeps the installed or the previous program, whichever has this SHA-256, durably as
    /// [`InstalledProgram::rescue_path`]: the one that was installed before the upgrade, and worked.
    ///
    /// # Errors
    /// [`UpgradeError::File`].
    pub fn keep_for_rescue(&self, sha256: &str) -> Result<(), UpgradeError> {
        let path = self.rescue_path();
        if path.exists() {
            return Ok(());
        }
        let is_installed = self.sha256()? == sha256;
        let kept = if is_installed { self.path.clone() } else { self.previous_path() };
        let link = files::part_path(&path);
        remove(&link)?;
        fs::hard_link(&kept, &link).map_err(cannot("link", &kept))?;
        files::rename_durably(&link, &path).map_err(cannot("replace", &path))
    }

    /// Removes what [`InstalledProgram::keep_for_rescue`] kept.
    ///
    /// # Errors
    /// [`UpgradeError::File`].
    pub fn forget_rescue(&self) -> Result<(), UpgradeError> {
        remove(&self.rescue_path())
    }

    /// Removes the new program that is beside the installed one, if there is one.
    pub fn discard_staged(&self) {
        // The next upgrade replaces what cannot be removed.
        fs::remove_file(self.new_path()).ok();
    }

    /// Puts the staged program into the place of the installed one, which stays as
    /// [`InstalledProgram::previous_path`]. There is a whole program at the place at any moment.
    ///
    /// # Errors
    /// [`UpgradeError::File`].
    pub fn swap(&self) -> Result<(), UpgradeError> {
        let previous = self.previous_path();
        let link = files::part_path(&previous);
        remove(&link)?;
        fs::hard_link(&self.path, &link).map_err(cannot("link", &self.path))?;
        files::rename_durably(&link, &previous).map_err(cannot("replace", &previous))?;
        // rename(2) does nothing if both names were already links to one file, after a kill.
        remove(&link)?;
        files::rename_durably(&self.new_path(), &self.path).map_err(cannot("replace", &self.path))
    }

    /// Puts the previous program back into its place.
    ///
    /// # Errors
    /// [`UpgradeError::File`].
    pub fn swap_back(&self) -> Result<(), UpgradeError> {
        files::rename_durably(&self.previous_path(), &self.path)
            .map_err(cannot("replace", &self.path))
    }

    fn new_path(&self) -> PathBuf {
        self.beside(".new")
    }

    fn beside(&self, suffix: &str) -> PathBuf {
        let mut path = self.path.as_os_str().to_owned();
        path.push(suffix);
        path.into()
    }
}

fn remove(path: &Path) -> Result<(), UpgradeError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(cannot("remove", path)(error)),
        _ => Ok(()),
    }
}

fn sha256_of_file(path: &Path) -> Result<String, UpgradeError> {
    let mut file = File::open(path).map_err(cannot("open", path))?;
    let (mut digest, mut buffer) = (Sha256::new(), vec![0; HASH_BUFFER_BYTES]);
    loop {
        match file.read(&mut buffer).map_err(cannot("read", path))? {
            0 => return Ok(hex(digest.finalize())),
            length => digest.update(&buffer[..length]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_swapped_and_swapped_back() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("unoc");
        fs::write(&path, "old").unwrap();
        let program = InstalledProgram::at(&path).unwrap();
        let names = || {
            let entries = fs::read_dir(directory.path()).unwrap();
            let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
            names.sort_unstable();
            names
        };
        program.stage(b"new").unwrap();
        assert_eq!(fs::metadata(program.new_path()).unwrap().mode() & 0o7777, 0o755);
        // What a kill between the two renames leaves.
        fs::hard_link(&path, program.previous_path()).unwrap();
        program.swap().unwrap();
        assert_eq!(names(), ["unoc", "unoc.previous"]);
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read(program.previous_path()).unwrap(), b"old");
        program.swap_back().unwrap();
        assert_eq!((names(), fs::read(&path).unwrap()), (vec!["unoc".into()], b"old".to_vec()));
    }

    #[test]
    fn the_program_that_worked_is_kept_for_a_rescue() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("unoc");
        fs::write(&path, "old").unwrap();
        let program = InstalledProgram::at(&path).unwrap();
        let old = program.sha256().unwrap();
        let rescue = || fs::read_to_string(program.rescue_path());
        program.keep_for_rescue(&old).unwrap();
        assert_eq!(rescue().unwrap(), "old");
        program.stage(b"new").unwrap();
        program.swap().unwrap();
        program.keep_for_rescue(&old).unwrap();
        assert_eq!(rescue().unwrap(), "old", "the one that is there stays");
        program.forget_rescue().unwrap();
        program.forget_rescue().unwrap();
        program.keep_for_rescue(&old).unwrap();
        assert_eq!(rescue().unwrap(), "old", "the previous program");
    }

    #[test]
    fn one_upgrade_runs_at_a_time() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("unoc");
        fs::write(&path, "old").unwrap();
        let program = InstalledProgram::at(&path).unwrap();
        let lock = program.lock().unwrap();
        assert!(matches!(program.lock(), Err(UpgradeError::Running)));
        drop(lock);
        assert!(program.lock().is_ok());
    }
}
