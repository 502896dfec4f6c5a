//! The handle by which other layers list, run and change jobs.

use tokio::sync::{mpsc, oneshot, watch};

use super::error::JobError;
use crate::domain::Timestamp;
use crate::engine::EngineHandle;
use crate::store::{JOB_RUNS_MAX, JobRun, RunResult, StoreError, Trigger};
use crate::util::Zone;

/// Requests that may wait. Each takes about as long as an fsync.
pub(super) const QUEUE_LIMIT: usize = 64;

/// Handle to the supervisor of the jobs; clones share its channel.
#[derive(Clone)]
pub struct JobsHandle {
    pub(super) requests: mpsc::Sender<JobsRequest>,
    pub(super) engine: EngineHandle,
    /// How many runs have ended.
    pub(super) ended: watch::Sender<u64>,
    /// The time zone of the schedules.
    pub(super) zone: Zone,
}

/// A job, its schedule and its runs.
#[derive(Clone, Debug)]
pub struct JobStatus {
    pub name: &'static str,
    pub title: &'static str,
    /// Five cron fields, the operator's or the default.
    pub schedule: String,
    pub default_schedule: &'static str,
    pub is_enabled: bool,
    /// Absent while it is disabled.
    pub next_run_at: Option<Timestamp>,
    /// When it was due, if it has not begun since.
    pub overdue_since: Option<Timestamp>,
    /// The run under way, with its log so far.
    pub running: Option<JobRun>,
    /// Runs that ended, newest first; at most [`JOB_RUNS_MAX`].
    pub runs: Vec<JobRun>,
}

/// A change of a job; absent fields stay as they are.
#[derive(Clone, Debug, Default)]
pub struct JobPatch {
    /// `Some(None)` restores the default schedule.
    pub schedule: Option<Option<String>>,
    pub is_enabled: Option<bool>,
}

pub(super) type JobsAnswer<T> = oneshot::Sender<Result<T, JobError>>;

/// A request to the supervisor.
pub(super) enum JobsRequest {
    List(JobsAnswer<Vec<LiveStatus>>),
    Run {
        name: String,
        trigger: Trigger,
        answer: JobsAnswer<JobRun>,
    },
    /// Answered once no run with this id is under way.
    Wait {
        name: String,
        run_id: u64,
        answer: JobsAnswer<()>,
    },
    Set {
        name: String,
        patch: JobPatch,
        answer: JobsAnswer<()>,
    },
    StartDue(JobsAnswer<()>),
}

impl JobsRequest {
    /// Whether the caller no longer waits for the answer.
    pub(super) fn is_abandoned(&self) -> bool {
        match self {
            Self::List(answer) => answer.is_closed(),
            Self::Run { answer, .. } => answer.is_closed(),
            Self::Wait { answer, .. } | Self::Set { answer, .. } | Self::StartDue(answer) => {
                answer.is_closed()
            }
        }
    }
}

/// What the supervisor knows of a job without reading the store.
pub(super) struct LiveStatus {
    pub(super) status: JobStatus,
    /// The last run that ended, in case it could not be recorded.
    pub(super) latest: Option<JobRun>,
}

impl JobsHandle {
    /// The time zone of the schedules.
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// Changes whenever a run has ended and is recorded.
    pub fn watch_ended(&self) -> watch::Receiver<u64> {
        self.ended.subscribe()
    }

    /// The engine's time.
    pub fn now(&self) -> Timestamp {
        self.engine.now()
    }

    /// Returns every job, in the order of the table.
    ///
    /// # Errors
    /// [`JobError::Stopping`]; [`JobError::Store`] when records cannot be read.
    pub async fn list(&self) -> Result<Vec<JobStatus>, JobError> {
        let jobs = self.ask(JobsRequest::List).await?;
        let snapshot = self.engine.read();
        let with_runs = |job: LiveStatus| {
            let recorded = snapshot.job_runs(job.status.name, JOB_RUNS_MAX)?;
            Ok(with_runs(job, recorded))
        };
        let read: Result<_, StoreError> = jobs.into_iter().map(with_runs).collect();
        Ok(read?)
    }

    /// Returns one job.
    ///
    /// # Errors
    /// As [`JobsHandle::list`], and [`JobError::NotFound`].
    pub async fn get(&self, name: &str) -> Result<JobStatus, JobError> {
        let jobs = self.list().await?;
        jobs.into_iter().find(|job| job.name == name).ok_or(JobError::NotFound)
    }

    /// Starts a job, even a disabled one, and returns the run that began.
    ///
    /// # Errors
    /// [`JobError::NotFound`], [`JobError::AlreadyRunning`], [`JobError::Stopping`].
    pub async fn run_now(&self, name: &str, trigger: Trigger) -> Result<JobRun, JobError> {
        let name = name.to_owned();
        self.ask(|answer| JobsRequest::Run { name, trigger, answer }).await
    }

    /// Waits until a run has ended and returns it. A run that is no longer recorded is
    /// [`JobError::NotFound`].
    ///
    /// # Errors
    /// As [`JobsHandle::get`].
    pub async fn wait(&self, name: &str, run_id: u64) -> Result<JobRun, JobError> {
        let asked = name.to_owned();
        self.ask(|answer| JobsRequest::Wait { name: asked, run_id, answer }).await?;
        let runs = self.get(name).await?.runs;
        runs.into_iter().find(|run| run.id == run_id).ok_or(JobError::NotFound)
    }

    /// Changes a job durably. Due times before the change are not made up for.
    ///
    /// # Errors
    /// [`JobError::Schedule`], [`JobError::NotFound`], [`JobError::Stopping`].
    pub async fn set(&self, name: &str, patch: JobPatch) -> Result<JobStatus, JobError> {
        let asked = name.to_owned();
        self.ask(|answer| JobsRequest::Set { name: asked, patch, answer }).await?;
        self.get(name).await
    }

    /// Starts the jobs that are due, as the supervisor does every minute: for callers that have set the
    /// clock.
    ///
    /// # Errors
    /// [`JobError::Stopping`].
    pub async fn start_due(&self) -> Result<(), JobError> {
        self.ask(JobsRequest::StartDue).await
    }

    async fn ask<T>(
        &self,
        request: impl FnOnce(JobsAnswer<T>) -> JobsRequest,
    ) -> Result<T, JobError> {
        let (answer, answered) = oneshot::channel();
        self.requests.send(request(answer)).await.map_err(|_| JobError::Stopping)?;
        answered.await.unwrap_or(Err(JobError::Stopping))
    }
}

/// Adds the recorded runs, and the latest one, which only memory may have.
fn with_runs(job: LiveStatus, recorded: Vec<JobRun>) -> JobStatus {
    let LiveStatus { mut status, latest } = job;
    let running = status.running.as_ref().map(|run| run.id);
    let latest_id = latest.as_ref().map(|run| run.id);
    let others = recorded.into_iter().filter(|run| Some(run.id) != latest_id);
    let mut runs: Vec<JobRun> = latest.into_iter().chain(others).collect();
    runs.retain(|run| Some(run.id) != running);
    runs.sort_by_key(|run| std::cmp::Reverse(run.id));
    for run in &mut runs {
        // Its end could not be recorded.
        if run.result == RunResult::Running {
            run.result = RunResult::Interrupted;
        }
    }
    status.runs = runs;
    status
}
