//! A dump, line by line.

use std::collections::VecDeque;
use std::io::{BufRead, Read};

use super::completeness::is_begin;
use super::error::LegacyError;

/// Longest line: far above any row of v2, whose texts have some hundred characters, and room for
/// the longest line of anything else in the database.
const LINE_BYTES_MAX: u64 = 64 << 20;
/// How far down the first comment of a dump may stand: what `docker exec -t` and warnings of
/// `pg_dump` put on top are some lines.
const TOP_LINES_MAX: usize = 200;
/// The same in bytes, so that a file of other contents is not collected.
const TOP_BYTES_MAX: usize = 256 << 10;
/// What Windows puts in front of a text in UTF-8.
const BOM: &[u8] = b"\xef\xbb\xbf";
/// First words of statements. A line that begins with one is no warning.
const STATEMENTS: [&str; 16] = [
    "alter", "begin", "comment", "copy", "create", "delete", "do", "drop", "grant", "insert",
    "merge", "select", "set", "truncate", "update", "with",
];

/// The lines of a dump, with their ends.
pub(super) struct Lines<R> {
    input: R,
    /// Lines that were read ahead, with their numbers.
    ahead: VecDeque<(u64, Vec<u8>)>,
    read: u64,
    /// Number of the line that was returned last, from 1.
    pub(super) number: u64,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, ahead: VecDeque::new(), read: 0, number: 0 }
    }

    /// Puts the next line into `line`, its end included; false after the last one. A last line
    /// without an end is one that was cut off.
    ///
    /// # Errors
    /// When the file cannot be read, or a line of it is too long.
    pub(super) fn next(&mut self, line: &mut Vec<u8>) -> Result<bool, LegacyError> {
        if let Some((number, text)) = self.ahead.pop_front() {
            self.number = number;
            *line = text;
            return Ok(true);
        }
        let is_there = self.read(line)?;
        self.number = self.read;
        Ok(is_there)
    }

    fn read(&mut self, line: &mut Vec<u8>) -> Result<bool, LegacyError> {
        line.clear();
        self.read += 1;
        let length = self.input.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', line)?;
        if length as u64 == LINE_BYTES_MAX && line.last() != Some(&b'\n') {
            let what = format!("longer than {LINE_BYTES_MAX} bytes");
            return Err(LegacyError::Line { line: self.read, what });
        }
        if self.read == 1 && line.starts_with(BOM) {
            line.drain(..BOM.len());
        }
        Ok(length > 0)
    }

    /// Passes over what stands above the first comment of a dump, unless a statement is in it.
    ///
    /// # Errors
    /// As [`Self::next`].
    pub(super) fn skip_top(&mut self) -> Result<(), LegacyError> {
        let mut bytes = 0;
        while self.ahead.len() < TOP_LINES_MAX && bytes < TOP_BYTES_MAX {
            let mut line = Vec::new();
            if !self.read(&mut line)? {
                break;
            }
            bytes += line.len();
            let is_begin = is_begin(line.trim_ascii_end());
            let is_statement = begins_statement(&line);
            if is_begin {
                self.ahead.clear();
            }
            self.ahead.push_back((self.read, line));
            if is_begin || is_statement {
                break;
            }
        }
        Ok(())
    }
}

fn begins_statement(line: &[u8]) -> bool {
    // Rows, and commands of psql.
    if line.contains(&b'\t') || line.starts_with(b"\\") {
        return true;
    }
    let word = line.trim_ascii_start();
    let end = word.iter().position(|byte| !byte.is_ascii_alphabetic()).unwrap_or(word.len());
    let word = word[..end].to_ascii_lowercase();
    STATEMENTS.iter().any(|statement| statement.as_bytes() == word)
}
