//! The time, as the log asks for it.

use std::sync::Arc;

use crate::domain::Timestamp;

/// Returns the current time.
pub(super) type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;
