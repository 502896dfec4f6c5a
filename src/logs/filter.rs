//! Which lines a reader wants.

use tracing::Level;

use super::line::LogLine;
use super::ring::Which;
use crate::domain::Timestamp;

/// Which lines a reader wants: those to which every given part applies.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LogFilter {
    /// This level and more severe ones.
    pub level: Option<Level>,
    /// This module and those inside it: `unoc::sync` takes in `unoc::sync::round`.
    pub target: Option<String>,
    /// Part of the message or of the fields, in upper or lower case.
    pub text: Option<String>,
    pub request_id: Option<String>,
    /// Lines from this time on.
    pub since: Option<Timestamp>,
}

impl LogFilter {
    pub(super) fn which(&self) -> Which {
        match self.level {
            Some(level) if level <= Level::WARN => Which::Warnings,
            _ => Which::All,
        }
    }

    pub(super) fn takes(&self, line: &LogLine) -> bool {
        self.level.is_none_or(|level| line.level <= level)
            && self.since.is_none_or(|since| line.at >= since)
            && self.target.as_ref().is_none_or(|target| is_within(line.target(), target))
            && self.request_id.as_deref().is_none_or(|id| line.request_id() == Some(id))
            && self
                .text
                .as_ref()
                .is_none_or(|text| has_text(line.message(), text) || has_text(line.fields(), text))
    }
}

/// Returns whether a target is a module or inside it.
pub(super) fn is_within(target: &str, module: &str) -> bool {
    let inside = target.strip_prefix(module);
    inside.is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

/// Returns whether `text` has `part` in it, in any case of the letters.
fn has_text(text: &str, part: &str) -> bool {
    if !part.is_ascii() {
        return text.to_lowercase().contains(&part.to_lowercase());
    }
    let part = part.as_bytes();
    let Some((first, rest)) = part.split_first() else { return true };
    let (lower, upper) = (first.to_ascii_lowercase(), first.to_ascii_uppercase());
    let text = text.as_bytes();
    let Some(last) = text.len().checked_sub(part.len()) else { return false };
    (0..=last).any(|at| {
        (text[at] == lower || text[at] == upper)
            && text[at + 1..at + part.len()].eq_ignore_ascii_case(rest)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_found_in_any_case() {
        let check = |text: &str, part: &str, expected| {
            assert_eq!(has_text(text, part), expected, "{part:?} in {text:?}");
        };
        check("Mirroring into PostgreSQL", "postgresql", true);
        check("Mirroring into PostgreSQL", "SQL", true);
        check("sql", "sqlx", false);
        check("aab", "ab", true);
        check("", "", true);
        check("", "a", false);
        check("Straße in ÜBERLINGEN", "überl", true);
    }

    #[test]
    fn a_target_takes_in_the_modules_inside_it() {
        assert!(is_within("unoc::sync::round", "unoc::sync"));
        assert!(is_within("unoc::sync", "unoc::sync"));
        assert!(!is_within("unoc::syncing", "unoc::sync"));
        assert!(!is_within("unoc", "unoc::sync"));
    }
}
