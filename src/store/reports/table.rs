//! Keeping, listing and forgetting reports.

use std::collections::BTreeMap;

use bincode::{BorrowDecode, Encode};
use redb::{ReadTransaction, ReadableTable, TableError, WriteTransaction};

use super::report::{
    NewReport, Report, ReportHead, ReportKind, ReportResult, ReportSection, ReportValue,
};
use crate::domain::Timestamp;
use crate::store::codec::{RecordReader, RecordSource, VersionedRecord, encode};
use crate::store::error::StoreError;
use crate::store::open::Store;
use crate::store::snapshot::Snapshot;
use crate::store::tables;
use crate::util::Usage;

/// How long a report is kept, in microseconds: 400 days, a year with some weeks to compare it.
pub const REPORT_AGE_US_MAX: i64 = 400 * 24 * 60 * 60 * 1_000_000;
/// Reports kept of each kind: 400 days of a daily one, and those that someone asked for.
pub const REPORTS_PER_KIND_MAX: usize = 500;
/// Reports of each kind that are kept however old they are: the clock may have been wrong.
const REPORTS_PER_KIND_MIN: usize = 60;
/// The longest report in bytes; rows of its longest tables are left out until it fits.
pub const REPORT_BYTES_MAX: usize = 32 << 10;
/// The longest text in a report, in characters.
const TEXT_CHARS_MAX: usize = 1000;

/// The sections follow as a value of their own, so that lists need not decode them.
#[derive(Encode, BorrowDecode)]
struct ReportV1<'a> {
    started_us: i64,
    ended_us: i64,
    result: u8,
    summary: &'a str,
}

impl VersionedRecord for ReportV1<'_> {
    const VERSION: u8 = 1;
}

#[derive(Encode)]
struct WholeReportV1<'a>(ReportV1<'a>, &'a [ReportSection]);

impl VersionedRecord for WholeReportV1<'_> {
    const VERSION: u8 = ReportV1::VERSION;
}

impl Store {
    /// Keeps a report durably and forgets those of its kind that are too old or too many. Returns its id.
    pub fn add_report(&self, mut report: NewReport) -> Result<u64, StoreError> {
        let bytes = encode_within_limit(&mut report);
        let tx = self.db.begin_write()?;
        let id = insert(&tx, report.kind, &bytes)?;
        forget(&tx, report.kind, report.ended_at)?;
        tx.commit()?;
        Ok(id)
    }
}

fn insert(tx: &WriteTransaction, kind: ReportKind, bytes: &[u8]) -> Result<u64, StoreError> {
    let mut kinds = tx.open_table(tables::REPORT_KINDS)?;
    let id = kinds.last()?.map_or(0, |(id, _)| id.value()) + 1;
    kinds.insert(id, kind.code())?;
    tx.open_table(tables::REPORTS)?.insert((kind.code(), id), bytes)?;
    Ok(id)
}

fn forget(tx: &WriteTransaction, kind: ReportKind, now: Timestamp) -> Result<(), StoreError> {
    let mut kinds = tx.open_table(tables::REPORT_KINDS)?;
    let mut reports = tx.open_table(tables::REPORTS)?;
    let oldest_us = now.0.saturating_sub(REPORT_AGE_US_MAX);
    let mut forgotten = Vec::new();
    let of_kind = (kind.code(), 0)..=(kind.code(), u64::MAX);
    for (rank, row) in reports.range(of_kind)?.rev().enumerate().skip(REPORTS_PER_KIND_MIN) {
        let (key, value) = row?;
        let id = key.value().1;
        // One that cannot be read has no age: it must not keep the next report from being kept.
        let is_old = read_head(id, kind, value.value()).is_ok_and(|it| it.ended_at.0 < oldest_us);
        if rank >= REPORTS_PER_KIND_MAX || is_old {
            forgotten.push(id);
        }
    }
    for id in forgotten {
        reports.remove((kind.code(), id))?;
        kinds.remove(id)?;
    }
    Ok(())
}

impl Snapshot {
    /// At most `limit` reports, of one kind or of all, from before the id `before` if there is one; the
    /// newest first.
    pub fn reports(
        &self,
        kind: Option<ReportKind>,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<ReportHead>, StoreError> {
        let Some(tables) = self.report_tables()? else { return Ok(Vec::new()) };
        let end = before.unwrap_or(u64::MAX);
        match kind {
            Some(kind) => {
                let rows = tables.reports.range((kind.code(), 0)..(kind.code(), end))?;
                let rows = rows.rev().take(limit).map(|row| {
                    let (key, value) = row?;
                    read_head(key.value().1, kind, value.value())
                });
                rows.collect()
            }
            None => {
                let rows = tables.kinds.range(..end)?.rev().take(limit).map(|row| {
                    let (id, code) = row?;
                    let (id, kind) = (id.value(), kind_of(code.value(), id.value())?);
                    tables.value(id, kind, read_head)
                });
                rows.collect()
            }
        }
    }

    /// How many reports are kept, of the kind that has most of them.
    pub fn report_usage(&self) -> Result<Usage, StoreError> {
        let mut counts = BTreeMap::<u8, usize>::new();
        if let Some(tables) = self.report_tables()? {
            for row in tables.kinds.iter()? {
                *counts.entry(row?.1.value()).or_default() += 1;
            }
        }
        Ok(Usage::of(counts.into_values().max().unwrap_or(0), REPORTS_PER_KIND_MAX))
    }

    /// A report by its id.
    pub fn report(&self, id: u64) -> Result<Option<Report>, StoreError> {
        let Some(tables) = self.report_tables()? else { return Ok(None) };
        let Some(code) = tables.kinds.get(id)? else { return Ok(None) };
        tables.value(id, kind_of(code.value(), id)?, read_report).map(Some)
    }

    /// The tables; `None` before the first report.
    fn report_tables(&self) -> Result<Option<ReportTables>, StoreError> {
        ReportTables::open(self.transaction())
    }
}

struct ReportTables {
    kinds: redb::ReadOnlyTable<u64, u8>,
    reports: redb::ReadOnlyTable<(u8, u64), &'static [u8]>,
}

impl ReportTables {
    fn open(tx: &ReadTransaction) -> Result<Option<Self>, StoreError> {
        let kinds = match tx.open_table(tables::REPORT_KINDS) {
            Ok(kinds) => kinds,
            Err(TableError::TableDoesNotExist(_)) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        Ok(Some(Self { kinds, reports: tx.open_table(tables::REPORTS)? }))
    }

    fn value<T>(
        &self,
        id: u64,
        kind: ReportKind,
        read: fn(u64, ReportKind, &[u8]) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        match self.reports.get((kind.code(), id))? {
            Some(value) => read(id, kind, value.value()),
            None => Err(source(&id).damaged("the report is missing")),
        }
    }
}

fn source(id: &u64) -> RecordSource<'_> {
    RecordSource { table: "reports", key: id }
}

fn kind_of(code: u8, id: u64) -> Result<ReportKind, StoreError> {
    let kind = ReportKind::ALL.into_iter().find(|kind| kind.code() == code);
    kind.ok_or_else(|| source(&id).damaged("unknown kind"))
}

fn read_head(id: u64, kind: ReportKind, bytes: &[u8]) -> Result<ReportHead, StoreError> {
    head(id, kind, &mut RecordReader::of::<ReportV1<'_>>(bytes, source(&id))?)
}

fn read_report(id: u64, kind: ReportKind, bytes: &[u8]) -> Result<Report, StoreError> {
    let mut reader = RecordReader::of::<ReportV1<'_>>(bytes, source(&id))?;
    let head = head(id, kind, &mut reader)?;
    let sections = reader.next()?;
    reader.end()?;
    Ok(Report { head, sections })
}

fn head(
    id: u64,
    kind: ReportKind,
    reader: &mut RecordReader<'_, '_>,
) -> Result<ReportHead, StoreError> {
    let ReportV1 { started_us, ended_us, result: code, summary } = reader.next()?;
    let result = ReportResult::ALL.into_iter().find(|result| result.code() == code);
    Ok(ReportHead {
        id,
        kind,
        started_at: Timestamp(started_us),
        ended_at: Timestamp(ended_us),
        result: result.ok_or_else(|| source(&id).damaged("unknown result"))?,
        summary: summary.to_owned(),
    })
}

/// Encodes a report, shortening its texts and tables until it has at most [`REPORT_BYTES_MAX`].
fn encode_within_limit(report: &mut NewReport) -> Vec<u8> {
    shorten_texts(report);
    loop {
        let bytes = encode(&WholeReportV1(
            ReportV1 {
                started_us: report.started_at.0,
                ended_us: report.ended_at.0,
                result: report.result.code(),
                summary: &report.summary,
            },
            &report.sections,
        ));
        if bytes.len() <= REPORT_BYTES_MAX || !shorten_tables(report) {
            return bytes;
        }
    }
}

fn shorten_texts(report: &mut NewReport) {
    shorten(&mut report.summary);
    for section in &mut report.sections {
        section.text.iter_mut().for_each(shorten);
        let cells = section.table.iter_mut().flat_map(|table| table.rows.iter_mut().flatten());
        let values = section.facts.iter_mut().map(|fact| &mut fact.value).chain(cells);
        for value in values {
            if let ReportValue::Text(text) = value {
                shorten(text);
            }
        }
    }
}

fn shorten(text: &mut String) {
    if let Some((end, _)) = text.char_indices().nth(TEXT_CHARS_MAX) {
        text.truncate(end);
        text.push('…');
    }
}

/// Leaves out the last quarter of the longest table; false if no table has a row.
fn shorten_tables(report: &mut NewReport) -> bool {
    let tables = report.sections.iter_mut().filter_map(|section| section.table.as_mut());
    let longest = tables.max_by_key(|table| table.rows.len());
    let Some(table) = longest.filter(|table| !table.rows.is_empty()) else { return false };
    let omitted = table.rows.len().div_ceil(4);
    table.rows.truncate(table.rows.len() - omitted);
    table.omitted += omitted as u64;
    true
}

#[cfg(test)]
mod tests {
    use redb::backends::InMemoryBackend;

    use super::*;
    use crate::store::OpenOptions;
    use crate::store::reports::report::{ReportFact, ReportTable};
    use crate::util::hex;

    const DAY_US: i64 = 24 * 60 * 60 * 1_000_000;
    const AT_US: i64 = 1_795_000_000_000_000;

    fn report(kind: ReportKind, day: i64) -> NewReport {
        let fact = ReportFact { label: "Errors".to_owned(), value: ReportValue::Count(3) };
        let row = vec![ReportValue::Text("a".to_owned()), ReportValue::Percent(0.5)];
        NewReport {
            kind,
            started_at: Timestamp(AT_US + day * DAY_US),
            ended_at: Timestamp(AT_US + day * DAY_US + 1),
            result: ReportResult::Warning,
            summary: "Look".to_owned(),
            sections: vec![ReportSection {
                title: "Log".to_owned(),
                text: None,
                facts: vec![fact],
                table: Some(ReportTable {
                    columns: vec!["message".to_owned(), "share".to_owned()],
                    rows: vec![row],
                    omitted: 0,
                }),
            }],
        }
    }

    fn store() -> Store {
        let options = OpenOptions { cache_bytes: 16 << 20, now: Timestamp(0), site_id: None };
        Store::with_backend(InMemoryBackend::new(), options).unwrap()
    }

    /// Version 1 as it was first shipped. These bytes never change.
    #[test]
    fn golden_bytes() {
        let mut report = report(ReportKind::DailyReview, 0);
        let bytes = encode_within_limit(&mut report);
        assert_eq!(
            hex(&bytes),
            "01fd0060be0216c10c00fd0260be0216c10c0002044c6f6f6b01034c6f670001064572726f72730203\
             0102076d6573736167650573686172650102010161050000\
             00000000e03f00"
        );
        let read = read_report(7, report.kind, &bytes).unwrap();
        assert_eq!(read.head, read_head(7, report.kind, &bytes).unwrap());
        assert_eq!(read.head.summary, "Look");
        assert_eq!(read.sections, report.sections);
    }

    #[test]
    fn reports_are_listed_by_kind_and_found_by_id() {
        let store = store();
        assert_eq!(store.read().unwrap().reports(None, None, 10).unwrap(), []);
        assert_eq!(store.read().unwrap().report(1).unwrap(), None);
        for (day, kind) in (0..).zip(ReportKind::ALL) {
            store.add_report(report(kind, day)).unwrap();
        }
        store.add_report(report(ReportKind::Pruning, 20)).unwrap();
        let snapshot = store.read().unwrap();
        let ids = |kind, before, limit| {
            let heads = snapshot.reports(kind, before, limit).unwrap();
            heads.into_iter().map(|head| head.id).collect::<Vec<_>>()
        };
        assert_eq!(ids(None, None, 3), [9, 8, 7]);
        assert_eq!(ids(None, Some(3), 3), [2, 1]);
        assert_eq!(ids(Some(ReportKind::Pruning), None, 9), [9, 3]);
        assert_eq!(ids(Some(ReportKind::Pruning), Some(9), 9), [3]);
        let found = snapshot.report(3).unwrap().unwrap();
        assert_eq!(found.head.kind, ReportKind::Pruning);
        assert_eq!(found.sections, report(ReportKind::Pruning, 2).sections);
        assert_eq!(snapshot.report(10).unwrap(), None);
    }

    #[test]
    fn old_and_surplus_reports_of_a_kind_are_forgotten() {
        let store = store();
        store.add_report(report(ReportKind::Capacity, 0)).unwrap();
        let count = |kind| store.read().unwrap().reports(Some(kind), None, 1000).unwrap().len();
        for _ in 0..REPORTS_PER_KIND_MAX + 2 {
            store.add_report(report(ReportKind::DailyReview, 1)).unwrap();
        }
        assert_eq!(count(ReportKind::DailyReview), REPORTS_PER_KIND_MAX);
        store.add_report(report(ReportKind::DailyReview, 402)).unwrap();
        assert_eq!(count(ReportKind::DailyReview), REPORTS_PER_KIND_MIN);
        store.add_report(report(ReportKind::Capacity, 1000)).unwrap();
        assert_eq!(count(ReportKind::Capacity), 2, "few ones are kept whatever the clock says");
        let all = store.read().unwrap().reports(None, None, 1000).unwrap().len();
        assert_eq!(all, REPORTS_PER_KIND_MIN + 2);
    }

    #[test]
    fn a_long_report_is_shortened() {
        let mut long = report(ReportKind::DailyReview, 0);
        long.summary = "ä".repeat(TEXT_CHARS_MAX + 5);
        let table = long.sections[0].table.as_mut().unwrap();
        let text = "x".repeat(100);
        table.rows = vec![vec![ReportValue::Text(text), ReportValue::Absent]; 1000];
        let store = store();
        let id = store.add_report(long).unwrap();
        let kept = store.read().unwrap().report(id).unwrap().unwrap();
        assert_eq!(kept.head.summary.chars().count(), TEXT_CHARS_MAX + 1);
        let table = kept.sections[0].table.as_ref().unwrap();
        assert_eq!(table.rows.len() as u64 + table.omitted, 1000);
        assert!((200..320).contains(&table.rows.len()), "{} rows", table.rows.len());
    }
}
