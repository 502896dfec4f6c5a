//! Disk errors: every single operation of a workload fails once, with EIO or ENOSPC.
//!
//! Nothing panics, and every acknowledged change is there after the next start, with or without a power
//! cut before it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use unoc::domain::Timestamp;
use unoc::engine::{Clock, Engine, EngineError, EngineExit, EngineOptions};

use crate::harness::backend::{Disk, Fault, Op, Survivors, apply, crash};
use crate::harness::commands::{Rng, setting};
use crate::harness::content::Content;
use crate::harness::plan::{BATCHES_PER_SECOND, Golden, Plan, open, origin};

const SEED: u64 = 4711;
const BATCHES: usize = 9;
/// Far longer than any commit takes.
const DEADLINE: Duration = Duration::from_secs(30);
const FAULTS: [Fault; 3] = [Fault::Once, Fault::Dead, Fault::Full];

/// Which commits the disk must and may hold after a run on a failing disk.
#[derive(Clone, Copy, Debug, Default)]
struct Guarantee {
    /// The last that was acknowledged; `None` when the store was not created.
    acknowledged: Option<u64>,
    begun: u64,
}

/// Runs `work` once for every operation that can fail, and checks the content that each run leaves.
/// Returns how many runs reached their failing operation, and how many ended before it.
fn at_every_operation(
    start: &[u8],
    golden: &Golden,
    work: impl Fn(&Disk) -> Guarantee,
    check: impl Fn(&Content, &Golden, Guarantee),
) -> (u64, u64) {
    let mut rng = Rng::new(SEED);
    let (mut reached, mut missed) = (0, 0);
    for fault in FAULTS {
        let healthy = Disk::failing(start.to_vec(), u64::MAX, fault);
        work(&healthy);
        for at in 1..=healthy.counted() {
            let disk = Disk::failing(start.to_vec(), at, fault);
            let guarantee = work(&disk);
            *(if disk.faults() > 0 { &mut reached } else { &mut missed }) += 1;
            for survivors in [None, Some(Survivors::Nothing), Some(rng.one_of(&Survivors::ALL))] {
                let image = match survivors {
                    None => disk.content(),
                    Some(survivors) => after_power_cut(start, &disk.log(), survivors, &mut rng),
                };
                let store = match (open(Disk::new(image)), guarantee.acknowledged) {
                    (Ok(store), _) => store,
                    (Err(_), None) => continue,
                    (Err(error), Some(_)) => {
                        panic!("{error}, {fault:?} at operation {at}, then {survivors:?}")
                    }
                };
                let content = store.read().and_then(|snapshot| Content::read(&snapshot));
                check(&content.expect("a healthy disk can be read"), golden, guarantee);
            }
        }
    }
    (reached, missed)
}

fn after_power_cut(start: &[u8], log: &[Op], survivors: Survivors, rng: &mut Rng) -> Vec<u8> {
    let synced = log.iter().rposition(|op| matches!(op, Op::Sync)).map_or(0, |index| index + 1);
    let mut durable = start.to_vec();
    log[..synced].iter().for_each(|op| apply(&mut durable, op));
    crash(&durable, &log[synced..], survivors, rng)
}

/// Checks that the content is that of one seq, the acknowledged or a later one.
fn check_by_seq(content: &Content, golden: &Golden, guarantee: Guarantee) {
    let seq = content.last_commit.seq;
    let acknowledged = guarantee.acknowledged.unwrap_or(0);
    assert!((acknowledged..=guarantee.begun).contains(&seq), "seq {seq} after {guarantee:?}");
    assert_eq!(*content, golden[&seq], "a partial commit after {guarantee:?}");
}

/// The same for an engine, which may join several batches of the plan in one commit: commands are
/// counted by their audit rows.
fn check_by_commands(content: &Content, golden: &Golden, guarantee: Guarantee) {
    let commands = content.last_commit.next_audit;
    let acknowledged = guarantee.acknowledged.unwrap_or(0);
    assert!((acknowledged..=guarantee.begun).contains(&commands), "{commands} after {guarantee:?}");
    assert!(content.last_commit.seq <= commands);
    assert_eq!(content.site(), golden[&commands].site(), "a partial commit after {guarantee:?}");
    assert_eq!(content.audit.len() as u64, commands);
}

/// Commits the plan until a commit fails, with reads in between.
fn commit_all(disk: &Disk, plan: &Plan) -> Guarantee {
    let mut guarantee = Guarantee::default();
    let Ok(store) = open(disk.clone()) else { return guarantee };
    guarantee.acknowledged = Some(0);
    for seq in 1..=plan.last_seq() {
        guarantee.begun = seq;
        if plan.commit(&store, seq).is_err() {
            break;
        }
        guarantee.acknowledged = Some(seq);
        // A read returns an error or the whole content.
        if seq % 3 == 0
            && let Ok(content) = store.read().and_then(|snapshot| Content::read(&snapshot))
        {
            assert_eq!(content.last_commit.seq, seq);
        }
    }
    guarantee
}

/// Submits the plan to an engine in bursts until a commit fails.
fn submit_all(disk: &Disk, plan: &Plan) -> Guarantee {
    let mut guarantee = Guarantee::default();
    let Ok(store) = open(disk.clone()) else { return guarantee };
    guarantee.acknowledged = Some(0);
    let now = Arc::new(AtomicI64::new(0));
    let time = Arc::clone(&now);
    let clock = Clock::manual(move || Timestamp(time.load(Ordering::SeqCst)));
    let Ok((handle, thread)) = Engine::start(store, EngineOptions { min_free_bytes: 0, clock })
    else {
        return guarantee;
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.expect("a runtime");
    let mut has_failed = false;
    for burst in plan.batches.chunks(BATCHES_PER_SECOND) {
        now.store(burst[0].at.0, Ordering::SeqCst);
        let commands = burst.iter().flat_map(|batch| &batch.parts);
        let answers = join_all(commands.map(|part| part.command.clone().submit(&handle, origin())));
        let answers = runtime.block_on(async { tokio::time::timeout(DEADLINE, answers).await });
        for answer in answers.expect("a failing engine answers too") {
            if !has_failed {
                guarantee.begun += 1;
            }
            match answer {
                Ok(_) => {
                    assert!(!has_failed, "an engine that had failed acknowledged a command");
                    guarantee.acknowledged = Some(guarantee.begun);
                }
                Err(EngineError::Stopped) => {
                    // The rest of this burst may have been in the same commit.
                    guarantee.begun = guarantee.begun.max(burst_end(plan, burst));
                    has_failed = true;
                }
                Err(other) => panic!("unexpected answer: {other}"),
            }
        }
    }
    runtime.block_on(handle.stop());
    let exit = thread.join().expect("the engine does not panic");
    assert_eq!(has_failed, matches!(exit, EngineExit::Failed(_)), "{exit:?}");
    guarantee
}

/// The number of the burst's last command.
fn burst_end(plan: &Plan, burst: &[crate::harness::plan::Batch]) -> u64 {
    let position = plan.batches.iter().position(|batch| std::ptr::eq(batch, &raw const burst[0]));
    (position.expect("the burst is a part of the plan") + burst.len()) as u64
}

fn plan() -> Plan {
    Plan::random(setting("UNOC_TEST_SEED", SEED), BATCHES, 1)
}

#[test]
fn the_store_acknowledges_nothing_that_a_failing_disk_loses() {
    let plan = plan();
    let golden = plan.golden();
    let (reached, missed) =
        at_every_operation(&[], &golden, |disk| commit_all(disk, &plan), check_by_seq);
    println!("{reached} runs of the store with a failing operation each");
    assert!(reached > 300 && missed == 0, "{reached}, {missed}");
}

#[test]
fn the_engine_stops_when_the_disk_fails_and_answers_every_caller() {
    let plan = plan();
    let golden = plan.golden();
    let (reached, missed) =
        at_every_operation(&[], &golden, |disk| submit_all(disk, &plan), check_by_commands);
    // How the engine groups commands, and so the number of operations, differs between runs.
    println!(
        "{reached} runs of the engine with a failing operation each, {missed} ended before it"
    );
    assert!(reached > 200 && reached > missed, "{reached}, {missed}");
}

/// A store that was not closed is repaired when it is opened; the disk fails meanwhile.
#[test]
fn a_failing_disk_during_a_repair_loses_nothing() {
    let plan = plan();
    let disk = Disk::new(Vec::new());
    let store = open(disk.clone()).expect("nothing fails");
    let half = plan.last_seq() / 2;
    for seq in 1..=half {
        plan.commit(&store, seq).expect("nothing fails");
    }
    // The process dies here, before the file is closed.
    let unclean = disk.content();
    drop(store);
    let recover = |disk: &Disk| {
        let mut guarantee = Guarantee { acknowledged: Some(half), begun: half };
        if let Ok(store) = open(disk.clone()) {
            guarantee.begun = half + 1;
            if plan.commit(&store, half + 1).is_ok() {
                guarantee.acknowledged = Some(half + 1);
            }
        }
        guarantee
    };
    let (reached, missed) = at_every_operation(&unclean, &plan.golden(), recover, check_by_seq);
    println!("{reached} recoveries with a failing operation each");
    assert!(reached > 100 && missed == 0, "{reached}, {missed}");
}
