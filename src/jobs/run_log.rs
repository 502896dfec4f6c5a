//! The log of a run: its last lines, recorded with the run.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// Lines kept of a run: a screen and a half, the last ones of which tell how it ended.
pub const LOG_LINES_MAX: usize = 64;
/// Longer lines are cut: with all lines that long a record stays below 80 kB.
pub const LOG_LINE_CHARS_MAX: usize = 300;

/// Collects the lines of one run. Clones add to the same log.
#[derive(Clone, Debug, Default)]
pub struct RunLog(Arc<Mutex<Lines>>);

#[derive(Debug, Default)]
struct Lines {
    kept: VecDeque<String>,
    dropped: u64,
}

impl RunLog {
    /// Adds a line, or each line of a longer text.
    pub fn line(&self, text: impl AsRef<str>) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for line in text.as_ref().lines() {
            if lines.kept.len() == LOG_LINES_MAX {
                lines.kept.pop_front();
                lines.dropped += 1;
            }
            lines.kept.push_back(shortened(line, LOG_LINE_CHARS_MAX));
        }
    }

    /// Returns the last lines, after a note of how many were left out.
    pub fn lines(&self) -> Vec<String> {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let note =
            (lines.dropped > 0).then(|| format!("({} earlier lines left out)", lines.dropped));
        note.into_iter().chain(lines.kept.iter().cloned()).collect()
    }
}

/// Returns at most `chars_max` characters of a text, with an ellipsis if it was cut.
pub(super) fn shortened(text: &str, chars_max: usize) -> String {
    if text.chars().count() <= chars_max {
        return text.to_owned();
    }
    let kept: String = text.chars().take(chars_max - 1).collect();
    format!("{kept}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_kept_and_the_others_counted() {
        let log = RunLog::default();
        log.line("one\ntwo");
        assert_eq!(log.lines(), ["one", "two"]);
        for number in 0..100 {
            log.clone().line(number.to_string());
        }
        let lines = log.lines();
        assert_eq!(lines.len(), LOG_LINES_MAX + 1);
        assert_eq!(lines[0], "(38 earlier lines left out)");
        assert_eq!(lines[1], "36");
        assert_eq!(lines[LOG_LINES_MAX], "99");
    }

    #[test]
    fn a_long_line_is_cut_at_a_character() {
        let log = RunLog::default();
        log.line("ü".repeat(LOG_LINE_CHARS_MAX));
        log.line("ü".repeat(LOG_LINE_CHARS_MAX + 1));
        let lines = log.lines();
        assert!(lines.iter().all(|line| line.chars().count() == LOG_LINE_CHARS_MAX));
        assert!(!lines[0].ends_with('…') && lines[1].ends_with('…'));
    }
}
