//! The time zone of this host: what schedules, retention and people mean by a day and an hour.

use std::fs;
use std::sync::OnceLock;

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// localtime(5): without this file the host is in UTC.
const LOCALTIME: &str = "/etc/localtime";

/// A time zone that was found, or UTC and why it was not.
#[derive(Clone, Debug)]
pub struct Zone {
    zone: TimeZone,
    fault: Option<String>,
}

impl Zone {
    /// The host's, read once: whatever asks in one process gets the same.
    pub fn host() -> &'static Self {
        static HOST: OnceLock<Zone> = OnceLock::new();
        HOST.get_or_init(|| match TimeZone::try_system() {
            Ok(zone) if !zone.is_unknown() => Self::from(zone),
            _ => Self { zone: TimeZone::UTC, fault: fault() },
        })
    }

    pub fn rules(&self) -> &TimeZone {
        &self.zone
    }

    /// Why it is UTC although the host asks for something else.
    pub fn fault(&self) -> Option<&str> {
        self.fault.as_deref()
    }

    /// What people call it: `Europe/Berlin`, or the offset at this time where it has no name, as
    /// when /etc/localtime is a copy.
    pub fn name(&self, at: Timestamp) -> String {
        self.zone.iana_name().map_or_else(|| self.offset(at), str::to_owned)
    }

    /// Its distance from UTC at this time: `+01:00`.
    pub fn offset(&self, at: Timestamp) -> String {
        at.to_zoned_datetime(self.zone.clone()).strftime("%:z").to_string()
    }

    /// This time as its clocks show it, to the second: `2026-11-29T02:15:00+01:00`.
    pub fn local(&self, at: Timestamp) -> String {
        at.to_zoned_datetime(self.zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
    }
}

impl From<TimeZone> for Zone {
    fn from(zone: TimeZone) -> Self {
        Self { zone, fault: None }
    }
}

/// What keeps the host's own time zone from being known.
fn fault() -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "names what jiff read; it is no setting of ours")]
    let named = std::env::var_os("TZ");
    if let Some(name) = named {
        let name = name.to_string_lossy();
        return Some(format!(
            "TZ is {name:?}, which is no time zone of this host; correct it, or install tzdata"
        ));
    }
    // A link to what is not installed is there.
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
    fn a_zone_is_told_by_its_name_or_its_offset() {
        let winter: Timestamp = "2026-11-29T01:15:00Z".parse().unwrap();
        let summer: Timestamp = "2026-07-01T00:15:00Z".parse().unwrap();
        let rule = Zone::from(TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap());
        assert_eq!([winter, summer].map(|at| rule.name(at)), ["+01:00", "+02:00"]);
        assert_eq!(rule.local(winter), "2026-11-29T02:15:00+01:00");
        assert_eq!(rule.local(summer), "2026-07-01T02:15:00+02:00");
        let west = Zone::from(TimeZone::posix("XXX3:30").unwrap());
        assert_eq!(west.name(winter), "-03:30");
        let utc = Zone::from(TimeZone::UTC);
        assert_eq!([utc.name(winter), utc.offset(winter)], ["UTC", "+00:00"]);
    }
}
