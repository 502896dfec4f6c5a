//! The table of what an installation consists of. Installing, the dry run and uninstalling all read it.

use std::fs;
use std::io::{self, ErrorKind};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use clap_complete::Shell;

use crate::cli::args::completions;
use crate::cli::man;
use crate::config::{DEFAULT_FILE, commented_file};
use crate::util::files::write_durably;

/// The installed program.
pub(super) const PROGRAM: &str = "/usr/bin/unoc";
/// The directory of the configuration.
pub(super) const CONFIG_DIR: &str = "/etc/unoc";
/// The data directory, `StateDirectory=` of the unit.
pub(super) const DATA_DIR: &str = "/var/lib/unoc";
/// Where the units are; the one of the service, and where an operator could put one in its place.
pub(super) const UNIT_DIR: &str = "/usr/lib/systemd/system";
pub(super) const UNIT_FILE: &str = "/usr/lib/systemd/system/unoc.service";
const FAILURE_FILE: &str = "/usr/lib/systemd/system/unoc-failure@.service";
const UPGRADE_FILE: &str = "/usr/lib/systemd/system/unoc-upgrade.service";
pub(super) const OVERRIDING_UNIT: &str = "/etc/systemd/system/unoc.service";
/// What makes the user and the group, and what gives files and directories to them.
pub(super) const USERS_FILE: &str = "/usr/lib/sysusers.d/unoc.conf";
pub(super) const OWNERS_FILE: &str = "/usr/lib/tmpfiles.d/unoc.conf";

const UNIT: &str = include_str!("../../../systemd/unoc.service");
const FAILURE: &str = include_str!("../../../systemd/unoc-failure@.service");
const UPGRADE: &str = include_str!("../../../systemd/unoc-upgrade.service");
const USERS: &str = include_str!("../../../systemd/sysusers.conf");
const OWNERS: &str = include_str!("../../../systemd/tmpfiles.conf");

/// One thing that is installed.
pub(super) struct Part {
    /// What it is, as a noun in the singular.
    pub(super) what: &'static str,
    /// Its path on the installed host.
    pub(super) path: PathBuf,
    pub(super) kind: PartKind,
}

pub(super) enum PartKind {
    /// A file that each installation replaces and that uninstalling removes.
    File { content: Vec<u8>, mode: u32 },
    /// A file of the operator: made if there is none, and removed only by a purge.
    Settings { content: Vec<u8>, mode: u32 },
    /// A link that only the first installation makes: an operator may have disabled the service.
    Enabled { target: &'static str },
    /// A file that another command leaves; uninstalling removes it.
    Left,
    /// A directory of the operator or of the service, removed with its content by a purge.
    Directory { is_made_here: bool },
}

/// What installing a part has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PartState {
    Missing,
    /// There is another version.
    Differs,
    /// Nothing is to be done: it is the same, or it is kept as it is.
    Settled,
}

/// Returns every part, in the order in which they are made.
///
/// # Errors
/// This program cannot be read.
pub(super) fn parts() -> io::Result<Vec<Part>> {
    let file = |what, path: &str, content: Vec<u8>| {
        let kind = PartKind::File { content, mode: 0o644 };
        Part { what, path: path.into(), kind }
    };
    let directory = |what, path: &str, is_made_here| {
        let kind = PartKind::Directory { is_made_here };
        Part { what, path: path.into(), kind }
    };
    let program = PartKind::File { content: fs::read("/proc/self/exe")?, mode: 0o755 };
    let settings = PartKind::Settings { content: commented_file().into_bytes(), mode: 0o640 };
    let mut parts = vec![
        Part { what: "program", path: PROGRAM.into(), kind: program },
        file("definition of the user", USERS_FILE, USERS.into()),
        file("definition of the owners", OWNERS_FILE, OWNERS.into()),
        directory("configuration directory", CONFIG_DIR, true),
        Part { what: "configuration", path: DEFAULT_FILE.into(), kind: settings },
        directory("data directory", DATA_DIR, false),
    ];
    for (shell, path) in [
        (Shell::Bash, "/usr/share/bash-completion/completions/unoc"),
        // The only place that every distribution's zsh searches.
        (Shell::Zsh, "/usr/local/share/zsh/site-functions/_unoc"),
        (Shell::Fish, "/usr/share/fish/vendor_completions.d/unoc.fish"),
    ] {
        parts.push(file("completion", path, completions(shell)));
    }
    for page in man::pages()? {
        let path = format!("/usr/share/man/man1/{}", page.file);
        parts.push(file("manual page", &path, page.text));
    }
    for path in ["/usr/bin/unoc.previous", "/usr/bin/unoc.rescue", "/usr/bin/unoc.upgrade.json"] {
        parts.push(Part { what: "trace of an upgrade", path: path.into(), kind: PartKind::Left });
    }
    parts.push(directory("directory of drop-ins", "/etc/systemd/system/unoc.service.d", false));
    parts.push(Part {
        what: "start with the host",
        path: "/etc/systemd/system/multi-user.target.wants/unoc.service".into(),
        kind: PartKind::Enabled { target: UNIT_FILE },
    });
    parts.push(file("unit", FAILURE_FILE, FAILURE.into()));
    parts.push(file("unit", UPGRADE_FILE, UPGRADE.into()));
    // The last one: an installation that was cut off before it counts as the first one again.
    parts.push(file("unit", UNIT_FILE, UNIT.into()));
    Ok(parts)
}

impl Part {
    /// Returns where the part is below `root`.
    pub(super) fn path_below(&self, root: &Path) -> PathBuf {
        below(root, &self.path)
    }

    /// Returns what installing has to do. `is_first` is whether the service was not installed before.
    pub(super) fn state(&self, root: &Path, is_first: bool) -> io::Result<PartState> {
        let path = self.path_below(root);
        let exists = fs::symlink_metadata(&path).is_ok();
        let if_missing = |is_wanted: bool| match is_wanted && !exists {
            true => PartState::Missing,
            false => PartState::Settled,
        };
        Ok(match &self.kind {
            PartKind::Settings { .. } => if_missing(true),
            PartKind::Enabled { .. } => if_missing(is_first),
            PartKind::Directory { is_made_here } => if_missing(*is_made_here),
            PartKind::Left => PartState::Settled,
            PartKind::File { .. } if !exists => PartState::Missing,
            PartKind::File { .. } if path.is_dir() => PartState::Differs,
            PartKind::File { content, mode } => {
                let is_same = fs::read(&path)? == *content
                    && fs::metadata(&path)?.permissions().mode() & 0o7777 == *mode;
                if is_same { PartState::Settled } else { PartState::Differs }
            }
        })
    }

    /// Makes the part, whole or not at all.
    pub(super) fn make(&self, root: &Path) -> io::Result<()> {
        let path = self.path_below(root);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        match &self.kind {
            PartKind::File { content, mode } | PartKind::Settings { content, mode } => {
                write_durably(&path, content, *mode)
            }
            PartKind::Enabled { target } => symlink(target, &path),
            PartKind::Directory { .. } => fs::create_dir(&path),
            PartKind::Left => Ok(()),
        }
    }

    /// Returns whether the part is there and uninstalling removes it.
    pub(super) fn is_removed(&self, root: &Path, is_purge: bool) -> bool {
        let is_of_operator =
            matches!(self.kind, PartKind::Settings { .. } | PartKind::Directory { .. });
        (is_purge || !is_of_operator) && fs::symlink_metadata(self.path_below(root)).is_ok()
    }

    /// Removes the part. It is no error if it is gone.
    pub(super) fn remove(&self, root: &Path) -> io::Result<()> {
        let path = self.path_below(root);
        let removed = match self.kind {
            PartKind::Directory { .. } => remove_directory(&path),
            _ => fs::remove_file(&path),
        };
        removed.or_else(|error| match error.kind() {
            ErrorKind::NotFound => Ok(()),
            _ => Err(error),
        })
    }
}

/// Returns a path of the installed host below `root`.
pub(super) fn below(root: &Path, path: &Path) -> PathBuf {
    root.join(path.strip_prefix("/").unwrap_or(path))
}

/// Removes a directory with its content, also behind a link. The root of a volume stays, empty.
fn remove_directory(path: &Path) -> io::Result<()> {
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        match entry.file_type()?.is_dir() {
            true => fs::remove_dir_all(entry.path())?,
            false => fs::remove_file(entry.path())?,
        }
    }
    fs::remove_dir(path).or_else(|error| match error.kind() {
        ErrorKind::ResourceBusy => Ok(()),
        ErrorKind::NotADirectory => fs::remove_file(path),
        _ => Err(error),
    })
}
