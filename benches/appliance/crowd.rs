//! Clients that are in the way: connections that are open for nothing, and requests that never end.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::LocalSet;

/// How often a slow client sends another byte.
const BYTE_EVERY: Duration = Duration::from_secs(1);
/// The pause before a client that was disconnected comes again.
const RETURN_AFTER: Duration = Duration::from_millis(500);
/// Descriptors beside the connections.
const OTHER_FILES: u64 = 64;
const HEAD: &[u8] = b"GET /api/devices HTTP/1.1\r\nhost: localhost\r\nx-slow: ";
const BODY: &[u8] = b"POST /api/devices/provision HTTP/1.1\r\nhost: localhost\r\n\
                      content-type: application/json\r\ncontent-length: 1000\r\n\r\n{\"name\": \"";

/// How many of each.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Plan {
    pub(crate) address: String,
    /// Connections that send nothing.
    pub(crate) idle: usize,
    /// Connections that send a request byte by byte: half of them its head, half of them its body.
    pub(crate) slow: usize,
}

/// Carries a [`Plan`] out until standard input ends. Prints a line once every client has connected.
pub(crate) fn run(plan: &str) -> Result<()> {
    let plan: Plan = serde_json::from_str(plan).context("reading the plan")?;
    let files = (plan.idle + plan.slow) as u64 + OTHER_FILES;
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < files) {
        ensure!(limit.maximum.is_none_or(|maximum| maximum >= files), "too few open files");
        setrlimit(Resource::Nofile, Rlimit { current: Some(files), maximum: limit.maximum })?;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, crowd(plan))
}

async fn crowd(plan: Plan) -> Result<()> {
    let (connected, mut all) = mpsc::unbounded_channel();
    for index in 0..plan.idle + plan.slow {
        let sends = match index.checked_sub(plan.idle) {
            None => None,
            Some(slow) if slow % 2 == 0 => Some(HEAD),
            Some(_) => Some(BODY),
        };
        tokio::task::spawn_local(client(plan.address.clone(), sends, connected.clone()));
    }
    for _ in 0..plan.idle + plan.slow {
        all.recv().await.context("a client has ended")?;
    }
    println!("connected");
    // Standard input ends with the process that wants the crowd.
    let mut rest = Vec::new();
    tokio::task::spawn_blocking(move || {
        std::io::Read::read_to_end(&mut std::io::stdin(), &mut rest)
    })
    .await??;
    Ok(())
}

/// Connects again and again, and does what it does until it is disconnected.
async fn client(
    address: String,
    sends: Option<&'static [u8]>,
    connected: mpsc::UnboundedSender<()>,
) {
    let mut is_first = true;
    loop {
        if let Ok(stream) = TcpStream::connect(&address).await {
            if std::mem::take(&mut is_first) {
                connected.send(()).ok();
            }
            be_in_the_way(stream, sends).await;
        }
        tokio::time::sleep(RETURN_AFTER).await;
    }
}

async fn be_in_the_way(mut stream: TcpStream, sends: Option<&[u8]>) {
    if let Some(begin) = sends
        && stream.write_all(begin).await.is_err()
    {
        return;
    }
    let (mut reading, mut writing) = stream.split();
    let mut answer = [0; 1024];
    let send = async {
        if sends.is_none() {
            return std::future::pending().await;
        }
        while writing.write_all(b"x").await.is_ok() {
            tokio::time::sleep(BYTE_EVERY).await;
        }
    };
    let receive = async { while reading.read(&mut answer).await.is_ok_and(|count| count > 0) {} };
    tokio::select! {
        () = send => {}
        () = receive => {}
    }
}
