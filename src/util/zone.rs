//! The time zone of this host, by which schedules, retention and people count days and hours.

use std::fs;
use std::sync::OnceLock;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// localtime(5): without this file the host is in UTC.
const LOCALTIME: &str = "/etc/localtime";

/// The host's time zone; UTC with the reason if it is unknown.
#[derive(Clone, Debug)]
pub struct Zone {
    zone: TimeZone,
    error: Option<String>,
}

impl Zone {
    /// Returns the time zone of this host, which is read once per process.
    pub fn host() -> &'static Self {
        static HOST: OnceLock<Zone> = OnceLock::new();
        HOST.get_or_init(|| match TimeZone::try_system() {
            Ok(zone) if !zone.is_unknown() => Self::from(zone),
            _ => Self { zone: TimeZone::UTC, error: unknown_because() },
        })
    }

    /// Returns the rules of the time zone.
    pub fn time_zone(&self) -> &TimeZone {
        &self.zone
    }

    /// Returns why schedules use UTC although the host is set to another time zone.
    pub fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }

    /// Returns its name, `Europe/Berlin`, or its offset at this time if it has no name, as when
    /// /etc/localtime is a copy.
    pub fn name(&self, at: Timestamp) -> String {
        self.zone.iana_name().map_or_else(|| self.offset(at), str::to_owned)
    }

    /// Returns its offset from UTC at this time: `+01:00`.
    pub fn offset(&self, at: Timestamp) -> String {
        at.to_zoned_datetime(self.zone.clone()).strftime("%:z").to_string()
    }

    /// Returns a time as local time, to the second: `2026-11-29T02:15:00+01:00`.
    pub fn local(&self, at: Timestamp) -> String {
        at.to_zoned_datetime(self.zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
    }

    /// Returns the beginning of the day after that of `at`, in microseconds since 1970; `None` beyond the
    /// times that can be told.
    pub fn next_midnight_us(&self, at_us: i64) -> Option<i64> {
        let at = Timestamp::from_microsecond(at_us).ok()?;
        let tomorrow = at.to_zoned_datetime(self.zone.clone()).tomorrow().ok()?;
        let midnight_us = tomorrow.start_of_day().ok()?.timestamp().as_microsecond();
        (midnight_us > at_us).then_some(midnight_us)
    }
}

impl From<TimeZone> for Zone {
    fn from(zone: TimeZone) -> Self {
        Self { zone, error: None }
    }
}

/// Returns why the host's time zone is unknown; `None` if the host has none set.
fn unknown_because() -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "names what jiff read; it is no setting of ours")]
    let named = std::env::var_os("TZ");
    if let Some(name) = named {
        let name = name.to_string_lossy();
        return Some(format!(
            "TZ is {name:?}, which is no time zone of this host; correct it, or install tzdata"
        ));
    }
    // Also a link to a zone that is not installed.
    fs::symlink_metadata(LOCALTIME).ok()?;
    let target =
        fs::read_link(LOCALTIME).map(|target| format!(", a link to {},", target.display()));
    let target = target.unwrap_or_default();
    Some(format!(
        "{LOCALTIME}{target} cannot be read as a time zone; correct it, or install tzdata"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_has_a_name_or_an_offset() {
        let winter: Timestamp = "2026-11-29T01:15:00Z".parse().unwrap();
        let summer: Timestamp = "2026-07-01T00:15:00Z".parse().unwrap();
        let rule = Zone::from(TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap());
        assert_eq!([winter, summer].map(|at| rule.name(at)), ["+01:00", "+02:00"]);
        assert_eq!(rule.local(winter), "2026-11-29T02:15:00+01:00");
        assert_eq!(rule.local(summer), "2026-07-01T02:15:00+02:00");
        let last_of_summer: Timestamp = "2026-10-24T22:00:00Z".parse().unwrap();
        let midnight_us = rule.next_midnight_us(last_of_summer.as_microsecond()).unwrap();
        assert_eq!(midnight_us - last_of_summer.as_microsecond(), 25 * 3_600_000_000);
        let west = Zone::from(TimeZone::posix("XXX3:30").unwrap());
        assert_eq!(west.name(winter), "-03:30");
        let utc = Zone::from(TimeZone::UTC);
        assert_eq!([utc.name(winter), utc.offset(winter)], ["UTC", "+00:00"]);
    }
}
