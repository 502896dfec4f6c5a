//! Power cuts between any two writes of the store.
//!
//! A workload runs on a disk that logs its writes. The log gives images of what a power cut at a given
//! moment may leave. Each image is opened, must hold every acknowledged commit and no partial one, and
//! must take another commit. The writes of that opening are logged and cut in the same way.
//!
//! `UNOC_TEST_IMAGES` sets the number of images, `UNOC_TEST_SEED` the workload and every choice.

use unoc::store::Store;

use crate::harness::backend::{Disk, Op, Survivors, apply, crash};
use crate::harness::commands::{Rng, setting};
use crate::harness::content::Content;
use crate::harness::plan::{Golden, Plan, open};

const IMAGES: u64 = 1500;
const SEED: u64 = 20_261_123;
const BATCHES: usize = 48;
const COMMANDS_PER_BATCH_MAX: usize = 3;
/// The workload reopens the store after this many commits.
const REOPEN_EVERY: u64 = 13;
/// One image in this many is cut again during and after its repair.
const CUT_AGAIN_EVERY: usize = 3;
const SECOND_CUTS: u64 = 3;

/// Which commits an image must and may hold, from a position of the log on.
#[derive(Clone, Copy, Debug)]
struct Guarantee {
    position: usize,
    /// The last seq whose commit had returned; `None` before the store was created.
    acknowledged: Option<u64>,
    /// The last seq whose commit had begun.
    begun: u64,
}

/// A run to cut: the durable content of its disk at first, every write since, and the guarantees.
struct Run {
    start: Vec<u8>,
    log: Vec<Op>,
    guarantees: Vec<Guarantee>,
}

/// Where and how to cut.
#[derive(Clone, Copy, Debug)]
struct Cut {
    position: usize,
    survivors: Survivors,
    seed: u64,
}

impl Run {
    fn guarantee_at(&self, position: usize) -> Guarantee {
        let later = self.guarantees.partition_point(|guarantee| guarantee.position <= position);
        self.guarantees[later - 1]
    }

    /// What the disk holds after a cut.
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

    /// Every kind of cut just before each sync.
    fn cuts_at_syncs(&self) -> Vec<Cut> {
        let syncs = self.log.iter().enumerate().filter(|(_, op)| matches!(op, Op::Sync));
        syncs
            .flat_map(|(position, _)| {
                let seed = position as u64;
                Survivors::ALL.map(|survivors| Cut { position, survivors, seed })
            })
            .collect()
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
    let mut guarantees = vec![Guarantee { position: 0, acknowledged: None, begun: 0 }];
    let mut store = open(disk.clone()).expect("nothing fails");
    guarantees.push(Guarantee { position: disk.position(), acknowledged: Some(0), begun: 0 });
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
        guarantees.push(Guarantee { position, acknowledged: Some(seq - 1), begun: seq });
        plan.commit(&store, seq).expect("nothing fails");
        let position = disk.position();
        guarantees.push(Guarantee { position, acknowledged: Some(seq), begun: seq });
    }
    drop(reader);
    drop(store);
    Run { start: Vec::new(), log: disk.log(), guarantees }
}

/// Opens an image, checks it, makes the next commit of the plan, and returns the run of all that. `None`
/// when the image is of a store that had not been created yet.
///
/// # Errors
/// In which way the image breaks the guarantee.
fn examine(
    image: Vec<u8>,
    guarantee: Guarantee,
    plan: &Plan,
    golden: &Golden,
) -> Result<Option<Run>, String> {
    let disk = Disk::new(image.clone());
    let mut guarantees = vec![Guarantee { position: 0, ..guarantee }];
    let store = match (open(disk.clone()), guarantee.acknowledged) {
        (Ok(store), _) => store,
        // Until then `Store::open` creates the file under another name.
        (Err(_), None) => return Ok(None),
        (Err(error), Some(_)) => return Err(format!("it cannot be opened: {error}")),
    };
    let seq = verify(&store, golden)?;
    let acknowledged = guarantee.acknowledged.unwrap_or(0);
    if !(acknowledged..=guarantee.begun).contains(&seq) {
        return Err(format!("it holds seq {seq} after {guarantee:?}"));
    }
    let (seen, next) = (Some(seq), seq + 1);
    guarantees.push(Guarantee { position: disk.position(), acknowledged: seen, begun: seq });
    if next <= plan.last_seq() {
        guarantees.push(Guarantee { position: disk.position(), acknowledged: seen, begun: next });
        plan.commit(&store, next).map_err(|error| format!("it refuses a commit: {error}"))?;
        let position = disk.position();
        guarantees.push(Guarantee { position, acknowledged: Some(next), begun: next });
        verify(&store, golden)?;
    }
    drop(store);
    Ok(Some(Run { start: image, log: disk.log(), guarantees }))
}

/// The seq of a store that holds exactly what it held at that seq.
fn verify(store: &Store, golden: &Golden) -> Result<u64, String> {
    let content = store.read().and_then(|snapshot| Content::read(&snapshot));
    let content = content.map_err(|error| format!("it cannot be read: {error}"))?;
    let seq = content.last_commit.seq;
    match golden.get(&seq).map(|expected| content.first_difference(expected)) {
        None => Err(format!("it holds seq {seq}, which was never committed")),
        Some(Some(part)) => Err(format!("it holds a part of seq {seq}: {part} differ")),
        Some(None) => Ok(seq),
    }
}

#[test]
fn acknowledged_commits_survive_a_power_cut_whole() {
    let seed = setting("UNOC_TEST_SEED", SEED);
    let images = setting("UNOC_TEST_IMAGES", IMAGES);
    let plan = Plan::random(seed, BATCHES, COMMANDS_PER_BATCH_MAX);
    let golden = plan.golden();
    let run = record(&plan);
    let mut rng = Rng::new(seed);
    // Every kind of cut at every sync first, then random ones.
    let at_syncs = run.cuts_at_syncs();
    let (mut number, mut twice) = (0, 0);
    while number as u64 + twice < images {
        let cut = at_syncs.get(number).copied().unwrap_or_else(|| run.random_cut(&mut rng));
        let place = format!("UNOC_TEST_SEED={seed}, image {number}, {cut:?}");
        number += 1;
        let examined = examine(run.image(cut), run.guarantee_at(cut.position), &plan, &golden);
        let Some(repair) = examined.unwrap_or_else(|error| panic!("{error}; {place}")) else {
            continue;
        };
        if !number.is_multiple_of(CUT_AGAIN_EVERY) {
            continue;
        }
        for _ in 0..SECOND_CUTS {
            let cut = repair.random_cut(&mut rng);
            let guarantee = repair.guarantee_at(cut.position);
            let examined = examine(repair.image(cut), guarantee, &plan, &golden);
            examined.unwrap_or_else(|error| panic!("{error}; {place}, cut again: {cut:?}"));
            twice += 1;
        }
    }
    println!(
        "{number} images of {} operations with {} syncs, and {twice} of their repairs",
        run.log.len(),
        at_syncs.len() / Survivors::ALL.len()
    );
}

/// A kill, a restart, then a power cut: what the restarted process read from the page cache and served
/// must be on the disk.
#[test]
fn what_is_read_after_a_kill_survives_a_power_cut() {
    let seed = setting("UNOC_TEST_SEED", SEED);
    let plan = Plan::random(seed, BATCHES, COMMANDS_PER_BATCH_MAX);
    let golden = plan.golden();
    let run = record(&plan);
    let mut rng = Rng::new(seed);
    let first = run.guarantees[1].position;
    let kills = setting("UNOC_TEST_IMAGES", IMAGES) / 10;
    for number in 0..kills {
        // The process is killed here: every write so far is in the page cache.
        let killed = first + rng.below(run.log.len() + 1 - first);
        let place = format!("UNOC_TEST_SEED={seed}, kill {number} at {killed}");
        let mut cached = Vec::new();
        run.log[..killed].iter().for_each(|op| apply(&mut cached, op));
        let after = examine(cached, run.guarantee_at(killed), &plan, &golden);
        let after = after.unwrap_or_else(|error| panic!("{error}; {place}"));
        let after = after.expect("the store had been created");
        let later = |guarantee: &Guarantee| Guarantee {
            position: guarantee.position + killed,
            ..*guarantee
        };
        let joined = Run {
            start: Vec::new(),
            log: [&run.log[..killed], &after.log].concat(),
            guarantees: after.guarantees.iter().map(later).collect(),
        };
        for _ in 0..SECOND_CUTS {
            let position = killed + rng.below(after.log.len() + 1);
            let cut = Cut { position, ..joined.random_cut(&mut rng) };
            let examined =
                examine(joined.image(cut), joined.guarantee_at(position), &plan, &golden);
            examined.unwrap_or_else(|error| panic!("{error}; {place}, {cut:?}"));
        }
    }
    println!("{kills} kills, {} power cuts after them", kills * SECOND_CUTS);
}

/// The test of the test: images of a disk that skips the last sync before a cut fail.
#[test]
fn a_disk_that_skips_its_last_sync_is_detected() {
    let plan = Plan::random(SEED, BATCHES, COMMANDS_PER_BATCH_MAX);
    let golden = plan.golden();
    let complete = record(&plan);
    let mut detected = 0;
    for guarantee in complete.guarantees.iter().filter(|guarantee| guarantee.acknowledged > Some(0))
    {
        let mut log = complete.log[..guarantee.position].to_vec();
        let last = log.iter().rposition(|op| matches!(op, Op::Sync)).expect("commits sync");
        log.remove(last);
        let cut = Cut { position: log.len(), survivors: Survivors::Nothing, seed: 0 };
        let skipping = Run { start: Vec::new(), log, guarantees: Vec::new() };
        detected += usize::from(examine(skipping.image(cut), *guarantee, &plan, &golden).is_err());
    }
    assert!(detected >= BATCHES, "{detected} images fail");
}
