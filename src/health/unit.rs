//! The units of values.

/// The unit of a check's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckUnit {
    Milliseconds,
    Seconds,
    Hours,
    Days,
    Bytes,
    Percent,
    /// A number of things.
    Count,
    /// 1 for yes, 0 for no.
    YesNo,
}

impl CheckUnit {
    pub const ALL: [Self; 8] = [
        Self::Milliseconds,
        Self::Seconds,
        Self::Hours,
        Self::Days,
        Self::Bytes,
        Self::Percent,
        Self::Count,
        Self::YesNo,
    ];

    /// The word in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Milliseconds => "ms",
            Self::Seconds => "s",
            Self::Hours => "h",
            Self::Days => "d",
            Self::Bytes => "bytes",
            Self::Percent => "%",
            Self::Count => "count",
            Self::YesNo => "yes/no",
        }
    }

    /// A value with its unit, for people: `1.5 GiB`, `12 ms`, `no`.
    pub fn text(self, value: f64) -> String {
        match self {
            Self::Bytes => bytes_text(value),
            Self::YesNo if value > 0.0 => "yes".to_owned(),
            Self::YesNo => "no".to_owned(),
            Self::Count => number_text(value),
            Self::Days if number_text(value) == "1" => "1 day".to_owned(),
            Self::Days => format!("{} days", number_text(value)),
            Self::Milliseconds if value >= 1000.0 => Self::Seconds.text(value / 1000.0),
            Self::Seconds if value >= 120.0 => format!("{} min", number_text(value / 60.0)),
            Self::Milliseconds | Self::Seconds | Self::Hours | Self::Percent => {
                format!("{} {}", number_text(value), self.as_str())
            }
        }
    }
}

/// With one decimal below 10, if it is not zero.
fn number_text(value: f64) -> String {
    let text = if value.abs() < 9.95 { format!("{value:.1}") } else { format!("{value:.0}") };
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

fn bytes_text(value: f64) -> String {
    let mut scaled = value;
    for unit in ["bytes", "KiB", "MiB", "GiB"] {
        if scaled.abs() < 1024.0 {
            return format!("{} {unit}", number_text(scaled));
        }
        scaled /= 1024.0;
    }
    format!("{} TiB", number_text(scaled))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_text_with_their_unit() {
        let check = |unit: CheckUnit, value, expected| assert_eq!(unit.text(value), expected);
        check(CheckUnit::Bytes, 0.0, "0 bytes");
        check(CheckUnit::Bytes, 1536.0, "1.5 KiB");
        check(CheckUnit::Bytes, 64.0 * 1024.0 * 1024.0, "64 MiB");
        check(CheckUnit::Bytes, 5e15, "4547 TiB");
        check(CheckUnit::Milliseconds, 0.42, "0.4 ms");
        check(CheckUnit::Milliseconds, 9.96, "10 ms");
        check(CheckUnit::Milliseconds, 2_500.0, "2.5 s");
        check(CheckUnit::Seconds, 60.0, "60 s");
        check(CheckUnit::Seconds, 900.0, "15 min");
        check(CheckUnit::Percent, 80.0, "80 %");
        check(CheckUnit::Days, 1.0, "1 day");
        check(CheckUnit::Days, 6.5, "6.5 days");
        check(CheckUnit::Hours, 36.0, "36 h");
        check(CheckUnit::Count, 3.0, "3");
        check(CheckUnit::YesNo, 0.0, "no");
    }
}
