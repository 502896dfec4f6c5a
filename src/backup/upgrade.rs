//! The backup before a newer program changes the local store.

use tracing::info;

use super::backups::BackupOptions;
use super::catalog::{Catalog, CatalogEntry};
use super::error::BackupError;
use super::make::{self, SiteState};
use super::manifest::BackupReason;
use super::notes::{Depth, Verification};
use super::progress::{Operation, ProgressBoard};
use super::stage::{STAGE_DIR, StageSource, Staged};
use super::{files, verify};
use crate::domain::Timestamp;
use crate::store::Store;
use crate::util::milliseconds;

/// Saves the site of a store that no engine runs on yet, and restores it to prove it.
///
/// # Errors
/// [`BackupError`]; the store must then not be changed.
pub fn save_before_upgrade(
    store: &Store,
    options: &BackupOptions,
    now: Timestamp,
) -> Result<CatalogEntry, BackupError> {
    let progress = ProgressBoard::default().begin(Operation::Backup, now)?;
    let _lock = files::lock(&options.directory)?;
    let catalog = Catalog::new(&options.directory, Some(store.site_id()));
    let snapshot = store.read()?;
    let state = SiteState {
        snapshot: &snapshot,
        site_id: store.site_id(),
        site_name: &options.site_name,
        reason: BackupReason::Upgrade,
        now,
        keyring: &options.keyring,
        targets: options.target_names(),
        min_free_bytes: options.min_free_bytes,
        store_bytes: store.file_bytes()?,
    };
    let mut entry = make::run(&catalog, &state, &progress)?;
    let path = catalog.path(&entry);
    let start = tokio::time::Instant::now();
    let staged = Staged::restore(
        &StageSource {
            file: &path,
            manifest: Some(&entry.manifest),
            keyring: &options.keyring,
            data_dir: &options.data_dir,
            stage: STAGE_DIR,
            min_free_bytes: options.min_free_bytes,
            site_id: Some(store.site_id()),
            now,
        },
        &progress,
    );
    // Each start would leave another one.
    drop(staged.inspect_err(|_| drop(catalog.forget(&entry)))?);
    entry.notes.verification = Some(Verification {
        at_us: now.0,
        depth: Depth::Quick,
        is_ok: true,
        duration_ms: milliseconds(start.elapsed()),
        message: verify::sentence(&entry, start.elapsed()),
        postgres: None,
        postgres_result: None,
    });
    catalog.write_notes(&entry.id, &entry.notes)?;
    info!(backup.id = %entry.id, "Saved the site before the store is upgraded");
    Ok(entry)
}
