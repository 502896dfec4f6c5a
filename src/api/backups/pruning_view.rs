//! What the retention removes, as JSON.

use serde::Serialize;
use utoipa::ToSchema;

use crate::backup::{BackupId, Pruning};

/// What pruning does, or would do.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Pruning)]
pub struct PruningView {
    keep: Vec<KeptView>,
    remove: Vec<RemovedView>,
    bytes_freed: u64,
    targets: Vec<PrunedTargetView>,
}

/// A backup that stays.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PruningKept)]
struct KeptView {
    id: String,
    because: Vec<&'static str>,
}

/// A backup that goes.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PruningRemoved)]
struct RemovedView {
    id: String,
    bytes: u64,
}

/// Copies that go.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PruningTarget)]
struct PrunedTargetView {
    target: String,
    remove: Vec<String>,
}

impl PruningView {
    pub fn new(pruning: Pruning) -> Self {
        let bytes_freed = pruning.bytes_freed();
        let keep =
            |(id, because): (BackupId, Vec<&'static str>)| KeptView { id: id.to_string(), because };
        Self {
            keep: pruning.kept.into_iter().rev().map(keep).collect(),
            remove: pruning
                .removed
                .into_iter()
                .map(|(id, bytes)| RemovedView { id: id.to_string(), bytes })
                .collect(),
            bytes_freed,
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
