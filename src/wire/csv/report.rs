//! The report of an import.

use serde::Serialize;
use utoipa::ToSchema;

use super::columns::TableKind;
use super::error::{ERRORS_MAX, TableError, TableErrors};
use super::read::Reading;
use crate::domain::{DeviceType, ImportCounts, Refusal, TypeCounts};
use crate::wire::schemas;

/// What an import changed, or would change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ImportReport {
    pub kind: TableKind,
    /// True when nothing was changed.
    pub is_dry_run: bool,
    pub rows: usize,
    pub created: usize,
    pub updated: usize,
    pub unchanged: usize,
    /// Interfaces of new devices, and those created for links.
    pub interfaces_created: usize,
    /// Columns that imports ignore, because they are computed.
    pub columns_passed_over: Vec<String>,
    /// Links of the devices of a table of devices, as `connect_to` asks for.
    pub connected: usize,
    /// New devices and links that arrive as planned, and alarm nobody.
    pub planned: usize,
    /// The devices of each type, empty for other tables.
    pub by_type: Vec<TypeReport>,
    /// Warnings about new names that are easily confused with others, at most 101; absent if there
    /// are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// What an import did, or would do, with the devices of one type.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct TypeReport {
    #[schema(schema_with = schemas::device_type_schema)]
    pub device_type: &'static str,
    pub created: usize,
    pub updated: usize,
    pub unchanged: usize,
    /// New links.
    pub connected: usize,
    /// New devices that arrive as planned.
    pub planned: usize,
}

/// Why a table was not imported; nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ImportErrors {
    pub detail: String,
    #[serde(rename = "fault_count")]
    pub error_count: usize,
    /// The first 10,000, by line.
    #[serde(rename = "faults")]
    pub errors: Vec<TableError>,
}

impl ImportReport {
    pub fn new(
        reading: &Reading,
        counts: ImportCounts,
        warnings: Vec<String>,
        is_dry_run: bool,
    ) -> Self {
        Self {
            kind: reading.kind,
            is_dry_run,
            rows: reading.rows.len(),
            created: counts.created,
            updated: counts.updated,
            unchanged: counts.unchanged,
            interfaces_created: counts.interfaces,
            connected: counts.connected,
            planned: counts.planned,
            by_type: counts.by_type.into_iter().map(type_report).collect(),
            columns_passed_over: reading.columns_passed_over.clone(),
            warnings,
        }
    }
}

fn type_report((device_type, counts): (DeviceType, TypeCounts)) -> TypeReport {
    let TypeCounts { created, updated, unchanged, connected, planned } = counts;
    let device_type = device_type.as_str();
    TypeReport { device_type, created, updated, unchanged, connected, planned }
}

/// What a row of a table describes.
const fn described(kind: TableKind) -> &'static str {
    match kind {
        TableKind::Devices | TableKind::Links => "device or link",
        TableKind::CrossConnects => "cross-connect",
    }
}

impl ImportErrors {
    /// Returns the errors of a table, together with those of rows that the rules refuse.
    pub fn new(reading: Reading, refusal: Option<&Refusal>) -> Self {
        let Reading { kind, errors, rows, .. } = reading;
        let TableErrors { count: mut error_count, first: mut errors, mut lines } = errors;
        let read_count = errors.len();
        let line_of = |index: usize| rows.get(index).map_or(1, |(line, _)| *line);
        match refusal {
            Some(Refusal::Rows { rows: refused, .. }) => {
                errors.extend(refused.iter().map(|row| {
                    let detail = match row.refusal {
                        Refusal::RowRepeated { first } => {
                            let line = line_of(first);
                            format!("Line {line} describes the same {}", described(kind))
                        }
                        ref refusal => refusal.to_string(),
                    };
                    let name = rows.get(row.index).map(|(_, name)| name.clone());
                    TableError { name, ..TableError::at(line_of(row.index), detail) }
                }));
            }
            Some(refusal) => errors.push(TableError::at(1, refusal.to_string())),
            None => {}
        }
        let refused = &errors[read_count..];
        error_count += refused.len();
        lines.extend(refused.iter().map(|error| error.line));
        lines.sort_unstable();
        lines.dedup();
        let detail = match lines[..] {
            [line] => format!("Line {line} cannot be imported; nothing was changed"),
            _ => format!("{} lines cannot be imported; nothing was changed", lines.len()),
        };
        errors.sort_by_key(|error| error.line);
        errors.truncate(ERRORS_MAX);
        Self { detail, error_count, errors }
    }
}
