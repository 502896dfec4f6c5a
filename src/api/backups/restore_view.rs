//! The result of a restore, as JSON.

use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::Schema;

use crate::backup::{Counts, RestoreReport};
use crate::wire::{Time, words_schema};

/// What a restore changed, or would change.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Restore)]
pub struct RestoreView {
    backup_id: String,
    is_dry_run: bool,
    #[schema(value_type = String, format = DateTime)]
    taken_at: Time,
    version: String,
    duration_ms: u64,
    seq: SeqView,
    counts: CountsView,
    devices: DevicesView,
    /// Changes that were made after the backup.
    changes_lost: u64,
    newest_change_lost: Option<LostView>,
}

/// The last commit.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RestoreSeq)]
struct SeqView {
    now: u64,
    backup: u64,
}

/// Entities before and after.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RestoreCounts)]
struct CountsView {
    devices: CountView,
    interfaces: CountView,
    links: CountView,
}

/// The number now, and after the restore.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RestoreCount)]
struct CountView {
    now: u64,
    after: u64,
}

/// The changes to devices.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RestoreDevices)]
struct DevicesView {
    added: u64,
    removed: u64,
    changed: u64,
    /// At most 20.
    examples: Vec<ExampleView>,
}

/// A device that is added, removed or changed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RestoreExample)]
struct ExampleView {
    /// `added`, `removed` or `changed`.
    #[schema(schema_with = change_schema)]
    change: &'static str,
    id: u64,
    name: String,
}

/// A change that the backup lacks.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RestoreLostChange)]
struct LostView {
    #[schema(value_type = String, format = DateTime)]
    at: Time,
    seq: u64,
    action: String,
    actor: String,
}

impl RestoreView {
    pub fn new(report: RestoreReport) -> Self {
        let difference = report.difference;
        let count = |Counts { now, after }| CountView { now, after };
        Self {
            backup_id: report.backup_id,
            is_dry_run: report.is_dry_run,
            taken_at: Time(report.taken_at),
            version: report.version,
            duration_ms: report.duration_ms,
            seq: SeqView { now: difference.seq_now, backup: difference.seq_backup.unwrap_or(0) },
            counts: CountsView {
                devices: count(difference.devices),
                interfaces: count(difference.interfaces),
                links: count(difference.links),
            },
            devices: DevicesView {
                added: difference.devices_added,
                removed: difference.devices_removed,
                changed: difference.devices_changed,
                examples: difference
                    .examples
                    .into_iter()
                    .map(|it| ExampleView { change: it.change, id: it.id, name: it.name })
                    .collect(),
            },
            changes_lost: difference.changes_lost,
            newest_change_lost: difference.newest_change_lost.map(|lost| LostView {
                at: Time(lost.at),
                seq: lost.seq,
                action: lost.action,
                actor: lost.actor,
            }),
        }
    }
}

fn change_schema() -> Schema {
    words_schema(["added", "removed", "changed"])
}
