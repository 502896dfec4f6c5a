//! Reading a whole site back from PostgreSQL (S7, S8).

use uuid::Uuid;

use super::error::SyncError;
use super::sync_state::Remote;
use crate::domain::{Device, Interface, Link, Site};
use crate::pg::{PgError, Session, Tx};
use crate::sql::Entity;

/// The site as PostgreSQL holds it, in one consistent view; `None` when `expected` is not what is
/// there any more.
pub(super) fn read(
    session: &mut Session,
    site_id: Uuid,
    expected: &Remote,
) -> Result<Option<Site>, SyncError> {
    let mut tx = session.begin()?;
    tx.batch("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")?;
    let remote = super::sync_state::read(&mut tx, site_id)?;
    if !remote.as_ref().is_some_and(|remote| remote.is_same_state(expected)) {
        return Ok(None);
    }
    let site = Site {
        counters: expected.counters,
        devices: read_all::<Device>(&mut tx, site_id)?,
        interfaces: read_all::<Interface>(&mut tx, site_id)?,
        links: read_all::<Link>(&mut tx, site_id)?,
    };
    Ok(Some(site))
}

fn read_all<T: Entity>(tx: &mut Tx<'_>, site_id: Uuid) -> Result<Vec<T>, PgError> {
    let table = T::TABLE;
    let sql = format!(
        "SELECT {} FROM {} WHERE site_id = '{site_id}' ORDER BY id",
        table.column_list(),
        table.name
    );
    let mut entities = Vec::new();
    tx.copy_out(table, &sql, |row| {
        entities.push(T::from_row(row)?);
        Ok::<(), PgError>(())
    })?;
    Ok(entities)
}
