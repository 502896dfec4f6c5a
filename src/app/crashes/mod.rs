//! What panics and unclean ends leave behind, below the data directory, and the incidents that they become.
//!
//! The panic hook hands a panic to a thread of its own, which writes a report. The service reports each as an
//! incident, at the latest when it starts the next time. [`RunRecorder`] notes how a run ended, so that a
//! crash loop is named with its first cause.

mod directory;
mod hook;
mod incidents;
mod report;
mod run;

pub(super) use directory::crash_files;
pub(super) use incidents::report_crashes;
pub use run::{RunEnd, RunRecorder};
