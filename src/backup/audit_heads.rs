//! What backups know of the audit trail.

use std::path::Path;

use uuid::Uuid;

use super::catalog::{Catalog, CatalogEntry};
use super::error::BackupError;
use super::manifest::SavedChain;
use crate::query::KnownAuditHead;

/// The newest row of the trail at the time of each of these backups.
pub fn audit_heads_of(entries: &[CatalogEntry]) -> Vec<KnownAuditHead> {
    let known = |entry: &CatalogEntry| {
        let header = &entry.manifest.header;
        let chain = header.audit_chain.as_ref().and_then(SavedChain::chain)?;
        let source = format!("backup {}", entry.id);
        Some(KnownAuditHead { source, at: header.taken_at(), head: chain.head })
    };
    entries.iter().filter_map(known).collect()
}

/// The same of all backups of a site in a directory. Blocks while that does not respond.
///
/// # Errors
/// When the directory cannot be read.
pub fn audit_heads_in(directory: &Path, site_id: Uuid) -> Result<Vec<KnownAuditHead>, BackupError> {
    Ok(audit_heads_of(&Catalog::new(directory, Some(site_id)).list()?))
}
