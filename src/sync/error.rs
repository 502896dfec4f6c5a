//! Why the mirror could not do what was asked.

use crate::engine::EngineError;
use crate::pg::{Explanation, PgError};
use crate::store::StoreError;

/// Why a step of the mirror failed.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// PostgreSQL cannot be reached, or refused a statement.
    #[error(transparent)]
    Pg(PgError),
    /// Another attempt would fail in the same way: an operator has to act.
    #[error("{0}")]
    Stopped(Obstacle),
    /// PostgreSQL is not as this run left it: the connection is made again.
    #[error("PostgreSQL's state changed meanwhile: {0}")]
    Changed(&'static str),
    /// The request cannot be carried out now; another attempt follows.
    #[error("{0}")]
    Waiting(Explanation),
    /// The mirror's thread has ended.
    #[error("the mirror has ended")]
    Ended,
    /// The mirror panicked; the log has the place.
    #[error("the mirror had an internal error; the log has the cause")]
    Panicked,
    /// PostgreSQL does not know the site: there is no other state of it.
    #[error(
        "PostgreSQL did not hold this site: there was nothing to adopt, and the local state was sent"
    )]
    NothingToAdopt,
    /// There is no mirror.
    #[error("sync is off: DATABASE_URL is not set")]
    Off,
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl From<PgError> for SyncError {
    fn from(error: PgError) -> Self {
        match error {
            PgError::Store(error) => Self::Store(error),
            error => Self::Pg(error),
        }
    }
}

impl From<Obstacle> for SyncError {
    fn from(obstacle: Obstacle) -> Self {
        Self::Stopped(obstacle)
    }
}

impl SyncError {
    /// What an operator needs to know: what is wrong, and what to do about it.
    #[must_use]
    pub fn explanation(&self) -> Explanation {
        match self {
            Self::Pg(error) => error.explanation(),
            other => Explanation { message: other.to_string(), remedy: None },
        }
    }

    /// The error of PostgreSQL, if it is one.
    pub(super) fn pg(&self) -> Option<&PgError> {
        match self {
            Self::Pg(error) => Some(error),
            _ => None,
        }
    }
}

/// What keeps the mirror from going on, and what an operator can do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Obstacle {
    /// One or two sentences for people.
    pub message: String,
    /// What an operator can do, with the command.
    pub remedy: String,
    /// Whether an operator can resolve it by taking the site over or adopting PostgreSQL's state.
    pub is_conflict: bool,
}
