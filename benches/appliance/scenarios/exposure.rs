//! What being reached from the network costs: encryption, logins, and clients that are in the way.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::{SLICES, WARMUP_S, devices_of, id_of};
use crate::crowd;
use crate::director::Bench;
use crate::http;
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
const PASSWORD: &str = "correct horse battery";

pub(super) fn measure(bench: &Bench) -> Result<Vec<Row>> {
    let site = bench.site(SITE)?;
    let (plain, _) = start_unoc(&bench.binary, &bench.copy_of(&site, "plain")?)?;
    let ids = devices_of(&plain)?.iter().map(id_of).collect::<Result<Vec<u64>>>()?;
    let ids_file = bench.file("exposed-ids.json", &serde_json::to_vec(&ids)?)?;
    let (encrypted, certificate) = start_encrypted(bench, &bench.copy_of(&site, "tls")?)?;
    let job = Job::GetOne { ids_file: ids_file.clone(), credential: None };
    let compared = compare(
        bench,
        CONNECTIONS,
        [(&encrypted, Some(&certificate), &job), (&plain, None, &job)],
    )?;
    let mut rows = compared.rows("over TLS", "of those without", Target::AtLeast(0.6));
    rows.extend(logins(bench, &plain, &site, &ids_file)?);
    rows.extend(crowds(bench, &plain, &job)?);
    Ok(rows)
}

/// What it costs to know who asks, of a server without users.
fn logins(bench: &Bench, open: &Server, site: &Path, ids_file: &Path) -> Result<Vec<Row>> {
    let directory = bench.copy_of(site, "users")?;
    run_unoc(bench, &directory, &["user", "add", "ada", "--role", "admin", "--password-stdin"])?;
    let token = run_unoc(
        bench,
        &directory,
        &["token", "create", "bench", "--scope", "read", "--for", "ada", "--days", "1"],
    )?;
    let (server, _) = start_unoc(&bench.binary, &directory)?;
    let cookie = log_in(&server.address)?;
    let nobody = Job::GetOne { ids_file: ids_file.to_owned(), credential: None };
    let mut rows = Vec::new();
    for (what, credential) in [
        ("with a token", format!("authorization: Bearer {}", token.trim())),
        ("with a session", format!("cookie: {cookie}")),
    ] {
        let known = Job::GetOne { ids_file: ids_file.to_owned(), credential: Some(credential) };
        let compared =
            compare(bench, CONNECTIONS, [(&server, None, &known), (open, None, &nobody)])?;
        rows.extend(compared.rows(what, "of a server without users", Target::AtLeast(0.95)));
    }
    Ok(rows)
}

/// Runs a command on a directory whose server does not run; returns what it prints.
fn run_unoc(bench: &Bench, directory: &Path, arguments: &[&str]) -> Result<String> {
    let mut command = unoc(&bench.binary, directory);
    command.args(arguments).args(["--config", "/dev/null", "--data-dir"]).arg(directory);
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().with_context(|| format!("running unoc {arguments:?}"))?;
    child.stdin.take().context("its input")?.write_all(format!("{PASSWORD}\n").as_bytes()).ok();
    let done = child.wait_with_output()?;
    ensure!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    Ok(String::from_utf8(done.stdout)?)
}

/// Returns the cookie of a new session.
fn log_in(address: &str) -> Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let body = serde_json::json!({"name": "ada", "password": PASSWORD}).to_string();
    stream.write_all(&http::with_json("POST", "/api/session", &body))?;
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    while !answer.windows(4).any(|bytes| bytes == b"\r\n\r\n") {
        let count = stream.read(&mut buffer)?;
        ensure!(count > 0, "the login was not answered");
        answer.extend_from_slice(&buffer[..count]);
    }
    let head = String::from_utf8_lossy(&answer);
    let from = head.find("unoc_session=").with_context(|| format!("no session: {head}"))?;
    Ok(head[from..].split([';', '\r']).next().unwrap_or_default().to_owned())
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

/// Rates and processor times of two servers that are asked in turns.
#[derive(Default)]
struct Compared {
    rates: Pairs,
    costs: Pairs,
}

/// A server, its certificate if it has one, and what is asked of it.
type Side<'a> = (&'a Server, Option<&'a PathBuf>, &'a Job);

fn compare(bench: &Bench, connections: usize, sides: [Side<'_>; 2]) -> Result<Compared> {
    let mut compared = Compared::default();
    for _ in 0..bench.rounds {
        let mut slices = [Vec::new(), Vec::new()];
        let mut cpu_s = [0.0; 2];
        for _ in 0..SLICES {
            for (side, (server, certificate, job)) in sides.into_iter().enumerate() {
                let before = server.cpu_s()?;
                slices[side].push(drive(bench, server, connections, certificate.cloned(), job)?);
                cpu_s[side] += server.cpu_s()? - before;
            }
        }
        let [with, without] = slices.map(|slices| Outcome::of_slices(&slices));
        compared.rates.push(with.requests_per_s(), without.requests_per_s());
        let cost = |cpu_s: f64, outcome: &Outcome| cpu_s * 1e6 / outcome.requests_in_all as f64;
        compared.costs.push(cost(cpu_s[0], &with), cost(cpu_s[1], &without));
    }
    Ok(compared)
}

impl Compared {
    fn rows(&self, with: &str, without: &str, target: Target) -> Vec<Row> {
        let behind = |pairs: &Pairs, unit: &str| {
            format!(
                "{} against {} {unit}",
                number(pairs.ours().median),
                number(pairs.bare().median)
            )
        };
        let what = format!(
            "requests/s of `GET /api/devices/{{id}}` {with}, {without}, {CONNECTIONS} connections"
        );
        let cost = format!("server's processor time per request {with}, {without}");
        vec![
            Row::new(what, target, self.rates.ratios()).detail(behind(&self.rates, "requests/s")),
            Row::new(cost, Target::None, self.costs.ratios()).detail(behind(&self.costs, "µs")),
        ]
    }
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
