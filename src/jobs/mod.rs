//! Scheduled work: one table of jobs, when each is due, what its last runs came to.
//!
//! Which due times are settled is kept in the store, and one function decides by it what is due
//! now. Whatever wakes that function (the scheduler, a pause, a request) may do so as often as it
//! likes. A job's work is a function handed in from outside; what it does is not known here.

mod clock;
mod error;
mod handle;
mod job;
mod run_log;
mod schedule;
mod spec;
mod supervisor;

pub use error::{JobError, ScheduleError};
pub use handle::{Handle, JobPatch, JobStatus};
pub use run_log::{LOG_LINE_CHARS_MAX, LOG_LINES_MAX, RunLog};
pub use schedule::Schedule;
pub use spec::{Done, JobContext, JobSpec, Work};
pub use supervisor::{Jobs, JobsOptions, start};

pub use crate::store::{JobRun, RunResult, Trigger};
