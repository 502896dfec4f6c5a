//! The backbone of a large site lost and back: until every reader sees all of it.

use anyhow::{Context, Result};
use serde_json::Value;

use super::{LARGE_SITE, body_of, id_of};
use crate::director::Bench;
use crate::outage::{Outcome, Plan, Turn};
use crate::process::{run_role, start_unoc};
use crate::report::{Row, Target, number};
use crate::stats::Summary;

const CLIENTS: usize = 50;
const SEEN_MS_MAX: f64 = 500.0;
const BATCHES_PER_S_MAX: f64 = 20.0;

pub(super) fn measure(bench: &Bench) -> Result<Vec<Row>> {
    let site = bench.site(LARGE_SITE)?;
    let (server, _) = start_unoc(&bench.binary, &site)?;
    let gateways = body_of(&server, "/api/devices?device_type=BACKBONE_GATEWAY")?;
    let gateways: Vec<Value> = serde_json::from_slice(&gateways)?;
    let plan = Plan {
        address: server.address.clone(),
        device_id: id_of(gateways.first().context("the site has no gateway")?)?,
        clients: CLIENTS,
        rounds: bench.rounds,
        seconds: bench.seconds,
    };
    let before = server.memory()?;
    let outcome: Outcome = run_role("outage", &plan)?;
    let after = server.memory()?;
    server.stop()?;

    let down = format!("{} devices are DOWN then", outcome.down_count);
    let mut rows = turn_rows("lost", &outcome.lost, &down);
    rows.extend(turn_rows("back", &outcome.back, ""));
    let what = format!("batches per second at each of {CLIENTS} clients under steady changes");
    rows.push(
        Row::new(what, Target::AtMost(BATCHES_PER_S_MAX), Summary::of(&outcome.batches_per_s))
            .unit("/s")
            .detail(format!("{} changes per second", number(outcome.patches_per_s))),
    );
    let rounds = bench.rounds;
    let what = format!("peak resident memory after {rounds} outages");
    rows.push(
        Row::new(what, Target::None, Summary::of(&[after.peak_mib]))
            .unit("MiB")
            .detail(format!("{} MiB before the first one", number(before.resident_mib))),
    );
    Ok(rows)
}

fn turn_rows(turn: &str, turns: &[Turn], detail: &str) -> Vec<Row> {
    let row = |what: &str, time_ms: fn(&Turn) -> f64, detail: &str| {
        let times_ms: Vec<f64> = turns.iter().map(time_ms).collect();
        let what = format!("backbone {turn}: {what}");
        Row::new(what, Target::AtMost(SEEN_MS_MAX), Summary::of(&times_ms))
            .unit("ms")
            .detail(detail)
    };
    let told = format!("the last of {CLIENTS} clients of /live knows");
    vec![
        row("the request is answered", |turn| turn.answered_ms, detail),
        row(&told, |turn| turn.told_ms, ""),
        row("`GET /api/topology/summary` shows it", |turn| turn.summary_ms, ""),
        row("`GET /api/devices?status=DOWN&limit=1` shows it", |turn| turn.filtered_ms, ""),
        row("all of `GET /api/devices` is read again", |turn| turn.list_ms, ""),
    ]
}
