//! The first copy: the whole site by bulk transfer, in one transaction.
//!
//! The first site of a database goes into tables without constraints and indexes, which are made
//! again from their own definitions before the end, as pg_restore does: building an index at once
//! is several times faster than row by row. It is one transaction: nobody ever sees the tables
//! without them. What checks rows (foreign keys, CHECK) is made again for new rows at once, and
//! validated for those of the copy right after it: the local site keeps the same rules.

use tokio::time::Instant;
use uuid::Uuid;

use super::error::SyncError;
use super::round::{self, Applied};
use super::sync_state::Claim;
use super::write::write_audit;
use crate::domain::{Device, Interface, Link};
use crate::pg::{PgError, Session, Tx};
use crate::sql::{AUDIT, Entity, Value};
use crate::store::Snapshot;

/// The tables of entities, each before those that refer to it.
const TABLES: [&str; 3] = ["devices", "interfaces", "links"];

/// Sends everything that the snapshot shows, and makes this run the holder of the site.
pub(super) fn run(
    session: &mut Session,
    claim: &Claim,
    snapshot: &Snapshot,
) -> Result<Applied, SyncError> {
    let site_id = claim.identity.site_id;
    let mut tx = session.begin()?;
    tx.be_patient();
    round::limit(&mut tx)?;
    // The audit rows follow; the row itself has to be first, since it keeps others out.
    let next_audit = snapshot.last_commit().next_audit;
    round::progress(claim, snapshot, next_audit, true).begin(&mut tx)?;
    clear(&mut tx, site_id)?;
    let set_aside = set_aside(&mut tx)?;
    let mut rows = copy_all::<Device>(&mut tx, site_id, snapshot)?;
    rows += copy_all::<Interface>(&mut tx, site_id, snapshot)?;
    rows += copy_all::<Link>(&mut tx, site_id, snapshot)?;
    let start = Instant::now();
    for definition in &set_aside {
        tx.batch(definition)?;
    }
    let indexes_ms = (!set_aside.is_empty()).then(|| start.elapsed().as_secs_f64() * 1000.0);
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

/// Rows that an earlier, forgotten mirror left behind.
fn clear(tx: &mut Tx<'_>, site_id: Uuid) -> Result<(), PgError> {
    for table in TABLES.iter().rev().chain([&AUDIT.name]) {
        let sql = format!("DELETE FROM {table} WHERE site_id = $1");
        tx.execute(&sql, &[Value::Uuid(site_id).into()])?;
    }
    // Checks that wait for the end of the transaction would keep the tables from being altered.
    tx.batch("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
}

/// Takes constraints and secondary indexes off empty tables that this role owns; returns the
/// statements that bring them back.
fn set_aside(tx: &mut Tx<'_>) -> Result<Vec<String>, PgError> {
    if !can_set_aside(tx)? {
        return Ok(Vec::new());
    }
    // Starting helpers for one table costs more than they bring, and the API wants that core.
    tx.batch("SET LOCAL max_parallel_maintenance_workers = 0")?;
    // Waits for others that are about to write, then looks again.
    tx.batch("LOCK TABLE devices, interfaces, links IN ACCESS EXCLUSIVE MODE")?;
    if !can_set_aside(tx)? {
        return Ok(Vec::new());
    }
    let names = || Value::Texts(TABLES.map(Into::into).to_vec());
    // Foreign keys need the keys that they refer to: they go first and come back last.
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

/// Validates for all rows what a first copy, of this run or one that was cut off after it, made
/// again for new rows only. Nobody is kept from reading or writing meanwhile.
pub(super) fn validate(session: &mut Session) -> Result<(), PgError> {
    let mut tx = session.begin()?;
    // All of a table in one statement read it once.
    let unproven = tx.query(
        "SELECT 'ALTER TABLE ' || conrelid::regclass || ' ' || \
         string_agg('VALIDATE CONSTRAINT ' || quote_ident(conname), ', ') FROM pg_constraint \
         WHERE conrelid = ANY ($1::regclass[]) AND NOT convalidated AND EXISTS \
         (SELECT FROM pg_class WHERE oid = conrelid AND pg_has_role(relowner, 'USAGE')) \
         GROUP BY conrelid",
        &[Value::Texts(TABLES.map(Into::into).to_vec()).into()],
    )?;
    if !unproven.is_empty() {
        // The plans of the rounds that follow are made for tables of this size.
        tx.be_patient();
        tx.batch(&format!("ANALYZE {}", TABLES.join(", ")))?;
    }
    tx.commit()?;
    for row in &unproven {
        let mut tx = session.begin()?;
        tx.be_patient();
        tx.batch(&row.get::<_, String>(0))?;
        tx.commit()?;
    }
    Ok(())
}

fn can_set_aside(tx: &mut Tx<'_>) -> Result<bool, PgError> {
    let rows = tx.query(
        "SELECT NOT EXISTS (SELECT FROM devices) AND NOT EXISTS (SELECT FROM interfaces) \
         AND NOT EXISTS (SELECT FROM links) AND (SELECT bool_and(pg_has_role(relowner, 'USAGE')) \
         FROM pg_class WHERE oid = ANY ($1::regclass[]))",
        &[Value::Texts(TABLES.map(Into::into).to_vec()).into()],
    )?;
    Ok(rows.first().and_then(|row| row.get(0)).unwrap_or(false))
}

fn copy_all<T: Entity>(
    tx: &mut Tx<'_>,
    site_id: Uuid,
    snapshot: &Snapshot,
) -> Result<u64, PgError> {
    let mut copy = tx.copy_in(T::TABLE, T::TABLE.name, site_id)?;
    for entity in T::all(snapshot)? {
        copy.row(&entity?.row())?;
    }
    copy.finish()
}
