//! What a backup and a restore take of the host's memory, beside what the service has anyway.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use super::{LARGE_SITE, back_up, restore_latest};
use crate::director::Bench;
use crate::process::{Server, start_with};
use crate::report::{Row, Target, number};
use crate::stats::Summary;

/// Starts of the server, and backups and restores by each of them: memory that is not given
/// back shows in the second.
const STARTS: usize = 3;
const REPEATS: usize = 2;
/// How long a server is left alone before it counts as idle.
const IDLE: Duration = Duration::from_secs(5);
const ABOVE_IDLE_MB_MAX: f64 = 100.0;
const MB_PER_MIB: f64 = 1.048_576;

/// MB above idle.
#[derive(Default)]
struct Above {
    backups: Vec<f64>,
    restores: Vec<f64>,
    afterwards: Vec<f64>,
}

pub(super) fn measure(bench: &Bench, site: &Path) -> Result<Vec<Row>> {
    let (mut above, mut idles_mib) = (Above::default(), Vec::new());
    for _ in 0..STARTS {
        let server = start_with(&bench.binary, site, &[])?;
        std::thread::sleep(IDLE);
        let idle_mib = server.memory()?.resident_mib;
        idles_mib.push(idle_mib);
        for _ in 0..REPEATS {
            let peak = peak_mb(&server, idle_mib, || back_up(&server).map(|_| ()))?;
            above.backups.push(peak);
        }
        for _ in 0..REPEATS {
            above.restores.push(peak_mb(&server, idle_mib, || restore_latest(&server))?);
        }
        std::thread::sleep(IDLE);
        above.afterwards.push((server.memory()?.resident_mib - idle_mib) * MB_PER_MIB);
        server.stop()?;
    }
    let idle = number(Summary::of(&idles_mib).median * MB_PER_MIB);
    let row = |what: String, target: Target, values: &[f64]| {
        Row::new(what, target, Summary::of(values)).unit("MB")
    };
    let most = Target::AtMost(ABOVE_IDLE_MB_MAX);
    let what = format!("peak memory above idle in a backup of {LARGE_SITE} leaves");
    Ok(vec![
        row(what, most, &above.backups)
            .detail(format!("with its verification; idle after the start: {idle} MB")),
        row("the same in a restore".to_owned(), most, &above.restores)
            .detail("after the backups, in the same process"),
        row(
            format!("above idle {} s after all that", IDLE.as_secs()),
            Target::None,
            &above.afterwards,
        ),
    ])
}

fn peak_mb(server: &Server, idle_mib: f64, work: impl FnOnce() -> Result<()>) -> Result<f64> {
    server.forget_peak()?;
    work()?;
    Ok((server.memory()?.peak_mib - idle_mib) * MB_PER_MIB)
}
