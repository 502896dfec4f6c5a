//! Files that hold one secret.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// Largest file of a secret, far above the longest secret that a key allows.
const SECRET_BYTES_MAX: u64 = 64 * 1024;

/// The permissions of everybody else (chmod(1)). A group may read a secret: it is how a service reads one of root's.
const OTHERS: u32 = 0o007;

/// Returns the secret that the file at `path` holds, without the line breaks at its end.
///
/// # Errors
/// A message: everybody can read the file, or it cannot be read, is empty, is too large, or is not UTF-8.
pub(super) fn read_secret(path: &Path) -> Result<String, String> {
    if let Some(why) = exposure(path) {
        return Err(why);
    }
    let bytes = read_limited(path, SECRET_BYTES_MAX).map_err(|error| error.to_string())?;
    let text = String::from_utf8(bytes).map_err(|_| "the file is not UTF-8".to_owned())?;
    // Some editors write a byte order mark.
    let secret = text.trim_start_matches('\u{feff}').trim_end_matches(['\r', '\n']);
    if secret.is_empty() { Err("the file is empty".to_owned()) } else { Ok(secret.to_owned()) }
}

/// Returns why a file is no place for a secret, with the command that mends it; `None` if only its owner and its
/// group have access, for what is no regular file, and for one that cannot be looked at.
pub(super) fn exposure(path: &Path) -> Option<String> {
    let metadata = std::fs::metadata(path).ok()?;
    (metadata.is_file() && metadata.mode() & OTHERS != 0)
        .then(|| format!("everyone has access to the file; chmod o= {}", path.display()))
}

/// Reads a file of less than `bytes_max` bytes.
pub(super) fn read_limited(path: &Path, bytes_max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut file = File::open(path)?.take(bytes_max);
    file.read_to_end(&mut bytes)?;
    if file.limit() == 0 {
        let message = format!("the file is {bytes_max} bytes or larger");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    Ok(bytes)
}
