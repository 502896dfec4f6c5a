//! Recording what a request did beside changing the network.

use serde_json::Value;

use crate::api::error::ApiError;
use crate::api::state::ApiState;
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
}
