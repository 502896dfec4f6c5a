//! PostgreSQL away for minutes while the site is written to, and back.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::{BUSY_PER_S, Writes, ask, finish, until, until_live, view};
use crate::director::Bench;
use crate::line::{Line, State};
use crate::pace::{self, now_s};
use crate::postgres::{Postgres, url};
use crate::process::{Server, start_mirrored};
use crate::report::{Row, Target, number};
use crate::stats::{Summary, quantile, sorted};

/// Writes go on for this long before and after the outage.
const BEFORE_S: f64 = 3.0;
const AFTER_S: f64 = 30.0;
/// A frozen line is found out by waiting, and the pauses between attempts grow: a part of the
/// whole outage is enough to see both.
const FROZEN_SHARE: f64 = 0.2;
const THERE_S_MAX: f64 = 10.0;

pub(super) fn measure(
    bench: &Bench,
    postgres: &Postgres,
    database: &str,
    site: &Path,
    writes: &Writes,
) -> Result<Vec<Row>> {
    let line = Line::to(postgres.port)?;
    let server = start_mirrored(&bench.binary, site, &url(line.port, database))?;
    until_live(&server)?;
    let seconds = bench.outage_seconds;
    let mut rows = outage(&server, &line, State::Cut, seconds, writes)?;
    let frozen_s = seconds * FROZEN_SHARE;
    rows.extend(outage(&server, &line, State::Frozen, frozen_s, writes)?);
    server.stop()?;
    Ok(rows)
}

fn outage(
    server: &Server,
    line: &Line,
    state: State,
    seconds: f64,
    writes: &Writes,
) -> Result<Vec<Row>> {
    let writer = writes.begin(server, &format!("{state:?}"), BEFORE_S + seconds + AFTER_S);
    std::thread::sleep(Duration::from_secs_f64(BEFORE_S));
    line.set(state);
    std::thread::sleep(Duration::from_secs_f64(seconds));
    ensure!(!writer.is_finished(), "the writer ended too early");
    let away = view(server)?;
    let entities = away["dirty_count"].as_u64().context("no dirty_count")?;
    let seq = away["seq"].as_u64().context("no seq")?;
    let back_s = now_s();
    line.set(State::Whole);
    until("what waited is in PostgreSQL", || {
        Ok((view(server)?["applied_seq"].as_u64() >= Some(seq)).then_some(()))
    })?;
    let there_s = now_s();
    let outcome = finish(writer)?;
    ensure_same(server)?;
    let name = if state == State::Cut { "cut" } else { "frozen" };
    let what = format!("{seconds} s under {BUSY_PER_S} writes/s with the line {name}");
    let during = latencies(&outcome, |at_s| at_s < back_s);
    let catching_up = latencies(&outcome, |at_s| (back_s..there_s).contains(&at_s));
    Ok(vec![
        Row::new(
            format!("{what}: after it, until all is in PostgreSQL"),
            Target::AtMost(THERE_S_MAX),
            Summary::of(&[there_s - back_s]),
        )
        .unit("s")
        .detail(format!(
            "{} writes, none refused; {entities} entities had changed; every row the same then",
            outcome.writes.len()
        )),
        Row::new(
            format!("{what}: the slowest write while it catches up"),
            Target::None,
            Summary::of(&[quantile(&catching_up, 1.0)]),
        )
        .unit("ms")
        .detail(format!(
            "its p99 {} ms; before, p99 {} ms, slowest {} ms",
            number(quantile(&catching_up, 0.99)),
            number(quantile(&during, 0.99)),
            number(quantile(&during, 1.0))
        )),
    ])
}

/// Milliseconds of the writes that were due at such a time, sorted.
fn latencies(outcome: &pace::Outcome, is_counted: impl Fn(f64) -> bool) -> Vec<f64> {
    let counted = outcome.writes.iter().filter(|write| is_counted(write.due_s));
    sorted(&counted.map(|write| write.took_ms).collect::<Vec<_>>())
}

/// Compares every row on both sides.
fn ensure_same(server: &Server) -> Result<()> {
    let found = ask(server, "check")?;
    for kind in ["missing", "extra", "different"] {
        ensure!(found[kind] == 0, "after the outage PostgreSQL differs: {found}");
    }
    Ok(())
}
