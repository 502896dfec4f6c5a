//! Reading v2's tables from the database.
//!
//! Rows come by COPY in text format, so the database and a dump of it are read by the same code.
//! One transaction holds all statements and none has parameters: a pooler may be in front.

use std::collections::BTreeMap;
use std::time::Duration;

use super::columns::RowLayout;
use super::error::V2ImportError;
use super::sites::{self, SiteChoice, TableOwner};
use super::statements::next_id;
use super::tables::{ARCHIVE_SCHEMA, V2Table, V2Tables};
use crate::pg::{ConnectionControl, PgConfig, PgTransaction, Session};
use crate::sql::copy_text;

/// The settings of `pg_dump`: ISO times, here in UTC, and every digit of a number.
const TEXT_FORM: &str =
    "SET LOCAL datestyle = 'ISO'; SET LOCAL timezone = 'UTC'; SET LOCAL extra_float_digits = 3";

/// Reads v2's tables in one snapshot. It changes nothing, and v2 may be running.
///
/// # Errors
/// When PostgreSQL refuses or is unreachable, and when the tables are not those of v2.
pub fn read_database(config: &PgConfig, choice: &SiteChoice) -> Result<V2Tables, V2ImportError> {
    let mut session = connect(config)?;
    let mut tx = session.begin_snapshot()?;
    let FoundSchema { schema, .. } = find(&mut tx, choice)?;
    let tables = read(&mut tx, &schema)?;
    tx.rollback()?;
    if tables.devices.is_empty() { Err(V2ImportError::Empty) } else { Ok(tables) }
}

/// Stall timeout. A table that is seldom vacuumed has many dead rows to skip before the first live
/// one.
const SILENCE_MAX: Duration = Duration::from_secs(60);

pub(super) fn connect(config: &PgConfig) -> Result<Session, V2ImportError> {
    Ok(Session::open(config, &ConnectionControl::new(SILENCE_MAX))?)
}

/// Where v2's tables are.
pub(super) struct FoundSchema {
    pub(super) schema: String,
    /// Whether the archive holds v2's tables already.
    pub(super) has_archive: bool,
}

/// Finds v2's tables: in the chosen schema, or in the only one that has them. A search path in the
/// address limits the schemas.
///
/// # Errors
/// When no schema has v2's tables, or several have.
pub(super) fn find(
    tx: &mut PgTransaction<'_>,
    choice: &SiteChoice,
) -> Result<FoundSchema, V2ImportError> {
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
        let place = sites::SiteLocation { database: None, schema: schema.clone() };
        (place, TableOwner::of(V2Table::Devices, columns))
    };
    let owned: Vec<(sites::SiteLocation, TableOwner)> = columns.iter().map(owned).collect();
    let is_v2 = |(_, owner): &&(sites::SiteLocation, TableOwner)| *owner == TableOwner::V2;
    let places: Vec<&sites::SiteLocation> =
        owned.iter().filter(is_v2).map(|(place, _)| place).collect();
    if let Some(place) = sites::choose(&places, choice)? {
        let has_archive = columns.contains_key(ARCHIVE_SCHEMA);
        return Ok(FoundSchema { schema: place.schema.clone(), has_archive });
    }
    let other = owned.iter().find_map(|(_, owner)| match owner {
        TableOwner::Other(column) => {
            Some(V2ImportError::Column { table: V2Table::Devices, column })
        }
        TableOwner::Unknown | TableOwner::V2 | TableOwner::Unoc => None,
    });
    let has_own = owned.iter().any(|(_, owner)| *owner == TableOwner::Unoc);
    Err(if has_own {
        V2ImportError::OwnTables
    } else {
        other.unwrap_or(V2ImportError::NoTable(V2Table::Devices))
    })
}

/// Reads the three tables of a schema, and the next ids of their sequences.
pub(super) fn read(tx: &mut PgTransaction<'_>, schema: &str) -> Result<V2Tables, V2ImportError> {
    tx.batch(TEXT_FORM)?;
    let mut tables = V2Tables::default();
    for table in V2Table::ALL {
        read_table(tx, schema, table, &mut tables)?;
        if let Some(next) = next_of_sequence(tx, schema, table)? {
            tables.next_ids.set(table, next).map_err(V2ImportError::Sequence)?;
        }
    }
    tables.sort();
    Ok(tables)
}

fn read_table(
    tx: &mut PgTransaction<'_>,
    schema: &str,
    table: V2Table,
    tables: &mut V2Tables,
) -> Result<(), V2ImportError> {
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
        return Err(V2ImportError::NoTable(table));
    }
    let columns = RowLayout::read_columns(table, &header);
    let layout = RowLayout::new(table, &columns)?;
    let listed: Vec<String> = columns.iter().map(|column| identifier(column)).collect();
    // COPY of a table does not read its partitions; COPY of a query does.
    let sql = format!(
        "SELECT {} FROM {}.{}",
        listed.join(", "),
        identifier(schema),
        identifier(table.as_str())
    );
    let mut row = 0;
    tx.copy_out_text(&sql, |line| {
        row += 1;
        let added = copy_text::fields(line).and_then(|fields| layout.add(tables, fields));
        added.map_err(|what| V2ImportError::Row { table, row, what })
    })
}

/// The next id of a table's sequence; `None` if there is no readable sequence.
fn next_of_sequence(
    tx: &mut PgTransaction<'_>,
    schema: &str,
    table: V2Table,
) -> Result<Option<u64>, V2ImportError> {
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
    // pg_get_serial_sequence has quoted the name.
    let said = tx.query_text(&format!("SELECT last_value, is_called FROM {sequence}"))?;
    let Some([Some(last), Some(is_called)]) = said.first().map(Vec::as_slice) else {
        return Ok(None);
    };
    Ok(next_id(last, is_called == "t"))
}

/// A quoted name in SQL.
pub(super) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A string in SQL; `standard_conforming_strings` has been on since PostgreSQL 9.1.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
