//! From an override until the last of 100 clients knows, against a bare broadcast.

use anyhow::{Context, Result};

use super::{devices_of, id_of, set_override};
use crate::baseline::Plan;
use crate::director::Bench;
use crate::process::{run_role, start_bare, start_unoc};
use crate::report::{Row, Target, number};
use crate::stats::{Pairs, quantile, sorted};
use crate::watch::{self, Outcome, Watched};

const CLIENTS: usize = 100;
const PATCHES: usize = 300;

pub(super) fn measure(bench: &Bench) -> Result<Vec<Row>> {
    let (ours, _) = start_unoc(&bench.binary, &bench.directory("ours")?)?;
    let devices = devices_of(&ours)?;
    let ont = devices
        .iter()
        .find(|device| device["device_type"] == "ONT")
        .context("the demo site has no ONT")?;
    let device_id = id_of(ont)?;
    let answer = set_override(&ours, device_id, false)?;
    let payload_file = bench.file("event.json", answer["device"].to_string().as_bytes())?;
    let emitter = |commit_in| Plan::Emitter { payload_file: payload_file.clone(), commit_in };
    let bare = start_bare(&emitter(None))?;
    let durable = start_bare(&emitter(Some(bench.directory("bare")?)))?;

    let watched = |address: &str| Watched { address: address.to_owned(), device_id };
    let plan = watch::Plan {
        servers: [&ours, &bare, &durable].map(|server| watched(&server.address)).to_vec(),
        clients: CLIENTS,
        rounds: bench.rounds,
        patches: PATCHES,
    };
    let outcome: Outcome = run_role("watch", &plan)?;
    let [mine, theirs, theirs_durable] = outcome.as_slice() else {
        anyhow::bail!("an outcome for {} servers", outcome.len());
    };
    let row = |what: &str, share: f64, rival: &[Vec<f64>], target: Target| {
        let pairs = Pairs { ours: quantiles(mine, share), bare: quantiles(rival, share) };
        let (mine, theirs) = (pairs.ours().median, pairs.bare().median);
        let detail = format!("{} against {} ms", number(mine), number(theirs));
        Row::new(what, target, pairs.ratios()).detail(detail)
    };
    let what =
        format!("p99 from the PATCH to the last of {CLIENTS} clients, {PATCHES} PATCHes per round");
    Ok(vec![
        row(&what, 0.99, theirs, Target::AtMost(3.0)),
        row("p50 of the same", 0.5, theirs, Target::None),
        row("p99, the bare one committing a row first", 0.99, theirs_durable, Target::None),
        row("p50, the bare one committing a row first", 0.5, theirs_durable, Target::None),
    ])
}

fn quantiles(rounds: &[Vec<f64>], share: f64) -> Vec<f64> {
    rounds.iter().map(|times_ms| quantile(&sorted(times_ms), share)).collect()
}
