//! The data that a purge removes from another place than the usual one, and what it keeps.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::parts::{DATA_DIR, Part, PartKind, below};
use crate::config::Config;
use crate::store::{STORE_FILE, Store};

/// Where the data is, as the configuration says.
pub(super) struct DataPlaces {
    /// The data directory.
    pub(super) data_dir: PathBuf,
    /// The data directory as a part of the installation, unless it is the usual one.
    pub(super) elsewhere: Option<Part>,
    /// What a purge keeps, as sentences.
    pub(super) kept: Vec<String>,
}

impl DataPlaces {
    pub(super) fn of(root: &Path, config: &Config) -> Self {
        let (data_dir, backup_dir) = (config.data_dir.clone(), config.backup_dir());
        let is_there = |path: &Path| fs::symlink_metadata(below(root, path)).is_ok();
        let is_elsewhere = data_dir != Path::new(DATA_DIR) && is_there(&data_dir);
        let mut kept = Vec::new();
        let is_own = is_elsewhere && is_of_one_site(&below(root, &data_dir));
        if is_elsewhere && !is_own {
            kept.push(format!(
                "{} stays: it holds no site, or belongs to another user than the site in it",
                data_dir.display()
            ));
        }
        let is_inside =
            [&*data_dir, Path::new(DATA_DIR)].iter().any(|it| backup_dir.starts_with(it));
        if !is_inside && is_there(&backup_dir) {
            kept.push(format!("{} stays, with the backups in it", backup_dir.display()));
        }
        let kind = PartKind::Directory { is_made_here: false };
        let part = Part { what: "data directory", path: data_dir.clone(), kind };
        let elsewhere = Some(part).filter(|_| is_own);
        Self { data_dir, elsewhere, kept }
    }
}

/// Whether a directory is of a site alone. One that several programs use, such as `/srv`, is root's, while the
/// store in it is the service's.
fn is_of_one_site(directory: &Path) -> bool {
    let owner = |path: &Path| fs::metadata(path).map(|file| file.uid()).ok();
    Store::exists_in(directory) && owner(directory) == owner(&directory.join(STORE_FILE))
}
