//! The load generator: some connections, each sending its next request when the last is answered.

use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use tokio::task::LocalSet;

use crate::http::{self, Connection};
use crate::stats::{quantile, sorted};

/// What to send, and for how long.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Plan {
    pub(crate) address: String,
    /// The certificate that a server with TLS shows, signed by itself (PEM).
    #[serde(default)]
    pub(crate) certificate: Option<PathBuf>,
    pub(crate) connections: usize,
    /// Requests of this time are answered and not counted.
    pub(crate) warmup_s: f64,
    pub(crate) seconds: f64,
    pub(crate) job: Job,
}

/// Which requests.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Job {
    /// The same GET again and again.
    Get { path: String },
    /// One device by a random id out of this file (JSON array), with the header that says who asks.
    GetOne { ids_file: PathBuf, credential: Option<String> },
    /// ONTs with names that begin like this.
    Provision { prefix: String },
}

/// What came back within the counted time. Every answer had the right status, or there is no
/// outcome.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Outcome {
    pub(crate) requests: u64,
    /// Of bodies.
    pub(crate) bytes: u64,
    pub(crate) seconds: f64,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
    /// With the warm-up: for costs per request on the server's side.
    pub(crate) requests_in_all: u64,
}

impl Outcome {
    pub(crate) fn requests_per_s(&self) -> f64 {
        self.requests as f64 / self.seconds
    }

    /// Of slices of one measurement: sums, and the mean of what cannot be summed.
    pub(crate) fn of_slices(slices: &[Self]) -> Self {
        let mean =
            |value: fn(&Self) -> f64| slices.iter().map(value).sum::<f64>() / slices.len() as f64;
        Self {
            requests: slices.iter().map(|slice| slice.requests).sum(),
            bytes: slices.iter().map(|slice| slice.bytes).sum(),
            seconds: slices.iter().map(|slice| slice.seconds).sum(),
            p50_us: mean(|slice| slice.p50_us),
            p99_us: mean(|slice| slice.p99_us),
            requests_in_all: slices.iter().map(|slice| slice.requests_in_all).sum(),
        }
    }

    pub(crate) fn bytes_per_s(&self) -> f64 {
        self.bytes as f64 / self.seconds
    }
}

/// Makes the next request of one connection.
enum Source {
    Fixed(Vec<u8>),
    Ids { ids: Rc<Vec<u64>>, random: u64, headers: String },
    Names { prefix: String, connection: usize, next: u64 },
}

/// One connection's share.
#[derive(Default)]
struct Share {
    bytes: u64,
    latencies_us: Vec<f64>,
    requests_in_all: u64,
}

/// Carries a [`Plan`] out and prints its [`Outcome`], both as JSON.
pub(crate) fn run(plan: &str) -> Result<()> {
    let plan: Plan = serde_json::from_str(plan).context("reading the plan")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let outcome = LocalSet::new().block_on(&runtime, drive(&plan))?;
    println!("{}", serde_json::to_string(&outcome)?);
    Ok(())
}

async fn drive(plan: &Plan) -> Result<Outcome> {
    let ids = Rc::new(match &plan.job {
        Job::GetOne { ids_file, .. } => serde_json::from_slice(&std::fs::read(ids_file)?)?,
        Job::Get { .. } | Job::Provision { .. } => Vec::<u64>::new(),
    });
    let mut connections = Vec::with_capacity(plan.connections);
    let tls = plan.certificate.as_deref().map(http::connector).transpose()?;
    for _ in 0..plan.connections {
        connections.push(match &tls {
            Some(tls) => Connection::open_encrypted(&plan.address, tls).await?,
            None => Connection::open(&plan.address).await?,
        });
    }
    let begin = Instant::now() + Duration::from_secs_f64(plan.warmup_s);
    let end = begin + Duration::from_secs_f64(plan.seconds);
    let status = if matches!(plan.job, Job::Provision { .. }) { 201 } else { 200 };
    let tasks: Vec<_> = connections
        .into_iter()
        .enumerate()
        .map(|(index, connection)| {
            let source = Source::new(&plan.job, index, &ids);
            tokio::task::spawn_local(work(connection, source, status, begin, end))
        })
        .collect();
    let mut sum = Share::default();
    for task in tasks {
        let share = task.await??;
        sum.bytes += share.bytes;
        sum.requests_in_all += share.requests_in_all;
        sum.latencies_us.extend(share.latencies_us);
    }
    ensure!(!sum.latencies_us.is_empty(), "no request was answered in time");
    let latencies_us = sorted(&sum.latencies_us);
    Ok(Outcome {
        requests: latencies_us.len() as u64,
        bytes: sum.bytes,
        seconds: plan.seconds,
        p50_us: quantile(&latencies_us, 0.5),
        p99_us: quantile(&latencies_us, 0.99),
        requests_in_all: sum.requests_in_all,
    })
}

async fn work(
    mut connection: Connection,
    mut source: Source,
    status: u16,
    begin: Instant,
    end: Instant,
) -> Result<Share> {
    let mut share = Share::default();
    let mut buffer = Vec::new();
    let mut sent = Instant::now();
    while sent < end {
        let answer = connection.exchange(source.next(&mut buffer), None).await?;
        let done = Instant::now();
        ensure!(answer.status == status, "answered {}, expected {status}", answer.status);
        share.requests_in_all += 1;
        if done >= begin && done < end {
            share.bytes += answer.body_bytes;
            share.latencies_us.push((done - sent).as_secs_f64() * 1e6);
        }
        sent = done;
    }
    Ok(share)
}

impl Source {
    fn new(job: &Job, connection: usize, ids: &Rc<Vec<u64>>) -> Self {
        match job {
            Job::Get { path } => Self::Fixed(http::get(path)),
            Job::GetOne { credential, .. } => {
                let random = 0x9e37_79b9_7f4a_7c15 ^ (connection as u64 + 1);
                let headers = credential.as_ref().map(|it| format!("{it}\r\n"));
                Self::Ids { ids: Rc::clone(ids), random, headers: headers.unwrap_or_default() }
            }
            Job::Provision { prefix } => {
                Self::Names { prefix: prefix.clone(), connection, next: 0 }
            }
        }
    }

    fn next<'a>(&'a mut self, buffer: &'a mut Vec<u8>) -> &'a [u8] {
        match self {
            Self::Fixed(request) => request,
            Self::Ids { ids, random, headers } => {
                // Xorshift: ids need no better chance than this.
                *random ^= *random << 13;
                *random ^= *random >> 7;
                *random ^= *random << 17;
                let place = *random % ids.len() as u64;
                let id = ids[usize::try_from(place).unwrap_or_default()];
                *buffer = http::get_with(&format!("/api/devices/{id}"), headers);
                buffer
            }
            Self::Names { prefix, connection, next } => {
                *next += 1;
                let body = format!(
                    r#"{{"name":"{prefix}-{connection:02}-{next:06}","device_type":"ONT"}}"#
                );
                *buffer = http::with_json("POST", "/api/devices/provision", &body);
                buffer
            }
        }
    }
}
