//! The options of backups.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

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
    /// Where copies of them go.
    pub targets: SharedTargets,
    pub retention: Retention,
    /// Age of the newest verified backup from which the site counts as unprotected.
    pub stale_after_s: u64,
    pub site_name: String,
    /// Free space that backups and restores leave on a volume.
    pub min_free_bytes: u64,
    /// Reads how to reach the PostgreSQL in which backups are verified too; `None` without a mirror.
    pub read_pg_config: Option<ReadPgConfig>,
}

/// The targets off the host as they are configured.
#[derive(Default)]
pub struct TargetSet {
    pub usable: Vec<BackupTarget>,
    /// Those that could not be set up.
    pub unusable: Vec<UnusableTarget>,
}

/// The targets off the host. They are replaced when the configuration is read again; an operation that is
/// running goes on with those that it began with.
#[derive(Default)]
pub struct SharedTargets(RwLock<Arc<TargetSet>>);

impl SharedTargets {
    pub fn new(targets: TargetSet) -> Self {
        Self(RwLock::new(Arc::new(targets)))
    }

    pub fn current(&self) -> Arc<TargetSet> {
        // Nothing that panics is done while it is held.
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn replace(&self, targets: TargetSet) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(targets);
    }
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
        let TargetSet { usable, unusable } = &*self.targets.current();
        let usable = usable.iter().map(|target| target.name().to_owned());
        usable.chain(unusable.iter().map(|target| target.name.clone())).collect()
    }

    /// Whether copies are to go off the host, even if no target is usable.
    pub fn has_targets(&self) -> bool {
        let targets = self.targets.current();
        !targets.usable.is_empty() || !targets.unusable.is_empty()
    }

    /// Checks that every target is usable.
    ///
    /// # Errors
    /// [`BackupError::TargetNotSetUp`] of the first that is not.
    pub(super) fn check_targets(&self) -> Result<(), BackupError> {
        self.targets.current().unusable.first().map_or(Ok(()), |target| Err(target.error()))
    }
}
