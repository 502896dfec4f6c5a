//! The token that stops the service: no faster to guess than a password.

use std::net::IpAddr;

use super::error::AuthError;
use super::failures::FailedAccount;
use super::handle::AuthHandle;
use super::throttle::{SourceNetwork, ThrottleKey};
use crate::store::AuditOrigin;

impl AuthHandle {
    /// Checks the token that stops the service, unless too many attempts from there have failed. A wrong one is in the
    /// audit trail soon.
    ///
    /// # Errors
    /// [`AuthError::Throttled`].
    pub fn check_shutdown_token(
        &self,
        address: Option<IpAddr>,
        origin: AuditOrigin,
        is_right: impl FnOnce() -> bool,
    ) -> Result<bool, AuthError> {
        let keys = vec![ThrottleKey::Address(SourceNetwork::of(address))];
        let checked = match self.0.throttle.begin(keys, self.now()) {
            Err(retry_after) => Err(AuthError::Throttled { retry_after }),
            Ok(attempt) => {
                if is_right() {
                    self.0.throttle.take_back(attempt);
                    return Ok(true);
                }
                // It stays counted.
                Ok(false)
            }
        };
        self.0.failures.count(FailedAccount::ShutdownToken, origin, self.now());
        checked
    }
}
