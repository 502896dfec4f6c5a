//! Errors of jobs and schedules.

use crate::engine::EngineError;
use crate::store::StoreError;

/// Why a request about jobs failed.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    #[error("Job not found")]
    NotFound,
    /// A job never runs twice at once.
    #[error("The job is running already")]
    AlreadyRunning,
    #[error("the service is stopping")]
    Stopping,
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What is wrong with a schedule.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    #[error(
        "a schedule has five fields (minute, hour, day of the month, month, day of the week), \
         not {found}; for example 15 2 * * * is every day at 02:15"
    )]
    Fields { found: usize },
    #[error("{text} is not understood: a schedule has five fields, or is one of {known}")]
    Nickname { text: String, known: String },
    #[error("the {field} {text:?} is not understood: {why}")]
    Field { field: &'static str, text: String, why: String },
    #[error("a schedule has at most {chars_max} characters")]
    TooLong { chars_max: usize },
    #[error("there is no such day")]
    Never,
}
