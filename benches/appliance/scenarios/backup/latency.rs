//! What those who write notice of backups.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::{Result, anyhow};

use super::{back_up, devices_of, id_of};
use crate::director::Bench;
use crate::pace;
use crate::process::{Server, run_role, start_with};
use crate::report::{Row, Target, number};
use crate::stats::{Pairs, quantile, sorted};

/// Writes per second of a busy site.
const BUSY_PER_S: f64 = 200.0;
/// A slice has two thousand writes: the p99 has twenty above it.
const SLICE_S: f64 = 10.0;
const RATIO_MAX: f64 = 1.5;

pub(super) fn measure(bench: &Bench, site: &Path) -> Result<Vec<Row>> {
    let server = start_with(&bench.binary, site, &[])?;
    let ids = devices_of(&server)?.iter().map(id_of).collect::<Result<Vec<_>>>()?;
    let ids_file =
        bench.file("moved-while-backed-up.json", serde_json::to_string(&ids)?.as_bytes())?;
    let plan = |prefix: String| pace::Plan {
        address: server.address.clone(),
        ids_file: ids_file.clone(),
        prefix,
        per_s: BUSY_PER_S,
        seconds: SLICE_S,
    };
    back_up(&server)?;
    let (mut p99_ms, mut p50_ms) = (Pairs::default(), Pairs::default());
    let (mut backups, mut seconds) = (0, 0.0);
    for round in 0..bench.rounds {
        let without = times_ms(&plan(format!("ALONE-{round}")))?;
        let started = Instant::now();
        let (during, made) =
            while_backed_up(&server, || times_ms(&plan(format!("DURING-{round}"))))?;
        backups += made;
        seconds += started.elapsed().as_secs_f64();
        p99_ms.push(quantile(&during, 0.99), quantile(&without, 0.99));
        p50_ms.push(quantile(&during, 0.5), quantile(&without, 0.5));
    }
    server.stop()?;
    let row = |what: &str, target: Target, pairs: &Pairs| {
        let (during, without) = (pairs.ours().median, pairs.bare().median);
        let words = format!("{} against {} ms", number(during), number(without));
        (Row::new(what, target, pairs.ratios()), words)
    };
    let what = format!("p99 of {BUSY_PER_S} writes/s while backups are made, by that without");
    let (first, words) = row(&what, Target::AtMost(RATIO_MAX), &p99_ms);
    let (second, p50_words) = row("p50 of the same", Target::None, &p50_ms);
    let gap = number(seconds / f64::from(backups));
    let backed_up = format!("{words}; {backups} backups back to back, one per {gap} s");
    Ok(vec![first.detail(backed_up), second.detail(p50_words)])
}

/// Milliseconds of every write, sorted.
fn times_ms(plan: &pace::Plan) -> Result<Vec<f64>> {
    let outcome: pace::Outcome = run_role("pace", plan)?;
    Ok(sorted(&outcome.writes.iter().map(|write| write.took_ms).collect::<Vec<_>>()))
}

/// Makes backups one after the other while something else is done; returns how many, too.
fn while_backed_up<T>(server: &Server, work: impl FnOnce() -> Result<T>) -> Result<(T, u32)> {
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let backups = scope.spawn(|| {
            let mut made = 0;
            while !is_over.load(Ordering::Relaxed) {
                back_up(server)?;
                made += 1;
            }
            Ok(made)
        });
        let done = work();
        is_over.store(true, Ordering::Relaxed);
        let made: Result<u32> = backups.join().map_err(|_| anyhow!("the backups panicked"))?;
        Ok((done?, made?))
    })
}
