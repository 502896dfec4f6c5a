//! The level and the format of the log.

use std::fmt;

use super::rules::ValueError;

/// Lowest severity that is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Every step, to debug UNOC itself.
    Trace,
    /// The reasons for decisions.
    Debug,
    /// Events.
    Info,
    /// Events that may need attention.
    Warn,
    /// Errors.
    Error,
}

impl LogLevel {
    /// Parses a level in any case, including the names that v2 took from Python's `logging`.
    pub(super) fn parse(text: &str) -> Result<Self, ValueError> {
        match text.trim().to_ascii_uppercase().as_str() {
            "TRACE" => Ok(Self::Trace),
            "DEBUG" => Ok(Self::Debug),
            "INFO" => Ok(Self::Info),
            "WARN" | "WARNING" => Ok(Self::Warn),
            "ERROR" | "CRITICAL" => Ok(Self::Error),
            _ => Err(ValueError::default()),
        }
    }

    /// Returns the name in upper case, which `tracing`'s filters accept.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Trace => "TRACE",
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
        }
    }
}

impl fmt::Display for LogLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Format of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// Chosen by the destination of the log; currently always text.
    Auto,
    /// A line of text.
    Text,
    /// A JSON object on each line.
    Json,
}

impl LogFormat {
    /// Parses a format in any case.
    pub(super) fn parse(text: &str) -> Result<Self, ValueError> {
        match text.trim().to_ascii_lowercase().as_str() {
            "auto" => Ok(Self::Auto),
            "text" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(ValueError::default()),
        }
    }

    /// Returns the name in lower case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Text => "text",
            Self::Json => "json",
        }
    }
}

impl fmt::Display for LogFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
