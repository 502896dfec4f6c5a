//! The log as it is configured.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal};

use anyhow::Result;
use tracing::Level;

use crate::config::{Config, LogFormat, LogLevel, environment};
use crate::engine::Clock;
use crate::logs::{Logs, StderrFormat, StderrOptions};
use crate::util::is_journal;

/// Starts the log: in memory, and on standard error, where systemd and shells expect it.
///
/// # Errors
/// Logging was started before.
pub fn init_logging(config: &Config, clock: Clock) -> Result<Logs> {
    let environment = environment();
    let format = match config.log_format {
        LogFormat::Json => StderrFormat::Json,
        LogFormat::Auto | LogFormat::Text => {
            StderrFormat::Text { has_colours: wants_colours(&environment) }
        }
    };
    let is_journal = is_journal(variable(&environment, "JOURNAL_STREAM"));
    let logs = new_log(config, clock);
    logs.start(&StderrOptions { format, is_journal })?;
    Ok(logs)
}

/// Returns a log of the configured level, which does not receive any lines yet.
pub fn new_log(config: &Config, clock: Clock) -> Logs {
    Logs::new(level(config), move || clock.now())
}

/// Returns the configured level.
pub(super) fn level(config: &Config) -> Level {
    match config.log_level {
        LogLevel::Trace => Level::TRACE,
        LogLevel::Debug => Level::DEBUG,
        LogLevel::Info => Level::INFO,
        LogLevel::Warn => Level::WARN,
        LogLevel::Error => Level::ERROR,
    }
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
