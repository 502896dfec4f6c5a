//! The handle through which all others use the engine.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tracing::error;
use uuid::Uuid;

use super::activity::{ActivityMonitor, EngineActivity};
use super::clock::Clock;
use super::commit::Commit;
use super::error::EngineError;
use super::metrics::EngineMetrics;
use super::volume::{DataVolume, VolumeMonitor};
use super::writer::{Engine, EngineRequest, QueuedCommand, QueuedTask};
use crate::domain::{Change, Command, Refusal, SimulatedCommand, Timestamp, World};
use crate::store::{AuditOrigin, Snapshot, Store, StoreError};

/// How long a caller waits for a place in the queue: longer than any commit takes, shorter than
/// a client's patience.
const QUEUE_TIMEOUT: Duration = Duration::from_secs(5);

/// Handle to the engine thread; clones share its channel.
#[derive(Clone)]
pub struct EngineHandle {
    pub(super) requests: mpsc::Sender<EngineRequest>,
    pub(super) commits: broadcast::Sender<Arc<Commit>>,
    pub(super) seqs: watch::Sender<u64>,
    pub(super) override_end: watch::Sender<Option<Timestamp>>,
    pub(super) store: Store,
    /// The view of the last commit, put in place before the callers of that commit are answered.
    pub(super) latest: Arc<RwLock<Arc<Snapshot>>>,
    pub(super) clock: Clock,
    pub(super) volume: VolumeMonitor,
    pub(super) activity: ActivityMonitor,
    pub(super) metrics: Arc<EngineMetrics>,
    pub(super) run_id: Uuid,
}

impl EngineHandle {
    /// Carries out a command and returns its reply once it is durable.
    ///
    /// # Errors
    /// [`EngineError`]; nothing of the command was kept then, except after
    /// [`EngineError::Stopped`], where the fsync's outcome is unknown until the restart.
    pub async fn execute<C: Command>(
        &self,
        command: C,
        origin: AuditOrigin,
    ) -> Result<C::Reply, EngineError> {
        self.submit(command, None, origin).await
    }

    /// As [`EngineHandle::execute`], for a command that was made of what is known of the past as of the
    /// commit `seq`.
    ///
    /// # Errors
    /// Also [`EngineError::PastRemoved`], when personal data was erased or the site was replaced since.
    pub async fn execute_as_of<C: Command>(
        &self,
        seq: u64,
        command: C,
        origin: AuditOrigin,
    ) -> Result<C::Reply, EngineError> {
        self.submit(command, Some(seq), origin).await
    }

    async fn submit<C: Command>(
        &self,
        command: C,
        as_of: Option<u64>,
        origin: AuditOrigin,
    ) -> Result<C::Reply, EngineError> {
        let (answer, answered) = oneshot::channel();
        let command = QueuedCommand::new(command, as_of, origin, answer);
        self.enqueue(EngineRequest::Command(command)).await?;
        self.answer(answered).await?
    }

    /// What commands would change, without changing anything.
    ///
    /// # Errors
    /// [`EngineError::Refused`] naming the first row that is refused.
    pub async fn simulate(
        &self,
        commands: Vec<SimulatedCommand>,
    ) -> Result<Vec<Change>, EngineError> {
        let total = commands.len();
        let simulated = self
            .run("a simulation", |engine| Ok(engine.world.simulate(commands, engine.clock.now())))
            .await?;
        simulated.map_err(|row| Refusal::Simulated { row: row.into(), total }.into())
    }

    /// What a command would reply, without keeping anything: the same path as
    /// [`EngineHandle::execute`].
    ///
    /// # Errors
    /// As [`EngineHandle::execute`], without the check of free disk space.
    pub async fn dry_run<C: Command>(&self, command: C) -> Result<C::Reply, EngineError> {
        let tried = self
            .run("a simulation", |engine| Ok(engine.world.dry_run(command, engine.clock.now())))
            .await?;
        tried.map_err(EngineError::Refused)
    }

    /// What `query` returns about the network as a graph, and the seq of the commit that it saw. It
    /// runs on the engine's thread, between two batches: only for questions that need the graph.
    ///
    /// # Errors
    /// [`EngineError::Panicked`] when `query` does; [`EngineError::Busy`] and
    /// [`EngineError::Stopped`].
    pub async fn inspect<T: Send + 'static>(
        &self,
        query: impl FnOnce(&World) -> T + Send + 'static,
    ) -> Result<(u64, T), EngineError> {
        self.run("an analysis of the network", |engine| {
            // It only reads: a panic leaves the world as it was.
            let result = catch_unwind(AssertUnwindSafe(|| query(&engine.world)));
            if result.is_err() {
                error!("A query of the network panicked; the line above has the location");
            }
            Ok(result.map(|value| (engine.seq, value)).map_err(|_| EngineError::Panicked))
        })
        .await?
    }

    /// Returns once the engine has carried out what was queued before.
    ///
    /// # Errors
    /// [`EngineError::Stopped`].
    pub async fn ping(&self) -> Result<(), EngineError> {
        let (answer, answered) = oneshot::channel();
        let task = QueuedTask::new("a liveness check", answer, |_| Ok(()));
        self.requests.send(EngineRequest::Task(task)).await.map_err(|_| EngineError::Stopped)?;
        self.answer(answered).await
    }

    /// What the engine is doing, without waiting for it.
    pub fn activity(&self) -> EngineActivity {
        if self.requests.is_closed() { EngineActivity::Ended } else { self.activity.activity() }
    }

    /// Whether the engine waits for requests, or works and is within the time that its step may take.
    pub fn is_alive(&self) -> bool {
        matches!(self.activity(), EngineActivity::Idle | EngineActivity::Busy(_))
    }

    /// Runs a task on the engine's thread between two batches and returns its value. An error of `run`
    /// ends the engine: memory and disk may disagree.
    ///
    /// # Errors
    /// [`EngineError::Busy`] and [`EngineError::Stopped`].
    pub(super) async fn run<T: Send + 'static>(
        &self,
        what: &'static str,
        run: impl FnOnce(&mut Engine) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, EngineError> {
        let (answer, answered) = oneshot::channel();
        self.enqueue(EngineRequest::Task(QueuedTask::new(what, answer, run))).await?;
        self.answer(answered).await
    }

    /// The answer to a request in the queue. A request that gets its place while the engine ends can be
    /// put there after the queue was emptied: no one drops it then, so its answer alone would never end.
    pub(super) async fn answer<T>(
        &self,
        mut answered: oneshot::Receiver<T>,
    ) -> Result<T, EngineError> {
        let answer = tokio::select! {
            biased;
            answer = &mut answered => answer.ok(),
            // The engine has answered or dropped what it took by the time its queue closes.
            () = self.requests.closed() => answered.try_recv().ok(),
        };
        answer.ok_or(EngineError::Stopped)
    }

    pub(super) async fn enqueue(&self, request: EngineRequest) -> Result<(), EngineError> {
        let sent = self.requests.send_timeout(request, QUEUE_TIMEOUT).await;
        sent.map_err(|error| match error {
            mpsc::error::SendTimeoutError::Timeout(_) => EngineError::Busy,
            mpsc::error::SendTimeoutError::Closed(_) => EngineError::Stopped,
        })
    }

    /// Lets the engine finish what is queued and end. Later commands return
    /// [`EngineError::Stopped`].
    pub async fn stop(&self) {
        // A closed queue means that it has ended already.
        self.requests.send(EngineRequest::Stop).await.ok();
    }

    /// A consistent view of the last commit; every acknowledged write is in it.
    pub fn read(&self) -> Arc<Snapshot> {
        // The lock is held while a pointer is copied, which cannot panic.
        Arc::clone(&self.latest.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Every commit from now on. A listener that falls behind by more than the channel holds receives
    /// an error and has to read again.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Commit>> {
        self.commits.subscribe()
    }

    /// The seq of the last commit, for listeners that read the changes elsewhere: it buffers
    /// nothing, however slow they are.
    pub fn watch_seq(&self) -> watch::Receiver<u64> {
        self.seqs.subscribe()
    }

    /// When the next override ends by itself; `None` while no override has an end.
    pub fn watch_override_end(&self) -> watch::Receiver<Option<Timestamp>> {
        self.override_end.subscribe()
    }

    /// The engine's clock.
    pub fn clock(&self) -> Clock {
        self.clock.clone()
    }

    /// The time of the engine's clock.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The site's identity, which never changes.
    pub fn site_id(&self) -> Uuid {
        self.store.site_id()
    }

    /// Drawn at each start. A store that was put back by a snapshot of the machine repeats its seqs
    /// with other content: only together with this does a seq name a state.
    pub fn run_id(&self) -> Uuid {
        self.run_id
    }

    /// The size of the store's file.
    ///
    /// # Errors
    /// When the file system does not report it.
    pub fn store_bytes(&self) -> Result<u64, StoreError> {
        self.store.file_bytes()
    }

    /// Free space on the data volume. Blocks while the volume does not answer: not for tokio's
    /// threads.
    ///
    /// # Errors
    /// When the file system does not report it.
    pub fn measure_volume(&self) -> Result<DataVolume, StoreError> {
        self.volume.measure()
    }

    /// Free space on the data volume as measured within the last second; one thread measures for all
    /// callers.
    ///
    /// # Errors
    /// [`EngineError::Volume`], also after 2 s without an answer.
    pub async fn observe_volume(&self) -> Result<DataVolume, EngineError> {
        self.volume.observe().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::EngineOptions;
    use crate::store::OpenOptions;

    /// The engine may end between the two steps of a send: the place in the queue, and the request in it.
    #[tokio::test]
    async fn a_request_that_is_queued_while_the_engine_ends_is_answered() {
        let directory = tempfile::tempdir().unwrap();
        let options = OpenOptions { cache_bytes: 1 << 20, now: Timestamp(0), site_id: None };
        let store = Store::open(directory.path(), options).unwrap();
        let clock = Clock::manual(|| Timestamp(0));
        let options = EngineOptions { min_free_bytes: 0, clock };
        let (engine, thread) = Engine::start(store, options).unwrap();
        let place = engine.requests.reserve().await.unwrap();
        engine.requests.send(EngineRequest::Stop).await.unwrap();
        thread.join().unwrap();
        let (answer, answered) = oneshot::channel();
        place.send(EngineRequest::Task(QueuedTask::new("a test", answer, |_| Ok(()))));
        let answered = tokio::time::timeout(Duration::from_secs(60), engine.answer(answered));
        assert!(matches!(answered.await, Ok(Err(EngineError::Stopped))));
    }
}
