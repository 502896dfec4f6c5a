//! What came of an import.

use serde::Serialize;
use utoipa::ToSchema;

use super::columns::TableKind;
use super::fault::TableFault;
use super::rows::Reading;
use crate::domain::{ImportCounts, Refusal};

/// Faults listed in one answer; a table with more is mended in steps. About 2 MB.
const FAULTS_LISTED_MAX: usize = 10_000;

/// What an import did, or would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ImportReport {
    pub kind: TableKind,
    /// True when nothing was changed.
    pub is_dry_run: bool,
    pub rows: usize,
    pub created: usize,
    pub updated: usize,
    pub unchanged: usize,
    /// Interfaces of new devices, and those made for links.
    pub interfaces_created: usize,
    /// Columns of an export that no import reads, as they are computed.
    pub columns_passed_over: Vec<String>,
}

/// Why a table is not imported; nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ImportFaults {
    pub detail: String,
    pub fault_count: usize,
    /// The first 10,000, by line.
    pub faults: Vec<TableFault>,
}

impl ImportReport {
    pub fn new(reading: &Reading, counts: ImportCounts, is_dry_run: bool) -> Self {
        Self {
            kind: reading.kind,
            is_dry_run,
            rows: reading.rows.len(),
            created: counts.created,
            updated: counts.updated,
            unchanged: counts.unchanged,
            interfaces_created: counts.interfaces,
            columns_passed_over: reading.columns_passed_over.clone(),
        }
    }
}

impl ImportFaults {
    /// The faults of a table, and what the rules say against its rows.
    pub fn new(reading: Reading, refusal: Option<&Refusal>) -> Self {
        let Reading { mut faults, rows, .. } = reading;
        let line_of = |index: usize| rows.get(index).map_or(1, |(line, _)| *line);
        match refusal {
            Some(Refusal::Rows { rows: refused, .. }) => {
                faults.extend(refused.iter().map(|row| {
                    let detail = match row.refusal {
                        Refusal::RowRepeated { first } => {
                            format!("Line {} above is about the same", line_of(first))
                        }
                        ref refusal => refusal.to_string(),
                    };
                    let name = rows.get(row.index).map(|(_, name)| name.clone());
                    TableFault { name, ..TableFault::at(line_of(row.index), detail) }
                }));
            }
            Some(refusal) => faults.push(TableFault::at(1, refusal.to_string())),
            None => {}
        }
        faults.sort_by_key(|fault| fault.line);
        let fault_count = faults.len();
        let mut lines: Vec<usize> = faults.iter().map(|fault| fault.line).collect();
        lines.dedup();
        let detail = match (lines.len(), faults.first()) {
            (1, Some(fault)) => {
                format!("Line {} cannot be imported; nothing was changed", fault.line)
            }
            (count, _) => format!("{count} lines cannot be imported; nothing was changed"),
        };
        faults.truncate(FAULTS_LISTED_MAX);
        Self { detail, fault_count, faults }
    }
}
