//! How everybody else asks the engine and listens to it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tracing::error;
use uuid::Uuid;

use super::activity::{EngineActivity, Progress};
use super::clock::Clock;
use super::commit::Commit;
use super::error::EngineError;
use super::writer::{BYTES_PER_CHANGE, Request};
use crate::domain::{Change, Command, Refusal, Reply, Timestamp, World};
use crate::store::{AuditOrigin, Snapshot, Space, Store, StoreError};
use crate::util::{BlockingError, Observation, SharedProbe};

/// How long a caller waits for a place in the queue: longer than any commit takes, shorter than
/// a client's patience.
const QUEUE_WAIT: Duration = Duration::from_secs(5);
/// How long the data volume may take to tell its free space: a system call of a microsecond.
const ROOM_WAIT: Duration = Duration::from_secs(2);
/// How old the room that is told may be: a monitoring agent asks less often, and a benchmark makes one
/// look a second. What a write found is told at once.
const ROOM_AGE_MAX: Duration = Duration::from_secs(1);
/// Room for an ordinary command above what is kept free: an ODF with its 48 ports makes 49 changes.
/// Without it most writes are refused, whatever a smaller one might still get.
const ORDINARY_WRITE_BYTES: u64 = 64 * BYTES_PER_CHANGE;

/// A way to the engine. Cheap to clone.
#[derive(Clone)]
pub struct EngineHandle {
    pub(super) requests: mpsc::Sender<Request>,
    pub(super) commits: broadcast::Sender<Arc<Commit>>,
    pub(super) seqs: watch::Sender<u64>,
    pub(super) store: Store,
    /// The view of the last commit, put in place before the callers of that commit are answered.
    pub(super) latest: Arc<RwLock<Arc<Snapshot>>>,
    pub(super) min_free_bytes: u64,
    pub(super) clock: Clock,
    /// Looks at the data volume, which may hang.
    pub(super) rooms: SharedProbe<Result<Room, String>>,
    /// What the engine does now.
    pub(super) progress: Progress,
    pub(super) run_id: Uuid,
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

impl EngineHandle {
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
        Self::answer(answered).await?
    }

    /// What commands would change, without changing anything.
    ///
    /// # Errors
    /// [`EngineError::Refused`] naming the first row that is refused.
    pub async fn simulate(&self, commands: Vec<Command>) -> Result<Vec<Change>, EngineError> {
        let total = commands.len();
        let (answer, answered) = oneshot::channel();
        self.enqueue(Request::Simulate { commands, answer }).await?;
        let simulated = Self::answer(answered).await?;
        simulated.map_err(|row| EngineError::Refused(Refusal::Rows { rows: vec![row], total }))
    }

    /// What a command would answer, without keeping anything: the same path as [`EngineHandle::submit`].
    ///
    /// # Errors
    /// What [`EngineHandle::submit`] would answer, but for the room on disk.
    pub async fn try_out(&self, command: Command) -> Result<Reply, EngineError> {
        let (answer, answered) = oneshot::channel();
        self.enqueue(Request::TryOut { command, answer }).await?;
        Self::answer(answered).await?
    }

    /// What `look` makes of the network as a graph, and the seq of the commit that it saw. It runs
    /// on the engine's thread, between two batches: for questions that need the graph, and only for
    /// those.
    pub async fn inspect<T: Send + 'static>(
        &self,
        look: impl FnOnce(&World) -> T + Send + 'static,
    ) -> Result<(u64, T), EngineError> {
        let (answer, answered) = oneshot::channel();
        let inspection = Box::new(move |world: &World, seq: u64| {
            // It only looks: what it left half done is its own.
            let seen = catch_unwind(AssertUnwindSafe(|| look(world)));
            if seen.is_err() {
                error!("A query of the network panicked; the line above has the location");
            }
            answer.send(seen.map(|seen| (seq, seen)).map_err(|_| EngineError::Panicked)).ok();
        });
        self.enqueue(Request::Inspect(inspection)).await?;
        Self::answer(answered).await?
    }

    /// Returns once the engine has worked through what was queued before: proof that it lives.
    pub async fn ping(&self) -> Result<(), EngineError> {
        let (answer, answered) = oneshot::channel();
        self.requests.send(Request::Ping(answer)).await.map_err(|_| EngineError::Stopped)?;
        Self::answer(answered).await
    }

    /// What the engine does now, without asking it.
    pub fn activity(&self) -> EngineActivity {
        if self.requests.is_closed() { EngineActivity::Ended } else { self.progress.activity() }
    }

    /// Whether the engine waits for work, or works on something, such as a restore, and has not taken
    /// longer than that may.
    pub fn is_alive(&self) -> bool {
        matches!(self.activity(), EngineActivity::Idle | EngineActivity::Busy(_))
    }

    /// Waits for an answer. The engine drops one only when it ends, a moment before its queue closes.
    pub(super) async fn answer<T>(answered: oneshot::Receiver<T>) -> Result<T, EngineError> {
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

    /// Drawn at each start. A store that was put back by a snapshot of the machine repeats its seqs
    /// with other content: only together with this does a seq name a state.
    pub fn run_id(&self) -> Uuid {
        self.run_id
    }

    /// What the store takes on disk.
    pub fn store_bytes(&self) -> Result<u64, StoreError> {
        self.store.file_bytes()
    }

    /// Room on the data volume. Blocks while the volume does not answer: not for tokio's threads.
    pub fn room(&self) -> Result<Room, StoreError> {
        Ok(Room { space: self.store.space()?, min_free_bytes: self.min_free_bytes })
    }

    /// The same for those who serve, up to a second old: one thread looks for all who ask.
    ///
    /// # Errors
    /// [`EngineError::Volume`], also when there is no answer within 2 s.
    pub async fn observe_room(&self) -> Result<Room, EngineError> {
        let handle = self.clone();
        let look = move || handle.room().map_err(|error| error.to_string());
        let seen = match self.rooms.latest(ROOM_AGE_MAX) {
            Some(seen) => Ok(seen),
            None => self.rooms.run(ROOM_WAIT, look).await,
        };
        let what = match seen {
            Ok(Observation { value, is_fresh: true, .. }) => match value.as_ref() {
                Ok(room) => return Ok(room.clone()),
                Err(error) => error.clone(),
            },
            Ok(_) => BlockingError::TimedOut.to_string(),
            Err(error) => error.to_string(),
        };
        Err(EngineError::Volume { directory: self.store.directory().to_owned(), what })
    }
}
