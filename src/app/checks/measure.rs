//! What several probes need: blocking measurements, and numbers as values.

use std::sync::LazyLock;

use crate::health::Unmeasured;
use crate::util::{BlockingLimit, Usage};

/// Measurements that may block at a time: on a volume that hangs, none of them returns.
const BLOCKED_MAX: usize = 8;
static BLOCKED: LazyLock<BlockingLimit> = LazyLock::new(|| BlockingLimit::new(BLOCKED_MAX));

/// Runs a measurement that may block. One that waits for others longer than its deadline is late, too.
pub(super) async fn blocking<T: Send + 'static>(
    measure: impl FnOnce() -> Result<T, Unmeasured> + Send + 'static,
) -> Result<T, Unmeasured> {
    BLOCKED.run(measure).await.unwrap_or_else(|error| Err(unmeasured(error)))
}

/// The measurements that run, also those that hang.
pub(super) fn usage() -> Usage {
    BLOCKED.usage()
}

/// Why nothing was measured.
pub(super) fn unmeasured(why: impl std::fmt::Display) -> Unmeasured {
    Unmeasured(why.to_string())
}

/// Converts a count or a size; exact up to 2^53, far above any value here.
#[expect(clippy::cast_precision_loss, reason = "values of checks are floats")]
pub(super) fn float(number: u64) -> f64 {
    number as f64
}

/// A part of a whole in percent.
pub(super) fn percent(part: u64, whole: u64) -> f64 {
    100.0 * float(part) / float(whole.max(1))
}

pub(super) fn milliseconds(duration: std::time::Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
