//! Devices, links and cross-connects as tables in text: CSV with commas, semicolons or tabs. The page, the API and
//! the command line share this parser and writer.

mod cells;
mod columns;
mod encoding;
mod error;
mod heading;
mod read;
mod records;
mod report;
mod separator;
mod write;

pub use columns::TableKind;
pub use encoding::Encoding;
pub use error::{TableError, TableErrors};
pub use read::{Reading, TableOptions, looks_like_table, read_table};
pub use report::{ImportErrors, ImportReport};
pub use separator::Separator;
pub use write::{Cell, write_heading, write_row};

use std::io::{self, Write};

use super::{SignalView, Time};
use crate::domain::{
    CrossConnect, Device, DeviceDetails, Interface, Link, Medium, Override, OverrideReason,
    PonClass, Status,
};

/// Largest table: 300 bytes for each of the allowed rows; a typical row has 80.
pub const TABLE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Most rows in one table. Each may be a device with ports, and all of them are one command.
pub const TABLE_ROWS_MAX: usize = 50_000;

/// Writes the names of the columns.
pub fn write_table_heading(
    out: &mut impl Write,
    kind: TableKind,
    separator: Separator,
) -> io::Result<()> {
    write_heading(out, separator, kind.columns_written())
}

/// The names that a device's row shows beside its own.
#[derive(Clone, Copy, Debug, Default)]
pub struct DeviceRowNames<'a> {
    pub container: Option<&'a str>,
    /// The OLT that serves a leaf, or the AON switch.
    pub olt: Option<&'a str>,
    /// The splitter next to a leaf.
    pub splitter: Option<&'a str>,
    /// Its port towards the leaf.
    pub splitter_port: Option<&'a str>,
}

/// Writes a device without its id, which has no meaning at another site.
pub fn write_device_row(
    out: &mut impl Write,
    separator: Separator,
    device: &Device,
    names: DeviceRowNames<'_>,
) -> io::Result<()> {
    let set = device.status_override.as_deref();
    let since = time_text(device.status_since);
    let ends_at = set.and_then(|set| set.ends_at).map(time_text);
    let details = device.details.as_deref().unwrap_or(const { &DeviceDetails::NONE });
    let tags = details.tags.join(", ");
    let cells = [
        Cell::Text(device.name.as_str()),
        Cell::Text(device.device_type.as_str()),
        names.container.into(),
        Cell::Text(device.effective_status().as_str()),
        Cell::Text(device.status.as_str()),
        set.map(|set| Status::as_str(set.status)).into(),
        set.and_then(|set| set.reason.as_ref()).map(OverrideReason::as_str).into(),
        Cell::Text(&since),
        device.signal.as_ref().map(|signal| SignalView::new(signal).margin_db).into(),
        Cell::Number(device.position.x),
        Cell::Number(device.position.y),
        device.optics.tx_power_dbm.into(),
        device.optics.sensitivity_min_dbm.into(),
        device.optics.insertion_loss_db.into(),
        device.optics.pon_class.map(PonClass::as_str).into(),
        device.optics.split_ratio.map(|ratio| f64::from(ratio.outputs())).into(),
        Cell::Text(device.lifecycle.as_str()),
        ends_at.as_deref().into(),
        planned_work(set),
        details.serial.as_deref().into(),
        details.customer_reference.as_deref().into(),
        details.customer_name.as_deref().into(),
        details.phone.as_deref().into(),
        details.address.as_deref().into(),
        details.coordinates.map(|at| at.latitude).into(),
        details.coordinates.map(|at| at.longitude).into(),
        Some(tags.as_str()).filter(|tags| !tags.is_empty()).into(),
        details.note.as_deref().into(),
        names.olt.into(),
        device.served_by.as_ref().map(|served| served.line.port_name.as_str()).into(),
        names.splitter.into(),
        names.splitter_port.into(),
    ];
    write_row(out, separator, &cells)
}

/// Writes a link with its two ports and the names of their devices.
pub fn write_link_row(
    out: &mut impl Write,
    separator: Separator,
    link: &Link,
    ends: [(&str, &Interface); 2],
) -> io::Result<()> {
    let set = link.status_override.as_deref();
    let ends_at = set.and_then(|set| set.ends_at).map(time_text);
    let mut cells = Vec::with_capacity(14);
    for (device, interface) in ends {
        cells.extend([
            Cell::Text(device),
            Cell::Text(interface.name.as_str()),
            Cell::Text(interface.interface_type.as_str()),
        ]);
    }
    cells.extend([
        link.length_km.into(),
        link.medium.map(Medium::as_str).into(),
        Cell::Text(link.status.as_str()),
        set.map(|set| Status::as_str(set.status)).into(),
        set.and_then(|set| set.reason.as_ref()).map(OverrideReason::as_str).into(),
        Cell::Text(link.lifecycle.as_str()),
        ends_at.as_deref().into(),
        planned_work(set),
    ]);
    write_row(out, separator, &cells)
}

/// Writes a cross-connect with its device and its two ports.
pub fn write_cross_connect_row(
    out: &mut impl Write,
    separator: Separator,
    device: &str,
    ports: [&str; 2],
    joined: &CrossConnect,
) -> io::Result<()> {
    let cells = [
        Cell::Text(device),
        Cell::Text(ports[0]),
        Cell::Text(ports[1]),
        joined.loss_db.into(),
        Cell::Text(if joined.is_assumed { "true" } else { "false" }),
    ];
    write_row(out, separator, &cells)
}

/// Whether an override is planned work; empty without an override.
fn planned_work<'a>(set: Option<&Override>) -> Cell<'a> {
    set.map(|set| if set.is_planned_work { "true" } else { "false" }).into()
}

fn time_text(time: crate::domain::Timestamp) -> String {
    match serde_json::to_value(Time(time)) {
        Ok(serde_json::Value::String(text)) => text,
        _ => String::new(),
    }
}
