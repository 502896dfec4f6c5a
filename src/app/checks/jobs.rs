//! Jobs: those that failed, and those that did not run when they were due.

use super::measure::{float, unmeasured};
use crate::domain::Timestamp;
use crate::health::{CheckReading, ProbeTable, Unmeasured};
use crate::jobs::{JobStatus, JobsHandle, RunResult};

/// A job that is due runs within a minute; one that waits for another has that long.
const OVERDUE_AFTER_US: i64 = 10 * 60 * 1_000_000;

pub(super) fn add(probes: &mut ProbeTable, jobs: &JobsHandle) {
    let mut of_jobs = |id, is_counted: fn(&JobStatus, Timestamp) -> bool| {
        let jobs = jobs.clone();
        probes.add(id, move || {
            let jobs = jobs.clone();
            async move { count(&jobs, is_counted).await }
        });
    };
    of_jobs("jobs.failed", |job, _| {
        let mut ended =
            job.runs.iter().filter(|run| matches!(run.result, RunResult::Ok | RunResult::Failed));
        ended.next().is_some_and(|run| run.result == RunResult::Failed)
    });
    of_jobs("jobs.overdue", |job, now| {
        let is_late = |at: Timestamp| now.0.saturating_sub(at.0) > OVERDUE_AFTER_US;
        job.running.is_none() && job.overdue_since.is_some_and(is_late)
    });
}

async fn count(
    jobs: &JobsHandle,
    is_counted: fn(&JobStatus, Timestamp) -> bool,
) -> Result<CheckReading, Unmeasured> {
    let now = jobs.now();
    let list = jobs.list().await.map_err(unmeasured)?;
    let names: Vec<&str> =
        list.iter().filter(|job| is_counted(job, now)).map(|job| job.title).collect();
    let reading = CheckReading::of(float(names.len() as u64));
    Ok(if names.is_empty() { reading } else { reading.with(names.join(", ")) })
}
