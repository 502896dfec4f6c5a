//! Scheduled work: one table of jobs, when each is due, and how its last runs ended.
//!
//! The store keeps up to when each job's due times are settled, and one function decides by that what is
//! due now. Anything may call that function as often as it likes: the cron clock, a restart, a request.
//! What a job does is a function passed in from outside and not known here.

mod clock;
mod error;
mod handle;
mod job;
mod run_log;
mod schedule;
mod spec;
mod supervisor;

pub use error::{JobError, ScheduleError};
pub use handle::{JobPatch, JobStatus, JobsHandle};
pub use run_log::{LOG_LINE_CHARS_MAX, LOG_LINES_MAX, RunLog};
pub use schedule::Schedule;
pub use spec::{JobContext, JobFunction, JobFuture, JobSpec};
pub use supervisor::{JobSupervisor, JobsOptions, start};

pub use crate::store::{JobRun, RunResult, Trigger};
