//! Reading a file that `dump` wrote: the header, then every row, checked against the last line.

use std::fmt::Display;
use std::io::BufRead;

use sha2::{Digest as _, Sha256};

use super::dump::{AUDIT_STAGE, END_LINE, End, FIRST_LINE, HEADER_LINE, header_sha256};
use super::error::{BackupError, unreadable};
use super::manifest::{Digests, FORMAT, Header, SEQ_MAX, TableDigest};
use super::progress::ProgressHandle;
use crate::domain::{Device, Interface, Link};
use crate::sql::{AUDIT, Entity, Row, RowError, Table, audit_entry, copy_text};
use crate::store::{BulkLoader, StoreError};
use crate::util::hex;

/// Longest line: an audit row of a large command has 1,000 images on both sides, about 1.5 MB.
const LINE_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Rows between two updates of the progress, which also check whether to stop.
const ROWS_PER_STEP: u64 = 512;

/// A backup's SQL text, whose first lines have been read.
pub(super) struct BackupReader<'a> {
    lines: LineReader<'a>,
    pub(super) header: Header,
}

impl<'a> BackupReader<'a> {
    /// Reads the first lines.
    ///
    /// # Errors
    /// [`BackupError::Damaged`] for a file of another kind, [`BackupError::Newer`].
    pub(super) fn begin(input: Box<dyn BufRead>, file: &'a str) -> Result<Self, BackupError> {
        let mut lines = LineReader { input, file, line: Vec::new(), number: 0 };
        if !lines.next()? || lines.line != FIRST_LINE.as_bytes() {
            return Err(lines.damaged("it does not begin like a backup of UNOC"));
        }
        lines.next()?;
        let header = lines.header()?;
        if header.audit_chain.as_ref().is_some_and(|chain| chain.chain().is_none()) {
            return Err(lines.damaged("its header has a hash that is none"));
        }
        Ok(Self { lines, header })
    }

    /// Reads every row into the store that is being filled, and returns what the file holds, after
    /// having compared that with the file's own last line.
    ///
    /// # Errors
    /// [`BackupError::Damaged`] with the line.
    pub(super) fn rows(
        &mut self,
        loader: &mut BulkLoader<'_>,
        progress: &ProgressHandle,
    ) -> Result<Digests, BackupError> {
        let mut found = Digests::new();
        let mut done = 0;
        while self.lines.next()? {
            if let Some(json) = self.lines.line.strip_prefix(END_LINE.as_bytes()) {
                let expected: End = serde_json::from_slice(json)
                    .map_err(|error| self.damaged(format!("its end cannot be read: {error}")))?;
                // The layers below check what they passed on only at their own ends.
                if self.lines.next()? {
                    return Err(self.damaged("there is data after its end"));
                }
                if expected.header_sha256 != header_sha256(&self.header) {
                    return Err(self.damaged("its header is not the one that was written"));
                }
                return self.compared(found, &expected.tables);
            }
            let Some(table) = copied_table(&self.lines.line) else { continue };
            let digest = match table.as_str() {
                "devices" => self.table::<Device>(progress, &mut done, |it| loader.device(it)),
                "interfaces" => {
                    self.table::<Interface>(progress, &mut done, |it| loader.interface(it))
                }
                "links" => self.table::<Link>(progress, &mut done, |it| loader.link(it)),
                AUDIT_STAGE => self.block(&AUDIT, progress, &mut done, |row| {
                    Ok(loader.audit(&audit_entry(row)?)?)
                }),
                other => {
                    return Err(self.damaged(format!("it has rows of an unknown table {other}")));
                }
            }?;
            let name = if table == AUDIT_STAGE { AUDIT.name.to_owned() } else { table };
            found.insert(name, digest);
        }
        Err(self.damaged("its end is missing: it was cut off"))
    }

    fn compared(&self, found: Digests, expected: &Digests) -> Result<Digests, BackupError> {
        if found == *expected {
            return Ok(found);
        }
        let differs = |table: &&String| found.get(*table) != expected.get(*table);
        let table = expected.keys().chain(found.keys()).find(differs);
        let table = table.expect("two digests that differ do so in a table");
        Err(self.damaged(format!("the rows of {table} are not those that were written")))
    }

    fn table<T: Entity>(
        &mut self,
        progress: &ProgressHandle,
        done: &mut u64,
        mut add: impl FnMut(T) -> Result<(), StoreError>,
    ) -> Result<TableDigest, BackupError> {
        self.block(T::TABLE, progress, done, |row| Ok(add(T::from_row(row)?)?))
    }

    /// The rows up to the end of a COPY block.
    fn block(
        &mut self,
        table: &Table,
        progress: &ProgressHandle,
        done: &mut u64,
        mut each: impl FnMut(&Row<'_>) -> Result<(), AddRowError>,
    ) -> Result<TableDigest, BackupError> {
        let site_id = self.header.site_id.to_string();
        let columns = table.columns_of(self.header.sql_schema);
        let mut hasher = Sha256::new();
        let mut rows = 0;
        while self.lines.next()? {
            if self.lines.line == copy_text::END {
                return Ok(TableDigest { rows, sha256: hex(hasher.finalize()) });
            }
            hasher.update(&self.lines.line);
            hasher.update(b"\n");
            let row = copy_text::read_row(&self.lines.line, &site_id, columns);
            let added = row.map_err(|what| self.damaged(what)).and_then(|row| {
                each(&row).map_err(|error| match error {
                    AddRowError::Row(error) => self.damaged(error.to_string()),
                    AddRowError::Store(error) => error.into(),
                })
            });
            added?;
            rows += 1;
            *done += 1;
            if rows % ROWS_PER_STEP == 0 {
                progress.advance_to(*done)?;
            }
        }
        Err(self.damaged("it ends in the middle of a table: it was cut off"))
    }

    fn damaged(&self, what: impl Display) -> BackupError {
        self.lines.damaged(what)
    }
}

/// The lines of a file, with their numbers for messages.
struct LineReader<'a> {
    input: Box<dyn BufRead>,
    /// The file's name.
    file: &'a str,
    /// The last line that was read, without its newline.
    line: Vec<u8>,
    number: u64,
}

impl LineReader<'_> {
    /// Reads the header from the line that was read last.
    fn header(&self) -> Result<Header, BackupError> {
        let json = self.line.strip_prefix(HEADER_LINE.as_bytes());
        let json = json.ok_or_else(|| self.damaged("its header is missing"))?;
        self.check_format(json)?;
        let header: Header = serde_json::from_slice(json)
            .map_err(|error| self.damaged(format!("its header cannot be read: {error}")))?;
        if header.seq > SEQ_MAX {
            return Err(self.damaged("its commit has an impossible number"));
        }
        Ok(header)
    }

    fn check_format(&self, json: &[u8]) -> Result<(), BackupError> {
        let value: serde_json::Value = serde_json::from_slice(json)
            .map_err(|error| self.damaged(format!("its header cannot be read: {error}")))?;
        let format = value["format"].as_u64().and_then(|format| u32::try_from(format).ok());
        let format = format.ok_or_else(|| self.damaged("its header names no format"))?;
        if format <= FORMAT {
            return Ok(());
        }
        let version = value["version"].as_str().unwrap_or("of unknown version").to_owned();
        Err(BackupError::Newer { file: self.file.to_owned(), version, format })
    }

    /// Reads the next line without its newline; false at the end.
    fn next(&mut self) -> Result<bool, BackupError> {
        self.line.clear();
        self.number += 1;
        let limit = LINE_BYTES_MAX as u64;
        let mut limited = std::io::Read::take(&mut self.input, limit);
        let read = limited.read_until(b'\n', &mut self.line);
        // A broken layer below shows as an error of reading.
        let place = format!("line {}: ", self.number);
        read.map_err(|error| unreadable(self.file, &place, error))?;
        if self.line.len() == LINE_BYTES_MAX {
            return Err(self.damaged("a line is longer than any that is written"));
        }
        let is_line = self.line.last() == Some(&b'\n');
        if is_line {
            self.line.pop();
        }
        Ok(is_line || !self.line.is_empty())
    }

    fn damaged(&self, what: impl Display) -> BackupError {
        let what = format!("line {}: {what}", self.number);
        BackupError::Damaged { file: self.file.to_owned(), what }
    }
}

/// Why a row was not added.
enum AddRowError {
    Row(RowError),
    Store(StoreError),
}

impl From<RowError> for AddRowError {
    fn from(error: RowError) -> Self {
        Self::Row(error)
    }
}

impl From<StoreError> for AddRowError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// The name of the table if a line begins a COPY block.
fn copied_table(line: &[u8]) -> Option<String> {
    let rest = line.strip_prefix(b"COPY ")?;
    line.strip_suffix(b" FROM stdin;")?;
    let name = rest.split(|byte| *byte == b' ').next()?;
    Some(String::from_utf8_lossy(name).into_owned())
}
