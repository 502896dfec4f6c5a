//! Archiving v2's tables: they are moved into a schema of their own.

use super::database::{self, FoundSchema, identifier, literal};
use super::error::V2ImportError;
use super::import_record::ImportRecord;
use super::sites::SiteChoice;
use super::tables::ARCHIVE_SCHEMA;
use crate::pg::{PgConfig, PgTransaction};

/// v2's tables, and the one that holds the version of its migrations.
const MOVED: &str = "'devices', 'interfaces', 'links', 'alembic_version'";

/// `lock_timeout`: how long to wait for v2's last transaction.
const LOCK_WAIT: &str = "5s";

/// What became of v2's tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArchiveOutcome {
    /// They are in the archive already.
    Already,
    /// They were moved, or would be: `table links`, `type devicetype`, from this schema.
    Moved { schema: String, objects: Vec<String> },
}

/// Moves v2's tables with their sequences, indexes and enum types into [`ARCHIVE_SCHEMA`], in one
/// transaction. With `is_dry_run` the transaction is rolled back.
///
/// # Errors
/// [`V2ImportError::NotImported`] and [`V2ImportError::Changed`] unless the tables hold exactly
/// what `record` says was imported: no change in v2 may be left in the archive alone.
pub fn archive(
    config: &PgConfig,
    choice: &SiteChoice,
    record: Option<&ImportRecord>,
    is_dry_run: bool,
) -> Result<ArchiveOutcome, V2ImportError> {
    let mut session = database::connect(config)?;
    let mut tx = session.begin()?;
    let FoundSchema { schema, has_archive } = database::find(&mut tx, choice)?;
    if schema == ARCHIVE_SCHEMA {
        return Ok(ArchiveOutcome::Already);
    }
    if has_archive {
        return Err(V2ImportError::ArchiveTaken);
    }
    let record = record.ok_or(V2ImportError::NotImported)?;
    lock(&mut tx, &schema)?;
    let tables = database::read(&mut tx, &schema)?;
    let now = ImportRecord::of(&tables);
    if now != *record {
        return Err(V2ImportError::Changed { then: record.rows, now: now.rows });
    }
    let objects = move_all(&mut tx, &schema)?;
    if is_dry_run {
        tx.rollback()?;
    } else {
        tx.commit()?;
    }
    Ok(ArchiveOutcome::Moved { schema, objects })
}

/// Locks the tables until the end of the transaction.
fn lock(tx: &mut PgTransaction<'_>, schema: &str) -> Result<(), V2ImportError> {
    let schema = identifier(schema);
    let locked = tx.batch(&format!(
        "SET LOCAL lock_timeout = '{LOCK_WAIT}'; \
         LOCK TABLE {schema}.devices, {schema}.interfaces, {schema}.links IN ACCESS EXCLUSIVE MODE"
    ));
    locked
        .map_err(|error| if error.is_lock_timeout() { V2ImportError::InUse } else { error.into() })
}

fn move_all(tx: &mut PgTransaction<'_>, schema: &str) -> Result<Vec<String>, V2ImportError> {
    let from = literal(schema);
    // Also moved: the enum types of the columns, and the sequences in their defaults. A sequence
    // that a table owns moves with it.
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
        // Sequences may have moved with their table. ALTER TYPE has no IF EXISTS.
        let if_exists = if *kind == "sequence" { "IF EXISTS " } else { "" };
        tx.batch(&format!("ALTER {kind} {if_exists}{from}.{name_in_sql} SET SCHEMA {archive}"))?;
        moved.push(format!("{kind} {name}"));
    }
    Ok(moved)
}

fn names(tx: &mut PgTransaction<'_>, sql: &str) -> Result<Vec<String>, V2ImportError> {
    let rows = tx.query_text(sql)?;
    Ok(rows.into_iter().filter_map(|row| row.into_iter().next().flatten()).collect())
}
