//! The audit trail as a file, oldest row first.

use std::io::Write;
use std::ops::Bound;

use serde_json::json;
use uuid::Uuid;

use super::audit_view::{AuditView, write_audit_heading, write_audit_row};
use super::site_export::ExportError;
use crate::store::{AuditHead, Snapshot};

/// Most entities of a row in an export, as in backups and in PostgreSQL.
const IMAGES_MAX: usize = 1_000;

/// The format of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditFormat {
    /// A line about the chain, then each row with its changes.
    Jsonl,
    /// Each row without its changes.
    Csv,
}

impl AuditFormat {
    pub const ALL: [Self; 2] = [Self::Jsonl, Self::Csv];

    /// The word in requests, which is also the end of the file's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
        }
    }

    /// Reads [`AuditFormat::as_str`].
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|format| format.as_str() == word)
    }
}

/// An export of one snapshot that can be written in parts.
#[derive(Debug)]
pub struct AuditExport {
    format: AuditFormat,
    site_id: Uuid,
    /// The first row of the next part; `None` before the heading.
    next_id: Option<u64>,
}

impl AuditExport {
    /// An export that has not begun.
    pub fn new(site_id: Uuid, format: AuditFormat) -> Self {
        Self { format, site_id, next_id: None }
    }

    /// Writes at most `rows_max` further rows; returns false when the export is complete. Every call must
    /// pass the same snapshot.
    ///
    /// # Errors
    /// Read and write errors.
    pub fn write(
        &mut self,
        snapshot: &Snapshot,
        out: &mut impl Write,
        rows_max: usize,
    ) -> Result<bool, ExportError> {
        let first_id = match self.next_id {
            Some(id) => id,
            None => {
                self.write_heading(snapshot, out)?;
                0
            }
        };
        self.next_id = Some(first_id);
        let rows = (Bound::Included(first_id), Bound::Unbounded);
        for (written, row) in snapshot.audit_range(rows, IMAGES_MAX)?.enumerate() {
            if written == rows_max {
                return Ok(true);
            }
            let row = row?;
            match self.format {
                AuditFormat::Jsonl => {
                    serde_json::to_writer(&mut *out, &AuditView::new(&row, usize::MAX))
                        .map_err(std::io::Error::from)?;
                    out.write_all(b"\n")?;
                }
                AuditFormat::Csv => write_audit_row(out, &row)?,
            }
            self.next_id = Some(row.id + 1);
        }
        Ok(false)
    }

    fn write_heading(&self, snapshot: &Snapshot, out: &mut impl Write) -> Result<(), ExportError> {
        match self.format {
            AuditFormat::Csv => write_audit_heading(out)?,
            AuditFormat::Jsonl => {
                let chain = snapshot.audit_chain()?;
                let anchor = chain.map(|chain| {
                    json!({
                        "first_id": chain.anchor.first_id,
                        "previous_hash": chain.anchor.hash.to_string(),
                    })
                });
                let heading = json!({
                    "kind": "audit trail",
                    "site_id": self.site_id,
                    "chain": anchor,
                    "head": chain.map(|chain| AuditHead::view(chain.head)),
                });
                writeln!(out, "{heading}")?;
            }
        }
        Ok(())
    }
}
