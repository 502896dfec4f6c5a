//! What jobs ask of the one writer: to remember their settings and runs.

use tokio::sync::oneshot;
use tracing::warn;

use super::error::EngineError;
use super::handle::Handle;
use super::writer::{Engine, Request};
use crate::store::{JobWrite, StoreError};

/// Room for one record, in changes of ordinary size: the longest log has 80 kB.
const CHANGES_PER_WRITE: usize = 64;

/// What is asked.
pub(super) struct JobRequest {
    writes: Vec<JobWrite>,
    answer: oneshot::Sender<bool>,
}

impl Engine {
    /// Remembers records of jobs. Without room they are left out: a failed write would end the
    /// process, and no job is worth that.
    pub(super) fn serve_jobs(&mut self, request: JobRequest) -> Result<(), StoreError> {
        let JobRequest { writes, answer } = request;
        let is_saved = match self.lacks_room(writes.len() * CHANGES_PER_WRITE)? {
            None => {
                self.store.save_jobs(&writes)?;
                self.show_latest()?;
                true
            }
            Some(reason) => {
                warn!(
                    free_bytes = reason.space.free_bytes,
                    "The data volume is nearly full: what jobs did is not written down"
                );
                false
            }
        };
        answer.send(is_saved).ok();
        Ok(())
    }
}

impl Handle {
    /// Remembers settings and runs of jobs, durably and without a new seq. False when the data
    /// volume has too little room and nothing was written.
    ///
    /// # Errors
    /// [`EngineError::Busy`] and [`EngineError::Stopped`].
    pub async fn save_jobs(&self, writes: Vec<JobWrite>) -> Result<bool, EngineError> {
        let (answer, answered) = oneshot::channel();
        self.enqueue(Request::Jobs(JobRequest { writes, answer })).await?;
        Self::answer(answered).await
    }
}
