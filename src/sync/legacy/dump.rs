//! v2's tables out of a plain `pg_dump`, read once from front to back.

use std::collections::BTreeMap;
use std::io::BufRead;

use super::archive::ARCHIVE_SCHEMA;
use super::error::LegacyError;
use super::insert::{self, Insert, Target};
use super::shape::{OWN_COLUMN, Shape};
use super::statements::{Lines, Statement};
use super::tables::{Table, Tables};
use crate::sql::copy_text;

/// What a packed dump begins with, and the command that unpacks it to standard output.
/// `pg_dump` writes `PGDMP` in front of its custom format; a tar file of it begins with the name
/// of its first member; the others are gzip (RFC 1952), Zstandard (RFC 8878) and xz.
const PACKED: [(&[u8], &str); 5] = [
    (b"PGDMP", "pg_restore -f - FILE"),
    (b"toc.dat", "pg_restore -f - FILE"),
    (b"\x1f\x8b", "gunzip -c FILE"),
    (b"\x28\xb5\x2f\xfd", "zstd -dc FILE"),
    (b"\xfd7zXZ", "xz -dc FILE"),
];

/// Comments of `pg_dump` at the two ends of a whole dump.
const BEGIN_COMMENT: &[u8] = b"-- PostgreSQL database dump";
const END_COMMENT: &[u8] = b"-- PostgreSQL database dump complete";
/// Stands above a table's rows, also where there are none.
const DATA_COMMENT: &[u8] = b"-- Data for Name: ";

/// Reads the tables of v2 out of a dump: COPY blocks or INSERT statements, in any schema.
///
/// # Errors
/// [`LegacyError`] with the line, or with the command that makes a dump that can be read.
pub fn read_dump(mut input: impl BufRead) -> Result<Tables, LegacyError> {
    let start = input.fill_buf()?;
    if let Some((_, command)) = PACKED.iter().find(|(magic, _)| start.starts_with(magic)) {
        return Err(LegacyError::Packed { command });
    }
    let mut reader = Reader {
        lines: Lines::new(input),
        schemas: BTreeMap::new(),
        has_begin: false,
        has_end: false,
    };
    reader.read_all()?;
    reader.finish()
}

struct Reader<R> {
    lines: Lines<R>,
    schemas: BTreeMap<String, Schema>,
    /// Whether the comments of a whole dump were seen.
    has_begin: bool,
    has_end: bool,
}

/// What a schema holds of v2.
#[derive(Default)]
struct Schema {
    tables: Tables,
    /// By table.
    found: [Found; 3],
}

#[derive(Default)]
struct Found {
    is_there: bool,
    /// A table of UNOC's own, with the same name.
    is_own: bool,
    is_copied: bool,
    /// From CREATE TABLE, for rows that come without a list of columns.
    columns: Option<Vec<String>>,
}

impl<R: BufRead> Reader<R> {
    fn read_all(&mut self) -> Result<(), LegacyError> {
        let mut statement = Statement::default();
        loop {
            let Some(line) = self.lines.next()? else { break };
            if statement.is_empty() {
                if line.starts_with(b"--") {
                    self.has_begin |= line == BEGIN_COMMENT;
                    self.has_end |= line == END_COMMENT;
                    let named = line.strip_prefix(DATA_COMMENT).and_then(data_comment);
                    if let Some((schema, table)) = named {
                        self.found(&schema, table).is_there = true;
                    }
                    continue;
                }
                // What psql does by itself: \connect, \restrict.
                if line.starts_with(b"\\") {
                    continue;
                }
                if line.starts_with(b"COPY ") && line.ends_with(b"FROM stdin;") {
                    let header = String::from_utf8_lossy(line).into_owned();
                    self.copied_rows(&header)?;
                    continue;
                }
            }
            let is_complete = statement.push(line).map_err(|what| self.lines.fault(what))?;
            if is_complete && let Some(text) = statement.take() {
                self.statement(text)?;
            } else if is_complete {
                statement = Statement::default();
            }
        }
        if !self.has_begin && self.schemas.is_empty() {
            return Err(LegacyError::NotADump);
        }
        if !statement.is_empty() {
            return Err(LegacyError::Truncated("its last statement has no end".to_owned()));
        }
        Ok(())
    }

    fn found(&mut self, schema: &str, table: Table) -> &mut Found {
        &mut self.schemas.entry(schema.to_owned()).or_default().found[table as usize]
    }

    fn copied_rows(&mut self, header: &str) -> Result<(), LegacyError> {
        let target = insert::copy_target(header)
            .ok_or_else(|| self.lines.fault("this COPY statement cannot be read"))?;
        let shape = self.shape(&target)?;
        if let Some(table) = shape.as_ref().and(Table::parse(&target.name)) {
            let found = self.found(&target.schema, table);
            if std::mem::replace(&mut found.is_copied, true) {
                return Err(self.lines.fault(format!(
                    "{}.{} comes twice: make a dump of the one database of v2",
                    target.schema, target.name
                )));
            }
        }
        loop {
            let line = self.lines.next()?.map(<[u8]>::to_vec);
            let Some(line) = line.filter(|_| !self.lines.is_cut) else {
                let what = format!("the rows of {}.{} have no end", target.schema, target.name);
                return Err(LegacyError::Truncated(what));
            };
            if line == copy_text::END {
                return Ok(());
            }
            let Some(shape) = &shape else { continue };
            let fields = copy_text::fields(&line);
            self.add(&target.schema, shape, fields)?;
        }
    }

    fn add(
        &mut self,
        schema: &str,
        shape: &Shape,
        fields: Result<copy_text::Fields, String>,
    ) -> Result<(), LegacyError> {
        // The schema was entered when the shape was made.
        let Some(schema) = self.schemas.get_mut(schema) else { return Ok(()) };
        let added = fields.and_then(|fields| shape.add(&mut schema.tables, fields));
        added.map_err(|what| self.lines.fault(what))
    }

    /// How the rows that follow look; `None` for tables that are not v2's.
    fn shape(&mut self, target: &Target) -> Result<Option<Shape>, LegacyError> {
        let Some(table) = Table::parse(&target.name) else { return Ok(None) };
        let found = self.found(&target.schema, table);
        found.is_there = true;
        let Some(columns) = target.columns.clone().or_else(|| found.columns.clone()) else {
            return Err(self.lines.fault(format!(
                "nothing says which columns {table} has: make the dump with its schema, or with \
                 --column-inserts"
            )));
        };
        found.is_own |= columns.iter().any(|column| column == OWN_COLUMN);
        if found.is_own {
            return Ok(None);
        }
        Shape::new(table, &columns).map(Some)
    }

    fn statement(&mut self, text: Vec<u8>) -> Result<(), LegacyError> {
        let text = String::from_utf8(text).map_err(|_| self.lines.fault(copy_text::not_utf8()))?;
        if let Some((target, mut insert)) = Insert::begin(&text) {
            let Some(shape) = self.shape(&target)? else { return Ok(()) };
            while let Some(fields) = insert.row().map_err(|what| self.lines.fault(what))? {
                self.add(&target.schema, &shape, Ok(fields))?;
            }
        } else if let Some(target) = insert::created_table(&text) {
            if let Some(table) = Table::parse(&target.name) {
                let found = self.found(&target.schema, table);
                found.is_there = true;
                found.columns = target.columns;
                found.is_own = found.columns.iter().flatten().any(|column| column == OWN_COLUMN);
            }
        } else if let Some((schema, table, next)) = insert::sequence(&text) {
            self.schemas.entry(schema).or_default().tables.next_ids.set(table, next);
        } else if names_another_encoding(&text) {
            return Err(self.lines.fault(copy_text::not_utf8()));
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Tables, LegacyError> {
        if self.has_begin && !self.has_end {
            let what = "the comment \"PostgreSQL database dump complete\" is missing";
            return Err(LegacyError::Truncated(what.to_owned()));
        }
        let is_v2 = |schema: &Schema| schema.found[0].is_there && !schema.found[0].is_own;
        let names: Vec<String> = ["public", ARCHIVE_SCHEMA]
            .into_iter()
            .map(str::to_owned)
            .chain(self.schemas.keys().cloned())
            .collect();
        let name = names.iter().find(|name| self.schemas.get(*name).is_some_and(is_v2));
        let Some(mut schema) = name.and_then(|name| self.schemas.remove(name)) else {
            let has_own = self.schemas.values().any(|schema| schema.found[0].is_own);
            return Err(if has_own {
                LegacyError::OwnTables
            } else {
                LegacyError::NoTable(Table::Devices)
            });
        };
        for table in Table::ALL {
            if !schema.found[table as usize].is_there {
                return Err(LegacyError::NoTable(table));
            }
        }
        schema.tables.sort();
        if schema.tables.devices.is_empty() { Err(LegacyError::Empty) } else { Ok(schema.tables) }
    }
}

/// Reads `links; Type: TABLE DATA; Schema: public; Owner: unoc`.
fn data_comment(rest: &[u8]) -> Option<(String, Table)> {
    let mut parts = std::str::from_utf8(rest).ok()?.split("; ");
    let table = Table::parse(parts.next()?)?;
    if parts.next() != Some("Type: TABLE DATA") {
        return None;
    }
    Some((parts.next()?.strip_prefix("Schema: ")?.to_owned(), table))
}

/// Whether this is `SET client_encoding = 'LATIN1';` or another that is not read here.
fn names_another_encoding(statement: &str) -> bool {
    let value = statement.strip_prefix("SET client_encoding = ").map(str::trim);
    value.is_some_and(|value| !["'UTF8';", "'SQL_ASCII';"].contains(&value))
}
