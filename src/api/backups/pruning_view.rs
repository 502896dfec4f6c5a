//! The result of pruning, as JSON.

use serde::Serialize;
use utoipa::ToSchema;

use crate::backup::{BackupId, Pruning};

/// What pruning removed and kept, or would.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Pruning)]
pub struct PruningView {
    keep: Vec<KeptView>,
    remove: Vec<RemovedView>,
    bytes_freed: u64,
    targets: Vec<PrunedTargetView>,
    /// Copies that could not be removed, for example from a bucket with an object lock; empty in a
    /// preview.
    stay: Vec<StayedView>,
}

/// A copy that could not be removed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PruningStayed)]
struct StayedView {
    id: String,
    target: String,
    reason: String,
}

/// A backup that is kept.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PruningKept)]
struct KeptView {
    id: String,
    because: Vec<&'static str>,
}

/// A backup that is removed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PruningRemoved)]
struct RemovedView {
    id: String,
    bytes: u64,
}

/// Copies that are removed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PruningTarget)]
struct PrunedTargetView {
    target: String,
    remove: Vec<String>,
}

impl PruningView {
    pub fn new(pruning: Pruning) -> Self {
        let keep =
            |(id, because): (BackupId, Vec<&'static str>)| KeptView { id: id.to_string(), because };
        Self {
            keep: pruning.retained.into_iter().rev().map(keep).collect(),
            remove: pruning
                .removed
                .into_iter()
                .map(|(id, bytes)| RemovedView { id: id.to_string(), bytes })
                .collect(),
            bytes_freed: pruning.bytes_freed,
            stay: pruning
                .failed_removals
                .into_iter()
                .map(|it| StayedView { id: it.id.to_string(), target: it.target, reason: it.why })
                .collect(),
            targets: pruning
                .copies
                .into_iter()
                .map(|(target, ids)| PrunedTargetView {
                    target,
                    remove: ids.iter().map(ToString::to_string).collect(),
                })
                .collect(),
        }
    }
}
