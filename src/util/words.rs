//! Counts with their nouns.

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
}
