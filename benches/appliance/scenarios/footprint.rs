//! What the program takes: time to seed and start, memory, disk.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;

use super::{LARGE_SITE, body_of, devices_of, id_of, set_override};
use crate::director::{Bench, seed};
use crate::process::{Memory, Server, start_unoc};
use crate::report::{Row, Target, number};
use crate::stats::Summary;

/// A seed or start takes up to seconds; five tell enough.
const REPEATS: usize = 5;
/// How long a server is left alone before it counts as idle.
const IDLE: Duration = Duration::from_secs(5);
const SITE_MIB_MAX: f64 = 300.0;
const DEMO_MIB_MAX: f64 = 40.0;
const BINARY_MB_MAX: f64 = 40.0;

pub(super) fn measure(bench: &Bench) -> Result<Vec<Row>> {
    let mut rows = vec![seed_row(bench)?];
    let site = bench.site(LARGE_SITE)?;
    rows.push(start_row(bench, &site, "a clean stop", stop_cleanly)?);
    rows.push(start_row(bench, &site, "kill -9 right after a write", kill_after_write)?);
    rows.extend(memory_rows(bench, &site)?);
    let binary_mb = std::fs::metadata(&bench.binary)?.len() as f64 / 1e6;
    rows.push(
        Row::new("release binary", Target::AtMost(BINARY_MB_MAX), Summary::of(&[binary_mb]))
            .unit("MB"),
    );
    Ok(rows)
}

fn seed_row(bench: &Bench) -> Result<Row> {
    let mut times_s = Vec::new();
    let mut store_mib = 0.0;
    for _ in 0..REPEATS {
        let directory = bench.directory("seed")?;
        times_s.push(seed(&bench.binary, &directory, LARGE_SITE)?);
        store_mib = size_mib(&directory)?;
        std::fs::remove_dir_all(directory)?;
    }
    let what = format!("`unoc seed --size {LARGE_SITE}`");
    Ok(Row::new(what, Target::AtMost(10.0), Summary::of(&times_s))
        .unit("s")
        .detail(format!("the data directory has {} MiB then", number(store_mib))))
}

/// Ends a server in some way.
type End = fn(Server) -> Result<()>;

fn start_row(bench: &Bench, site: &Path, after: &str, end: End) -> Result<Row> {
    let (server, _) = start_unoc(&bench.binary, site)?;
    end(server)?;
    let (mut times_s, mut cpu_s) = (Vec::new(), Vec::new());
    for _ in 0..REPEATS {
        let (server, ready) = start_unoc(&bench.binary, site)?;
        times_s.push(ready.as_secs_f64());
        cpu_s.push(server.cpu_s()?);
        end(server)?;
    }
    let what = format!("start until ready after {after}, {LARGE_SITE} leaves");
    let detail = format!("{} s of processor time", number(Summary::of(&cpu_s).median));
    Ok(Row::new(what, Target::AtMost(1.0), Summary::of(&times_s)).unit("s").detail(detail))
}

fn stop_cleanly(server: Server) -> Result<()> {
    server.stop().map(|_| ())
}

fn kill_after_write(server: Server) -> Result<()> {
    let devices = devices_of(&server)?;
    if let Some(device) = devices.last() {
        set_override(&server, id_of(device)?, true)?;
    }
    server.kill()
}

fn memory_rows(bench: &Bench, site: &Path) -> Result<Vec<Row>> {
    let (server, _) = start_unoc(&bench.binary, site)?;
    let mut rows = Vec::new();
    let mut note = |when: &str, memory: Memory, most: f64| {
        let value = Summary::of(&[memory.resident_mib]);
        let detail = format!("peak so far {} MiB", number(memory.peak_mib));
        let what = format!("resident memory {when}");
        rows.push(Row::new(what, Target::AtMost(most), value).unit("MiB").detail(detail));
    };
    note(&format!("after the start, {LARGE_SITE} leaves"), server.memory()?, SITE_MIB_MAX);
    let bytes = body_of(&server, "/api/devices")?.len() as f64;
    let when = format!("after one full list ({} MiB)", number(bytes / f64::from(1 << 20)));
    note(&when, server.memory()?, SITE_MIB_MAX);
    for path in ["/api/interfaces", "/api/links"] {
        body_of(&server, path)?;
    }
    note("after the lists of interfaces and links too", server.memory()?, SITE_MIB_MAX);
    std::thread::sleep(IDLE);
    note("idle after that", server.memory()?, SITE_MIB_MAX);
    server.stop()?;

    let (demo, _) = start_unoc(&bench.binary, &bench.directory("demo")?)?;
    std::thread::sleep(IDLE);
    note("of the demo site, idle", demo.memory()?, DEMO_MIB_MAX);
    demo.stop()?;
    Ok(rows)
}

fn size_mib(directory: &Path) -> Result<f64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(directory)? {
        bytes += entry?.metadata()?.len();
    }
    Ok(bytes as f64 / f64::from(1 << 20))
}
