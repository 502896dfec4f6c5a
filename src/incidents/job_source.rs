//! Jobs whose last run failed.

use std::time::Duration;

use tracing::warn;

use super::error::IncidentError;
use super::handle::IncidentsHandle;
use super::report::ProblemReport;
use crate::domain::Severity;
use crate::jobs::{JobError, JobStatus, JobsHandle, RunResult};
use crate::store::IncidentSource;

const PREFIX: &str = "job:";
/// How long it waits after an error, such as a volume without free space.
const RETRY_PAUSE: Duration = Duration::from_secs(30);

/// Reports the jobs whose last run failed, at the start and after each run. Returns when the service
/// stops.
pub async fn watch_jobs(jobs: JobsHandle, incidents: IncidentsHandle) {
    let mut ended = jobs.watch_ended();
    loop {
        ended.borrow_and_update();
        match report(&jobs, &incidents).await {
            Ok(()) => {
                if ended.changed().await.is_err() {
                    return;
                }
            }
            Err(IncidentError::Stopping) => return,
            Err(error) => {
                warn!(%error, "Failed jobs could not be reported as incidents");
                tokio::time::sleep(RETRY_PAUSE).await;
            }
        }
    }
}

async fn report(jobs: &JobsHandle, incidents: &IncidentsHandle) -> Result<(), IncidentError> {
    let jobs = jobs.list().await.map_err(|error| match error {
        JobError::Engine(error) => IncidentError::Engine(error),
        JobError::Store(error) => IncidentError::Store(error),
        JobError::NotFound
        | JobError::AlreadyRunning
        | JobError::Stopping
        | JobError::Schedule(_) => IncidentError::Stopping,
    })?;
    incidents.reconcile(PREFIX, jobs.iter().filter_map(failure).collect()).await
}

/// The problem of a job, if its last run that ended by itself failed.
fn failure(job: &JobStatus) -> Option<ProblemReport> {
    let mut ended =
        job.runs.iter().filter(|run| matches!(run.result, RunResult::Ok | RunResult::Failed));
    let last = ended.next().filter(|run| run.result == RunResult::Failed)?;
    let key = format!("{PREFIX}{}", job.name);
    let title = format!("The job “{}” failed", job.title);
    let detail = last.message.clone().unwrap_or_default();
    let report = ProblemReport::lasting(IncidentSource::Job, key, Severity::Major, title, detail);
    Some(report.occurred(last.id))
}
