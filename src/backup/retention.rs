//! Which backups are kept: the newest ones, and the last one of each day, week and month.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, ISOWeekDate};
use jiff::tz::TimeZone;

use super::catalog::CatalogEntry;
use super::name::BackupId;
use crate::domain::Timestamp;

/// Bad files that are kept for inspection.
const BAD_KEPT: usize = 2;

/// How many backups are kept, by rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// The newest ones; at least one.
    pub last: usize,
    /// Days that have a backup, of each the last one.
    pub daily: usize,
    pub weekly: usize,
    pub monthly: usize,
}

/// Why each backup that is kept is kept. The others are removed.
pub type Retained = BTreeMap<BackupId, Vec<&'static str>>;

impl Retention {
    /// Decides which of all backups, newest first, are kept, by their days in `zone`. The newest
    /// verified one always is.
    ///
    /// Neither commit numbers nor clocks are trusted alone: the newest by either of them is kept. A
    /// date after `now` was noted by a wrong clock and does not count as new.
    pub fn decide(&self, entries: &[CatalogEntry], now: Timestamp, zone: &TimeZone) -> Retained {
        let mut kept = Retained::new();
        let mut keep = |entry: &CatalogEntry, why| {
            let reasons = kept.entry(entry.id.clone()).or_default();
            if !reasons.contains(&why) {
                reasons.push(why);
            }
        };
        let good: Vec<&CatalogEntry> =
            entries.iter().filter(|entry| !entry.is_unrestorable()).collect();
        let mut dated: Vec<&CatalogEntry> =
            good.iter().copied().filter(|entry| entry.manifest.is_dated(now)).collect();
        dated.sort_by_key(|entry| Reverse((entry.manifest.header.taken_at_us, &entry.id)));
        for newest_first in [&good, &dated] {
            for entry in newest_first.iter().take(self.last.max(1)) {
                keep(entry, "last");
            }
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
        for newest_first in [&good, &dated] {
            if let Some(entry) = newest_first.iter().find(|entry| entry.is_restorable()) {
                keep(entry, "newest verified");
            }
        }
        for entry in entries.iter().filter(|entry| entry.is_unrestorable()).take(BAD_KEPT) {
            keep(entry, "bad, for a look");
        }
        kept
    }
}

/// A year, and a part of it.
type Period = (i32, i32);

fn date(entry: &CatalogEntry, zone: &TimeZone) -> Date {
    let time = jiff::Timestamp::from_microsecond(entry.manifest.header.taken_at_us);
    zone.to_datetime(time.unwrap_or_default()).date()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::super::manifest::{BackupReason, Digests, FORMAT, Header, Manifest};
    use super::super::notes::{Depth, Notes, Verification};
    use super::*;

    fn header(taken_at_us: i64, seq: u64) -> Header {
        Header {
            format: FORMAT,
            version: "2.3.4".to_owned(),
            name: "unoc.sql".to_owned(),
            site_id: Uuid::from_u128(1),
            site_name: "site".to_owned(),
            taken_at_us,
            seq,
            committed_at_us: taken_at_us,
            next_device_id: 1,
            next_interface_id: 1,
            next_link_id: 1,
            next_audit_id: 1,
            sql_schema: 1,
            audit_chain: None,
        }
    }

    fn entry(day: &str, seq: u64, is_ok: Option<bool>) -> CatalogEntry {
        let at: jiff::Timestamp = format!("{day}:00Z").parse().unwrap();
        let at_us = at.as_microsecond();
        let verification = is_ok.map(|is_ok| Verification {
            at_us,
            depth: Depth::Quick,
            is_ok,
            duration_ms: 1,
            message: String::new(),
            postgres: None,
            postgres_result: None,
        });
        let id = BackupId::at(Timestamp(at_us));
        let manifest = Manifest {
            header: header(at_us, seq),
            file: id.file(false),
            bytes: 1,
            sha256: String::new(),
            plain_bytes: 1,
            tables: Digests::new(),
            reason: BackupReason::Schedule,
            duration_ms: 1,
            key_ids: Vec::new(),
        };
        CatalogEntry {
            id,
            manifest,
            notes: Notes { verification, ..Notes::default() },
            is_local: true,
        }
    }

    fn shown(retention: Retention, entries: &[CatalogEntry]) -> Vec<String> {
        let now: jiff::Timestamp = "2026-11-25T03:00:00Z".parse().unwrap();
        let now = Timestamp(now.as_microsecond());
        let kept = retention.decide(entries, now, &TimeZone::UTC);
        kept.iter().map(|(id, why)| format!("{} {}", &id.as_str()[9..18], why.join("+"))).collect()
    }

    #[test]
    fn the_last_backups_and_those_of_days_weeks_and_months_are_kept() {
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
        let entries: Vec<CatalogEntry> = days.iter().map(|day| entry(day, 5, Some(true))).collect();
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
    fn the_newest_verified_backup_is_kept_despite_the_counts() {
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
    fn a_backup_from_the_future_takes_one_place() {
        let entries = [
            entry("2026-11-25T02:15", 9, Some(true)),
            entry("2036-01-01T02:15", 8, Some(true)),
            entry("2026-11-24T02:15", 7, Some(true)),
        ];
        let retention = Retention { last: 1, daily: 3, weekly: 0, monthly: 0 };
        assert_eq!(shown(retention, &entries).len(), 3);
    }

    #[test]
    fn the_newest_by_commit_and_the_newest_by_date_are_kept() {
        let retention = Retention { last: 1, daily: 0, weekly: 0, monthly: 0 };
        // A site whose commit numbers were reset below those of its backups, and a new backup of
        // it.
        let came_back = [
            entry("2026-11-25T01:00", 900, Some(true)),
            entry("2026-11-24T02:15", 800, Some(true)),
            entry("2026-11-25T02:59", 12, Some(true)),
        ];
        let both = ["1125_0100 last+newest verified", "1125_0259 last+newest verified"];
        assert_eq!(shown(retention, &came_back), both);
        // The clock of a host without a battery, before and after it was set.
        let learnt = [
            entry("2000-01-01T00:01", 14, Some(true)),
            entry("2036-01-01T00:01", 13, Some(true)),
            entry("2026-11-25T02:15", 12, Some(true)),
        ];
        let both = ["0101_0001 last+newest verified", "1125_0215 last+newest verified"];
        assert_eq!(shown(retention, &learnt), both);
    }
}
