//! What is wrong with a table, and where.

use serde::Serialize;
use utoipa::ToSchema;

/// Longest text of a file that an error quotes; more says no more.
const QUOTED_CHARS_MAX: usize = 60;
/// Faults of one table that are kept and listed; a table with more is mended in steps. About 3 MB,
/// whereas one of 16 MiB can have millions.
pub(super) const ERRORS_MAX: usize = 10_000;

/// One thing that is wrong with a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct TableError {
    /// Line of the file, from 1 with the heading; that on which its row begins.
    pub line: usize,
    /// The column, where it is about one.
    pub column: Option<String>,
    /// What the row is about: a device, or the two devices of a link.
    pub name: Option<String>,
    pub detail: String,
}

/// The errors of a table that is read from its first line to its last: how many there are, and the
/// first [`ERRORS_MAX`].
#[derive(Debug, Default)]
pub struct TableErrors {
    pub(super) count: usize,
    pub(super) first: Vec<TableError>,
    /// The lines that have some, each once.
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
    /// An error of a line as a whole.
    pub(super) fn at(line: usize, detail: impl Into<String>) -> Self {
        Self { line, column: None, name: None, detail: detail.into() }
    }

    /// An error of a cell.
    pub(super) fn in_column(line: usize, column: &str, detail: impl Into<String>) -> Self {
        Self { column: Some(quoted(column)), ..Self::at(line, detail) }
    }
}

/// A text of the file as an error shows it, on one line.
pub(super) fn quoted(text: &str) -> String {
    let text = text.replace(char::is_control, " ");
    match text.char_indices().nth(QUOTED_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
