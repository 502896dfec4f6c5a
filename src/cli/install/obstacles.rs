//! What keeps an installation from succeeding: all of it is found before anything is written.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::Access;

use super::host::{self, ServiceState};
use super::parts::{DATA_DIR, OVERRIDING_UNIT, PROGRAM, Part, PartKind, PartState, below};
use crate::cli::service::InstalledService;
use crate::config::{self, Config, ConfigErrors, DEFAULT_FILE, Sources};
use crate::store::Store;
use crate::util::format_bytes;

/// Room that is left on each volume beside the parts, for file systems that need some for themselves.
const RESERVE_BYTES: u64 = 4 << 20;
/// A new store with the demo network, beside `min_free_mib`.
const STORE_BYTES: u64 = 16 << 20;

/// Returns what keeps the parts from being installed below `root`, each with what to do.
pub(super) fn of_installing(
    root: &Path,
    plan: &[(&Part, PartState)],
    is_started: bool,
) -> Vec<String> {
    let is_host = root == Path::new("/");
    let mut found = Vec::new();
    if is_host {
        found.extend(of_host());
    }
    found.extend(of_package(root));
    let changes = || plan.iter().filter(|(_, state)| *state != PartState::Settled);
    found.extend(changes().filter_map(|(part, _)| of_path(&part.path_below(root), &part.kind)));
    found.extend(of_overriding_unit(root));
    let config = configuration(root);
    let parts = changes().map(|(part, _)| (part.path_below(root), bytes_of(part)));
    // An upgrade of a site that is there must not wait for room.
    let store =
        config.as_ref().ok().filter(|config| !Store::exists_in(&below(root, &config.data_dir)));
    let store = store.map(|it| (below(root, &it.data_dir), it.min_free_bytes + STORE_BYTES));
    found.extend(of_space(parts.chain(store)));
    match config {
        Ok(config) if is_started => found.extend(of_port(&config)),
        Ok(_) => {}
        Err(errors) => {
            let errors = errors.0.iter();
            found.extend(errors.map(|error| format!("{error}; correct it in {DEFAULT_FILE}")));
        }
    }
    found.dedup();
    found
}

/// Returns what keeps an installation below `root` from being removed; a purge needs to know where the data
/// is.
pub(super) fn of_uninstalling(
    root: &Path,
    is_purge: bool,
    errors: Option<&ConfigErrors>,
) -> Vec<String> {
    let is_root = root != Path::new("/") || rustix::process::geteuid().is_root();
    let rights = (!is_root).then(|| "root's rights are needed: run it with sudo".to_owned());
    let errors = errors.filter(|_| is_purge).map_or(&[][..], |errors| &errors.0);
    let errors = errors.iter().map(|error| {
        format!("{error}; correct it in {DEFAULT_FILE}, which tells where the data is, or remove the file")
    });
    rights.into_iter().chain(of_package(root)).chain(errors).collect()
}

fn of_host() -> Vec<String> {
    let mut found = Vec::new();
    if !rustix::process::geteuid().is_root() {
        found.push("root's rights are needed: run it with sudo".to_owned());
    }
    if !host::is_booted() {
        found.push(
            "systemd does not run this host: start unoc serve by what does, or install into an image \
             with --root"
                .to_owned(),
        );
    }
    found
}

/// A file that a package manager owns must be changed by it alone.
fn of_package(root: &Path) -> Option<String> {
    // Of a package that was removed, the list has its configuration only.
    let list = fs::read_to_string(below(root, Path::new("/var/lib/dpkg/info/unoc.list"))).ok()?;
    list.lines().any(|line| line == PROGRAM).then(|| {
        "UNOC was installed as a package: use apt to upgrade it or to remove it".to_owned()
    })
}

/// A unit of this name in /etc hides the one that is installed.
fn of_overriding_unit(root: &Path) -> Option<String> {
    let path = below(root, Path::new(OVERRIDING_UNIT));
    fs::symlink_metadata(&path).ok()?;
    Some(match fs::read_link(&path).is_ok_and(|target| target == Path::new("/dev/null")) {
        true => "the service is masked: systemctl unmask unoc".to_owned(),
        false => format!(
            "{OVERRIDING_UNIT} would hide the unit that is installed: remove it, and make changes of \
             yours by systemctl edit unoc"
        ),
    })
}

/// The path is something else, or cannot be written.
fn of_path(path: &Path, kind: &PartKind) -> Option<String> {
    if let Ok(metadata) = fs::symlink_metadata(path)
        && metadata.is_dir() != matches!(kind, PartKind::Directory { .. })
    {
        let is = if metadata.is_dir() { "a directory" } else { "not a directory" };
        return Some(format!("{} is {is}: move it away", path.display()));
    }
    let parent = existing(path.parent()?);
    if !parent.is_dir() {
        return Some(format!("{} is not a directory: move it away", parent.display()));
    }
    let error = rustix::fs::access(&parent, Access::WRITE_OK | Access::EXEC_OK).err()?;
    let advice = match std::io::Error::from(error).kind() {
        ErrorKind::ReadOnlyFilesystem => "mount it for writing",
        _ => "run it with sudo",
    };
    Some(format!("{} cannot be written: {advice}", parent.display()))
}

/// Returns the path, or the nearest directory above it that exists.
fn existing(path: &Path) -> PathBuf {
    let found = path.ancestors().find(|path| fs::symlink_metadata(path).is_ok());
    found.unwrap_or(Path::new("/")).to_owned()
}

fn bytes_of(part: &Part) -> u64 {
    match &part.kind {
        PartKind::File { content, .. } | PartKind::Settings { content, .. } => content.len() as u64,
        PartKind::Enabled { .. } | PartKind::Directory { .. } | PartKind::Left => 0,
    }
}

/// Volumes without room for what is written to them.
fn of_space(files: impl Iterator<Item = (PathBuf, u64)>) -> Vec<String> {
    let mut volumes: BTreeMap<u64, (PathBuf, u64)> = BTreeMap::new();
    for (path, bytes) in files {
        let place = existing(&path);
        let Ok(metadata) = fs::metadata(&place) else { continue };
        volumes.entry(metadata.dev()).or_insert((place, RESERVE_BYTES)).1 += bytes;
    }
    let lacking = volumes.into_values().filter_map(|(place, needed)| {
        let stat = rustix::fs::statvfs(&place).ok()?;
        let free = stat.f_bavail.saturating_mul(stat.f_frsize);
        (free < needed).then(|| {
            let (free, needed) = (format_bytes(free), format_bytes(needed));
            format!(
                "the volume of {} has {free} free, {needed} are needed: free some space",
                place.display()
            )
        })
    });
    lacking.collect()
}

/// Returns the configuration that the service starts with.
pub(super) fn configuration(root: &Path) -> Result<Config, ConfigErrors> {
    let mut environment = [("STATE_DIRECTORY".to_owned(), DATA_DIR.to_owned())].into();
    if root == Path::new("/") {
        if let Some(service) = InstalledService::of_program(Path::new(PROGRAM)) {
            environment = service.environment_of_command(environment);
        }
        return config::load(&Sources { environment, ..Sources::default() });
    }
    let file = below(root, Path::new(DEFAULT_FILE));
    match file.exists() {
        true => {
            let config_file = Some(file);
            config::load(&Sources { config_file, environment, ..Sources::default() })
        }
        false => Ok(Config::for_data_dir(DATA_DIR)),
    }
}

/// The address is one that another program uses, or that this host does not have.
fn of_port(config: &Config) -> Option<String> {
    if host::service_state() == ServiceState::Running {
        return None;
    }
    let (host, port) = (config.host, config.port);
    let error = TcpListener::bind((host, port)).err()?;
    Some(match error.kind() {
        ErrorKind::AddrInUse => format!(
            "another program listens on port {port} of {host} (ss -ltnp shows it): stop it, or install \
             with --no-start and set another port in {DEFAULT_FILE}"
        ),
        _ => format!("cannot listen on port {port} of {host}: {error}; correct {DEFAULT_FILE}"),
    })
}
