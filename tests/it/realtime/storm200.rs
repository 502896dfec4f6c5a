//! An outage storm before 200 clients, of which 20 never read.
//!
//! The appliance runs as its own process, so that its memory can be measured.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::http::Http;
use crate::harness::process::{Server, run};
use crate::harness::site::id_of;
use crate::harness::socket::{Client, Event};
use crate::harness::wait;

/// Enough that the loss of the backbone is more than one batch holds, and is sent as `resync`.
const LEAVES: &str = "2000";
const LIVE_READERS: usize = 150;
const V2_READERS: usize = 30;
/// Of each namespace.
const SILENT: usize = 10;
const OUTAGES: usize = 30;
const WRITERS: u64 = 4;
/// Of each writer.
const PATCHES: u64 = 125;
/// The server's interval between batches.
const BATCH_INTERVAL_MS: u128 = 50;
/// Between two checks whether the storm is over.
const POLL_INTERVAL: Duration = Duration::from_millis(50);
const GROWTH_KIB_MAX: u64 = 150 * 1024;
/// The device that is created when the storm is over.
const OVER: &str = "the storm is over";

/// A client of `/live`.
struct Reader {
    client: Client,
    /// The client has every change up to this commit.
    seq: u64,
    batches: u128,
    resyncs: usize,
    last: Instant,
}

impl Reader {
    fn connect(server: &Server) -> Self {
        let mut client = Client::connect(server.address, "/live");
        let first = client.until(|event| event.name == "snapshot").pop().expect("the first event");
        let seq = number(&first.payload["seq"]);
        Self { client, seq, batches: 0, resyncs: 0, last: wait::now() }
    }

    /// Applies an event; a `resync` reports a gap.
    fn apply(&mut self, event: &Event) {
        if event.name == "heartbeat" {
            assert!(number(&event.payload["seq"]) <= self.seq, "a gap: {}", event.raw);
            return;
        }
        // An outage that lasts for seconds on a slow machine is an incident.
        if event.name == "incidents" {
            return;
        }
        let [from, to] = ["from_seq", "to_seq"].map(|key| number(&event.payload[key]));
        assert!(from <= self.seq, "a gap: known up to {}, then {}", self.seq, event.raw);
        assert!(to > self.seq, "nothing new after {}: {}", self.seq, event.raw);
        self.seq = to;
        self.batches += 1;
        self.resyncs += usize::from(event.name == "resync");
        self.last = wait::now();
    }

    /// Follows the site until its seq is `end` (once that is not 0).
    fn follow(mut self, end: &AtomicU64, started: Instant) -> Self {
        let deadline = started + wait::PATIENCE;
        loop {
            let end = end.load(Ordering::SeqCst);
            if end > 0 && self.seq >= end {
                return self;
            }
            assert!(wait::now() < deadline, "at {} of {end}", self.seq);
            if let Some(event) = self.client.next(POLL_INTERVAL) {
                self.apply(&event);
            }
        }
    }
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("no number: {value}"))
}

/// Takes the backbone down and up again, while others change one device at a time. Returns the seq of a
/// device created after all that.
fn storm(http: &Http, gateway: u64, leaves: &[u64]) -> u64 {
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            scope.spawn(move || {
                let own = leaves.iter().skip(usize::try_from(writer).expect("few writers"));
                let own = own.step_by(usize::try_from(WRITERS).expect("few writers")).cycle();
                for (x, id) in (0..PATCHES).zip(own) {
                    let moved = json!({"x": x, "y": writer});
                    http.patch(&format!("/api/devices/{id}"), &moved).expect(200);
                }
            });
        }
        let path = format!("/api/devices/{gateway}/override");
        let down = json!({"status_override": "DOWN", "override_reason": "storm"});
        for _ in 0..OUTAGES {
            http.patch(&path, &down).expect(200);
            http.delete(&path).expect(200);
        }
    });
    http.provision(OVER, "POP");
    http.seq()
}

/// The devices of a type.
fn ids(http: &Http, device_type: &str) -> Vec<u64> {
    let list = http.get(&format!("/api/devices?device_type={device_type}")).expect(200).json();
    list.as_array().expect("a list").iter().map(id_of).collect()
}

fn is_over(event: &Event) -> bool {
    event.name == "device:created" && event.payload["name"] == OVER
}

#[test]
fn two_hundred_clients_of_which_twenty_do_not_read() {
    let directory = tempfile::tempdir().unwrap();
    let site = directory.path().join("site");
    run(&site, &["seed", "--size", LEAVES]).expect(0);
    let server = Server::start(&site, &[("UNOC_DEV_FEATURES", "0")]);
    let (gateways, leaves) = (ids(&server.http, "BACKBONE_GATEWAY"), ids(&server.http, "ONT"));
    let _silent: Vec<Client> = ["/", "/live"]
        .iter()
        .flat_map(|namespace| std::iter::repeat_n(*namespace, SILENT))
        .map(|namespace| Client::connect(server.address, namespace))
        .collect();
    let readers: Vec<Reader> = (0..LIVE_READERS).map(|_| Reader::connect(&server)).collect();
    let listeners: Vec<Client> =
        (0..V2_READERS).map(|_| Client::connect(server.address, "/")).collect();
    let before_kib = server.resident_kib();

    let started = wait::now();
    let end = AtomicU64::new(0);
    let (mut readers, mut listeners) = std::thread::scope(|scope| {
        let end = &end;
        let reading = readers.into_iter().map(|one| scope.spawn(move || one.follow(end, started)));
        let reading: Vec<_> = reading.collect();
        let listening = listeners.into_iter().map(|mut one| {
            scope.spawn(move || {
                one.until(is_over);
                one
            })
        });
        let listening: Vec<_> = listening.collect();
        end.store(storm(&server.http, gateways[0], &leaves), Ordering::SeqCst);
        let reading = reading.into_iter().map(|one| one.join().expect("a reader without a gap"));
        let readers: Vec<Reader> = reading.collect();
        let listening = listening.into_iter().map(|one| one.join().expect("a listener"));
        (readers, listening.collect::<Vec<Client>>())
    });
    let grown_kib = server.resident_kib().saturating_sub(before_kib);
    assert!(grown_kib < GROWTH_KIB_MAX, "{grown_kib} KiB more than before");
    for reader in &readers {
        // What was sent in time may arrive late, but never early.
        let most = (reader.last - started).as_millis() / BATCH_INTERVAL_MS + 1;
        assert!(reader.batches <= most, "{} batches, at most {most} fit", reader.batches);
        assert!(reader.resyncs > 0, "an outage is more than a batch holds");
    }

    let id = leaves[0];
    server.http.patch(&format!("/api/devices/{id}"), &json!({"name": "after"})).expect(200);
    for reader in &mut readers {
        let event = reader.client.until(|event| event.name == "changes").pop().unwrap();
        reader.apply(&event);
        assert_eq!(event.payload["items"][0]["value"], server.http.device(id));
    }
    for listener in &mut listeners {
        listener.until(|event| event.name == "device:updated" && event.payload["id"] == id);
    }
    eprintln!(
        "{} batches, {} of them resync, in {:?}; {grown_kib} KiB more",
        readers[0].batches,
        readers[0].resyncs,
        started.elapsed()
    );
}
