//! The backup before a newer program changes the local store.

use std::sync::Arc;

use tracing::info;

use super::catalog::CatalogEntry;
use super::error::BackupError;
use super::library::Library;
use super::make::{self, SiteState};
use super::manifest::BackupReason;
use super::operation::OperationGuard;
use super::options::BackupOptions;
use super::progress::Operation;
use crate::engine::Clock;
use crate::store::Store;

/// Saves and verifies the site of a store that no engine runs on yet.
///
/// # Errors
/// [`BackupError`]; the store must then not be changed.
pub fn save_before_upgrade(
    store: &Store,
    options: BackupOptions,
    clock: Clock,
) -> Result<CatalogEntry, BackupError> {
    let site_id = store.site_id();
    let library = Arc::new(Library::new(options, Some(site_id), clock));
    let operation = OperationGuard::begin(&library, Operation::Backup)?;
    let snapshot = Arc::new(store.read()?);
    let state = SiteState { snapshot, site_id, store_bytes: store.file_bytes()? };
    let entry = make::back_up(&operation, state, BackupReason::Upgrade, &|_| {})?;
    info!(backup.id = %entry.id, "Saved the site before the store is upgraded");
    Ok(entry)
}
