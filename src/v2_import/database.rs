//! v2's tables out of the database itself.
//!
//! Rows come by COPY in text format, so the database and a dump of it are read by the same code.
//! All statements stand in one transaction and none has parameters: pgbouncer may be between.

use std::collections::BTreeMap;
use std::time::Duration;

use super::archive::ARCHIVE_SCHEMA;
use super::columns::Shape;
use super::error::LegacyError;
use super::sites::{self, Choice, Owner};
use super::statements::next_id;
use super::tables::{Table, Tables};
use crate::pg::{Session, Target, Tx, Watch};
use crate::sql::copy_text;

/// Rows as a dump has them: ISO times in UTC, every digit of a number.
const TEXT_FORM: &str =
    "SET LOCAL datestyle = 'ISO'; SET LOCAL timezone = 'UTC'; SET LOCAL extra_float_digits = 3";

/// Reads v2's tables in one snapshot, and changes nothing; v2 may be running.
///
/// # Errors
/// When PostgreSQL refuses or goes away, and when the tables are not those of v2.
pub fn read_database(target: &Target, choice: &Choice) -> Result<Tables, LegacyError> {
    let mut session = connect(target)?;
    let mut tx = session.begin_snapshot()?;
    let Place { schema, .. } = find(&mut tx, choice)?;
    let tables = read(&mut tx, &schema)?;
    tx.rollback()?;
    if tables.devices.is_empty() { Err(LegacyError::Empty) } else { Ok(tables) }
}

/// How long PostgreSQL may be silent: a neglected database passes over many dead rows before it
/// sends a living one.
const SILENCE_MAX: Duration = Duration::from_secs(60);

pub(super) fn connect(target: &Target) -> Result<Session, LegacyError> {
    Ok(Session::open(target, &Watch::new(SILENCE_MAX))?)
}

/// Where v2's tables are.
pub(super) struct Place {
    pub(super) schema: String,
    /// Whether the archive's schema holds some already.
    pub(super) has_archive: bool,
}

/// Finds v2's tables: in the schema that is chosen, or in the only one that holds some. An address
/// that sets a search path chooses by that.
///
/// # Errors
/// When no schema holds any, or several do.
pub(super) fn find(tx: &mut Tx<'_>, choice: &Choice) -> Result<Place, LegacyError> {
    let found = tx.query_text("SELECT n.nspname, a.attname FROM pg_catalog.pg_class c \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
         WHERE c.relname = 'devices' AND c.relkind IN ('r', 'p') \
         AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' \
         AND (n.nspname = ANY (pg_catalog.current_schemas(false)) OR NOT EXISTS \
         (SELECT FROM pg_catalog.pg_settings WHERE name = 'search_path' AND source = 'client')) \
         ORDER BY n.nspname",
    )?;
    let mut columns: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in found {
        if let [Some(schema), Some(column)] = row.as_slice() {
            columns.entry(schema.clone()).or_default().push(column.clone());
        }
    }
    let owned = |(schema, columns): (&String, &Vec<String>)| {
        let place = sites::Place { database: None, schema: schema.clone() };
        (place, Owner::of(Table::Devices, columns))
    };
    let owned: Vec<(sites::Place, Owner)> = columns.iter().map(owned).collect();
    let is_v2 = |(_, owner): &&(sites::Place, Owner)| *owner == Owner::V2;
    let places: Vec<&sites::Place> = owned.iter().filter(is_v2).map(|(place, _)| place).collect();
    if let Some(place) = sites::choose(&places, choice)? {
        let has_archive = columns.contains_key(ARCHIVE_SCHEMA);
        return Ok(Place { schema: place.schema.clone(), has_archive });
    }
    let other = owned.iter().find_map(|(_, owner)| match owner {
        Owner::Other(column) => Some(LegacyError::Column { table: Table::Devices, column }),
        Owner::Unknown | Owner::V2 | Owner::Unoc => None,
    });
    let has_own = owned.iter().any(|(_, owner)| *owner == Owner::Unoc);
    Err(if has_own {
        LegacyError::OwnTables
    } else {
        other.unwrap_or(LegacyError::NoTable(Table::Devices))
    })
}

/// Reads all three tables of a schema, and where their sequences are.
pub(super) fn read(tx: &mut Tx<'_>, schema: &str) -> Result<Tables, LegacyError> {
    tx.batch(TEXT_FORM)?;
    let mut tables = Tables::default();
    for table in Table::ALL {
        read_table(tx, schema, table, &mut tables)?;
        if let Some(next) = next_of_sequence(tx, schema, table)? {
            tables.next_ids.set(table, next).map_err(LegacyError::Sequence)?;
        }
    }
    tables.sort();
    Ok(tables)
}

fn read_table(
    tx: &mut Tx<'_>,
    schema: &str,
    table: Table,
    tables: &mut Tables,
) -> Result<(), LegacyError> {
    let header: Vec<String> = tx
        .query_text(&format!(
            "SELECT column_name FROM information_schema.columns WHERE table_schema = {} \
             AND table_name = '{table}' ORDER BY ordinal_position",
            literal(schema)
        ))?
        .into_iter()
        .filter_map(|row| row.into_iter().next().flatten())
        .collect();
    if header.is_empty() {
        return Err(LegacyError::NoTable(table));
    }
    let columns = Shape::read_columns(table, &header);
    let shape = Shape::new(table, &columns)?;
    let listed: Vec<String> = columns.iter().map(|column| identifier(column)).collect();
    // Through a query and not the table itself: a table that was partitioned can be read so too.
    let sql = format!(
        "SELECT {} FROM {}.{}",
        listed.join(", "),
        identifier(schema),
        identifier(table.as_str())
    );
    let mut row = 0;
    tx.copy_out_text(&sql, |line| {
        row += 1;
        let added = copy_text::fields(line).and_then(|fields| shape.add(tables, fields));
        added.map_err(|what| LegacyError::Row { table, row, what })
    })
}

/// What the sequence of a table's ids gives next; `None` when there is none that may be read.
fn next_of_sequence(
    tx: &mut Tx<'_>,
    schema: &str,
    table: Table,
) -> Result<Option<u64>, LegacyError> {
    let qualified = format!("{}.{}", identifier(schema), identifier(table.as_str()));
    let found = tx.query_text(&format!(
        "SELECT s FROM pg_catalog.pg_get_serial_sequence({}, 'id') s \
             WHERE pg_catalog.has_sequence_privilege(s, 'SELECT')",
        literal(&qualified)
    ))?;
    let Some(sequence) = found.into_iter().next().and_then(|row| row.into_iter().next().flatten())
    else {
        return Ok(None);
    };
    // PostgreSQL quoted the name itself.
    let said = tx.query_text(&format!("SELECT last_value, is_called FROM {sequence}"))?;
    let Some([Some(last), Some(is_called)]) = said.first().map(Vec::as_slice) else {
        return Ok(None);
    };
    Ok(next_id(last, is_called == "t"))
}

/// A name in SQL.
pub(super) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text in SQL; `standard_conforming_strings` has been on since PostgreSQL 9.1.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
