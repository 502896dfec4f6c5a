//! HTTP/2: curl's and a hand-written client's.

use std::io::{self, Read as _, Write as _};
use std::process::Command;

use rustls::version::TLS13;
use serde_json::Value;

use super::site::{HttpsSite, NAME};
use crate::harness::process::said;
use crate::harness::skip;
use crate::harness::tls_client::{TlsClient, TlsConnection};

/// Types of frames (RFC 9113, section 6).
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
/// `:method: GET`, `:scheme: https`, `:path: /` and `:authority: localhost` (RFC 7541, appendix A and section 6.2.2).
const HEAD: &[u8] = b"\x82\x87\x84\x01\x09localhost";

struct Frames {
    connection: TlsConnection,
}

#[derive(Debug, PartialEq)]
struct ReceivedFrame {
    kind: u8,
    stream: u32,
    payload: Vec<u8>,
}

impl Frames {
    fn connect(site: &HttpsSite) -> Self {
        let client = TlsClient::speaking(&site.authority.pem, &[&TLS13], &["h2"]);
        let connection = client.connect(site.port(), NAME).expect("a connection");
        assert_eq!(connection.conn.alpn_protocol(), Some(&b"h2"[..]));
        let mut frames = Self { connection };
        frames.connection.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").expect("a connection");
        frames.send(SETTINGS, 0, 0, &[]).expect("a connection");
        frames
    }

    fn send(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> io::Result<()> {
        let length = u32::try_from(payload.len()).expect("short").to_be_bytes();
        let mut frame = length[1..].to_vec();
        frame.extend([kind, flags]);
        frame.extend(stream.to_be_bytes());
        frame.extend(payload);
        self.connection.write_all(&frame)
    }

    fn next(&mut self) -> io::Result<ReceivedFrame> {
        let mut head = [0; 9];
        self.connection.read_exact(&mut head)?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; length as usize];
        self.connection.read_exact(&mut payload)?;
        let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        Ok(ReceivedFrame { kind: head[3], stream, payload })
    }

    /// Reads until the server has had enough, and returns whether it said so.
    fn is_sent_away(&mut self) -> bool {
        loop {
            match self.next() {
                Ok(frame) if frame.kind == GOAWAY => return true,
                Ok(_) => {}
                Err(_) => return false,
            }
        }
    }
}

#[test]
fn curl_speaks_http2_and_sees_what_http1_shows() {
    let site = HttpsSite::start(&[("UNOC_DEV_FEATURES", "1")]);
    let ca_file = site.server.data_dir().join("ca.pem");
    std::fs::write(&ca_file, &site.authority.pem).unwrap();
    let curl = |arguments: &[&str]| {
        let mut command = Command::new("curl");
        command.args(["-sS", "--max-time", "60", "--cacert"]).arg(&ca_file);
        let to = format!("{NAME}:{}:127.0.0.1", site.port());
        command.args(["--resolve", &to]).args(arguments);
        said(&mut command)
    };
    if !said(Command::new("curl").arg("--version")).stdout.contains("HTTP2") {
        skip("curl without HTTP/2");
        return;
    }
    let url = |path: &str| format!("https://{NAME}:{}{path}", site.port());
    let list = |version: &str| {
        let said = curl(&[version, "-w", "\n%{http_version}", &url("/api/devices")]).expect(0);
        let (body, version) = said.stdout.rsplit_once('\n').expect("two lines");
        (body.to_owned(), version.to_owned())
    };
    let (by_http2, version) = list("--http2");
    assert_eq!(version, "2");
    let (by_http1, version) = list("--http1.1");
    assert_eq!(version, "1.1");
    assert_eq!(by_http2, by_http1);
    // The page and its links, a change, and an answer with 404.
    let page = curl(&["--http2", &url("/")]).expect(0).stdout;
    assert!(page.contains("<!doctype html>") || page.contains("<!DOCTYPE html>"), "{page}");
    let json = ["--http2", "-H", "content-type: application/json", "-d"];
    let body = r#"{"name":"over http2","device_type":"POP"}"#;
    let made = curl(&[&json[..], &[body, &url("/api/devices/provision")]].concat()).expect(0);
    let made: Value = serde_json::from_str(&made.stdout).unwrap();
    assert_eq!(made["device"]["name"], "over http2");
    let missing =
        curl(&["--http2", "-o", "/dev/null", "-w", "%{http_code}", &url("/api/devices/9999999")]);
    assert_eq!(missing.stdout, "404");
    // Another site's host is refused over HTTP/2, too.
    let foreign = curl(&[
        "--http2",
        "-H",
        "host: evil.example",
        "-o",
        "/dev/null",
        "-w",
        "%{http_code}",
        &url("/"),
    ]);
    assert_eq!(foreign.stdout, "421");
    // A body that is refused before it is read whole is in nobody's way.
    let long = format!("{{\"name\":\"{}\"}}", "x".repeat(3 << 20));
    let file = site.server.data_dir().join("long.json");
    std::fs::write(&file, long).unwrap();
    let from = format!("@{}", file.display());
    let code = ["-o", "/dev/null", "-w", "%{http_code}"];
    let refused = curl(&[&json[..], &[&from], &code, &[&url("/api/devices/provision")]].concat());
    // curl 7 takes the reset that follows the answer, RFC 9113 section 8.1, for an error of the stream.
    assert!(refused.stdout == "413" || refused.code == 92, "{refused:?}");
    assert!(site.server.terminate().0.success());
}

#[test]
fn requests_share_a_connection() {
    let site = HttpsSite::start(&[]);
    let mut frames = Frames::connect(&site);
    for stream in [1, 3, 5] {
        frames.send(HEADERS, END_STREAM | END_HEADERS, stream, HEAD).unwrap();
    }
    let mut answered = Vec::new();
    while answered.len() < 3 {
        let frame = frames.next().unwrap();
        if frame.kind == DATA && !answered.contains(&frame.stream) {
            answered.push(frame.stream);
        }
    }
    answered.sort_unstable();
    assert_eq!(answered, [1, 3, 5]);
    // A stop lets it end.
    site.server.signal("TERM");
    assert!(frames.is_sent_away());
}

#[test]
fn a_flood_of_requests_that_are_taken_back_ends_the_connection() {
    let site = HttpsSite::start(&[]);
    let mut frames = Frames::connect(&site);
    let mut stream = 1;
    // CVE-2023-44487: each costs the client nothing.
    while stream < 20_001 {
        let sent = frames
            .send(HEADERS, END_STREAM | END_HEADERS, stream, HEAD)
            .and_then(|()| frames.send(RST_STREAM, 0, stream, &[0, 0, 0, 8]));
        if sent.is_err() {
            break;
        }
        stream += 2;
    }
    frames.is_sent_away();
    site.client.get(site.port(), NAME, "/health/live").unwrap().expect(200);
    assert!(site.server.terminate().0.success());
}

#[test]
fn a_head_without_an_end_ends_the_connection() {
    let site = HttpsSite::start(&[]);
    let before = site.server.resident_kib();
    let mut frames = Frames::connect(&site);
    frames.send(HEADERS, END_STREAM, 1, HEAD).unwrap();
    // CVE-2024-27316: fields of a head that goes on and on.
    let field = [b"\x00\x01x\x7f\x80\x7e".as_slice(), &[b'y'; 16_255]].concat();
    for _ in 0..2_000 {
        if frames.send(CONTINUATION, 0, 1, &field).is_err() {
            break;
        }
    }
    frames.is_sent_away();
    let grown = site.server.resident_kib().saturating_sub(before);
    assert!(grown < 32 * 1024, "it grew by {grown} KiB");
    site.client.get(site.port(), NAME, "/health/live").unwrap().expect(200);
    assert!(site.server.terminate().0.success());
}

#[test]
fn a_client_without_requests_is_sent_away() {
    let site = HttpsSite::start(&[]);
    let mut frames = Frames::connect(&site);
    assert!(frames.is_sent_away(), "after some 30 s");
    assert!(site.server.terminate().0.success());
}
