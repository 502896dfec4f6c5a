//! Reports: what a job of the runbook found, kept as evidence.
//!
//! They are written without a new seq: they are no part of the site, of its backups or of its mirror.

mod report;
mod table;

pub use report::{
    NewReport, Report, ReportFact, ReportHead, ReportKind, ReportResult, ReportSection,
    ReportTable, ReportValue,
};
pub use table::{REPORT_AGE_US_MAX, REPORT_BYTES_MAX, REPORTS_PER_KIND_MAX};
