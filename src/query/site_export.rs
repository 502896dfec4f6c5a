//! A whole site as JSON Lines.

use std::io::{self, Write};
use std::ops::Bound;

use uuid::Uuid;

use crate::domain::EntityKind;
use crate::store::{Snapshot, StoreError};
use crate::wire::{self, ExportLine};

/// Why an export was not completed.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Lines that [`export_site`] writes between two reports of its progress.
const LINES_PER_STEP: usize = 256;

/// An export of one snapshot that can be written in parts.
#[derive(Debug)]
pub struct SiteExport {
    site_id: Uuid,
    kinds: std::slice::Iter<'static, EntityKind>,
    /// The kind being written, and the id after which it continues; `None` before the header.
    at: Option<(EntityKind, u64)>,
    /// Entities written so far.
    pub written: u64,
    /// Entities of the site; known after the first part.
    pub total: u64,
}

impl SiteExport {
    /// An export that has not begun.
    pub fn new(site_id: Uuid) -> Self {
        Self { site_id, kinds: EntityKind::ALL.iter(), at: None, written: 0, total: 0 }
    }

    /// Writes at most `lines_max` further lines; returns false when the export is complete. Every call
    /// must pass the same snapshot.
    ///
    /// # Errors
    /// Read and write errors.
    pub fn write(
        &mut self,
        snapshot: &Snapshot,
        out: &mut impl Write,
        lines_max: usize,
    ) -> Result<bool, ExportError> {
        if self.at.is_none() {
            let last_commit = snapshot.last_commit();
            for kind in EntityKind::ALL {
                self.total += snapshot.count(kind)?;
            }
            wire::write_header(
                out,
                self.site_id,
                last_commit.seq,
                last_commit.counters,
                self.total,
            )?;
            self.at = self.kinds.next().map(|kind| (*kind, 0));
        }
        let mut lines = 0;
        while let Some((kind, after)) = self.at {
            let (count, last) = write_some(snapshot, kind, after, out, lines_max - lines)?;
            self.written += count as u64;
            lines += count;
            if lines == lines_max {
                self.at = Some((kind, last));
                return Ok(true);
            }
            self.at = self.kinds.next().map(|kind| (*kind, 0));
        }
        Ok(false)
    }
}

/// Writes entities of a kind with ids above `after`; returns how many, and the last one's id.
fn write_some(
    snapshot: &Snapshot,
    kind: EntityKind,
    after: u64,
    out: &mut impl Write,
    lines_max: usize,
) -> Result<(usize, u64), ExportError> {
    let ids = (Bound::Excluded(after), Bound::Unbounded);
    let mut written = (0, after);
    match kind {
        EntityKind::Device => {
            for device in snapshot.devices(ids)?.take(lines_max) {
                let device = device?;
                wire::write_line(out, ExportLine::Device(&device))?;
                written = (written.0 + 1, device.id.0);
            }
        }
        EntityKind::Interface => {
            for port in snapshot.interfaces(ids)?.take(lines_max) {
                let port = port?;
                wire::write_line(out, ExportLine::Interface(&port))?;
                written = (written.0 + 1, port.id.0);
            }
        }
        EntityKind::Link => {
            for link in snapshot.links(ids)?.take(lines_max) {
                let link = link?;
                wire::write_line(out, ExportLine::Link(&link))?;
                written = (written.0 + 1, link.id.0);
            }
        }
    }
    Ok(written)
}

/// Writes the whole site of a snapshot. `progress` is called with the number of entities written so far
/// and of all.
///
/// # Errors
/// Read and write errors.
pub fn export_site(
    snapshot: &Snapshot,
    site_id: Uuid,
    out: &mut impl Write,
    mut progress: impl FnMut(u64, u64),
) -> Result<(), ExportError> {
    let mut export = SiteExport::new(site_id);
    loop {
        let has_more = export.write(snapshot, out, LINES_PER_STEP)?;
        progress(export.written, export.total);
        if !has_more {
            return Ok(());
        }
    }
}
