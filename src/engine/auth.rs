//! Writing users, sessions and tokens.

use super::error::EngineError;
use super::handle::EngineHandle;
use crate::domain::Timestamp;
use crate::store::{AuditEvent, AuthBatch};

/// A change of users, sessions and tokens, and what the audit trail says of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AuthWrite {
    pub batch: AuthBatch,
    /// `None` for what nobody did, such as a session that expires.
    pub event: Option<AuditEvent>,
}

impl EngineHandle {
    /// Asks `decide` what to write, at the time of the engine's clock, and writes it durably and without a new seq.
    /// Then `applied` puts it into force. Both run on the engine's thread, so that each decision sees what the one
    /// before has changed. They may use half of the space that is kept free: who cannot log in cannot make room.
    ///
    /// # Errors
    /// [`EngineError::ReadOnly`] when the data volume has too little space: nothing was written.
    /// [`EngineError::Busy`] and [`EngineError::Stopped`]. Inside: what `decide` refuses.
    pub async fn save_auth<T, E>(
        &self,
        decide: impl FnOnce(Timestamp) -> Result<(AuthWrite, T), E> + Send + 'static,
        applied: impl FnOnce(AuthBatch) + Send + 'static,
    ) -> Result<Result<T, E>, EngineError>
    where
        T: Send + 'static,
        E: Send + 'static,
    {
        let saved = self
            .run("a change of users or sessions", move |engine| {
                let now = engine.clock.now();
                let (AuthWrite { batch, event }, value) = match decide(now) {
                    Ok(decided) => decided,
                    Err(refusal) => return Ok(Ok(Err(refusal))),
                };
                let events: Vec<&AuditEvent> = event.iter().collect();
                if batch.is_empty() && events.is_empty() {
                    return Ok(Ok(Ok(value)));
                }
                let space = engine.volume.check_reserve(batch.len() + events.len())?;
                if let Err(low_space) = space {
                    return Ok(Err(low_space));
                }
                engine.store.save_auth(&batch, &events, now)?;
                engine.update_snapshot()?;
                if !events.is_empty() {
                    // The mirror sends the row.
                    engine.seqs.send_replace(engine.seq);
                }
                applied(batch);
                Ok(Ok(Ok(value)))
            })
            .await?;
        saved.map_err(|low_space| EngineError::from(&low_space))
    }
}
