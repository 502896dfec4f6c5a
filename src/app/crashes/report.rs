//! The report of a panic, as the file of its place in the code has it.

use std::backtrace::Backtrace;

use serde::{Deserialize, Serialize};

use crate::domain::Timestamp;
use crate::logs::{LogFilter, LogLine, Logs, PageRequest};
use crate::wire::Time;

/// Longest message: an error with its causes.
const MESSAGE_CHARS_MAX: usize = 1000;
/// Longest name of a thread and of a place in the code.
const NAME_CHARS_MAX: usize = 120;
/// Functions of the backtrace that are kept: a request has about 80, those of axum and tokio included.
const FUNCTIONS_MAX: usize = 100;
/// Longest name of a function: those with many type parameters are longer, and say no more.
const FUNCTION_CHARS_MAX: usize = 160;
/// Lines of the log before the panic.
const LOG_LINES_MAX: usize = 50;
const LOG_BYTES_MAX: usize = 32 * 1024;
const LOG_LINE_CHARS_MAX: usize = 300;

/// All panics at one place in the code, or ends of the service of one kind; the texts are of one of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct CrashReport {
    /// The file and the line, such as `src/engine/writer.rs:120`, or `systemd:watchdog`.
    pub(super) location: String,
    pub(super) count: u64,
    /// RFC 3339, as all times here.
    pub(super) first_at: String,
    pub(super) last_at: String,
    pub(super) version: String,
    pub(super) thread: String,
    pub(super) message: String,
    /// How long the service had run.
    pub(super) uptime_s: i64,
    /// The names of the functions, the innermost first.
    pub(super) backtrace: Vec<String>,
    /// The last lines of the log, the oldest first.
    pub(super) log: Vec<String>,
}

/// A panic, as the hook hands it over.
pub(super) struct CaughtPanic {
    pub(super) at: Timestamp,
    pub(super) location: String,
    pub(super) thread: String,
    pub(super) message: String,
    /// Its functions have no names until it is printed.
    pub(super) backtrace: Backtrace,
}

impl CrashReport {
    /// The report of a first panic at its place.
    pub(super) fn new(panic: &CaughtPanic, started_at: Timestamp, logs: &Logs) -> Self {
        let at = Time(panic.at).to_string();
        Self {
            location: panic.location.clone(),
            count: 1,
            first_at: at.clone(),
            last_at: at,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            thread: start_of(&panic.thread, NAME_CHARS_MAX),
            message: start_of(&panic.message, MESSAGE_CHARS_MAX),
            uptime_s: panic.at.0.saturating_sub(started_at.0).max(0) / 1_000_000,
            backtrace: functions(&panic.backtrace.to_string()),
            log: last_lines(logs),
        }
    }

    /// The report of an end of the service at `place`, between its start and now.
    pub(super) fn of_service_end(
        place: String,
        message: &str,
        (started_at, now): (Timestamp, Timestamp),
    ) -> Self {
        let at = Time(now).to_string();
        Self {
            location: place,
            count: 1,
            first_at: at.clone(),
            last_at: at,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            thread: String::new(),
            message: start_of(message, MESSAGE_CHARS_MAX),
            uptime_s: now.0.saturating_sub(started_at.0).max(0) / 1_000_000,
            backtrace: Vec::new(),
            log: Vec::new(),
        }
    }

    /// The same with the last of these lines of the log.
    pub(super) fn with_log(self, lines: &[String]) -> Self {
        let last = lines.iter().rev().take(LOG_LINES_MAX).rev();
        Self { log: last.map(|line| start_of(line, LOG_LINE_CHARS_MAX)).collect(), ..self }
    }

    /// The same after the panics that an earlier report has.
    pub(super) fn after(mut self, earlier: Self) -> Self {
        self.count = self.count.saturating_add(earlier.count);
        self.first_at = earlier.first_at;
        self
    }

    /// Counts another panic at the same place.
    pub(super) fn count_again(&mut self, at: Timestamp) {
        self.count = self.count.saturating_add(1);
        self.last_at = Time(at).to_string();
    }

    /// Returns when the last panic was; `None` for a file that somebody changed.
    pub(super) fn last_at(&self) -> Option<Timestamp> {
        Time::parse(&self.last_at)
    }
}

/// Returns a place in the code without the directories of the machine that built the program.
pub(super) fn location(file: &str, line: u32) -> String {
    let file = match file.split_once("/registry/src/").and_then(|(_, path)| path.split_once('/')) {
        Some((_, path)) => path,
        None => match file.strip_prefix("/rustc/").and_then(|path| path.split_once('/')) {
            Some((_, path)) => path,
            None => file,
        },
    };
    let excess = file.chars().count().saturating_sub(NAME_CHARS_MAX);
    let end: String = file.chars().skip(excess).collect();
    format!("{end}:{line}")
}

/// Returns the beginning of a text, in one line.
pub(super) fn start_of(text: &str, chars_max: usize) -> String {
    let mut chars = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let mut start: String = chars.by_ref().take(chars_max).collect();
    if chars.next().is_some() {
        start.push('…');
    }
    start
}

/// Returns the names of the functions of a printed backtrace, without the lines with their files.
fn functions(backtrace: &str) -> Vec<String> {
    let lines = backtrace.lines().map(str::trim).filter(|line| !line.starts_with("at "));
    lines.take(FUNCTIONS_MAX).map(|line| start_of(line, FUNCTION_CHARS_MAX)).collect()
}

fn last_lines(logs: &Logs) -> Vec<String> {
    let request = PageRequest {
        after: 0,
        before: u64::MAX,
        lines_max: LOG_LINES_MAX,
        bytes_max: LOG_BYTES_MAX,
    };
    let page = logs.page(&LogFilter::default(), &request);
    page.lines.iter().rev().map(|line| shown(line)).collect()
}

fn shown(line: &LogLine) -> String {
    let (time, target) = (Time(line.at), line.target());
    let text = format!("{time} {} {target}: {} {}", line.level, line.message(), line.fields());
    start_of(&text, LOG_LINE_CHARS_MAX)
}

#[cfg(test)]
impl CrashReport {
    /// A report for the tests of this module's files.
    pub(super) fn example(location: &str) -> Self {
        let at = Time(Timestamp(1_795_000_000_000_000)).to_string();
        Self {
            location: location.to_owned(),
            count: 1,
            first_at: at.clone(),
            last_at: at,
            version: "3.0.0".to_owned(),
            thread: "engine".to_owned(),
            message: "no page".to_owned(),
            uptime_s: 1,
            backtrace: Vec::new(),
            log: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_has_no_directories_of_the_builder() {
        let check = |file: &str, expected: &str| assert_eq!(location(file, 7), expected, "{file}");
        check("src/engine/writer.rs", "src/engine/writer.rs:7");
        check("/h/registry/src/index-1f/redb-4.6.0/src/db.rs", "redb-4.6.0/src/db.rs:7");
        check("/rustc/59807616e/library/core/src/cell.rs", "library/core/src/cell.rs:7");
        let long = format!("{}/x.rs", "a".repeat(500));
        assert_eq!(location(&long, 7).len(), NAME_CHARS_MAX + 2);
    }

    #[test]
    fn a_backtrace_is_the_names_of_its_functions() {
        let printed =
            "   0: core::panicking::panic\n             at /rustc/1/x.rs:7:5\n   1: unoc::run\n";
        assert_eq!(functions(printed), ["0: core::panicking::panic", "1: unoc::run"]);
        assert_eq!(functions(&printed.repeat(500)).len(), FUNCTIONS_MAX);
        assert_eq!(start_of("ä\nö\tü", 3), "ä ö…");
    }
}
