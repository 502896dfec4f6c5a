//! Reading a table into the rows of an import. All errors are found in one pass.

use super::cells;
use super::columns::TableKind;
use super::encoding::{Encoding, decode, decode_head};
use super::error::{TableError, TableErrors, quoted};
use super::heading::Heading;
use super::records::{Record, Records};
use super::{Separator, TABLE_ROWS_MAX};
use crate::domain::{
    Coordinates, CrossConnectTableRow, DetailText, DetailsPatch, DeviceTableRow, ImportTable,
    Lifecycle, LinkTableEnd, LinkTableRow, Optics, TableConnection,
};

/// How to read a table.
#[derive(Clone, Copy, Debug, Default)]
pub struct TableOptions {
    pub encoding: Encoding,
    /// The required kind of rows; `None` accepts the kind of the heading.
    pub kind: Option<TableKind>,
    /// The lifecycle of what is new. With it, the column `lifecycle` is not read.
    pub lifecycle_of_new: Option<Lifecycle>,
}

/// The result of reading a table.
#[derive(Debug)]
pub struct Reading {
    pub kind: TableKind,
    pub separator: Separator,
    pub errors: TableErrors,
    /// Known columns that an import does not read.
    pub columns_passed_over: Vec<String>,
    /// The line and the name of each row.
    pub rows: Vec<(usize, String)>,
    /// The rows; `None` if the heading is invalid or there are too many rows.
    pub command: Option<ImportTable>,
}

/// Returns whether the bytes begin like a table that can be imported, in any encoding.
pub fn looks_like_table(head: &[u8]) -> bool {
    Heading::read(&decode_head(head)).is_some_and(|heading| heading.is_one())
}

/// Reads a table. Returns all errors, in the order of the lines.
pub fn read_table(bytes: &[u8], options: TableOptions) -> Reading {
    let kind = options.kind.unwrap_or(TableKind::Devices);
    let unread = |error: TableError| Reading {
        kind,
        separator: Separator::Comma,
        errors: error.into(),
        columns_passed_over: Vec::new(),
        rows: Vec::new(),
        command: None,
    };
    let text = match decode(bytes, options.encoding) {
        Ok(text) => text,
        Err(error) => return unread(error),
    };
    let Some(mut heading) = Heading::read(&text) else {
        return unread(TableError::at(1, "The file is empty"));
    };
    let found = heading.kind;
    heading.kind = options.kind.unwrap_or(found);
    if heading.kind != found && !heading.is_one() {
        let what = format!("This is a table of {}, not of {}", found.as_str(), kind.as_str());
        return unread(TableError::at(heading.line, what));
    }
    if heading.kind == TableKind::CrossConnects && options.lifecycle_of_new.is_some() {
        let what = "Cross-connects have no lifecycle, and cannot be imported as planned";
        return unread(TableError::at(heading.line, what));
    }
    read_rows(&text, &heading, options.lifecycle_of_new)
}

fn read_rows(text: &str, heading: &Heading, lifecycle_of_new: Option<Lifecycle>) -> Reading {
    let mut reading = Reading {
        kind: heading.kind,
        separator: heading.separator,
        errors: TableErrors::default(),
        columns_passed_over: heading.passed_over(),
        rows: Vec::new(),
        command: None,
    };
    reading.errors.extend(heading.errors());
    if !heading.is_one() {
        return reading;
    }
    let mut records = Records::new(text, heading.separator.as_char());
    records.next();
    reading.errors.extend(records.errors.drain(..));
    let mut command = match heading.kind {
        TableKind::Devices => ImportTable::Devices(Vec::new()),
        TableKind::Links => ImportTable::Links(Vec::new()),
        TableKind::CrossConnects => ImportTable::CrossConnects(Vec::new()),
    };
    let mut count = 0;
    while let Some(record) = records.next() {
        count += 1;
        let mut unreadable = std::mem::take(&mut records.errors);
        if count > TABLE_ROWS_MAX {
            continue;
        }
        let mut row = RowReading { heading, record: &record, lifecycle_of_new, errors: Vec::new() };
        row.errors.extend(heading.surplus(&record));
        let name = row.add_to(&mut command);
        let named = Some(quoted(&name)).filter(|name| !name.is_empty());
        let of_row = |error| TableError { name: named.clone(), ..error };
        let mut errors: Vec<_> = row.errors.into_iter().map(of_row).collect();
        errors.append(&mut unreadable);
        errors.sort_by_key(|error| error.line);
        reading.errors.extend(errors);
        reading.rows.push((record.line, name));
    }
    reading.errors.extend(records.errors);
    if count == 0 {
        let what = "The table has a heading, but no rows";
        reading.errors.push(TableError::at(heading.line, what));
    } else if count > TABLE_ROWS_MAX {
        let what = format!(
            "The table has {count} rows, but one import accepts {TABLE_ROWS_MAX}; split the file"
        );
        reading.errors = TableError::at(heading.line, what).into();
        return reading;
    }
    reading.command = Some(command);
    reading
}

/// A row while it is read.
struct RowReading<'r, 't> {
    heading: &'r Heading,
    record: &'r Record<'t>,
    lifecycle_of_new: Option<Lifecycle>,
    errors: Vec<TableError>,
}

impl<'r> RowReading<'r, '_> {
    /// Adds the row to its table, and returns its name.
    fn add_to(&mut self, table: &mut ImportTable) -> String {
        match table {
            ImportTable::Devices(rows) => {
                rows.push(self.device());
                self.text("name").or_else(|| self.text("id")).unwrap_or_default().to_owned()
            }
            ImportTable::Links(rows) => {
                rows.push(self.link());
                let end = |column| self.text(column).unwrap_or_default();
                format!("{} \u{2013} {}", end("a_device"), end("b_device"))
            }
            ImportTable::CrossConnects(rows) => {
                rows.push(self.cross_connect());
                let cell = |column| self.text(column).unwrap_or_default();
                let [device, a, b] = ["device", "a_interface", "b_interface"].map(cell);
                format!("{device} {a} \u{2013} {b}")
            }
        }
    }

    fn device(&mut self) -> DeviceTableRow {
        let row = DeviceTableRow {
            id: self.value("id", cells::id),
            name: self.value("name", cells::name),
            device_type: self.value("device_type", cells::device_type),
            container: self.text("container").map(str::to_owned),
            x: self.value("x", cells::number),
            y: self.value("y", cells::number),
            optics: Optics {
                tx_power_dbm: self.value("tx_power_dbm", cells::number),
                sensitivity_min_dbm: self.value("sensitivity_min_dbm", cells::number),
                insertion_loss_db: self.value("insertion_loss_db", cells::not_negative),
                pon_class: self.value("pon_class", cells::pon_class),
                split_ratio: self.value("split_ratio", cells::split_ratio),
            },
            lifecycle: self.lifecycle(),
            lifecycle_of_new: self.lifecycle_of_new,
            connection: self.connection(),
            details: self.details(),
            is_partial: false,
        };
        if row.name.is_none() && row.id.is_none() && self.errors.is_empty() {
            self.error(None, "The row has neither a name nor an id".to_owned());
        }
        DeviceTableRow { is_partial: !self.errors.is_empty(), ..row }
    }

    /// The cell is checked even if it does not count.
    fn lifecycle(&mut self) -> Option<Lifecycle> {
        let lifecycle = self.value("lifecycle", cells::lifecycle);
        lifecycle.filter(|_| self.lifecycle_of_new.is_none())
    }

    fn connection(&mut self) -> Option<TableConnection> {
        let to = self.text("connect_to").map(str::to_owned);
        let port = self.value("connect_to_port", cells::name);
        let length_km = self.value("length_km", cells::not_negative);
        let medium = self.value("medium", cells::medium);
        if to.is_none() {
            for column in ["connect_to_port", "length_km", "medium"] {
                if self.text(column).is_some() {
                    let what = format!("{column} has a value, but connect_to has none");
                    self.error(Some(column), what);
                }
            }
        }
        Some(TableConnection { to: to?, port, length_km, medium })
    }

    /// The details that the row gives; an empty cell removes none.
    fn details(&mut self) -> DetailsPatch {
        let mut text = |column, field| self.value(column, cells::detail(field)).flatten().map(Some);
        DetailsPatch {
            serial: text("serial", DetailText::Serial),
            customer_reference: text("customer_reference", DetailText::CustomerReference),
            customer_name: text("customer_name", DetailText::CustomerName),
            phone: text("phone", DetailText::Phone),
            address: text("address", DetailText::Address),
            note: text("note", DetailText::Note),
            coordinates: self.coordinates().map(Some),
            tags: self.value("tags", cells::tags),
        }
    }

    fn coordinates(&mut self) -> Option<Coordinates> {
        for (column, other) in [("latitude", "longitude"), ("longitude", "latitude")] {
            if self.text(column).is_none() && self.text(other).is_some() {
                self.error(Some(column), format!("{other} has a value, but {column} has none"));
            }
        }
        let latitude = self.value("latitude", cells::within(90.0));
        let longitude = self.value("longitude", cells::within(180.0));
        Some(Coordinates { latitude: latitude?, longitude: longitude? })
    }

    fn link(&mut self) -> LinkTableRow {
        let a = self.end("a_device", "a_interface", "a_interface_type");
        let b = self.end("b_device", "b_interface", "b_interface_type");
        let length_km = self.value("length_km", cells::not_negative);
        let medium = self.value("physical_medium_id", cells::medium);
        let (lifecycle, lifecycle_of_new) = (self.lifecycle(), self.lifecycle_of_new);
        let is_partial = !self.errors.is_empty();
        LinkTableRow { a, b, length_km, medium, lifecycle, lifecycle_of_new, is_partial }
    }

    fn cross_connect(&mut self) -> CrossConnectTableRow {
        self.require(["device", "a_interface", "b_interface"]);
        CrossConnectTableRow {
            device: self.value("device", cells::name),
            ports: ["a_interface", "b_interface"].map(|column| self.value(column, cells::name)),
            loss_db: self.value("loss_db", cells::not_negative),
            is_assumed: self.value("is_assumed", cells::boolean).unwrap_or(false),
        }
    }

    fn end(&mut self, device: &str, interface: &str, interface_type: &str) -> LinkTableEnd {
        self.require([device, interface]);
        LinkTableEnd {
            device: self.value(device, cells::name),
            interface: self.value(interface, cells::name),
            interface_type: self.value(interface_type, cells::interface_type),
        }
    }

    fn require<const N: usize>(&mut self, columns: [&str; N]) {
        for column in columns {
            if self.text(column).is_none() {
                self.error(Some(column), format!("{column} has no value"));
            }
        }
    }

    fn value<T>(&mut self, column: &str, parse: impl Fn(&str) -> Result<T, String>) -> Option<T> {
        match parse(self.text(column)?) {
            Ok(value) => Some(value),
            Err(what) => {
                self.error(Some(column), what);
                None
            }
        }
    }

    /// Returns the value in a column; `None` if it is empty.
    fn text(&self, column: &str) -> Option<&'r str> {
        let cell = self.record.cells.get(self.heading.place(column)?)?;
        (!cell.trim().is_empty()).then_some(cell.as_ref())
    }

    fn error(&mut self, column: Option<&str>, detail: String) {
        let line = self.record.line;
        self.errors.push(match column {
            Some(column) => TableError::in_column(line, column, detail),
            None => TableError::at(line, detail),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::error::ERRORS_MAX;
    use super::super::report::ImportErrors;
    use super::*;

    #[test]
    fn faults_are_counted_and_the_first_are_kept() {
        let row_count = ERRORS_MAX + 5;
        let table = format!("name,device_type,x\n{}", "A,B,C\n".repeat(row_count));
        let reading = read_table(table.as_bytes(), TableOptions::default());
        assert_eq!(reading.errors.first.len(), ERRORS_MAX);
        let errors = ImportErrors::new(reading, None);
        assert_eq!(errors.error_count, 2 * row_count);
        assert!(errors.detail.starts_with(&format!("{row_count} lines ")), "{}", errors.detail);
        assert_eq!(errors.errors.last().map(|error| error.line), Some(1 + ERRORS_MAX / 2));
    }
}
