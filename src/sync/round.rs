//! A round: what changed since the last one, in one PostgreSQL transaction.

use super::error::SyncError;
use super::sync_state::{AppliedState, Claim};
use super::write::{EntityKeys, erase_personal_data, write_audit, write_entities};
use crate::domain::IdCounters;
use crate::pg::{PgError, PgTransaction, Session};
use crate::store::{Snapshot, StoreError};

/// After this time PostgreSQL ends a transaction whose client is silent, so that its locks do not
/// outlive the client: TCP alone detects that only after hours. Long enough for a pause of this
/// host.
const IDLE_TIMEOUT: &str = "60s";
/// How long to wait for a lock of another session, such as a schema change. Shorter than the stall
/// timeout, so that PostgreSQL reports the lock.
const LOCK_TIMEOUT: &str = "10s";

/// Audit rows of one round. After a long outage they outnumber the entities: those are sent first,
/// and the following rounds send the rest of the trail.
const AUDIT_ROWS_MAX: u64 = 10_000;

/// What a round did.
#[derive(Clone, Copy, Debug)]
pub(super) struct Applied {
    /// The commit whose state PostgreSQL holds now.
    pub(super) seq: u64,
    pub(super) next_audit: u64,
    pub(super) counters: IdCounters,
    /// Rows sent, without audit rows.
    pub(super) rows: u64,
    /// How long building keys and indexes took, if they had been dropped.
    pub(super) indexes_ms: Option<f64>,
}

/// Sets the limits of a transaction that writes.
///
/// PostgreSQL keeps the plan of a foreign key's check for the life of a session. If the plan was
/// made while the table was small, it scans the table for each check, and a COMMIT of milliseconds
/// takes minutes once the table has grown. Sequential scans are off, since everything that a round
/// searches has an index; JIT is off, since the penalty on sequential scans would otherwise trigger
/// it.
pub(super) fn set_limits(tx: &mut PgTransaction<'_>) -> Result<(), PgError> {
    tx.batch(&format!(
        "SET LOCAL idle_in_transaction_session_timeout = '{IDLE_TIMEOUT}'; \
         SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'; SET LOCAL statement_timeout = 0; \
         SET LOCAL enable_seqscan = off; SET LOCAL jit = off; SET LOCAL client_min_messages = warning"
    ))
}

/// Brings PostgreSQL to the state of the snapshot by sending what is marked in it.
pub(super) fn run(
    session: &mut Session,
    claim: &Claim,
    snapshot: &Snapshot,
) -> Result<Applied, SyncError> {
    let mut keys = EntityKeys::default();
    for mark in snapshot.dirty_entities()? {
        keys.push(mark?.key);
    }
    let mut tx = session.begin()?;
    set_limits(&mut tx)?;
    claim.check(&mut tx)?;
    let site_id = claim.identity.site_id;
    let rows = write_entities(&mut tx, site_id, snapshot, &keys, Some(claim.counters))?;
    let next_audit = write_audit(&mut tx, site_id, snapshot, claim.next_audit, AUDIT_ROWS_MAX)?;
    erase_personal_data(&mut tx, site_id, &snapshot.erased_devices()?)?;
    applied_state(claim, snapshot, next_audit, false)?.update(&mut tx)?;
    tx.commit()?;
    let last_commit = snapshot.last_commit();
    Ok(Applied {
        seq: last_commit.seq,
        next_audit,
        counters: last_commit.counters,
        rows,
        indexes_ms: None,
    })
}

/// The state to write together with the rows of this snapshot.
pub(super) fn applied_state<'a>(
    claim: &'a Claim,
    snapshot: &Snapshot,
    next_audit: u64,
    is_reconciled: bool,
) -> Result<AppliedState<'a>, StoreError> {
    let last_commit = snapshot.last_commit();
    Ok(AppliedState {
        claim,
        seq: last_commit.seq,
        committed_at: last_commit.committed_at,
        counters: last_commit.counters,
        next_audit,
        audit_head: snapshot.audit_head(next_audit)?,
        is_reconciled,
    })
}
