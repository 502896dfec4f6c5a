//! The site in SQL: its tables, and entities as rows. The mirror in PostgreSQL and the backup files
//! have the same tables.
//!
//! Each table is described once; statements, COPY in both formats, reading and comparing use the
//! description. [`schema`] creates the tables, `copy_text` is the format of rows in a file.

mod audit;
mod audit_v1;
pub mod copy_text;
mod device;
mod interface;
mod link;
mod row_reader;
pub mod schema;
mod value;

use crate::domain::EntityKind;
use crate::store::{Snapshot, StoreError};

pub use audit::{AUDIT, AUDIT_IMAGES_MAX, audit_entry, audit_row, audit_row_of_v1};
pub use row_reader::RowError;
pub use value::{Value, id_of};

/// One table. Its first column in PostgreSQL, `site_id`, is not listed; the first column here is
/// the id.
#[derive(Debug)]
pub struct Table {
    pub name: &'static str,
    /// Columns of later schema versions come after those of earlier ones.
    pub columns: &'static [Column],
    /// How many of the columns version 1 of the schema has.
    pub columns_of_v1: usize,
    /// How many of them version 2 has.
    pub columns_of_v2: usize,
}

/// A column's name and type.
#[derive(Debug)]
pub struct Column(pub &'static str, pub ColumnType);

/// The types that the tables use, named as PostgreSQL's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnType {
    /// `bigint`
    Int,
    /// `double precision`
    Float,
    /// `boolean`
    Bool,
    Text,
    Timestamptz,
    /// `bigint[]`
    IntArray,
    /// `text[]`
    TextArray,
    Jsonb,
}

/// A row without its `site_id`.
pub type Row<'a> = Vec<Value<'a>>;

/// All entities of a kind, by id.
pub type Entities<T> = Box<dyn Iterator<Item = Result<T, StoreError>>>;

/// An entity that has a row.
pub trait Entity: Sized {
    const TABLE: &'static Table;
    const KIND: EntityKind;

    fn id(&self) -> u64;

    /// Values in the order of the table's columns.
    fn row(&self) -> Row<'_>;

    /// Returns the entity of a row.
    ///
    /// # Errors
    /// A value is not one that this program writes.
    fn from_row(row: &[Value<'_>]) -> Result<Self, RowError>;

    /// Returns the entity with this id, if the snapshot has it.
    ///
    /// # Errors
    /// The snapshot cannot be read.
    fn of(snapshot: &Snapshot, id: u64) -> Result<Option<Self>, StoreError>;

    /// Returns all entities of the kind, by id.
    ///
    /// # Errors
    /// The snapshot cannot be read.
    fn all(snapshot: &Snapshot) -> Result<Entities<Self>, StoreError>;
}

impl Table {
    /// Returns the columns of a version of the schema.
    pub fn columns_of(&self, schema: i64) -> &'static [Column] {
        match schema {
            ..=1 => &self.columns[..self.columns_of_v1],
            2 => &self.columns[..self.columns_of_v2],
            3.. => self.columns,
        }
    }

    /// Returns `id, name, …`.
    pub fn column_list(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|column| column.0).collect();
        names.join(", ")
    }

    /// Returns the assignments that update an existing row: `name = EXCLUDED.name, …`.
    pub fn assignments(&self) -> String {
        let values = self.columns.iter().skip(1);
        let parts: Vec<String> =
            values.map(|column| format!("{0} = EXCLUDED.{0}", column.0)).collect();
        parts.join(", ")
    }
}
