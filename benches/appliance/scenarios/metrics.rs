//! What a scrape of the metrics costs on a large site.

use std::time::Instant;

use anyhow::{Result, ensure};
use tokio::runtime::Runtime;

use super::{LARGE_SITE, body_of, devices_of, id_of, set_override};
use crate::director::Bench;
use crate::http::{Connection, get};
use crate::process::{Server, start_unoc};
use crate::report::{Row, Target};
use crate::stats::Summary;

const RUNS: usize = 50;
const TARGET_MS: f64 = 5.0;
/// Routes that are read before, so that the page's own requests are among the series.
const ROUTES: [&str; 8] = [
    "/api/links?limit=1",
    "/api/problems",
    "/api/incidents",
    "/api/jobs",
    "/api/backups",
    "/api/sync",
    "/api/health",
    "/api/nothing",
];

pub(super) fn measure(bench: &Bench) -> Result<Vec<Row>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (server, _) = start_unoc(&bench.binary, &bench.site(LARGE_SITE)?)?;
    let devices = devices_of(&server)?;
    set_override(&server, id_of(&devices[0])?, true)?;
    for route in ROUTES {
        // Its status does not matter: errors are counted too.
        body_of(&server, route).ok();
    }
    let text = String::from_utf8(body_of(&server, "/metrics")?)?;
    let series = text.lines().filter(|line| !line.starts_with('#')).count();
    let mut took_ms = Vec::with_capacity(RUNS);
    for _ in 0..RUNS {
        took_ms.push(scrape(&runtime, &server)?);
    }
    server.stop()?;
    let what = format!("`GET /metrics`, {} devices, {RUNS} runs", devices.len());
    let row = Row::new(what, Target::AtMost(TARGET_MS), Summary::of(&took_ms)).unit("ms");
    Ok(vec![row.detail(format!("{series} series, {} kB", text.len() / 1000))])
}

/// One scrape, in milliseconds since before the connection was opened.
fn scrape(runtime: &Runtime, server: &Server) -> Result<f64> {
    let started = Instant::now();
    let answer = runtime.block_on(async {
        let mut connection = Connection::open(&server.address).await?;
        connection.exchange(&get("/metrics"), None).await
    })?;
    let took = started.elapsed();
    ensure!(answer.status == 200, "the metrics were answered with {}", answer.status);
    Ok(took.as_secs_f64() * 1e3)
}
