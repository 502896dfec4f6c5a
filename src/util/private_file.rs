//! Files that hold secrets.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// The permissions of everybody else (chmod(1)). A group may read a secret: it is how a service reads one of root's.
const OTHERS: u32 = 0o007;

/// Returns why a file is no place for a secret, with the command that mends it; `None` if only its owner and its
/// group have access, and for what is no regular file, such as a pipe.
pub fn exposure(path: &Path, metadata: &Metadata) -> Option<String> {
    (metadata.is_file() && metadata.mode() & OTHERS != 0)
        .then(|| format!("everyone has access to it; chmod o= {}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_secret_is_of_its_owner_and_its_group() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secret");
        fs::write(&path, "x").unwrap();
        for (mode, is_private) in [
            (0o600, true),
            (0o400, true),
            (0o640, true),
            (0o644, false),
            (0o602, false),
            (0o601, false),
        ] {
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let found = exposure(&path, &fs::metadata(&path).unwrap());
            assert_eq!(found.is_none(), is_private, "{mode:o}");
            assert!(found.is_none_or(|why| why.ends_with(&format!("chmod o= {}", path.display()))));
        }
        assert_eq!(exposure(directory.path(), &fs::metadata("/tmp").unwrap()), None);
    }
}
