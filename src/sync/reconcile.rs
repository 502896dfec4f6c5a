//! Comparing both sides row by row, and repairing PostgreSQL's (S9).

use super::error::SyncError;
use super::round::{self, Applied};
use super::sync_state::Claim;
use super::write::{Keys, write_audit, write_entities};
use crate::pg::{Comparison, Tx, compare_entities};
use crate::store::{LastCommit, Snapshot};

/// Differences that one pass repairs; the next pass finds the others. Bounds memory to a few MB.
const DIFFERENCES_MAX: u64 = 200_000;

/// Sends what is marked in the snapshot, then compares PostgreSQL with it; with `repair` also writes
/// the rows that differ. All of that in `tx`, in which this run holds the site, and which is committed.
///
/// Returns what was sent, what differed, and how many rows were repaired.
pub(super) fn run(
    mut tx: Tx<'_>,
    claim: &Claim,
    snapshot: &Snapshot,
    repair: bool,
) -> Result<(Applied, Comparison, u64), SyncError> {
    let site_id = claim.identity.site_id;
    tx.be_patient();
    let mut keys = Keys::default();
    for mark in snapshot.dirty_entities()? {
        keys.push(mark?.key);
    }
    // Foreign rows may have the ids of new ones: none is treated as new here.
    let mut rows = write_entities(&mut tx, site_id, snapshot, &keys, None)?;
    let mut total = Comparison::default();
    let mut repaired = 0;
    loop {
        let mut keys = Keys::default();
        let mut key_count = 0;
        let pass = compare_entities(&mut tx, site_id, snapshot, |key| {
            if key_count < DIFFERENCES_MAX {
                keys.push(key);
                key_count += 1;
            }
        })?;
        if repair && pass.differences() > 0 {
            repaired += write_entities(&mut tx, site_id, snapshot, &keys, None)?;
        }
        total.compared = pass.compared;
        total.missing += pass.missing;
        total.extra += pass.extra;
        total.different += pass.different;
        if !repair || pass.differences() < DIFFERENCES_MAX {
            break;
        }
    }
    rows += repaired;
    let next_audit = write_audit(&mut tx, site_id, snapshot, claim.next_audit, u64::MAX)?;
    round::progress(claim, snapshot, next_audit, repair).write(&mut tx)?;
    tx.commit()?;
    let last_commit = snapshot.last_commit();
    let LastCommit { seq, counters, .. } = last_commit;
    Ok((Applied { seq, next_audit, counters, rows, indexes_ms: None }, total, repaired))
}
