//! Why a request about incidents failed.

use crate::engine::EngineError;
use crate::store::StoreError;
use crate::util::BlockingError;

#[derive(Debug, thiserror::Error)]
pub enum IncidentError {
    #[error("Incident not found")]
    NotFound,
    #[error("The incident is closed")]
    Closed,
    #[error("The cause still exists: the incident closes by itself when it is gone")]
    StillActive,
    #[error("Maintenance window not found")]
    WindowNotFound,
    #[error("A maintenance window ends after it starts")]
    WindowOrder,
    #[error("A maintenance window ends in the future")]
    WindowOver,
    #[error("There are {max} maintenance windows that have not ended; delete one first")]
    WindowsFull { max: usize },
    #[error("too many incidents are open for {refused} more")]
    Full { refused: usize },
    #[error("the service is stopping")]
    Stopping,
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error(transparent)]
    Blocking(#[from] BlockingError),
    #[error(transparent)]
    Store(#[from] StoreError),
}
