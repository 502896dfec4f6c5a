//! A steady stream of writes: each is sent when it is due, whether the one before is answered or
//! not, and its time counts from then.

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use tokio::task::LocalSet;
use tokio::time::{Instant, sleep_until};

use crate::http::{Connection, with_json};

/// Enough that a write that takes a quarter of a second keeps no other one waiting.
const CONNECTIONS: usize = 64;

/// Which writes, how many, for how long.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Plan {
    pub(crate) address: String,
    /// Devices to move (JSON array): one after the other, each again when all had their turn.
    pub(crate) ids_file: PathBuf,
    /// Every second write provisions an ONT whose name begins like this.
    pub(crate) prefix: String,
    pub(crate) per_s: f64,
    pub(crate) seconds: f64,
}

/// Every write; none was refused, or there is no outcome.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Outcome {
    pub(crate) writes: Vec<Write>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Write {
    /// When it was due, on the clock of [`now_s`].
    pub(crate) due_s: f64,
    /// From then until it was answered.
    pub(crate) took_ms: f64,
}

/// Seconds since 1970, for times that two processes compare.
pub(crate) fn now_s() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

/// Carries a [`Plan`] out and prints its [`Outcome`], both as JSON.
pub(crate) fn run(plan: &str) -> Result<()> {
    let plan: Plan = serde_json::from_str(plan).context("reading the plan")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let outcome = LocalSet::new().block_on(&runtime, drive(plan))?;
    println!("{}", serde_json::to_string(&outcome)?);
    Ok(())
}

struct Stream {
    plan: Plan,
    ids: Vec<u64>,
    begin: Instant,
    begin_s: f64,
    /// The write that comes next.
    next: RefCell<usize>,
    writes: RefCell<Vec<Write>>,
}

async fn drive(plan: Plan) -> Result<Outcome> {
    let ids: Vec<u64> = serde_json::from_slice(&std::fs::read(&plan.ids_file)?)?;
    ensure!(!ids.is_empty(), "there is no device to move");
    let mut connections = Vec::new();
    for _ in 0..CONNECTIONS {
        connections.push(Connection::open(&plan.address).await?);
    }
    let stream = Rc::new(Stream {
        plan,
        ids,
        begin: Instant::now(),
        begin_s: now_s(),
        next: RefCell::default(),
        writes: RefCell::default(),
    });
    let tasks: Vec<_> = connections
        .into_iter()
        .map(|connection| tokio::task::spawn_local(work(connection, Rc::clone(&stream))))
        .collect();
    for task in tasks {
        task.await??;
    }
    Ok(Outcome { writes: stream.writes.take() })
}

async fn work(mut connection: Connection, stream: Rc<Stream>) -> Result<()> {
    loop {
        let number = stream.next.replace_with(|next| *next + 1);
        let after = Duration::from_secs_f64(number as f64 / stream.plan.per_s);
        if after.as_secs_f64() > stream.plan.seconds {
            return Ok(());
        }
        let due = stream.begin + after;
        sleep_until(due).await;
        let (request, status) = stream.request(number);
        let answer = connection.exchange(&request, None).await?;
        ensure!(answer.status == status, "a write was answered with {}", answer.status);
        stream.writes.borrow_mut().push(Write {
            due_s: stream.begin_s + after.as_secs_f64(),
            took_ms: due.elapsed().as_secs_f64() * 1e3,
        });
    }
}

impl Stream {
    /// The write with this number, and how it has to be answered.
    fn request(&self, number: usize) -> (Vec<u8>, u16) {
        if number % 2 == 1 {
            let prefix = &self.plan.prefix;
            let body = format!(r#"{{"name":"{prefix}-{number:07}","device_type":"ONT"}}"#);
            return (with_json("POST", "/api/devices/provision", &body), 201);
        }
        let id = self.ids[number / 2 % self.ids.len()];
        let body = format!(r#"{{"x":{number},"y":1}}"#);
        (with_json("PATCH", &format!("/api/devices/{id}"), &body), 200)
    }
}
