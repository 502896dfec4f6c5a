//! Socket.IO clients that watch a device, and the time from a PATCH until the last has heard.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use futures_util::{SinkExt, StreamExt};
use serde::{Deserialize, Serialize};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::LocalSet;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::http::{Connection, with_json};

/// Far longer than any broadcast takes; a client that has heard nothing by then never will.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);
/// Rounds of PATCHes before the counted ones, so that every connection and code path is warm.
const WARMUP_PATCHES: usize = 20;

/// Which servers to watch, in turns.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Plan {
    pub(crate) servers: Vec<Watched>,
    pub(crate) clients: usize,
    pub(crate) rounds: usize,
    /// Per server and round.
    pub(crate) patches: usize,
}

/// A server and the device whose override is set there.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Watched {
    pub(crate) address: String,
    pub(crate) device_id: u64,
}

/// Milliseconds by server, round and PATCH.
pub(crate) type Outcome = Vec<Vec<Vec<f64>>>;

pub(crate) type Socket = WebSocketStream<TcpStream>;

/// One client has heard of the override, at this time.
struct Heard {
    up: bool,
    at: Instant,
}

/// A watched server with its clients.
struct Audience {
    patches: Connection,
    device_id: u64,
    heard: mpsc::UnboundedReceiver<Heard>,
    clients: usize,
    up: bool,
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
    let mut audiences = Vec::new();
    for server in &plan.servers {
        let mut audience = Audience::gather(server, plan.clients).await?;
        audience.round(WARMUP_PATCHES).await?;
        audiences.push(audience);
    }
    let mut outcome: Outcome = vec![Vec::new(); audiences.len()];
    for _ in 0..plan.rounds {
        for (rounds, audience) in outcome.iter_mut().zip(&mut audiences) {
            rounds.push(audience.round(plan.patches).await?);
        }
    }
    Ok(outcome)
}

impl Audience {
    async fn gather(server: &Watched, clients: usize) -> Result<Self> {
        let (sender, heard) = mpsc::unbounded_channel();
        for _ in 0..clients {
            let socket = connect(&server.address, "").await?;
            tokio::task::spawn_local(listen(socket, server.device_id, sender.clone()));
        }
        let patches = Connection::open(&server.address).await?;
        Ok(Self { patches, device_id: server.device_id, heard, clients, up: false })
    }

    /// Sets the override again and again, the next when all have heard of the last.
    async fn round(&mut self, patches: usize) -> Result<Vec<f64>> {
        let path = format!("/api/devices/{}/override", self.device_id);
        let mut times_ms = Vec::with_capacity(patches);
        for _ in 0..patches {
            self.up = !self.up;
            let word = if self.up { "UP" } else { "DOWN" };
            let body = format!(r#"{{"status_override":"{word}","override_reason":null}}"#);
            let request = with_json("PATCH", &path, &body);
            let sent = Instant::now();
            let answer = self.patches.exchange(&request, None).await?;
            ensure!(answer.status == 200, "the override was answered with {}", answer.status);
            let last = self.last_heard(sent).await?;
            times_ms.push((last - sent).as_secs_f64() * 1e3);
        }
        Ok(times_ms)
    }

    async fn last_heard(&mut self, sent: Instant) -> Result<Instant> {
        let mut last = sent;
        let mut missing = self.clients;
        while missing > 0 {
            let heard = timeout(PATIENCE, self.heard.recv())
                .await
                .with_context(|| format!("{missing} clients have not heard of an override"))?
                .context("all clients are gone")?;
            if heard.up == self.up {
                missing -= 1;
                last = last.max(heard.at);
            }
        }
        Ok(last)
    }
}

/// Opens Engine.IO 4 over a web socket and joins a namespace: `""` the default one, `"/live,"` that
/// of numbered batches.
pub(crate) async fn connect(address: &str, namespace: &str) -> Result<Socket> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let url = format!("ws://{address}/socket.io/?EIO=4&transport=websocket");
    let (mut socket, _) = client_async(url, stream).await.context("opening a web socket")?;
    expect(&mut socket, "0{").await?;
    socket.send(Message::text(format!("40{namespace}"))).await?;
    expect(&mut socket, &format!("40{namespace}{{")).await?;
    Ok(socket)
}

async fn expect(socket: &mut Socket, opening: &str) -> Result<()> {
    loop {
        let message = timeout(PATIENCE, socket.next()).await.context("the server is silent")?;
        match message.context("the server closed the socket")?? {
            Message::Text(text) if text.starts_with(opening) => return Ok(()),
            Message::Text(text) if text.as_str() == "2" => {
                socket.send(Message::text("3")).await?;
            }
            Message::Text(_) | Message::Ping(_) | Message::Pong(_) => {}
            other => bail!("expected {opening}…, got {other:?}"),
        }
    }
}

/// Reports each time the override of the device turns, until the socket closes: the audience then
/// misses a client and says so.
async fn listen(mut socket: Socket, device_id: u64, sender: mpsc::UnboundedSender<Heard>) {
    let id = format!(r#""id":{device_id},"#);
    let mut last_up = None;
    while let Some(Ok(message)) = socket.next().await {
        let at = Instant::now();
        let Message::Text(text) = message else { continue };
        if text.as_str() == "2" {
            if socket.send(Message::text("3")).await.is_err() {
                return;
            }
        } else if text.starts_with(r#"42["device:updated","#) && text.contains(&id) {
            let up = text.contains(r#""status_override":"UP""#);
            if last_up.replace(up) != Some(up) && sender.send(Heard { up, at }).is_err() {
                return;
            }
        }
    }
}
