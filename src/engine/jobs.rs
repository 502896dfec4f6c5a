//! What jobs ask of the one writer: to remember their settings and runs.

use tokio::sync::oneshot;

use super::error::EngineError;
use super::handle::EngineHandle;
use super::writer::{Engine, Request};
use crate::store::{JobWrite, StoreError};

/// Room for one record, in changes of ordinary size: the longest log has 80 kB.
const CHANGES_PER_WRITE: usize = 64;

/// What is asked.
pub(super) struct JobRequest {
    writes: Vec<JobWrite>,
    answer: oneshot::Sender<Result<(), EngineError>>,
}

impl Engine {
    /// Remembers records of jobs. Without room that is refused: a failed write would end the process,
    /// and no job is worth that.
    pub(super) fn serve_jobs(&mut self, request: JobRequest) -> Result<(), StoreError> {
        let JobRequest { writes, answer } = request;
        let saved = match self.lacks_room(writes.len() * CHANGES_PER_WRITE)? {
            None => {
                self.store.save_jobs(&writes)?;
                self.show_latest()?;
                Ok(())
            }
            Some(reason) => Err(reason.error()),
        };
        // A caller that went away does not need its answer.
        answer.send(saved).ok();
        Ok(())
    }
}

impl EngineHandle {
    /// Remembers settings and runs of jobs, durably and without a new seq.
    ///
    /// # Errors
    /// [`EngineError::ReadOnly`] when the data volume has too little room: nothing was written.
    /// [`EngineError::Busy`] and [`EngineError::Stopped`].
    pub async fn save_jobs(&self, writes: Vec<JobWrite>) -> Result<(), EngineError> {
        let (answer, answered) = oneshot::channel();
        self.enqueue(Request::Jobs(JobRequest { writes, answer })).await?;
        Self::answer(answered).await?
    }
}
