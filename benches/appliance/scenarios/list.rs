//! The list of some 10,000 devices, against the same bytes from nowhere.

use anyhow::Result;

use super::{body_of, devices_of, drive_both};
use crate::baseline::Plan;
use crate::director::Bench;
use crate::load::Job;
use crate::process::{start_bare, start_unoc};
use crate::report::{Row, Target, number};
use crate::stats::Pairs;

/// With the network above them these make about 10,000 devices.
const LEAVES: u32 = 9_610;
const CONNECTIONS: [usize; 2] = [1, 4];

pub(super) fn measure(bench: &Bench) -> Result<Vec<Row>> {
    let (ours, _) = start_unoc(&bench.binary, &bench.site(LEAVES)?)?;
    let count = devices_of(&ours)?.len();
    let body = body_of(&ours, "/api/devices")?;
    let bare = start_bare(&Plan::Constant { body_file: bench.file("list.json", &body)? })?;
    let mib = body.len() as f64 / f64::from(1 << 20);

    let mut rows = Vec::new();
    for connections in CONNECTIONS {
        let (mut rates, mut costs) = (Pairs::default(), Pairs::default());
        for _ in 0..bench.rounds {
            let job = |_| Job::Get { path: "/api/devices".to_owned() };
            let [mine, theirs] = drive_both(bench, [&ours, &bare], connections, job)?;
            rates.push(mine.outcome.bytes_per_s() / 1e6, theirs.outcome.bytes_per_s() / 1e6);
            costs.push(mine.cpu_us / 1e3, theirs.cpu_us / 1e3);
        }
        let what = format!(
            "bytes/s of `GET /api/devices`, {count} devices, {} MiB, {connections} connections",
            number(mib)
        );
        let detail = format!(
            "{} against {} MB/s; processor time per list {} against {} ms",
            number(rates.ours().median),
            number(rates.bare().median),
            number(costs.ours().median),
            number(costs.bare().median),
        );
        rows.push(Row::new(what, Target::AtLeast(0.5), rates.ratios()).detail(detail));
    }
    Ok(rows)
}
