//! Starts the incidents and what reports them.

use anyhow::Context;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::{info, warn};

use super::shutdown::run_until_stopped;
use crate::domain::{Severity, Timestamp};
use crate::engine::EngineHandle;
use crate::incidents::{
    self, IncidentError, IncidentSource, IncidentsHandle, ProblemReport, watch_jobs, watch_network,
};
use crate::jobs::JobsHandle;
use crate::wire::Time;

/// Starts the owner of the incidents and the tasks that watch the network and the jobs.
///
/// # Errors
/// When the records cannot be read.
pub(super) fn start_incidents(
    handle: &EngineHandle,
    jobs: &JobsHandle,
    tasks: &mut JoinSet<()>,
    stopping: &watch::Receiver<bool>,
) -> anyhow::Result<IncidentsHandle> {
    let (incidents, service) =
        incidents::start(handle.clone()).context("cannot load the incidents")?;
    tasks.spawn(run_until_stopped(service.run(), stopping.clone()));
    let network = watch_network(handle.clone(), incidents.clone());
    tasks.spawn(run_until_stopped(network, stopping.clone()));
    let failed = watch_jobs(jobs.clone(), incidents.clone());
    tasks.spawn(run_until_stopped(failed, stopping.clone()));
    let run = begin_run(handle.clone(), incidents.clone());
    tasks.spawn(run_until_stopped(run, stopping.clone()));
    Ok(incidents)
}

/// Reports a run before this one that ended without a shutdown, and notes that this one runs.
async fn begin_run(handle: EngineHandle, incidents: IncidentsHandle) {
    match try_begin_run(&handle, &incidents).await {
        Ok(()) | Err(IncidentError::Stopping) => {}
        Err(error) => warn!(%error, "Could not record whether the last run ended as it should"),
    }
}

async fn try_begin_run(
    handle: &EngineHandle,
    incidents: &IncidentsHandle,
) -> Result<(), IncidentError> {
    if let Some(started_at) = handle.read().open_run()? {
        info!("The run that began at {} ended without a shutdown", Time(started_at));
        // First the incident: a process that is killed now reports the same run again.
        incidents.observe(unclean_shutdown(started_at)).await?;
    }
    Ok(handle.begin_run(handle.now()).await?)
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
