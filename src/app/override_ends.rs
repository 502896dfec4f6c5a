//! The task that ends overrides when their time has come.

use std::time::Duration;

use tracing::warn;

use crate::domain::{EndOverrides, Timestamp};
use crate::engine::{EngineError, EngineHandle};
use crate::store::AuditOrigin;

/// How often the clock is read while an override has an end: one that was set forward or back is
/// noticed within this time.
const CLOCK_CHECK_INTERVAL: Duration = Duration::from_secs(1);
/// How long it waits after an error, such as a volume without free space.
const RETRY_PAUSE: Duration = Duration::from_secs(30);

/// Clears each override at its end, and at the start those that have ended meanwhile. Returns when the
/// engine has ended.
pub(super) async fn end_overrides(handle: EngineHandle) {
    let mut ends = handle.watch_override_end();
    loop {
        let next = *ends.borrow_and_update();
        let pause = match next {
            None => None,
            Some(at) => match time_until(at, handle.now()) {
                Some(left) => Some(left.min(CLOCK_CHECK_INTERVAL)),
                None => match handle.execute(EndOverrides, origin()).await {
                    Ok(()) => continue,
                    Err(EngineError::Stopped) => return,
                    Err(error) => {
                        warn!(%error, "Overrides that have ended could not be cleared");
                        Some(RETRY_PAUSE)
                    }
                },
            },
        };
        let pause = async {
            match pause {
                Some(pause) => tokio::time::sleep(pause).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            changed = ends.changed() => if changed.is_err() { return },
            () = pause => {}
        }
    }
}

/// Returns `None` if the time has come.
fn time_until(at: Timestamp, now: Timestamp) -> Option<Duration> {
    let micros = u64::try_from(at.0.saturating_sub(now.0)).ok()?;
    (micros > 0).then(|| Duration::from_micros(micros))
}

fn origin() -> AuditOrigin {
    AuditOrigin::local("end of override")
}
