//! Spans of time as people type them.

use std::time::Duration;

/// Parses `90s`, `15m`, `1h` or `2d`.
pub(super) fn parse_span(text: &str) -> Option<Duration> {
    let unit_s = match text.chars().last()? {
        's' => 1,
        'm' => 60,
        'h' => 60 * 60,
        'd' => 24 * 60 * 60,
        _ => return None,
    };
    let count: u32 = text[..text.len() - 1].parse().ok()?;
    Some(Duration::from_secs(u64::from(count) * unit_s))
}
