//! A row of the table of jobs, and what its work is given.

use std::fmt;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::watch;

use super::handle::Handle;
use super::run_log::RunLog;
use crate::engine::Clock;
use crate::store::Trigger;

/// A run of a job; the text is what came of it, in a sentence.
pub type Done = BoxFuture<'static, anyhow::Result<String>>;

/// Does the job once.
pub type Work = Arc<dyn Fn(JobContext) -> Done + Send + Sync>;

/// A row of the table: what there is to do and when, unless an operator says otherwise.
#[derive(Clone)]
pub struct JobSpec {
    /// What people type: lower case and hyphens; the key of its records for ever.
    pub name: &'static str,
    /// One line for people.
    pub title: &'static str,
    /// Five cron fields, local time.
    pub default_schedule: &'static str,
    pub work: Work,
}

impl JobSpec {
    pub fn new<F>(
        name: &'static str,
        title: &'static str,
        default_schedule: &'static str,
        work: impl Fn(JobContext) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = anyhow::Result<String>> + Send + 'static,
    {
        let work: Work = Arc::new(move |context| work(context).boxed());
        Self { name, title, default_schedule, work }
    }
}

impl fmt::Debug for JobSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, default_schedule, .. } = self;
        write!(f, "JobSpec({name} at {default_schedule:?})")
    }
}

/// What the work of one run is given.
#[derive(Clone)]
pub struct JobContext {
    /// Why it runs.
    pub trigger: Trigger,
    /// Kept with the run; shown while it runs.
    pub log: RunLog,
    /// The engine's clock.
    pub clock: Clock,
    /// To have another job run.
    pub jobs: Handle,
    /// Becomes true when the service stops; the work has two seconds from then on.
    pub stopping: watch::Receiver<bool>,
}

impl JobContext {
    /// Whether the service stops.
    pub fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// Resolves when the service stops.
    pub async fn stopped(&self) {
        let mut stopping = self.stopping.clone();
        // A dropped sender means the same.
        stopping.wait_for(|stop| *stop).await.ok();
    }
}
