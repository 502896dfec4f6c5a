//! A row of the table of jobs, and what its function is given.

use std::fmt;
use std::sync::{Arc, OnceLock};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::watch;

use super::handle::JobsHandle;
use super::run_log::RunLog;
use crate::engine::Clock;
use crate::store::Trigger;

/// A run of a job; its output is a sentence on the outcome.
pub type JobFuture = BoxFuture<'static, anyhow::Result<String>>;

/// Runs a job once.
pub type JobFunction = Arc<dyn Fn(JobContext) -> JobFuture + Send + Sync>;

/// A row of the table: a job and when it runs, unless an operator changes that.
#[derive(Clone)]
pub struct JobSpec {
    /// What people type: lower case and hyphens. Never changed: it is the key of the job's records.
    pub name: &'static str,
    /// One line for people.
    pub title: &'static str,
    /// Five cron fields, local time.
    pub default_schedule: &'static str,
    pub function: JobFunction,
}

impl JobSpec {
    pub fn new<F>(
        name: &'static str,
        title: &'static str,
        default_schedule: &'static str,
        function: impl Fn(JobContext) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = anyhow::Result<String>> + Send + 'static,
    {
        let function: JobFunction = Arc::new(move |context| function(context).boxed());
        Self { name, title, default_schedule, function }
    }
}

impl fmt::Debug for JobSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, default_schedule, .. } = self;
        write!(f, "JobSpec({name} at {default_schedule:?})")
    }
}

/// What the function of a job is given for one run.
#[derive(Clone)]
pub struct JobContext {
    /// Why it runs.
    pub trigger: Trigger,
    /// Recorded with the run, and shown while it runs.
    pub log: RunLog,
    /// Set once the run has kept a report, to its id.
    pub report: Arc<OnceLock<u64>>,
    /// The engine's clock.
    pub clock: Clock,
    /// To start other jobs.
    pub jobs: JobsHandle,
    /// Becomes true when the service stops; the run then has two seconds to end.
    pub stopping: watch::Receiver<bool>,
}

impl JobContext {
    /// Whether the service is stopping.
    pub fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// Resolves when the service stops.
    pub async fn stopped(&self) {
        let mut stopping = self.stopping.clone();
        // A dropped sender means the same: the supervisor is gone.
        stopping.wait_for(|stop| *stop).await.ok();
    }
}
