//! Writing what jobs remember: their settings and runs.

use super::error::EngineError;
use super::handle::EngineHandle;
use crate::store::JobWrite;

/// Space for one record, in changes of ordinary size: the longest log has 80 kB.
const CHANGES_PER_WRITE: usize = 64;

impl EngineHandle {
    /// Writes settings and runs of jobs, durably and without a new seq.
    ///
    /// # Errors
    /// [`EngineError::ReadOnly`] when the data volume has too little space: nothing was written. A
    /// write that failed would end the process, and no job is worth that. [`EngineError::Busy`] and
    /// [`EngineError::Stopped`].
    pub async fn save_jobs(&self, writes: Vec<JobWrite>) -> Result<(), EngineError> {
        let saved = self
            .run("the record of a job", move |engine| {
                let space = engine.volume.check_space(writes.len() * CHANGES_PER_WRITE)?;
                if space.is_ok() {
                    engine.store.save_jobs(&writes)?;
                    engine.update_snapshot()?;
                }
                Ok(space)
            })
            .await?;
        saved.map_err(|low_space| EngineError::from(&low_space))
    }
}
