//! What the network may do to others: encryption, and clients that are in the way.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::{SLICES, WARMUP_S, devices_of, id_of};
use crate::crowd;
use crate::director::Bench;
use crate::load::{self, Job, Outcome};
use crate::process::{Server, run_role, start_role, start_unoc, start_with, unoc};
use crate::report::{Row, Target, number};
use crate::stats::Pairs;

/// As of the scenario `get_one`.
const CONNECTIONS: usize = 32;
/// A noon's worth of clients, so that the answer time is theirs and not that of a queue.
const POLITE_CONNECTIONS: usize = 4;
const SITE: u32 = 10_000;
const IDLE: usize = 1_000;
const SLOW: usize = 200;

pub(super) fn measure(bench: &Bench) -> Result<Vec<Row>> {
    let site = bench.site(SITE)?;
    let (plain, _) = start_unoc(&bench.binary, &bench.copy_of(&site, "plain")?)?;
    let ids = devices_of(&plain)?.iter().map(id_of).collect::<Result<Vec<u64>>>()?;
    let ids_file = bench.file("exposed-ids.json", &serde_json::to_vec(&ids)?)?;
    let (encrypted, certificate) = start_encrypted(bench, &bench.copy_of(&site, "tls")?)?;
    let job = Job::GetOne { ids_file };
    let mut rows = encryption(bench, (&plain, &encrypted), &certificate, &job)?;
    rows.extend(crowds(bench, &plain, &job)?);
    Ok(rows)
}

/// Starts a server with a certificate that `unoc tls selfsigned` makes. Returns the file of that, too.
fn start_encrypted(bench: &Bench, directory: &Path) -> Result<(Server, PathBuf)> {
    let made = unoc(&bench.binary, directory)
        .args(["tls", "selfsigned", "--config", "/dev/null", "--data-dir"])
        .arg(directory)
        .output()
        .context("running unoc tls selfsigned")?;
    ensure!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let file = |name: &str| directory.join("tls").join(name);
    let (certificate, key) = (file("cert.pem"), file("key.pem"));
    let text = |path: &PathBuf| path.to_str().map(str::to_owned).context("a path in UTF-8");
    let (certificate_text, key_text) = (text(&certificate)?, text(&key)?);
    let arguments = ["--tls-cert", certificate_text.as_str(), "--tls-key", key_text.as_str()];
    Ok((start_with(&bench.binary, directory, &arguments)?, certificate))
}

fn encryption(
    bench: &Bench,
    (plain, encrypted): (&Server, &Server),
    certificate: &Path,
    job: &Job,
) -> Result<Vec<Row>> {
    let (mut rates, mut costs) = (Pairs::default(), Pairs::default());
    for _ in 0..bench.rounds {
        let mut slices = [Vec::new(), Vec::new()];
        let mut cpu_s = [0.0; 2];
        for _ in 0..SLICES {
            for (side, server) in [encrypted, plain].into_iter().enumerate() {
                let certificate = (side == 0).then(|| certificate.to_owned());
                let before = server.cpu_s()?;
                slices[side].push(drive(bench, server, CONNECTIONS, certificate, job)?);
                cpu_s[side] += server.cpu_s()? - before;
            }
        }
        let [with, without] = slices.map(|slices| Outcome::of_slices(&slices));
        rates.push(with.requests_per_s(), without.requests_per_s());
        let cost = |cpu_s: f64, outcome: &Outcome| cpu_s * 1e6 / outcome.requests_in_all as f64;
        costs.push(cost(cpu_s[0], &with), cost(cpu_s[1], &without));
    }
    let behind = |pairs: &Pairs, unit: &str| {
        format!("{} against {} {unit}", number(pairs.ours().median), number(pairs.bare().median))
    };
    Ok(vec![
        Row::new(
            format!("requests/s of `GET /api/devices/{{id}}` over TLS, of those without, {CONNECTIONS} connections"),
            Target::AtLeast(0.6),
            rates.ratios(),
        )
        .detail(behind(&rates, "requests/s")),
        Row::new("server's processor time per request over TLS, of that without", Target::None, costs.ratios())
            .detail(behind(&costs, "µs")),
    ])
}

fn crowds(bench: &Bench, server: &Server, job: &Job) -> Result<Vec<Row>> {
    let (mut p99, mut p50) = (Pairs::default(), Pairs::default());
    for _ in 0..bench.rounds {
        let alone = drive(bench, server, POLITE_CONNECTIONS, None, job)?;
        let plan = crowd::Plan { address: server.address.clone(), idle: IDLE, slow: SLOW };
        let crowd = start_role("crowd", &plan)?;
        let crowded = drive(bench, server, POLITE_CONNECTIONS, None, job)?;
        drop(crowd);
        p99.push(crowded.p99_us, alone.p99_us);
        p50.push(crowded.p50_us, alone.p50_us);
    }
    let behind = |pairs: &Pairs| {
        format!("{} against {} µs", number(pairs.ours().median), number(pairs.bare().median))
    };
    let what = format!("{IDLE} idle and {SLOW} slow connections");
    Ok(vec![
        Row::new(
            format!("p99 of the answer time beside {what}, of that without, {POLITE_CONNECTIONS} connections"),
            Target::AtMost(2.0),
            p99.ratios(),
        )
        .detail(behind(&p99)),
        Row::new("the same of the median", Target::None, p50.ratios()).detail(behind(&p50)),
    ])
}

fn drive(
    bench: &Bench,
    server: &Server,
    connections: usize,
    certificate: Option<PathBuf>,
    job: &Job,
) -> Result<Outcome> {
    let plan = load::Plan {
        address: server.address.clone(),
        certificate,
        connections,
        warmup_s: WARMUP_S,
        seconds: bench.seconds / SLICES as f64,
        job: job.clone(),
    };
    run_role("load", &plan)
}
