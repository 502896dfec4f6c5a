//! A round: what changed since the last one, in one PostgreSQL transaction.

use super::error::SyncError;
use super::sync_state::{Claim, Progress};
use super::write::{Keys, write_audit, write_entities};
use crate::domain::IdCounters;
use crate::pg::{PgError, Session, Tx};
use crate::store::Snapshot;

/// Ends a transaction whose client fell silent, so that its locks do not outlive it: TCP alone
/// would notice after hours. Long enough for a pause of this host.
const IDLE_LIMIT: &str = "60s";
/// How long to wait for a lock that somebody else holds, such as a dump or a schema change: shorter than
/// a call may be silent (`watched.rs`), so that it is PostgreSQL that says what was in the way.
const LOCK_LIMIT: &str = "10s";

/// Audit rows of one round. After a long outage they outnumber the entities: those come first,
/// and further rounds bring the rest of the trail.
const AUDIT_ROWS: u64 = 10_000;

/// What a round did.
#[derive(Clone, Copy, Debug)]
pub(super) struct Applied {
    /// PostgreSQL holds the state after this commit now.
    pub(super) seq: u64,
    pub(super) next_audit: u64,
    pub(super) counters: IdCounters,
    /// Rows sent, audit rows excepted.
    pub(super) rows: u64,
    /// What making keys and indexes again took, where they had been set aside.
    pub(super) indexes_ms: Option<f64>,
}

/// Sets the limits of a transaction that writes.
///
/// PostgreSQL keeps the plan of a foreign key's check for the life of a session, made by what it
/// then knew of a table: while a new table grows, a plan that reads all of it for each check turns
/// a COMMIT of milliseconds into minutes. Everything that a round looks for has an index. Forbidding
/// the other way makes its rare uses look costly, for which PostgreSQL would compile machine code.
pub(super) fn limit(tx: &mut Tx<'_>) -> Result<(), PgError> {
    tx.batch(&format!(
        "SET LOCAL idle_in_transaction_session_timeout = '{IDLE_LIMIT}'; \
         SET LOCAL lock_timeout = '{LOCK_LIMIT}'; SET LOCAL statement_timeout = 0; \
         SET LOCAL enable_seqscan = off; SET LOCAL jit = off; SET LOCAL client_min_messages = warning"
    ))
}

/// Brings PostgreSQL to the state of the snapshot by sending what is marked in it.
pub(super) fn run(
    session: &mut Session,
    claim: &Claim,
    snapshot: &Snapshot,
) -> Result<Applied, SyncError> {
    let mut keys = Keys::default();
    for mark in snapshot.dirty_entities()? {
        keys.push(mark?.key);
    }
    let mut tx = session.begin()?;
    limit(&mut tx)?;
    claim.fence(&mut tx)?;
    let site_id = claim.identity.site_id;
    let rows = write_entities(&mut tx, site_id, snapshot, &keys, Some(claim.counters))?;
    let next_audit = write_audit(&mut tx, site_id, snapshot, claim.next_audit, AUDIT_ROWS)?;
    progress(claim, snapshot, next_audit, false).write(&mut tx)?;
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

/// What is written beside the rows of this snapshot.
pub(super) fn progress<'a>(
    claim: &'a Claim,
    snapshot: &Snapshot,
    next_audit: u64,
    is_reconciled: bool,
) -> Progress<'a> {
    let last_commit = snapshot.last_commit();
    Progress {
        claim,
        seq: last_commit.seq,
        committed_at: last_commit.committed_at,
        counters: last_commit.counters,
        next_audit,
        is_reconciled,
    }
}
