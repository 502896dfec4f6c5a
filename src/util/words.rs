//! Counts with their nouns, sizes and spans of time, for people.

use std::fmt::Display;

/// Returns a count with its noun in the singular or the plural: `1 device`, `2 devices`, `3 copies`.
pub fn counted(count: impl Display, noun: &str) -> String {
    let count = count.to_string();
    if count == "1" { format!("1 {noun}") } else { format!("{count} {}", plural(noun)) }
}

/// Returns the plural of a regular noun, as all nouns of this program are.
fn plural(noun: &str) -> String {
    match noun.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'i', 'o', 'u']) => format!("{stem}ies"),
        _ => format!("{noun}s"),
    }
}

/// Returns a size in the largest unit in which it is at least 1 (IEC 80000-13).
pub fn format_bytes(bytes: u64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut step = 0;
    while step + 1 < units.len() && bytes >> (10 * step) >= 1024 {
        step += 1;
    }
    let tenths = (bytes * 10) >> (10 * step);
    if step == 0 {
        format!("{bytes} B")
    } else {
        format!("{}.{} {}", tenths / 10, tenths % 10, units[step])
    }
}

/// Returns a span of time in the unit in which it is a small number.
pub fn format_span(seconds: f64) -> String {
    match seconds {
        s if s < 120.0 => format!("{s:.1} s"),
        s if s < 7200.0 => format!("{:.0} min", s / 60.0),
        s if s < 172_800.0 => format!("{:.0} h", s / 3600.0),
        s => format!("{:.0} days", s / 86_400.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nouns_follow_their_count() {
        let check = |count: usize, noun, expected| assert_eq!(counted(count, noun), expected);
        check(1, "device", "1 device");
        check(0, "device", "0 devices");
        check(2, "copy", "2 copies");
        check(1, "copy", "1 copy");
        check(11, "day", "11 days");
    }

    #[test]
    fn sizes_and_spans_are_small_numbers() {
        let sizes = [(0, "0 B"), (1023, "1023 B"), (1536, "1.5 KiB"), (5 << 30, "5.0 GiB")];
        for (bytes, expected) in sizes {
            assert_eq!(format_bytes(bytes), expected);
        }
        let spans =
            [(0.31, "0.3 s"), (600.0, "10 min"), (90_000.0, "25 h"), (864_000.0, "10 days")];
        for (seconds, expected) in spans {
            assert_eq!(format_span(seconds), expected);
        }
    }
}
