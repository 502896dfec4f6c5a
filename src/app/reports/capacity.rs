//! The capacity report: what is used, how it grows, and until when it suffices.

use anyhow::Result;

use super::section::{fact, section, table, text, time};
use super::{Findings, with_report};
use crate::domain::Timestamp;
use crate::engine::EngineHandle;
use crate::health::{TREND_SPAN_US, TrendPoint, full_after};
use crate::jobs::JobContext;
use crate::store::{
    Bucket, ReportKind, ReportResult, ReportSection, ReportValue, SeriesTier, Snapshot, StoreError,
};
use crate::util::{format_bytes, run_blocking};
use crate::wire::Time;

const DAY_US: i64 = 24 * 60 * 60 * 1_000_000;
/// Growth is that of the last month.
const MONTH_US: i64 = 30 * DAY_US;
/// How far from its time a value may be: a series has gaps while nothing is measured.
const DISTANCE_US_MAX: i64 = DAY_US;
/// Two reports and their delivery fit in: whoever orders a disk needs weeks.
const FULL_WITHIN_DAYS: f64 = 60.0;
/// What is further away is not told: growth does not go on as it did for that long.
const FULL_WITHIN_DAYS_MAX: f64 = 3_650.0;
const FREE_SPACE: &str = "disk.free";

/// A series and how its values are shown.
struct Row {
    series: &'static str,
    title: &'static str,
    unit: fn(f64) -> ReportValue,
}

/// What is listed, each with the series of a health check.
const ROWS: [Row; 7] = [
    Row { series: "store.size", title: "Store", unit: bytes },
    Row { series: "postgres.size", title: "PostgreSQL's database", unit: bytes },
    Row { series: FREE_SPACE, title: "Free on the data volume", unit: bytes },
    Row { series: "memory.resident", title: "Memory", unit: ReportValue::Percent },
    Row { series: "processor.used", title: "Processor", unit: ReportValue::Percent },
    Row { series: "clients.count", title: "Clients", unit: whole },
    Row { series: "site.devices", title: "Devices", unit: whole },
];

/// Reviews the capacity and keeps the report. Returns the summary.
pub(crate) async fn review_capacity(engine: EngineHandle, context: JobContext) -> Result<String> {
    let work = findings(engine.clone(), context.clock.now());
    with_report(ReportKind::Capacity, &engine, context, work).await
}

async fn findings(engine: EngineHandle, now: Timestamp) -> Result<Findings> {
    let space = engine.observe_volume().await?.space;
    let snapshot = engine.read();
    let read = move || -> Result<_, StoreError> {
        let histories = ROWS.iter().map(|row| history(&snapshot, row.series, now));
        histories.collect::<Result<Vec<_>, _>>()
    };
    let histories = run_blocking(read).await??;
    let free = ROWS.iter().zip(&histories).find(|(row, _)| row.series == FREE_SPACE);
    let free = free.map_or(&[][..], |(_, history)| history.as_slice());
    let recent = full_in_days(free, now.0.saturating_sub(TREND_SPAN_US));
    let long = full_in_days(free, i64::MIN);
    // One step months ago makes a slope of the long history; it counts only while there is no other.
    let soonest = recent.or(long);
    let is_soon = soonest.is_some_and(|days| days < FULL_WITHIN_DAYS);
    let (free_text, total_text) = (format_bytes(space.free_bytes), format_bytes(space.total_bytes));
    let outlook = match soonest {
        None => "a trend needs the free space of three days".to_owned(),
        Some(days) if days >= FULL_WITHIN_DAYS_MAX => "it does not fill up".to_owned(),
        Some(days) => format!("at the present rate it is full on {}", date(now, days)),
    };
    let mut volume = section("Data volume");
    volume.facts = vec![
        fact("Directory", text(space.directory.display().to_string())),
        fact("Size", ReportValue::Bytes(space.total_bytes)),
        fact("Free", ReportValue::Bytes(space.free_bytes)),
        fact("Free share", ReportValue::Percent(share(space.free_bytes, space.total_bytes))),
        fact("Full, by the last two weeks", full_on(now, recent)),
        fact("Full, by all that is recorded", full_on(now, long)),
    ];
    Ok(Findings {
        result: if is_soon { ReportResult::Warning } else { ReportResult::Ok },
        summary: format!("{free_text} of {total_text} of the data volume are free; {outlook}"),
        sections: vec![volume, growth(&histories, now)],
    })
}

/// The hours of a series, as far back as they are kept.
fn history(snapshot: &Snapshot, series: &str, now: Timestamp) -> Result<Vec<Bucket>, StoreError> {
    snapshot.buckets(series, SeriesTier::Hour, Timestamp(0)..Timestamp(now.0.saturating_add(1)))
}

/// After how many days nothing is free, by what was free since a time.
fn full_in_days(free: &[Bucket], since_us: i64) -> Option<f64> {
    let recent = free.iter().filter(|bucket| bucket.at.0 >= since_us);
    let points =
        recent.map(|bucket| TrendPoint { at_us: bucket.at.0, free: f64::from(bucket.mean) });
    full_after(&points.collect::<Vec<_>>())
}

/// What each thing was and is.
fn growth(histories: &[Vec<Bucket>], now: Timestamp) -> ReportSection {
    let rows =
        ROWS.iter().zip(histories).filter_map(|(row, history)| growth_row(row, history, now));
    let mut section = section("Use and growth");
    let columns =
        ["", "Now", "Most in 30 days", "30 days ago", "Change", "First recorded", "First value"];
    section.table = table(&columns, rows.collect());
    section.text = match &section.table {
        Some(_) => Some("Means of an hour; the change is that of the last 30 days. Nothing is shown for a time at which nothing \
                       was measured.".to_owned()),
        None => Some("Nothing has been recorded yet.".to_owned()),
    };
    section
}

fn growth_row(row: &Row, history: &[Bucket], now: Timestamp) -> Option<Vec<ReportValue>> {
    let first = history.first()?;
    let last = newest_before(history, now.0);
    let month_ago_us = now.0.saturating_sub(MONTH_US);
    let month = history.iter().filter(|bucket| bucket.at.0 >= month_ago_us);
    let most = month.map(|bucket| f64::from(bucket.max)).max_by(f64::total_cmp);
    let before = newest_before(history, month_ago_us);
    let change = before.filter(|before| *before > 0.0).zip(last);
    let change = change.map(|(before, last)| 100.0 * (last - before) / before);
    let shown = |value: Option<f64>| value.map_or(ReportValue::Absent, row.unit);
    Some(vec![
        text(row.title),
        shown(last),
        shown(most),
        shown(before),
        change.map_or(ReportValue::Absent, ReportValue::Percent),
        time(first.at),
        shown(Some(f64::from(first.mean))),
    ])
}

/// The mean of the last hour up to a time; `None` if nothing was measured near it.
fn newest_before(history: &[Bucket], at_us: i64) -> Option<f64> {
    let newest = history.iter().rfind(|bucket| bucket.at.0 <= at_us)?;
    let is_near = at_us.saturating_sub(newest.at.0) <= DISTANCE_US_MAX;
    is_near.then(|| f64::from(newest.mean))
}

fn full_on(now: Timestamp, days: Option<f64>) -> ReportValue {
    match days {
        None => ReportValue::Absent,
        Some(days) if days >= FULL_WITHIN_DAYS_MAX => text("it does not fill up"),
        Some(days) => time(after(now, days)),
    }
}

fn date(now: Timestamp, days: f64) -> String {
    let time = Time(after(now, days)).to_string();
    time.split('T').next().unwrap_or_default().to_owned()
}

#[expect(clippy::cast_possible_truncation, reason = "at most ten years in microseconds")]
fn after(now: Timestamp, days: f64) -> Timestamp {
    Timestamp(now.0.saturating_add((days * 86_400e6) as i64))
}

#[expect(clippy::cast_precision_loss, reason = "sizes are far below 2^53")]
fn share(part: u64, whole: u64) -> f64 {
    100.0 * part as f64 / whole.max(1) as f64
}

fn bytes(value: f64) -> ReportValue {
    ReportValue::Bytes(rounded(value))
}

fn whole(value: f64) -> ReportValue {
    ReportValue::Count(rounded(value))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "values of checks are not negative and far below 2^53"
)]
fn rounded(value: f64) -> u64 {
    value.round().max(0.0) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_in_a_series_is_no_value_of_its_end() {
        let now = Timestamp(100 * DAY_US);
        let bucket = |days_ago: i64, mean| {
            let at = Timestamp(now.0 - days_ago * DAY_US);
            Bucket { at, count: 1, min: mean, max: mean, mean }
        };
        let row = Row { series: "site.devices", title: "Devices", unit: whole };
        let (none, count, percent) =
            (ReportValue::Absent, ReportValue::Count, ReportValue::Percent);
        for (history, expected) in [
            (vec![bucket(31, 4.0), bucket(0, 6.0)], [count(6), count(4), percent(50.0)]),
            // Nothing was measured around 30 days ago.
            (vec![bucket(60, 4.0), bucket(0, 6.0)], [count(6), none.clone(), none.clone()]),
            // Nothing was measured in the last nine days.
            (vec![bucket(30, 4.0), bucket(9, 5.0)], [none.clone(), count(4), none.clone()]),
            (vec![bucket(0, 6.0)], [count(6), none.clone(), none.clone()]),
        ] {
            let cells = growth_row(&row, &history, now).expect("there is a value");
            let found = [1, 3, 4].map(|column: usize| cells[column].clone());
            assert_eq!(found, expected, "{history:?}");
        }
    }
}
