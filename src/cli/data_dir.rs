//! Checks of the data directory before a command opens the store.

use std::os::unix::fs::MetadataExt as _;

use super::exit::CommandError;
use crate::config::Config;
use crate::store::{Store, read_marker};

/// Returns whether the data directory has never held a site.
pub(super) fn is_new_data_dir(config: &Config) -> bool {
    !Store::exists_in(&config.data_dir)
        && read_marker(&config.data_dir).is_ok_and(|it| it.is_none())
}

/// Refuses to run as root in a data directory of another user: the service could not open files
/// that root creates.
pub(super) fn check_data_dir_owner(config: &Config) -> Result<(), CommandError> {
    let owner = std::fs::metadata(&config.data_dir).map_or(0, |metadata| metadata.uid());
    if owner == 0 || !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    Err(CommandError::refused(format!(
        "{} belongs to another user (id {owner}), who could not open files created by root; run \
         the command as that user: sudo -u '#{owner}' unoc … --data-dir {0}",
        config.data_dir.display()
    )))
}
