//! Recording what a request did beside changing the network.

use serde_json::Value;
use tracing::warn;

use crate::api::error::ApiError;
use crate::api::state::ApiState;
use crate::engine::EngineError;
use crate::store::{AuditEvent, AuditOrigin};

impl ApiState {
    /// Records that a request did something, durably.
    ///
    /// # Errors
    /// When it cannot be recorded: the caller must not be told that all went well.
    pub(in crate::api) async fn record(
        &self,
        origin: AuditOrigin,
        action: &'static str,
        details: Value,
    ) -> Result<(), ApiError> {
        Ok(self.handle().record_event(AuditEvent::done(origin, action, details)).await?)
    }

    /// As [`ApiState::record`], for what helps an operator whose data volume is full: there it is only in
    /// the log.
    ///
    /// # Errors
    /// When it cannot be recorded for another reason.
    pub(in crate::api) async fn record_if_space(
        &self,
        origin: AuditOrigin,
        action: &'static str,
        details: Value,
    ) -> Result<(), ApiError> {
        let event = AuditEvent::done(origin, action, details);
        match self.handle().record_event(event.clone()).await {
            Err(error @ EngineError::ReadOnly { .. }) => {
                let AuditOrigin { actor, address, request_id } = event.origin;
                warn!(
                    actor, address, request.id = request_id, details = %event.details, %error,
                    "Not in the audit trail, since there is no space: {action}"
                );
                Ok(())
            }
            recorded => Ok(recorded?),
        }
    }
}
