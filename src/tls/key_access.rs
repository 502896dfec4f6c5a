//! Who may read a private key, beside the service.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::error::TlsError;

const OTHERS: u32 = 0o007;
const GROUP_WRITES: u32 = 0o020;
const GROUP_READS: u32 = 0o040;

/// The user and the group that the process acts as.
#[derive(Clone, Copy)]
struct Reader {
    uid: u32,
    gid: u32,
}

/// Checks that nobody else can read a key that was opened: only its owner, or a group that root or the service itself
/// gave it to.
///
/// # Errors
/// [`TlsError::ExposedKey`] has the commands that correct it.
pub(super) fn check_key_access(path: &Path, metadata: &Metadata) -> Result<(), TlsError> {
    let reader = Reader {
        uid: rustix::process::geteuid().as_raw(),
        gid: rustix::process::getegid().as_raw(),
    };
    let Some(what) = exposure(metadata.mode(), metadata.uid(), metadata.gid(), reader) else {
        return Ok(());
    };
    let remedy = remedy(path, metadata.uid(), reader, &group_name);
    Err(TlsError::ExposedKey { path: path.to_owned(), what: what.to_owned(), remedy })
}

/// Returns the commands that let the service read a key that it may not read.
pub(super) fn remedy_of_denied(path: &Path) -> String {
    let reader = Reader {
        uid: rustix::process::geteuid().as_raw(),
        gid: rustix::process::getegid().as_raw(),
    };
    // Whoever owns it, it is not the service.
    remedy(path, 0, reader, &group_name)
}

fn exposure(mode: u32, owner: u32, group: u32, reader: Reader) -> Option<&'static str> {
    // As PostgreSQL has it for its key: what root gives to a group is meant so.
    let is_meant_for_group = owner == 0 || group == reader.gid;
    if mode & OTHERS != 0 {
        Some("every user of this host can use this private key")
    } else if mode & GROUP_WRITES != 0 {
        Some("its whole group can replace this private key")
    } else if mode & GROUP_READS != 0 && !is_meant_for_group {
        Some("its whole group can read this private key")
    } else {
        None
    }
}

fn remedy(path: &Path, owner: u32, reader: Reader, group_name: &dyn Fn(u32) -> String) -> String {
    let path = path.display();
    if owner == reader.uid || reader.uid == 0 {
        return format!("chmod 600 {path}");
    }
    format!("sudo chown root:{} {path} && sudo chmod 640 {path}", group_name(reader.gid))
}

/// The name of a group in the database of the host; its number when it has none there.
fn group_name(gid: u32) -> String {
    let groups = fs::read_to_string("/etc/group").unwrap_or_default();
    let number = gid.to_string();
    let mut entries = groups.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let found = entries.find(|fields| fields.get(2) == Some(&number.as_str()));
    found.and_then(|fields| fields.first().map(|name| (*name).to_owned())).unwrap_or(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVICE: Reader = Reader { uid: 998, gid: 997 };

    #[test]
    fn only_the_service_and_whom_root_means_may_read_a_key() {
        let check = |mode: u32, owner: u32, group: u32, is_exposed: bool| {
            let found = exposure(0o100_000 | mode, owner, group, SERVICE);
            assert_eq!(found.is_some(), is_exposed, "{mode:o} {owner}:{group}: {found:?}");
        };
        check(0o600, 998, 100, false);
        check(0o400, 998, 100, false);
        check(0o640, 0, 997, false);
        // Debian's group ssl-cert.
        check(0o640, 0, 120, false);
        check(0o640, 998, 997, false);
        check(0o640, 1000, 997, false);
        check(0o640, 998, 100, true);
        check(0o640, 1000, 1000, true);
        check(0o644, 0, 0, true);
        check(0o604, 998, 997, true);
        check(0o602, 998, 997, true);
        check(0o660, 0, 997, true);
    }

    #[test]
    fn the_remedy_fits_the_owner() {
        let named = |_| "unoc".to_owned();
        let check = |owner, reader, expected: &str| {
            assert_eq!(remedy(Path::new("/etc/unoc/key.pem"), owner, reader, &named), expected);
        };
        check(998, SERVICE, "chmod 600 /etc/unoc/key.pem");
        check(5, Reader { uid: 0, gid: 0 }, "chmod 600 /etc/unoc/key.pem");
        let by_root = "sudo chown root:unoc /etc/unoc/key.pem && sudo chmod 640 /etc/unoc/key.pem";
        check(0, SERVICE, by_root);
        check(1000, SERVICE, by_root);
        assert_eq!(group_name(0), "root");
        assert_eq!(group_name(4_000_000_000), "4000000000");
    }
}
