//! The log of the process: what receives its lines, and starting it.

use std::sync::Arc;

use tracing::{Dispatch, Level};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::capture::Capture;
use super::levels::{LevelLayer, LogLevels};
use super::now::Now;
use super::ring::{RingUsage, Rings, Which};
use super::stderr::{self, StderrFormat, StderrOptions};
use crate::domain::Timestamp;

/// The log of the process; clones share it.
#[derive(Clone)]
pub struct Logs {
    pub(super) rings: Arc<Rings>,
    levels: LogLevels,
}

impl Logs {
    /// Creates a log that takes lines of this level and above, but does not receive any yet.
    pub fn new(level: Level, now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        let now: Now = Arc::new(now);
        Self { rings: Arc::new(Rings::new(Arc::clone(&now))), levels: LogLevels::new(level, now) }
    }

    /// Receives all lines of this process from now on, and writes them to standard error, too. Panics are
    /// logged as errors.
    ///
    /// # Errors
    /// Another log receives them already.
    pub fn start(&self, options: &StderrOptions) -> Result<(), LogStartError> {
        let registry = tracing_subscriber::registry().with(self.level_layer()).with(self.capture());
        let started = match options.format {
            StderrFormat::Json => registry.with(stderr::json_layer(options)).try_init(),
            StderrFormat::Text { .. } => registry.with(stderr::text_layer(options)).try_init(),
        };
        started.map_err(|error| LogStartError(error.to_string()))?;
        std::panic::set_hook(Box::new(stderr::log_panic));
        Ok(())
    }

    /// Returns what receives lines into this log only, for a part of a process such as a test.
    pub fn dispatch(&self) -> Dispatch {
        Dispatch::new(tracing_subscriber::registry().with(self.level_layer()).with(self.capture()))
    }

    /// Returns the levels and their changes.
    pub fn levels(&self) -> &LogLevels {
        &self.levels
    }

    /// Returns how much of the memory for lines is in use: for all lines, and for the warnings and errors that
    /// are kept longer.
    pub fn usage(&self) -> [RingUsage; 2] {
        [Which::All, Which::Warnings].map(|which| self.rings.usage(which))
    }

    fn level_layer(&self) -> LevelLayer {
        LevelLayer(self.levels.clone())
    }

    fn capture(&self) -> Capture {
        Capture(Arc::clone(&self.rings))
    }
}

/// The log cannot be started.
#[derive(Debug, thiserror::Error)]
#[error("the log cannot be started: {0}")]
pub struct LogStartError(String);
