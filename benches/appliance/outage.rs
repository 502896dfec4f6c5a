//! Clients and readers of a site that loses its backbone: the time until everybody knows.

use std::cell::Cell;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use futures_util::{SinkExt, StreamExt};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::LocalSet;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;

use crate::http::{Connection, get, with_json};
use crate::watch::{PATIENCE, Socket, connect};

/// Callers that change something at the same time while batches are counted.
const WRITERS: usize = 16;

/// What to do to which server.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Plan {
    pub(crate) address: String,
    /// The backbone gateway.
    pub(crate) device_id: u64,
    pub(crate) clients: usize,
    pub(crate) rounds: usize,
    /// How long batches are counted.
    pub(crate) seconds: f64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Outcome {
    pub(crate) lost: Vec<Turn>,
    pub(crate) back: Vec<Turn>,
    /// Devices that were DOWN without the backbone.
    pub(crate) down_count: u64,
    /// Of each client, while changes came as fast as they could.
    pub(crate) batches_per_s: Vec<f64>,
    pub(crate) patches_per_s: f64,
}

/// Milliseconds from before the request was sent.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Turn {
    pub(crate) answered_ms: f64,
    /// These began when the request was answered.
    pub(crate) summary_ms: f64,
    pub(crate) filtered_ms: f64,
    pub(crate) list_ms: f64,
    /// The last client was told of the change.
    pub(crate) told_ms: f64,
}

/// A client was told of everything up to `seq`.
struct Told {
    client: usize,
    seq: u64,
    at: Instant,
}

struct Site {
    address: String,
    device_id: u64,
    clients: usize,
    told: mpsc::UnboundedReceiver<Told>,
    writer: Connection,
    readers: [Connection; 3],
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
    let mut site = Site::visit(plan).await?;
    let down_before = site.down_count().await?;
    let (mut lost, mut back) = (Vec::new(), Vec::new());
    let mut down_count = 0;
    // One round more, so that every connection and code path is warm.
    for round in 0..=plan.rounds {
        let (turn, down) = site.turn(true).await?;
        ensure!(down > down_before, "nothing went down");
        let (turn_back, down_after) = site.turn(false).await?;
        ensure!(down_after == down_before, "{down_after} devices stayed down");
        down_count = down;
        if round > 0 {
            lost.push(turn);
            back.push(turn_back);
        }
    }
    let (batches_per_s, patches_per_s) = site.count_batches(plan.seconds).await?;
    Ok(Outcome { lost, back, down_count, batches_per_s, patches_per_s })
}

impl Site {
    async fn visit(plan: &Plan) -> Result<Self> {
        let (sender, told) = mpsc::unbounded_channel();
        for client in 0..plan.clients {
            let socket = connect(&plan.address, "/live,").await?;
            tokio::task::spawn_local(listen(socket, client, sender.clone()));
        }
        let address = plan.address.clone();
        let reader = || Connection::open(&address);
        let readers = [reader().await?, reader().await?, reader().await?];
        let writer = reader().await?;
        let Plan { device_id, clients, .. } = *plan;
        Ok(Self { address, device_id, clients, told, writer, readers })
    }

    /// Takes the backbone away or gives it back; also returns how many devices are DOWN then.
    async fn turn(&mut self, is_lost: bool) -> Result<(Turn, u64)> {
        let path = format!("/api/devices/{}/override", self.device_id);
        let request = if is_lost {
            with_json("PATCH", &path, r#"{"status_override":"DOWN","override_reason":null}"#)
        } else {
            with_json("DELETE", &path, "")
        };
        let sent = Instant::now();
        let ms = |at: Instant| (at - sent).as_secs_f64() * 1e3;
        let answer = self.writer.exchange(&request, None).await?;
        ensure!(answer.status == 200, "the override was answered with {}", answer.status);
        let answered_ms = ms(Instant::now());
        let [summary, filtered, list] = &mut self.readers;
        let ((summary, summary_at), (filtered, filtered_at), (_, list_at)) = tokio::try_join!(
            read(summary, "/api/topology/summary"),
            read(filtered, "/api/devices?status=DOWN&limit=1"),
            read(list, "/api/devices"),
        )?;
        let down = down_of(&summary)?;
        ensure!((down > 0) != (filtered == b"[]"), "the list and the summary disagree");
        let seq = self.seq().await?;
        let told = self.all_told(seq).await?;
        let last = told.into_iter().max().context("there is no client")?;
        let turn = Turn {
            answered_ms,
            summary_ms: ms(summary_at),
            filtered_ms: ms(filtered_at),
            list_ms: ms(list_at),
            told_ms: ms(last),
        };
        Ok((turn, down))
    }

    /// When each client was told of this commit.
    async fn all_told(&mut self, seq: u64) -> Result<Vec<Instant>> {
        let mut at = vec![None; self.clients];
        while at.iter().any(Option::is_none) {
            let told = self.next_told().await?;
            if told.seq >= seq {
                at[told.client].get_or_insert(told.at);
            }
        }
        Ok(at.into_iter().flatten().collect())
    }

    async fn next_told(&mut self) -> Result<Told> {
        let told = timeout(PATIENCE, self.told.recv()).await.context("a client heard nothing")?;
        told.context("all clients are gone")
    }

    /// Batches per second of each client while [`WRITERS`] change things, and their rate.
    async fn count_batches(&mut self, seconds: f64) -> Result<(Vec<f64>, f64)> {
        let end = Instant::now() + Duration::from_secs_f64(seconds);
        let patches = Cell::new(0_u32);
        let mut writers = Vec::new();
        for number in 0..WRITERS {
            writers.push(move_about(&self.address, self.device_id, number, end, &patches));
        }
        futures_util::future::try_join_all(writers).await?;
        let seq = self.seq().await?;
        let mut times = vec![Vec::new(); self.clients];
        let mut missing = self.clients;
        while missing > 0 {
            let told = self.next_told().await?;
            missing -= usize::from(told.seq >= seq);
            times[told.client].push(told.at);
        }
        let rate = |times: &Vec<Instant>| {
            let spacings = times.len().saturating_sub(1) as f64;
            let (first, last) = (times.first()?, times.last()?);
            Some(spacings / (*last - *first).as_secs_f64())
        };
        let rates = times.iter().filter_map(rate).collect();
        Ok((rates, f64::from(patches.get()) / seconds))
    }

    async fn down_count(&mut self) -> Result<u64> {
        down_of(&read(&mut self.readers[0], "/api/topology/summary").await?.0)
    }

    async fn seq(&mut self) -> Result<u64> {
        let health = read(&mut self.readers[0], "/api/health").await?.0;
        let health: Value = serde_json::from_slice(&health)?;
        health["seq"].as_u64().context("no seq in /api/health")
    }
}

fn down_of(summary: &[u8]) -> Result<u64> {
    let summary: Value = serde_json::from_slice(summary)?;
    Ok(summary["by_status"]["DOWN"].as_u64().unwrap_or(0))
}

/// A whole answer, and when it was complete.
async fn read(connection: &mut Connection, path: &str) -> Result<(Vec<u8>, Instant)> {
    let mut body = Vec::new();
    let answer = connection.exchange(&get(path), Some(&mut body)).await?;
    ensure!(answer.status == 200, "{path} was answered with {}", answer.status);
    Ok((body, Instant::now()))
}

/// Moves a device about on the canvas until `end`.
async fn move_about(
    address: &str,
    device_id: u64,
    number: usize,
    end: Instant,
    patches: &Cell<u32>,
) -> Result<()> {
    let mut connection = Connection::open(address).await?;
    let path = format!("/api/devices/{device_id}");
    while Instant::now() < end {
        patches.set(patches.get() + 1);
        let body = format!(r#"{{"x":{},"y":{number}}}"#, patches.get());
        let answer = connection.exchange(&with_json("PATCH", &path, &body), None).await?;
        ensure!(answer.status == 200, "a move was answered with {}", answer.status);
    }
    Ok(())
}

/// Reports each batch and each `resync`, until the socket closes.
async fn listen(mut socket: Socket, client: usize, sender: mpsc::UnboundedSender<Told>) {
    while let Some(Ok(message)) = socket.next().await {
        let at = Instant::now();
        let Message::Text(text) = message else { continue };
        if text.as_str() == "2" {
            if socket.send(Message::text("3")).await.is_err() {
                return;
            }
        } else if let Some(seq) = to_seq(&text)
            && sender.send(Told { client, seq, at }).is_err()
        {
            return;
        }
    }
}

/// The commit up to which `changes` and `resync` lead.
fn to_seq(text: &str) -> Option<u64> {
    let event = text.strip_prefix("42/live,[\"")?;
    let is_news = event.starts_with("changes\"") || event.starts_with("resync\"");
    let (_, rest) = event.split_once("\"to_seq\":").filter(|_| is_news)?;
    let digits = rest.split(|char: char| !char.is_ascii_digit()).next()?;
    digits.parse().ok()
}
