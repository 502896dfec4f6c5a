//! Tables of devices and links: reading one into the site, and writing the site as some.

use std::io::Write;
use std::ops::Bound;

use super::error::EngineError;
use super::export::ExportError;
use super::handle::Handle;
use crate::domain::{Device, DeviceId, Interface, InterfaceId, Refusal, Reply, Violation};
use crate::store::{AuditOrigin, Snapshot, StoreError};
use crate::wire::{
    ImportFaults, ImportReport, Reading, Separator, TableKind, write_device_row, write_link_row,
    write_table_heading,
};

/// What came of a table: it is imported, or this is wrong with it and nothing was changed.
pub type Imported = Result<ImportReport, ImportFaults>;

/// Imports a table that was read, as one command; a dry run goes the same way and is taken back.
///
/// # Errors
/// What keeps the engine from deciding; what is wrong with the table is an answer.
pub async fn import_table(
    handle: &Handle,
    mut reading: Reading,
    is_dry_run: bool,
    origin: AuditOrigin,
) -> Result<Imported, EngineError> {
    let Some(command) = reading.command.take() else {
        return Ok(Err(ImportFaults::new(reading, None)));
    };
    let is_faulty = !reading.faults.is_empty();
    let decided = if is_dry_run || is_faulty {
        handle.try_out(command).await
    } else {
        handle.submit(command, origin).await
    };
    match decided {
        Ok(Reply::Imported(counts)) if !is_faulty => {
            Ok(Ok(ImportReport::new(&reading, counts, is_dry_run)))
        }
        Ok(_) => Ok(Err(ImportFaults::new(reading, None))),
        Err(EngineError::Refused(
            refusal @ (Refusal::Rows { .. } | Refusal::ImportTooLarge(_)),
        )) => Ok(Err(ImportFaults::new(reading, Some(&refusal)))),
        Err(error) => Err(error),
    }
}

/// Writes all devices, or all links, as a table.
pub fn export_table(
    snapshot: &Snapshot,
    kind: TableKind,
    separator: Separator,
    out: &mut impl Write,
) -> Result<(), ExportError> {
    write_table_heading(out, kind, separator)?;
    let all = (Bound::Unbounded, Bound::Unbounded);
    match kind {
        TableKind::Devices => {
            for device in snapshot.devices(all)? {
                write_device(snapshot, &device?, separator, out)?;
            }
        }
        TableKind::Links => {
            for link in snapshot.links(all)? {
                let link = link?;
                let [a, b] = [end(snapshot, link.a)?, end(snapshot, link.b)?];
                let ends = [(a.0.name.as_str(), &a.1), (b.0.name.as_str(), &b.1)];
                write_link_row(out, separator, &link, ends)?;
            }
        }
    }
    Ok(())
}

/// Writes these devices in this order as a table; those that no longer exist are left out.
pub fn export_devices(
    snapshot: &Snapshot,
    ids: &[DeviceId],
    separator: Separator,
    out: &mut impl Write,
) -> Result<(), ExportError> {
    write_table_heading(out, TableKind::Devices, separator)?;
    for id in ids {
        if let Some(device) = snapshot.device(*id)? {
            write_device(snapshot, &device, separator, out)?;
        }
    }
    Ok(())
}

fn write_device(
    snapshot: &Snapshot,
    device: &Device,
    separator: Separator,
    out: &mut impl Write,
) -> Result<(), ExportError> {
    let parent = device.parent.map(|id| snapshot.device(id)).transpose()?.flatten();
    let container = parent.as_ref().map(|parent| parent.name.as_str());
    Ok(write_device_row(out, separator, device, container)?)
}

fn end(snapshot: &Snapshot, id: InterfaceId) -> Result<(Device, Interface), ExportError> {
    // Held at each start and by each commit.
    let missing = || {
        let what = format!("interface {id}, where a link ends, or its device does not exist");
        StoreError::Inconsistent(Violation { invariant: "I4", what })
    };
    let interface = snapshot.interface(id)?.ok_or_else(missing)?;
    let device = snapshot.device(interface.device)?.ok_or_else(missing)?;
    Ok((device, interface))
}
