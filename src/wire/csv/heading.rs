//! The heading of a table: the separator, the kind of the rows, and the place of each column.

use std::borrow::Cow;

use super::columns::TableKind;
use super::error::{TableError, quoted};
use super::records::{Record, Records};
use super::separator::Separator;

/// The heading of a table.
pub(super) struct Heading {
    pub(super) separator: Separator,
    pub(super) kind: TableKind,
    pub(super) line: usize,
    /// Normalised names of the columns; empty if the heading has none.
    columns: Vec<String>,
}

impl Heading {
    /// Reads the heading with the separator that gives the most known names.
    pub(super) fn read(text: &str) -> Option<Self> {
        let tries = Separator::ALL.into_iter().filter_map(|separator| {
            let record = Records::new(text, separator.as_char()).next()?;
            let columns: Vec<String> = record.cells.iter().map(|cell| known_as(cell)).collect();
            let known = |kind: TableKind| columns.iter().filter(|it| kind.knows(it)).count();
            let kind = TableKind::ALL.into_iter().rev().max_by_key(|kind| known(*kind))?;
            let rank = (known(kind), columns.len());
            Some((rank, Self { separator, kind, line: record.line, columns }))
        });
        // If several are equal, the first: the comma.
        let best = tries.reduce(|best, next| if next.0 > best.0 { next } else { best });
        best.map(|(_, heading)| heading)
    }

    /// Returns whether it has all required columns.
    pub(super) fn is_one(&self) -> bool {
        self.missing().next().is_none()
    }

    /// Returns the place of a column.
    pub(super) fn place(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|it| it == column)
    }

    /// Columns that are known but not read.
    pub(super) fn passed_over(&self) -> Vec<String> {
        self.columns.iter().filter(|it| self.kind.passes_over(it)).cloned().collect()
    }

    /// Returns the errors of the heading.
    pub(super) fn errors(&self) -> Vec<TableError> {
        let mut errors = Vec::new();
        for (index, column) in self.columns.iter().enumerate() {
            if column.is_empty() {
                continue;
            }
            let is_again = self.columns[..index].contains(column);
            if is_again {
                let text = format!("The column '{}' occurs twice", quoted(column));
                errors.push(TableError::in_column(self.line, column, text));
            } else if !self.kind.knows(column) {
                let known: Vec<&str> = self.kind.columns_read().collect();
                let text = format!(
                    "The column '{}' is unknown; a table of {} has {}",
                    quoted(column),
                    self.kind.as_str(),
                    known.join(", ")
                );
                errors.push(TableError::in_column(self.line, column, text));
            }
        }
        for missing in self.missing() {
            let text = format!("The heading has no column {}", missing.join(" or "));
            errors.push(TableError::at(self.line, text));
        }
        errors
    }

    /// Returns the error of a row with more cells than the heading has columns.
    pub(super) fn surplus(&self, record: &Record<'_>) -> Option<TableError> {
        let named = self.columns.iter().rposition(|it| !it.is_empty()).map_or(0, |at| at + 1);
        if record.width > named {
            let text =
                format!("The row has {} cells, but the heading has {named} columns", record.width);
            return Some(TableError::at(record.line, text));
        }
        let is_filled = |cell: &Cow<'_, str>| !cell.trim().is_empty();
        let mut cells = self.columns.iter().zip(&record.cells).enumerate();
        let (at, _) = cells.find(|(_, (column, cell))| column.is_empty() && is_filled(cell))?;
        let text = format!("Cell {} has a value, but the heading has no column for it", at + 1);
        Some(TableError::at(record.line, text))
    }

    fn missing(&self) -> impl Iterator<Item = &'static [&'static str]> {
        let needed = self.kind.columns_needed().iter().copied();
        needed.filter(|group| group.iter().all(|column| self.place(column).is_none()))
    }
}

/// Normalises a name: `Device Type` becomes `device_type`.
fn known_as(cell: &str) -> String {
    cell.trim().to_lowercase().replace([' ', '-'], "_")
}
