//! Keeping the reports of jobs.

use super::error::EngineError;
use super::handle::EngineHandle;
use crate::store::NewReport;

/// Space for one report, in changes of ordinary size.
const CHANGES_PER_REPORT: usize = 32;

impl EngineHandle {
    /// Keeps a report durably and without a new seq, and returns its id.
    ///
    /// # Errors
    /// [`EngineError::ReadOnly`] when the data volume has too little space: nothing was written.
    /// [`EngineError::Busy`] and [`EngineError::Stopped`].
    pub async fn add_report(&self, report: NewReport) -> Result<u64, EngineError> {
        let added = self
            .run("a report", move |engine| {
                let space = engine.volume.check_space(CHANGES_PER_REPORT)?;
                if let Err(low_space) = space {
                    return Ok(Err(low_space));
                }
                let id = engine.store.add_report(report)?;
                engine.update_snapshot()?;
                Ok(Ok(id))
            })
            .await?;
        added.map_err(|low_space| EngineError::from(&low_space))
    }
}
