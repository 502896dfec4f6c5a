//! A client that does not read during many changes.

use std::time::Duration;

use serde_json::json;

use crate::harness::process::Server;
use crate::harness::socket::{Client, Event};
use crate::harness::wait;

/// Rows of one call: with two events each, fewer than a client's buffer holds.
const ROWS: usize = 950;
/// Calls: 100,700 events.
const CALLS: usize = 53;
/// From the answer of a request to its last event at a client that reads.
const DELAY_MAX: Duration = Duration::from_secs(1);
/// What a site of that size may take, with all buffers.
const RESIDENT_KIB_MAX: u64 = 300 * 1024;

#[test]
fn a_client_that_never_reads_does_not_slow_others() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path(), &[("UNOC_DEV_FEATURES", "0")]);
    let mut silent = Client::connect(server.address, "/");
    let mut silent_live = Client::connect(server.address, "/live");
    let mut reader = Client::connect(server.address, "/");
    let mut slowest = Duration::ZERO;
    // Long names, so that no socket buffer of the kernel takes everything.
    let filler = "x".repeat(110);
    for call in 0..CALLS {
        let row = |row| json!({"name": format!("{filler}-{call}-{row}"), "device_type": "POP"});
        let body = json!({"devices": (0..ROWS).map(row).collect::<Vec<_>>()});
        server.http.post("/api/devices/bulk", &body).expect(201);
        let answered = wait::now();
        let last = ((call + 1) * ROWS) as u64;
        let events =
            reader.until(|event| event.name == "device:created" && event.payload["id"] == last);
        assert_eq!(events.len(), 2 * ROWS, "the reader misses nothing");
        slowest = slowest.max(answered.elapsed());
    }
    assert!(slowest < DELAY_MAX, "{slowest:?}");
    let resident_kib = server.resident_kib();
    assert!(resident_kib < RESIDENT_KIB_MAX, "{resident_kib} KiB");

    // As soon as they read again they are asked to read everything, and follow again; on a machine so slow
    // that their pings went unanswered for too long they are disconnected.
    let read = silent.count_until("topology:reset");
    if let Some(read) = read {
        assert!(read < 2 * ROWS * CALLS, "it cannot have received all of them");
        let id = server.http.provision("after the storm", "POP");
        let is_it = |event: &Event| event.name == "device:created" && event.payload["id"] == id;
        let seq = server.http.seq();
        // What was sent before a disconnect is still read.
        if let Err(error) = silent.until_closed(is_it) {
            eprintln!("disconnected while it read: {error}");
        } else if let Err(error) = silent_live.until_closed(|event| event.payload["to_seq"] == seq)
        {
            eprintln!("disconnected while it read, /live: {error}");
        }
    }
    server.http.get("/health").expect(200);
    eprintln!("slowest {slowest:?}, {resident_kib} KiB, events kept: {read:?}");
}

#[test]
fn a_client_that_receives_nothing_is_disconnected() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path(), &[("UNOC_DEV_FEATURES", "0")]);
    // More than the kernel's buffers hold: the ping waits behind it and is never sent.
    let abandoned = Client::connect(server.address, "/live");
    let filler = "x".repeat(110);
    for call in 0..24 {
        let row = |row| json!({"name": format!("{filler}-{call}-{row}"), "device_type": "POP"});
        let body = json!({"devices": (0..2 * ROWS).map(row).collect::<Vec<_>>()});
        server.http.post("/api/devices/bulk", &body).expect(201);
    }
    let words = format!("Client disconnected: {}", abandoned.sid);
    server.logged(|line| line.contains(&words));
}
