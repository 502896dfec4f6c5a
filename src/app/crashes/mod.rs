//! What panics and unclean ends leave behind, below the data directory, and the incidents that they become.
//!
//! The panic hook hands a panic to a thread of its own, which writes a report. The service reports each as an
//! incident, at the latest when it starts the next time. [`RunRecorder`] notes how a run ended, so that a
//! crash loop is named with its first cause. How systemd ended the service is in a report of the same kind.

mod directory;
mod hook;
mod incidents;
mod report;
mod run;
mod service_end;
mod service_result;

pub(super) use directory::crash_files;
pub(super) use incidents::report_crashes;
pub use run::{RunEnd, RunRecorder};
pub use service_end::{ServiceEnd, report_service_end};
pub use service_result::ServiceResult;
