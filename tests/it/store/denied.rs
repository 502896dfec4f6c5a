//! A store that the operating system denies to the program is never called lost, and never moved to the
//! quarantine: its content is whole, and with it every acknowledged change.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use unoc::store::{MARKER_FILE, QUARANTINE_DIR, STORE_FILE};

use crate::harness::process::{Said, said};
use crate::harness::skip;
use crate::harness::unprivileged;

/// Commands that create, move or replace something in the data directory.
const COMMANDS: [&[&str]; 5] = [
    &["serve", "--port", "0"],
    &["restore", "latest", "--yes"],
    &["restore", "latest", "--yes", "--json"],
    &["backup", "now"],
    &["export", "/dev/null"],
];

/// A site with a backup that belongs to a user without privileges.
struct Site {
    _parent: TempDir,
    data_dir: PathBuf,
}

impl Site {
    /// None where that user cannot run the program.
    fn new() -> Option<Self> {
        let parent = tempfile::tempdir().expect("a directory");
        fs::set_permissions(parent.path(), Permissions::from_mode(0o755)).expect("it is ours");
        let data_dir = parent.path().join("data");
        fs::create_dir(&data_dir).expect("a directory");
        mode(&data_dir, 0o700);
        unprivileged::give(&data_dir);
        let site = Self { _parent: parent, data_dir };
        let tried = site.command(&["version"]).output();
        if !tried.is_ok_and(|output| output.status.success()) {
            skip("denied stores: no other user can run the program here");
            return None;
        }
        site.run(&["seed"]).expect(0);
        site.run(&["backup", "now"]).expect(0);
        Some(site)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let program = Path::new(env!("CARGO_BIN_EXE_unoc"));
        let mut command = unprivileged::command(program, "KILL");
        command.args(arguments).arg("--data-dir").arg(&self.data_dir);
        command.env("HOME", "/nonexistent");
        command
    }

    #[track_caller]
    fn run(&self, arguments: &[&str]) -> Said {
        said(&mut self.command(arguments))
    }

    fn store(&self) -> PathBuf {
        self.data_dir.join(STORE_FILE)
    }

    /// Every command refuses with these words, and the file at `whole` is not changed.
    #[track_caller]
    fn refuses(&self, case: &str, whole: &Path, words: &[&str]) {
        let state = || (fs::metadata(whole).map(|it| it.ino()).ok(), fs::read(whole).ok());
        let before = state();
        assert!(before.1.is_some(), "{case}: the store can be read by the test");
        for arguments in COMMANDS {
            let said = self.run(arguments);
            let about = format!("{case}: {arguments:?}: {said:?}");
            assert_eq!(said.code, 3, "{about}");
            for words in words {
                assert!(said.stderr.contains(words), "{words:?} not in {about}");
            }
            assert!(!said.stderr.contains("unoc restore latest"), "{about}");
            assert!(state() == before, "{about}: the store was changed");
            assert!(!self.data_dir.join(QUARANTINE_DIR).exists(), "{about}");
        }
    }

    #[track_caller]
    fn can_be_read(&self, case: &str) {
        let said = self.run(&["export", "/dev/null"]);
        assert_eq!(said.code, 0, "{case}: {said:?}");
    }
}

fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("the mode can be set");
}

#[test]
fn a_store_of_another_owner_or_mode_is_denied_and_not_lost() {
    let Some(site) = Site::new() else { return };
    let store = site.store();
    if rustix::process::geteuid().is_root() {
        chown(&store, Some(0), Some(0)).unwrap();
        let words = ["unoc.redb", "belongs to user 0, group 0, mode 0600", "user 65534", "chown "];
        site.refuses("another owner", &store, &words);
        unprivileged::give(&store);
        site.can_be_read("another owner");

        chown(&site.data_dir, Some(0), Some(0)).unwrap();
        let words = [site.data_dir.to_str().unwrap(), "belongs to user 0"];
        site.refuses("a directory of another owner", &store, &words);
        unprivileged::give(&site.data_dir);
    } else {
        skip("a store of another owner: only root can change owners");
    }
    for bits in [0o000, 0o400, 0o200] {
        // Without privileges, the test itself reads what it compares.
        if bits & 0o400 == 0 && !rustix::process::geteuid().is_root() {
            continue;
        }
        mode(&store, bits);
        let shown = format!("mode {bits:04o}");
        site.refuses(&shown, &store, &[&shown, "chmod u+rw"]);
    }
    mode(&store, 0o600);
    site.can_be_read("its own mode");
}

#[test]
fn a_directory_link_or_bad_marker_is_named() {
    let Some(site) = Site::new() else { return };
    let (store, moved) = (site.store(), site.data_dir.join("moved"));
    fs::rename(&store, &moved).unwrap();
    fs::create_dir(&store).unwrap();
    site.refuses("a directory", &moved, &["Is a directory", "move it away"]);
    fs::remove_dir(&store).unwrap();

    symlink("/nonexistent/volume/unoc.redb", &store).unwrap();
    let words = ["symbolic link to /nonexistent/volume/unoc.redb", "mount the volume"];
    site.refuses("a link to nothing", &moved, &words);
    fs::remove_file(&store).unwrap();
    symlink(&moved, &store).unwrap();
    site.can_be_read("a link to the store");
    fs::remove_file(&store).unwrap();
    fs::rename(&moved, &store).unwrap();

    let marker = site.data_dir.join(MARKER_FILE);
    let text = fs::read(&marker).unwrap();
    fs::write(&marker, b"").unwrap();
    site.refuses("an empty marker", &store, &[MARKER_FILE, "cannot be read", "Remove"]);
    fs::remove_file(&marker).unwrap();
    site.can_be_read("without the marker");
    assert!(fs::read(&marker).unwrap() == text, "it names the same site");
}

#[test]
fn an_immutable_store_is_denied_and_not_lost() {
    let Some(site) = Site::new() else { return };
    let store = site.store();
    let attribute = |change: &str| {
        let changed = Command::new("chattr").arg(change).arg(&store).output();
        changed.is_ok_and(|output| output.status.success())
    };
    if !attribute("+i") {
        skip("an immutable store: this user or file system cannot make one");
        return;
    }
    let refused = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        site.refuses("immutable", &store, &["is immutable", "chattr -i"]);
    }));
    assert!(attribute("-i"), "the attribute can be removed again");
    refused.unwrap();
    site.can_be_read("no longer immutable");
}

#[test]
fn a_store_on_a_volume_mounted_read_only_is_denied_and_not_lost() {
    let Some(site) = Site::new() else { return };
    let directory = site.data_dir.to_str().unwrap().to_owned();
    // The mount is in a namespace of the command's own, and ends with it.
    let inside = |arguments: &[&str]| {
        let command = site.command(arguments);
        let words = [command.get_program()].into_iter().chain(command.get_args());
        let mut unshared = Command::new("unshare");
        unshared.args(["--mount", "sh", "-c"]);
        unshared.arg("mount --bind -o ro \"$0\" \"$0\" || exit 99; exec \"$@\"").arg(&directory);
        unshared.args(words).env("HOME", "/nonexistent").env("LC_ALL", "C");
        unshared
    };
    let tried = inside(&["version"]).output();
    if !tried.is_ok_and(|output| output.status.success()) {
        skip("a store on a read-only volume: this user cannot mount");
        return;
    }
    let before = fs::read(site.store()).unwrap();
    for arguments in COMMANDS {
        let said = said(&mut inside(arguments));
        assert_eq!(said.code, 3, "{arguments:?}: {said:?}");
        let expected = format!("The volume at {directory} is read-only");
        assert!(said.stderr.contains(&expected), "{arguments:?}: {said:?}");
        assert!(!said.stderr.contains("unoc restore latest"), "{arguments:?}: {said:?}");
    }
    assert!(fs::read(site.store()).unwrap() == before);
    site.can_be_read("mounted for writing");
}
