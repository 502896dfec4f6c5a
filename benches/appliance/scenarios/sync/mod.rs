//! The mirror in PostgreSQL: the first copy, following, an outage, and what it costs the API.

mod cost;
mod first;
mod outage;
mod steady;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::{LARGE_SITE, body_of, devices_of, id_of};
use crate::director::Bench;
use crate::pace;
use crate::postgres::{self, Postgres};
use crate::process::{Server, run_role, start_mirrored};
use crate::report::{self, Row};

/// Writes per second of a busy site.
const BUSY_PER_S: f64 = 200.0;
/// Beyond every promise of the mirror, so that a miss is measured and not called an error.
const PATIENCE: Duration = Duration::from_secs(300);
const POLL: Duration = Duration::from_millis(20);

pub(super) fn measure(bench: &Bench) -> Result<Vec<Row>> {
    let Some(binaries) = postgres::installed() else {
        println!("PostgreSQL is not installed");
        return Ok(Vec::new());
    };
    let mut postgres = Postgres::start(&binaries, &bench.scratch.path().join("pg"), false)?;
    // A copy of its own: other scenarios measure a store that has no mirror.
    let site = bench.copy_of(&bench.site(LARGE_SITE)?, "mirrored")?;
    let (mut rows, database) = first::measure(bench, &mut postgres, &site)?;
    let url = postgres::url(postgres.port, &database);
    let server = start_mirrored(&bench.binary, &site, &url)?;
    until_live(&server)?;
    let ids = devices_of(&server)?.iter().map(id_of).collect::<Result<Vec<_>>>()?;
    let writes = Writes::new(bench, &ids)?;
    rows.extend(steady::measure(&postgres, &database, &server, &writes)?);
    server.stop()?;
    so_far(&rows);
    rows.extend(outage::measure(bench, &mut postgres, &database, &site, &writes)?);
    so_far(&rows);
    rows.extend(cost::measure(bench, &mut postgres, "")?);
    drop(postgres);
    let mut nice = Postgres::start(&binaries, &bench.scratch.path().join("pg-nice"), true)?;
    rows.extend(cost::measure(bench, &mut nice, ", PostgreSQL at low priority")?);
    Ok(rows)
}

/// Far beyond any expected wait; the caller then sees the state there is.
fn so_far(rows: &[Row]) {
    println!("{}", report::plain(rows));
}

/// `GET /api/sync`
fn view(server: &Server) -> Result<Value> {
    Ok(serde_json::from_slice(&body_of(server, "/api/sync")?)?)
}

/// Asks for something that the mirror answers when it is done.
fn ask(server: &Server, what: &str) -> Result<Value> {
    let url = server.url(&format!("/api/sync/{what}"));
    let mut answer = ureq::post(url).send_empty().with_context(|| format!("asking for {what}"))?;
    Ok(answer.body_mut().read_json()?)
}

fn until_live(server: &Server) -> Result<Value> {
    until("the mirror is live", || {
        let view = view(server)?;
        ensure!(view["state"] != "stopped", "the mirror stands still: {}", view["message"]);
        Ok((view["state"] == "live").then_some(view))
    })
}

fn until<T>(what: &str, mut condition: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let started = Instant::now();
    while started.elapsed() < PATIENCE {
        if let Some(value) = condition()? {
            return Ok(value);
        }
        std::thread::sleep(POLL);
    }
    bail!("{PATIENCE:?} went by, and not: {what}");
}

/// The writes of a busy site: devices are moved and ONTs provisioned, in turns.
struct Writes {
    ids_file: PathBuf,
    /// A device that they leave alone.
    untouched: u64,
}

impl Writes {
    fn new(bench: &Bench, ids: &[u64]) -> Result<Self> {
        let (untouched, moved) = ids.split_last().context("the site has no devices")?;
        let ids_file = bench.file("moved.json", serde_json::to_string(moved)?.as_bytes())?;
        Ok(Self { ids_file, untouched: *untouched })
    }

    /// Begins to write at [`BUSY_PER_S`] for some seconds; names of ONTs begin with `prefix`.
    fn begin(
        &self,
        server: &Server,
        prefix: &str,
        seconds: f64,
    ) -> std::thread::JoinHandle<Result<pace::Outcome>> {
        let plan = pace::Plan {
            address: server.address.clone(),
            ids_file: self.ids_file.clone(),
            prefix: prefix.to_owned(),
            per_s: BUSY_PER_S,
            seconds,
        };
        std::thread::spawn(move || run_role("pace", &plan))
    }
}

fn finish(writes: std::thread::JoinHandle<Result<pace::Outcome>>) -> Result<pace::Outcome> {
    writes.join().map_err(|_| anyhow::anyhow!("the writer panicked"))?
}
