//! The devices, the links or the cross-connects of a site as a table.

use std::io::Write;
use std::ops::Bound;

use super::site_export::ExportError;
use crate::domain::{Device, DeviceId, Interface, InterfaceId, InvariantError, Name};
use crate::store::{Snapshot, StoreError};
use crate::wire::{
    DeviceRowNames, Separator, TableKind, write_cross_connect_row, write_device_row,
    write_link_row, write_table_heading,
};

/// Rows that [`export_table`] writes at once.
const ROWS_PER_STEP: usize = 256;

/// An export as a table, which can be written in parts.
#[derive(Debug)]
pub struct TableExport {
    separator: Separator,
    rows: Rows,
    has_heading: bool,
}

/// The rows that are not written yet.
#[derive(Debug)]
enum Rows {
    DevicesAfter(u64),
    LinksAfter(u64),
    /// By the port of each that was created first.
    CrossConnectsAfter(u64),
    Devices(std::vec::IntoIter<DeviceId>),
}

impl TableExport {
    /// All rows of a kind.
    pub fn all(kind: TableKind, separator: Separator) -> Self {
        let rows = match kind {
            TableKind::Devices => Rows::DevicesAfter(0),
            TableKind::Links => Rows::LinksAfter(0),
            TableKind::CrossConnects => Rows::CrossConnectsAfter(0),
        };
        Self { separator, rows, has_heading: false }
    }

    /// These devices in this order, without those that no longer exist.
    pub fn of_devices(ids: Vec<DeviceId>, separator: Separator) -> Self {
        Self { separator, rows: Rows::Devices(ids.into_iter()), has_heading: false }
    }

    /// Writes at most `rows_max` further rows; returns false when the export is complete. Every call must
    /// pass the same snapshot.
    ///
    /// # Errors
    /// Read and write errors.
    pub fn write(
        &mut self,
        snapshot: &Snapshot,
        out: &mut impl Write,
        rows_max: usize,
    ) -> Result<bool, ExportError> {
        let separator = self.separator;
        if !std::mem::replace(&mut self.has_heading, true) {
            let kind = match self.rows {
                Rows::DevicesAfter(_) | Rows::Devices(_) => TableKind::Devices,
                Rows::LinksAfter(_) => TableKind::Links,
                Rows::CrossConnectsAfter(_) => TableKind::CrossConnects,
            };
            write_table_heading(out, kind, separator)?;
        }
        let mut count = 0;
        match &mut self.rows {
            Rows::DevicesAfter(after) => {
                let ids = (Bound::Excluded(*after), Bound::Unbounded);
                for device in snapshot.devices(ids)?.take(rows_max) {
                    let device = device?;
                    write_device(snapshot, &device, separator, out)?;
                    (*after, count) = (device.id.0, count + 1);
                }
            }
            Rows::LinksAfter(after) => {
                let ids = (Bound::Excluded(*after), Bound::Unbounded);
                for link in snapshot.links(ids)?.take(rows_max) {
                    let link = link?;
                    let [a, b] = [end(snapshot, link.a)?, end(snapshot, link.b)?];
                    let ends = [(a.0.name.as_str(), &a.1), (b.0.name.as_str(), &b.1)];
                    write_link_row(out, separator, &link, ends)?;
                    (*after, count) = (link.id.0, count + 1);
                }
            }
            Rows::CrossConnectsAfter(after) => {
                let ids = (Bound::Excluded(*after), Bound::Unbounded);
                // Most ports have none: ports are counted instead of rows.
                for port in snapshot.interfaces(ids)?.take(rows_max) {
                    let port = port?;
                    write_cross_connect(snapshot, &port, separator, out)?;
                    (*after, count) = (port.id.0, count + 1);
                }
            }
            Rows::Devices(ids) => {
                for id in ids.take(rows_max) {
                    if let Some(device) = snapshot.device(id)? {
                        write_device(snapshot, &device, separator, out)?;
                    }
                    count += 1;
                }
            }
        }
        Ok(count == rows_max)
    }
}

/// Writes all rows of a kind as a table.
///
/// # Errors
/// As [`TableExport::write`].
pub fn export_table(
    snapshot: &Snapshot,
    kind: TableKind,
    separator: Separator,
    out: &mut impl Write,
) -> Result<(), ExportError> {
    let mut export = TableExport::all(kind, separator);
    while export.write(snapshot, out, ROWS_PER_STEP)? {}
    Ok(())
}

fn write_device(
    snapshot: &Snapshot,
    device: &Device,
    separator: Separator,
    out: &mut impl Write,
) -> Result<(), ExportError> {
    let name = |id: Option<DeviceId>| -> Result<Option<Name>, StoreError> {
        let device = id.map(|id| snapshot.device(id)).transpose()?.flatten();
        Ok(device.map(|device| device.name))
    };
    let served = device.served_by.as_ref();
    let container = name(device.parent)?;
    let olt = name(served.map(|served| served.line.node))?;
    let splitter = name(served.and_then(|served| served.line.splitter))?;
    let port = served.and_then(|served| served.splitter_port);
    let port = port.map(|id| snapshot.interface(id)).transpose()?.flatten();
    let names = DeviceRowNames {
        container: container.as_ref().map(Name::as_str),
        olt: olt.as_ref().map(Name::as_str),
        splitter: splitter.as_ref().map(Name::as_str),
        splitter_port: port.as_ref().map(|port| port.name.as_str()),
    };
    Ok(write_device_row(out, separator, device, names)?)
}

/// Writes the cross-connect of a port, if it has one and was created before the other port.
fn write_cross_connect(
    snapshot: &Snapshot,
    port: &Interface,
    separator: Separator,
    out: &mut impl Write,
) -> Result<(), ExportError> {
    let Some(joined) = port.cross_connect.as_deref().filter(|joined| port.id < joined.to) else {
        return Ok(());
    };
    let (device, other) = end(snapshot, joined.to)?;
    let ports = [port.name.as_str(), other.name.as_str()];
    Ok(write_cross_connect_row(out, separator, device.name.as_str(), ports, joined)?)
}

fn end(snapshot: &Snapshot, id: InterfaceId) -> Result<(Device, Interface), ExportError> {
    // The invariant is checked at each start and kept by each commit.
    let missing = || {
        let what = format!(
            "interface {id}, where a link or cross-connect ends, or its device does not exist"
        );
        StoreError::Inconsistent(InvariantError { invariant: "I4", what })
    };
    let interface = snapshot.interface(id)?.ok_or_else(missing)?;
    let device = snapshot.device(interface.device)?.ok_or_else(missing)?;
    Ok((device, interface))
}
