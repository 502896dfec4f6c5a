//! The table `audit`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::audit_v1::{DeviceImageV1, InterfaceImageV1, LinkImageV1};
use super::row_reader::RowReader;
use super::{Column, ColumnType, Entity, Row, RowError, Table, Value, id_of};
use crate::domain::{Device, Interface, Link, Timestamp};
use crate::store::{AuditEntry, AuditHash, AuditImage, AuditLink, AuditOrigin, AuditOutcome};
use crate::wire::{DeviceView, InterfaceView, LinkView, Time};

/// Most images in one row; of a larger command only the first ones. `change_count` is the number of
/// all.
pub const AUDIT_IMAGES_MAX: usize = 1_000;

pub static AUDIT: Table = Table {
    name: "audit",
    columns: &[
        Column("id", ColumnType::Int),
        Column("seq", ColumnType::Int),
        Column("at", ColumnType::Timestamptz),
        Column("actor", ColumnType::Text),
        Column("request_id", ColumnType::Text),
        Column("action", ColumnType::Text),
        Column("change_count", ColumnType::Int),
        Column("changes", ColumnType::Jsonb),
        Column("address", ColumnType::Text),
        Column("outcome", ColumnType::Text),
        Column("details", ColumnType::Text),
        Column("changes_sha256", ColumnType::Text),
        Column("hash", ColumnType::Text),
    ],
    columns_of_v1: 8,
    columns_of_v2: 8,
};

/// Returns the row of an audit entry.
pub fn audit_row(entry: &AuditEntry) -> Row<'_> {
    row(entry, image)
}

/// Returns the row that version 1 of the schema had, whose images had fewer keys.
pub fn audit_row_of_v1(entry: &AuditEntry) -> Row<'_> {
    row(entry, image_of_v1)
}

fn row(entry: &AuditEntry, image: fn(&AuditImage) -> String) -> Row<'_> {
    vec![
        Value::id(entry.id),
        Value::id(entry.seq),
        Value::Time(entry.at),
        Value::text(&entry.origin.actor),
        Value::text(&entry.origin.request_id),
        Value::text(&entry.action),
        Value::id(entry.change_count),
        Value::Json(images(entry, image)),
        Value::text(&entry.origin.address),
        Value::text(entry.outcome.as_str()),
        Value::text(&entry.details),
        hash(entry.link.map(|link| link.changes)),
        hash(entry.link.map(|link| link.hash)),
    ]
}

fn hash(hash: Option<AuditHash>) -> Value<'static> {
    hash.map_or(Value::Null, |hash| Value::Text(hash.to_string().into()))
}

/// Returns the entry of a row. Its images lack what views do not show: the times of ports, the
/// upstream path and further digits. Written again, the row is the same.
///
/// # Errors
/// A value is not one that this program writes.
pub fn audit_entry(row: &[Value<'_>]) -> Result<AuditEntry, RowError> {
    let mut reader = RowReader::new(&AUDIT, row);
    let (id, seq, at) = (reader.id()?, reader.id()?, reader.time()?);
    let actor = reader.text()?.to_owned();
    let request_id = reader.text()?.to_owned();
    let action = reader.text()?.to_owned();
    let change_count = reader.id()?;
    let json = reader.json()?;
    let images = read_images(json).map_err(|what| reader.error(what))?;
    // Rows of earlier versions of the schema have none of these.
    let address = reader.opt_text()?.unwrap_or_default().to_owned();
    let outcome = reader.opt_word(AuditOutcome::parse)?.unwrap_or(AuditOutcome::Done);
    let details = reader.opt_text()?.unwrap_or_default().to_owned();
    let (changes, hash) = (reader.opt_word(AuditHash::parse)?, reader.opt_word(AuditHash::parse)?);
    let link = changes.zip(hash).map(|(changes, hash)| AuditLink { changes, hash });
    Ok(AuditEntry {
        id,
        seq,
        at,
        origin: AuditOrigin { actor, address, request_id },
        action,
        outcome,
        details,
        undone_ids: Vec::new(),
        change_count,
        direct: None,
        image_count: images.len() as u64,
        images,
        link,
    })
}

/// One changed entity before and after.
#[derive(Serialize, Deserialize)]
struct ImageJson<'a, V> {
    kind: &'a str,
    id: u64,
    before: Option<V>,
    after: Option<V>,
}

fn images(entry: &AuditEntry, image: fn(&AuditImage) -> String) -> String {
    let images: Vec<String> = entry.images.iter().take(AUDIT_IMAGES_MAX).map(image).collect();
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

fn image_of_v1(image: &AuditImage) -> String {
    match image {
        AuditImage::Device { id, before, after } => {
            let [before, after] =
                [before, after].map(|side| side.as_deref().map(DeviceImageV1::new));
            json(&ImageJson { kind: "device", id: *id, before, after })
        }
        AuditImage::Interface { id, before, after } => {
            let [before, after] =
                [before, after].map(|side| side.as_deref().map(InterfaceImageV1::new));
            json(&ImageJson { kind: "interface", id: *id, before, after })
        }
        AuditImage::Link { id, before, after } => {
            let [before, after] = [before, after].map(|side| side.as_deref().map(LinkImageV1::new));
            json(&ImageJson { kind: "link", id: *id, before, after })
        }
    }
}

fn json<V: Serialize>(image: &ImageJson<'_, V>) -> String {
    serde_json::to_string(image).expect("views are plain data")
}

fn read_images(json: &str) -> Result<Vec<AuditImage>, String> {
    let images: Vec<ImageJson<'_, Map<String, Json>>> =
        serde_json::from_str(json).map_err(|error| format!("cannot be read: {error}"))?;
    images.iter().map(read_image).collect()
}

fn read_image(image: &ImageJson<'_, Map<String, Json>>) -> Result<AuditImage, String> {
    let id = image.id;
    Ok(match image.kind {
        "device" => {
            let (before, after) = sides::<Device>(image)?;
            AuditImage::Device { id, before, after }
        }
        "interface" => {
            let (before, after) = sides::<Interface>(image)?;
            AuditImage::Interface { id, before, after }
        }
        "link" => {
            let (before, after) = sides::<Link>(image)?;
            AuditImage::Link { id, before, after }
        }
        other => return Err(format!("has an image of the unknown kind {other:?}")),
    })
}

type Sides<T> = (Option<Box<T>>, Option<Box<T>>);

fn sides<T: Entity>(image: &ImageJson<'_, Map<String, Json>>) -> Result<Sides<T>, String> {
    let side = |view: &Option<Map<String, Json>>| {
        let entity = view.as_ref().map(|view| T::from_row(&row_of_view(T::TABLE, view)));
        entity.transpose().map(|entity| entity.map(Box::new)).map_err(|error| error.to_string())
    };
    Ok((side(&image.before)?, side(&image.after)?))
}

/// Returns the values of a view in the order of the table's columns, which are its keys.
fn row_of_view<'v>(table: &Table, view: &'v Map<String, Json>) -> Row<'v> {
    let signal = view.get("signal").and_then(Json::as_object);
    let joined = view.get("cross_connect").and_then(Json::as_object);
    let served = view.get("served_by").and_then(Json::as_object);
    let find = |name: &str| match name {
        "signal_class" => signal?.get("class"),
        "limiting_direction" | "rx_down_dbm" | "rx_up_dbm" | "margin_db" => signal?.get(name),
        "olt_id" | "pon_interface_id" | "pon_port" | "splitter_id" | "splitter_interface_id" => {
            served?.get(name)
        }
        _ => match name.strip_prefix("cross_connect_") {
            Some(key) => joined?.get(key),
            None => view.get(name),
        },
    };
    let value = |column: &Column| match (find(column.0), column.0) {
        // Views of ports and links do not show these.
        (None, "created_at" | "updated_at") => Value::Time(Timestamp(0)),
        (None, "uplink_link_ids") => Value::Ints(Vec::new()),
        (json, _) => value_of_json(json, column.1),
    };
    table.columns.iter().map(value).collect()
}

/// Returns the value for a column. A value of another type becomes NULL, which the entity refuses.
fn value_of_json(json: Option<&Json>, column: ColumnType) -> Value<'_> {
    let value = match column {
        ColumnType::Int => json.and_then(Json::as_u64).map(|id| Value::Int(id_of(id))),
        ColumnType::Float => json.and_then(Json::as_f64).map(Value::Float),
        ColumnType::Bool => json.and_then(Json::as_bool).map(Value::Bool),
        ColumnType::Text => json.and_then(Json::as_str).map(Value::text),
        ColumnType::Timestamptz => {
            json.and_then(Json::as_str).and_then(Time::parse).map(Value::Time)
        }
        ColumnType::TextArray => json.and_then(Json::as_array).map(|words| {
            Value::Texts(words.iter().filter_map(Json::as_str).map(Into::into).collect())
        }),
        ColumnType::IntArray | ColumnType::Jsonb => None,
    };
    value.unwrap_or(Value::Null)
}
