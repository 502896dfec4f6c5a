//! How everybody else asks about jobs and has them run.

use tokio::sync::{mpsc, oneshot};

use super::error::JobError;
use crate::domain::Timestamp;
use crate::engine::EngineHandle;
use crate::store::{JOB_RUNS_MAX, JobRun, RunResult, StoreError, Trigger};
use crate::util::Zone;

/// Requests that may wait. Each is served in the time of an fsync.
pub(super) const QUEUE_LIMIT: usize = 64;

/// A way to the jobs. Cheap to clone.
#[derive(Clone)]
pub struct Handle {
    pub(super) requests: mpsc::Sender<Request>,
    pub(super) engine: EngineHandle,
    /// What the schedules mean by a time of day.
    pub(super) zone: Zone,
}

/// A job as it stands.
#[derive(Clone, Debug)]
pub struct JobStatus {
    pub name: &'static str,
    pub title: &'static str,
    /// Five cron fields that hold now.
    pub schedule: String,
    pub default_schedule: &'static str,
    pub is_enabled: bool,
    /// Absent while it is disabled.
    pub next_run_at: Option<Timestamp>,
    /// With what it logged so far.
    pub running: Option<JobRun>,
    /// Those that ended, newest first; at most [`JOB_RUNS_MAX`].
    pub runs: Vec<JobRun>,
}

/// What to change of a job; what is absent stays.
#[derive(Clone, Debug, Default)]
pub struct JobPatch {
    /// `None` inside brings the job's own schedule back.
    pub schedule: Option<Option<String>>,
    pub is_enabled: Option<bool>,
}

pub(super) type Answer<T> = oneshot::Sender<Result<T, JobError>>;

/// What is asked.
pub(super) enum Request {
    List(Answer<Vec<Standing>>),
    Run {
        name: String,
        trigger: Trigger,
        answer: Answer<JobRun>,
    },
    /// The run is over, or there is none with this id that still runs.
    Wait {
        name: String,
        run_id: u64,
        answer: Answer<()>,
    },
    Set {
        name: String,
        patch: JobPatch,
        answer: Answer<()>,
    },
    Look(Answer<()>),
}

impl Request {
    /// Whether whoever asked has gone away.
    pub(super) fn is_abandoned(&self) -> bool {
        match self {
            Self::List(answer) => answer.is_closed(),
            Self::Run { answer, .. } => answer.is_closed(),
            Self::Wait { answer, .. } | Self::Set { answer, .. } | Self::Look(answer) => {
                answer.is_closed()
            }
        }
    }
}

/// What is known of a job without the store.
pub(super) struct Standing {
    pub(super) status: JobStatus,
    /// The last run that ended, in case it could not be written down.
    pub(super) latest: Option<JobRun>,
}

impl Handle {
    /// What the schedules mean by a time of day.
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    pub fn now(&self) -> Timestamp {
        self.engine.now()
    }

    /// Every job, in the order of the table.
    ///
    /// # Errors
    /// [`JobError::Stopping`]; [`JobError::Store`] when records cannot be read.
    pub async fn list(&self) -> Result<Vec<JobStatus>, JobError> {
        let standings = self.ask(Request::List).await?;
        let snapshot = self.engine.read();
        let with_runs = |standing: Standing| {
            let kept = snapshot.job_runs(standing.status.name, JOB_RUNS_MAX)?;
            Ok(with_runs(standing, kept))
        };
        let read: Result<_, StoreError> = standings.into_iter().map(with_runs).collect();
        Ok(read?)
    }

    /// One job.
    ///
    /// # Errors
    /// As [`Handle::list`], and [`JobError::NotFound`].
    pub async fn get(&self, name: &str) -> Result<JobStatus, JobError> {
        let jobs = self.list().await?;
        jobs.into_iter().find(|job| job.name == name).ok_or(JobError::NotFound)
    }

    /// Starts a job and returns the run that began, disabled or not.
    ///
    /// # Errors
    /// [`JobError::NotFound`], [`JobError::AlreadyRunning`], [`JobError::Stopping`].
    pub async fn run_now(&self, name: &str, trigger: Trigger) -> Result<JobRun, JobError> {
        let name = name.to_owned();
        self.ask(|answer| Request::Run { name, trigger, answer }).await
    }

    /// Returns a run once it is over; at once when it is. A run too old to be remembered is
    /// [`JobError::NotFound`].
    ///
    /// # Errors
    /// As [`Handle::get`].
    pub async fn wait(&self, name: &str, run_id: u64) -> Result<JobRun, JobError> {
        let asked = name.to_owned();
        self.ask(|answer| Request::Wait { name: asked, run_id, answer }).await?;
        let runs = self.get(name).await?.runs;
        runs.into_iter().find(|run| run.id == run_id).ok_or(JobError::NotFound)
    }

    /// Changes a job, for now and after restarts. Due times before the change are not made up.
    ///
    /// # Errors
    /// [`JobError::Schedule`], [`JobError::NotFound`], [`JobError::Stopping`].
    pub async fn set(&self, name: &str, patch: JobPatch) -> Result<JobStatus, JobError> {
        let asked = name.to_owned();
        self.ask(|answer| Request::Set { name: asked, patch, answer }).await?;
        self.get(name).await
    }

    /// Starts what is due by the clock, as happens every minute by itself: for whoever knows
    /// that the clock was set.
    ///
    /// # Errors
    /// [`JobError::Stopping`].
    pub async fn look(&self) -> Result<(), JobError> {
        self.ask(Request::Look).await
    }

    async fn ask<T>(&self, request: impl FnOnce(Answer<T>) -> Request) -> Result<T, JobError> {
        let (answer, answered) = oneshot::channel();
        self.requests.send(request(answer)).await.map_err(|_| JobError::Stopping)?;
        answered.await.unwrap_or(Err(JobError::Stopping))
    }
}

/// Brings what the store has and what only memory has together.
fn with_runs(standing: Standing, kept: Vec<JobRun>) -> JobStatus {
    let Standing { mut status, latest } = standing;
    let running = status.running.as_ref().map(|run| run.id);
    let latest_id = latest.as_ref().map(|run| run.id);
    let others = kept.into_iter().filter(|run| Some(run.id) != latest_id);
    let mut runs: Vec<JobRun> = latest.into_iter().chain(others).collect();
    runs.retain(|run| Some(run.id) != running);
    runs.sort_by_key(|run| std::cmp::Reverse(run.id));
    for run in &mut runs {
        // Its end could not be written down.
        if run.result == RunResult::Running {
            run.result = RunResult::Interrupted;
        }
    }
    status.runs = runs;
    status
}
