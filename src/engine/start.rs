//! Starting the engine: its thread, its channels and the site that it loads.

use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, RwLock};
use std::thread::JoinHandle;

use tokio::sync::{broadcast, mpsc, watch};
use tracing::info;
use uuid::Uuid;

use super::activity::ActivityMonitor;
use super::clock::Clock;
use super::handle::EngineHandle;
use super::load::load;
use super::volume::VolumeMonitor;
use super::writer::{Engine, EngineExit};
use crate::domain::{OutageTracker, World};
use crate::store::{Store, StoreError};

/// Requests that may wait. With 64 concurrent writers the queue holds 64; this is room for a
/// burst before callers are slowed down.
const QUEUE_LIMIT: usize = 4096;
/// Commits that a listener may lag behind before it has to read again.
const PUBLISHED_COMMITS_MAX: usize = 256;

/// How to run the engine.
#[derive(Clone, Debug)]
pub struct EngineOptions {
    /// Free space on the data volume below which writes are refused.
    pub min_free_bytes: u64,
    pub clock: Clock,
}

impl Engine {
    /// Loads the site from the store and starts the thread. It ends after [`EngineHandle::stop`], or
    /// by itself when a commit fails; the join handle returns which.
    ///
    /// # Errors
    /// When the stored site cannot be read or breaks a rule.
    pub fn start(
        store: Store,
        options: EngineOptions,
    ) -> Result<(EngineHandle, JoinHandle<EngineExit>), StoreError> {
        let snapshot = store.read()?;
        let seq = snapshot.seq();
        let (sender, requests) = mpsc::channel(QUEUE_LIMIT);
        let EngineOptions { min_free_bytes, clock } = options;
        let handle = EngineHandle {
            requests: sender,
            commits: broadcast::channel(PUBLISHED_COMMITS_MAX).0,
            seqs: watch::channel(seq).0,
            override_end: watch::channel(None).0,
            volume: VolumeMonitor::new(store.clone(), min_free_bytes),
            store,
            latest: Arc::new(RwLock::new(Arc::new(snapshot))),
            clock,
            activity: ActivityMonitor::default(),
            metrics: Arc::default(),
            run_id: Uuid::new_v4(),
        };
        let engine = Self {
            world: World::default(),
            seq,
            store: handle.store.clone(),
            clock: handle.clock.clone(),
            latest: Arc::clone(&handle.latest),
            requests,
            commits: handle.commits.clone(),
            seqs: handle.seqs.clone(),
            override_end: handle.override_end.clone(),
            activity: handle.activity.clone(),
            metrics: Arc::clone(&handle.metrics),
            volume: handle.volume.clone(),
            outages: OutageTracker::default(),
            past_removed_at: 0,
        };
        let (sender, loaded) = channel();
        let thread = std::thread::Builder::new()
            .name("engine".to_owned())
            .spawn(move || engine.load_and_run(&sender))
            .map_err(|source| StoreError::Io {
                what: "cannot start a thread".to_owned(),
                source,
            })?;
        match loaded.recv() {
            Ok(Ok(())) => Ok((handle, thread)),
            Ok(Err(error)) => {
                // The thread closes the store before anyone opens it again.
                thread.join().ok();
                Err(error)
            }
            Err(_) => {
                let panic = thread.join().expect_err("it sends an outcome unless it panics");
                std::panic::resume_unwind(panic)
            }
        }
    }

    fn load(&mut self) -> Result<(), StoreError> {
        self.world = load(&self.store.read()?, &self.activity)?;
        self.resume_outages()?;
        self.update_override_end();
        info!(seq = self.seq, entities = self.world.entity_count(), "Loaded the site");
        let seq = self.seq;
        if self.store.is_unjoined()? && self.assume_cross_connects()? {
            self.store.set_joined()?;
            if self.seq != seq {
                info!("Assumed the cross-connects of a site from before them");
            }
        }
        Ok(())
    }

    /// The site is loaded on the thread that keeps it: malloc keeps what a thread frees for that
    /// thread, and a restore frees one site and loads another.
    fn load_and_run(mut self, loaded: &Sender<Result<(), StoreError>>) -> EngineExit {
        // `Engine::start` waits for the outcome.
        match self.load() {
            Ok(()) => {
                loaded.send(Ok(())).ok();
                self.run()
            }
            Err(error) => {
                loaded.send(Err(error)).ok();
                EngineExit::Stopped
            }
        }
    }
}
