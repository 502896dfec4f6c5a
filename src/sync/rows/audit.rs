//! `audit`

use postgres::types::Type;
use serde::Serialize;

use super::{Column, Row, Table, Value};
use crate::store::{AuditEntry, AuditImage};
use crate::wire::{DeviceView, InterfaceView, LinkView};

/// Images that go into one row; a larger command's first ones. `change_count` tells the rest.
const IMAGES_MAX: usize = 1_000;

pub(in crate::sync) static AUDIT: Table = Table {
    name: "audit",
    columns: &[
        Column("id", Type::INT8),
        Column("seq", Type::INT8),
        Column("at", Type::TIMESTAMPTZ),
        Column("actor", Type::TEXT),
        Column("request_id", Type::TEXT),
        Column("action", Type::TEXT),
        Column("change_count", Type::INT8),
        Column("changes", Type::JSONB),
    ],
};

/// An audit entry's row.
pub(in crate::sync) fn audit_row(entry: &AuditEntry) -> Row<'_> {
    vec![
        Value::id(entry.id),
        Value::id(entry.seq),
        Value::Time(entry.at),
        Value::text(&entry.origin.actor),
        Value::text(&entry.origin.request_id),
        Value::text(&entry.action),
        Value::id(entry.change_count),
        Value::Json(images(entry)),
    ]
}

/// One changed entity before and after.
#[derive(Serialize)]
struct ImageJson<V> {
    kind: &'static str,
    id: u64,
    before: Option<V>,
    after: Option<V>,
}

fn images(entry: &AuditEntry) -> String {
    let images: Vec<String> = entry.images.iter().take(IMAGES_MAX).map(image).collect();
    format!("[{}]", images.join(","))
}

fn image(image: &AuditImage) -> String {
    match image {
        AuditImage::Device { id, before, after } => {
            let [before, after] = [before, after].map(|side| side.as_deref().map(DeviceView::new));
            json(&ImageJson { kind: "device", id: *id, before, after })
        }
        AuditImage::Interface { id, before, after } => {
            let [before, after] =
                [before, after].map(|side| side.as_deref().map(InterfaceView::new));
            json(&ImageJson { kind: "interface", id: *id, before, after })
        }
        AuditImage::Link { id, before, after } => {
            let [before, after] = [before, after].map(|side| side.as_deref().map(LinkView::new));
            json(&ImageJson { kind: "link", id: *id, before, after })
        }
    }
}

fn json<V: Serialize>(image: &ImageJson<V>) -> String {
    serde_json::to_string(image).expect("views are plain data")
}
