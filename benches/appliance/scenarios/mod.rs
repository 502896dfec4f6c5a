//! One file per number that was promised.

mod backup;
mod broadcast;
mod checks;
mod exposure;
mod first_byte;
mod footprint;
mod get_one;
mod list;
mod metrics;
mod provision;
mod recompute;
mod storm;
mod sync;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::director::Bench;
use crate::load::{self, Job, Outcome};
use crate::process::{Server, run_role};
use crate::report::Row;

/// Measures and returns its table.
pub(crate) type Scenario = fn(&Bench) -> Result<Vec<Row>>;

/// Every scenario by name, in the order of the paper.
pub(crate) const ALL: &[(&str, Scenario)] = &[
    ("get_one", get_one::measure),
    ("list", list::measure),
    ("first_byte", first_byte::measure),
    ("provision", provision::measure),
    ("broadcast", broadcast::measure),
    ("recompute", recompute::measure),
    ("storm", storm::measure),
    ("sync", sync::measure),
    ("backup", backup::measure),
    ("checks", checks::measure),
    ("metrics", metrics::measure),
    ("exposure", exposure::measure),
    ("footprint", footprint::measure),
];

/// Leaves of the site that the promises speak of.
const LARGE_SITE: u32 = 100_000;
/// Long enough for connections, caches and branch predictors to settle.
const WARMUP_S: f64 = 0.25;
/// The two servers take turns this often within a round, so that a neighbour's burst of a second
/// on a shared machine meets both.
const SLICES: usize = 3;

/// One server's round: what came back, and what it cost the server.
struct Measured {
    outcome: Outcome,
    /// Processor time of the server per request, in microseconds.
    cpu_us: f64,
}

/// Drives ours and the bare server in turns; `job` makes each slice's requests.
fn drive_both(
    bench: &Bench,
    servers: [&Server; 2],
    connections: usize,
    job: impl Fn(usize) -> Job,
) -> Result<[Measured; 2]> {
    let mut slices = [Vec::new(), Vec::new()];
    let mut cpu_s = [0.0; 2];
    for slice in 0..SLICES {
        for (side, server) in servers.iter().enumerate() {
            let plan = load::Plan {
                address: server.address.clone(),
                certificate: None,
                connections,
                warmup_s: WARMUP_S,
                seconds: bench.seconds / SLICES as f64,
                job: job(slice),
            };
            let before = server.cpu_s()?;
            slices[side].push(run_role("load", &plan)?);
            cpu_s[side] += server.cpu_s()? - before;
        }
    }
    let [ours, bare] = slices.map(|slices| Outcome::of_slices(&slices));
    let cost = |side: usize, outcome: &Outcome| cpu_s[side] * 1e6 / outcome.requests_in_all as f64;
    let cpu_us = [cost(0, &ours), cost(1, &bare)];
    Ok([
        Measured { outcome: ours, cpu_us: cpu_us[0] },
        Measured { outcome: bare, cpu_us: cpu_us[1] },
    ])
}

/// The body of a GET.
fn body_of(server: &Server, path: &str) -> Result<Vec<u8>> {
    let mut answer = ureq::get(server.url(path))
        .header("accept-encoding", "identity")
        .call()
        .with_context(|| format!("GET {path}"))?;
    Ok(answer.body_mut().with_config().limit(1 << 30).read_to_vec()?)
}

/// Every device of a site.
fn devices_of(server: &Server) -> Result<Vec<Value>> {
    Ok(serde_json::from_slice(&body_of(server, "/api/devices")?)?)
}

fn id_of(device: &Value) -> Result<u64> {
    device["id"].as_u64().context("a device without an id")
}

/// Sets the override of a device and returns the answer.
fn set_override(server: &Server, device_id: u64, up: bool) -> Result<Value> {
    let word = if up { "UP" } else { "DOWN" };
    let body = serde_json::json!({ "status_override": word, "override_reason": null });
    let url = server.url(&format!("/api/devices/{device_id}/override"));
    let mut answer = ureq::patch(url).send_json(&body).context("setting an override")?;
    Ok(answer.body_mut().read_json()?)
}
