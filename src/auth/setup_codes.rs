//! The code of the set-up link that was drawn last.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use subtle::ConstantTimeEq as _;

use super::book::after;
use super::secret::{digest, new_session_secret};
use crate::domain::Timestamp;
use crate::util::Hidden;

/// From the start of the service, or the command that asks for a link, to the browser.
const CODE_AGE_MAX: Duration = Duration::from_secs(30 * 60);

/// A code that makes the first user, once.
#[derive(Clone, Debug)]
pub struct SetupCode {
    pub code: Hidden<String>,
    pub expires_at: Timestamp,
}

/// At most one code counts at a time.
#[derive(Default)]
pub(super) struct SetupCodes(
    /// Held only while it is read or replaced.
    Mutex<Option<DrawnCode>>,
);

struct DrawnCode {
    hash: [u8; 32],
    expires_at: Timestamp,
}

impl SetupCodes {
    /// Draws a code; the one before no longer counts.
    pub(super) fn draw(&self, now: Timestamp) -> SetupCode {
        let (code, hash) = new_session_secret();
        let expires_at = after(now, CODE_AGE_MAX);
        *self.lock() = Some(DrawnCode { hash, expires_at });
        SetupCode { code: Hidden(code), expires_at }
    }

    /// Returns whether a code can still be used.
    pub(super) fn is_open(&self, now: Timestamp) -> bool {
        self.lock().as_ref().is_some_and(|drawn| drawn.expires_at > now)
    }

    /// Returns whether this is the code, and it can still be used.
    pub(super) fn is_right(&self, code: &Hidden<String>, now: Timestamp) -> bool {
        let given = digest(&code.0);
        self.lock()
            .as_ref()
            .is_some_and(|drawn| drawn.expires_at > now && bool::from(drawn.hash.ct_eq(&given)))
    }

    /// No code counts any more.
    pub(super) fn forget(&self) {
        *self.lock() = None;
    }

    fn lock(&self) -> MutexGuard<'_, Option<DrawnCode>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
