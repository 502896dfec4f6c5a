//! Which backups are kept: the newest ones, and the last one of each day, week and month.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, ISOWeekDate};
use jiff::tz::TimeZone;

use super::catalog::Entry;
use super::name::BackupId;

/// Bad files that are kept for a look.
const BAD_KEPT: usize = 2;

/// How many are kept of each kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// The newest ones; at least one.
    pub last: usize,
    /// Days that have a backup, of each the last one.
    pub daily: usize,
    pub weekly: usize,
    pub monthly: usize,
}

/// Why each backup that stays is kept. The others go.
pub type Kept = BTreeMap<BackupId, Vec<&'static str>>;

impl Retention {
    /// Decides over all backups, the newest first, by their days in `zone`. The newest verified
    /// one always stays.
    pub fn decide(&self, entries: &[Entry], zone: &TimeZone) -> Kept {
        let mut kept = Kept::new();
        let mut keep = |entry: &Entry, why| kept.entry(entry.id.clone()).or_default().push(why);
        let good: Vec<&Entry> = entries.iter().filter(|entry| !entry.is_useless()).collect();
        for entry in good.iter().take(self.last.max(1)) {
            keep(entry, "last");
        }
        let mut by = |why, most, period: fn(Date) -> Period| {
            let mut seen = BTreeSet::new();
            for entry in &good {
                if seen.len() < most && seen.insert(period(date(entry, zone))) {
                    keep(entry, why);
                }
            }
        };
        by("daily", self.daily, |date| (date.year().into(), date.day_of_year().into()));
        by("weekly", self.weekly, |date| {
            let week: ISOWeekDate = date.iso_week_date();
            (week.year().into(), week.week().into())
        });
        by("monthly", self.monthly, |date| (date.year().into(), date.month().into()));
        if let Some(entry) = good.iter().find(|entry| entry.counts()) {
            keep(entry, "newest verified");
        }
        for entry in entries.iter().filter(|entry| entry.is_useless()).take(BAD_KEPT) {
            keep(entry, "bad, for a look");
        }
        kept
    }
}

/// A year, and a part of it.
type Period = (i32, i32);

fn date(entry: &Entry, zone: &TimeZone) -> Date {
    let time = jiff::Timestamp::from_microsecond(entry.manifest.header.taken_at_us);
    zone.to_datetime(time.unwrap_or_default()).date()
}

#[cfg(test)]
mod tests {
    use super::super::manifest::{Digests, Header, Manifest, Reason};
    use super::super::notes::{Depth, Notes, Verification};
    use super::*;
    use crate::domain::Timestamp;

    fn entry(day: &str, seq: u64, is_ok: Option<bool>) -> Entry {
        let at: jiff::Timestamp = format!("{day}:00Z").parse().unwrap();
        let at_us = at.as_microsecond();
        let verification = is_ok.map(|is_ok| Verification {
            at_us,
            depth: Depth::Quick,
            is_ok,
            duration_ms: 1,
            message: String::new(),
            postgres: None,
        });
        let id = BackupId::at(Timestamp(at_us));
        let manifest = Manifest {
            header: Header { taken_at_us: at_us, seq, ..Header::default() },
            file: id.file(false),
            bytes: 1,
            sha256: String::new(),
            plain_bytes: 1,
            tables: Digests::new(),
            reason: Reason::Schedule,
            duration_ms: 1,
            key_ids: Vec::new(),
        };
        Entry { id, manifest, notes: Notes { verification, ..Notes::default() }, is_local: true }
    }

    fn shown(retention: Retention, entries: &[Entry]) -> Vec<String> {
        let kept = retention.decide(entries, &TimeZone::UTC);
        kept.iter().map(|(id, why)| format!("{} {}", &id.as_str()[9..18], why.join("+"))).collect()
    }

    #[test]
    fn the_last_ones_and_those_of_days_weeks_and_months_stay() {
        let days = [
            "2026-11-25T02:15",
            "2026-11-24T12:00",
            "2026-11-24T02:15",
            "2026-11-23T02:15",
            "2026-11-16T02:15",
            "2026-11-02T02:15",
            "2026-10-31T02:15",
            "2026-09-30T02:15",
        ];
        let entries: Vec<Entry> = days.iter().map(|day| entry(day, 5, Some(true))).collect();
        let retention = Retention { last: 1, daily: 2, weekly: 3, monthly: 3 };
        assert_eq!(
            shown(retention, &entries),
            [
                "0930_0215 monthly",
                "1031_0215 monthly",
                "1102_0215 weekly",
                "1116_0215 weekly",
                "1124_1200 daily",
                "1125_0215 last+daily+weekly+monthly+newest verified",
            ]
        );
    }

    #[test]
    fn the_newest_verified_one_stays_whatever_the_numbers_say() {
        let entries = [
            entry("2026-11-25T02:15", 9, Some(false)),
            entry("2026-11-24T02:15", 8, None),
            entry("2026-11-23T02:15", 7, Some(true)),
            entry("2026-11-22T02:15", 6, Some(true)),
        ];
        let retention = Retention { last: 0, daily: 0, weekly: 0, monthly: 0 };
        assert_eq!(
            shown(retention, &entries),
            ["1123_0215 newest verified", "1124_0215 last", "1125_0215 bad, for a look"]
        );
    }

    #[test]
    fn a_clock_that_was_in_the_future_costs_one_place() {
        let entries = [
            entry("2026-11-25T02:15", 9, Some(true)),
            entry("2036-01-01T02:15", 8, Some(true)),
            entry("2026-11-24T02:15", 7, Some(true)),
        ];
        let retention = Retention { last: 1, daily: 3, weekly: 0, monthly: 0 };
        assert_eq!(shown(retention, &entries).len(), 3);
    }
}
