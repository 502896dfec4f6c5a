//! From when on `unoc logs` shows lines.

use std::time::Duration;

use super::time_span::parse_span;
use crate::domain::Timestamp;
use crate::wire::Time;

/// From when on lines are shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum LogStart {
    Ago(Duration),
    At(Timestamp),
}

impl LogStart {
    /// Parses `90s`, `15m`, `1h`, `2d`, or a time in RFC 3339.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if let Some(time) = Time::parse(text) {
            return Ok(Self::At(time));
        }
        parse_span(text).map(Self::Ago).ok_or_else(|| {
            "use a span such as 15m, 1h or 2d, or a time such as 2026-11-29T04:00:00Z".to_owned()
        })
    }

    /// Returns the time, of which it is `now`.
    pub(super) fn time(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(time) => time,
            Self::Ago(span) => {
                let micros = i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
                Timestamp(now.0.saturating_sub(micros).max(0))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_is_a_span_or_a_time() {
        let check = |text: &str, now: i64, expected: Option<i64>| {
            let start = LogStart::parse(text).ok();
            assert_eq!(start.map(|start| start.time(Timestamp(now)).0), expected, "{text}");
        };
        check("90s", 100_000_000, Some(10_000_000));
        check("15m", 1_000_000_000, Some(100_000_000));
        check("1h", 3_600_000_001, Some(1));
        check("4000000000d", 5, Some(0));
        check("1970-01-01T00:00:01Z", 5, Some(1_000_000));
        for text in ["", "h", "1", "1w", "-1h", "1.5h", "ä", "yesterday"] {
            check(text, 0, None);
        }
    }
}
