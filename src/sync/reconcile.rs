//! Comparing both sides row by row, and repairing PostgreSQL's rows (S9).

use tokio::time::Instant;
use tracing::{info, warn};

use super::error::SyncError;
use super::mirror::Mirror;
use super::round::{self, Applied};
use super::status::{Reconciliation, RoundKind, SyncState};
use super::sync_state::{Claim, ClaimedSession};
use super::write::{EntityKeys, erase_personal_data, write_audit, write_entities};
use crate::pg::{Comparison, PgTransaction, compare_entities};
use crate::store::{LastCommit, Snapshot};

/// Differences that one pass repairs; the next pass finds the others. Bounds memory to a few MB.
const DIFFERENCES_MAX: u64 = 200_000;

/// What [`run`] did.
#[derive(Clone, Copy)]
pub(super) struct RowsReconciled {
    pub(super) applied: Applied,
    pub(super) comparison: Comparison,
    pub(super) repaired: u64,
}

/// Sends what is marked in the snapshot, then compares PostgreSQL with it; with `repair` also
/// writes the rows that differ. All of that in `tx`, in which this run holds the site, and which it
/// commits.
pub(super) fn run(
    mut tx: PgTransaction<'_>,
    claim: &Claim,
    snapshot: &Snapshot,
    repair: bool,
) -> Result<RowsReconciled, SyncError> {
    let site_id = claim.identity.site_id;
    tx.allow_long_calls();
    let mut keys = EntityKeys::default();
    for mark in snapshot.dirty_entities()? {
        keys.push(mark?.key);
    }
    // Rows that UNOC did not write may have the ids of new ones: none is treated as new.
    let mut rows = write_entities(&mut tx, site_id, snapshot, &keys, None)?;
    let mut total = Comparison::default();
    let mut repaired = 0;
    loop {
        let mut keys = EntityKeys::default();
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
    erase_personal_data(&mut tx, site_id, &snapshot.erased_devices()?)?;
    round::applied_state(claim, snapshot, next_audit, repair)?.update(&mut tx)?;
    tx.commit()?;
    let LastCommit { seq, counters, .. } = snapshot.last_commit();
    let applied = Applied { seq, next_audit, counters, rows, indexes_ms: None };
    Ok(RowsReconciled { applied, comparison: total, repaired })
}

impl Mirror {
    /// Compares both sides; with `repair` brings PostgreSQL to the local state.
    pub(super) fn compare(
        &mut self,
        claimed: &mut ClaimedSession,
        repair: bool,
    ) -> Result<Reconciliation, SyncError> {
        self.show_comparison();
        let snapshot = self.engine.read();
        let start = Instant::now();
        let mut tx = claimed.session.begin()?;
        round::set_limits(&mut tx)?;
        claimed.claim.check(&mut tx)?;
        let rows = run(tx, &claimed.claim, &snapshot, repair)?;
        drop(snapshot);
        self.finish_comparison(claimed, rows, start)
    }

    /// Shows in the status that a comparison is running.
    pub(super) fn show_comparison(&self) {
        let activity = "Comparing every row with PostgreSQL.".to_owned();
        self.shared.enter(SyncState::Loading, self.now(), Some(activity));
    }

    /// Shows and logs the result of a comparison.
    pub(super) fn finish_comparison(
        &mut self,
        claimed: &mut ClaimedSession,
        rows: RowsReconciled,
        start: Instant,
    ) -> Result<Reconciliation, SyncError> {
        let RowsReconciled { applied, comparison, repaired } = rows;
        let duration_ms = start.elapsed().as_secs_f64() * 1000.0;
        self.confirm(claimed, RoundKind::Reconcile, applied, start)?;
        let reconciliation = Reconciliation { at: self.now(), duration_ms, comparison, repaired };
        self.shared.update(|status| status.last_reconcile = Some(reconciliation));
        if comparison.differences() > 0 {
            warn!(
                sync.missing = comparison.missing,
                sync.extra = comparison.extra,
                sync.different = comparison.different,
                sync.repaired = repaired,
                "PostgreSQL differed from the local store"
            );
        } else {
            info!(sync.compared = comparison.compared, duration_ms, "Both sides are equal");
        }
        Ok(reconciliation)
    }
}
