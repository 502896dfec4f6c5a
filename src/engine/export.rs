//! Writing a snapshot as JSON Lines.

use std::io::{self, Write};
use std::ops::Bound;

use uuid::Uuid;

use crate::domain::Kind;
use crate::store::{Snapshot, StoreError};
use crate::wire::{self, Line};

/// Why an export ended early.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Writes the whole site: a header with the number of entities, then devices, interfaces and
/// links by id. `progress` is told the entities written so far and all of them.
pub fn export_site(
    snapshot: &Snapshot,
    site_id: Uuid,
    out: &mut impl Write,
    mut progress: impl FnMut(u64, u64),
) -> Result<(), ExportError> {
    let head = snapshot.head();
    let mut total = 0;
    for kind in Kind::ALL {
        total += snapshot.count(kind)?;
    }
    wire::write_header(out, site_id, head.seq, head.counters, total)?;
    let all = (Bound::Unbounded, Bound::Unbounded);
    let mut written = 0;
    let mut step = || {
        written += 1;
        progress(written, total);
    };
    for device in snapshot.devices(all)? {
        wire::write_line(out, Line::Device(&device?))?;
        step();
    }
    for interface in snapshot.interfaces(all)? {
        wire::write_line(out, Line::Interface(&interface?))?;
        step();
    }
    for link in snapshot.links(all)? {
        wire::write_line(out, Line::Link(&link?))?;
        step();
    }
    Ok(())
}
