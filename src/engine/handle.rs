//! How everybody else asks the engine and listens to it.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::{broadcast, mpsc, oneshot, watch};
use uuid::Uuid;

use super::clock::Clock;
use super::commit::Commit;
use super::error::EngineError;
use super::writer::{BYTES_PER_CHANGE, Request};
use crate::domain::{Change, Command, Refusal, Reply, Timestamp, World};
use crate::store::{AuditOrigin, Snapshot, Space, Store, StoreError};

/// How long a caller waits for a place in the queue: longer than any commit takes, shorter than
/// a client's patience.
const QUEUE_WAIT: Duration = Duration::from_secs(5);
/// Room for an ordinary command above what is kept free: an ODF with its 48 ports makes 49 changes.
/// Without it most writes are refused, whatever a smaller one might still get.
const ORDINARY_WRITE_BYTES: u64 = 64 * BYTES_PER_CHANGE;

/// A way to the engine. Cheap to clone.
#[derive(Clone)]
pub struct Handle {
    pub(super) requests: mpsc::Sender<Request>,
    pub(super) commits: broadcast::Sender<Arc<Commit>>,
    pub(super) seqs: watch::Sender<u64>,
    pub(super) store: Store,
    /// The view of the last commit, put in place before the callers of that commit are answered.
    pub(super) latest: Arc<RwLock<Arc<Snapshot>>>,
    pub(super) min_free_bytes: u64,
    pub(super) clock: Clock,
}

/// Room on the data volume, and whether it suffices for writing.
#[derive(Clone, Debug)]
pub struct Room {
    pub space: Space,
    /// Below this the store is read-only.
    pub min_free_bytes: u64,
}

impl Room {
    pub fn is_writable(&self) -> bool {
        self.space.free_bytes >= self.min_free_bytes + ORDINARY_WRITE_BYTES
    }
}

impl Handle {
    /// Carries a command out and returns after it is durable.
    ///
    /// # Errors
    /// [`EngineError`]; nothing of the command was kept then, except after
    /// [`EngineError::Stopped`], where the fsync's outcome is unknown until the restart.
    pub async fn submit(
        &self,
        command: Command,
        origin: AuditOrigin,
    ) -> Result<Reply, EngineError> {
        let (answer, answered) = oneshot::channel();
        self.enqueue(Request::Command { command, origin, answer }).await?;
        answered.await.unwrap_or(Err(EngineError::Stopped))
    }

    /// What commands would change, without changing anything.
    ///
    /// # Errors
    /// [`EngineError::Refused`] naming the first row that is refused.
    pub async fn simulate(&self, commands: Vec<Command>) -> Result<Vec<Change>, EngineError> {
        let total = commands.len();
        let (answer, answered) = oneshot::channel();
        self.enqueue(Request::Simulate { commands, answer }).await?;
        let simulated = answered.await.map_err(|_| EngineError::Stopped)?;
        simulated.map_err(|row| EngineError::Refused(Refusal::Rows { rows: vec![row], total }))
    }

    /// What `look` makes of the network as a graph. It runs on the engine's thread, between two
    /// batches: for questions that need the graph, and only for those.
    pub async fn inspect<T: Send + 'static>(
        &self,
        look: impl FnOnce(&World) -> T + Send + 'static,
    ) -> Result<T, EngineError> {
        let (answer, answered) = oneshot::channel();
        let inspection = Box::new(move |world: &World| {
            answer.send(look(world)).ok();
        });
        self.enqueue(Request::Inspect(inspection)).await?;
        answered.await.map_err(|_| EngineError::Stopped)
    }

    /// Returns once the engine has worked through what was queued before: proof that it lives.
    pub async fn ping(&self) -> Result<(), EngineError> {
        let (answer, answered) = oneshot::channel();
        self.requests.send(Request::Ping(answer)).await.map_err(|_| EngineError::Stopped)?;
        answered.await.map_err(|_| EngineError::Stopped)
    }

    pub(super) async fn enqueue(&self, request: Request) -> Result<(), EngineError> {
        let sent = self.requests.send_timeout(request, QUEUE_WAIT).await;
        sent.map_err(|error| match error {
            mpsc::error::SendTimeoutError::Timeout(_) => EngineError::Busy,
            mpsc::error::SendTimeoutError::Closed(_) => EngineError::Stopped,
        })
    }

    /// Lets the engine finish what is queued and end. Later commands answer `Stopped`.
    pub async fn stop(&self) {
        // A closed queue means that it has ended already.
        self.requests.send(Request::Stop).await.ok();
    }

    /// A consistent view of the last commit; every answered write is in it.
    pub fn read(&self) -> Arc<Snapshot> {
        // The lock is held for a pointer's copy; nobody can panic meanwhile.
        Arc::clone(&self.latest.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Every commit from now on. A listener that falls behind by more than the channel holds is
    /// told so and has to read again.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Commit>> {
        self.commits.subscribe()
    }

    /// The seq of the last commit, for listeners that read what changed elsewhere: it holds
    /// nothing back, however slow they are.
    pub fn watch_seq(&self) -> watch::Receiver<u64> {
        self.seqs.subscribe()
    }

    /// The clock that the engine goes by.
    pub fn clock(&self) -> Clock {
        self.clock.clone()
    }

    /// The time by the engine's clock.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The identity that this site keeps for life.
    pub fn site_id(&self) -> Uuid {
        self.store.site_id()
    }

    /// What the store takes on disk.
    pub fn store_bytes(&self) -> Result<u64, StoreError> {
        self.store.file_bytes()
    }

    /// Room on the data volume.
    pub fn room(&self) -> Result<Room, StoreError> {
        Ok(Room { space: self.store.space()?, min_free_bytes: self.min_free_bytes })
    }
}
