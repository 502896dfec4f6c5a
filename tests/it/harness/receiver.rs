//! A receiver of webhooks: it keeps what it is sent, and accepts or refuses it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use serde_json::Value;

use super::wait;

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) path: String,
    /// With lower case names.
    pub(crate) headers: Vec<(String, String)>,
    /// Null without a body.
    pub(crate) body: Value,
}

/// A server on a port of this host; it ends when this is dropped.
pub(crate) struct WebhookReceiver {
    pub(crate) address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
    status: Arc<AtomicU16>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl WebhookReceiver {
    pub(crate) fn start() -> Self {
        Self::start_at("127.0.0.1:0".parse().expect("an address"))
    }

    /// Starts at an address where one has been before.
    pub(crate) fn start_at(address: SocketAddr) -> Self {
        let listener = wait::until("the port is free", || TcpListener::bind(address).ok());
        let address = listener.local_addr().expect("an address");
        let received: Arc<Mutex<Vec<Received>>> = Arc::default();
        let (status, stop) = (Arc::new(AtomicU16::new(200)), Arc::new(AtomicBool::new(false)));
        let (kept, answered, stopped) =
            (Arc::clone(&received), Arc::clone(&status), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let status = answered.load(Ordering::SeqCst);
                // One that breaks off is not kept, or not answered.
                serve(stream, status, &kept);
            }
        });
        Self { address, received, status, stop, thread: Some(thread) }
    }

    /// Answers with this status from now on.
    pub(crate) fn answer(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Everything that came so far, also what was refused.
    pub(crate) fn all(&self) -> Vec<Received> {
        self.received.lock().expect("not poisoned").clone()
    }

    /// Waits until this many requests have come.
    #[track_caller]
    pub(crate) fn wait_for(&self, count: usize) -> Vec<Received> {
        wait::until(&format!("{count} requests"), || {
            let all = self.all();
            (all.len() >= count).then_some(all)
        })
    }
}

impl Drop for WebhookReceiver {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // Wakes the thread.
        TcpStream::connect(self.address).ok();
        if let Some(thread) = self.thread.take() {
            thread.join().expect("it does not panic");
        }
    }
}

/// Reads one request, keeps it, and answers it: whoever has the answer finds the request.
fn serve(stream: TcpStream, status: u16, kept: &Mutex<Vec<Received>>) -> Option<()> {
    stream.set_read_timeout(Some(wait::PATIENCE)).ok()?;
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let path = line.split_whitespace().nth(1)?.to_owned();
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim().split_once(':') else { break };
        headers.push((name.to_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length.map_or(0, |(_, value)| value.parse().expect("a number"));
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    // What a receiver says may repeat what it was sent, secrets too.
    let said = format!("{path} {}", String::from_utf8_lossy(&body));
    let head = format!(
        "HTTP/1.1 {status} Said\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        said.len()
    );
    let body = serde_json::from_slice(&body).unwrap_or_default();
    kept.lock().expect("not poisoned").push(Received { path, headers, body });
    let mut stream = stream;
    stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(said.as_bytes())).ok()
}
