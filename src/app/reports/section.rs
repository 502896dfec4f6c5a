//! Sections of reports, put together.

use crate::domain::Timestamp;
use crate::store::{ReportFact, ReportSection, ReportTable, ReportValue};

/// A section without content.
pub(super) fn section(title: &str) -> ReportSection {
    ReportSection { title: title.to_owned(), ..ReportSection::default() }
}

pub(super) fn fact(label: &str, value: ReportValue) -> ReportFact {
    ReportFact { label: label.to_owned(), value }
}

/// A table; none without rows.
pub(super) fn table(columns: &[&str], rows: Vec<Vec<ReportValue>>) -> Option<ReportTable> {
    let columns = columns.iter().map(|column| (*column).to_owned()).collect();
    (!rows.is_empty()).then_some(ReportTable { columns, rows, omitted: 0 })
}

pub(super) fn text(text: impl Into<String>) -> ReportValue {
    ReportValue::Text(text.into())
}

pub(super) fn time(at: Timestamp) -> ReportValue {
    ReportValue::Time(at.0)
}

pub(super) fn count(count: usize) -> ReportValue {
    ReportValue::Count(count as u64)
}
