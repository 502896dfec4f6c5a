//! The namespace `/live`: numbered batches with the latest state of each entity.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use unoc::store::{AuditEvent, AuditOrigin, CONTINUE_NUMBERS, CounterFloors};

use crate::harness::TestApp;
use crate::harness::http::keys_of;
use crate::harness::shared_odf::{SharedOdf, pairs};
use crate::harness::site::{id_of, text_of};
use crate::harness::socket::{Client, Event};
use crate::harness::wait;

/// The server sends no more often than this.
const BATCHES_PER_SECOND_MAX: f64 = 20.0;

/// A client that follows the site as the page does.
struct LiveClient {
    socket: Client,
    /// The client has every change up to this commit.
    seq: u64,
    /// The last received state of each entity, by kind and id.
    received: BTreeMap<(String, u64), Value>,
    batches: usize,
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("no number: {value}"))
}

impl LiveClient {
    fn new(app: &TestApp) -> Self {
        let mut socket = Client::connect(app.address, "/live");
        let first = socket.until(|event| event.name == "snapshot").pop().expect("an event");
        Self { socket, seq: number(&first.payload["seq"]), received: BTreeMap::new(), batches: 0 }
    }

    /// Applies an event. A batch must begin where the last one ended; the first one may begin earlier.
    fn apply(&mut self, event: &Event) {
        match event.name.as_str() {
            "heartbeat" => assert!(number(&event.payload["seq"]) <= self.seq, "{}", event.raw),
            "changes" => {
                let [from, to] = ["from_seq", "to_seq"].map(|key| number(&event.payload[key]));
                assert!(from < to, "{}", event.raw);
                if self.batches == 0 {
                    assert!(from <= self.seq, "a gap after the first event: {}", event.raw);
                } else {
                    assert_eq!(from, self.seq, "a gap: {}", event.raw);
                }
                let mut seen = Vec::new();
                for item in event.payload["items"].as_array().expect("a list") {
                    let key = (text_of(&item["kind"]).to_owned(), number(&item["id"]));
                    assert!(!seen.contains(&key), "once per batch: {}", event.raw);
                    seen.push(key.clone());
                    self.received.insert(key, item["value"].clone());
                }
                self.seq = to;
                self.batches += 1;
            }
            // The network of the test has problems while it is built.
            "incidents" => {}
            other => panic!("unexpected: {other}"),
        }
    }

    /// Follows up to a seq.
    fn follow_to(&mut self, seq: u64) {
        while self.seq < seq {
            let event = self.socket.next(wait::PATIENCE).expect("the changes");
            self.apply(&event);
        }
    }

    /// The next event about the site, which must ask to read everything again.
    fn resync(&mut self) -> Event {
        let is_of_site = |event: &Event| ["changes", "resync"].contains(&event.name.as_str());
        let event = self.socket.until(is_of_site).pop().expect("an event");
        assert_eq!(event.name, "resync", "{}", event.raw);
        event
    }

    fn state_of(&self, kind: &str, id: u64) -> &Value {
        &self.received[&(kind.to_owned(), id)]
    }
}

#[test]
fn a_client_receives_the_seq_and_run_first() {
    let app = TestApp::demo();
    let mut client = Client::connect(app.address, "/live");
    let first = client.next(wait::PATIENCE).unwrap();
    assert_eq!(first.name, "snapshot");
    assert_eq!(
        first.payload,
        json!({
            "seq": 1,
            "run": app.handle.run_id().simple().to_string(),
            "site": app.handle.site_id().to_string(),
            "version": env!("CARGO_PKG_VERSION"),
        })
    );
    let heartbeats = client.until(|event| event.name == "heartbeat");
    assert_eq!(heartbeats.last().unwrap().payload, json!({"seq": 1}));
}

/// The page reads everything again when two consecutive heartbeats are below what it has read.
#[test]
fn a_raised_seq_without_a_change_is_sent() {
    let app = TestApp::demo();
    let mut client = LiveClient::new(&app);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let event = AuditEvent::done(AuditOrigin::local("test"), CONTINUE_NUMBERS, Value::Null);
    let floors = CounterFloors { seq: 4_000, next_audit: 0 };
    runtime.block_on(app.handle.raise_counters(floors, event)).unwrap();
    assert_eq!(app.get("/api/devices").header("x-unoc-seq"), Some("4000"));
    client.follow_to(4_000);
    assert!(client.received.is_empty(), "nothing changed");
    let heartbeats = client.socket.until(|event| event.name == "heartbeat");
    assert_eq!(heartbeats.last().unwrap().payload, json!({"seq": 4_000}));
    app.provision("POP", "POP");
    client.follow_to(4_001);
}

#[test]
fn both_ports_of_a_changed_cross_connect_are_sent() {
    let app = TestApp::empty();
    let plant = SharedOdf::build(&app);
    let mut client = LiveClient::new(&app);
    let path = plant.cross_connects_path();
    let ports = ["port7", "port8"].map(|name| app.port(plant.odf, name));
    app.post(&path, &pairs(&[["port7", "port8"]])).expect(201);
    client.follow_to(app.seq());
    for (port, other) in [(ports[0], ports[1]), (ports[1], ports[0])] {
        assert_eq!(client.state_of("interface", port)["cross_connect"]["interface_id"], other);
    }
    app.delete(&format!("{path}/{}", ports[0])).expect(204);
    client.follow_to(app.seq());
    for port in ports {
        assert_eq!(client.state_of("interface", port)["cross_connect"], Value::Null);
    }
}

#[test]
fn changes_are_numbered_without_gaps_and_show_what_the_lists_show() {
    let app = TestApp::empty();
    let mut client = LiveClient::new(&app);
    let olt = app.provision("OLT", "OLT");
    let ont = app.provision("ONT", "ONT");
    let made = app.connect(olt, ont);
    let link = id_of(&made["link"]);
    app.patch(&format!("/api/devices/{olt}"), &json!({"x": 3, "y": 4})).expect(200);
    client.follow_to(app.seq());
    assert_eq!(*client.state_of("device", olt), app.device(olt), "a move too");
    assert_eq!(*client.state_of("device", ont), app.device(ont));
    assert_eq!(*client.state_of("link", link), app.get(&format!("/api/links/{link}")).json());
    for port in app.get("/api/interfaces").json().as_array().unwrap() {
        assert_eq!(client.state_of("interface", id_of(port)), port);
    }
    let batches = client.batches;
    app.delete(&format!("/api/devices/{ont}")).expect(204);
    client.follow_to(app.seq());
    assert!(client.batches > batches);
    for (kind, id) in [("device", ont), ("link", link), ("interface", id_of(&made["interface_b"]))]
    {
        assert_eq!(*client.state_of(kind, id), Value::Null, "{kind} {id} is gone");
    }
    assert_eq!(client.state_of("interface", id_of(&made["interface_a"]))["status"], "DOWN");
}

#[test]
fn the_keys_of_a_batch_are_fixed() {
    let app = TestApp::empty();
    let mut client = Client::connect(app.address, "/live");
    app.provision("P", "POP");
    let event = client.until(|event| event.name == "changes").pop().unwrap();
    let payload =
        event.raw.strip_prefix("42/live,[\"changes\",").unwrap().strip_suffix(']').unwrap();
    assert_eq!(keys_of(payload), ["from_seq", "to_seq", "items"]);
    assert_eq!(
        event.payload,
        json!({
            "from_seq": 0, "to_seq": 1,
            "items": [{"kind": "device", "id": 1, "value": app.device(1)}],
        })
    );
}

#[test]
fn a_storm_reaches_clients_in_few_batches() {
    const WRITERS: usize = 8;
    const PATCHES: usize = 2_000;
    const DEVICES: u64 = 50;
    let app = TestApp::empty();
    app.provision_pops("P", usize::try_from(DEVICES).unwrap());
    let mut client = LiveClient::new(&app);
    let started = wait::now();
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let app = &app;
            scope.spawn(move || {
                for round in 0..PATCHES / WRITERS {
                    let id = (round * WRITERS + writer) as u64 % DEVICES + 1;
                    let path = format!("/api/devices/{id}");
                    app.patch(&path, &json!({"x": round, "y": writer})).expect(200);
                }
            });
        }
        // While they write: a client that only reads at the end would prove nothing.
        while client.seq < 100 {
            let event = client.socket.next(wait::PATIENCE).expect("the changes");
            client.apply(&event);
        }
    });
    client.follow_to(app.seq());
    let seconds = started.elapsed().as_secs_f64();
    let batches_max = (seconds * BATCHES_PER_SECOND_MAX).ceil() + 1.0;
    let batches = u32::try_from(client.batches).unwrap();
    assert!(f64::from(batches) <= batches_max, "{batches} batches in {seconds:.2} s");
    for id in 1..=DEVICES {
        assert_eq!(*client.state_of("device", id), app.device(id), "the latest state");
    }
}

#[test]
fn a_replaced_site_asks_clients_to_read_again() {
    let app = TestApp::demo();
    let mut client = LiveClient::new(&app);
    app.provision("before", "POP");
    client.follow_to(2);
    app.send(http::Method::POST, "/api/seed", &[], None).expect(201);
    let event = client.resync();
    assert_eq!(event.payload, json!({"from_seq": 2, "to_seq": 3}));
    client.seq = 3;
    app.provision("after", "POP");
    client.follow_to(4);
}

#[test]
fn a_large_change_asks_clients_to_read_again() {
    let app = TestApp::empty();
    let mut client = LiveClient::new(&app);
    app.provision_pops("many", 2_001);
    let event = client.resync();
    client.seq = number(&event.payload["to_seq"]);
    app.provision("after", "POP");
    client.follow_to(2);
    // v2's events are not sent here.
    let seen = client.socket.until(|event| event.name == "heartbeat");
    let is_live = |event: &Event| ["incidents", "heartbeat"].contains(&event.name.as_str());
    assert!(seen.iter().all(is_live), "{seen:?}");
}
