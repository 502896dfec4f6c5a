//! Writing entities into the mirror's tables: few of them row by row, many by bulk transfer.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Bound;

use uuid::Uuid;

use crate::domain::{Device, EntityKey, EntityKind, IdCounters, Interface, Link};
use crate::pg::{Param, PgError, Tx};
use crate::sql::{AUDIT, AUDIT_IMAGES_MAX, Entity, Row, Table, Value, audit_row, id_of};
use crate::store::Snapshot;

/// Rows of one kind from which those that may be there go by bulk transfer: eight statements' worth.
/// Below, making a temporary table costs PostgreSQL's catalogue more than it saves.
const BULK_ROWS: usize = 400;
/// Rows that PostgreSQL never had, from which they go by bulk transfer: it costs one exchange more than
/// a statement, and spares both sides 24 parameters for each row.
const NEW_BULK_ROWS: usize = 10;
/// Rows of one kind after which PostgreSQL counts the table anew: reports that are made right after
/// it would otherwise be planned by what the table once held.
const ANALYZE_ROWS: usize = 2_000;
/// Rows of one statement: 50 devices have 1,201 parameters; PostgreSQL allows 65,535.
const STATEMENT_ROWS: usize = 50;
/// Images in the audit rows of one statement, about 1.5 MB; a row has at most a thousand.
const STATEMENT_IMAGES: usize = 1_000;
/// Ids of one DELETE.
const DELETE_IDS: usize = 10_000;

/// The entities that have to be brought to the state of a snapshot.
#[derive(Debug, Default)]
pub(super) struct Keys(BTreeMap<EntityKind, Vec<u64>>);

impl Keys {
    pub(super) fn push(&mut self, key: EntityKey) {
        self.0.entry(key.kind).or_default().push(key.id);
    }

    fn of(&self, kind: EntityKind) -> &[u64] {
        self.0.get(&kind).map_or(&[], Vec::as_slice)
    }
}

/// Brings the entities named by `keys` to what the snapshot says of them: written when they are
/// there, deleted when they are not. Ids from `new_from` on were never sent: their rows need no
/// merge. Returns how many rows were sent.
pub(super) fn write_entities(
    tx: &mut Tx<'_>,
    site_id: Uuid,
    snapshot: &Snapshot,
    keys: &Keys,
    new_from: Option<IdCounters>,
) -> Result<u64, PgError> {
    let new_from = |counter: fn(IdCounters) -> u64| new_from.map_or(u64::MAX, counter);
    let mut writer = Writer { tx, site_id, snapshot };
    let mut rows = writer.write::<Device>(keys, new_from(|next| next.device))?;
    rows += writer.write::<Interface>(keys, new_from(|next| next.interface))?;
    rows += writer.write::<Link>(keys, new_from(|next| next.link))?;
    Ok(rows)
}

/// Where rows go, and what they are made of.
struct Writer<'a, 'c> {
    tx: &'a mut Tx<'c>,
    site_id: Uuid,
    snapshot: &'a Snapshot,
}

impl Writer<'_, '_> {
    fn write<T: Entity>(&mut self, keys: &Keys, new_from: u64) -> Result<u64, PgError> {
        let ids = keys.of(T::KIND);
        let mut gone = Vec::new();
        // Marks come in the order of their ids.
        let (old, new) = ids.split_at(ids.partition_point(|id| *id < new_from));
        if old.len() >= BULK_ROWS {
            self.merge::<T>(old, &mut gone)?;
        } else {
            self.upsert_each::<T>(old, &mut gone)?;
        }
        if new.len() >= NEW_BULK_ROWS {
            self.append::<T>(new)?;
        } else {
            self.upsert_each::<T>(new, &mut gone)?;
        }
        if ids.len() >= ANALYZE_ROWS {
            self.tx.batch(&format!("ANALYZE {}", T::TABLE.name))?;
        }
        delete(self.tx, self.site_id, T::TABLE, &gone)?;
        Ok(ids.len() as u64)
    }

    /// A few rows at a time, each of which may be there.
    fn upsert_each<T: Entity>(&mut self, ids: &[u64], gone: &mut Vec<u64>) -> Result<(), PgError> {
        for ids in ids.chunks(STATEMENT_ROWS) {
            let mut entities = Vec::with_capacity(ids.len());
            for id in ids {
                match T::of(self.snapshot, *id)? {
                    Some(entity) => entities.push(entity),
                    None => gone.push(*id),
                }
            }
            let rows = entities.iter().map(T::row).collect();
            upsert(self.tx, self.site_id, T::TABLE, rows)?;
        }
        Ok(())
    }

    /// By way of a table beside it, since some of the rows may be there.
    fn merge<T: Entity>(&mut self, ids: &[u64], gone: &mut Vec<u64>) -> Result<(), PgError> {
        if ids.is_empty() {
            return Ok(());
        }
        let table = T::TABLE;
        let stage = format!("pg_temp.unoc_{}", table.name);
        self.tx.be_patient();
        // A repair comes after the marks of the same transaction.
        self.tx.batch(&format!(
            "DROP TABLE IF EXISTS {stage}; CREATE TEMP TABLE unoc_{0} (LIKE {0}) ON COMMIT DROP",
            table.name
        ))?;
        let mut copy = self.tx.copy_in(table, &stage, self.site_id)?;
        for id in ids {
            match T::of(self.snapshot, *id)? {
                Some(entity) => copy.row(&entity.row())?,
                None => gone.push(*id),
            }
        }
        copy.finish()?;
        let columns = table.column_list();
        self.tx.execute(
            &format!(
                "INSERT INTO {} (site_id, {columns}) SELECT site_id, {columns} FROM {stage} \
                 ON CONFLICT (site_id, id) DO UPDATE SET {}",
                table.name,
                table.assignments()
            ),
            &[],
        )?;
        Ok(())
    }

    /// Straight into the table. What is not there any more never was in PostgreSQL.
    fn append<T: Entity>(&mut self, ids: &[u64]) -> Result<(), PgError> {
        if ids.is_empty() {
            return Ok(());
        }
        self.tx.be_patient();
        let mut copy = self.tx.copy_in(T::TABLE, T::TABLE.name, self.site_id)?;
        for id in ids {
            if let Some(entity) = T::of(self.snapshot, *id)? {
                copy.row(&entity.row())?;
            }
        }
        copy.finish()?;
        Ok(())
    }
}

fn upsert(
    tx: &mut Tx<'_>,
    site_id: Uuid,
    table: &'static Table,
    rows: Vec<Row<'_>>,
) -> Result<(), PgError> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut sql = format!("INSERT INTO {} (site_id, {}) VALUES ", table.name, table.column_list());
    let mut params: Vec<Param<'_>> = Vec::with_capacity(1 + rows.len() * table.columns.len());
    params.push(Value::Uuid(site_id).into());
    for (index, row) in rows.into_iter().enumerate() {
        sql.push_str(if index == 0 { "($1" } else { ", ($1" });
        for (value, column) in row.into_iter().zip(table.columns) {
            params.push(Param::of_column(value, column.1));
            write!(sql, ", ${}", params.len()).expect("a string takes everything");
        }
        sql.push(')');
    }
    sql.push_str(&format!(" ON CONFLICT (site_id, id) DO UPDATE SET {}", table.assignments()));
    tx.execute(&sql, &params)?;
    Ok(())
}

fn delete(
    tx: &mut Tx<'_>,
    site_id: Uuid,
    table: &'static Table,
    ids: &[u64],
) -> Result<(), PgError> {
    let sql = format!("DELETE FROM {} WHERE site_id = $1 AND id = ANY ($2)", table.name);
    for ids in ids.chunks(DELETE_IDS) {
        let ids = ids.iter().map(|id| id_of(*id)).collect();
        let params = [Value::Uuid(site_id).into(), Value::Ints(ids).into()];
        tx.execute(&sql, &params)?;
    }
    Ok(())
}

/// Sends the audit rows from `first` on, at most `limit`, and returns the number of the first that
/// is not there.
pub(super) fn write_audit(
    tx: &mut Tx<'_>,
    site_id: Uuid,
    snapshot: &Snapshot,
    first: u64,
    limit: u64,
) -> Result<u64, PgError> {
    let next = snapshot.last_commit().next_audit.min(first.saturating_add(limit)).max(first);
    let range = (Bound::Included(first), Bound::Excluded(next));
    if next - first >= BULK_ROWS as u64 {
        let mut copy = tx.copy_in(&AUDIT, AUDIT.name, site_id)?;
        for entry in snapshot.audit_range(range, AUDIT_IMAGES_MAX)? {
            copy.row(&audit_row(&entry?))?;
        }
        copy.finish()?;
        return Ok(next);
    }
    let mut entries = Vec::new();
    let mut image_count = 0;
    for entry in snapshot.audit_range(range, AUDIT_IMAGES_MAX)? {
        let entry = entry?;
        image_count += entry.images.len();
        entries.push(entry);
        if entries.len() == STATEMENT_ROWS || image_count >= STATEMENT_IMAGES {
            image_count = 0;
            upsert(tx, site_id, &AUDIT, entries.iter().map(audit_row).collect())?;
            entries.clear();
        }
    }
    upsert(tx, site_id, &AUDIT, entries.iter().map(audit_row).collect())?;
    Ok(next)
}
