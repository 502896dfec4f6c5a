//! A provider that says what a test wants it to say, signed with a key of its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use serde_json::{Value, json};

use crate::harness::wait::PATIENCE;

/// What it answers, by path.
pub(super) type Answers = Arc<Mutex<Vec<(String, String)>>>;

/// A server on a port of this host; it ends when this is dropped.
pub(super) struct FakeProvider {
    pub(super) address: SocketAddr,
    pub(super) answers: Answers,
    pub(super) requests: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl FakeProvider {
    pub(super) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (answers, stop) = (Answers::default(), Arc::new(AtomicBool::new(false)));
        let requests = Arc::new(AtomicUsize::new(0));
        let (said, stopped, counted) =
            (Arc::clone(&answers), Arc::clone(&stop), Arc::clone(&requests));
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                counted.fetch_add(1, Ordering::SeqCst);
                // One that breaks off is not answered.
                stream.ok().and_then(|stream| serve(&stream, &said));
            }
        });
        let provider = Self { address, answers, requests, stop, thread: Some(thread) };
        provider.say("/.well-known/openid-configuration", &provider.metadata());
        provider
    }

    pub(super) fn issuer(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) fn metadata(&self) -> Value {
        let at = |path: &str| format!("{}{path}", self.issuer());
        json!({
            "issuer": self.issuer(),
            "authorization_endpoint": at("/auth"),
            "token_endpoint": at("/token"),
            "jwks_uri": at("/jwks"),
            "userinfo_endpoint": at("/userinfo"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["EdDSA", "HS256", "none"],
        })
    }

    /// Answers a path with this from now on.
    pub(super) fn say(&self, path: &str, body: &Value) {
        self.say_text(path, body.to_string());
    }

    pub(super) fn say_text(&self, path: &str, body: String) {
        let mut answers = self.answers.lock().expect("not poisoned");
        answers.retain(|(known, _)| known != path);
        answers.push((path.to_owned(), body));
    }
}

impl Drop for FakeProvider {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // Wakes the thread.
        TcpStream::connect(self.address).ok();
        if let Some(thread) = self.thread.take() {
            thread.join().expect("it does not panic");
        }
    }
}

fn serve(stream: &TcpStream, answers: &Answers) -> Option<()> {
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let path = line.split_whitespace().nth(1)?.to_owned();
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim().split_once(':') else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().expect("a number");
        }
    }
    reader.read_exact(&mut vec![0; length]).ok()?;
    let answers = answers.lock().expect("not poisoned");
    let answer = answers.iter().find(|(known, _)| *known == path).map(|(_, body)| body.clone());
    let (status, body) = answer.map_or((404, "{}".to_owned()), |body| (200, body));
    let head = format!(
        "HTTP/1.1 {status} Said\r\ncontent-type: application/json\r\nconnection: close\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    let mut stream = stream;
    stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes())).ok()
}
