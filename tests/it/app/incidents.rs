//! Whether a run ended as it should, and what a stop does to requests about incidents.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;

use serde_json::{Value, json};
use unoc::domain::Timestamp;
use unoc::store::{OpenOptions, Store};

use crate::harness::process::{Server, run};
use crate::harness::wait;

/// The largest `min_free_mib` that the configuration accepts.
const MIN_FREE_MIB_MAX: &str = "1048576";

fn start(data_dir: &Path) -> Server {
    Server::start(data_dir, &[("UNOC_DEV_FEATURES", "0")])
}

fn run_once(data_dir: &Path) {
    assert!(start(data_dir).terminate().0.success());
}

/// A run without space for any record.
fn run_once_on_a_full_volume(data_dir: &Path) {
    let full = [("UNOC_DEV_FEATURES", "0"), ("UNOC_MIN_FREE_MIB", MIN_FREE_MIB_MAX)];
    assert!(Server::start(data_dir, &full).terminate().0.success());
}

/// Leaves what a run leaves that was killed.
fn crash(data_dir: &Path) {
    let now = Timestamp(1_795_000_000_000_000);
    let options = OpenOptions { cache_bytes: 1 << 20, now, site_id: None };
    let store = Store::open(data_dir, options).expect("nobody else holds it");
    store.begin_run(now, Vec::new()).expect("a write");
}

fn crashes(server: &Server) -> Vec<Value> {
    let list = server.http.get("/api/incidents?key=service:unclean-shutdown").expect(200).json();
    list["incidents"].as_array().expect("a list").clone()
}

/// How many crashes are known. Each run notes those before it until it ends.
fn crash_count(data_dir: &Path) -> Value {
    run_once(data_dir);
    let server = start(data_dir);
    let count = crashes(&server).first().map_or(json!(0), |incident| incident["count"].clone());
    assert!(server.terminate().0.success());
    count
}

#[test]
fn starts_and_ends_are_in_the_audit_trail() {
    let directory = tempfile::tempdir().unwrap();
    run_once(directory.path());
    crash(directory.path());
    run_once(directory.path());
    let rows = run(directory.path(), &["audit", "list", "--json", "--actor", "system"]);
    let rows: Value = serde_json::from_str(&rows.expect(0).stdout).expect("JSON");
    let rows = rows.as_array().expect("a list");
    let actions: Vec<&Value> = rows.iter().map(|row| &row["action"]).collect();
    let (start, end) = ("start service", "end service");
    assert_eq!(actions, [end, start, "note unclean end of service", end, start]);
    let version = json!({"version": env!("CARGO_PKG_VERSION"), "schema": 3});
    assert!(
        rows.iter().filter(|row| row["action"] != *actions[2]).all(|it| it["details"] == version)
    );
    assert_eq!(rows[2]["details"], json!({"started_at": "2026-11-18T11:06:40.000000Z"}));
}

#[test]
fn a_start_that_fails_is_no_run() {
    let directory = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = taken.local_addr().expect("it is bound").port().to_string();
    let fail = || {
        for _ in 0..3 {
            let said = run(directory.path(), &["serve", "--port", &port]);
            assert!(said.code != 0 && said.stderr.contains("is in use"), "{said:?}");
        }
    };
    run_once(directory.path());
    fail();
    assert_eq!(crash_count(directory.path()), 0);
    crash(directory.path());
    fail();
    assert_eq!(crash_count(directory.path()), 1, "it is reported by the first run after it");
    fail();
    assert_eq!(crash_count(directory.path()), 1);
}

#[test]
fn a_full_volume_makes_no_crash_and_hides_none() {
    let directory = tempfile::tempdir().unwrap();
    run_once(directory.path());
    run_once_on_a_full_volume(directory.path());
    assert_eq!(crash_count(directory.path()), 0);
    crash(directory.path());
    run_once_on_a_full_volume(directory.path());
    assert_eq!(crash_count(directory.path()), 1, "a run that could not report it has not ended it");
}

#[test]
fn a_note_that_is_being_sent_during_a_stop_is_kept() {
    let directory = tempfile::tempdir().unwrap();
    run_once(directory.path());
    crash(directory.path());
    let server = start(directory.path());
    let id = wait::until("the incident", || Some(crashes(&server).first()?["id"].clone()));
    let note = json!({"name": "Ada", "note": "it was the power"}).to_string();
    let mut stream = TcpStream::connect(server.address).expect("it listens");
    let head = format!(
        "POST /api/incidents/{id}/note HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nexpect: 100-continue\r\nconnection: close\r\n\r\n",
        server.address,
        note.len()
    );
    stream.write_all(head.as_bytes()).expect("it reads");
    // The server asks for the body: it has begun with the request.
    let mut answer = [0; 25];
    stream.read_exact(&mut answer).expect("an answer");
    assert_eq!(&answer, b"HTTP/1.1 100 Continue\r\n\r\n");
    server.signal("TERM");
    wait::until("no new connections", || TcpStream::connect(server.address).err());
    stream.write_all(note.as_bytes()).expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let (status, log) = server.terminate();
    assert!(status.success(), "{status}");
    assert!(!log.iter().any(|line| line.contains("did not end in time")), "{log:?}");
    let server = start(directory.path());
    let incident = server.http.get(&format!("/api/incidents/{id}")).expect(200);
    assert!(incident.text().contains("it was the power"), "{}", incident.text());
}
