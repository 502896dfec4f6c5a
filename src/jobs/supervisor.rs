//! The task that owns the jobs: serves requests, starts what is due, notes how runs end.

use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::{self, JoinError, JoinSet};
use tokio::time::sleep;
use tracing::{info, warn};

use super::clock::Ticker;
use super::error::JobError;
use super::handle::{Handle, JobPatch, QUEUE_LIMIT, Request};
use super::job::{Job, Running};
use super::run_log::{RunLog, shortened};
use super::spec::{JobContext, JobSpec};
use crate::domain::Timestamp;
use crate::engine::{EngineError, EngineHandle};
use crate::store::{JobRun, JobWrite, RunResult, Trigger};
use crate::util::Zone;

/// How long work may take to end at shutdown. Open requests get 3 s at the same time, and the
/// process has 5 s.
const END_WAIT: Duration = Duration::from_secs(2);
/// How long work that was then cut off may take to be gone: to its next await.
const CUT_WAIT: Duration = Duration::from_millis(200);
/// A sentence, not a report: reports go to the log of the run.
const MESSAGE_CHARS_MAX: usize = 1000;

/// How to run jobs.
#[derive(Clone, Debug)]
pub struct JobsOptions {
    /// What schedules mean by a time of day.
    pub zone: Zone,
    /// Whether jobs run when they are due, or only when asked for: a command beside a stopped
    /// service must not take over what the service will do.
    pub is_scheduling: bool,
}

/// The jobs, to be run as one task.
pub struct Jobs {
    engine: EngineHandle,
    options: JobsOptions,
    jobs: Vec<Job>,
    /// The time at the last look.
    seen: Timestamp,
    requests: mpsc::Receiver<Request>,
    /// Handed to each run's work.
    handle: Handle,
    /// The work of each running job. Ends in `run`, which waits for all of it.
    tasks: JoinSet<anyhow::Result<String>>,
    /// Told true once, when work has to end.
    stopping: watch::Sender<bool>,
}

/// Takes up the jobs of a table where the store left them. Runs that the last process did not
/// live to end are noted as interrupted; a job that is new here begins now.
///
/// # Errors
/// When records cannot be read, the engine has stopped, or a row's own schedule is wrong.
pub async fn start(
    engine: EngineHandle,
    specs: Vec<JobSpec>,
    options: JobsOptions,
) -> Result<(Handle, Jobs), JobError> {
    let now = engine.now();
    let snapshot = engine.read();
    let mut jobs = Vec::with_capacity(specs.len());
    let mut writes = Vec::new();
    for spec in specs {
        let (job, noted) = Job::restore(spec, &snapshot, now)?;
        jobs.push(job);
        writes.extend(noted);
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
    if let (Some(fault), true) = (options.zone.fault(), options.is_scheduling) {
        warn!("The time zone of this host is not known, so schedules run in UTC: {fault}");
    }
    let (sender, requests) = mpsc::channel(QUEUE_LIMIT);
    let handle = Handle { requests: sender, engine: engine.clone(), zone: options.zone.clone() };
    let (stopping, _) = watch::channel(false);
    let tasks = JoinSet::new();
    let supervisor = Jobs {
        engine,
        options,
        jobs,
        seen: now,
        requests,
        handle: handle.clone(),
        tasks,
        stopping,
    };
    Ok((handle, supervisor))
}

impl Jobs {
    /// Serves until `stop` resolves, then lets running work end for a while. What does not is
    /// cut off and noted as interrupted. The engine must outlive this.
    pub async fn run(mut self, stop: impl Future<Output = ()>) {
        let mut ticker =
            if self.options.is_scheduling { Some(Ticker::start().await) } else { None };
        tokio::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => break,
                Some(request) = self.requests.recv() => self.serve(request).await,
                Some(ended) = self.tasks.join_next_with_id() => self.end(ended).await,
                () = wake(&mut ticker) => self.look().await,
            }
        }
        self.requests.close();
        if let Some(ticker) = ticker {
            ticker.stop().await;
        }
        self.end_all().await;
    }

    async fn serve(&mut self, request: Request) {
        // A run that was asked for by somebody who has gone is not begun.
        if request.is_abandoned() {
            return;
        }
        match request {
            Request::List(answer) => {
                let now = self.engine.now();
                let zone = self.options.zone.rules();
                let standings = self.jobs.iter().map(|job| job.standing(now, zone)).collect();
                answer.send(Ok(standings)).ok();
            }
            Request::Run { name, trigger, answer } => {
                let begun = match self.place_of(&name) {
                    Ok(place) => self.begin(place, trigger).await,
                    Err(error) => Err(error),
                };
                answer.send(begun).ok();
            }
            Request::Wait { name, run_id, answer } => match self.place_of(&name) {
                Ok(place) => self.jobs[place].when_over(run_id, answer),
                Err(error) => drop(answer.send(Err(error))),
            },
            Request::Set { name, patch, answer } => {
                answer.send(self.set(&name, patch).await).ok();
            }
            Request::Look(answer) => {
                self.look().await;
                answer.send(Ok(())).ok();
            }
        }
    }

    /// Starts what is due. Doing it again changes nothing.
    async fn look(&mut self) {
        let now = self.engine.now();
        let seen = std::mem::replace(&mut self.seen, now);
        for place in 0..self.jobs.len() {
            let job = &mut self.jobs[place];
            let name = job.spec.name;
            if job.follow_clock(seen, now) {
                warn!(
                    job.name = name,
                    "The clock was set back; the schedule of job {name} goes \
                    on from now"
                );
            }
            let due = job.take_due(now, self.options.zone.rules());
            match due {
                Some(trigger) if job.running.is_none() => {
                    // It is not running, so it begins.
                    self.begin(place, trigger).await.ok();
                }
                Some(_) => {
                    info!(job.name = name, "Job {name} is due but still running; skipped");
                    self.save(place, None).await;
                }
                None => {}
            }
        }
    }

    async fn begin(&mut self, place: usize, trigger: Trigger) -> Result<JobRun, JobError> {
        let now = self.engine.now();
        let job = &mut self.jobs[place];
        if job.running.is_some() {
            return Err(JobError::AlreadyRunning);
        }
        let run = job.next_run(trigger, now);
        let name = job.spec.name;
        info!(job.name = name, job.run = run.id, "Job {name} started ({})", trigger.as_str());
        // Before the work: one that brings the process down must not run again at each start.
        self.save(place, Some(run.clone())).await;
        let log = RunLog::default();
        let context = JobContext {
            trigger,
            log: log.clone(),
            clock: self.engine.clock(),
            jobs: self.handle.clone(),
            stopping: self.stopping.subscribe(),
        };
        let job = &mut self.jobs[place];
        let work = job.spec.work.clone();
        let task = self.tasks.spawn(async move { work(context).await }).id();
        job.running = Some(Running { task, run: run.clone(), log, waiting: Vec::new() });
        Ok(run)
    }

    async fn set(&mut self, name: &str, patch: JobPatch) -> Result<(), JobError> {
        let place = self.place_of(name)?;
        let now = self.engine.now();
        let changed = self.jobs[place].changed(patch, now)?;
        // What the next start would not know is refused.
        self.engine.save_jobs(vec![changed.write(name)]).await?;
        self.jobs[place].adopt(changed);
        let status = self.jobs[place].standing(now, self.options.zone.rules()).status;
        let word = if status.is_enabled { "enabled" } else { "disabled" };
        info!(job.name = name, "Job {name} is {word}, at {:?}", status.schedule);
        Ok(())
    }

    /// Notes how a run ended.
    async fn end(&mut self, ended: Result<(task::Id, anyhow::Result<String>), JoinError>) {
        let (task, result, message) = match ended {
            Ok((task, Ok(message))) => (task, RunResult::Ok, message),
            Ok((task, Err(error))) => (task, RunResult::Failed, format!("{error:#}")),
            Err(error) if error.is_cancelled() => {
                (error.id(), RunResult::Interrupted, STOPPED.to_owned())
            }
            Err(error) => (error.id(), RunResult::Failed, panic_text(error)),
        };
        let has_task = |job: &Job| job.running.as_ref().is_some_and(|run| run.task == task);
        if let Some(place) = self.jobs.iter().position(has_task) {
            self.note_end(place, result, &message).await;
        }
    }

    async fn note_end(&mut self, place: usize, result: RunResult, message: &str) {
        let now = self.engine.now();
        let message = shortened(message, MESSAGE_CHARS_MAX);
        let name = self.jobs[place].spec.name;
        let Some((run, waiting)) = self.jobs[place].end_run(result, message.clone(), now) else {
            return;
        };
        let id = run.id;
        if result == RunResult::Ok {
            info!(job.name = name, job.run = id, "Job {name} is done: {message}");
        } else {
            let word = result.as_str();
            warn!(job.name = name, job.run = id, "Job {name} {word}: {message}");
        }
        let write = self.jobs[place].write(false, Some(run));
        self.write(write).await;
        for answer in waiting {
            answer.send(Ok(())).ok();
        }
    }

    async fn end_all(&mut self) {
        self.stopping.send_replace(true);
        self.end_within(END_WAIT).await;
        self.tasks.abort_all();
        self.end_within(CUT_WAIT).await;
        // Work that holds its thread goes down with the process.
        for place in 0..self.jobs.len() {
            self.note_end(place, RunResult::Interrupted, STOPPED).await;
        }
    }

    async fn end_within(&mut self, limit: Duration) {
        let late = sleep(limit);
        tokio::pin!(late);
        while !self.tasks.is_empty() {
            tokio::select! {
                Some(ended) = self.tasks.join_next_with_id() => self.end(ended).await,
                () = &mut late => break,
            }
        }
    }

    fn place_of(&self, name: &str) -> Result<usize, JobError> {
        self.jobs.iter().position(|job| job.spec.name == name).ok_or(JobError::NotFound)
    }

    /// Remembers a job's settings, and a run with them.
    async fn save(&self, place: usize, run: Option<JobRun>) {
        self.write(self.jobs[place].write(true, run)).await;
    }

    /// What cannot be remembered holds no job up.
    async fn write(&self, write: JobWrite) {
        let name = write.name.clone();
        if let Err(error) = self.engine.save_jobs(vec![write]).await {
            warn!(job.name = name, %error, "Could not record the run of job {name}");
        }
    }
}

/// Said of a run that was cut off at shutdown.
const STOPPED: &str = "The service stopped before the run ended";

async fn wake(ticker: &mut Option<Ticker>) {
    match ticker {
        Some(ticker) => ticker.wake().await,
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
