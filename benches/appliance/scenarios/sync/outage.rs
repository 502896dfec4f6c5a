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
const THERE_S_MAX: f64 = 10.0;

/// How PostgreSQL is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Loss {
    /// It is killed, and recovers when it is started again.
    Killed,
    /// Connections end, and new ones are refused.
    Cut,
    /// No byte passes, which is found out by waiting.
    Frozen,
}

impl Loss {
    /// Each with its share of the whole outage: they differ in how they begin and end.
    const ALL: [(Self, f64); 3] = [(Self::Killed, 1.0), (Self::Cut, 0.2), (Self::Frozen, 0.2)];

    fn words(self) -> &'static str {
        match self {
            Self::Killed => "PostgreSQL killed",
            Self::Cut => "the line cut",
            Self::Frozen => "the line frozen",
        }
    }
}

pub(super) fn measure(
    bench: &Bench,
    postgres: &mut Postgres,
    database: &str,
    site: &Path,
    writes: &Writes,
) -> Result<Vec<Row>> {
    let line = Line::to(postgres.port)?;
    let server = start_mirrored(&bench.binary, site, &url(line.port, database))?;
    until_live(&server)?;
    let mut rows = Vec::new();
    for (loss, share) in Loss::ALL {
        let seconds = bench.outage_seconds * share;
        rows.extend(outage(&server, (postgres, &line), loss, seconds, writes)?);
    }
    server.stop()?;
    Ok(rows)
}

fn outage(
    server: &Server,
    (postgres, line): (&mut Postgres, &Line),
    loss: Loss,
    seconds: f64,
    writes: &Writes,
) -> Result<Vec<Row>> {
    let writer = writes.begin(server, &format!("{loss:?}"), BEFORE_S + seconds + AFTER_S);
    std::thread::sleep(Duration::from_secs_f64(BEFORE_S));
    match loss {
        Loss::Killed => postgres.kill()?,
        Loss::Cut => line.set(State::Cut),
        Loss::Frozen => line.set(State::Frozen),
    }
    std::thread::sleep(Duration::from_secs_f64(seconds));
    ensure!(!writer.is_finished(), "the writer ended too early");
    let away = view(server)?;
    let entities = away["dirty_count"].as_u64().context("no dirty_count")?;
    let seq = away["seq"].as_u64().context("no seq")?;
    let back_s = now_s();
    match loss {
        Loss::Killed => postgres.start_again()?,
        Loss::Cut | Loss::Frozen => line.set(State::Whole),
    }
    until("what waited is in PostgreSQL", || {
        Ok((view(server)?["applied_seq"].as_u64() >= Some(seq)).then_some(()))
    })?;
    let there_s = now_s();
    let outcome = finish(writer)?;
    ensure_same(server)?;
    let name = loss.words();
    let what = format!("{seconds} s under {BUSY_PER_S} writes/s with {name}");
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
