//! What the health checks and their notices cost, and how soon a cause is told.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use unoc::domain::Timestamp;
use unoc::store::{OpenOptions, Sample, SeriesTier, Store};

use super::{body_of, drive_both, id_of};
use crate::director::Bench;
use crate::load::Job;
use crate::process::{Server, start_told, start_unoc};
use crate::report::{Row, Target, number};
use crate::stats::{Pairs, Summary};

/// How long a server with nothing to do is watched: each check runs at least twice.
const WATCHED: Duration = Duration::from_secs(150);
/// How long after the start: a start has other work.
const SETTLED: Duration = Duration::from_secs(5);
const CORE_PERCENT_MAX: f64 = 1.0;
const MEMORY_MIB_MAX: f64 = 5.0;
const HISTORY_MB_MAX: f64 = 20.0;
const SERIES: usize = 40;
const CONNECTIONS: usize = 8;
/// Between two runs of all checks, which usually run each 15 to 60 s.
const PAUSE: Duration = Duration::from_secs(1);
/// A problem of the network must exist for 2 s before it is one.
const HOLD_OFF: Duration = Duration::from_secs(2);
const TOLD_S_MAX: f64 = 2.0;
/// Far beyond: it was not told.
const TOLD_WAIT: Duration = Duration::from_secs(30);

pub(super) fn measure(bench: &Bench) -> Result<Vec<Row>> {
    let mut rows = idle_rows(bench)?;
    rows.push(history_row(bench)?);
    rows.push(provision_row(bench)?);
    rows.push(notice_row(bench)?);
    Ok(rows)
}

/// Everything that an idle appliance does counts, so that the checks cost less.
fn idle_rows(bench: &Bench) -> Result<Vec<Row>> {
    let (server, _) = start_unoc(&bench.binary, &bench.directory("idle")?)?;
    std::thread::sleep(SETTLED);
    let (cpu_before, memory_before) = (server.cpu_s()?, server.memory()?.resident_mib);
    std::thread::sleep(WATCHED);
    let cpu_s = server.cpu_s()? - cpu_before;
    let grown_mib = server.memory()?.resident_mib - memory_before;
    let health: Value = serde_json::from_slice(&body_of(&server, "/api/health")?)?;
    let checks = health["checks"].as_array().context("no checks")?.len();
    server.stop()?;
    let percent = 100.0 * cpu_s / WATCHED.as_secs_f64();
    let seconds = WATCHED.as_secs();
    Ok(vec![
        Row::new(
            format!("processor time of the idle appliance with {checks} checks, of one core"),
            Target::AtMost(CORE_PERCENT_MAX),
            Summary::of(&[percent]),
        )
        .unit("%")
        .detail(format!("{} s within {seconds} s, for everything that it does", number(cpu_s))),
        Row::new(
            format!("growth of its resident memory within these {seconds} s"),
            Target::AtMost(MEMORY_MIB_MAX),
            Summary::of(&[grown_mib]),
        )
        .unit("MiB")
        .detail(format!("{} MiB before", number(memory_before))),
    ])
}

/// Fills every bucket of every series for the whole time that is kept.
fn history_row(bench: &Bench) -> Result<Row> {
    let directory = bench.directory("history")?;
    let at = |us: u64| Timestamp(i64::try_from(us).unwrap_or(i64::MAX));
    let end_us = SeriesTier::Hour.kept_us() * 2;
    let options = OpenOptions { cache_bytes: 16 << 20, now: at(0), site_id: None };
    let store = Store::open(&directory, options)?;
    let before = store_mb(&directory)?;
    // The names of checks are constants, too.
    let names: Vec<&'static str> =
        (0..SERIES).map(|n| -> &'static str { format!("check.number-{n:02}").leak() }).collect();
    let mut us = end_us - SeriesTier::Hour.kept_us();
    while us < end_us {
        let samples: Vec<Sample> = (0_u16..)
            .zip(&names)
            .map(|(n, series)| Sample {
                series,
                value: (us / 60_000_000 % 9973) as f32 * (f32::from(n) + 0.37),
            })
            .collect();
        ensure!(store.record_samples(at(us), &samples)? == 0, "a series was not recorded");
        let finest = SeriesTier::ALL.into_iter().find(|tier| end_us - us <= tier.kept_us());
        us += finest.map_or(SeriesTier::Hour.bucket_us(), SeriesTier::bucket_us);
    }
    drop(store);
    let grown = store_mb(&directory)? - before;
    std::fs::remove_dir_all(&directory)?;
    Ok(Row::new(
        format!("growth of the store by 400 days of {SERIES} series"),
        Target::AtMost(HISTORY_MB_MAX),
        Summary::of(&[grown]),
    )
    .unit("MB")
    .detail(format!("an empty store has {} MB", number(before))))
}

fn store_mb(directory: &Path) -> Result<f64> {
    Ok(std::fs::metadata(directory.join("unoc.redb"))?.len() as f64 / 1e6)
}

/// Against the same appliance whose checks run as usual, so that the difference is many times what they cost.
fn provision_row(bench: &Bench) -> Result<Row> {
    let mut pairs = Pairs::default();
    let mut runs_per_s = Vec::new();
    for _ in 0..bench.rounds {
        let start = |name| start_unoc(&bench.binary, &bench.directory(name)?);
        let ((checked, _), (quiet, _)) = (start("checked")?, start("quiet")?);
        let stop = AtomicBool::new(false);
        let began = Instant::now();
        let job = |slice| Job::Provision { prefix: format!("ONT-{CONNECTIONS:02}-{slice}") };
        let measured = std::thread::scope(|scope| {
            let runs = scope.spawn(|| run_checks_until(&checked, &stop));
            let measured = drive_both(bench, [&checked, &quiet], CONNECTIONS, job);
            stop.store(true, Ordering::Relaxed);
            let runs = runs.join().map_err(|_| anyhow::anyhow!("the checks panicked"))??;
            runs_per_s.push(f64::from(runs) / began.elapsed().as_secs_f64());
            measured
        })?;
        let [mine, theirs] = measured;
        pairs.push(mine.outcome.requests_per_s(), theirs.outcome.requests_per_s());
        checked.kill()?;
        quiet.kill()?;
    }
    let what = format!("provisioning, {CONNECTIONS} at a time, while every check runs each second");
    let runs = number(Summary::of(&runs_per_s).median);
    Ok(Row::new(what, Target::AtLeast(0.97), pairs.ratios())
        .detail(format!("{runs} runs of all checks per second instead of one in 15 to 60 s")))
}

fn run_checks_until(server: &Server, stop: &AtomicBool) -> Result<u32> {
    let mut runs = 0;
    while !stop.load(Ordering::Relaxed) {
        ureq::post(server.url("/api/health/run")).send_empty().context("running the checks")?;
        runs += 1;
        std::thread::sleep(PAUSE);
    }
    Ok(runs)
}

/// From the request that takes a splitter down until the receiver has its notice, less the time that the problem must
/// exist.
fn notice_row(bench: &Bench) -> Result<Row> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let contacts =
        json!([{ "name": "bench", "webhook": format!("http://{}/", listener.local_addr()?) }]);
    let (sender, receiver) = channel();
    // It ends with the process.
    std::thread::spawn(move || serve(&listener, &sender));
    let mut times_s = Vec::new();
    for _ in 0..bench.rounds {
        // A new appliance each time: a contact is sent a few messages in a moment, and then fewer.
        let server = start_told(&bench.binary, &bench.directory("told")?, &contacts.to_string())?;
        let splitters = body_of(&server, "/api/devices?device_type=SPLITTER&limit=1")?;
        let splitters: Vec<Value> = serde_json::from_slice(&splitters)?;
        let id = id_of(splitters.first().context("no splitter")?)?;
        while receiver.try_recv().is_ok() {}
        let url = server.url(&format!("/api/devices/{id}/override"));
        let body = json!({ "status_override": "DOWN", "override_reason": "measured" });
        let began = Instant::now();
        ureq::patch(url).send_json(&body).context("taking a splitter down")?;
        let told = wait_for(&receiver, &format!("network:device:{id}"), "opened")?;
        times_s.push((told - began).saturating_sub(HOLD_OFF).as_secs_f64());
        server.stop()?;
    }
    Ok(Row::new(
        "from a cause until the receiver has the notice, after the 2 s that it must exist",
        Target::AtMost(TOLD_S_MAX),
        Summary::of(&times_s),
    )
    .unit("s"))
}

fn wait_for(received: &Receiver<(Instant, Value)>, key: &str, event: &str) -> Result<Instant> {
    loop {
        let (at, body) = received.recv_timeout(TOLD_WAIT).context("no notice came")?;
        let notices = body["notices"].as_array().cloned().unwrap_or_default();
        if notices.iter().any(|it| it["event"] == event && it["incident"]["key"] == key) {
            return Ok(at);
        }
    }
}

/// Answers each request, and passes its body on with the time at which it had come.
fn serve(listener: &TcpListener, sender: &Sender<(Instant, Value)>) {
    for stream in listener.incoming().flatten() {
        // A request that breaks off is sent again.
        let Ok(body) = read_request(&stream) else { continue };
        if sender.send((Instant::now(), body)).is_err() {
            return;
        }
    }
}

fn read_request(mut stream: &TcpStream) -> Result<Value> {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let line = line.trim().to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse()?;
        }
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")?;
    Ok(serde_json::from_slice(&body)?)
}
