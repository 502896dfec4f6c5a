//! Writing entities into the mirror's tables: a few row by row, many by COPY.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Bound;

use uuid::Uuid;

use crate::domain::{Device, DeviceId, EntityKey, EntityKind, IdCounters, Interface, Link};
use crate::pg::{Param, PgError, PgTransaction};
use crate::sql::{AUDIT, AUDIT_IMAGES_MAX, Entity, Row, Table, Value, audit_row, id_of};
use crate::store::Snapshot;

/// Rows of one kind from which on existing rows are sent by COPY: the rows of eight statements.
/// Below that, a temporary table costs PostgreSQL's catalogue more than it saves.
const BULK_ROWS: usize = 400;
/// New rows from which on they are sent by COPY: it costs one more round trip than a statement, and
/// saves 37 parameters per row.
const NEW_BULK_ROWS: usize = 10;
/// Rows of one kind after which the table is analyzed: without it, PostgreSQL would plan the next
/// queries with old statistics.
const ANALYZE_ROWS: usize = 2_000;
/// Rows of one statement: 50 devices have 1,851 parameters; PostgreSQL allows 65,535.
const STATEMENT_ROWS: usize = 50;
/// Images in the audit rows of one statement, about 1.5 MB; one row has at most a thousand.
const STATEMENT_IMAGES: usize = 1_000;
/// Ids of one DELETE.
const DELETE_IDS: usize = 10_000;

/// The entities to write.
#[derive(Debug, Default)]
pub(super) struct EntityKeys(BTreeMap<EntityKind, Vec<u64>>);

impl EntityKeys {
    pub(super) fn push(&mut self, key: EntityKey) {
        self.0.entry(key.kind).or_default().push(key.id);
    }

    fn of(&self, kind: EntityKind) -> &[u64] {
        self.0.get(&kind).map_or(&[], Vec::as_slice)
    }
}

/// Writes the entities of `keys` that are in the snapshot and deletes the others. Ids from
/// `new_from` on were never sent, so that their rows are only inserted. Returns the number of rows
/// sent.
pub(super) fn write_entities(
    tx: &mut PgTransaction<'_>,
    site_id: Uuid,
    snapshot: &Snapshot,
    keys: &EntityKeys,
    new_from: Option<IdCounters>,
) -> Result<u64, PgError> {
    let new_from = |counter: fn(IdCounters) -> u64| new_from.map_or(u64::MAX, counter);
    let mut writer = EntityWriter { tx, site_id, snapshot };
    let mut rows = writer.write::<Device>(keys, new_from(|next| next.device))?;
    rows += writer.write::<Interface>(keys, new_from(|next| next.interface))?;
    rows += writer.write::<Link>(keys, new_from(|next| next.link))?;
    Ok(rows)
}

/// Writes entities of a snapshot in a transaction.
struct EntityWriter<'a, 'c> {
    tx: &'a mut PgTransaction<'c>,
    site_id: Uuid,
    snapshot: &'a Snapshot,
}

impl EntityWriter<'_, '_> {
    fn write<T: Entity>(&mut self, keys: &EntityKeys, new_from: u64) -> Result<u64, PgError> {
        let ids = keys.of(T::KIND);
        let mut deleted = Vec::new();
        // Marks are sorted by id.
        let (old, new) = ids.split_at(ids.partition_point(|id| *id < new_from));
        if old.len() >= BULK_ROWS {
            self.merge::<T>(old, &mut deleted)?;
        } else {
            self.upsert_each::<T>(old, &mut deleted)?;
        }
        if new.len() >= NEW_BULK_ROWS {
            self.insert::<T>(new)?;
        } else {
            self.upsert_each::<T>(new, &mut deleted)?;
        }
        if ids.len() >= ANALYZE_ROWS {
            self.tx.batch(&format!("ANALYZE {}", T::TABLE.name))?;
        }
        delete(self.tx, self.site_id, T::TABLE, &deleted)?;
        Ok(ids.len() as u64)
    }

    /// Sends a few rows per statement, each of which may exist.
    fn upsert_each<T: Entity>(
        &mut self,
        ids: &[u64],
        deleted: &mut Vec<u64>,
    ) -> Result<(), PgError> {
        for ids in ids.chunks(STATEMENT_ROWS) {
            let mut entities = Vec::with_capacity(ids.len());
            for id in ids {
                match T::of(self.snapshot, *id)? {
                    Some(entity) => entities.push(entity),
                    None => deleted.push(*id),
                }
            }
            let rows = entities.iter().map(T::row).collect();
            upsert(self.tx, self.site_id, T::TABLE, rows)?;
        }
        Ok(())
    }

    /// Sends rows through a temporary table, since some of them may exist.
    fn merge<T: Entity>(&mut self, ids: &[u64], deleted: &mut Vec<u64>) -> Result<(), PgError> {
        if ids.is_empty() {
            return Ok(());
        }
        let table = T::TABLE;
        let stage = format!("pg_temp.unoc_{}", table.name);
        self.tx.allow_long_calls();
        // The same transaction may have created it for the marks, before the repair.
        self.tx.batch(&format!(
            "DROP TABLE IF EXISTS {stage}; CREATE TEMP TABLE unoc_{0} (LIKE {0}) ON COMMIT DROP",
            table.name
        ))?;
        let mut copy = self.tx.copy_in(table, &stage, self.site_id)?;
        for id in ids {
            match T::of(self.snapshot, *id)? {
                Some(entity) => copy.row(&entity.row())?,
                None => deleted.push(*id),
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

    /// Sends new rows into the table. An entity that was deleted meanwhile never was in PostgreSQL.
    fn insert<T: Entity>(&mut self, ids: &[u64]) -> Result<(), PgError> {
        if ids.is_empty() {
            return Ok(());
        }
        self.tx.allow_long_calls();
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
    tx: &mut PgTransaction<'_>,
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
            write!(sql, ", ${}", params.len()).expect("writing into a string does not fail");
        }
        sql.push(')');
    }
    sql.push_str(&format!(" ON CONFLICT (site_id, id) DO UPDATE SET {}", table.assignments()));
    tx.execute(&sql, &params)?;
    Ok(())
}

fn delete(
    tx: &mut PgTransaction<'_>,
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

/// Removes the personal data of these devices from the audit rows in PostgreSQL, those included that the
/// local trail does not keep any more, and those that another holder wrote after the erasure.
pub(super) fn erase_personal_data(
    tx: &mut PgTransaction<'_>,
    site_id: Uuid,
    devices: &[DeviceId],
) -> Result<(), PgError> {
    if devices.is_empty() {
        return Ok(());
    }
    tx.allow_long_calls();
    let ids = devices.iter().map(|id| id_of(id.0)).collect();
    let keys = Value::Texts(PERSONAL_KEYS.map(Into::into).to_vec());
    let params = [Value::Uuid(site_id).into(), Value::Ints(ids).into(), keys.into()];
    tx.execute(ERASE_AUDIT, &params)?;
    Ok(())
}

/// Where the image of a device has personal data. Each key may be absent.
const PERSONAL_KEYS: [&str; 8] = [
    "customer_reference",
    "customer_name",
    "phone",
    "address",
    "latitude",
    "longitude",
    "note",
    "override_reason",
];

/// A side of an image is null where the device does not exist yet, or not any more.
const ERASE_AUDIT: &str = "\
    UPDATE audit a SET changes = (SELECT jsonb_agg(CASE \
        WHEN c->>'kind' = 'device' AND (c->>'id')::bigint = ANY ($2) THEN c \
            || CASE WHEN jsonb_typeof(c->'before') = 'object' \
                THEN jsonb_build_object('before', (c->'before') - $3::text[]) ELSE '{}' END \
            || CASE WHEN jsonb_typeof(c->'after') = 'object' \
                THEN jsonb_build_object('after', (c->'after') - $3::text[]) ELSE '{}' END \
        ELSE c END ORDER BY n) \
        FROM jsonb_array_elements(a.changes) WITH ORDINALITY AS e (c, n)) \
    WHERE site_id = $1 AND EXISTS (SELECT FROM jsonb_array_elements(a.changes) AS e (c) \
        WHERE c->>'kind' = 'device' AND (c->>'id')::bigint = ANY ($2))";

/// Sends at most `limit` audit rows from the number `first` on, and returns the number of the first
/// row that is not sent.
pub(super) fn write_audit(
    tx: &mut PgTransaction<'_>,
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
