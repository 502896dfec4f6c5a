//! What is wrong with a table, and where.

use serde::Serialize;
use utoipa::ToSchema;

/// Longest text of a file that a fault quotes; more says no more.
const QUOTED_CHARS_MAX: usize = 60;
/// Faults of one table that are kept and listed; a table with more is mended in steps. About 3 MB,
/// whereas one of 16 MiB can have millions.
pub(super) const FAULTS_MAX: usize = 10_000;

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

/// The faults of a table that is read from its first line to its last: how many there are, and the
/// first [`FAULTS_MAX`].
#[derive(Debug, Default)]
pub struct TableFaults {
    pub(super) count: usize,
    pub(super) first: Vec<TableFault>,
    /// The lines that have some, each once.
    pub(super) lines: Vec<usize>,
}

impl TableFaults {
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub(super) fn push(&mut self, fault: TableFault) {
        self.count += 1;
        if self.lines.last() != Some(&fault.line) {
            self.lines.push(fault.line);
        }
        if self.first.len() < FAULTS_MAX {
            self.first.push(fault);
        }
    }
}

impl Extend<TableFault> for TableFaults {
    fn extend<I: IntoIterator<Item = TableFault>>(&mut self, faults: I) {
        faults.into_iter().for_each(|fault| self.push(fault));
    }
}

impl From<TableFault> for TableFaults {
    fn from(fault: TableFault) -> Self {
        let mut faults = Self::default();
        faults.push(fault);
        faults
    }
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
