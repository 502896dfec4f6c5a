//! The appliance under test: all of it, on a free port, over a directory of its own.

use std::net::SocketAddr;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc;
use std::thread::JoinHandle;

use tempfile::TempDir;
use unoc::app::{App, PassedSockets, ProcessInputs, new_log};
use unoc::config::{self, Config, Sources};
use unoc::domain::Timestamp;
use unoc::engine::{Clock, EngineHandle};
use unoc::logs::Logs;

use super::http::Http;
use super::wait::{self, PATIENCE};

/// 2026-11-23T13:03:36.111211Z, the moment of the contract's examples.
pub(crate) const START_MICROS: i64 = 1_795_439_016_111_211;
const SECOND_MICROS: i64 = 1_000_000;

/// A running appliance; it stops when this is dropped.
pub(crate) struct TestApp {
    http: Http,
    pub(crate) address: SocketAddr,
    pub(crate) clock: TestClock,
    /// The engine, to ask it directly.
    pub(crate) handle: EngineHandle,
    /// Its log, which has only what the test logs.
    pub(crate) logs: Logs,
    pub(crate) data_dir: PathBuf,
    stop: Box<dyn Fn() + Send + Sync>,
    thread: Option<JoinHandle<anyhow::Result<()>>>,
    config: Config,
    /// Removed last; `None` once another run has it.
    directory: Option<TempDir>,
}

/// Time that goes on by a second with each look at it, until it is held.
#[derive(Clone)]
pub(crate) struct TestClock {
    micros: Arc<AtomicI64>,
    step_micros: Arc<AtomicI64>,
}

impl TestClock {
    pub(crate) fn new() -> Self {
        Self {
            micros: Arc::new(AtomicI64::new(START_MICROS)),
            step_micros: Arc::new(AtomicI64::new(SECOND_MICROS)),
        }
    }

    /// Stops the time at [`START_MICROS`].
    pub(crate) fn hold(&self) {
        self.step_micros.store(0, Ordering::SeqCst);
        self.micros.store(START_MICROS, Ordering::SeqCst);
    }

    /// Stops the time at a moment of the test's own, before or after what it was.
    pub(crate) fn jump_to(&self, time: Timestamp) {
        self.step_micros.store(0, Ordering::SeqCst);
        self.micros.store(time.0, Ordering::SeqCst);
    }

    /// The same time, which a look at it does not move.
    pub(crate) fn still(&self) -> Clock {
        let micros = Arc::clone(&self.micros);
        Clock::manual(move || Timestamp(micros.load(Ordering::SeqCst)))
    }

    /// Stops the time this much later.
    pub(crate) fn advance(&self, seconds: i64) {
        self.step_micros.store(0, Ordering::SeqCst);
        self.micros.fetch_add(seconds * SECOND_MICROS, Ordering::SeqCst);
    }

    pub(crate) fn clock(&self) -> Clock {
        let Self { micros, step_micros } = self.clone();
        Clock::manual(move || {
            let step = step_micros.load(Ordering::SeqCst);
            Timestamp(micros.fetch_add(step, Ordering::SeqCst))
        })
    }
}

impl TestApp {
    /// Begins without a single device.
    pub(crate) fn empty() -> Self {
        Self::with(|config| config.dev_features = false)
    }

    /// Begins with the demo network, as an installation does.
    pub(crate) fn demo() -> Self {
        Self::with(|_| {})
    }

    /// Begins empty, with these variables in its environment.
    pub(crate) fn with_environment(variables: &[(&str, &str)]) -> Self {
        let environment =
            [("UNOC_PORT", "0"), ("UNOC_DEV_FEATURES", "0"), ("HOME", "/nonexistent")]
                .iter()
                .chain(variables)
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect();
        let config = config::load(&Sources { environment, ..Sources::default() });
        Self::start(config.expect("the test's variables are valid"))
    }

    /// Begins with the defaults, changed by the test.
    pub(crate) fn with(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::for_data_dir("/");
        change(&mut config);
        Self::start(config)
    }

    fn start(config: Config) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        Self::start_in(directory, TestClock::new(), config)
    }

    /// Stops, and begins again with the same data and the same clock, which `meanwhile` may set.
    pub(crate) fn restart(mut self, meanwhile: impl FnOnce(&TestClock)) -> Self {
        let (clock, config) = (self.clock.clone(), self.config.clone());
        let directory = self.directory.take().expect("it is restarted once");
        drop(self);
        meanwhile(&clock);
        Self::start_in(directory, clock, config)
    }

    fn start_in(directory: TempDir, clock: TestClock, mut config: Config) -> Self {
        config.data_dir = directory.path().to_owned();
        let base_path = config.base_path.clone();
        let ticking = clock.clock();
        let logs = new_log(&config, clock.still());
        let app_logs = logs.clone();
        let kept = config.clone();
        let (started, starting) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()?;
            runtime.block_on(async {
                let read = config.clone();
                let read_config = Arc::new(move || Ok(read.clone()));
                let inputs = ProcessInputs { passed: PassedSockets::default(), read_config };
                let app = App::start(config, ticking, app_logs, inputs).await?;
                let app = app.expect("no signal was sent");
                let stop: Box<dyn Fn() + Send + Sync> = Box::new(app.stopper());
                started.send((app.address(), app.handle().clone(), stop))?;
                drop(started);
                app.run().await
            })
        });
        let Ok((address, handle, stop)) = starting.recv_timeout(PATIENCE) else {
            panic!("the appliance does not start: {:?}", thread.join());
        };
        Self {
            http: Http::new(&format!("http://{address}{base_path}")),
            address,
            clock,
            handle,
            logs,
            data_dir: directory.path().to_owned(),
            stop,
            thread: Some(thread),
            config: kept,
            directory: Some(directory),
        }
    }

    /// Waits until the appliance has ended by itself, and tells how.
    pub(crate) fn ended(&mut self) -> anyhow::Result<()> {
        let thread = self.thread.take().expect("it ends once");
        wait::until("the appliance ends", || thread.is_finished().then_some(()));
        thread.join().expect("the appliance does not panic")
    }

    /// The name of a file in the data directory.
    pub(crate) fn file(&self, name: impl AsRef<Path>) -> PathBuf {
        self.data_dir.join(name)
    }
}

impl Deref for TestApp {
    type Target = Http;

    fn deref(&self) -> &Http {
        &self.http
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        let Some(thread) = self.thread.take() else { return };
        (self.stop)();
        let ended = thread.join();
        if !std::thread::panicking() {
            ended.expect("the appliance does not panic").expect("it ends cleanly");
        }
    }
}
