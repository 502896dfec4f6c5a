//! Files that a command of root's hands over to itself as the owner of the data: credentials of the service,
//! and a secret key in a directory that the owner may not enter.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::{DirBuilderExt as _, chown};
use std::path::{Path, PathBuf};

use super::data_dir::Owner;
use crate::util::files::{PRIVATE_MODE, write_durably};

/// Where they are, with the id of the process behind it.
const DIRECTORY: &str = "/run/unoc-credentials.";
/// Largest file: a credential of systemd has at most 1 MiB (systemd.exec(5)).
const FILE_BYTES_MAX: u64 = 1 << 20;

/// A directory that only the owner of the data may read once it is complete. It is made with its first file.
pub(super) struct Handover {
    owner: Owner,
    is_begun: bool,
}

impl Handover {
    pub(super) fn new(owner: Owner) -> Self {
        Self { owner, is_begun: false }
    }

    /// Copies a file. Returns the path of the copy.
    pub(super) fn add_file(&mut self, name: &str, file: &Path) -> io::Result<PathBuf> {
        let mut content = Vec::new();
        File::open(file)?.take(FILE_BYTES_MAX).read_to_end(&mut content)?;
        self.add(name, &content)
    }

    /// Writes a file. Returns its path.
    pub(super) fn add(&mut self, name: &str, content: &[u8]) -> io::Result<PathBuf> {
        let path = self.directory()?.join(name);
        write_durably(&path, content, PRIVATE_MODE)?;
        chown(&path, Some(self.owner.uid), Some(self.owner.gid))?;
        Ok(path)
    }

    /// Returns the directory.
    pub(super) fn directory(&mut self) -> io::Result<PathBuf> {
        let directory = own_directory();
        if !self.is_begun {
            remove_left_over();
            // Root's own until it is complete, so that nobody can put a link into it.
            fs::DirBuilder::new().mode(0o700).create(&directory)?;
            self.is_begun = true;
        }
        Ok(directory)
    }

    /// Gives the directory to the owner.
    pub(super) fn finish(self) -> io::Result<()> {
        match self.is_begun {
            true => chown(own_directory(), Some(self.owner.uid), Some(self.owner.gid)),
            false => Ok(()),
        }
    }
}

/// Removes what was handed over to this process. Only the empty directory stays, which belongs to root; the
/// next command removes it.
pub(super) fn forget_handover() {
    for entry in fs::read_dir(own_directory()).into_iter().flatten().flatten() {
        fs::remove_file(entry.path()).ok();
    }
}

/// The directory of this process, which keeps its id when it becomes the owner.
fn own_directory() -> PathBuf {
    PathBuf::from(format!("{DIRECTORY}{}", std::process::id()))
}

/// Removes the directories of commands that have ended, and of one that had the id of this process.
fn remove_left_over() {
    let Some((parent, name)) = DIRECTORY.rsplit_once('/') else { return };
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let file = entry.file_name().to_string_lossy().into_owned();
        let process = file.strip_prefix(name);
        let has_ended = |process: &str| {
            process == std::process::id().to_string() || !Path::new("/proc").join(process).exists()
        };
        if process.is_some_and(has_ended) {
            fs::remove_dir_all(entry.path()).ok();
        }
    }
}
