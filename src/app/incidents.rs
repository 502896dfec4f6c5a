//! Starts the incidents and what reports them.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tracing::{info, warn};

use super::crashes::report_crashes;
use super::runs::{note_upgrade, start_events};
use super::shutdown::{run_until_stopped, stop_requested};
use crate::config::Config;
use crate::domain::{Severity, Timestamp};
use crate::engine::{EngineError, EngineHandle};
use crate::incidents::{
    self, IncidentError, IncidentSource, IncidentsHandle, ProblemReport, watch_jobs, watch_network,
};
use crate::jobs::JobsHandle;
use crate::notices::{self, NoticeRoutes, NoticesHandle, Outbox};
use crate::wire::Time;

/// How long it waits after an error, such as a volume without free space.
const RETRY_PAUSE: Duration = Duration::from_secs(30);

/// Starts the owner of the incidents, the tasks that watch the network, the jobs and crashes, and the delivery of
/// notices. The owner ends with its last
/// handle: requests that are open when the service has to stop are carried out.
///
/// # Errors
/// When the records cannot be read.
pub(super) fn start_incidents(
    config: &Config,
    handle: &EngineHandle,
    jobs: &JobsHandle,
    routes: NoticeRoutes,
    tasks: &mut JoinSet<()>,
    stopping: &watch::Receiver<bool>,
) -> anyhow::Result<(IncidentsHandle, NoticesHandle)> {
    let outbox = Outbox::restore(handle, Arc::clone(routes.sender().policy()));
    let outbox = outbox.context("cannot load the notices")?;
    let (incidents, service) =
        incidents::start(handle.clone(), outbox.planner()).context("cannot load the incidents")?;
    tasks.spawn(service.run());
    let network = watch_network(handle.clone(), incidents.clone());
    tasks.spawn(run_until_stopped(network, stopping.clone()));
    let failed = watch_jobs(jobs.clone(), incidents.clone());
    tasks.spawn(run_until_stopped(failed, stopping.clone()));
    let crashes = report_crashes(config.data_dir.clone(), incidents.clone());
    tasks.spawn(run_until_stopped(crashes, stopping.clone()));
    let ended = jobs.watch_ended();
    let (notices, delivery) =
        notices::start(handle.clone(), incidents.clone(), outbox, routes, ended);
    tasks.spawn(run_until_stopped(delivery.run(), stopping.clone()));
    Ok((incidents, notices))
}

/// Records that this run has begun; what fails is tried again beside the server. A start that fails before is no run.
/// Ends with whether it is recorded.
pub(super) async fn start_run(
    config: &Config,
    handle: &EngineHandle,
    incidents: &IncidentsHandle,
    stopping: &watch::Receiver<bool>,
) -> JoinHandle<bool> {
    note_upgrade(config, handle).await;
    let runtime = tokio::runtime::Handle::current();
    match try_begin_run(handle, incidents).await {
        Ok(()) => runtime.spawn(async { true }),
        Err(_) => runtime.spawn(begin_run(handle.clone(), incidents.clone(), stopping.clone())),
    }
}

/// Reports a run before this one that ended without a shutdown, and notes that this one has begun; tries
/// again until that is done or the service has to stop. Returns whether it is done: otherwise the run before
/// is reported by the next one.
async fn begin_run(
    handle: EngineHandle,
    incidents: IncidentsHandle,
    stopping: watch::Receiver<bool>,
) -> bool {
    loop {
        // A stop does not cut it off: what the engine was asked for is carried out.
        match try_begin_run(&handle, &incidents).await {
            Ok(()) => return true,
            Err(IncidentError::Stopping | IncidentError::Engine(EngineError::Stopped)) => {
                return false;
            }
            Err(error) => warn!(%error, "Could not record whether the last run ended as it should"),
        }
        tokio::select! {
            () = tokio::time::sleep(RETRY_PAUSE) => {}
            () = stop_requested(stopping.clone()) => return false,
        }
    }
}

async fn try_begin_run(
    handle: &EngineHandle,
    incidents: &IncidentsHandle,
) -> Result<(), IncidentError> {
    let unclean_since = handle.read().open_run()?;
    if let Some(started_at) = unclean_since {
        info!("The run that began at {} ended without a shutdown", Time(started_at));
        // First the incident: a process that is killed now reports the same run again.
        incidents.observe(unclean_shutdown(started_at)).await?;
    }
    Ok(handle.begin_run(handle.now(), start_events(unclean_since)).await?)
}

fn unclean_shutdown(started_at: Timestamp) -> ProblemReport {
    let detail = format!(
        "The run that began at {} was killed, or the host failed. Every acknowledged change is kept.",
        Time(started_at)
    );
    let report = ProblemReport::lasting(
        IncidentSource::Service,
        "service:unclean-shutdown",
        Severity::Major,
        "The service ended without a shutdown",
        detail,
    );
    report.occurred(u64::try_from(started_at.0).unwrap_or(0).max(1))
}
