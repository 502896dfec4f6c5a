//! Writing what people record of the duties that they do.

use super::error::EngineError;
use super::handle::EngineHandle;
use crate::domain::Timestamp;
use crate::store::AuditEvent;

impl EngineHandle {
    /// Records durably and without a new seq that a person did a duty, with `event` in the audit trail, and returns the id of the record.
    ///
    /// # Errors
    /// [`EngineError::ReadOnly`] when the data volume has too little space: nothing was written.
    /// [`EngineError::Busy`] and [`EngineError::Stopped`].
    pub async fn add_duty_record(
        &self,
        duty: &'static str,
        at: Timestamp,
        name: String,
        note: Option<String>,
        event: AuditEvent,
    ) -> Result<u64, EngineError> {
        let added = self
            .run("the record of a duty", move |engine| {
                let space = engine.volume.check_space(1)?;
                if let Err(low_space) = space {
                    return Ok(Err(low_space));
                }
                let id = engine.store.add_duty_record(duty, at, &name, note.as_deref(), &event)?;
                engine.update_snapshot()?;
                Ok(Ok(id))
            })
            .await?;
        added.map_err(|low_space| EngineError::from(&low_space))
    }
}
