//! How soon a change is in PostgreSQL, while the mirror is connected.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use postgres::Client;

use super::{BUSY_PER_S, PATIENCE, Writes, finish};
use crate::postgres::Postgres;
use crate::process::Server;
use crate::report::{Row, Target, number};
use crate::stats::{Summary, quantile, sorted};

const CHANGES: u32 = 60;
/// Between half and one and a half of this lie between two changes.
const PAUSE: Duration = Duration::from_millis(500);
const POLL: Duration = Duration::from_millis(2);
/// The writes around the changes last longer than these, also on a slow machine.
const BUSY_S: f64 = 60.0;

pub(super) fn measure(
    postgres: &Postgres,
    database: &str,
    server: &Server,
    writes: &Writes,
) -> Result<Vec<Row>> {
    let mut client = postgres.client(database)?;
    let alone = changes(&mut client, server, writes.untouched)?;
    let writer = writes.begin(server, "BUSY", BUSY_S);
    let busy = changes(&mut client, server, writes.untouched)?;
    ensure!(!writer.is_finished(), "the other writes ended too early");
    finish(writer)?;
    let busily = format!(", under {BUSY_PER_S} writes/s");
    Ok(vec![row("", &alone), row(&busily, &busy)])
}

fn row(circumstances: &str, times_ms: &[f64]) -> Row {
    let what = format!("from an answer until PostgreSQL shows the change{circumstances}");
    let p95 = quantile(&sorted(times_ms), 0.95);
    Row::new(what, Target::AtMost(250.0), Summary::of(times_ms))
        .unit("ms")
        .detail(format!("{CHANGES} changes at random moments; p95 {} ms", number(p95)))
}

/// Moves a device again and again; each time in milliseconds.
fn changes(client: &mut Client, server: &Server, device_id: u64) -> Result<Vec<f64>> {
    let select = client.prepare("SELECT x FROM devices WHERE id = $1")?;
    let id = i64::try_from(device_id)?;
    let before: f64 = client.query_one(&select, &[&id])?.get(0);
    let mut times_ms = Vec::new();
    for number in 1..=CHANGES {
        // A golden-ratio sequence: even, and in step with nothing (Weyl).
        std::thread::sleep(PAUSE.mul_f64(0.5 + (f64::from(number) * 0.618_034).fract()));
        let x = before + f64::from(number);
        let url = server.url(&format!("/api/devices/{device_id}"));
        ureq::patch(url)
            .send_json(serde_json::json!({ "x": x, "y": 1.0 }))
            .context("moving a device")?;
        let answered = Instant::now();
        while client.query_one(&select, &[&id])?.get::<_, f64>(0).to_bits() != x.to_bits() {
            ensure!(answered.elapsed() < PATIENCE, "a change did not arrive");
            std::thread::sleep(POLL);
        }
        times_ms.push(answered.elapsed().as_secs_f64() * 1e3);
    }
    Ok(times_ms)
}
