//! Recording in the audit trail what is no command.

use tokio::sync::oneshot;

use super::error::EngineError;
use super::handle::EngineHandle;
use super::writer::{EngineRequest, QueuedEvent};
use crate::store::AuditEvent;

impl EngineHandle {
    /// Adds an event to the audit trail, durably and without a new seq. Events that wait are written
    /// together, with the commands of the same batch.
    ///
    /// # Errors
    /// [`EngineError::ReadOnly`] when the data volume has less than half of the space that is kept free:
    /// nothing was written. [`EngineError::Busy`] and [`EngineError::Stopped`].
    pub async fn record_event(&self, event: AuditEvent) -> Result<(), EngineError> {
        let (answer, answered) = oneshot::channel();
        self.enqueue(EngineRequest::Event(QueuedEvent { event, answer })).await?;
        self.answer(answered).await?
    }
}
