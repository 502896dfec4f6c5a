//! Reading a dump line by line.

use std::collections::VecDeque;
use std::io::{BufRead, Read};

use super::completeness::is_begin;
use super::error::V2ImportError;

/// Longest line. Rows of v2 have some hundred characters; other tables of the database may have
/// longer ones.
const LINE_BYTES_MAX: u64 = 64 << 20;
/// Lines above the first comment of a dump: `docker exec -t` and warnings of `pg_dump` add some.
const TOP_LINES_MAX: usize = 200;
/// Bytes above the first comment of a dump; bounds the memory for a file that is no dump.
const TOP_BYTES_MAX: usize = 256 << 10;
/// The byte order mark of UTF-8.
const BOM: &[u8] = b"\xef\xbb\xbf";
/// First words of statements. A line that begins with one is not a warning.
const STATEMENTS: [&str; 16] = [
    "alter", "begin", "comment", "copy", "create", "delete", "do", "drop", "grant", "insert",
    "merge", "select", "set", "truncate", "update", "with",
];

/// The lines of a dump, with their line ends.
pub(super) struct DumpLines<R> {
    input: R,
    /// Lines read ahead, with their numbers.
    ahead: VecDeque<(u64, Vec<u8>)>,
    read: u64,
    /// Number of the last line returned, from 1.
    pub(super) number: u64,
}

impl<R: BufRead> DumpLines<R> {
    pub(super) fn new(input: R) -> Self {
        Self { input, ahead: VecDeque::new(), read: 0, number: 0 }
    }

    /// Reads the next line into `line`, with its line end; returns false at the end of the file. A
    /// last line without a line end is truncated.
    ///
    /// # Errors
    /// When the file cannot be read, or a line is too long.
    pub(super) fn next(&mut self, line: &mut Vec<u8>) -> Result<bool, V2ImportError> {
        if let Some((number, text)) = self.ahead.pop_front() {
            self.number = number;
            *line = text;
            return Ok(true);
        }
        let is_there = self.read(line)?;
        self.number = self.read;
        Ok(is_there)
    }

    fn read(&mut self, line: &mut Vec<u8>) -> Result<bool, V2ImportError> {
        line.clear();
        self.read += 1;
        let length = self.input.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', line)?;
        if length as u64 == LINE_BYTES_MAX && line.last() != Some(&b'\n') {
            let what = format!("longer than {LINE_BYTES_MAX} bytes");
            return Err(V2ImportError::Line { line: self.read, what });
        }
        if self.read == 1 && line.starts_with(BOM) {
            line.drain(..BOM.len());
        }
        Ok(length > 0)
    }

    /// Skips the lines above the first comment of a dump, unless they hold a statement.
    ///
    /// # Errors
    /// As [`Self::next`].
    pub(super) fn skip_top(&mut self) -> Result<(), V2ImportError> {
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
    // Rows have tabs; commands of psql begin with a backslash.
    if line.contains(&b'\t') || line.starts_with(b"\\") {
        return true;
    }
    let word = line.trim_ascii_start();
    let end = word.iter().position(|byte| !byte.is_ascii_alphabetic()).unwrap_or(word.len());
    let word = word[..end].to_ascii_lowercase();
    STATEMENTS.iter().any(|statement| statement.as_bytes() == word)
}
