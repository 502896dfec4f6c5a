//! How long a client waits for the first byte of a long list.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use tokio::runtime::Runtime;

use super::{LARGE_SITE, devices_of, id_of, set_override};
use crate::director::Bench;
use crate::http::{Connection, get};
use crate::process::{Server, start_unoc};
use crate::report::{Row, Target, number};
use crate::stats::{Summary, quantile, sorted};

const RUNS: usize = 20;
/// A start takes up to a second; five tell enough.
const STARTS: usize = 5;
const TARGET_MS: f64 = 50.0;

/// One list, in milliseconds since before the connection was opened.
struct Fetched {
    first_byte_ms: f64,
    whole_ms: f64,
    mib: f64,
}

#[derive(Default)]
struct Fetches(Vec<Fetched>);

impl Fetches {
    fn row(&self, when: &str) -> Row {
        let first: Vec<f64> = self.0.iter().map(|one| one.first_byte_ms).collect();
        let whole: Vec<f64> = self.0.iter().map(|one| one.whole_ms).collect();
        let mib = self.0.first().map_or(0.0, |one| one.mib);
        let whole_ms = quantile(&sorted(&whole), 0.5);
        let what = format!("first byte of `GET /api/devices`, {when}, {} runs", first.len());
        Row::new(what, Target::AtMost(TARGET_MS), Summary::of(&first)).unit("ms").detail(format!(
            "the whole list ({} MiB) {} ms",
            number(mib),
            number(whole_ms)
        ))
    }
}

pub(super) fn measure(bench: &Bench) -> Result<Vec<Row>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let site = bench.site(LARGE_SITE)?;
    let mut after_start = Fetches::default();
    for _ in 0..STARTS {
        let (server, _) = start_unoc(&bench.binary, &site)?;
        after_start.0.push(fetch(&runtime, &server)?);
        server.stop()?;
    }
    let (server, _) = start_unoc(&bench.binary, &site)?;
    let devices = devices_of(&server)?;
    let mut warm = Fetches::default();
    for _ in 0..RUNS {
        warm.0.push(fetch(&runtime, &server)?);
    }
    let mut after_write = Fetches::default();
    for run in 0..RUNS {
        let place = run * devices.len() / RUNS;
        let device = devices.get(place).context("the site has no devices")?;
        set_override(&server, id_of(device)?, run % 2 == 0)?;
        after_write.0.push(fetch(&runtime, &server)?);
    }
    server.stop()?;
    let count = devices.len();
    Ok(vec![
        warm.row(&format!("{count} devices, warm")),
        after_write.row("directly after a change of one device"),
        after_start.row("directly after the start"),
    ])
}

fn fetch(runtime: &Runtime, server: &Server) -> Result<Fetched> {
    let started = Instant::now();
    let (answer, done) = runtime.block_on(async {
        let mut connection = Connection::open(&server.address).await?;
        let answer = connection.exchange(&get("/api/devices"), None).await?;
        anyhow::Ok((answer, Instant::now()))
    })?;
    ensure!(answer.status == 200, "the list was answered with {}", answer.status);
    let ms = |at: Instant| (at - started).as_secs_f64() * 1e3;
    Ok(Fetched {
        first_byte_ms: ms(answer.first_byte),
        whole_ms: ms(done),
        mib: answer.body_bytes as f64 / f64::from(1 << 20),
    })
}
