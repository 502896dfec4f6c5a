//! The engine thread: drain, decide, commit, answer, publish.

use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio::time::Instant;
use tracing::error;

use super::activity::{ActivityMonitor, LONG_STEP_TIME_MAX};
use super::clock::Clock;
use super::commit::{AppliedCommand, Commit, CommitCause};
use super::error::EngineError;
use super::metrics::EngineMetrics;
use super::volume::{LowSpace, VolumeMonitor};
use crate::domain::{
    AssumeCrossConnects, Change, Command, CommandKind, Decision, DeviceId, IdCounters,
    OutageTracker, Timestamp, World,
};
use crate::store::{
    AuditEvent, AuditOrigin, CommitBatch, CommitEntry, Snapshot, Store, StoreError,
};
use crate::util::metrics::float;

/// Commands in one commit: enough that the fsync is shared widely, few enough that the first one
/// does not wait for long (27 ms for 1,024).
const BATCH_COMMANDS_MAX: usize = 1024;
/// Changes after which a batch takes no further command: bounds memory and the commit's time.
const BATCH_CHANGES_MAX: usize = 50_000;

/// What a handle sends to the engine.
pub(super) enum EngineRequest {
    Command(QueuedCommand),
    Event(QueuedEvent),
    Task(QueuedTask),
    /// The last request: the engine finishes its batch and ends.
    Stop,
}

/// A command that is decided in the batch that takes it, and answered after that batch's commit.
pub(super) struct QueuedCommand {
    decide: DecideFunction,
    queued_at: Instant,
}

/// A function, so that commands with different replies wait in one queue. Its last argument is
/// [`Engine::past_removed_at`]. `None` when the caller stopped waiting.
type DecideFunction = Box<dyn FnOnce(&mut World, Timestamp, u64) -> Option<DecidedCommand> + Send>;

impl QueuedCommand {
    /// Sends the command's reply to `answer`. It is not carried out when the caller stopped waiting: it
    /// may have reported that nothing was done. `as_of` is the commit of a past that it was made of.
    pub(super) fn new<C: Command>(
        command: C,
        as_of: Option<u64>,
        origin: AuditOrigin,
        answer: oneshot::Sender<Result<C::Reply, EngineError>>,
    ) -> Self {
        let decide = Box::new(move |world: &mut World, now: Timestamp, past_removed_at: u64| {
            if answer.is_closed() {
                return None;
            }
            let kind = command.kind();
            let undone_ids = command.undone_rows().to_vec();
            let mut erased = command.erased().to_vec();
            let decision = if as_of.is_some_and(|seq| seq < past_removed_at) {
                Err(EngineError::PastRemoved)
            } else {
                world.execute(command, now).map_err(EngineError::from)
            };
            let (result, changes, direct_count) = match decision {
                Ok(Decision { reply, changes, direct_count }) => (Ok(reply), changes, direct_count),
                Err(error) => {
                    erased.clear();
                    (Err(error), Vec::new(), 0)
                }
            };
            let answer = Box::new(move |committed: Result<(), EngineError>| {
                // A caller that went away does not need its answer.
                answer.send(committed.and(result)).ok();
            });
            Some(DecidedCommand { kind, origin, changes, direct_count, undone_ids, erased, answer })
        });
        Self { decide, queued_at: Instant::now() }
    }
}

/// Something to record that is no command; it is committed with the batch that takes it.
pub(super) struct QueuedEvent {
    pub(super) event: AuditEvent,
    /// Learns whether it is durable.
    pub(super) answer: oneshot::Sender<Result<(), EngineError>>,
}

impl QueuedEvent {
    fn settle(self, outcome: Result<(), EngineError>) {
        // The caller may have stopped waiting.
        self.answer.send(outcome).ok();
    }
}

/// Runs on the engine's thread between two batches: what it sees in memory is on disk.
pub(super) struct QueuedTask {
    /// A noun for [`super::EngineTask::what`].
    what: &'static str,
    run: TaskFunction,
}

type TaskFunction = Box<dyn FnOnce(&mut Engine) -> Result<(), StoreError> + Send>;

impl QueuedTask {
    /// Sends what `run` returns to `answer`. It does not run when the caller stopped waiting: it may have
    /// reported that nothing was done. An error of `run` ends the engine.
    pub(super) fn new<T: Send + 'static>(
        what: &'static str,
        answer: oneshot::Sender<T>,
        run: impl FnOnce(&mut Engine) -> Result<T, StoreError> + Send + 'static,
    ) -> Self {
        let run = Box::new(move |engine: &mut Engine| {
            if !answer.is_closed() {
                let value = run(engine)?;
                // The caller may have stopped waiting meanwhile.
                answer.send(value).ok();
            }
            Ok(())
        });
        Self { what, run }
    }
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
    /// Of the last commit.
    pub(super) seq: u64,
    pub(super) store: Store,
    pub(super) clock: Clock,
    /// The view of the last commit; shared with every handle.
    pub(super) latest: Arc<RwLock<Arc<Snapshot>>>,
    pub(super) requests: mpsc::Receiver<EngineRequest>,
    pub(super) commits: broadcast::Sender<Arc<Commit>>,
    pub(super) seqs: watch::Sender<u64>,
    /// When the next override ends; shared with every handle.
    pub(super) override_end: watch::Sender<Option<Timestamp>>,
    pub(super) activity: ActivityMonitor,
    /// Shared with every handle, which reads it.
    pub(super) metrics: Arc<EngineMetrics>,
    pub(super) volume: VolumeMonitor,
    pub(super) outages: OutageTracker,
    /// The last commit that erased personal data or replaced the site: what was read of the time before
    /// must not come back.
    pub(super) past_removed_at: u64,
}

impl Engine {
    /// Assumes the cross-connects of a site from before them. Returns false when the volume has no room;
    /// the next start tries again.
    pub(super) fn assume_cross_connects(&mut self) -> Result<bool, StoreError> {
        let (answer, mut answered) = oneshot::channel();
        let origin = AuditOrigin::local("start-up");
        let command = QueuedCommand::new(AssumeCrossConnects, None, origin, answer);
        let mut batch = self.new_batch();
        self.take(&mut batch, EngineRequest::Command(command));
        self.finish(batch)?;
        Ok(answered.try_recv().is_ok_and(|outcome| outcome.is_ok()))
    }

    /// Serves requests until the last one, or until a write fails.
    pub(super) fn run(mut self) -> EngineExit {
        loop {
            self.activity.end_task();
            let Some(first) = self.requests.blocking_recv() else { break };
            self.activity.start_task("a batch of changes");
            let mut batch = self.new_batch();
            let mut is_stopping = self.take(&mut batch, first);
            while !is_stopping && batch.has_room() {
                let Ok(next) = self.requests.try_recv() else { break };
                is_stopping = self.take(&mut batch, next);
            }
            let tasks = std::mem::take(&mut batch.tasks);
            if let Err(failure) = self.finish(batch) {
                error!(error = %failure, "A commit failed: stopping, the service must restart");
                return EngineExit::Failed(failure);
            }
            for QueuedTask { what, run } in tasks {
                self.activity.start_task(what);
                if let Err(failure) = run(&mut self) {
                    error!(error = %failure, "A write failed: stopping, the service must restart");
                    return EngineExit::Failed(failure);
                }
            }
            if is_stopping {
                break;
            }
        }
        EngineExit::Stopped
    }

    fn new_batch(&self) -> Batch {
        Batch {
            commands: Vec::new(),
            events: Vec::new(),
            tasks: Vec::new(),
            change_count: 0,
            begun_at: Instant::now(),
            counters_before: self.world.counters(),
            past_removed_before: self.past_removed_at,
        }
    }

    /// Adds a request to the batch, deciding a command at once. Returns true after the last one.
    fn take(&mut self, batch: &mut Batch, request: EngineRequest) -> bool {
        match request {
            EngineRequest::Command(QueuedCommand { decide, queued_at }) => {
                self.metrics.queue_wait.observe_duration(queued_at.elapsed());
                let now = self.clock.now();
                if let Some(decided) = decide(&mut self.world, now, self.past_removed_at) {
                    if decided.removes_past() {
                        self.past_removed_at = self.seq + 1;
                    }
                    batch.add(decided);
                }
            }
            EngineRequest::Event(event) => batch.events.push(event),
            EngineRequest::Task(task) => batch.tasks.push(task),
            EngineRequest::Stop => return true,
        }
        false
    }

    /// Makes a batch durable, then answers and publishes.
    fn finish(&mut self, batch: Batch) -> Result<(), StoreError> {
        let Batch {
            commands,
            events,
            change_count,
            begun_at,
            counters_before,
            past_removed_before,
            ..
        } = batch;
        if !commands.is_empty() {
            self.metrics.batch_commands.observe(float(commands.len() as u64));
            self.metrics.execute.observe_duration(begun_at.elapsed());
        }
        // An import may raise the counters alone: used ids must stay used after a restart.
        let is_changed = change_count > 0
            || self.world.counters() != counters_before
            || commands.iter().any(DecidedCommand::is_recorded);
        if is_changed {
            if let Err(low_space) = self.volume.check_space(change_count)? {
                self.past_removed_at = past_removed_before;
                self.refuse_all(commands, counters_before, &low_space);
                return self.record(events);
            }
            self.commit(&commands, &events)?;
            events.into_iter().for_each(|event| event.settle(Ok(())));
        } else {
            self.record(events)?;
        }
        let mut applied = Vec::with_capacity(commands.len());
        for DecidedCommand { kind, changes, answer, .. } in commands {
            if !changes.is_empty() {
                applied.push(AppliedCommand { cause: CommitCause::of(kind), changes });
            }
            answer(Ok(()));
        }
        if is_changed {
            self.publish(self.clock.now(), applied);
        }
        Ok(())
    }

    /// Makes events durable without a new seq. They may use half of the space that is kept free, as
    /// incidents do: what happens on a full volume is worth knowing.
    fn record(&mut self, events: Vec<QueuedEvent>) -> Result<(), StoreError> {
        if events.is_empty() {
            return Ok(());
        }
        if let Err(low_space) = self.volume.check_reserve(events.len())? {
            events.into_iter().for_each(|event| event.settle(Err((&low_space).into())));
            return Ok(());
        }
        let rows: Vec<&AuditEvent> = events.iter().map(|queued| &queued.event).collect();
        self.store.record_events(&rows, self.clock.now())?;
        // Nobody waits for them: the mirror sends them with the next changes, or with its next heartbeat.
        self.update_snapshot()?;
        events.into_iter().for_each(|event| event.settle(Ok(())));
        Ok(())
    }

    fn commit(
        &mut self,
        commands: &[DecidedCommand],
        events: &[QueuedEvent],
    ) -> Result<(), StoreError> {
        let entries = commands
            .iter()
            .filter(|command| command.is_recorded())
            .map(|command| CommitEntry {
                action: command.kind.action(),
                origin: &command.origin,
                details: "",
                changes: &command.changes,
                direct_count: command.direct_count,
                undone_ids: &command.undone_ids,
                erased: &command.erased,
            })
            .collect();
        let at = self.clock.now();
        let changes = commands.iter().flat_map(|command| &command.changes);
        let outages = self.outages.follow(changes, at);
        self.activity.start_step(LONG_STEP_TIME_MAX);
        let begun = Instant::now();
        self.store.commit(&CommitBatch {
            seq: self.seq + 1,
            at,
            counters: self.world.counters(),
            entries,
            events: events.iter().map(|queued| &queued.event).collect(),
            outages,
            adoption: None,
        })?;
        self.metrics.commit.observe_duration(begun.elapsed());
        self.seq += 1;
        self.update_snapshot()
    }

    /// Lets readers see what is on disk now.
    pub(super) fn update_snapshot(&self) -> Result<(), StoreError> {
        self.update_override_end();
        let snapshot = Arc::new(self.store.read()?);
        *self.latest.write().unwrap_or_else(PoisonError::into_inner) = snapshot;
        Ok(())
    }

    /// Lets readers see rows of the audit trail that belong to no command, and the mirror send them.
    pub(super) fn publish_rows(&self) -> Result<(), StoreError> {
        self.update_snapshot()?;
        self.seqs.send_replace(self.seq);
        Ok(())
    }

    pub(super) fn update_override_end(&self) {
        let next = self.world.next_override_end();
        self.override_end.send_if_modified(|end| std::mem::replace(end, next) != next);
    }

    pub(super) fn publish(&self, at: Timestamp, applied: Vec<AppliedCommand>) {
        self.seqs.send_replace(self.seq);
        let commit = Commit { seq: self.seq, at, published: Instant::now(), applied };
        // There may be no listener.
        self.commits.send(Arc::new(commit)).ok();
    }

    /// Takes the batch's changes back and tells every caller why.
    fn refuse_all(
        &mut self,
        commands: Vec<DecidedCommand>,
        counters: IdCounters,
        low_space: &LowSpace,
    ) {
        let mut answers = Vec::with_capacity(commands.len());
        let mut changes = Vec::new();
        for command in commands {
            answers.push(command.answer);
            changes.extend(command.changes);
        }
        self.world.undo(changes, counters);
        for answer in answers {
            answer(Err(low_space.into()));
        }
    }
}

/// One command after its decision, waiting for the commit.
struct DecidedCommand {
    kind: CommandKind,
    origin: AuditOrigin,
    /// Empty for a refused command.
    changes: Vec<Change>,
    direct_count: usize,
    /// The audit rows that it undoes.
    undone_ids: Vec<u64>,
    /// Devices whose personal data is erased in the audit trail, even where the site has none.
    erased: Vec<DeviceId>,
    /// Sends the caller its reply or refusal, or the error of the batch.
    answer: Box<dyn FnOnce(Result<(), EngineError>) + Send>,
}

impl DecidedCommand {
    /// Whether it gets a row in the audit trail.
    fn is_recorded(&self) -> bool {
        !self.changes.is_empty() || !self.erased.is_empty()
    }

    /// Whether what was before must not come back.
    fn removes_past(&self) -> bool {
        !self.erased.is_empty() || (!self.changes.is_empty() && self.kind.replaces_site())
    }
}

/// The commands of one commit, and the tasks that follow it.
struct Batch {
    commands: Vec<DecidedCommand>,
    events: Vec<QueuedEvent>,
    tasks: Vec<QueuedTask>,
    change_count: usize,
    begun_at: Instant,
    /// To return to when the batch is refused as a whole.
    counters_before: IdCounters,
    past_removed_before: u64,
}

impl Batch {
    fn has_room(&self) -> bool {
        self.commands.len() + self.events.len() < BATCH_COMMANDS_MAX
            && self.change_count < BATCH_CHANGES_MAX
    }

    fn add(&mut self, command: DecidedCommand) {
        self.change_count += command.changes.len();
        self.commands.push(command);
    }
}
