//! Splitting text into records of cells, by RFC 4180 with any separator.
//!
//! The crate `csv` is not used: it accepts unclosed quotes, and counts a record from the blank
//! lines before it, whereas an error must have the line number of an editor.

use std::borrow::Cow;
use std::iter::Peekable;
use std::str::CharIndices;

use super::error::{ERRORS_MAX, TableError, quoted};

/// Most cells kept of a record, more than any table has. Limits the memory for a file of
/// separators.
const CELLS_MAX: usize = 64;

/// One line of a table, or several if a quoted cell contains line breaks.
#[derive(Debug, PartialEq)]
pub(super) struct Record<'t> {
    /// The line on which it begins, from 1.
    pub(super) line: usize,
    /// At most `CELLS_MAX`; without the apostrophes that guard against formulas.
    pub(super) cells: Vec<Cow<'t, str>>,
    /// Number of cells up to the last one that is not empty.
    pub(super) width: usize,
}

/// Reads the records of a text. Skips blank lines and lines of separators.
pub(super) struct Records<'t> {
    text: &'t str,
    separator: char,
    chars: Peekable<CharIndices<'t>>,
    line: usize,
    /// The errors of quoting so far, at most [`ERRORS_MAX`]; the reader takes them.
    pub(super) errors: Vec<TableError>,
}

impl<'t> Records<'t> {
    pub(super) fn new(text: &'t str, separator: char) -> Self {
        let chars = text.char_indices().peekable();
        Self { text, separator, chars, line: 1, errors: Vec::new() }
    }

    fn record(&mut self) -> Option<Record<'t>> {
        self.chars.peek()?;
        let mut record = Record { line: self.line, cells: Vec::new(), width: 0 };
        let mut count = 0;
        loop {
            let cell = self.cell();
            count += 1;
            if !cell.trim().is_empty() {
                record.width = count;
            }
            if record.cells.len() < CELLS_MAX {
                record.cells.push(cell);
            }
            match self.chars.next() {
                Some((_, character)) if character == self.separator => {}
                Some((_, character)) => {
                    self.end_line(character);
                    return Some(record);
                }
                None => return Some(record),
            }
        }
    }

    /// Reads a cell, up to the separator or the end of the line.
    fn cell(&mut self) -> Cow<'t, str> {
        let is_blank = |it: &char| *it == ' ' || (*it == '\t' && self.separator != '\t');
        while self.chars.next_if(|(_, it)| is_blank(it)).is_some() {}
        if let Some((at, _)) = self.chars.next_if(|(_, it)| *it == '"') {
            let cell = self.quoted(at);
            if let Some(rest) = self.plain() {
                let text = format!("Unexpected text after the closing quote: '{}'", quoted(rest));
                self.error(self.line, text);
            }
            return unguarded(cell);
        }
        unguarded(Cow::Borrowed(self.plain().unwrap_or_default()))
    }

    /// Reads the text up to the separator or the end of the line, trimmed.
    fn plain(&mut self) -> Option<&'t str> {
        let start = self.place();
        let separator = self.separator;
        let ends = |it: char| it == separator || matches!(it, '\n' | '\r');
        while self.chars.next_if(|(_, it)| !ends(*it)).is_some() {}
        Some(self.text[start..self.place()].trim()).filter(|text| !text.is_empty())
    }

    /// Reads a quoted cell whose opening quote was at `opened`.
    fn quoted(&mut self, opened: usize) -> Cow<'t, str> {
        let (line, mut start) = (self.line, opened + 1);
        let mut text = Cow::Borrowed("");
        while let Some((at, character)) = self.chars.next() {
            match character {
                '"' => {
                    text += &self.text[start..at];
                    if self.chars.next_if(|(_, it)| *it == '"').is_none() {
                        return text;
                    }
                    text += "\"";
                    start = at + 2;
                }
                '\n' | '\r' => self.end_line(character),
                _ => {}
            }
        }
        let what = "A quoted cell is not closed; the rest of the file was not read";
        self.error(line, what);
        text + &self.text[start..]
    }

    /// Counts a line whose end begins with this character.
    fn end_line(&mut self, character: char) {
        if character == '\r' {
            self.chars.next_if(|(_, it)| *it == '\n');
        }
        self.line += 1;
    }

    fn error(&mut self, line: usize, what: impl Into<String>) {
        if self.errors.len() < ERRORS_MAX {
            self.errors.push(TableError::at(line, what));
        }
    }

    fn place(&mut self) -> usize {
        self.chars.peek().map_or(self.text.len(), |(at, _)| *at)
    }
}

impl<'t> Iterator for Records<'t> {
    type Item = Record<'t>;

    fn next(&mut self) -> Option<Record<'t>> {
        loop {
            let record = self.record()?;
            if record.width > 0 {
                return Some(record);
            }
        }
    }
}

/// Removes the apostrophe that [`super::write`] puts before a formula.
fn unguarded(cell: Cow<'_, str>) -> Cow<'_, str> {
    if !super::write::is_guarded(&cell) {
        return cell;
    }
    match cell {
        Cow::Borrowed(text) => Cow::Borrowed(&text[1..]),
        Cow::Owned(text) => Cow::Owned(text[1..].to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Lines<'a> = &'a [(usize, &'a [&'a str])];

    #[track_caller]
    fn check(text: &str, separator: char, expected: Lines<'_>, errors: &[usize]) {
        let mut records = Records::new(text, separator);
        let found: Vec<(usize, Vec<String>)> = records
            .by_ref()
            .map(|it| (it.line, it.cells.into_iter().map(Cow::into_owned).collect()))
            .collect();
        let expected: Vec<(usize, Vec<String>)> = expected
            .iter()
            .map(|(line, cells)| (*line, cells.iter().map(|it| (*it).to_owned()).collect()))
            .collect();
        assert_eq!(found, expected, "{text:?}");
        let lines: Vec<usize> = records.errors.iter().map(|error| error.line).collect();
        assert_eq!(lines, errors, "{text:?}");
    }

    #[test]
    fn records_have_the_lines_that_an_editor_shows() {
        check("a,b\r\nc,d\r\n", ',', &[(1, &["a", "b"]), (2, &["c", "d"])], &[]);
        check("a\n\n\nb", ',', &[(1, &["a"]), (4, &["b"])], &[]);
        check("a\r\rb\r", ',', &[(1, &["a"]), (3, &["b"])], &[]);
        check("a;\"x;\n\ny\"\n;;\nb", ';', &[(1, &["a", "x;\n\ny"]), (5, &["b"])], &[]);
        check("a\t b \n\t1", '\t', &[(1, &["a", "b"]), (2, &["", "1"])], &[]);
        check("\"he said \"\"no\"\"\", \"x\" ,", ',', &[(1, &["he said \"no\"", "x", ""])], &[]);
        check("5\" pipe,\" kept \"", ',', &[(1, &["5\" pipe", " kept "])], &[]);
        check("", ',', &[], &[]);
        check(" \n\"\"", ',', &[], &[]);
    }

    #[test]
    fn what_is_wrong_with_quotes_is_a_fault_of_its_line() {
        check("a\nb,\"c\nd", ',', &[(1, &["a"]), (2, &["b", "c\nd"])], &[2]);
        check("a\n\"b\"c,d\ne", ',', &[(1, &["a"]), (2, &["b", "d"]), (3, &["e"])], &[2]);
    }

    #[test]
    fn a_record_is_bounded_but_counted() {
        let text = ",".repeat(100_000) + "x";
        let record = Records::new(&text, ',').next().expect("a record");
        assert_eq!((record.cells.len(), record.width), (CELLS_MAX, 100_001));
    }

    #[test]
    fn what_is_wrong_with_quotes_is_bounded() {
        for text in ["\"\"x,", "\"\"x\n"] {
            let text = text.repeat(ERRORS_MAX + 1);
            let mut records = Records::new(&text, ',');
            assert_eq!(records.by_ref().count(), 0, "cells that are empty");
            assert_eq!(records.errors.len(), ERRORS_MAX);
        }
    }
}
