//! From the order to restore until the site is in place.

use std::path::Path;
use std::time::Instant;

use anyhow::{Result, ensure};

use super::{LARGE_SITE, back_up, restore_latest};
use crate::director::Bench;
use crate::process::{start_with, unoc};
use crate::report::{Row, Target};
use crate::stats::Summary;

/// A restore takes seconds; five tell enough.
const REPEATS: usize = 5;
const RESTORE_S_MAX: f64 = 15.0;

pub(super) fn measure(bench: &Bench, site: &Path) -> Result<Vec<Row>> {
    let server = start_with(&bench.binary, site, &[])?;
    back_up(&server)?;
    let mut running_s = Vec::new();
    for _ in 0..REPEATS {
        let started = Instant::now();
        restore_latest(&server)?;
        running_s.push(started.elapsed().as_secs_f64());
    }
    server.stop()?;
    let mut stopped_s = Vec::new();
    for _ in 0..REPEATS {
        let started = Instant::now();
        let mut command = unoc(&bench.binary, site);
        command.args(["restore", "latest", "--yes", "--data-dir"]).arg(site);
        let output = command.output()?;
        stopped_s.push(started.elapsed().as_secs_f64());
        let words = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "unoc restore failed: {words}");
    }
    let row = |what: String, times_s: &[f64]| {
        Row::new(what, Target::AtMost(RESTORE_S_MAX), Summary::of(times_s)).unit("s")
    };
    let what = format!("restore of {LARGE_SITE} leaves while the service runs");
    Ok(vec![
        row(what, &running_s)
            .detail("staged, every row and rule checked, the site from before kept, put in place"),
        row("`unoc restore latest --yes` while it does not run".to_owned(), &stopped_s)
            .detail("from the start of the process to its end"),
    ])
}
