//! Finding and fetching copies that are off the host.

use std::collections::BTreeSet;
use std::path::Path;

use uuid::Uuid;

use super::catalog::{Catalog, CatalogEntry};
use super::error::BackupError;
use super::files;
use super::library::Library;
use super::manifest::Manifest;
use super::name::BackupId;
use super::notes::{CopyNote, CopyState};
use super::options::UnusableTarget;
use super::targets::BackupTarget;
use crate::store::DiskSpace;

/// Largest manifest: 2 kB as they are.
pub(super) const MANIFEST_BYTES_MAX: u64 = 1024 * 1024;
/// Manifests that are read at one target when a lost host looks for its backups: ten years of any
/// sensible retention.
const DISCOVERED_MAX: usize = 1_000;

/// Fetches the file of a backup into the directory, from the first target that has it undamaged.
///
/// # Errors
/// [`BackupError::NotLocal`] when no target has it; the error of the last target.
pub(super) async fn fetch(
    library: &Library,
    entry: &CatalogEntry,
) -> Result<CatalogEntry, BackupError> {
    let Library { options, catalog, .. } = library;
    let is_at = |target: &&UnusableTarget| entry.notes.copies.contains_key(&target.name);
    let targets = options.targets.current();
    let unusable = targets.unusable.iter().find(is_at).map(UnusableTarget::error);
    let mut failed = unusable.unwrap_or_else(|| BackupError::NotLocal(entry.id.to_string()));
    let manifest = &entry.manifest;
    check_space(catalog.directory(), manifest)?;
    let into = catalog.path(entry);
    for target in &targets.usable {
        if !entry.notes.copies.contains_key(target.name()) {
            continue;
        }
        let site_id = manifest.header.site_id;
        match target.fetch(site_id, &manifest.file, &into, manifest.bytes).await {
            Ok(fetched) if fetched.sha256 == manifest.sha256 => return catalog.find(&entry.id),
            Ok(_) => {
                files::remove(&into)?;
                let what = format!("the copy at {} was altered", target.name());
                failed = BackupError::Damaged { file: manifest.file.clone(), what };
            }
            Err(error) => failed = error.into(),
        }
    }
    Err(failed)
}

/// Checks that the directory has room for a file.
///
/// # Errors
/// [`BackupError::NoRoom`].
pub(super) fn check_space(directory: &Path, manifest: &Manifest) -> Result<(), BackupError> {
    let space = DiskSpace::of(directory)?;
    let needed_bytes = manifest.bytes;
    if space.free_bytes < needed_bytes {
        return Err(BackupError::NoRoom { what: "fetching a copy", space, needed_bytes });
    }
    Ok(())
}

/// Returns the manifests at a target of backups of a site that are not known to have a copy there.
///
/// # Errors
/// Those of the target; when the directory cannot be read.
pub(super) async fn discover(
    catalog: &Catalog,
    target: &BackupTarget,
    site_id: Uuid,
) -> Result<Vec<Manifest>, BackupError> {
    let known = known_at(catalog, target)?;
    let files = target.list(site_id).await?;
    let ids: BTreeSet<BackupId> = files
        .iter()
        .filter_map(|file| BackupId::parse(&file.name).filter(|id| id.manifest() == file.name))
        .filter(|id| !known.contains(id))
        .collect();
    let mut manifests = Vec::new();
    for id in ids.into_iter().rev().take(DISCOVERED_MAX) {
        let bytes = target.get_small(site_id, &id.manifest(), MANIFEST_BYTES_MAX).await?;
        manifests.extend(read_manifest(&bytes, &id, site_id));
    }
    Ok(manifests)
}

/// The manifest of a backup at a target; `None` if it is not about this very backup of this very site. What
/// cannot be read was made by something else, or is from a newer version.
pub(super) fn read_manifest(bytes: &[u8], id: &BackupId, site_id: Uuid) -> Option<Manifest> {
    let manifest = serde_json::from_slice::<Manifest>(bytes).ok();
    manifest.filter(|it| it.file == id.file(!it.key_ids.is_empty()) && it.header.site_id == site_id)
}

/// Adds copies that were found at a target, and with them the backups that are not listed yet.
///
/// # Errors
/// When the directory cannot be written.
pub(super) fn add_copies(
    catalog: &Catalog,
    target: &BackupTarget,
    manifests: &[Manifest],
) -> Result<(), BackupError> {
    for manifest in manifests {
        let note = CopyNote { state: CopyState::Done, ..CopyNote::default() };
        catalog.add_copy(manifest, target.name(), note)?;
    }
    Ok(())
}

/// Backups that are known to have a copy at a target.
fn known_at(catalog: &Catalog, target: &BackupTarget) -> Result<BTreeSet<BackupId>, BackupError> {
    let entries = catalog.list()?.into_iter();
    Ok(entries.filter(|entry| entry.has_copy_at(target.name())).map(|entry| entry.id).collect())
}
