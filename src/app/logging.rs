//! The log, as text or JSON, with priorities for the journal.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write};
use std::panic::PanicHookInfo;

use anyhow::{Result, anyhow};
use tracing::{Level, Metadata, error};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{Config, LogFormat, environment};
use crate::util::{Priority, is_journal, with_priority};

/// Libraries that log too much: only their warnings and errors are logged.
const QUIET_LIBRARIES: [&str; 11] = [
    "hyper",
    "hyper_util",
    "tower_http",
    "socketioxide",
    "engineioxide",
    "tungstenite",
    "refinery_core",
    "postgres",
    "tokio_postgres",
    "rustls",
    "tokio_cron_scheduler",
];

/// Starts to log to standard error, where systemd and shells expect it; panics are logged too.
///
/// # Errors
/// Logging was started before.
pub fn init_logging(config: &Config) -> Result<()> {
    let level = config.log_level.as_str();
    let quiet = QUIET_LIBRARIES.map(|library| format!("{library}=warn"));
    let filter = EnvFilter::try_new(format!("{level},{}", quiet.join(",")))?;
    let environment = environment();
    let stderr = Stderr { is_journal: is_journal(variable(&environment, "JOURNAL_STREAM")) };
    let registry = tracing_subscriber::registry().with(filter);
    let layer = tracing_subscriber::fmt::layer().with_writer(stderr);
    let started = match config.log_format {
        LogFormat::Json => registry.with(layer.json().flatten_event(true)).try_init(),
        LogFormat::Auto | LogFormat::Text => registry
            .with(layer.with_ansi(wants_colours(&environment)).with_target(false))
            .try_init(),
    };
    started.map_err(|error| anyhow!("the log cannot be started: {error}"))?;
    std::panic::set_hook(Box::new(log_panic));
    Ok(())
}

/// Returns whether standard error is a terminal with colours that nobody has switched off
/// (no-color.org; `TERM=dumb` is a terminal without control sequences, terminfo(5)).
fn wants_colours(environment: &BTreeMap<String, String>) -> bool {
    io::stderr().is_terminal()
        && variable(environment, "NO_COLOR").is_none_or(str::is_empty)
        && variable(environment, "TERM") != Some("dumb")
}

fn variable<'a>(environment: &'a BTreeMap<String, String>, name: &str) -> Option<&'a str> {
    environment.get(name).map(String::as_str)
}

/// Logs a panic as an error; with `RUST_BACKTRACE=1` the backtrace follows.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let thread = std::thread::current();
    let name = thread.name().unwrap_or("unnamed");
    let trace = Backtrace::capture();
    match trace.status() {
        BacktraceStatus::Captured => error!(thread = name, "Thread {name} {panic}\n{trace}"),
        _ => error!(thread = name, "Thread {name} {panic}"),
    }
}

/// Standard error, with a priority in front of each line if it is connected to the journal.
struct Stderr {
    is_journal: bool,
}

/// The writer of one event.
struct LogEntry {
    priority: Option<Priority>,
}

impl<'a> MakeWriter<'a> for Stderr {
    type Writer = LogEntry;

    fn make_writer(&'a self) -> LogEntry {
        LogEntry { priority: self.is_journal.then_some(Priority::Info) }
    }

    fn make_writer_for(&'a self, event: &Metadata<'_>) -> LogEntry {
        LogEntry { priority: self.is_journal.then(|| priority_of(*event.level())) }
    }
}

impl Write for LogEntry {
    /// Writes a whole event: the layer writes each with one call.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let mut stderr = io::stderr().lock();
        match self.priority {
            Some(priority) => {
                let text = String::from_utf8_lossy(event);
                stderr.write_all(with_priority(priority, &text).as_bytes())?;
            }
            None => stderr.write_all(event)?,
        }
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

fn priority_of(level: Level) -> Priority {
    match level {
        Level::ERROR => Priority::Error,
        Level::WARN => Priority::Warning,
        Level::INFO => Priority::Info,
        Level::DEBUG | Level::TRACE => Priority::Debug,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[test]
    fn each_level_has_a_priority() {
        let levels = [Level::ERROR, Level::WARN, Level::INFO, Level::DEBUG, Level::TRACE];
        assert_eq!(levels.map(|level| priority_of(level) as u8), [3, 4, 6, 7, 7]);
    }

    #[test]
    fn a_panic_is_an_error_of_the_log() {
        let kept = Arc::new(Mutex::new(Vec::new()));
        let its = Arc::clone(&kept);
        let log = tracing_subscriber::fmt()
            .with_ansi(false)
            .with_writer(move || Kept(Arc::clone(&its)))
            .finish();
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(log_panic));
        let caught = tracing::subscriber::with_default(log, || {
            std::panic::catch_unwind(|| panic!("the test wants it"))
        });
        std::panic::set_hook(usual);
        assert!(caught.is_err());
        let text = String::from_utf8(kept.lock().unwrap().clone()).unwrap();
        assert!(text.contains(" ERROR ") && text.contains("the test wants it"), "{text}");
        assert!(text.contains("logging.rs"), "where it happened: {text}");
    }

    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
}
