//! Writing incidents and notices, and whether the service ended as it should.

use super::error::EngineError;
use super::handle::EngineHandle;
use crate::domain::Timestamp;
use crate::store::{AuditEvent, IncidentBatch, NoticeBatch};

/// Space for one incident, in changes of ordinary size: a timeline has some entries, seldom its 100.
const CHANGES_PER_INCIDENT: usize = 8;
/// The same for one notice.
const CHANGES_PER_NOTICE: usize = 1;

impl EngineHandle {
    /// Writes incidents and maintenance windows, durably and without a new seq. They may use half of the
    /// space that is kept free: a full volume is when they are needed most.
    ///
    /// # Errors
    /// [`EngineError::ReadOnly`] when the data volume has too little space: nothing was written.
    /// [`EngineError::Busy`] and [`EngineError::Stopped`].
    pub async fn save_incidents(&self, batch: IncidentBatch) -> Result<(), EngineError> {
        let saved = self
            .run("the record of an incident", move |engine| {
                let count = batch.incidents.len() + batch.windows.len() + 1;
                let of_notices = batch.notices.saved.len() * CHANGES_PER_NOTICE;
                let changes = count * CHANGES_PER_INCIDENT + of_notices;
                let space = engine.volume.check_reserve(changes)?;
                if space.is_ok() {
                    engine.store.save_incidents(&batch)?;
                    engine.update_snapshot()?;
                }
                Ok(space)
            })
            .await?;
        saved.map_err(|low_space| EngineError::from(&low_space))
    }

    /// Writes what became of notices, durably and without a new seq.
    ///
    /// # Errors
    /// As [`EngineHandle::save_incidents`].
    pub async fn save_notices(&self, batch: NoticeBatch) -> Result<(), EngineError> {
        let saved = self
            .run("the record of a notice", move |engine| {
                let changes = (batch.saved.len() + 1) * CHANGES_PER_NOTICE;
                let space = engine.volume.check_reserve(changes)?;
                if space.is_ok() {
                    engine.store.save_notices(&batch)?;
                    engine.update_snapshot()?;
                }
                Ok(space)
            })
            .await?;
        saved.map_err(|low_space| EngineError::from(&low_space))
    }

    /// Notes that the service runs, with rows about it in the audit trail.
    ///
    /// # Errors
    /// As [`EngineHandle::save_incidents`].
    pub async fn begin_run(
        &self,
        started_at: Timestamp,
        events: Vec<AuditEvent>,
    ) -> Result<(), EngineError> {
        let begun = self
            .run("the start of the run", move |engine| {
                let space = engine.volume.check_reserve(1 + events.len())?;
                if space.is_ok() {
                    engine.store.begin_run(started_at, events)?;
                    engine.publish_rows()?;
                }
                Ok(space)
            })
            .await?;
        begun.map_err(|low_space| EngineError::from(&low_space))
    }

    /// Notes that the service ends as it should, however little space there is: the record of the run is
    /// removed, and a stop must not look like a crash. Rows about it need space.
    ///
    /// # Errors
    /// [`EngineError::Store`] when that cannot be written: the engine goes on. [`EngineError::Busy`] and
    /// [`EngineError::Stopped`].
    pub async fn end_run(&self, events: Vec<AuditEvent>) -> Result<(), EngineError> {
        let ended = self.run("the end of the run", |engine| {
            let has_space = engine.volume.check_reserve(events.len()).is_ok_and(|it| it.is_ok());
            let events = if has_space { events } else { Vec::new() };
            Ok(engine.store.end_run(engine.clock.now(), events))
        });
        Ok(ended.await??)
    }

    /// Adds a row about an upgrade of the program, once for each `key`.
    ///
    /// # Errors
    /// As [`EngineHandle::save_incidents`].
    pub async fn note_upgrade(&self, key: String, event: AuditEvent) -> Result<(), EngineError> {
        let noted = self
            .run("an upgrade", move |engine| {
                let space = engine.volume.check_reserve(1)?;
                if space.is_ok() {
                    engine.store.note_upgrade(&key, &event, engine.clock.now())?;
                    engine.publish_rows()?;
                }
                Ok(space)
            })
            .await?;
        noted.map_err(|low_space| EngineError::from(&low_space))
    }
}
