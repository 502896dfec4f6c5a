//! A flood of changes: what the service does by itself for clients that cannot follow, and what an operator can do.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::process::Server;
use crate::harness::socket::{Client, Event};
use crate::harness::wait;

/// Devices of one request: with two events each, fewer than a client's buffer holds.
const ROWS: usize = 900;
/// Requests between two looks whether a client has missed something; the kernel buffers a lot.
const CALLS: usize = 4;
/// Requests while the operator throttles events.
const THROTTLED_CALLS: usize = 5;
/// What a site of that size may take, with all buffers.
const RESIDENT_KIB_MAX: u64 = 300 * 1024;
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Makes changes, of which `reader` misses nothing. Names are long, so that no socket buffer of the kernel takes
/// everything.
fn flood(server: &Server, reader: &mut Client, calls: usize) {
    let filler = "x".repeat(110);
    for _ in 0..calls {
        let first = server.http.seq();
        let row = |row| json!({"name": format!("{filler}-{first}-{row}"), "device_type": "POP"});
        let body = json!({"devices": (0..ROWS).map(row).collect::<Vec<_>>()});
        let created = server.http.post("/api/devices/bulk", &body).expect(201).json();
        let last = &created["devices"][ROWS - 1]["id"];
        let is_last =
            |event: &Event| event.name == "device:created" && event.payload["id"] == *last;
        assert_eq!(reader.until(is_last).len(), 2 * ROWS, "it misses nothing, in order");
    }
}

/// Follows `/live` until the seq is `end` (once that is not 0); a gap fails.
fn follow(mut page: Client, end: &AtomicU64) -> u64 {
    let mut seq = 0;
    let deadline = wait::now() + wait::PATIENCE;
    loop {
        let end = end.load(Ordering::SeqCst);
        if end > 0 && seq >= end {
            return seq;
        }
        assert!(wait::now() < deadline, "at {seq} of {end}");
        let Some(event) = page.next(POLL_INTERVAL) else { continue };
        let number = |key: &str| event.payload[key].as_u64().expect("a seq");
        match event.name.as_str() {
            "snapshot" => seq = number("seq"),
            "heartbeat" => assert!(number("seq") <= seq, "a gap: {}", event.raw),
            "changes" | "resync" => {
                assert!(number("from_seq") <= seq, "a gap after {seq}: {}", event.raw);
                seq = number("to_seq");
            }
            _ => {}
        }
    }
}

/// How the clients of `/` are served.
fn v2_delivery(server: &Server) -> Value {
    let answer = server.http.get("/api/settings").expect(200).json();
    answer["delivery"]["namespaces"][0].clone()
}

/// Answers that others get meanwhile. Each request has a deadline.
fn ask(server: &Server, end: &AtomicU64) -> usize {
    let mut count = 0;
    let deadline = wait::now() + wait::PATIENCE;
    while end.load(Ordering::SeqCst) == 0 && wait::now() < deadline {
        server.http.get("/health").expect(200);
        server.http.get("/api/devices?limit=10").expect(200);
        count += 1;
    }
    count
}

#[test]
fn a_client_that_cannot_follow_is_slowed_alone_and_recovers() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path(), &[("UNOC_DEV_FEATURES", "0")]);
    let mut slow = Client::connect(server.address, "/");
    let mut reader = Client::connect(server.address, "/");
    let page = Client::connect(server.address, "/live");
    let end = AtomicU64::new(0);
    std::thread::scope(|scope| {
        let page = scope.spawn(|| follow(page, &end));
        let others = scope.spawn(|| ask(&server, &end));
        // The first time it is asked at once to read everything; when it misses something again, after a while.
        wait::until("the slow client is slowed", || {
            wait::until("the slow client misses something", || {
                flood(&server, &mut reader, CALLS);
                (v2_delivery(&server)["behind_count"] == 1).then_some(())
            });
            slow.count_until("topology:reset").expect("it is still connected");
            wait::until("what is shown is renewed", || {
                (v2_delivery(&server)["behind_count"] == 0).then_some(())
            });
            let delivery = v2_delivery(&server);
            (delivery["slowed_count"] == 1).then_some(())
        });
        assert!(v2_delivery(&server)["longest_wait_ms"].as_u64() >= Some(500));
        let resident_kib = server.resident_kib();
        assert!(resident_kib < RESIDENT_KIB_MAX, "{resident_kib} KiB");

        // While the flood goes on, an operator has fewer events sent.
        let throttle = json!({"event_interval_ms": 200, "v2_events_max": 50});
        server.http.patch("/api/settings", &throttle).expect(200);
        for call in 0..THROTTLED_CALLS {
            server.http.provision_pops(&format!("throttled-{call}-"), ROWS);
        }
        let is_reset = |event: &Event| event.name == "topology:reset";
        assert_eq!(reader.until(is_reset).len(), 1, "no single event comes before");
        let unthrottle = json!({"event_interval_ms": null, "v2_events_max": null});
        server.http.patch("/api/settings", &unthrottle).expect(200);
        wait::until("single events come again", || {
            let name = format!("over-{}", server.http.seq());
            let id = server.http.provision(&name, "POP");
            let is_it = |event: &Event| event.name == "device:created" && event.payload["id"] == id;
            let events = reader.until(|event| is_reset(event) || is_it(event));
            events.last().is_some_and(is_it).then_some(())
        });

        end.store(server.http.seq(), Ordering::SeqCst);
        assert_eq!(page.join().expect("no gap"), end.load(Ordering::SeqCst));
        assert!(others.join().expect("no error") > 0);
    });
    // It reads again, and all is as before.
    slow.count_until("topology:reset");
    wait::until("the slow client has recovered", || {
        let delivery = v2_delivery(&server);
        (delivery["slowed_count"] == 0 && delivery["behind_count"] == 0).then_some(())
    });
    server.logged(|line| line.contains("Events come faster than clients can follow"));
    server.logged(|line| line.contains("All clients follow the events again"));
    assert!(server.terminate().0.success());
}
