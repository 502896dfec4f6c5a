//! The mirror's tables: made and brought up to date by this program, never by hand.

use super::error::{Obstacle, SyncError};
use crate::pg::{Session, Tx};
use crate::sql::Value;
use crate::sql::schema::{self, HISTORY_TABLE};

/// Makes the tables, or brings them to this program's version.
///
/// # Errors
/// [`SyncError::Stopped`] when the database holds v2's tables (S13), a newer schema (S10), or
/// cannot hold every name.
pub(super) fn prepare(session: &mut Session) -> Result<(), SyncError> {
    let newest = schema::newest_version();
    let mut tx = session.begin()?;
    check_encoding(&mut tx)?;
    check_legacy(&mut tx)?;
    let version = version(&mut tx)?;
    tx.commit()?;
    if version > newest {
        return Err(newer(version, newest).into());
    }
    if version < newest {
        session.migrate()?;
    }
    Ok(())
}

/// The version of the tables; 0 when there are none.
fn version(tx: &mut Tx<'_>) -> Result<i64, SyncError> {
    if !has_table(tx, HISTORY_TABLE)? {
        return Ok(0);
    }
    let rows =
        tx.query(&format!("SELECT coalesce(max(version), 0)::bigint FROM {HISTORY_TABLE}"), &[])?;
    Ok(rows.first().map_or(0, |row| row.get(0)))
}

/// Whether the table is found on the search path.
pub(super) fn has_table(tx: &mut Tx<'_>, name: &str) -> Result<bool, SyncError> {
    let rows = tx.query("SELECT to_regclass($1) IS NOT NULL", &[Value::text(name).into()])?;
    Ok(rows.first().is_some_and(|row| row.get(0)))
}

/// A table `devices` without `site_id` is v2's.
fn check_legacy(tx: &mut Tx<'_>) -> Result<(), SyncError> {
    let rows = tx.query(
        "SELECT NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('devices') \
         AND attname = 'site_id' AND NOT attisdropped) AND to_regclass('devices') IS NOT NULL",
        &[],
    )?;
    if rows.first().is_some_and(|row| row.get(0)) {
        return Err(Obstacle {
            message: "this database holds UNOC v2's own tables, which are only changed on request"
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

/// Names can have any letter; a database in another encoding would refuse some rows for ever.
fn check_encoding(tx: &mut Tx<'_>) -> Result<(), SyncError> {
    let rows = tx.query("SELECT current_setting('server_encoding')", &[])?;
    let encoding: String = rows.first().map_or_else(String::new, |row| row.get(0));
    if encoding == "UTF8" {
        return Ok(());
    }
    Err(Obstacle {
        message: format!("the database's encoding is {encoding}, which cannot hold every name"),
        remedy: "make a database for UNOC with: createdb --encoding=UTF8 --template=template0 NAME"
            .to_owned(),
        is_conflict: false,
    }
    .into())
}

fn newer(found: i64, known: i64) -> Obstacle {
    Obstacle {
        message: format!(
            "the tables in PostgreSQL were made by a newer UNOC (schema {found}, this program \
             knows {known})"
        ),
        remedy: "install that version of UNOC or a newer one; until then everything but the \
                 mirror works"
            .to_owned(),
        is_conflict: false,
    }
}
