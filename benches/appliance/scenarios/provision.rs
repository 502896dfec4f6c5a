//! Provisioning ONTs, against a bare group commit of the same rows.

use anyhow::{Context, Result};

use super::drive_both;
use crate::baseline::Plan;
use crate::director::Bench;
use crate::load::Job;
use crate::process::{start_bare, start_unoc};
use crate::report::{Row, Target, number};
use crate::stats::{Pairs, Summary};

const ALONE: usize = 1;
const MANY: usize = 64;

pub(super) fn measure(bench: &Bench) -> Result<Vec<Row>> {
    let reply_bytes = reply_bytes(bench)?;
    let (mut alone, mut many) = (Pairs::default(), Pairs::default());
    for _ in 0..bench.rounds {
        // Ours starts with the demo network, which has the OLT that an ONT needs.
        let directory = bench.directory("ours")?;
        let (ours, _) = start_unoc(&bench.binary, &directory)?;
        let rows_directory = bench.directory("bare")?;
        let plan = Plan::Pipeline { directory: rows_directory.clone(), reply_bytes };
        let bare = start_bare(&plan)?;
        for (connections, pairs) in [(ALONE, &mut alone), (MANY, &mut many)] {
            let job = |slice| Job::Provision { prefix: format!("ONT-{connections:02}-{slice}") };
            let [mine, theirs] = drive_both(bench, [&ours, &bare], connections, job)?;
            pairs.push(mine.outcome.requests_per_s(), theirs.outcome.requests_per_s());
        }
        ours.kill()?;
        bare.kill()?;
        for used in [directory, rows_directory] {
            std::fs::remove_dir_all(used)?;
        }
    }
    let behind = |pairs: &Pairs| {
        let (mine, theirs) = (pairs.ours().median, pairs.bare().median);
        format!("{} against {} requests/s", number(mine), number(theirs))
    };
    let gain = |many: &[f64], alone: &[f64]| {
        let gains: Vec<f64> = many.iter().zip(alone).map(|(many, alone)| many / alone).collect();
        Summary::of(&gains)
    };
    let bare_gain = gain(&many.bare, &alone.bare).median;
    Ok(vec![
        Row::new("provisioning one at a time", Target::AtLeast(0.5), alone.ratios())
            .detail(behind(&alone)),
        Row::new(format!("provisioning, {MANY} at a time"), Target::AtLeast(0.5), many.ratios())
            .detail(behind(&many)),
        Row::new(
            format!("our rate with {MANY} at a time by that of one at a time"),
            Target::AtLeast(5.0),
            gain(&many.ours, &alone.ours),
        )
        .detail(format!("the bare pipeline gains {} x", number(bare_gain))),
    ])
}

/// How long our own answer is.
fn reply_bytes(bench: &Bench) -> Result<usize> {
    let (server, _) = start_unoc(&bench.binary, &bench.directory("probe")?)?;
    let body = serde_json::json!({ "name": "ONT-01-0-00-000001", "device_type": "ONT" });
    let mut answer = ureq::post(server.url("/api/devices/provision"))
        .send_json(&body)
        .context("provisioning an ONT")?;
    Ok(answer.body_mut().read_to_vec()?.len())
}
