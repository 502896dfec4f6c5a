//! What is wrong with a table, and where.

use serde::Serialize;
use utoipa::ToSchema;

/// Longest text of a file that a fault quotes; more says no more.
const QUOTED_CHARS_MAX: usize = 60;

/// One thing that is wrong with a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct TableFault {
    /// Line of the file, from 1 with the heading; that on which its row begins.
    pub line: usize,
    /// The column, where it is about one.
    pub column: Option<String>,
    /// What the row is about: a device, or the two devices of a link.
    pub name: Option<String>,
    pub detail: String,
}

impl TableFault {
    /// A fault of a line as a whole.
    pub(super) fn at(line: usize, detail: impl Into<String>) -> Self {
        Self { line, column: None, name: None, detail: detail.into() }
    }

    /// A fault of a cell.
    pub(super) fn in_column(line: usize, column: &str, detail: impl Into<String>) -> Self {
        Self { column: Some(quoted(column)), ..Self::at(line, detail) }
    }
}

/// A text of the file as a fault shows it, on one line.
pub(super) fn quoted(text: &str) -> String {
    let text = text.replace(char::is_control, " ");
    match text.char_indices().nth(QUOTED_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
