//! The engine and the mirror without the rest of the appliance, with a manual clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use futures_util::FutureExt;
use tokio::runtime::Runtime;
use unoc::domain::Timestamp;
use unoc::engine::{Clock, Engine, EngineError, EngineExit, EngineHandle, EngineOptions};
use unoc::pg::{Comparison, PgConfig};
use unoc::store::{AuditOrigin, OpenOptions, Store};
use unoc::sync::{self, MirrorDatabase, Obstacle, SyncError, SyncHandle, SyncOptions, SyncState};
use uuid::Uuid;

use crate::domain::model::Step;
use crate::harness::answer::Refused;
use crate::harness::commands::time;
use crate::harness::wait;

/// How long the appliance waits for the first handshake before it serves.
const FIRST_CONTACT: Duration = Duration::from_secs(2);
/// How long the appliance waits for a round when it stops.
const ROUND_WAIT: Duration = Duration::from_secs(1);

/// An engine and a mirror with a directory of their own.
pub(in crate::sync) struct Rig {
    pub(in crate::sync) clock: Arc<AtomicI64>,
    url: String,
    runtime: Runtime,
    engine: Option<(EngineHandle, JoinHandle<EngineExit>)>,
    mirror: Option<(SyncHandle, JoinHandle<()>)>,
    epoch_before: u64,
    site_id: Option<Uuid>,
    directory: tempfile::TempDir,
}

impl Rig {
    /// Starts the engine without the mirror.
    pub(in crate::sync) fn new(url: &str) -> Self {
        Self::with(url, None)
    }

    /// The same as a replacement for a lost store of this site.
    pub(in crate::sync) fn replacing(url: &str, site_id: Uuid) -> Self {
        Self::with(url, Some(site_id))
    }

    fn with(url: &str, site_id: Option<Uuid>) -> Self {
        let mut rig = Self {
            clock: Arc::new(AtomicI64::new(time(0).0)),
            url: url.to_owned(),
            runtime: tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .enable_time()
                .build()
                .expect("a runtime"),
            engine: None,
            mirror: None,
            epoch_before: 0,
            site_id,
            directory: tempfile::tempdir().expect("a temporary directory"),
        };
        rig.start_engine();
        rig
    }

    fn start_engine(&mut self) {
        let options = OpenOptions { cache_bytes: 1 << 20, now: time(0), site_id: self.site_id };
        let store = Store::open(self.directory.path(), options).expect("nobody else holds it");
        let clock = Arc::clone(&self.clock);
        let clock = Clock::manual(move || Timestamp(clock.load(Ordering::SeqCst)));
        let options = EngineOptions { min_free_bytes: 0, clock };
        self.engine = Some(Engine::start(store, options).expect("the stored site is valid"));
    }

    /// Starts the mirror and waits for the first handshake as long as the appliance does.
    pub(in crate::sync) fn start_mirror(&mut self) {
        let engine = self.engine().clone();
        let config = PgConfig::parse(&self.url).expect("a usable address");
        let database = MirrorDatabase { config, masked_url: self.url.clone() };
        let options = SyncOptions {
            database: database.clone(),
            reload_database: Box::new(move || Ok(database.clone())),
            site_name: "Prüfstand".to_owned(),
            holder: format!("oracle:{}", self.directory.path().display()),
            clock: engine.clock(),
        };
        self.mirror = Some(sync::start(options, engine).expect("a thread"));
        let handle = self.sync();
        let end = wait::now() + FIRST_CONTACT;
        wait::until("the first handshake", || {
            (handle.state() != SyncState::Connecting || wait::now() > end).then_some(())
        });
    }

    pub(in crate::sync) fn engine(&self) -> &EngineHandle {
        &self.engine.as_ref().expect("the engine runs").0
    }

    fn sync(&self) -> &SyncHandle {
        &self.mirror.as_ref().expect("the mirror runs").0
    }

    pub(in crate::sync) fn site_id(&self) -> Uuid {
        self.engine().site_id()
    }

    pub(in crate::sync) fn epoch(&self) -> Option<u64> {
        self.sync().status().epoch
    }

    /// Submits a command to the engine; its answer must be that of the rules.
    pub(in crate::sync) fn submit(&self, step: &Step, when: &str) {
        let origin = AuditOrigin { request_id: when.to_owned(), ..AuditOrigin::local("oracle") };
        let submitted = step.command.clone().submit(self.engine(), origin);
        let outcome = match self.runtime.block_on(submitted) {
            Ok(answer) => Ok(answer),
            Err(EngineError::Refused(refusal)) => Err(Refused::from(&refusal)),
            Err(other) => panic!("{when}: {other} for {:?}", step.command),
        };
        assert_eq!(outcome, step.outcome, "{when}: the engine's answer to {:?}", step.command);
    }

    /// Asks for a round and does not wait for it.
    pub(in crate::sync) fn ask_for_a_round(&self) {
        let sync = self.sync().clone();
        self.runtime.spawn(async move {
            // It may fail, since the connection is disturbed.
            sync.sync_now().await.ok();
        });
    }

    /// Asks for an adoption and abandons the request.
    pub(in crate::sync) fn abandon_adoption(&self) {
        let answered = self.sync().adopt().now_or_never();
        assert!(answered.is_none(), "it was answered at once: {answered:?}");
    }

    /// The obstacle, if there is one.
    pub(in crate::sync) fn obstacle(&self) -> Option<Obstacle> {
        self.sync().status().obstacle
    }

    pub(in crate::sync) fn check_no_obstacle(&self, when: &str) {
        assert_eq!(self.obstacle(), None, "{when}: the mirror stands still");
    }

    /// Waits until PostgreSQL confirmed everything.
    pub(in crate::sync) fn be_in_step(&mut self, when: &str) {
        wait::until("everything arrives", || match self.runtime.block_on(self.sync().sync_now()) {
            Ok(()) => Some(()),
            Err(SyncError::Waiting(_)) => None,
            Err(error) => panic!("{when}: {error}"),
        });
        let epoch = self.epoch().expect("it is connected");
        assert!(epoch >= self.epoch_before, "{when}: epoch {epoch}");
    }

    /// Compares both sides with the program's own comparison.
    pub(in crate::sync) fn compare(&self, when: &str) -> Comparison {
        wait::until("both sides are compared", || {
            match self.runtime.block_on(self.sync().compare(true)) {
                Ok(found) => Some(found.comparison),
                // An earlier round had armed a cut.
                Err(SyncError::Waiting(_)) => None,
                Err(error) => panic!("{when}: {error}"),
            }
        })
    }

    /// Stops the mirror and the engine: in order, or in the middle of a round.
    pub(in crate::sync) fn stop(&mut self, in_the_middle: bool) {
        let (sync, sync_thread) = self.mirror.take().expect("the mirror runs");
        self.epoch_before = self.epoch_before.max(sync.status().epoch.unwrap_or(0));
        if in_the_middle {
            sync.abort();
        }
        self.runtime.block_on(sync.stop());
        let end = wait::now() + ROUND_WAIT;
        wait::until("the mirror ends", || {
            if wait::now() > end {
                sync.abort();
            }
            sync_thread.is_finished().then_some(())
        });
        sync_thread.join().expect("the mirror does not panic");
        let (engine, thread) = self.engine.take().expect("the engine runs");
        self.runtime.block_on(engine.stop());
        assert!(matches!(thread.join(), Ok(EngineExit::Stopped)));
    }

    /// Stops both and starts them again with the same directory.
    pub(in crate::sync) fn restart(&mut self, in_the_middle: bool) {
        self.stop(in_the_middle);
        self.start_again();
    }

    /// Starts what was stopped.
    pub(in crate::sync) fn start_again(&mut self) {
        self.start_engine();
        self.start_mirror();
    }
}
