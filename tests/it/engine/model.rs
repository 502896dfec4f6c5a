//! Random commands through the engine to the disk and back, compared with the oracle.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use futures_util::future::join_all;
use proptest::prelude::*;
use tokio::sync::broadcast::Receiver;
use unoc::domain::{
    Change, CommandKind, CreateDevice, DeleteLink, Device, DeviceId, DeviceType, Edit, EntityKey,
    EntityKind, IdCounters, InterfaceId, Lifecycle, LinkId, Name, NewDevice, Optics, Position,
    ReplaceSite, Site, Timestamp,
};
use unoc::engine::{
    Clock, Commit, CommitCause, Engine, EngineError, EngineExit, EngineHandle, EngineOptions,
};
use unoc::store::{
    AUDIT_DERIVED_IMAGES_MAX as DERIVED_MAX, AuditEntry, AuditImage, AuditOrigin, AuditOutcome,
    BLOCK_SIZE, DirectCounts, LastCommit, MirrorState, OpenOptions, STORE_FILE, Store,
};
use uuid::Uuid;

use crate::domain::model::{Pair, Step, assert_same};
use crate::harness::answer::{Answer, Refused};
use crate::harness::any_command::AnyCommand;
use crate::harness::cases;
use crate::harness::commands::time;
use crate::harness::content::{Content, restore};
use crate::harness::oracle::Oracle;

/// Cases by default; they take some 15 s unoptimised.
const CASES: u32 = 48;

proptest! {
    #![proptest_config(cases::config(CASES))]

    /// A burst is submitted at once; an empty one restarts the engine.
    #[test]
    fn the_engine_keeps_on_disk_what_the_rules_say(
        bursts in prop::collection::vec(prop::collection::vec(cases::seed(), 0..8), 1..24),
    ) {
        run(&bursts);
    }
}

/// Far longer than any commit takes.
const DEADLINE: Duration = Duration::from_secs(30);

/// A store and an engine in a real directory.
struct Rig {
    directory: tempfile::TempDir,
    clock: Arc<AtomicI64>,
    runtime: tokio::runtime::Runtime,
    running: Option<Running>,
}

struct Running {
    handle: EngineHandle,
    thread: JoinHandle<EngineExit>,
    commits: Receiver<Arc<Commit>>,
}

impl Rig {
    fn new() -> Self {
        let mut rig = Self {
            directory: tempfile::tempdir().expect("a temporary directory"),
            clock: Arc::new(AtomicI64::new(time(0).0)),
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .build()
                .expect("a runtime"),
            running: None,
        };
        rig.start(0);
        rig
    }

    fn start(&mut self, min_free_bytes: u64) {
        let options = OpenOptions { cache_bytes: 1 << 20, now: time(0), site_id: None };
        let store = Store::open(self.directory.path(), options).expect("nobody else holds it");
        let clock = Arc::clone(&self.clock);
        let clock = Clock::manual(move || Timestamp(clock.load(Ordering::SeqCst)));
        let options = EngineOptions { min_free_bytes, clock };
        let (handle, thread) = Engine::start(store, options).expect("the stored site is whole");
        let commits = handle.subscribe();
        // Entities are marked dirty for a mirror only.
        let mirror = MirrorState {
            instance_id: Uuid::nil(),
            session_id: Uuid::nil(),
            epoch: 1,
            acknowledged_seq: 0,
            adopted: None,
        };
        self.runtime.block_on(handle.set_mirror(mirror)).expect("the engine runs");
        self.running = Some(Running { handle, thread, commits });
    }

    fn running(&mut self) -> &mut Running {
        self.running.as_mut().expect("the engine runs")
    }

    /// Ends the engine and closes the file.
    fn stop(&mut self) {
        let Running { handle, thread, commits } = self.running.take().expect("the engine runs");
        self.runtime.block_on(handle.stop());
        drop(commits);
        assert!(matches!(thread.join(), Ok(EngineExit::Stopped)));
        let late = handle.execute(DeleteLink(LinkId(1)), AuditOrigin::default());
        let late = self.runtime.block_on(late);
        assert!(matches!(late, Err(EngineError::Stopped)), "{late:?}");
    }

    fn restart(&mut self) {
        self.stop();
        self.start(0);
    }

    /// Queues all commands at once, in order.
    fn submit(&mut self, commands: Vec<(AnyCommand, AuditOrigin)>) -> Vec<Submitted> {
        let handle = self.running().handle.clone();
        let answers =
            join_all(commands.into_iter().map(|(command, origin)| command.submit(&handle, origin)));
        self.runtime
            .block_on(async { tokio::time::timeout(DEADLINE, answers).await })
            .expect("the engine answers")
    }

    fn next_commit(&mut self) -> Arc<Commit> {
        let running = self.running.as_mut().expect("the engine runs");
        self.runtime
            .block_on(async { tokio::time::timeout(DEADLINE, running.commits.recv()).await })
            .expect("the engine publishes")
            .expect("the listener keeps up")
    }

    fn content(&mut self) -> Content {
        let snapshot = self.running().handle.read();
        Content::read(&snapshot).expect("the store can be read")
    }
}

type Submitted = Result<Answer, EngineError>;

/// What must be on disk beside the entities.
#[derive(Default)]
struct Expected {
    seq: u64,
    committed_at: Timestamp,
    commands: u64,
    audit: Vec<AuditEntry>,
    /// Seq of the last change of each entity that was ever touched.
    touched: BTreeMap<EntityKey, u64>,
}

pub(super) fn run(bursts: &[Vec<u64>]) {
    let mut rig = Rig::new();
    let mut pair = Pair::default();
    let mut expected = Expected::default();
    for burst in bursts {
        rig.clock.store(pair.now().0, Ordering::SeqCst);
        if burst.is_empty() {
            check(&rig.content(), &pair.oracle, &expected);
            rig.restart();
        }
        let steps: Vec<Step> = burst.iter().map(|seed| pair.step(*seed)).collect();
        play(&mut rig, &steps, &mut expected, pair.now());
        pair.tick();
    }
    let content = rig.content();
    check(&content, &pair.oracle, &expected);
    check_queries(&mut rig, &pair.oracle);
    rig.stop();
    check_dirty(rig.directory.path(), &expected);
    rig.start(0);
    assert_eq!(rig.content(), content, "after closing and opening");
    let last = DeleteLink(LinkId(0)).into();
    assert_same(&restore(content.site()), &pair.oracle, &last);
    assert_same(&pair.world, &pair.oracle, &last);
    rig.stop();
}

/// Submits a burst and compares answers and published commits with the steps.
fn play(rig: &mut Rig, steps: &[Step], expected: &mut Expected, now: Timestamp) {
    let mut origins = Vec::with_capacity(steps.len());
    for _ in steps {
        expected.commands += 1;
        let request_id = format!("request {}", expected.commands);
        origins.push(AuditOrigin { request_id, ..AuditOrigin::local("model") });
    }
    let commands = steps.iter().map(|step| step.command.clone()).zip(origins.clone()).collect();
    for (submitted, step) in rig.submit(commands).into_iter().zip(steps) {
        let outcome = match submitted {
            Ok(answer) => Ok(answer),
            Err(EngineError::Refused(refusal)) => Err(Refused::from(&refusal)),
            Err(other) => panic!("{other} for {:?}", step.command),
        };
        assert_eq!(outcome, step.outcome, "the engine's answer to {:?}", step.command);
    }
    // Answers are sent after the commit, and commits are published after the answers.
    let durable = rig.running().handle.read().seq();
    let raises_counters = |step: &Step| step.command.kind() == CommandKind::ReplaceSite;
    let mut waiting = steps.iter().zip(origins).filter(|(step, _)| !step.changes.is_empty());
    while expected.seq < durable {
        let commit = rig.next_commit();
        assert_eq!((commit.seq, commit.at), (expected.seq + 1, now));
        let is_empty = commit.applied.is_empty();
        assert!(!is_empty || steps.iter().any(raises_counters), "commit {} is empty", commit.seq);
        expected.seq = commit.seq;
        expected.committed_at = now;
        for applied in &commit.applied {
            let (step, origin) = waiting.next().expect("nothing else was submitted");
            assert_eq!(applied.changes, step.changes, "published for {:?}", step.command);
            assert_eq!(applied.cause, cause(&step.command));
            expected.note(step, origin, now);
        }
    }
    assert!(waiting.next().is_none(), "an acknowledged command is in no commit");
}

fn cause(command: &AnyCommand) -> CommitCause {
    match command.kind() {
        CommandKind::ProvisionDevice | CommandKind::ProvisionDevices => CommitCause::Provision,
        CommandKind::ReseedSite | CommandKind::ReplaceSite => CommitCause::Reset,
        _ => CommitCause::Other,
    }
}

impl Expected {
    fn note(&mut self, step: &Step, origin: AuditOrigin, at: Timestamp) {
        let kept = step.direct_count + DERIVED_MAX;
        let images: Vec<AuditImage> = step.changes.iter().take(kept).map(image).collect();
        let direct = step.direct_count as u64;
        self.audit.push(AuditEntry {
            id: self.audit.len() as u64,
            seq: self.seq,
            at,
            origin,
            action: step.command.kind().action().to_owned(),
            outcome: AuditOutcome::Done,
            details: String::new(),
            link: None,
            undone_ids: Vec::new(),
            change_count: step.changes.len() as u64,
            direct: Some(DirectCounts { changes: direct, images: direct }),
            image_count: images.len() as u64,
            // All that the command itself changed, and the first of what followed from that.
            images,
        });
        for change in &step.changes {
            self.touched.insert(change.key(), self.seq);
        }
    }

    /// (block, seq of its last change), from the touched entities alone.
    fn blocks(&self, kind: EntityKind) -> Vec<(u64, u64)> {
        let mut blocks: BTreeMap<u64, u64> = BTreeMap::new();
        for (key, seq) in self.touched.iter().filter(|(key, _)| key.kind == kind) {
            let last = blocks.entry(key.id / BLOCK_SIZE).or_default();
            *last = (*last).max(*seq);
        }
        blocks.into_iter().collect()
    }
}

fn image(change: &Change) -> AuditImage {
    fn sides<T: Clone>(edit: &Edit<T>) -> (Option<Box<T>>, Option<Box<T>>) {
        let side = |side: &Option<Arc<T>>| side.as_deref().cloned().map(Box::new);
        (side(&edit.before), side(&edit.after))
    }
    let id = change.key().id;
    match change {
        Change::Device(edit) => {
            let (before, after) = sides(edit);
            AuditImage::Device { id, before, after }
        }
        Change::Interface(edit) => {
            let (before, after) = sides(edit);
            AuditImage::Interface { id, before, after }
        }
        Change::Link(edit) => {
            let (before, after) = sides(edit);
            AuditImage::Link { id, before, after }
        }
    }
}

/// Checks that everything on disk is as the oracle and the history have it.
fn check(content: &Content, oracle: &Oracle, expected: &Expected) {
    assert_eq!(content.site(), oracle.site());
    let last_commit = LastCommit {
        seq: expected.seq,
        counters: oracle.next,
        next_audit: expected.audit.len() as u64,
        committed_at: expected.committed_at,
    };
    assert_eq!(content.last_commit, last_commit);
    assert_eq!(content.audit, expected.audit);
    let ids = |suits: &dyn Fn(&Device) -> bool| -> Vec<u64> {
        oracle.devices.values().filter(|device| suits(device)).map(|device| device.id.0).collect()
    };
    for (device_type, found) in DeviceType::all().zip(&content.by_type) {
        assert_eq!(*found, ids(&|device| device.device_type == device_type), "{device_type:?}");
    }
    for (id, inside, ports) in &content.parts {
        assert_eq!(*inside, ids(&|device| device.parent == Some(DeviceId(*id))), "in {id}");
        let own = oracle.interfaces.values().filter(|port| port.device == DeviceId(*id));
        assert_eq!(*ports, own.map(|port| port.id.0).collect::<Vec<_>>(), "ports of {id}");
    }
    for (kind, found) in EntityKind::ALL.into_iter().zip(&content.blocks) {
        assert_eq!(*found, expected.blocks(kind), "blocks of {kind:?}");
    }
    let counts = [oracle.devices.len(), oracle.interfaces.len(), oracle.links.len()];
    assert_eq!(content.counts, counts.map(|count| count as u64));
    assert_eq!(content.dirty_count, expected.touched.len() as u64);
}

/// Checks queries by id and pages that begin in the middle.
fn check_queries(rig: &mut Rig, oracle: &Oracle) {
    let snapshot = rig.running().handle.read();
    for id in 0..=oracle.next.device {
        let found = snapshot.device(DeviceId(id)).expect("readable");
        assert_eq!(found.as_ref(), oracle.devices.get(&id));
    }
    for id in (0..=oracle.next.interface).step_by(7) {
        let found = snapshot.interface(InterfaceId(id)).expect("readable");
        assert_eq!(found.as_ref(), oracle.interfaces.get(&id));
    }
    for id in 0..=oracle.next.link {
        let found = snapshot.link(LinkId(id)).expect("readable");
        assert_eq!(found.as_ref(), oracle.links.get(&id));
    }
    let middle = oracle.next.device / 2;
    for device_type in DeviceType::all() {
        let page = snapshot.ids_of_type(device_type, middle).expect("readable");
        let page: Vec<u64> = page.collect::<Result<_, _>>().expect("readable");
        let later = oracle.devices.values().filter(|device| device.id.0 > middle);
        let later = later.filter(|device| device.device_type == device_type);
        assert_eq!(page, later.map(|device| device.id.0).collect::<Vec<_>>());
    }
}

/// Checks the dirty marks in the closed file: one per touched entity, with its last seq.
fn check_dirty(directory: &Path, expected: &Expected) {
    use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
    const DIRTY: TableDefinition<'_, (u8, u64), u64> = TableDefinition::new("dirty");
    let db = Database::open(directory.join(STORE_FILE)).expect("it is closed");
    let table = db.begin_read().expect("readable").open_table(DIRTY);
    let marks: BTreeMap<(u8, u64), u64> = table
        .expect("it exists")
        .iter()
        .expect("readable")
        .map(|row| row.map(|(key, seq)| (key.value(), seq.value())).expect("readable"))
        .collect();
    let number = |kind| match kind {
        EntityKind::Device => 1,
        EntityKind::Interface => 2,
        EntityKind::Link => 3,
    };
    let touched = expected.touched.iter().map(|(key, seq)| ((number(key.kind), key.id), *seq));
    assert_eq!(marks, touched.collect());
}

fn new_device(name: &str) -> AnyCommand {
    let new = NewDevice {
        name: Name::new(name).expect("it is a name"),
        device_type: DeviceType::Hop,
        parent: None,
        validate_upstream: false,
        position: Position::default(),
        optics: Optics::default(),
        lifecycle: Lifecycle::InService,
        details: None,
    };
    CreateDevice(new).into()
}

#[test]
fn a_full_volume_refuses_writes_and_keeps_the_engine_alive() {
    let mut rig = Rig::new();
    let mut pair = Pair::default();
    let mut expected = Expected::default();
    // Seeds of commands of which some change the site; which ones does not matter.
    let filling: Vec<Step> = (0..40).map(|seed| pair.step(seed)).collect();
    play(&mut rig, &filling, &mut expected, time(0));
    rig.stop();
    rig.start(u64::MAX / 2);
    let before = rig.content();

    let mut scratch = Pair::default();
    let changing: Vec<AnyCommand> = (0..200)
        .map(|seed| scratch.step(seed))
        .filter(|step| !step.changes.is_empty())
        .map(|step| step.command)
        .filter(|command| command.kind() == CommandKind::CreateDevice)
        .collect();
    assert!(!changing.is_empty());
    let handle = rig.running().handle.clone();
    let writes = join_all((0..20).flat_map(|_| changing.clone()).map(|command| {
        let handle = handle.clone();
        async move {
            let ping = handle.ping();
            let write = command.submit(&handle, AuditOrigin::default());
            let (write, ping) = futures_util::future::join(write, ping).await;
            (write, ping)
        }
    }));
    let answers = rig.runtime.block_on(writes);
    drop(handle);
    for (write, ping) in answers {
        assert!(ping.is_ok(), "a living engine answers pings: {ping:?}");
        assert!(
            matches!(write, Err(EngineError::ReadOnly { .. } | EngineError::Refused(_))),
            "{write:?}"
        );
    }
    // If the world kept what it refused, the name would be taken the second time.
    for _ in 0..2 {
        let write = rig.submit(vec![(new_device("Neubau"), AuditOrigin::default())]);
        assert!(matches!(write[..], [Err(EngineError::ReadOnly { .. })]), "{write:?}");
    }
    assert_eq!(rig.content(), before, "a refused write left something behind");

    rig.restart();
    for seed in 1000..1040 {
        let step = pair.step(seed);
        play(&mut rig, &[step], &mut expected, time(0));
    }
    check(&rig.content(), &pair.oracle, &expected);
    rig.stop();
}

/// An import may contain ids that were used elsewhere and nothing else that is new.
#[test]
fn counters_that_an_import_raises_outlive_a_restart() {
    let mut rig = Rig::new();
    let raised = IdCounters { device: 70, interface: 80, link: 90 };
    let site = Site { counters: raised, ..Site::default() };
    let import = ReplaceSite(site).into();
    assert!(rig.submit(vec![(import, AuditOrigin::default())])[0].is_ok());
    rig.restart();
    assert_eq!(rig.content().last_commit.counters, raised);
    match &rig.submit(vec![(new_device("Neubau"), AuditOrigin::default())])[..] {
        [Ok(answer)] => assert_eq!(answer.devices[0].id, DeviceId(70)),
        other => panic!("{other:?}"),
    }
    rig.stop();
}
