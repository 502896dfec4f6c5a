//! Turning columns of text into a row. PostgreSQL's text format is the same in a dump and on the
//! wire.

use compact_str::CompactString;

use super::error::V2ImportError;
use super::tables::{ROW_ID_MAX, V2Device, V2Interface, V2Link, V2Table, V2Tables};
use crate::sql::copy_text::CopyFields;

/// The column that UNOC's own tables have and v2's have not.
pub(super) const OWN_COLUMN: &str = "site_id";

/// The columns that are read, and whether every table of v2 has them.
const DEVICES: &[(&str, bool)] = &[
    ("id", true),
    ("name", true),
    ("device_type", true),
    ("x", false),
    ("y", false),
    ("tx_power_dbm", false),
    ("sensitivity_min_dbm", false),
    ("insertion_loss_db", false),
    ("parent_container_id", false),
    ("status_override", false),
    ("override_reason", false),
    ("created_at", false),
    ("updated_at", false),
];
const INTERFACES: &[(&str, bool)] = &[
    ("id", true),
    ("name", true),
    ("interface_type", true),
    ("device_id", true),
    ("created_at", false),
    ("updated_at", false),
];
const LINKS: &[(&str, bool)] = &[
    ("id", true),
    ("status", false),
    ("a_interface_id", true),
    ("b_interface_id", true),
    ("length_km", false),
    ("physical_medium_id", false),
    ("created_at", false),
    ("updated_at", false),
];

const fn columns(table: V2Table) -> &'static [(&'static str, bool)] {
    match table {
        V2Table::Devices => DEVICES,
        V2Table::Interfaces => INTERFACES,
        V2Table::Links => LINKS,
    }
}

/// The positions of a table's columns in its rows.
#[derive(Debug)]
pub(super) struct RowLayout {
    table: V2Table,
    width: usize,
    /// In the order of [`columns`]; `None` for an optional column that is absent.
    places: Vec<Option<usize>>,
}

impl RowLayout {
    /// The layout of rows with this header.
    ///
    /// # Errors
    /// [`V2ImportError::Column`] when a column is missing that every table of v2 has.
    pub(super) fn new(table: V2Table, header: &[String]) -> Result<Self, V2ImportError> {
        if let Some(column) = Self::missing_column(table, header) {
            return Err(V2ImportError::Column { table, column });
        }
        let place = |(column, _): &(&str, bool)| header.iter().position(|name| name == column);
        let places = columns(table).iter().map(place).collect();
        Ok(Self { table, width: header.len(), places })
    }

    /// The first column that every table of v2 has and this header has not.
    pub(super) fn missing_column(table: V2Table, header: &[String]) -> Option<&'static str> {
        let required = columns(table).iter().filter(|(_, is_required)| *is_required);
        let mut names = required.map(|(name, _)| *name);
        names.find(|name| !header.iter().any(|column| column == name))
    }

    /// Whether the value at this position of a row is read.
    pub(super) fn reads(&self, place: usize) -> bool {
        self.places.contains(&Some(place))
    }

    /// The columns of a header that are read.
    pub(super) fn read_columns(table: V2Table, header: &[String]) -> Vec<String> {
        let is_read = |name: &&String| columns(table).iter().any(|(column, _)| column == name);
        header.iter().filter(is_read).cloned().collect()
    }

    /// Adds a row to its table.
    ///
    /// # Errors
    /// Says what is wrong with the row.
    pub(super) fn add(&self, tables: &mut V2Tables, fields: CopyFields) -> Result<(), String> {
        if fields.len() != self.width {
            return Err(format!("{} fields instead of {}", fields.len(), self.width));
        }
        let mut row = Row { layout: self, fields };
        match self.table {
            V2Table::Devices => tables.devices.push(row.device()?),
            V2Table::Interfaces => tables.interfaces.push(row.interface()?),
            V2Table::Links => tables.links.push(row.link()?),
        }
        Ok(())
    }
}

struct Row<'s> {
    layout: &'s RowLayout,
    fields: CopyFields,
}

impl Row<'_> {
    fn device(&mut self) -> Result<V2Device, String> {
        Ok(V2Device {
            id: self.id()?,
            name: self.text("name").unwrap_or_default(),
            device_type: self.text("device_type").unwrap_or_default(),
            x: self.number("x").unwrap_or(0.0),
            y: self.number("y").unwrap_or(0.0),
            tx_power_dbm: self.number("tx_power_dbm"),
            sensitivity_min_dbm: self.number("sensitivity_min_dbm"),
            insertion_loss_db: self.number("insertion_loss_db"),
            parent_container_id: self.whole("parent_container_id")?,
            status_override: self.text("status_override"),
            override_reason: self.text("override_reason"),
            created_at: self.text("created_at"),
            updated_at: self.text("updated_at"),
        })
    }

    fn interface(&mut self) -> Result<V2Interface, String> {
        Ok(V2Interface {
            id: self.id()?,
            name: self.text("name").unwrap_or_default(),
            interface_type: self.text("interface_type").unwrap_or_default(),
            device_id: self.whole("device_id")?,
            created_at: self.text("created_at"),
            updated_at: self.text("updated_at"),
        })
    }

    fn link(&mut self) -> Result<V2Link, String> {
        Ok(V2Link {
            id: self.id()?,
            status: self.text("status"),
            a_interface_id: self.whole("a_interface_id")?,
            b_interface_id: self.whole("b_interface_id")?,
            length_km: self.number("length_km"),
            physical_medium_id: self.text("physical_medium_id"),
            created_at: self.text("created_at"),
            updated_at: self.text("updated_at"),
        })
    }

    fn text(&mut self, column: &str) -> Option<CompactString> {
        let index = columns(self.layout.table).iter().position(|(name, _)| *name == column)?;
        let place = self.layout.places.get(index).copied().flatten()?;
        self.fields.get_mut(place)?.take().map(CompactString::from)
    }

    /// NaN for what is not a number: the correction clears and reports it.
    fn number(&mut self, column: &str) -> Option<f64> {
        self.text(column).map(|text| text.trim().parse().unwrap_or(f64::NAN))
    }

    fn whole(&mut self, column: &str) -> Result<Option<i64>, String> {
        let Some(text) = self.text(column) else { return Ok(None) };
        let invalid =
            || format!("{column} of {} is {text:?}, which is not an id", self.layout.table);
        text.trim().parse().map(Some).map_err(|_| invalid())
    }

    fn id(&mut self) -> Result<i64, String> {
        let table = self.layout.table;
        let id = self.whole("id")?.ok_or_else(|| format!("a row of {table} has no id"))?;
        match u64::try_from(id) {
            Ok(high) if high > ROW_ID_MAX => {
                Err(format!("id {id} of {table} is too large: the greatest id is {ROW_ID_MAX}"))
            }
            _ => Ok(id),
        }
    }
}
