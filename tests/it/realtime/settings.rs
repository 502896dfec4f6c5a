//! The settings of events, as a client of `/live` sees each of them alone.

use serde_json::{Value, json};

use crate::harness::TestApp;
use crate::harness::socket::{Client, Event};

/// More than the least `live_changes_max`.
const ROWS: usize = 60;
const LIVE_CHANGES_MIN: usize = 50;

fn seq_of(event: &Event, key: &str) -> u64 {
    event.payload[key].as_u64().expect("a seq")
}

fn is_batch(event: &Event) -> bool {
    event.name == "changes" || event.name == "resync"
}

/// A client of `/live` that has joined: it is sent every change from now on.
fn connect(app: &TestApp) -> Client {
    let mut client = Client::connect(app.address, "/live");
    client.until(|event| event.name == "snapshot");
    client
}

/// A heartbeat that was sent after the call. It has what was sent before it.
fn heartbeat(app: &TestApp, client: &mut Client) -> Vec<Event> {
    let mut events = Vec::new();
    // The first one may have been under way. The check of delivery makes one.
    for _ in 0..2 {
        app.post("/api/health/run", &Value::Null).expect(200);
        events.extend(client.until(|event| event.name == "heartbeat"));
    }
    events
}

/// Reads up to the batch that has the commit `seq`.
fn batches_to(client: &mut Client, seq: u64) -> Vec<Event> {
    let events = client.until(|event| is_batch(event) && seq_of(event, "to_seq") >= seq);
    events.into_iter().filter(is_batch).collect()
}

#[test]
fn changes_wait_for_the_interval_and_come_together_when_it_is_set_back() {
    let app = TestApp::empty();
    let mut client = connect(&app);
    let changed = app.patch("/api/settings", &json!({"event_interval_ms": 10_000}));
    let changed = changed.expect(200).json();
    assert_eq!(changed["delivery"]["interval_ms"], 10_000, "the answer has what is in force");
    // Nothing was sent for longer than the interval: the first change is sent at once. The second one may
    // come before the task has heard of the setting.
    app.provision("First", "POP");
    batches_to(&mut client, app.seq());
    app.provision("Second", "POP");
    app.provision("Third", "POP");
    let last = app.seq();
    let before = heartbeat(&app, &mut client);
    let sent = seq_of(before.last().expect("the heartbeat"), "seq");
    assert!(sent < last, "the third change waits: {sent} of {last}");
    let is_third = |event: &Event| is_batch(event) && seq_of(event, "to_seq") >= last;
    assert!(!before.iter().any(is_third), "{before:?}");

    let back = app.patch("/api/settings", &json!({"event_interval_ms": null})).expect(200).json();
    assert_eq!(back["delivery"]["interval_ms"], 50);
    let batches = batches_to(&mut client, last);
    assert_eq!(batches.len(), 1, "{batches:?}");
}

#[test]
fn more_changes_than_the_largest_batch_are_a_resync() {
    let app = TestApp::empty();
    let mut client = connect(&app);
    let mut sent_for = |setting: Value, name: &str| {
        app.patch("/api/settings", &json!({"live_changes_max": setting})).expect(200);
        app.provision_pops(name, ROWS);
        let batches = batches_to(&mut client, app.seq());
        let items = batches.iter().filter_map(|batch| batch.payload["items"].as_array());
        (batches.last().expect("a batch").name.clone(), items.map(Vec::len).sum::<usize>())
    };
    assert_eq!(sent_for(json!(LIVE_CHANGES_MIN), "throttled"), ("resync".to_owned(), 0));
    assert_eq!(sent_for(json!(ROWS), "just-enough"), ("changes".to_owned(), ROWS));
    assert_eq!(sent_for(json!(null), "default"), ("changes".to_owned(), ROWS));
}

#[test]
fn the_largest_batch_of_v2_counts_events_and_not_changes() {
    let app = TestApp::empty();
    let mut client = Client::connect(app.address, "/");
    app.patch("/api/settings", &json!({"v2_events_max": 100})).expect(200);
    // After one of these, it is sent every event.
    let probe = app.provision("Probe", "POP");
    client.until(|event| event.name == "topology:reset" || event.payload["id"] == probe);
    // Each is provisioned with two events.
    let mut names_of = |name: &str, rows: usize| {
        app.provision_pops(name, rows);
        let id = app.provision(&format!("{name}-last"), "POP");
        let is_last = |event: &Event| event.name == "device:created" && event.payload["id"] == id;
        let events = client.until(is_last);
        let resets = events.iter().filter(|event| event.name == "topology:reset").count();
        (resets, events.len() - resets)
    };
    assert_eq!(names_of("fifty", 50), (0, 102));
    assert_eq!(names_of("fifty-one", 51), (1, 2));
}
