//! The engine thread: drain, decide, commit, answer, publish.

use std::sync::{Arc, PoisonError, RwLock};
use std::thread::JoinHandle;

use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tracing::{error, info};
use uuid::Uuid;

use super::activity::{LONG_STEP, Progress, TURN};
use super::clock::Clock;
use super::commit::{AppliedCommand, Commit, CommitCause};
use super::error::EngineError;
use super::handle::{EngineHandle, Room};
use super::jobs::JobRequest;
use super::load;
use super::mirror::MirrorRequest;
use super::restore::{Restoration, Restored};
use crate::domain::{Change, Command, Decision, IdCounters, Refusal, Reply, RowRefusal, World};
use crate::store::{AuditOrigin, CommitBatch, CommitEntry, Snapshot, Store, StoreError};
use crate::util::SharedProbe;

/// Commands that may wait. With 64 concurrent writers the queue holds 64; this is room for a
/// burst before callers are slowed down.
const QUEUE_LIMIT: usize = 4096;
/// Commands in one commit: enough that the fsync is shared widely, few enough that the first one
/// does not wait for long (27 ms for 1,024).
const BATCH_COMMANDS_MAX: usize = 1024;
/// Changes after which a batch takes no further command: bounds memory and the commit's time.
const BATCH_CHANGES_MAX: usize = 50_000;
/// Commits that a listener may lag behind before it has to read again.
const PUBLISHED_COMMITS: usize = 256;
/// Room that a change may need on disk: its record, audit image, index entries and the pages
/// that copy-on-write takes around them. Measured below 1 KiB; doubled.
pub(super) const BYTES_PER_CHANGE: u64 = 2048;

pub(super) type Answer = oneshot::Sender<Result<Reply, EngineError>>;

pub(super) enum Request {
    Command { command: Command, origin: AuditOrigin, answer: Answer },
    Simulate { commands: Vec<Command>, answer: oneshot::Sender<Simulated> },
    TryOut { command: Command, answer: Answer },
    Inspect(Inspection),
    Mirror(MirrorRequest),
    Restore(Box<Restoration>, oneshot::Sender<Restored>),
    Jobs(JobRequest),
    Ping(oneshot::Sender<()>),
    Stop,
}

impl Request {
    /// Whether whoever asked for a change has gone away while it waited: a caller that gave up may have
    /// been told that nothing was done.
    fn is_abandoned(&self) -> bool {
        match self {
            Self::Command { answer, .. } | Self::TryOut { answer, .. } => answer.is_closed(),
            Self::Restore(_, answer) => answer.is_closed(),
            Self::Simulate { .. }
            | Self::Inspect(_)
            | Self::Mirror(_)
            | Self::Jobs(_)
            | Self::Ping(_)
            | Self::Stop => false,
        }
    }
}

/// What commands would change, or which of them is refused.
pub(super) type Simulated = Result<Vec<Change>, RowRefusal>;

/// Looks at the world between two batches and sends what it saw.
pub(super) type Inspection = Box<dyn FnOnce(&World, u64) + Send>;

/// What is done between two batches.
enum Question {
    Simulate { commands: Vec<Command>, answer: oneshot::Sender<Simulated> },
    TryOut { command: Command, answer: Answer },
    Inspect(Inspection),
    Mirror(MirrorRequest),
    Restore(Box<Restoration>, oneshot::Sender<Restored>),
    Jobs(JobRequest),
}

impl Question {
    /// What answering it is, for those who wait.
    fn what(&self) -> &'static str {
        match self {
            Self::Simulate { .. } | Self::TryOut { .. } => "a simulation",
            Self::Inspect(_) => "an analysis of the network",
            Self::Mirror(_) => "work for the mirror",
            Self::Restore(..) => "a restore",
            Self::Jobs(_) => "the record of a job",
        }
    }
}

/// How to run the engine.
#[derive(Clone, Debug)]
pub struct EngineOptions {
    /// Free space on the data volume below which writes are refused.
    pub min_free_bytes: u64,
    pub clock: Clock,
}

/// Why the engine ended.
#[derive(Debug)]
pub enum EngineExit {
    /// It was asked to.
    Stopped,
    /// A commit failed: memory and disk may disagree, so the process has to start again.
    Failed(StoreError),
}

/// The engine's own thread and what it owns.
pub struct Engine {
    pub(super) world: World,
    pub(super) seq: u64,
    pub(super) store: Store,
    /// What readers see; shared with every handle.
    latest: Arc<RwLock<Arc<Snapshot>>>,
    pub(super) options: EngineOptions,
    requests: mpsc::Receiver<Request>,
    commits: broadcast::Sender<Arc<Commit>>,
    seqs: watch::Sender<u64>,
    /// Tells the handles what is done now.
    pub(super) progress: Progress,
    /// Tells the handles how much room a write found.
    rooms: SharedProbe<Result<Room, String>>,
}

impl Engine {
    /// Loads the world from the store and starts the thread. It ends after [`EngineHandle::stop`], or
    /// by itself when a commit fails; the join handle tells which.
    ///
    /// # Errors
    /// When the stored site cannot be read or breaks a rule.
    pub fn start(
        store: Store,
        options: EngineOptions,
    ) -> Result<(EngineHandle, JoinHandle<EngineExit>), StoreError> {
        let snapshot = store.read()?;
        let seq = snapshot.head().seq;
        let (sender, requests) = mpsc::channel(QUEUE_LIMIT);
        let latest = Arc::new(RwLock::new(Arc::new(snapshot)));
        let (commits, _) = broadcast::channel(PUBLISHED_COMMITS);
        let (seqs, _) = watch::channel(seq);
        let progress = Progress::default();
        let handle = EngineHandle {
            requests: sender,
            commits: commits.clone(),
            seqs: seqs.clone(),
            store: store.clone(),
            latest: Arc::clone(&latest),
            min_free_bytes: options.min_free_bytes,
            clock: options.clock.clone(),
            rooms: SharedProbe::default(),
            progress: progress.clone(),
            run_id: Uuid::new_v4(),
        };
        let engine = Self {
            world: World::default(),
            seq,
            store,
            latest,
            options,
            requests,
            commits,
            seqs,
            progress,
            rooms: handle.rooms.clone(),
        };
        let (loaded, outcome) = std::sync::mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("engine".to_owned())
            .spawn(move || engine.load_and_run(&loaded))
            .map_err(|source| StoreError::Io {
                what: "cannot start a thread".to_owned(),
                source,
            })?;
        match outcome.recv() {
            Ok(Ok(())) => Ok((handle, thread)),
            Ok(Err(error)) => {
                // It lets go of the store before anyone opens it again.
                thread.join().ok();
                Err(error)
            }
            Err(_) => {
                let panicked = thread.join().expect_err("it ends without a word only by a panic");
                std::panic::resume_unwind(panicked)
            }
        }
    }

    /// The world is loaded on the thread that keeps it: malloc keeps what a thread frees for that
    /// thread, and a restore frees one world and loads another.
    fn load_and_run(
        mut self,
        loaded: &std::sync::mpsc::Sender<Result<(), StoreError>>,
    ) -> EngineExit {
        let progress = self.progress.clone();
        let world = self.store.read().and_then(|snapshot| load::load(&snapshot, &progress));
        // Whoever starts an engine waits for this.
        match world {
            Ok(world) => {
                info!(seq = self.seq, entities = world.entity_count(), "Loaded the site");
                self.world = world;
                loaded.send(Ok(())).ok();
                self.run()
            }
            Err(error) => {
                loaded.send(Err(error)).ok();
                EngineExit::Stopped
            }
        }
    }

    fn run(mut self) -> EngineExit {
        loop {
            self.progress.rest();
            let Some(first) = self.requests.blocking_recv() else { break };
            self.progress.begin("a batch of changes", TURN);
            let mut batch = Batch::new(self.world.counters());
            let mut stopping = self.take(&mut batch, first);
            while !stopping && batch.has_room() {
                let Ok(next) = self.requests.try_recv() else { break };
                stopping = self.take(&mut batch, next);
            }
            let questions = std::mem::take(&mut batch.questions);
            if let Err(failure) = self.finish(batch) {
                error!(error = %failure, "A commit failed: stopping, the service must restart");
                return EngineExit::Failed(failure);
            }
            for question in questions {
                self.progress.begin(question.what(), TURN);
                if let Err(failure) = self.answer(question) {
                    error!(error = %failure, "A write failed: stopping, the service must restart");
                    return EngineExit::Failed(failure);
                }
            }
            if stopping {
                break;
            }
        }
        EngineExit::Stopped
    }

    /// Decides a request. Returns true when it is the last one.
    fn take(&mut self, batch: &mut Batch, request: Request) -> bool {
        if request.is_abandoned() {
            return false;
        }
        match request {
            Request::Simulate { commands, answer } => {
                batch.questions.push(Question::Simulate { commands, answer });
            }
            Request::TryOut { command, answer } => {
                batch.questions.push(Question::TryOut { command, answer });
            }
            Request::Inspect(look) => batch.questions.push(Question::Inspect(look)),
            Request::Mirror(request) => batch.questions.push(Question::Mirror(request)),
            Request::Restore(wanted, answer) => {
                batch.questions.push(Question::Restore(wanted, answer));
            }
            Request::Jobs(request) => batch.questions.push(Question::Jobs(request)),
            Request::Ping(answer) => batch.pings.push(answer),
            Request::Stop => return true,
            Request::Command { command, origin, answer } => {
                let action = command.action();
                let cause = CommitCause::of(&command);
                let verdict = self.world.execute(command, self.options.clock.now());
                batch.add(Decided { action, cause, origin, answer, verdict });
            }
        }
        false
    }

    /// Answers what was asked, once the batch is durable or taken back.
    fn answer(&mut self, question: Question) -> Result<(), StoreError> {
        match question {
            Question::Simulate { commands, answer } => {
                // A caller that went away does not need its answer.
                answer.send(self.world.simulate(commands, self.options.clock.now())).ok();
            }
            Question::TryOut { command, answer } => {
                let tried = self.world.try_out(command, self.options.clock.now());
                answer.send(tried.map_err(EngineError::from)).ok();
            }
            Question::Inspect(look) => look(&self.world, self.seq),
            Question::Mirror(request) => self.serve_mirror(request)?,
            Question::Restore(wanted, answer) => {
                answer.send(self.restore(&wanted)?).ok();
            }
            Question::Jobs(request) => self.serve_jobs(request)?,
        }
        Ok(())
    }

    /// Makes a batch durable, then answers and publishes.
    fn finish(&mut self, batch: Batch) -> Result<(), StoreError> {
        let Batch { decided, pings, change_count, counters_before, .. } = batch;
        // An import may raise the counters alone: used ids must stay used after a restart.
        let is_changed = change_count > 0 || self.world.counters() != counters_before;
        if is_changed {
            if let Some(refusal) = self.lacks_room(change_count)? {
                self.refuse_all(decided, counters_before, &refusal);
                answer_pings(pings);
                return Ok(());
            }
            self.commit(&decided)?;
        }
        let mut applied = Vec::with_capacity(decided.len());
        for Decided { cause, answer, verdict, .. } in decided {
            let result = verdict.map(|Decision { reply, changes, .. }| {
                if !changes.is_empty() {
                    applied.push(AppliedCommand { cause, changes });
                }
                reply
            });
            // A caller that went away does not need its answer.
            answer.send(result.map_err(EngineError::from)).ok();
        }
        answer_pings(pings);
        if is_changed {
            let commit = Commit { seq: self.seq, at: self.options.clock.now(), applied };
            self.publish(commit);
        }
        Ok(())
    }

    fn commit(&mut self, decided: &[Decided]) -> Result<(), StoreError> {
        let entries = decided
            .iter()
            .filter(|one| !one.changes().is_empty())
            .map(|one| CommitEntry {
                action: one.action,
                origin: &one.origin,
                changes: one.changes(),
                direct_count: one.verdict.as_ref().map_or(0, |decision| decision.direct_count),
            })
            .collect();
        self.progress.step(LONG_STEP);
        self.store.commit(&CommitBatch {
            seq: self.seq + 1,
            at: self.options.clock.now(),
            counters: self.world.counters(),
            entries,
            adoption: None,
        })?;
        self.seq += 1;
        self.show_latest()
    }

    /// Lets readers see what is on disk now.
    pub(super) fn show_latest(&self) -> Result<(), StoreError> {
        let snapshot = Arc::new(self.store.read()?);
        *self.latest.write().unwrap_or_else(PoisonError::into_inner) = snapshot;
        Ok(())
    }

    pub(super) fn publish(&self, commit: Commit) {
        self.seqs.send_replace(commit.seq);
        // Without listeners there is nobody to tell.
        self.commits.send(Arc::new(commit)).ok();
    }

    /// The reason why a write of this size must not be tried, if there is one.
    pub(super) fn lacks_room(&self, change_count: usize) -> Result<Option<NoRoom>, StoreError> {
        let space = self.store.space()?;
        let min_free_bytes = self.options.min_free_bytes;
        self.rooms.record(Ok(Room { space: space.clone(), min_free_bytes }));
        let needed_bytes = min_free_bytes + change_count as u64 * BYTES_PER_CHANGE;
        Ok((space.free_bytes < needed_bytes).then_some(NoRoom { space, needed_bytes }))
    }

    /// Takes the batch's changes back and tells every caller why.
    fn refuse_all(&mut self, decided: Vec<Decided>, counters: IdCounters, reason: &NoRoom) {
        let mut answers = Vec::with_capacity(decided.len());
        let mut changes = Vec::new();
        for one in decided {
            answers.push(one.answer);
            changes.extend(one.verdict.into_iter().flat_map(|decision| decision.changes));
        }
        self.world.undo(changes, counters);
        for answer in answers {
            answer.send(Err(reason.error())).ok();
        }
    }
}

/// Whoever asked may have gone away; the engine lives either way.
fn answer_pings(pings: Vec<oneshot::Sender<()>>) {
    for ping in pings {
        ping.send(()).ok();
    }
}

pub(super) struct NoRoom {
    pub(super) space: crate::store::Space,
    needed_bytes: u64,
}

impl NoRoom {
    /// What a caller is told.
    pub(super) fn error(&self) -> EngineError {
        EngineError::ReadOnly { space: self.space.clone(), needed_bytes: self.needed_bytes }
    }
}

/// One command after its decision, waiting for the commit.
struct Decided {
    action: &'static str,
    cause: CommitCause,
    origin: AuditOrigin,
    answer: Answer,
    verdict: Result<Decision, Refusal>,
}

impl Decided {
    fn changes(&self) -> &[Change] {
        self.verdict.as_ref().map_or(&[], |decision| &decision.changes)
    }
}

/// The commands of one commit.
struct Batch {
    decided: Vec<Decided>,
    pings: Vec<oneshot::Sender<()>>,
    /// To be answered from the state that the batch leaves behind.
    questions: Vec<Question>,
    change_count: usize,
    /// To return to when the batch is refused as a whole.
    counters_before: IdCounters,
}

impl Batch {
    fn new(counters_before: IdCounters) -> Self {
        Self {
            decided: Vec::new(),
            pings: Vec::new(),
            questions: Vec::new(),
            change_count: 0,
            counters_before,
        }
    }

    fn has_room(&self) -> bool {
        self.decided.len() < BATCH_COMMANDS_MAX && self.change_count < BATCH_CHANGES_MAX
    }

    fn add(&mut self, decided: Decided) {
        self.change_count += decided.changes().len();
        self.decided.push(decided);
    }
}
