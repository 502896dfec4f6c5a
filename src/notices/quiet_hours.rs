//! Hours in which a contact is told of the worst only; the rest is told at their end.

use jiff::ToSpan;
use jiff::civil::Time as ClockTime;

use crate::domain::{Severity, Timestamp};
use crate::util::Zone;

/// Quiet hours of each day, in the time zone of this host. They may go over midnight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuietHours {
    /// Minutes after midnight.
    pub start_min: u16,
    pub end_min: u16,
    /// Incidents of these severities are told at the end.
    pub severities: Vec<Severity>,
}

impl QuietHours {
    /// When something of this severity that is due at `at` is told: then, or at the end of the quiet hours.
    pub fn shift(&self, severity: Severity, at: Timestamp, zone: &Zone) -> Timestamp {
        if !self.severities.contains(&severity) {
            return at;
        }
        self.end_after(at, zone).unwrap_or(at)
    }

    /// Whether `at` is in the quiet hours.
    pub fn include(&self, at: Timestamp, zone: &Zone) -> bool {
        self.end_after(at, zone).is_some()
    }

    /// The end of the quiet hours that `at` is in.
    pub(super) fn end_after(&self, at: Timestamp, zone: &Zone) -> Option<Timestamp> {
        let instant = jiff::Timestamp::from_microsecond(at.0).ok()?;
        let local = instant.to_zoned_datetime(zone.time_zone().clone());
        let minute = i32::from(local.hour()) * 60 + i32::from(local.minute());
        let (start, end) = (i32::from(self.start_min), i32::from(self.end_min));
        let (is_quiet, ends_tomorrow) = match start <= end {
            true => (start <= minute && minute < end, false),
            false => (minute >= start || minute < end, minute >= start),
        };
        if !is_quiet {
            return None;
        }
        let day =
            if ends_tomorrow { local.date().checked_add(1.day()).ok()? } else { local.date() };
        let clock =
            ClockTime::new(i8::try_from(end / 60).ok()?, i8::try_from(end % 60).ok()?, 0, 0);
        // A time that a change of the clock leaves out is the one after it.
        let end = day.to_datetime(clock.ok()?).to_zoned_datetime(zone.time_zone().clone()).ok()?;
        Some(Timestamp(end.timestamp().as_microsecond()))
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;

    #[test]
    fn what_is_due_in_quiet_hours_is_told_at_their_end() {
        let zone = Zone::from(TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap());
        let check = |hours: (u16, u16), severity, at: &str, expected: &str| {
            let (start_min, end_min) = hours;
            let hours = QuietHours { start_min, end_min, severities: vec![Severity::Minor] };
            let at: jiff::Timestamp = at.parse().unwrap();
            let shifted = hours.shift(severity, Timestamp(at.as_microsecond()), &zone);
            let shifted = jiff::Timestamp::from_microsecond(shifted.0).unwrap();
            assert_eq!(shifted.to_string(), expected, "{at}");
        };
        let night = (22 * 60, 6 * 60);
        check(night, Severity::Minor, "2026-11-23T20:59:59Z", "2026-11-23T20:59:59Z");
        check(night, Severity::Minor, "2026-11-23T21:00:00Z", "2026-11-24T05:00:00Z");
        check(night, Severity::Minor, "2026-11-24T04:59:59Z", "2026-11-24T05:00:00Z");
        check(night, Severity::Minor, "2026-11-24T05:00:00Z", "2026-11-24T05:00:00Z");
        check(night, Severity::Critical, "2026-11-23T23:00:00Z", "2026-11-23T23:00:00Z");
        // The clock is set back in this night.
        check(night, Severity::Minor, "2026-10-24T21:00:00Z", "2026-10-25T05:00:00Z");
        check((12 * 60, 13 * 60), Severity::Minor, "2026-11-23T11:30:00Z", "2026-11-23T12:00:00Z");
        check((0, 0), Severity::Minor, "2026-11-23T11:30:00Z", "2026-11-23T11:30:00Z");
    }
}
