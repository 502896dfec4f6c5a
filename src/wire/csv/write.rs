//! Writing tables.

use std::io::{self, Write};

use super::separator::Separator;

/// The byte order mark, by which spreadsheets recognise UTF-8.
const MARK: &str = "\u{feff}";
/// The characters with which a formula begins in spreadsheets (OWASP, CSV Injection).
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// A cell of a table.
#[derive(Clone, Debug)]
pub enum Cell<'a> {
    Empty,
    Number(f64),
    Text(&'a str),
}

impl<'a> From<Option<&'a str>> for Cell<'a> {
    fn from(text: Option<&'a str>) -> Self {
        text.map_or(Cell::Empty, Cell::Text)
    }
}

impl From<Option<f64>> for Cell<'_> {
    fn from(number: Option<f64>) -> Self {
        number.map_or(Cell::Empty, Cell::Number)
    }
}

/// Writes the byte order mark and the line of column names.
pub fn write_heading(
    out: &mut impl Write,
    separator: Separator,
    columns: &[&str],
) -> io::Result<()> {
    out.write_all(MARK.as_bytes())?;
    let cells: Vec<Cell<'_>> = columns.iter().map(|column| Cell::Text(column)).collect();
    write_row(out, separator, &cells)
}

/// Writes one row by RFC 4180.
pub fn write_row(out: &mut impl Write, separator: Separator, cells: &[Cell<'_>]) -> io::Result<()> {
    for (index, cell) in cells.iter().enumerate() {
        if index > 0 {
            write!(out, "{}", separator.as_char())?;
        }
        match cell {
            Cell::Empty => {}
            // Without an exponent, which an import does not accept.
            Cell::Number(number) => write!(out, "{number}")?,
            Cell::Text(text) => write_text(out, text)?,
        }
    }
    out.write_all(b"\r\n")
}

fn write_text(out: &mut impl Write, text: &str) -> io::Result<()> {
    let guard = if needs_guard(text) { "'" } else { "" };
    let is_special = |it: char| matches!(it, '"' | '\r' | '\n') || Separator::of(it).is_some();
    if text.contains(is_special) || text.trim() != text {
        write!(out, "\"{guard}{}\"", text.replace('"', "\"\""))
    } else {
        write!(out, "{guard}{text}")
    }
}

/// Returns whether a cell needs an apostrophe before it: a spreadsheet would evaluate it, or it
/// begins with apostrophes and a formula.
fn needs_guard(text: &str) -> bool {
    text.trim_start_matches('\'').starts_with(FORMULA)
}

/// Returns whether a cell begins with such an apostrophe.
pub(super) fn is_guarded(cell: &str) -> bool {
    cell.strip_prefix('\'').is_some_and(needs_guard)
}

#[cfg(test)]
mod tests {
    use super::super::records::Records;
    use super::*;

    #[test]
    fn what_is_written_reads_back_and_no_cell_is_a_formula() {
        let rows = [
            ["=HYPERLINK(\"http://x\")", "-1 dB, \"so\"", "+49"],
            ["@here; now", "'=1", "''-x"],
            ["'tis", " a\tb ", "c\nd\r\ne"],
            ["\tx", "ü", "'"],
        ];
        for separator in Separator::ALL {
            let mut text = Vec::new();
            for row in rows {
                write_row(&mut text, separator, &row.map(Cell::Text)).expect("into memory");
            }
            let text = String::from_utf8(text).expect("a text");
            let read: Vec<Vec<String>> = Records::new(&text, separator.as_char())
                .map(|record| record.cells.into_iter().map(Into::into).collect())
                .collect();
            assert_eq!(read, rows.map(|row| row.map(str::to_owned).to_vec()));
            for line in Records::new(&text, separator.as_char()) {
                assert_eq!(line.width, 3);
            }
            for cell in text.split(['\n', separator.as_char()]) {
                assert!(!cell.trim_start_matches('"').starts_with(['=', '+', '@']), "{cell}");
            }
        }
    }

    #[test]
    fn numbers_are_written_without_exponents() {
        let mut text = Vec::new();
        let cells = [1e-9, -1e15, 0.1].map(Cell::Number);
        write_row(&mut text, Separator::Comma, &cells).expect("into memory");
        assert_eq!(text, b"0.000000001,-1000000000000000,0.1\r\n");
    }
}
