//! The options of backups.

use std::path::PathBuf;
use std::sync::Arc;

use super::error::BackupError;
use super::keys::Keyring;
use super::retention::Retention;
use super::targets::BackupTarget;
use crate::pg::PgConfig;

/// Reads how to reach PostgreSQL. The error says why the address cannot be used.
pub type ReadPgConfig = Arc<dyn Fn() -> Result<PgConfig, String> + Send + Sync>;

/// The options of backups: what the configuration decides.
pub struct BackupOptions {
    /// Where they are kept.
    pub directory: PathBuf,
    pub data_dir: PathBuf,
    pub keyring: Keyring,
    pub targets: Vec<BackupTarget>,
    /// Targets that are configured and could not be set up.
    pub unusable_targets: Vec<UnusableTarget>,
    pub retention: Retention,
    /// Age of the newest verified backup from which the site counts as unprotected.
    pub stale_after_s: u64,
    pub site_name: String,
    /// Free space that backups and restores leave on a volume.
    pub min_free_bytes: u64,
    /// Reads how to reach the PostgreSQL in which backups are verified too; `None` without a mirror.
    pub read_pg_config: Option<ReadPgConfig>,
}

/// A target off the host that could not be set up.
#[derive(Clone, Debug)]
pub struct UnusableTarget {
    /// As of a usable target; its address if it has no name.
    pub name: String,
    /// Without secrets.
    pub url: String,
    pub what: String,
}

impl UnusableTarget {
    pub(super) fn error(&self) -> BackupError {
        BackupError::TargetNotSetUp { name: self.name.clone(), what: self.what.clone() }
    }
}

impl BackupOptions {
    /// The names of all targets, usable or not.
    pub(super) fn target_names(&self) -> Vec<String> {
        let usable = self.targets.iter().map(|target| target.name().to_owned());
        usable.chain(self.unusable_targets.iter().map(|target| target.name.clone())).collect()
    }

    /// Whether copies are to go off the host, even if no target is usable.
    pub fn has_targets(&self) -> bool {
        !self.targets.is_empty() || !self.unusable_targets.is_empty()
    }

    /// Checks that every target is usable.
    ///
    /// # Errors
    /// [`BackupError::TargetNotSetUp`] of the first that is not.
    pub(super) fn check_targets(&self) -> Result<(), BackupError> {
        self.unusable_targets.first().map_or(Ok(()), |target| Err(target.error()))
    }
}
