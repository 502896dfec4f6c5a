//! What of the configuration is not in effect, for the check that tells it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What of the configuration is not in effect. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct AppliedConfig(Arc<Mutex<Differences>>);

#[derive(Default)]
struct Differences {
    /// How the address of systemd's socket differs.
    address: Option<String>,
}

impl AppliedConfig {
    pub(super) fn new(address_mismatch: Option<String>) -> Self {
        Self(Arc::new(Mutex::new(Differences { address: address_mismatch })))
    }

    /// Returns what is not in effect, and what to do; `None` if all of it is.
    pub(super) fn difference(&self) -> Option<String> {
        self.lock().address.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Differences> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
