//! The initial copy: the whole site by COPY, in one transaction.
//!
//! For the first site of a database, constraints and indexes are dropped first and created again
//! from their definitions at the end, as pg_restore does: building an index at once is several
//! times faster than row by row. No other session sees the tables without them, since it is one
//! transaction. Foreign keys and CHECK constraints are created as NOT VALID, and validated right
//! after it: the local site satisfies the same rules.

use tokio::time::Instant;
use uuid::Uuid;

use super::error::SyncError;
use super::round::{self, Applied};
use super::sync_state::Claim;
use super::write::write_audit;
use crate::domain::{Device, Interface, Link};
use crate::pg::{PgError, PgTransaction, Session};
use crate::sql::{AUDIT, Entity, Value};
use crate::store::Snapshot;

/// The tables of entities; each comes before those that reference it.
const TABLES: [&str; 3] = ["devices", "interfaces", "links"];

/// Sends the whole snapshot, and makes this run the holder of the site.
pub(super) fn run(
    session: &mut Session,
    claim: &Claim,
    snapshot: &Snapshot,
) -> Result<Applied, SyncError> {
    let site_id = claim.identity.site_id;
    let mut tx = session.begin()?;
    tx.allow_long_calls();
    round::set_limits(&mut tx)?;
    // First, since this row is the lock that keeps others from copying the site.
    let next_audit = snapshot.last_commit().next_audit;
    round::applied_state(claim, snapshot, next_audit, true)?.insert(&mut tx)?;
    delete_rows(&mut tx, site_id)?;
    let dropped = drop_constraints(&mut tx)?;
    let mut rows = copy_all::<Device>(&mut tx, site_id, snapshot)?;
    rows += copy_all::<Interface>(&mut tx, site_id, snapshot)?;
    rows += copy_all::<Link>(&mut tx, site_id, snapshot)?;
    let start = Instant::now();
    for definition in &dropped {
        tx.batch(definition)?;
    }
    let indexes_ms = (!dropped.is_empty()).then(|| start.elapsed().as_secs_f64() * 1000.0);
    write_audit(&mut tx, site_id, snapshot, 0, u64::MAX)?;
    tx.commit()?;
    let last_commit = snapshot.last_commit();
    Ok(Applied {
        seq: last_commit.seq,
        next_audit,
        counters: last_commit.counters,
        rows,
        indexes_ms,
    })
}

/// Deletes the rows that an earlier mirror of the site left behind.
fn delete_rows(tx: &mut PgTransaction<'_>, site_id: Uuid) -> Result<(), PgError> {
    for table in TABLES.iter().rev().chain([&AUDIT.name]) {
        let sql = format!("DELETE FROM {table} WHERE site_id = $1");
        tx.execute(&sql, &[Value::Uuid(site_id).into()])?;
    }
    // A table with pending deferred checks cannot be altered.
    tx.batch("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
}

/// Drops the constraints and indexes of the tables if they are empty and this role owns them;
/// returns the statements that create them again.
fn drop_constraints(tx: &mut PgTransaction<'_>) -> Result<Vec<String>, PgError> {
    if !can_drop_constraints(tx)? {
        return Ok(Vec::new());
    }
    // Parallel workers cost more time than they save here, and the API needs their core.
    tx.batch("SET LOCAL max_parallel_maintenance_workers = 0")?;
    // Waits for other writers, then checks again.
    tx.batch("LOCK TABLE devices, interfaces, links IN ACCESS EXCLUSIVE MODE")?;
    if !can_drop_constraints(tx)? {
        return Ok(Vec::new());
    }
    let names = || Value::Texts(TABLES.map(Into::into).to_vec());
    // Foreign keys depend on the keys that they reference: they are dropped first and created last.
    let constraints = tx.query(
        "SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) || \
         CASE WHEN contype IN ('f', 'c') THEN ' NOT VALID' ELSE '' END FROM pg_constraint \
         WHERE conrelid = ANY ($1::regclass[]) AND contype IN ('f', 'c', 'u', 'p') \
         ORDER BY array_position(ARRAY['f', 'c', 'u', 'p'], contype::text), conname",
        &[names().into()],
    )?;
    let indexes = tx.query(
        "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index \
         WHERE indrelid = ANY ($1::regclass[]) AND NOT EXISTS \
         (SELECT FROM pg_constraint WHERE conindid = indexrelid)",
        &[names().into()],
    )?;
    let mut definitions = Vec::new();
    for row in &constraints {
        let [table, name, definition] = [0, 1, 2].map(|index| row.get::<_, String>(index));
        tx.batch(&format!("ALTER TABLE {table} DROP CONSTRAINT {name}"))?;
        definitions.push(format!("ALTER TABLE {table} ADD CONSTRAINT {name} {definition}"));
    }
    for row in &indexes {
        let [name, definition] = [0, 1].map(|index| row.get::<_, String>(index));
        tx.batch(&format!("DROP INDEX {name}"))?;
        definitions.push(definition);
    }
    definitions.reverse();
    Ok(definitions)
}

/// Validates the constraints that an initial copy created as NOT VALID, in this run or in one that
/// ended before it could. Other sessions can read and write meanwhile.
pub(super) fn validate(session: &mut Session) -> Result<(), PgError> {
    let mut tx = session.begin()?;
    // One statement per table reads it only once.
    let unvalidated = tx.query(
        "SELECT 'ALTER TABLE ' || conrelid::regclass || ' ' || \
         string_agg('VALIDATE CONSTRAINT ' || quote_ident(conname), ', ') FROM pg_constraint \
         WHERE conrelid = ANY ($1::regclass[]) AND NOT convalidated AND EXISTS \
         (SELECT FROM pg_class WHERE oid = conrelid AND pg_has_role(relowner, 'USAGE')) \
         GROUP BY conrelid",
        &[Value::Texts(TABLES.map(Into::into).to_vec()).into()],
    )?;
    if !unvalidated.is_empty() {
        // The plans of the following rounds then fit the size of the tables.
        tx.allow_long_calls();
        tx.batch(&format!("ANALYZE {}", TABLES.join(", ")))?;
    }
    tx.commit()?;
    for row in &unvalidated {
        let mut tx = session.begin()?;
        tx.allow_long_calls();
        tx.batch(&row.get::<_, String>(0))?;
        tx.commit()?;
    }
    Ok(())
}

fn can_drop_constraints(tx: &mut PgTransaction<'_>) -> Result<bool, PgError> {
    let rows = tx.query(
        "SELECT NOT EXISTS (SELECT FROM devices) AND NOT EXISTS (SELECT FROM interfaces) \
         AND NOT EXISTS (SELECT FROM links) AND (SELECT bool_and(pg_has_role(relowner, 'USAGE')) \
         FROM pg_class WHERE oid = ANY ($1::regclass[]))",
        &[Value::Texts(TABLES.map(Into::into).to_vec()).into()],
    )?;
    Ok(rows.first().and_then(|row| row.get(0)).unwrap_or(false))
}

fn copy_all<T: Entity>(
    tx: &mut PgTransaction<'_>,
    site_id: Uuid,
    snapshot: &Snapshot,
) -> Result<u64, PgError> {
    let mut copy = tx.copy_in(T::TABLE, T::TABLE.name, site_id)?;
    for entity in T::all(snapshot)? {
        copy.row(&entity?.row())?;
    }
    copy.finish()
}
