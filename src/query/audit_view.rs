//! Audit rows as JSON and as a table.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use utoipa::ToSchema;

use super::undo::check_undoable;
use crate::store::{AuditEntry, AuditImage, AuditLink};
use crate::wire::{
    Cell, DeviceView, InterfaceView, LinkView, Separator, Time, words_schema, write_heading,
    write_row,
};

/// One row: an accepted command, or something else that was done or refused.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditRow)]
pub struct AuditView<'a> {
    pub id: u64,
    /// The commit that made it durable; of an event without changes, the last one before it.
    seq: u64,
    #[schema(value_type = String, format = DateTime)]
    at: Time,
    /// Who it was.
    actor: &'a str,
    /// The address that the request came from; empty when it came over no network.
    address: &'a str,
    /// The request's `X-Request-Id`; empty outside HTTP.
    request_id: &'a str,
    action: &'a str,
    #[schema(schema_with = outcome_schema)]
    outcome: &'static str,
    /// What an event was about; null for a change of the network.
    #[schema(value_type = Option<Object>)]
    details: Option<Box<RawValue>>,
    /// The rows whose changes this one undid.
    undone_ids: &'a [u64],
    /// Whether the row allows an undo.
    undo: UndoabilityView,
    /// How many entities changed.
    change_count: u64,
    /// At most 100 of them, beginning with those that the command itself changed; fewer if the
    /// answer would be too large. In an export, at most 1,000.
    #[schema(value_type = Vec<ImageView<'_>>)]
    changes: Vec<Box<RawValue>>,
    /// SHA-256 of what the appliance keeps of the changes, which `hash` covers; null in rows from before the
    /// chain.
    changes_sha256: Option<String>,
    /// SHA-256 of the hash of the row before and of this row; null in rows from before the chain.
    hash: Option<String>,
}

/// Whether a row allows an undo, whatever was changed since: an undo may still be refused.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditUndo)]
struct UndoabilityView {
    is_possible: bool,
    /// Why not; null when it is possible.
    reason: Option<String>,
}

/// One entity before and after; null if it did not exist.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditChange)]
#[serde(tag = "kind", rename_all = "lowercase")]
#[expect(clippy::large_enum_variant, reason = "lives while one answer is written")]
enum ImageView<'a> {
    Device { id: u64, before: Option<DeviceView<'a>>, after: Option<DeviceView<'a>> },
    Interface { id: u64, before: Option<InterfaceView<'a>>, after: Option<InterfaceView<'a>> },
    Link { id: u64, before: Option<LinkView<'a>>, after: Option<LinkView<'a>> },
}

fn outcome_schema() -> utoipa::openapi::schema::Schema {
    words_schema(crate::store::AuditOutcome::ALL.map(crate::store::AuditOutcome::as_str))
}

impl<'a> AuditView<'a> {
    /// The row with as many changes as fit into `bytes_max`, but at least one.
    pub fn new(entry: &'a AuditEntry, bytes_max: usize) -> Self {
        let hex = |part: fn(AuditLink) -> String| entry.link.map(part);
        Self {
            id: entry.id,
            seq: entry.seq,
            at: Time(entry.at),
            actor: &entry.origin.actor,
            address: &entry.origin.address,
            request_id: &entry.origin.request_id,
            action: &entry.action,
            outcome: entry.outcome.as_str(),
            details: RawValue::from_string(entry.details.clone()).ok(),
            undone_ids: &entry.undone_ids,
            undo: UndoabilityView::new(entry),
            change_count: entry.change_count,
            changes: changes_within(entry, bytes_max),
            changes_sha256: hex(|link| link.changes.to_string()),
            hash: hex(|link| link.hash.to_string()),
        }
    }
}

/// Returns as many changes as fit, in JSON, but at least one.
fn changes_within(entry: &AuditEntry, bytes_max: usize) -> Vec<Box<RawValue>> {
    let mut bytes = 0;
    let mut shown = Vec::new();
    for image in &entry.images {
        let json = to_raw_value(&image_view(image)).expect("views are plain data");
        bytes += json.get().len();
        if bytes > bytes_max && !shown.is_empty() {
            break;
        }
        shown.push(json);
    }
    shown
}

impl UndoabilityView {
    fn new(entry: &AuditEntry) -> Self {
        let reason = check_undoable(entry).err().map(|reason| reason.to_string());
        Self { is_possible: reason.is_none(), reason }
    }
}

fn image_view(image: &AuditImage) -> ImageView<'_> {
    match image {
        AuditImage::Device { id, before, after } => ImageView::Device {
            id: *id,
            before: before.as_deref().map(DeviceView::new),
            after: after.as_deref().map(DeviceView::new),
        },
        AuditImage::Interface { id, before, after } => ImageView::Interface {
            id: *id,
            before: before.as_deref().map(InterfaceView::new),
            after: after.as_deref().map(InterfaceView::new),
        },
        AuditImage::Link { id, before, after } => ImageView::Link {
            id: *id,
            before: before.as_deref().map(LinkView::new),
            after: after.as_deref().map(LinkView::new),
        },
    }
}

const COLUMNS: [&str; 13] = [
    "id",
    "at",
    "actor",
    "address",
    "request_id",
    "action",
    "outcome",
    "details",
    "change_count",
    "seq",
    "undone_ids",
    "changes_sha256",
    "hash",
];

/// Writes the line of column names of a table of audit rows.
///
/// # Errors
/// Those of `out`.
pub(super) fn write_audit_heading(out: &mut impl Write) -> io::Result<()> {
    write_heading(out, Separator::Comma, &COLUMNS)
}

/// Writes a row of that table, without its changes.
///
/// # Errors
/// Those of `out`.
pub(super) fn write_audit_row(out: &mut impl Write, entry: &AuditEntry) -> io::Result<()> {
    let undone: Vec<String> = entry.undone_ids.iter().map(u64::to_string).collect();
    let cells = [
        entry.id.to_string(),
        Time(entry.at).to_string(),
        entry.origin.actor.clone(),
        entry.origin.address.clone(),
        entry.origin.request_id.clone(),
        entry.action.clone(),
        entry.outcome.as_str().to_owned(),
        entry.details.clone(),
        entry.change_count.to_string(),
        entry.seq.to_string(),
        undone.join(" "),
        entry.link.map(|link| link.changes.to_string()).unwrap_or_default(),
        entry.link.map(|link| link.hash.to_string()).unwrap_or_default(),
    ];
    let cells = cells.each_ref().map(|cell| Cell::Text(cell));
    write_row(out, Separator::Comma, &cells)
}
