//! The task that reports duties which people did not do in time.

use std::time::Duration;

use tokio::time::MissedTickBehavior;
use tracing::warn;

use crate::api::ApiState;
use crate::engine::EngineHandle;
use crate::incidents::{IncidentError, IncidentsHandle};
use crate::jobs::JobError;
use crate::runbook::{DUTY_PREFIX, overdue};

/// How often the clock is read: one that was set forward or back is noticed within this time.
const CLOCK_CHECK_INTERVAL: Duration = Duration::from_secs(1);
const MINUTE_US: i64 = 60_000_000;

/// Reports in each minute the duties that are overdue. Returns when the service stops.
pub(super) async fn watch_duties(
    handle: EngineHandle,
    state: ApiState,
    incidents: IncidentsHandle,
) {
    let mut tick = tokio::time::interval(CLOCK_CHECK_INTERVAL);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut reported_minute, mut is_failing) = (None, false);
    loop {
        tick.tick().await;
        let minute = handle.now().0.div_euclid(MINUTE_US);
        if reported_minute == Some(minute) {
            continue;
        }
        reported_minute = Some(minute);
        match report(&handle, &state, &incidents).await {
            Ok(()) => is_failing = false,
            Err(IncidentError::Stopping) => return,
            Err(error) => {
                if !is_failing {
                    warn!(%error, "Duties that are overdue could not be reported as incidents");
                }
                is_failing = true;
            }
        }
    }
}

async fn report(
    handle: &EngineHandle,
    state: &ApiState,
    incidents: &IncidentsHandle,
) -> Result<(), IncidentError> {
    let duties = state.duties().await.map_err(|error| match error {
        JobError::Engine(error) => IncidentError::Engine(error),
        JobError::Store(error) => IncidentError::Store(error),
        JobError::NotFound
        | JobError::AlreadyRunning
        | JobError::Stopping
        | JobError::Schedule(_) => IncidentError::Stopping,
    })?;
    incidents.reconcile(DUTY_PREFIX, overdue(&duties, handle.now())).await
}
