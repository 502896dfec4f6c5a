//! Checks of the data directory before a command opens the store or asks the server.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;

use super::exit::CommandError;
use super::service;
use crate::app::{self, ENDPOINT_FILE, ServerEndpoint};
use crate::config::Config;
use crate::store::{STORE_FILE, Store, read_marker};

/// Returns whether the data directory has never held a site.
pub(super) fn is_new_data_dir(config: &Config) -> bool {
    !Store::exists_in(&config.data_dir)
        && read_marker(&config.data_dir).is_ok_and(|it| it.is_none())
}

/// Refuses a data directory that has never held a site, so that a command which needs one does not make an
/// empty site where a path was mistyped.
pub(super) fn check_has_site(config: &Config) -> Result<(), CommandError> {
    if !is_new_data_dir(config) {
        return Ok(());
    }
    Err(CommandError::refused(format!(
        "{} holds no site. Check that this is the right data_dir. unoc restore latest restores a site \
         from backup_dir, or from an off-host target if site_id is set",
        config.data_dir.display()
    )))
}

/// Returns where the server that uses the data directory is, or was before it was killed.
///
/// # Errors
/// This user may not enter the data directory; the message names the group that may.
pub(super) fn endpoint(config: &Config) -> Result<Option<ServerEndpoint>, CommandError> {
    match service::remedy_if_denied(&config.data_dir.join(ENDPOINT_FILE)) {
        Some(remedy) => Err(CommandError::refused(format!("cannot reach the server: {remedy}"))),
        None => Ok(app::read_endpoint(&config.data_dir)),
    }
}

/// Who uses the store.
pub(super) enum StoreUse {
    /// A server. It is asked instead.
    Server,
    /// This process may open it, or finds out why it cannot.
    Free,
}

/// Finds out whether a command of a user other than the owner of the data directory has to ask the server,
/// without opening the store for writing: files that root makes there could not be opened by the service.
///
/// # Errors
/// This user may not open the store, and no server runs.
pub(super) fn store_use(config: &Config) -> Result<StoreUse, CommandError> {
    let user = rustix::process::geteuid();
    let owner = owner_of(config);
    if owner.is_none_or(|owner| owner.uid == user.as_raw()) {
        return Ok(StoreUse::Free);
    }
    let address = endpoint(config)?;
    let directory = config.data_dir.display();
    if user.is_root() {
        if app::is_store_in_use(config) {
            return Ok(StoreUse::Server);
        }
        // Most commands have become the owner before.
        return match owner {
            Some(Owner { uid: 0, .. }) | None => Ok(StoreUse::Free),
            Some(Owner { uid, .. }) => Err(CommandError::refused(format!(
                "{directory} belongs to another user (id {uid}), who could not open files created by \
                 root; run the command as that user: sudo -u '#{uid}' unoc … --data-dir {directory}"
            ))),
        };
    }
    let store = config.data_dir.join(STORE_FILE);
    match OpenOptions::new().read(true).write(true).open(store) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied && address.is_some() => {
            Ok(StoreUse::Server)
        }
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            Err(CommandError::temporary(format!(
                "no server runs on {directory}, and only its owner may open the store: start the \
                 server, or use sudo"
            )))
        }
        _ => Ok(StoreUse::Free),
    }
}

/// The user and the group of the data directory.
#[derive(Clone, Copy)]
pub(super) struct Owner {
    pub(super) uid: u32,
    pub(super) gid: u32,
}

/// Returns the owner of the data directory, if it exists.
pub(super) fn owner_of(config: &Config) -> Option<Owner> {
    let metadata = std::fs::metadata(&config.data_dir).ok()?;
    Some(Owner { uid: metadata.uid(), gid: metadata.gid() })
}
