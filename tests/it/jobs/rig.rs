//! A supervisor with the jobs of a test, on an engine with a manual clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::tz::TimeZone;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::{Semaphore, oneshot};
use unoc::domain::Timestamp;
use unoc::engine::{Engine, EngineExit, EngineHandle, EngineOptions};
use unoc::jobs::{self, JobContext, JobRun, JobSpec, JobStatus, JobsHandle, JobsOptions};
use unoc::store::{OpenOptions, Store};

use crate::harness::TestClock;
use crate::harness::wait::PATIENCE;

/// The data directory and the clock, which outlive a service.
pub(super) struct Rig {
    directory: TempDir,
    pub(super) clock: TestClock,
    pub(super) runtime: Runtime,
    pub(super) min_free_bytes: u64,
}

/// A run of the service.
pub(super) struct Service<'a> {
    rig: &'a Rig,
    pub(super) engine: EngineHandle,
    pub(super) jobs: JobsHandle,
    thread: std::thread::JoinHandle<EngineExit>,
    stop: oneshot::Sender<()>,
    task: tokio::task::JoinHandle<()>,
}

pub(super) fn time(text: &str) -> Timestamp {
    Timestamp(text.parse::<jiff::Timestamp>().expect("a time").as_microsecond())
}

impl Rig {
    /// An empty data directory at this moment.
    pub(super) fn at(now: &str) -> Self {
        let clock = TestClock::new();
        clock.jump_to(time(now));
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(2).enable_all().build().expect("a runtime");
        let directory = tempfile::tempdir().expect("a temporary directory");
        Self { directory, clock, runtime, min_free_bytes: 0 }
    }

    /// Starts the service with these jobs.
    pub(super) fn start(&self, specs: Vec<JobSpec>) -> Service<'_> {
        let (engine, thread) = self.engine();
        let zone = TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("Berlin's rule");
        let options = JobsOptions { zone: zone.into(), is_scheduling: true };
        let started = self.runtime.block_on(jobs::start(engine.clone(), specs, options));
        let (jobs, supervisor) = started.expect("the jobs start");
        let (stop, stopped) = oneshot::channel::<()>();
        let task = self.runtime.spawn(supervisor.run(async {
            stopped.await.ok();
        }));
        Service { rig: self, engine, jobs, thread, stop, task }
    }

    pub(super) fn engine(&self) -> (EngineHandle, std::thread::JoinHandle<EngineExit>) {
        let clock = self.clock.clock();
        let options = OpenOptions { cache_bytes: 1 << 20, now: clock.now(), site_id: None };
        let store = Store::open(self.directory.path(), options).expect("the store opens");
        let options = EngineOptions { min_free_bytes: self.min_free_bytes, clock };
        Engine::start(store, options).expect("the engine starts")
    }
}

impl Service<'_> {
    pub(super) fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        let limited = async { tokio::time::timeout(PATIENCE, future).await };
        self.rig.runtime.block_on(limited).expect("in time")
    }

    /// Sets the clock and starts the jobs that are due.
    pub(super) fn now_is(&self, now: &str) {
        self.at(time(now));
    }

    pub(super) fn at(&self, now: Timestamp) {
        self.rig.clock.jump_to(now);
        self.wait(self.jobs.start_due()).expect("the supervisor answers");
    }

    pub(super) fn status(&self, name: &str) -> JobStatus {
        self.wait(self.jobs.get(name)).expect("the job")
    }

    /// All runs of a job once none is under way, oldest first.
    pub(super) fn runs(&self, name: &str) -> Vec<JobRun> {
        if let Some(run) = self.status(name).running {
            self.wait(self.jobs.wait(name, run.id)).expect("its end");
        }
        let mut runs = self.status(name).runs;
        runs.reverse();
        runs
    }

    /// The triggers of a job's runs, oldest first.
    pub(super) fn triggers(&self, name: &str) -> Vec<&'static str> {
        self.runs(name).iter().map(|run| run.trigger.as_str()).collect()
    }

    pub(super) fn end(self) {
        drop(self.stop);
        self.rig.runtime.block_on(self.task).expect("the jobs do not panic");
        self.rig.runtime.block_on(self.engine.stop());
        drop((self.engine, self.jobs));
        assert!(matches!(self.thread.join(), Ok(EngineExit::Stopped)));
    }
}

/// A job at 02:15 that counts its runs.
pub(super) fn counting(name: &'static str) -> (JobSpec, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    let spec = JobSpec::new(name, "Counts", "15 2 * * *", move |_| {
        let so_far = counter.fetch_add(1, Ordering::SeqCst);
        async move { Ok(format!("after {so_far}")) }
    });
    (spec, count)
}

/// A job at 02:15 that runs until it gets a permit.
pub(super) fn gated(name: &'static str) -> (JobSpec, Arc<Semaphore>) {
    let gate = Arc::new(Semaphore::new(0));
    let own = Arc::clone(&gate);
    let spec = JobSpec::new(name, "Waits", "15 2 * * *", move |context: JobContext| {
        let gate = Arc::clone(&own);
        context.log.line("waiting");
        async move {
            gate.acquire().await?.forget();
            Ok("let through".to_owned())
        }
    });
    (spec, gate)
}
