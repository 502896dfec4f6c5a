//! The table `audit`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::row_reader::RowReader;
use super::{Column, ColumnType, Entity, Row, RowError, Table, Value, id_of};
use crate::domain::{Device, Interface, Link, Timestamp};
use crate::store::{AuditEntry, AuditImage, AuditOrigin};
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
    ],
};

/// Returns the row of an audit entry.
pub fn audit_row(entry: &AuditEntry) -> Row<'_> {
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

/// Returns the entry of a row. Its images lack what views do not show: the times of ports, the
/// upstream path and further digits. Written again, the row is the same.
///
/// # Errors
/// A value is not one that this program writes.
pub fn audit_entry(row: &[Value<'_>]) -> Result<AuditEntry, RowError> {
    let mut reader = RowReader::new(&AUDIT, row);
    Ok(AuditEntry {
        id: reader.id()?,
        seq: reader.id()?,
        at: reader.time()?,
        origin: AuditOrigin {
            actor: reader.text()?.to_owned(),
            request_id: reader.text()?.to_owned(),
        },
        action: reader.text()?.to_owned(),
        change_count: reader.id()?,
        images: {
            let json = reader.json()?;
            read_images(json).map_err(|what| reader.error(what))?
        },
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

fn images(entry: &AuditEntry) -> String {
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
    let find = |name: &str| match name {
        "signal_class" => signal?.get("class"),
        "limiting_direction" | "rx_down_dbm" | "rx_up_dbm" | "margin_db" => signal?.get(name),
        _ => view.get(name),
    };
    table.columns.iter().map(|column| value_of_json(find(column.0), column.1)).collect()
}

/// Returns the value for a column. A value of another type becomes NULL, which the entity refuses.
fn value_of_json(json: Option<&Json>, column: ColumnType) -> Value<'_> {
    let value = match column {
        ColumnType::Int => json.and_then(Json::as_u64).map(|id| Value::Int(id_of(id))),
        ColumnType::Float => json.and_then(Json::as_f64).map(Value::Float),
        ColumnType::Text => json.and_then(Json::as_str).map(Value::text),
        ColumnType::Timestamptz => {
            let time = json.and_then(Json::as_str).and_then(Time::parse);
            Some(Value::Time(time.unwrap_or(Timestamp(0))))
        }
        ColumnType::IntArray => Some(Value::Ints(Vec::new())),
        ColumnType::TextArray => json.and_then(Json::as_array).map(|words| {
            Value::Texts(words.iter().filter_map(Json::as_str).map(Into::into).collect())
        }),
        ColumnType::Jsonb => None,
    };
    value.unwrap_or(Value::Null)
}
