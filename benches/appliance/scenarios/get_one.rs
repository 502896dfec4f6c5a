//! One device out of 100,000 and more, against the same bytes from nowhere.

use anyhow::{Context, Result};

use super::{LARGE_SITE, body_of, devices_of, drive_both, id_of};
use crate::baseline::Plan;
use crate::director::Bench;
use crate::load::Job;
use crate::process::{start_bare, start_unoc};
use crate::report::{Row, Target, number};
use crate::stats::Pairs;

/// Enough to keep two cores busy, few enough to be clients of one appliance.
const CONNECTIONS: usize = 32;

pub(super) fn measure(bench: &Bench) -> Result<Vec<Row>> {
    let (ours, _) = start_unoc(&bench.binary, &bench.site(LARGE_SITE)?)?;
    let devices = devices_of(&ours)?;
    let ids = devices.iter().map(id_of).collect::<Result<Vec<u64>>>()?;
    let ids_file = bench.file("ids.json", &serde_json::to_vec(&ids)?)?;
    let lengths: Vec<usize> = devices.iter().map(|device| device.to_string().len()).collect();
    let mean = lengths.iter().sum::<usize>() / lengths.len();
    let (typical, _) = lengths
        .iter()
        .enumerate()
        .min_by_key(|(_, length)| length.abs_diff(mean))
        .context("the site has no devices")?;
    let body = body_of(&ours, &format!("/api/devices/{}", ids[typical]))?;
    let bare = start_bare(&Plan::Constant { body_file: bench.file("one.json", &body)? })?;

    let (mut rates, mut costs, mut waits) = (Pairs::default(), Pairs::default(), Pairs::default());
    for _ in 0..bench.rounds {
        let job = |_| Job::GetOne { ids_file: ids_file.clone(), credential: None };
        let [mine, theirs] = drive_both(bench, [&ours, &bare], CONNECTIONS, job)?;
        rates.push(mine.outcome.requests_per_s(), theirs.outcome.requests_per_s());
        costs.push(mine.cpu_us, theirs.cpu_us);
        waits.push(mine.outcome.p99_us / 1e3, theirs.outcome.p99_us / 1e3);
    }
    let behind = |pairs: &Pairs, unit: &str| {
        let (mine, theirs) = (pairs.ours().median, pairs.bare().median);
        format!("{} against {} {unit}", number(mine), number(theirs))
    };
    let what = format!(
        "requests/s of `GET /api/devices/{{id}}`, {} devices, {} B, {CONNECTIONS} connections",
        ids.len(),
        body.len()
    );
    Ok(vec![
        Row::new(what, Target::AtLeast(0.7), rates.ratios()).detail(behind(&rates, "requests/s")),
        Row::new("server's processor time per request", Target::None, costs.ratios())
            .detail(behind(&costs, "µs")),
        Row::new("p99 of the answer time", Target::None, waits.ratios())
            .detail(behind(&waits, "ms")),
    ])
}
