//! Moving v2's tables out of the way: into a schema of their own, where nobody writes.

use super::database::{self, Place, identifier, literal};
use super::error::LegacyError;
use super::import_record::Stamp;
use super::sites::Choice;
use crate::pg::{Target, Tx};

/// The schema that v2's tables are moved to.
pub const ARCHIVE_SCHEMA: &str = "unoc_v2";

/// v2's tables, and the one in which its migrations kept their version.
const MOVED: &str = "'devices', 'interfaces', 'links', 'alembic_version'";

/// How long to wait for v2's last transaction, in PostgreSQL's words.
const LOCK_WAIT: &str = "5s";

/// What became of v2's tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Archived {
    /// They are in the archive since an earlier time.
    Already,
    /// They were moved, or would be; each as `table links`, `type devicetype`.
    Moved { schema: String, what: Vec<String> },
}

/// Moves v2's tables with their sequences, indexes and enum types into [`ARCHIVE_SCHEMA`], in one
/// transaction. With `is_rehearsal` the transaction is taken back.
///
/// # Errors
/// [`LegacyError::NotImported`] and [`LegacyError::Changed`] unless the tables hold exactly what
/// `stamp` says was imported: nothing that v2 knows may end up in the archive alone.
pub fn archive(
    target: &Target,
    choice: &Choice,
    stamp: Option<&Stamp>,
    is_rehearsal: bool,
) -> Result<Archived, LegacyError> {
    let mut session = database::connect(target)?;
    let mut tx = session.begin()?;
    let Place { schema, has_archive } = database::find(&mut tx, choice)?;
    if schema == ARCHIVE_SCHEMA {
        return Ok(Archived::Already);
    }
    if has_archive {
        return Err(LegacyError::ArchiveTaken);
    }
    let stamp = stamp.ok_or(LegacyError::NotImported)?;
    lock(&mut tx, &schema)?;
    let tables = database::read(&mut tx, &schema)?;
    let now = Stamp::of(&tables);
    if now != *stamp {
        return Err(LegacyError::Changed { then: stamp.rows, now: now.rows });
    }
    let what = move_all(&mut tx, &schema)?;
    if is_rehearsal {
        tx.rollback()?;
    } else {
        tx.commit()?;
    }
    Ok(Archived::Moved { schema, what })
}

/// Waits until nobody writes, and keeps it so until the end.
fn lock(tx: &mut Tx<'_>, schema: &str) -> Result<(), LegacyError> {
    let schema = identifier(schema);
    let locked = tx.batch(&format!(
        "SET LOCAL lock_timeout = '{LOCK_WAIT}'; \
         LOCK TABLE {schema}.devices, {schema}.interfaces, {schema}.links IN ACCESS EXCLUSIVE MODE"
    ));
    locked.map_err(|error| if error.is_lock_timeout() { LegacyError::InUse } else { error.into() })
}

fn move_all(tx: &mut Tx<'_>, schema: &str) -> Result<Vec<String>, LegacyError> {
    let from = literal(schema);
    // Enum types of columns that are moved, and sequences that defaults of theirs draw from;
    // those that a table owns come with it.
    let mut moved = Vec::new();
    let tables = names(
        tx,
        &format!(
            "SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n \
             ON n.oid = c.relnamespace WHERE n.nspname = {from} AND c.relkind IN ('r', 'p') \
             AND c.relname IN ({MOVED}) ORDER BY c.relname"
        ),
    )?;
    let types = names(
        tx,
        &format!(
            "SELECT DISTINCT t.typname FROM pg_catalog.pg_class c \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND NOT a.attisdropped \
             JOIN pg_catalog.pg_type t ON t.oid = a.atttypid AND t.typnamespace = n.oid \
             WHERE n.nspname = {from} AND c.relname IN ({MOVED}) AND t.typtype = 'e' ORDER BY 1"
        ),
    )?;
    let sequences = names(
        tx,
        &format!(
            "SELECT DISTINCT s.relname FROM pg_catalog.pg_class c \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             JOIN pg_catalog.pg_attrdef d ON d.adrelid = c.oid \
             JOIN pg_catalog.pg_depend u ON u.classid = 'pg_catalog.pg_attrdef'::regclass \
             AND u.objid = d.oid AND u.refclassid = 'pg_catalog.pg_class'::regclass \
             JOIN pg_catalog.pg_class s ON s.oid = u.refobjid AND s.relkind = 'S' \
             AND s.relnamespace = n.oid \
             WHERE n.nspname = {from} AND c.relname IN ({MOVED}) ORDER BY 1"
        ),
    )?;
    let archive = identifier(ARCHIVE_SCHEMA);
    tx.batch(&format!("CREATE SCHEMA IF NOT EXISTS {archive}"))?;
    let from = identifier(schema);
    let groups = [("table", tables), ("sequence", sequences), ("type", types)];
    for (kind, name) in groups.iter().flat_map(|(kind, all)| all.iter().map(move |it| (kind, it))) {
        let name_in_sql = identifier(name);
        // IF EXISTS, for the sequences that went with their table; ALTER TYPE knows no such words.
        let if_exists = if *kind == "sequence" { "IF EXISTS " } else { "" };
        tx.batch(&format!("ALTER {kind} {if_exists}{from}.{name_in_sql} SET SCHEMA {archive}"))?;
        moved.push(format!("{kind} {name}"));
    }
    Ok(moved)
}

fn names(tx: &mut Tx<'_>, sql: &str) -> Result<Vec<String>, LegacyError> {
    let rows = tx.query_text(sql)?;
    Ok(rows.into_iter().filter_map(|row| row.into_iter().next().flatten()).collect())
}
