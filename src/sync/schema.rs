//! The mirror's tables, which this program creates and upgrades.

use super::error::{Obstacle, SyncError};
use crate::pg::{PgTransaction, Session};
use crate::sql::Value;
use crate::sql::schema::{self, HISTORY_TABLE};

/// Creates the tables, or upgrades them to this program's version.
///
/// # Errors
/// [`SyncError::Stopped`] when the database holds v2's tables (S13), a newer schema (S10), or
/// cannot hold every name.
pub(super) fn prepare(session: &mut Session) -> Result<(), SyncError> {
    let newest = schema::newest_version();
    let mut tx = session.begin()?;
    check_encoding(&mut tx)?;
    check_v2(&mut tx)?;
    let version = version(&mut tx)?;
    tx.commit()?;
    if version > newest {
        return Err(newer_schema(version, newest).into());
    }
    if version < newest {
        session.migrate()?;
    }
    Ok(())
}

/// The version of the tables; 0 if there are none.
fn version(tx: &mut PgTransaction<'_>) -> Result<i64, SyncError> {
    if !has_table(tx, HISTORY_TABLE)? {
        return Ok(0);
    }
    let rows =
        tx.query(&format!("SELECT coalesce(max(version), 0)::bigint FROM {HISTORY_TABLE}"), &[])?;
    Ok(rows.first().map_or(0, |row| row.get(0)))
}

/// Whether the table is found on the search path.
pub(super) fn has_table(tx: &mut PgTransaction<'_>, name: &str) -> Result<bool, SyncError> {
    let rows = tx.query("SELECT to_regclass($1) IS NOT NULL", &[Value::text(name).into()])?;
    Ok(rows.first().is_some_and(|row| row.get(0)))
}

/// Refuses v2's tables: their `devices` has no column `site_id`.
fn check_v2(tx: &mut PgTransaction<'_>) -> Result<(), SyncError> {
    let rows = tx.query(
        "SELECT NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('devices') \
         AND attname = 'site_id' AND NOT attisdropped) AND to_regclass('devices') IS NOT NULL",
        &[],
    )?;
    if rows.first().is_some_and(|row| row.get(0)) {
        return Err(Obstacle {
            message: "this database holds the tables of UNOC v2, which are only changed on request"
                .to_owned(),
            remedy: "stop the service, load them with: unoc import --from-postgres URL --replace \
                     --archive-legacy; or name another database in DATABASE_URL"
                .to_owned(),
            is_conflict: false,
        }
        .into());
    }
    Ok(())
}

/// Names may contain any character; with another encoding, PostgreSQL refuses some rows.
fn check_encoding(tx: &mut PgTransaction<'_>) -> Result<(), SyncError> {
    let rows = tx.query("SELECT current_setting('server_encoding')", &[])?;
    let encoding: String = rows.first().map_or_else(String::new, |row| row.get(0));
    if encoding == "UTF8" {
        return Ok(());
    }
    Err(Obstacle {
        message: format!("the database's encoding is {encoding}, which cannot hold every name"),
        remedy:
            "create a database for UNOC with: createdb --encoding=UTF8 --template=template0 NAME"
                .to_owned(),
        is_conflict: false,
    }
    .into())
}

fn newer_schema(found: i64, known: i64) -> Obstacle {
    Obstacle {
        message: format!(
            "the tables in PostgreSQL were created by a newer UNOC (schema {found}, this program \
             knows {known})"
        ),
        remedy: "install that version of UNOC or a newer one; until then everything works \
                 except sync"
            .to_owned(),
        is_conflict: false,
    }
}
