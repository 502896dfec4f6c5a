//! Running programs that refuse root, so that none of them outlives its test.

use std::os::unix::fs::chown;
use std::path::Path;
use std::process::Command;

/// `nobody` and its group, on every Linux.
const NOBODY: u32 = 65534;

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// A command that runs as `nobody` when this is root, and ends by `signal` with the thread that
/// started it.
pub(crate) fn command(program: &Path, signal: &str) -> Command {
    let mut command = Command::new("setpriv");
    if is_root() {
        command.args([format!("--reuid={NOBODY}"), format!("--regid={NOBODY}")]);
        command.arg("--clear-groups");
    }
    command.arg(format!("--pdeathsig={signal}")).arg("--").arg(program);
    command.env_clear().env("LC_ALL", "C").env("PATH", "/usr/bin:/bin").current_dir("/");
    command
}

/// Gives a file or directory to the user of [`command`].
pub(crate) fn give(path: &Path) {
    if is_root() {
        chown(path, Some(NOBODY), Some(NOBODY)).expect("root can give files away");
    }
}

/// Gives a directory with all that is in it.
pub(crate) fn give_all(directory: &Path) {
    give(directory);
    for entry in
        std::fs::read_dir(directory).expect("a directory").map(|entry| entry.expect("an entry"))
    {
        if entry.file_type().expect("its type").is_dir() {
            give_all(&entry.path());
        } else {
            give(&entry.path());
        }
    }
}
