//! Malicious input, and input from broken clients.
//!
//! After each attack the server answers other clients, is healthy and uses little memory.

mod bodies;
mod names;
mod paths;
mod sockets;
mod wire;

use std::io::{self, Read};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::{Value, json};

use crate::engine::kill9::http::{Answer, Client};
use crate::engine::kill9::server::{Home, Server};

/// What the server holds in memory after an attack. An empty site has 12 MiB.
const ANONYMOUS_MIB_MAX: u64 = 120;

/// A server under attack.
struct Target {
    home: Home,
    server: Server,
}

impl Target {
    fn new() -> Self {
        Self::of(Home::new())
    }

    fn of(home: Home) -> Self {
        let server = home.start();
        Self { home, server }
    }

    fn address(&self) -> SocketAddr {
        self.server.address()
    }

    fn client(&self) -> Client {
        self.server.client()
    }

    /// Sends exactly these bytes on a new connection.
    fn raw(&self, bytes: &[u8]) -> io::Result<Answer> {
        let mut client = self.client();
        // The server may refuse before it has read everything.
        client.send(bytes).ok();
        client.answer()
    }

    /// Returns the status of one request, or 0 if the connection was closed without an answer.
    fn status_of(&self, bytes: &[u8]) -> u16 {
        self.raw(bytes).map_or(0, |answer| answer.status)
    }

    /// Checks what must be true after any attack.
    fn check(self) {
        let mut client = self.client();
        let health = client.get("/health").json();
        let expected = json!({"status": "healthy", "service": "unoc-backend", "version": "2.0.0"});
        assert_eq!(health, expected);
        let body = json!({"name": "after the attack", "device_type": "POP"});
        let answer = client.call("POST", "/api/devices/provision", Some(&body));
        assert_eq!(answer.expect("it answers").status, 201);
        let held_mib = self.server.anonymous_mib();
        assert!(held_mib < ANONYMOUS_MIB_MAX, "it holds {held_mib} MiB");
        let (status, _) = self.server.terminate(10);
        assert!(status.success(), "{status}");
        assert!(!self.home.log().contains("panicked"), "{}", self.home.log());
    }
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("the server accepts");
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a socket has timeouts");
    stream
}

/// Returns a request with a body and its length.
fn post(path: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

fn detail(answer: &Answer) -> Value {
    answer.json()["detail"].clone()
}

/// Reads until the other side closes. Returns what it sent.
fn rest_of(stream: &mut TcpStream) -> Vec<u8> {
    let mut rest = Vec::new();
    match stream.read_to_end(&mut rest) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {}
        Err(error) => panic!("the server keeps the connection: {error}"),
    }
    rest
}
