//! The task that owns the jobs: it serves requests, starts due jobs and records how runs end.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::{self, JoinError, JoinSet};
use tokio::time::sleep;
use tracing::{info, warn};

use super::clock::CronClock;
use super::error::JobError;
use super::handle::{JobPatch, JobsHandle, JobsRequest, QUEUE_LIMIT};
use super::job::{Job, Running};
use super::run_log::{RunLog, shortened};
use super::spec::{JobContext, JobSpec};
use crate::domain::Timestamp;
use crate::engine::{EngineError, EngineHandle};
use crate::store::{JobRun, JobWrite, RunResult, Trigger};
use crate::util::Zone;

/// How long runs may take to end at shutdown. Open requests get 3 s at the same time, and the process
/// has 5 s.
const FINISH_WAIT: Duration = Duration::from_secs(2);
/// How long an aborted run may take to reach its next await.
const ABORT_WAIT: Duration = Duration::from_millis(200);
/// A message is a sentence; reports go to the log of the run.
const MESSAGE_CHARS_MAX: usize = 1000;

/// How to run jobs.
#[derive(Clone, Debug)]
pub struct JobsOptions {
    /// The time zone of the schedules.
    pub zone: Zone,
    /// Whether jobs run when they are due, or only on request: a command that runs while the service is
    /// stopped must not take over its jobs.
    pub is_scheduling: bool,
}

/// Owner of the jobs. It runs as one task.
pub struct JobSupervisor {
    engine: EngineHandle,
    options: JobsOptions,
    jobs: Vec<Job>,
    /// When it last checked which jobs are due.
    last_check: Timestamp,
    requests: mpsc::Receiver<JobsRequest>,
    /// Passed to each run.
    handle: JobsHandle,
    /// The runs under way. `run` waits for all of them.
    tasks: JoinSet<anyhow::Result<String>>,
    /// Set to true once, when runs have to end.
    stopping: watch::Sender<bool>,
}

/// Loads what the store recorded of the jobs of a table. Runs that the last process did not finish are
/// recorded as interrupted; due times of a new job count from now.
///
/// # Errors
/// When records cannot be read, the engine has stopped, or a default schedule is not valid.
pub async fn start(
    engine: EngineHandle,
    specs: Vec<JobSpec>,
    options: JobsOptions,
) -> Result<(JobsHandle, JobSupervisor), JobError> {
    let now = engine.now();
    let snapshot = engine.read();
    let mut jobs = Vec::with_capacity(specs.len());
    let mut writes = Vec::new();
    for spec in specs {
        let (job, changes) = Job::restore(spec, &snapshot, now)?;
        jobs.push(job);
        writes.extend(changes);
    }
    drop(snapshot);
    if !writes.is_empty() {
        match engine.save_jobs(writes).await {
            Err(error @ EngineError::ReadOnly { .. }) => {
                warn!(%error, "Could not record which jobs are new or were interrupted");
            }
            saved => saved?,
        }
    }
    if let (Some(error), true) = (options.zone.error(), options.is_scheduling) {
        warn!("The time zone of this host is unknown, so schedules run in UTC: {error}");
    }
    let (sender, requests) = mpsc::channel(QUEUE_LIMIT);
    let handle = JobsHandle {
        requests: sender,
        engine: engine.clone(),
        ended: watch::channel(0).0,
        zone: options.zone.clone(),
    };
    let (stopping, _) = watch::channel(false);
    let tasks = JoinSet::new();
    let supervisor = JobSupervisor {
        engine,
        options,
        jobs,
        last_check: now,
        requests,
        handle: handle.clone(),
        tasks,
        stopping,
    };
    Ok((handle, supervisor))
}

impl JobSupervisor {
    /// Serves until `stop` resolves, then gives runs 2 s to end; those that do not are aborted and
    /// recorded as interrupted. The engine must outlive this.
    pub async fn run(mut self, stop: impl Future<Output = ()>) {
        let mut clock = match self.options.is_scheduling {
            true => Some(CronClock::start().await),
            false => None,
        };
        if clock.is_some() {
            self.start_due().await;
        }
        tokio::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => break,
                Some(request) = self.requests.recv() => self.serve(request).await,
                Some(ended) = self.tasks.join_next_with_id() => self.finish(ended).await,
                () = tick(&mut clock) => self.start_due().await,
            }
        }
        self.requests.close();
        if let Some(clock) = &mut clock {
            clock.shut_down().await;
        }
        self.stop_all().await;
    }

    async fn serve(&mut self, request: JobsRequest) {
        // A run that nobody waits for any longer is not started.
        if request.is_abandoned() {
            return;
        }
        match request {
            JobsRequest::List(answer) => {
                let now = self.engine.now();
                let zone = self.options.zone.time_zone();
                let jobs = self.jobs.iter().map(|job| job.live_status(now, zone)).collect();
                answer.send(Ok(jobs)).ok();
            }
            JobsRequest::Run { name, trigger, answer } => {
                let started = match self.index_of(&name) {
                    Ok(index) => self.start_run(index, trigger).await,
                    Err(error) => Err(error),
                };
                answer.send(started).ok();
            }
            JobsRequest::Wait { name, run_id, answer } => match self.index_of(&name) {
                Ok(index) => self.jobs[index].answer_at_end(run_id, answer),
                Err(error) => drop(answer.send(Err(error))),
            },
            JobsRequest::Set { name, patch, answer } => {
                answer.send(self.set(&name, patch).await).ok();
            }
            JobsRequest::StartDue(answer) => {
                self.start_due().await;
                answer.send(Ok(())).ok();
            }
        }
    }

    /// Starts the jobs that are due. To call it again changes nothing.
    async fn start_due(&mut self) {
        let now = self.engine.now();
        let last_check = std::mem::replace(&mut self.last_check, now);
        for index in 0..self.jobs.len() {
            let job = &mut self.jobs[index];
            let name = job.spec.name;
            if job.adjust_to_clock(last_check, now) {
                warn!(
                    job.name = name,
                    "The clock was set back; the schedule of job {name} continues from now"
                );
            }
            let due = job.take_due(now, self.options.zone.time_zone());
            match due {
                Some(trigger) if job.running.is_none() => {
                    // The only error is that it runs already.
                    self.start_run(index, trigger).await.ok();
                }
                Some(_) => {
                    info!(job.name = name, "Job {name} is due but still running; skipped");
                    self.save(index, None).await;
                }
                None => {}
            }
        }
    }

    async fn start_run(&mut self, index: usize, trigger: Trigger) -> Result<JobRun, JobError> {
        let now = self.engine.now();
        let job = &mut self.jobs[index];
        if job.running.is_some() {
            return Err(JobError::AlreadyRunning);
        }
        let run = job.new_run(trigger, now);
        let name = job.spec.name;
        info!(job.name = name, job.run = run.id, "Job {name} started ({})", trigger.as_str());
        // Before it runs: a run that ends the process must not be repeated at each start.
        self.save(index, Some(run.clone())).await;
        let (log, report) = (RunLog::default(), Arc::default());
        let context = JobContext {
            trigger,
            log: log.clone(),
            report: Arc::clone(&report),
            clock: self.engine.clock(),
            jobs: self.handle.clone(),
            stopping: self.stopping.subscribe(),
        };
        let job = &mut self.jobs[index];
        let function = job.spec.function.clone();
        let task = self.tasks.spawn(async move { function(context).await }).id();
        job.running = Some(Running { task, run: run.clone(), log, report, waiting: Vec::new() });
        Ok(run)
    }

    async fn set(&mut self, name: &str, patch: JobPatch) -> Result<(), JobError> {
        let index = self.index_of(name)?;
        let now = self.engine.now();
        let update = self.jobs[index].updated(patch, now)?;
        // A change that cannot be recorded is refused: the next start would not know it.
        self.engine.save_jobs(vec![update.write(name)]).await?;
        self.jobs[index].apply(update);
        let status = self.jobs[index].live_status(now, self.options.zone.time_zone()).status;
        let word = if status.is_enabled { "enabled" } else { "disabled" };
        info!(job.name = name, "Job {name} is {word}, with schedule {:?}", status.schedule);
        Ok(())
    }

    /// Records how a run ended.
    async fn finish(&mut self, ended: Result<(task::Id, anyhow::Result<String>), JoinError>) {
        let (task, result, message) = match ended {
            Ok((task, Ok(message))) => (task, RunResult::Ok, message),
            Ok((task, Err(error))) => (task, RunResult::Failed, format!("{error:#}")),
            Err(error) if error.is_cancelled() => {
                (error.id(), RunResult::Interrupted, STOPPED.to_owned())
            }
            Err(error) => (error.id(), RunResult::Failed, panic_text(error)),
        };
        let has_task = |job: &Job| job.running.as_ref().is_some_and(|run| run.task == task);
        if let Some(index) = self.jobs.iter().position(has_task) {
            self.record_end(index, result, &message).await;
        }
    }

    async fn record_end(&mut self, index: usize, result: RunResult, message: &str) {
        let now = self.engine.now();
        let message = shortened(message, MESSAGE_CHARS_MAX);
        let name = self.jobs[index].spec.name;
        let Some((run, waiting)) = self.jobs[index].end_run(result, message.clone(), now) else {
            return;
        };
        let id = run.id;
        if result == RunResult::Ok {
            info!(job.name = name, job.run = id, "Job {name} finished: {message}");
        } else {
            let word = result.as_str();
            warn!(job.name = name, job.run = id, "Job {name} {word}: {message}");
        }
        let write = self.jobs[index].write(false, Some(run));
        self.write(write).await;
        self.handle.ended.send_modify(|count| *count += 1);
        for answer in waiting {
            answer.send(Ok(())).ok();
        }
    }

    async fn stop_all(&mut self) {
        self.stopping.send_replace(true);
        self.wait_for_runs(FINISH_WAIT).await;
        self.tasks.abort_all();
        self.wait_for_runs(ABORT_WAIT).await;
        // A run that never reached an await ends with the process.
        for index in 0..self.jobs.len() {
            self.record_end(index, RunResult::Interrupted, STOPPED).await;
        }
    }

    async fn wait_for_runs(&mut self, limit: Duration) {
        let late = sleep(limit);
        tokio::pin!(late);
        while !self.tasks.is_empty() {
            tokio::select! {
                Some(ended) = self.tasks.join_next_with_id() => self.finish(ended).await,
                () = &mut late => break,
            }
        }
    }

    fn index_of(&self, name: &str) -> Result<usize, JobError> {
        self.jobs.iter().position(|job| job.spec.name == name).ok_or(JobError::NotFound)
    }

    /// Records a job's settings, and a run with them.
    async fn save(&self, index: usize, run: Option<JobRun>) {
        self.write(self.jobs[index].write(true, run)).await;
    }

    /// A failure to record must not keep a job from running.
    async fn write(&self, write: JobWrite) {
        let name = write.name.clone();
        if let Err(error) = self.engine.save_jobs(vec![write]).await {
            warn!(job.name = name, %error, "Could not record the run of job {name}");
        }
    }
}

/// Message of a run that was aborted at shutdown.
const STOPPED: &str = "The service stopped before the run ended";

/// Returns each minute; never without a clock.
async fn tick(clock: &mut Option<CronClock>) {
    match clock {
        Some(clock) => clock.tick().await,
        None => std::future::pending().await,
    }
}

fn panic_text(error: JoinError) -> String {
    let payload = match error.try_into_panic() {
        Ok(payload) => payload,
        Err(error) => return error.to_string(),
    };
    let text = payload
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| payload.downcast_ref::<&str>().copied());
    format!("It panicked: {}", text.unwrap_or("without a message"))
}
