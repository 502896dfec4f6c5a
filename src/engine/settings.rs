//! Writing the settings that are changed while the service runs.

use super::error::EngineError;
use super::handle::EngineHandle;
use crate::store::{AuditEvent, SettingChange};

impl EngineHandle {
    /// Remembers changes of settings durably and without a new seq, with `event` in the audit trail, if `is_wanted` still says so. Then, on the
    /// engine's thread, `applied` puts them into force: in the order in which they were written.
    ///
    /// # Errors
    /// [`EngineError::ReadOnly`] when the data volume has too little space: nothing was written.
    /// [`EngineError::Busy`] and [`EngineError::Stopped`].
    pub async fn save_settings(
        &self,
        changes: Vec<SettingChange>,
        event: AuditEvent,
        is_wanted: impl FnOnce() -> bool + Send + 'static,
        applied: impl FnOnce(Vec<SettingChange>) + Send + 'static,
    ) -> Result<(), EngineError> {
        let saved = self
            .run("a change of settings", move |engine| {
                if !is_wanted() {
                    return Ok(Ok(()));
                }
                // A full volume is no time to refuse what takes load off the service.
                let space = engine.volume.check_reserve(changes.len())?;
                if let Err(low_space) = space {
                    return Ok(Err(low_space));
                }
                engine.store.save_settings(&changes, &event, engine.clock.now())?;
                engine.update_snapshot()?;
                applied(changes);
                Ok(Ok(()))
            })
            .await?;
        saved.map_err(|low_space| EngineError::from(&low_space))
    }
}
