//! Whether the operating system lets this process use the store. A store that it denies is not lost: its
//! content may be whole.

use std::fs::{self, Metadata};
use std::io::{self, ErrorKind};
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{IFlags, ioctl_getflags};
use rustix::io::Errno;
use rustix::process::{getegid, geteuid};

use super::error::{StoreError, is_out_of_range_read};

/// The mounts that this process sees (proc_pid_mountinfo(5)).
const MOUNTS: &str = "/proc/self/mountinfo";
/// The permission bits of a file's mode (inode(7)).
const MODE_BITS: u32 = 0o7777;
/// Reading and writing for the owner.
const OWNER_READ_WRITE: u32 = 0o600;

/// Whether there is a file at `path`, which this process may then read and write.
///
/// # Errors
/// [`StoreError::Denied`] when there is something that cannot be used; [`StoreError::Io`].
pub(super) fn check(path: &Path) -> Result<bool, StoreError> {
    inspect(path).map_err(|error| match error {
        StoreError::Denied { what, source, advice } => StoreError::Denied {
            advice: format!("{advice}. The store was not read or changed"),
            what,
            source,
        },
        other => other,
    })
}

fn inspect(path: &Path) -> Result<bool, StoreError> {
    if !is_file(path)? {
        return Ok(false);
    }
    // Opened as the store opens it: access(2) does not detect an immutable file.
    fs::File::options().read(true).write(true).open(path).map_err(failed("open", path))?;
    Ok(true)
}

/// Whether there is a file at `path`, which is not opened.
///
/// # Errors
/// [`StoreError::Denied`] when there is something else; [`StoreError::Io`].
pub(super) fn is_file(path: &Path) -> Result<bool, StoreError> {
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(failed("inspect", path)(error)),
    };
    let kind = if metadata.is_symlink() { fs::metadata(path) } else { Ok(metadata) };
    let metadata = match kind {
        Ok(metadata) => metadata,
        Err(source) if source.kind() == ErrorKind::NotFound => {
            let link = fs::read_link(path).unwrap_or_default();
            let advice = format!(
                "It is a symbolic link to {}, which does not exist: mount the volume that it is on, \
                 or correct the link",
                link.display()
            );
            return Err(denied("open", path, source, advice));
        }
        Err(error) => return Err(failed("inspect", path)(error)),
    };
    if !metadata.is_file() {
        let advice = "A mount or a copy may have created it: move it away and put the store's file \
                      in its place";
        let source = match metadata.is_dir() {
            true => Errno::ISDIR.into(),
            false => io::Error::other("it is not a regular file"),
        };
        return Err(denied("open", path, source, advice.to_owned()));
    }
    Ok(true)
}

/// The error of doing `what` to `path`; where the operating system denied access, with what an operator
/// can do about it.
pub(super) fn failed<'a>(
    what: &'static str,
    path: &'a Path,
) -> impl FnOnce(io::Error) -> StoreError + 'a {
    move |source| {
        let advice = match source.kind() {
            ErrorKind::PermissionDenied => permissions(path),
            ErrorKind::ReadOnlyFilesystem => read_only(path),
            ErrorKind::IsADirectory => "A directory is in the place of a file".to_owned(),
            ErrorKind::NotADirectory | ErrorKind::AlreadyExists => {
                "A file is in the place of a directory".to_owned()
            }
            _ => {
                return StoreError::Io {
                    what: format!("cannot {what} {}", path.display()),
                    source,
                };
            }
        };
        denied(what, path, source, advice)
    }
}

/// The error of reading `path`; in `Err` as it was when it shows damage of the file.
pub(super) fn read_error(path: &Path, source: io::Error) -> Result<StoreError, io::Error> {
    if is_out_of_range_read(&source) { Err(source) } else { Ok(failed("read", path)(source)) }
}

fn denied(what: &str, path: &Path, source: io::Error, advice: String) -> StoreError {
    StoreError::Denied { what: format!("cannot {what} {}", path.display()), source, advice }
}

/// Who owns `path`, as which user this process runs, and what gives it access.
fn permissions(path: &Path) -> String {
    let (user, group) = (geteuid().as_raw(), getegid().as_raw());
    // Nothing below a directory without search permission can be inspected.
    let found = path.ancestors().find_map(|path| Some((path, fs::metadata(path).ok()?)));
    let Some((at, metadata)) = found else {
        return format!("This process runs as user {user}, group {group}");
    };
    let shown = at.display();
    if let Some(attribute) = attribute(at, &metadata) {
        return format!(
            "{shown} {}: {}",
            attribute.0,
            attribute.1.replace("FILE", &shown.to_string())
        );
    }
    let (owner, mode) = (metadata.uid(), metadata.mode() & MODE_BITS);
    let facts = format!(
        "{shown} belongs to user {owner}, group {}, mode {mode:04o}, and this process runs as user \
         {user}, group {group}",
        metadata.gid()
    );
    let bits = if metadata.is_dir() { "rwx" } else { "rw" };
    if owner == user && mode & OWNER_READ_WRITE == OWNER_READ_WRITE || user == 0 {
        return format!(
            "{facts}. Its mode allows it: check whether a security module, an access control list or \
             the server of a network file system denies it"
        );
    }
    if owner == user {
        return format!("{facts}: chmod u+{bits} {shown}");
    }
    format!(
        "{facts}. Run unoc as that user (sudo -u '#{owner}' unoc …), or give it to this one: chown \
         {user}:{group} {shown} && chmod u+{bits} {shown}"
    )
}

/// An attribute that keeps everybody from changing a file (ioctl_iflags(2)), and the command that
/// removes it.
fn attribute(path: &Path, metadata: &Metadata) -> Option<(&'static str, &'static str)> {
    if !metadata.is_file() && !metadata.is_dir() {
        return None;
    }
    let flags = ioctl_getflags(fs::File::open(path).ok()?).ok()?;
    if flags.contains(IFlags::IMMUTABLE) {
        Some(("is immutable", "chattr -i FILE"))
    } else if flags.contains(IFlags::APPEND) {
        Some(("is append-only", "chattr -a FILE"))
    } else {
        None
    }
}

fn read_only(path: &Path) -> String {
    let advice = "mount it for writing; if the kernel made it read-only after an error, see dmesg \
                  first; for a service, list the directory in ReadWritePaths= of the unit";
    match mount_of(path) {
        Some(mount) => format!("The volume at {} is read-only: {advice}", mount.display()),
        None => format!("Its volume is read-only: {advice}"),
    }
}

/// Where the volume that holds `path` is mounted.
fn mount_of(path: &Path) -> Option<PathBuf> {
    let path = path.ancestors().find_map(|path| path.canonicalize().ok())?;
    let mounts = fs::read_to_string(MOUNTS).ok()?;
    let points = mounts.lines().filter_map(|line| line.split(' ').nth(4)).map(unescaped);
    // Of several mounts at one point the last one hides the others.
    points.filter(|point| path.starts_with(point)).max_by_key(|point| point.components().count())
}

/// Decodes the octal escapes of blanks and backslashes.
fn unescaped(text: &str) -> PathBuf {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        let digits = after.get(..3).and_then(|digits| str::from_utf8(digits).ok());
        let escaped = digits.and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match escaped.filter(|_| byte == b'\\') {
            Some(escaped) => {
                bytes.push(escaped);
                rest = &after[3..];
            }
            None => {
                bytes.push(byte);
                rest = after;
            }
        }
    }
    PathBuf::from(std::ffi::OsString::from_vec(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mount_of_a_path_is_the_innermost() {
        assert_eq!(mount_of(Path::new("/proc/self/nothing")), Some("/proc".into()));
        assert_eq!(mount_of(Path::new("/proc")), Some("/proc".into()));
        assert_eq!(unescaped(r"/mnt/a\040b\134c\0"), Path::new(r"/mnt/a b\c\0"));
    }
}
