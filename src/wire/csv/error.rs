//! Errors in a table.

use serde::Serialize;
use utoipa::ToSchema;

/// Longest text of a file that an error quotes.
const QUOTED_CHARS_MAX: usize = 60;
/// Most errors of a table that are kept and listed. They take about 3 MB; a table of 16 MiB can
/// have millions.
pub(super) const ERRORS_MAX: usize = 10_000;

/// An error in a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct TableError {
    /// Line of the file on which the row begins; the heading is line 1.
    pub line: usize,
    /// The column, if the error is in one cell.
    pub column: Option<String>,
    /// The name of the row: a device, or the two devices of a link.
    pub name: Option<String>,
    pub detail: String,
}

/// The errors of a table: the number of all, and the first [`ERRORS_MAX`].
#[derive(Debug, Default)]
pub struct TableErrors {
    pub(super) count: usize,
    pub(super) first: Vec<TableError>,
    /// The lines with errors, each once.
    pub(super) lines: Vec<usize>,
}

impl TableErrors {
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub(super) fn push(&mut self, error: TableError) {
        self.count += 1;
        if self.lines.last() != Some(&error.line) {
            self.lines.push(error.line);
        }
        if self.first.len() < ERRORS_MAX {
            self.first.push(error);
        }
    }
}

impl Extend<TableError> for TableErrors {
    fn extend<I: IntoIterator<Item = TableError>>(&mut self, errors: I) {
        errors.into_iter().for_each(|error| self.push(error));
    }
}

impl From<TableError> for TableErrors {
    fn from(error: TableError) -> Self {
        let mut errors = Self::default();
        errors.push(error);
        errors
    }
}

impl TableError {
    /// Returns an error of a whole line.
    pub(super) fn at(line: usize, detail: impl Into<String>) -> Self {
        Self { line, column: None, name: None, detail: detail.into() }
    }

    /// Returns an error of a cell.
    pub(super) fn in_column(line: usize, column: &str, detail: impl Into<String>) -> Self {
        Self { column: Some(quoted(column)), ..Self::at(line, detail) }
    }
}

/// Returns a text of the file shortened and on one line, for an error.
pub(super) fn quoted(text: &str) -> String {
    let text = text.replace(char::is_control, " ");
    match text.char_indices().nth(QUOTED_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
