//! Files that appear under their own name whole and durable, or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// What a file's name ends with while the file is written.
pub const PART_SUFFIX: &str = ".part";

/// The mode of files that are nobody else's business.
pub const PRIVATE_MODE: u32 = 0o600;

/// Returns the path of a file while it is written: `site.json.part` for `site.json`.
pub fn part_path(path: &Path) -> PathBuf {
    let mut part = path.as_os_str().to_owned();
    part.push(PART_SUFFIX);
    part.into()
}

/// Writes a file and returns after the fsync of the file and of its directory. `mode` is what the umask
/// is taken from. After an error or a crash the file is what it was before; a part that is left behind
/// is replaced by the next call.
///
/// # Errors
/// Those of the file system.
pub fn write_durably(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let part = part_path(path);
    let mut file = create_new(&part, mode)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    rename_durably(&part, path)
}

/// Creates an empty file for writing in place of the one that may be there: a new inode, so that `mode`
/// holds and nobody has it open.
///
/// # Errors
/// Those of the file system.
pub fn create_new(path: &Path, mode: u32) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    OpenOptions::new().create_new(true).write(true).mode(mode).open(path)
}

/// Renames a synced file or a directory, in place of the file that may be there, and returns after the
/// fsync of the directory that it is now in.
///
/// # Errors
/// Those of the file system.
pub fn rename_durably(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)?;
    let parent = to.parent().filter(|parent| !parent.as_os_str().is_empty());
    sync_directory(parent.unwrap_or(Path::new(".")))
}

/// Makes new, renamed and removed names in a directory durable.
///
/// # Errors
/// Those of the file system.
pub fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn mode_of(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_file_is_replaced_whole_and_with_its_mode() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("note");
        fs::write(part_path(&path), "what a crash left, longer than the new text").unwrap();
        fs::set_permissions(part_path(&path), fs::Permissions::from_mode(0o644)).unwrap();
        write_durably(&path, b"first", 0o600).unwrap();
        assert_eq!((fs::read(&path).unwrap(), mode_of(&path)), (b"first".to_vec(), 0o600));
        write_durably(&path, b"second", 0o600).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        assert!(!part_path(&path).exists());
    }

    #[test]
    fn a_write_that_fails_leaves_the_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("note");
        fs::write(&path, "before").unwrap();
        fs::create_dir(part_path(&path)).unwrap();
        assert!(write_durably(&path, b"after", 0o600).is_err());
        assert_eq!(fs::read(&path).unwrap(), b"before");
    }

    #[test]
    fn a_name_without_a_directory_is_in_the_current_one() {
        let missing = rename_durably(Path::new("no-such-file"), Path::new("other"));
        assert_eq!(missing.unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!(part_path(Path::new("note")), Path::new("note.part"));
    }
}
