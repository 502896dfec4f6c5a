//! v2's times: UTC, without a time zone.

use crate::domain::Timestamp;

/// Reads a time as PostgreSQL prints it in the ISO style, with or without a zone; without one it
/// is UTC, as in v2. `None` for times that cannot be represented: `infinity`, years before Christ.
pub(super) fn parse(text: &str) -> Option<Timestamp> {
    let zoned = text.parse::<jiff::Timestamp>().ok();
    let plain = || {
        let civil = text.parse::<jiff::civil::DateTime>().ok()?;
        jiff::tz::TimeZone::UTC.to_timestamp(civil).ok()
    };
    zoned.or_else(plain).map(|time| Timestamp(time.as_microsecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_without_a_zone_are_utc() {
        const AT: i64 = 1_795_439_016_111_211;
        let check = |text: &str, expected: Option<i64>| {
            assert_eq!(parse(text), expected.map(Timestamp), "{text}");
        };
        check("2026-11-23 13:03:36.111211", Some(AT));
        check("2026-11-23T13:03:36.111211", Some(AT));
        check("2026-11-23 13:03:36.111211+00", Some(AT));
        check("2026-11-23 15:03:36.111211+02", Some(AT));
        check("2026-11-23 18:33:36.111211+05:30", Some(AT));
        check("2026-11-23T13:03:36.111211Z", Some(AT));
        check("2026-11-23 13:03:36", Some(AT - 111_211));
        check("1970-01-01 00:00:00", Some(0));
        check("1969-12-31 23:59:59", Some(-1_000_000));
        for text in ["", "infinity", "-infinity", "0044-03-15 00:00:00 BC", "294276-12-31 00:00:00"]
        {
            check(text, None);
        }
    }
}
