//! Keeping the site's counters above those of its copies.

use super::audit_event::AuditEvent;
use super::audit_writer::AuditWriter;
use super::error::StoreError;
use super::meta::{self, LastCommit};
use super::open::Store;
use super::tables;
use crate::domain::Timestamp;

/// Commits between the newest that another copy of the site knows and those that follow: more than
/// any site makes between two copies, since the commits that were lost had numbers too.
const SEQ_GAP: u64 = 1_000_000;

/// Counters that must not fall behind those of another copy of the site: a mirror, a backup.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CounterFloors {
    pub seq: u64,
    pub next_audit: u64,
}

impl CounterFloors {
    /// For a site that continues from a copy as of the commit `seq`, or beside it: above every number
    /// ever used, since backups sort by seq and clients identify states by it.
    pub fn beyond(seq: u64, next_audit: u64) -> Self {
        Self { seq: seq.saturating_add(SEQ_GAP), next_audit }
    }
}

impl Store {
    /// Raises seq and audit numbers to `floors` where they are lower, durably; returns what they are
    /// then. If they are raised, the event is recorded above both.
    ///
    /// # Errors
    /// As [`Store::commit`].
    pub fn raise_counters(
        &self,
        floors: CounterFloors,
        at: Timestamp,
        event: &AuditEvent,
    ) -> Result<LastCommit, StoreError> {
        let tx = self.db.begin_write()?;
        let commit = {
            let mut meta = tx.open_table(tables::META)?;
            let old = meta::read_last_commit(&meta)?;
            if floors.seq <= old.seq && floors.next_audit <= old.next_audit {
                return Ok(old);
            }
            let seq = old.seq.max(floors.seq);
            let mut audit = AuditWriter::open(&tx, &meta, floors.next_audit)?;
            audit.append_event(event, seq, at)?;
            audit.finish(&mut meta, LastCommit { seq, committed_at: at, ..old })?
        };
        tx.commit()?;
        Ok(commit)
    }
}
