//! Times on the wire: RFC 3339, UTC, microseconds.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::domain::Timestamp;

/// Prints as `2026-11-23T13:03:36.111211Z`.
#[derive(Clone, Copy, Debug)]
pub struct Time(pub Timestamp);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let time =
            jiff::Timestamp::from_microsecond(self.0.0).map_err(serde::ser::Error::custom)?;
        serializer.collect_str(&format_args!("{time:.6}"))
    }
}

impl fmt::Display for Time {
    /// As it is serialised.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = jiff::Timestamp::from_microsecond(self.0.0).map_err(|_| fmt::Error)?;
        write!(f, "{time:.6}")
    }
}

impl Time {
    /// Parses the serialised form, and any other RFC 3339 time.
    pub fn parse(text: &str) -> Option<Timestamp> {
        let time: jiff::Timestamp = text.parse().ok()?;
        Some(Timestamp(time.as_microsecond()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_print_as_the_contract_says_and_read_back() {
        for (micros, text) in [
            (0, "1970-01-01T00:00:00.000000Z"),
            (1_795_439_016_111_211, "2026-11-23T13:03:36.111211Z"),
            (1_795_439_016_000_000, "2026-11-23T13:03:36.000000Z"),
        ] {
            let json = serde_json::to_string(&Time(Timestamp(micros))).unwrap();
            assert_eq!(json, format!("\"{text}\""));
            assert_eq!(Time::parse(text), Some(Timestamp(micros)));
        }
        assert_eq!(Time::parse("yesterday"), None);
    }
}
