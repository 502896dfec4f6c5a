//! Ladder, step 2: the power fails between any two writes.
//!
//! A workload runs on a disk that logs its writes. From the log come images of what a power cut at
//! a given moment may leave; each is opened, must hold every acknowledged commit and nothing half,
//! and must take another commit. The writes of that opening are logged too, and cut again.
//!
//! `UNOC_TEST_IMAGES` sets the number of images, `UNOC_TEST_SEED` the workload and every choice.

use crate::support::backend::{Disk, Op, Survivors, apply, crash};
use crate::support::commands::{Rng, setting};
use crate::support::content::Content;
use crate::support::plan::{Golden, Plan, open};

const IMAGES: u64 = 1500;
const SEED: u64 = 20_261_123;
const BATCHES: usize = 48;
const COMMANDS_PER_BATCH_MAX: usize = 3;
/// The workload closes and opens the store after this many commits.
const REOPEN_EVERY: u64 = 13;
/// One image in this many is cut again while it is being repaired, and after.
const CUT_AGAIN_EVERY: u64 = 3;
const SECOND_CUTS: u64 = 3;

/// What was promised at a position of the log.
#[derive(Clone, Copy, Debug)]
struct Promise {
    /// From this position on.
    position: usize,
    /// The last seq whose commit had returned; `None` before the store was made.
    acknowledged: Option<u64>,
    /// The last seq whose commit had begun.
    begun: u64,
}

/// A run to cut: what its disk held durably at first, every write since, and the promises.
struct Run {
    start: Vec<u8>,
    log: Vec<Op>,
    promises: Vec<Promise>,
}

/// Where and how to cut.
#[derive(Clone, Copy, Debug)]
struct Cut {
    position: usize,
    survivors: Survivors,
    seed: u64,
}

impl Run {
    fn promise_at(&self, position: usize) -> Promise {
        let later = self.promises.partition_point(|promise| promise.position <= position);
        self.promises[later - 1]
    }

    /// The image of a cut, and how many of the log's operations it had to leave to chance.
    fn image(&self, cut: Cut) -> Vec<u8> {
        let synced = self.log[..cut.position]
            .iter()
            .rposition(|op| matches!(op, Op::Sync))
            .map_or(0, |index| index + 1);
        let mut durable = self.start.clone();
        for op in &self.log[..synced] {
            apply(&mut durable, op);
        }
        let unsynced = &self.log[synced..cut.position];
        crash(&durable, unsynced, cut.survivors, &mut Rng::new(cut.seed))
    }

    /// A cut at a random moment.
    fn random_cut(&self, rng: &mut Rng) -> Cut {
        let position = rng.below(self.log.len() + 1);
        Cut { position, survivors: rng.one_of(&Survivors::ALL), seed: rng.next() }
    }
}

/// Runs the plan on a healthy disk, with a reader that holds an old snapshot for a while.
fn record(plan: &Plan) -> Run {
    let disk = Disk::new(Vec::new());
    let mut promises = vec![Promise { position: 0, acknowledged: None, begun: 0 }];
    let mut store = open(disk.clone()).expect("nothing fails");
    promises.push(Promise { position: disk.position(), acknowledged: Some(0), begun: 0 });
    let mut reader = None;
    for seq in 1..=plan.last_seq() {
        if seq % REOPEN_EVERY == 0 {
            reader = None;
            drop(store);
            store = open(disk.clone()).expect("nothing fails");
        }
        if seq % 5 == 0 {
            reader = Some(store.read().expect("nothing fails"));
        }
        let position = disk.position();
        promises.push(Promise { position, acknowledged: Some(seq - 1), begun: seq });
        plan.commit(&store, seq).expect("nothing fails");
        let position = disk.position();
        promises.push(Promise { position, acknowledged: Some(seq), begun: seq });
    }
    drop(reader);
    drop(store);
    Run { start: Vec::new(), log: disk.log(), promises }
}

/// Opens an image, checks it, commits once more where the plan goes on, and returns the run of all
/// that. `None` when the image is of a store that had not been made yet.
fn open_image(image: Vec<u8>, promise: Promise, plan: &Plan, golden: &Golden) -> Option<Run> {
    let disk = Disk::new(image.clone());
    let mut promises = vec![Promise { position: 0, ..promise }];
    let store = match (open(disk.clone()), promise.acknowledged) {
        (Ok(store), _) => store,
        // `Store::open` makes the file under another name until this moment has passed.
        (Err(_), None) => return None,
        (Err(error), Some(_)) => panic!("the image cannot be opened: {error}"),
    };
    let content = store.read().and_then(|snapshot| Content::read(&snapshot));
    let content = content.expect("an opened image can be read");
    let seq = content.head.seq;
    let acknowledged = promise.acknowledged.unwrap_or(0);
    assert!(
        (acknowledged..=promise.begun).contains(&seq),
        "the image holds seq {seq}, {acknowledged} was acknowledged, {} begun",
        promise.begun
    );
    assert_eq!(content, golden[&seq], "the image holds something else than seq {seq}");
    let (seen, next) = (Some(seq), seq + 1);
    promises.push(Promise { position: disk.position(), acknowledged: seen, begun: seq });
    if next <= plan.last_seq() {
        promises.push(Promise { position: disk.position(), acknowledged: seen, begun: next });
        plan.commit(&store, next).expect("a repaired image takes commits");
        let position = disk.position();
        promises.push(Promise { position, acknowledged: Some(next), begun: next });
        let content = store.read().and_then(|snapshot| Content::read(&snapshot));
        assert_eq!(content.expect("it can be read"), golden[&next], "after another commit");
    }
    drop(store);
    Some(Run { start: image, log: disk.log(), promises })
}

#[test]
fn every_acknowledged_commit_survives_a_power_cut_and_nothing_half_does() {
    let seed = setting("UNOC_TEST_SEED", SEED);
    let images = setting("UNOC_TEST_IMAGES", IMAGES);
    let plan = Plan::random(seed, BATCHES, COMMANDS_PER_BATCH_MAX);
    let golden = plan.golden();
    let run = record(&plan);
    let mut rng = Rng::new(seed);
    let at_syncs = run
        .log
        .iter()
        .enumerate()
        .filter(|(_, op)| matches!(op, Op::Sync))
        .flat_map(|(position, _)| Survivors::ALL.map(|survivors| (position, survivors)))
        .map(|(position, survivors)| Cut { position, survivors, seed: position as u64 })
        .collect::<Vec<_>>();
    let mut opened = 0;
    let mut cut_again = 0;
    // Every way at every sync first, then any way anywhere.
    for number in 0.. {
        if opened >= images {
            break;
        }
        let cut = at_syncs.get(number).copied().unwrap_or_else(|| run.random_cut(&mut rng));
        let promise = run.promise_at(cut.position);
        let _context = Context(format!("UNOC_TEST_SEED={seed}, image {number}: {cut:?}"));
        opened += 1;
        let Some(repair) = open_image(run.image(cut), promise, &plan, &golden) else { continue };
        if number as u64 % CUT_AGAIN_EVERY != 0 {
            continue;
        }
        for _ in 0..SECOND_CUTS {
            let cut = repair.random_cut(&mut rng);
            let _context = Context(format!("cut again while it was open: {cut:?}"));
            open_image(repair.image(cut), repair.promise_at(cut.position), &plan, &golden);
            opened += 1;
            cut_again += 1;
        }
    }
    println!(
        "{opened} images of {} writes and {} syncs opened, {cut_again} of them cut twice",
        run.log.len() - at_syncs.len() / Survivors::ALL.len(),
        at_syncs.len() / Survivors::ALL.len()
    );
}

/// A restart without a power cut, and then a power cut: what the restarted process read from the
/// page cache and served must be on the platter.
#[test]
fn what_was_seen_after_a_kill_survives_a_power_cut() {
    let seed = setting("UNOC_TEST_SEED", SEED);
    let plan = Plan::random(seed, BATCHES, COMMANDS_PER_BATCH_MAX);
    let golden = plan.golden();
    let run = record(&plan);
    let mut rng = Rng::new(seed);
    let first = run.promises[1].position;
    for number in 0..setting("UNOC_TEST_IMAGES", IMAGES) / 10 {
        // The process is killed here: every write so far is in the page cache.
        let position = first + rng.below(run.log.len() + 1 - first);
        let _context = Context(format!("UNOC_TEST_SEED={seed}, kill {number} at {position}"));
        let promise = run.promise_at(position);
        let mut cached = Vec::new();
        run.log[..position].iter().for_each(|op| apply(&mut cached, op));
        let after = open_image(cached, promise, &plan, &golden).expect("the store exists");
        let joined = Run {
            start: Vec::new(),
            log: [&run.log[..position], &after.log].concat(),
            promises: after
                .promises
                .iter()
                .map(|later| Promise { position: later.position + position, ..*later })
                .collect(),
        };
        for _ in 0..SECOND_CUTS {
            let position = position + rng.below(after.log.len() + 1);
            let cut = Cut { position, ..joined.random_cut(&mut rng) };
            let _context = Context(format!("power cut: {cut:?}"));
            open_image(joined.image(cut), joined.promise_at(position), &plan, &golden);
        }
    }
}

/// Says where a panic happened.
struct Context(String);

impl Drop for Context {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("{}", self.0);
        }
    }
}
