//! Ladder, step 3: the disk fails at every single operation of a workload, with EIO or ENOSPC.
//!
//! Whatever fails, nothing panics and nothing is acknowledged that is not there after the next
//! start, be it a mere restart or one after a power cut.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use unoc::domain::Timestamp;
use unoc::engine::{Clock, Engine, EngineError, EngineExit, EngineOptions};

use crate::support::backend::{Disk, Fault, Op, Survivors, apply, crash};
use crate::support::commands::{Rng, setting};
use crate::support::content::Content;
use crate::support::plan::{BATCHES_PER_SECOND, Golden, Plan, open, origin};

const SEED: u64 = 4711;
const BATCHES: usize = 9;
/// Far longer than any commit takes.
const DEADLINE: Duration = Duration::from_secs(30);
const FAULTS: [Fault; 3] = [Fault::Once, Fault::Dead, Fault::Full];

/// What a run on a failing disk had promised when it ended.
#[derive(Clone, Copy, Debug, Default)]
struct Promised {
    /// `None` when the store was not even made.
    acknowledged: Option<u64>,
    begun: u64,
}

/// Runs `work` once for every operation that can fail, and judges what each run leaves behind.
/// Returns how many runs met their fault, and how many ended before it.
fn at_every_operation(
    start: &[u8],
    golden: &Golden,
    work: impl Fn(&Disk) -> Promised,
    judge: impl Fn(&Content, &Golden, Promised),
) -> (u64, u64) {
    let mut rng = Rng::new(SEED);
    let (mut met, mut missed) = (0, 0);
    for fault in FAULTS {
        let healthy = Disk::failing(start.to_vec(), u64::MAX, fault);
        work(&healthy);
        for at in 1..=healthy.counted() {
            let disk = Disk::failing(start.to_vec(), at, fault);
            let promised = work(&disk);
            *(if disk.faults() > 0 { &mut met } else { &mut missed }) += 1;
            for survivors in [None, Some(Survivors::Nothing), Some(rng.one_of(&Survivors::ALL))] {
                let image = match survivors {
                    None => disk.content(),
                    Some(survivors) => after_power_cut(start, &disk.log(), survivors, &mut rng),
                };
                let store = match (open(Disk::new(image)), promised.acknowledged) {
                    (Ok(store), _) => store,
                    (Err(_), None) => continue,
                    (Err(error), Some(_)) => {
                        panic!("{error}, {fault:?} at operation {at}, then {survivors:?}")
                    }
                };
                let content = store.read().and_then(|snapshot| Content::read(&snapshot));
                judge(&content.expect("a healthy disk can be read"), golden, promised);
            }
        }
    }
    (met, missed)
}

fn after_power_cut(start: &[u8], log: &[Op], survivors: Survivors, rng: &mut Rng) -> Vec<u8> {
    let synced = log.iter().rposition(|op| matches!(op, Op::Sync)).map_or(0, |index| index + 1);
    let mut durable = start.to_vec();
    log[..synced].iter().for_each(|op| apply(&mut durable, op));
    crash(&durable, &log[synced..], survivors, rng)
}

/// The content is what it was at one seq, not before the acknowledged one.
fn judge_by_seq(content: &Content, golden: &Golden, promised: Promised) {
    let seq = content.last_commit.seq;
    let acknowledged = promised.acknowledged.unwrap_or(0);
    assert!((acknowledged..=promised.begun).contains(&seq), "seq {seq} after {promised:?}");
    assert_eq!(*content, golden[&seq], "half a commit after {promised:?}");
}

/// The same for an engine, which may put several of the plan's batches into one commit: audit rows
/// count the commands.
fn judge_by_commands(content: &Content, golden: &Golden, promised: Promised) {
    let commands = content.last_commit.next_audit;
    let acknowledged = promised.acknowledged.unwrap_or(0);
    assert!((acknowledged..=promised.begun).contains(&commands), "{commands} after {promised:?}");
    assert!(content.last_commit.seq <= commands);
    assert_eq!(content.site(), golden[&commands].site(), "half a commit after {promised:?}");
    assert_eq!(content.audit.len() as u64, commands);
}

/// Commits the plan until something fails, reading now and then.
fn commit_all(disk: &Disk, plan: &Plan) -> Promised {
    let mut promised = Promised::default();
    let Ok(store) = open(disk.clone()) else { return promised };
    promised.acknowledged = Some(0);
    for seq in 1..=plan.last_seq() {
        promised.begun = seq;
        if plan.commit(&store, seq).is_err() {
            break;
        }
        promised.acknowledged = Some(seq);
        // A reader gets an error or the whole truth.
        if seq % 3 == 0
            && let Ok(content) = store.read().and_then(|snapshot| Content::read(&snapshot))
        {
            assert_eq!(content.last_commit.seq, seq);
        }
    }
    promised
}

/// Submits the plan to an engine in bursts until something fails.
fn submit_all(disk: &Disk, plan: &Plan) -> Promised {
    let mut promised = Promised::default();
    let Ok(store) = open(disk.clone()) else { return promised };
    promised.acknowledged = Some(0);
    let now = Arc::new(AtomicI64::new(0));
    let told = Arc::clone(&now);
    let clock = Clock::manual(move || Timestamp(told.load(Ordering::SeqCst)));
    let Ok((handle, thread)) = Engine::start(store, EngineOptions { min_free_bytes: 0, clock })
    else {
        return promised;
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.expect("a runtime");
    let mut has_failed = false;
    for burst in plan.batches.chunks(BATCHES_PER_SECOND) {
        now.store(burst[0].at.0, Ordering::SeqCst);
        let commands = burst.iter().flat_map(|batch| &batch.parts);
        let answers = join_all(commands.map(|part| handle.submit(part.command.clone(), origin())));
        let answers = runtime.block_on(async { tokio::time::timeout(DEADLINE, answers).await });
        for answer in answers.expect("a failing engine answers, too") {
            if !has_failed {
                promised.begun += 1;
            }
            match answer {
                Ok(_) => {
                    assert!(!has_failed, "an engine that had failed acknowledged a command");
                    promised.acknowledged = Some(promised.begun);
                }
                Err(EngineError::Stopped) => {
                    // The rest of this burst may have been in the same commit.
                    promised.begun = promised.begun.max(burst_end(plan, burst));
                    has_failed = true;
                }
                Err(other) => panic!("a caller was told: {other}"),
            }
        }
    }
    runtime.block_on(handle.stop());
    let exit = thread.join().expect("the engine does not panic");
    assert_eq!(has_failed, matches!(exit, EngineExit::Failed(_)), "{exit:?}");
    promised
}

/// The number of the burst's last command.
fn burst_end(plan: &Plan, burst: &[crate::support::plan::Batch]) -> u64 {
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
    let (met, missed) =
        at_every_operation(&[], &golden, |disk| commit_all(disk, &plan), judge_by_seq);
    println!("{met} runs of the store with a failing operation each");
    assert!(met > 300 && missed == 0, "{met}, {missed}");
}

#[test]
fn the_engine_stops_at_a_failing_disk_and_tells_every_caller() {
    let plan = plan();
    let golden = plan.golden();
    let (met, missed) =
        at_every_operation(&[], &golden, |disk| submit_all(disk, &plan), judge_by_commands);
    // How the engine groups commands, and so the number of operations, differs between runs.
    println!("{met} runs of the engine with a failing operation each, {missed} ended before it");
    assert!(met > 200 && met > missed, "{met}, {missed}");
}

/// A store that was not closed is checked when it is opened; the disk fails during that.
#[test]
fn a_failing_disk_during_recovery_costs_nothing() {
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
        let mut promised = Promised { acknowledged: Some(half), begun: half };
        if let Ok(store) = open(disk.clone()) {
            promised.begun = half + 1;
            if plan.commit(&store, half + 1).is_ok() {
                promised.acknowledged = Some(half + 1);
            }
        }
        promised
    };
    let (met, missed) = at_every_operation(&unclean, &plan.golden(), recover, judge_by_seq);
    println!("{met} recoveries with a failing operation each");
    assert!(met > 100 && missed == 0, "{met}, {missed}");
}
