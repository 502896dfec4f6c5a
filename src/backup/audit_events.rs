//! What the audit trail has of backups that were made and removed.
//!
//! What is on disk is so whether or not it can be recorded: an error only goes to the log.

use serde_json::{Value, json};
use tracing::warn;

use super::catalog::CatalogEntry;
use super::prune::Pruning;
use crate::engine::EngineHandle;
use crate::store::{AuditEvent, AuditOrigin};

/// Removed backups that a row names; a year of nightly ones is removed over a year.
const REMOVED_NAMED_MAX: usize = 100;

pub(super) async fn record_made(engine: &EngineHandle, entry: &CatalogEntry, origin: AuditOrigin) {
    let manifest = &entry.manifest;
    let details = json!({
        "backup": entry.id.to_string(),
        "reason": manifest.reason.as_str(),
        "seq": manifest.header.seq,
        "bytes": manifest.bytes,
        "sha256": manifest.sha256,
        "is_verified": entry.is_verified(),
    });
    record(engine, origin, "make backup", details).await;
}

pub(super) async fn record_verified(
    engine: &EngineHandle,
    entry: &CatalogEntry,
    origin: AuditOrigin,
) {
    let details = json!({ "backup": entry.id.to_string(), "is_ok": entry.is_verified() });
    record(engine, origin, "verify backup", details).await;
}

pub(super) async fn record_search(engine: &EngineHandle, found: u64, origin: AuditOrigin) {
    record(engine, origin, "search for backups", json!({ "found": found })).await;
}

pub(super) async fn record_pruned(engine: &EngineHandle, pruned: &Pruning, origin: &AuditOrigin) {
    if pruned.removed.is_empty() && pruned.copies.is_empty() {
        return;
    }
    let removed = pruned.removed.iter().take(REMOVED_NAMED_MAX).map(|(id, _)| id.to_string());
    let copies =
        pruned.copies.iter().map(|(target, ids)| json!({ "target": target, "count": ids.len() }));
    let details = json!({
        "removed": removed.collect::<Vec<_>>(),
        "removed_count": pruned.removed.len(),
        "copies": copies.collect::<Vec<_>>(),
        "bytes_freed": pruned.bytes_freed,
    });
    record(engine, origin.clone(), "delete backups", details).await;
}

async fn record(engine: &EngineHandle, origin: AuditOrigin, action: &'static str, details: Value) {
    let recorded = engine.record_event(AuditEvent::done(origin, action, details)).await;
    if let Err(error) = recorded {
        warn!(%error, "Not in the audit trail: {action}");
    }
}
