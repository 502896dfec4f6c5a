//! The log: which lines are logged, the last of them in memory, and standard error.
//!
//! A line passes [`levels`] (its target's level), then goes to standard error and into the ring of the
//! last lines, where requests, pages and the daily review read it. Reading copies references to a few
//! lines at a time, so that no reader makes a caller of `info!` wait.
//!
//! Invariant: `logs` does not know HTTP, settings, files, or who logs.

mod capture;
mod filter;
mod levels;
mod line;
mod log;
mod now;
mod read;
mod ring;
mod stderr;
mod summary;
mod template;

pub use filter::LogFilter;
pub use levels::{
    CHANGE_WAIT_MAX, CHANGES_MAX, LevelChange, LevelError, LogLevels, NewLevel, is_own_target,
};
pub use line::LogLine;
pub use log::{LogStartError, Logs};
pub use read::{LogPage, PageRequest};
pub use ring::RingUsage;
pub use stderr::{StderrFormat, StderrOptions};
pub use summary::{LogGroup, LogSummary};
