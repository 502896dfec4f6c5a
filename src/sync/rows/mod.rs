//! Entities as rows of the mirror's tables: the columns in their order, the way there and back.
//!
//! Each table is described once; statements, binary COPY, reading and comparing all follow it.

mod audit;
mod device;
mod interface;
mod link;
mod read;
mod value;

use postgres::types::Type;

pub(super) use audit::{AUDIT, audit_row};
pub(super) use read::RowFault;
pub(super) use value::{Value, id_of};

/// One table of the mirror. Its first column in PostgreSQL, `site_id`, is not part of a row here;
/// the first part is the id.
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) columns: &'static [Column],
}

/// A column's name and type.
pub(super) struct Column(pub(super) &'static str, pub(super) Type);

/// A row without its `site_id`.
pub(super) type Row<'a> = Vec<Value<'a>>;

/// An entity that has a row.
pub(super) trait Mirrored: Sized {
    const TABLE: &'static Table;

    /// Values in the order of the table's columns.
    fn row(&self) -> Row<'_>;

    /// The entity that a row holds.
    ///
    /// # Errors
    /// When a value is none that this program writes.
    fn from_row(row: &[Value<'_>]) -> Result<Self, RowFault>;
}

impl Table {
    /// `id, name, …`
    pub(super) fn column_list(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|column| column.0).collect();
        names.join(", ")
    }

    /// What replaces a row that is there: `name = EXCLUDED.name, …`
    pub(super) fn assignments(&self) -> String {
        let values = self.columns.iter().skip(1);
        let parts: Vec<String> =
            values.map(|column| format!("{0} = EXCLUDED.{0}", column.0)).collect();
        parts.join(", ")
    }

    pub(super) fn types(&self) -> Vec<Type> {
        self.columns.iter().map(|column| column.1.clone()).collect()
    }
}
