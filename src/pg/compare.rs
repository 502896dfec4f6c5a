//! Comparing the site's rows in PostgreSQL with a snapshot of the local store.

use std::iter::Peekable;

use uuid::Uuid;

use super::error::PgError;
use super::session::PgTransaction;
use crate::domain::{Device, EntityKey, Interface, Link};
use crate::sql::{Entity, Value, id_of};
use crate::store::{Snapshot, StoreError};

/// What a comparison found, in rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Comparison {
    /// Rows on either side.
    pub compared: u64,
    /// In the local store, but not in PostgreSQL.
    pub missing: u64,
    /// In PostgreSQL, but not in the local store.
    pub extra: u64,
    /// On both sides with different values.
    pub different: u64,
}

impl Comparison {
    /// Rows that are not the same on both sides.
    #[must_use]
    pub fn differences(self) -> u64 {
        self.missing + self.extra + self.different
    }
}

/// Compares all devices, interfaces and links of a site, and calls `on_difference` for each one
/// that differs.
///
/// # Errors
/// [`PgError`] when PostgreSQL or the local store cannot be read.
pub fn compare_entities(
    tx: &mut PgTransaction<'_>,
    site_id: Uuid,
    snapshot: &Snapshot,
    mut on_difference: impl FnMut(EntityKey),
) -> Result<Comparison, PgError> {
    let mut comparison = Comparison::default();
    compare_table::<Device>(tx, site_id, snapshot, &mut comparison, &mut on_difference)?;
    compare_table::<Interface>(tx, site_id, snapshot, &mut comparison, &mut on_difference)?;
    compare_table::<Link>(tx, site_id, snapshot, &mut comparison, &mut on_difference)?;
    Ok(comparison)
}

type LocalEntities<T> = Peekable<Box<dyn Iterator<Item = Result<T, StoreError>>>>;

/// Merges both sides in the order of their ids.
fn compare_table<T: Entity>(
    tx: &mut PgTransaction<'_>,
    site_id: Uuid,
    snapshot: &Snapshot,
    comparison: &mut Comparison,
    on_difference: &mut impl FnMut(EntityKey),
) -> Result<(), PgError> {
    let mut local: LocalEntities<T> = T::all(snapshot)?.peekable();
    let mut differs = |id: i64| {
        on_difference(EntityKey { kind: T::KIND, id: u64::try_from(id).unwrap_or_default() });
    };
    let table = T::TABLE;
    let sql = format!(
        "SELECT {} FROM {} WHERE site_id = '{site_id}' ORDER BY id",
        table.column_list(),
        table.name
    );
    tx.copy_out(table, &sql, |row| {
        let Some(Value::Int(id)) = row.first() else { return Ok::<(), PgError>(()) };
        while let Some(missing_id) = take_below(&mut local, *id)? {
            comparison.compared += 1;
            comparison.missing += 1;
            differs(missing_id);
        }
        comparison.compared += 1;
        match local.next_if(|entity| entity.as_ref().is_ok_and(|entity| id_in_sql(entity) == *id)) {
            None => {
                comparison.extra += 1;
                differs(*id);
            }
            Some(entity) => {
                if entity?.row().as_slice() != row {
                    comparison.different += 1;
                    differs(*id);
                }
            }
        }
        Ok(())
    })?;
    while let Some(missing_id) = take_below(&mut local, i64::MAX)? {
        comparison.compared += 1;
        comparison.missing += 1;
        differs(missing_id);
    }
    Ok(())
}

/// Takes the next local entity if its id is below `limit`, and returns that id.
fn take_below<T: Entity>(
    local: &mut LocalEntities<T>,
    limit: i64,
) -> Result<Option<i64>, StoreError> {
    let next = local.next_if(|entity| entity.as_ref().map_or(true, |it| id_in_sql(it) < limit));
    next.transpose().map(|entity| entity.as_ref().map(id_in_sql))
}

fn id_in_sql<T: Entity>(entity: &T) -> i64 {
    id_of(entity.id())
}
