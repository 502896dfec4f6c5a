//! v2's events on `/`: names, order, payloads.

use serde_json::{Value, json};

use crate::harness::TestApp;
use crate::harness::http::keys_of;
use crate::harness::site::id_of;
use crate::harness::socket::{Client, Event};

const FULL_DEVICE: [&str; 14] = [
    "id",
    "name",
    "device_type",
    "status",
    "x",
    "y",
    "tx_power_dbm",
    "sensitivity_min_dbm",
    "insertion_loss_db",
    "parent_container_id",
    "status_override",
    "override_reason",
    "created_at",
    "updated_at",
];

/// The name of a device that marks a point in the stream of events: everything before it was sent.
const LAST: &str = "the last one";

/// A client that has received all events so far.
fn connect(app: &TestApp) -> Client {
    let mut client = Client::connect(app.address, "/");
    // Changes during its handshake reach a client as a reset.
    loop {
        let last = app.provision(LAST, "POP");
        app.delete(&format!("/api/devices/{last}")).expect(204);
        let is_gone = |event: &Event| event.name == "device:deleted" && event.payload["id"] == last;
        let events = client.until(|event| is_gone(event) || event.name == "topology:reset");
        if events.last().is_some_and(is_gone) {
            return client;
        }
    }
}

/// Creates and deletes a device and returns the events before it.
fn events_so_far(app: &TestApp, client: &mut Client) -> Vec<Event> {
    let last = app.provision(LAST, "POP");
    app.delete(&format!("/api/devices/{last}")).expect(204);
    let is =
        |event: &Event, name: &str, key: &str| event.name == name && event.payload[key] == last;
    let mut events = client.until(|event| is(event, "device:deleted", "id"));
    let count = events.iter().position(|event| is(event, "device_created", "device_id"));
    events.truncate(count.expect("it was created"));
    events
}

/// The events that `act` causes.
fn events_of(app: &TestApp, client: &mut Client, act: impl FnOnce()) -> Vec<Event> {
    act();
    events_so_far(app, client)
}

fn names(events: &[Event]) -> Vec<&str> {
    events.iter().map(|event| event.name.as_str()).collect()
}

fn keys(event: &Event) -> Vec<String> {
    let start = format!("42[\"{}\",", event.name);
    keys_of(event.raw.strip_prefix(&start).and_then(|raw| raw.strip_suffix(']')).expect("an event"))
}

fn assert_has(event: &Event, expected: &[&str]) {
    let keys = keys(event);
    let missing: Vec<_> =
        expected.iter().filter(|key| !keys.iter().any(|have| have == *key)).collect();
    assert!(missing.is_empty(), "{missing:?} not in {}", event.raw);
}

#[test]
fn creating_devices() {
    let app = TestApp::empty();
    let mut client = connect(&app);
    let events = events_of(&app, &mut client, || {
        app.provision("R", "CORE_ROUTER");
    });
    assert_eq!(names(&events), ["device_created", "device:created"]);
    assert_eq!(
        events[0].payload,
        json!({"device_id": 2, "name": "R", "device_type": "CORE_ROUTER", "interface_count": 2})
    );
    assert_eq!(
        events[1].payload,
        json!({"id": 2, "name": "R", "device_type": "CORE_ROUTER", "status": "DOWN", "x": 0.0, "y": 0.0})
    );
    let events = events_of(&app, &mut client, || {
        let raw = json!({"name": "raw", "device_type": "HOP", "x": 3, "y": -0.5});
        app.post("/api/devices", &raw).expect(201);
    });
    assert_eq!(names(&events), ["device:created"]);
    assert_eq!(events[0].payload["x"], json!(3.0));
    assert_eq!(events[0].payload["y"], json!(-0.5));
    let events = events_of(&app, &mut client, || {
        app.provision_pops("bulk", 3);
    });
    assert_eq!(names(&events), ["device_created", "device:created"].repeat(3));
}

#[test]
fn overrides_on_both_routes() {
    let app = TestApp::empty();
    let id = app.provision("D", "ONT");
    let mut client = connect(&app);
    let events = events_of(&app, &mut client, || {
        let down = json!({"status_override": "DOWN", "override_reason": "dug up"});
        app.patch(&format!("/api/devices/{id}/override"), &down).expect(200);
        app.delete(&format!("/api/devices/{id}/override")).expect(200);
        let degraded = json!({"status": "DEGRADED"});
        app.post(&format!("/api/devices/{id}/override-status"), &degraded).expect(200);
        app.delete(&format!("/api/devices/{id}/override-status")).expect(200);
        // There is nothing to clear any more.
        app.delete(&format!("/api/devices/{id}/override")).expect(200);
    });
    assert_eq!(names(&events), ["device:updated"; 4]);
    let overrides: Vec<Value> =
        events.iter().map(|event| event.payload["status_override"].clone()).collect();
    assert_eq!(overrides, [json!("DOWN"), Value::Null, json!("DEGRADED"), Value::Null]);
    assert_eq!(events[0].payload["override_reason"], "dug up");
    events.iter().for_each(|event| assert_has(event, &FULL_DEVICE));
    let order = keys(&events[0]);
    assert_eq!(order[..12], FULL_DEVICE[..12]);
}

#[test]
fn linking_and_unlinking() {
    let app = TestApp::empty();
    let (a, b) = (app.provision("A", "OLT"), app.provision("B", "ONT"));
    let mut client = connect(&app);
    let mut made = Value::Null;
    let events = events_of(&app, &mut client, || made = app.connect(a, b));
    // The OLT has a free PON port; the ONT gets a new one.
    assert_eq!(names(&events), ["interface:created", "link:created", "device:updated"]);
    let interface =
        ["id", "name", "interface_type", "status", "device_id", "created_at", "updated_at"];
    assert_has(&events[0], &interface);
    assert_eq!(events[0].payload["id"], made["interface_b"]["id"]);
    assert_eq!(events[0].payload["status"], "UP");
    let link = [
        "id",
        "status",
        "a_interface_id",
        "b_interface_id",
        "length_km",
        "physical_medium_id",
        "link_loss_db",
        "created_at",
        "updated_at",
    ];
    assert_has(&events[1], &link);
    let id = id_of(&made["link"]);
    assert_eq!(events[1].payload["id"], id);
    let events = events_of(&app, &mut client, || {
        app.delete(&format!("/api/links/{id}")).expect(204);
    });
    // What serves the ONT changes with its link.
    assert_eq!(names(&events), ["link:deleted", "device:updated"]);
    assert_eq!(events[0].payload, json!({ "id": id }));
    let events = events_of(&app, &mut client, || {
        let port = json!({"name": "x", "interface_type": "OPTICAL", "device_id": b});
        app.post("/api/interfaces", &port).expect(201);
        let ends = json!({
            "a_interface_id": made["interface_a"]["id"], "b_interface_id": made["interface_b"]["id"],
        });
        app.post("/api/links", &ends).expect(201);
    });
    assert_eq!(names(&events), ["interface:created", "link:created", "device:updated"]);
}

#[test]
fn deleting_a_device_sends_what_is_deleted_with_it() {
    let app = TestApp::empty();
    let (a, b) = (app.provision("A", "OLT"), app.provision("B", "ONT"));
    let link = id_of(&app.connect(a, b)["link"]);
    let pop = app.provision("POP", "POP");
    let child = json!({"name": "child", "device_type": "HOP", "parent_container_id": pop});
    let child = id_of(&app.post("/api/devices/provision", &child).expect(201).json()["device"]);
    let mut client = connect(&app);
    let events = events_of(&app, &mut client, || {
        app.delete(&format!("/api/devices/{b}")).expect(204);
    });
    assert_eq!(names(&events), ["link:deleted", "device:deleted"]);
    assert_eq!(events[0].payload, json!({ "id": link }));
    assert_eq!(events[1].payload, json!({ "id": b }));
    let events = events_of(&app, &mut client, || {
        app.delete(&format!("/api/devices/{pop}")).expect(204);
    });
    assert_eq!(names(&events), ["device:updated", "device:deleted"]);
    assert_eq!(events[0].payload["id"], child);
    assert_eq!(events[0].payload["parent_container_id"], Value::Null);
}

#[test]
fn a_move_and_a_refusal_send_nothing() {
    let app = TestApp::empty();
    let id = app.provision("D", "HOP");
    let mut client = connect(&app);
    let events = events_of(&app, &mut client, || {
        app.patch(&format!("/api/devices/{id}"), &json!({"x": 5, "y": 6})).expect(200);
        app.post("/api/devices/provision", &json!({"name": "D", "device_type": "HOP"})).expect(400);
        app.post("/api/links/create-simple", &crate::harness::site::fiber(id, id)).expect(400);
    });
    assert_eq!(names(&events), [""; 0]);
    let events = events_of(&app, &mut client, || {
        app.patch(&format!("/api/devices/{id}"), &json!({"x": 7, "y": 7, "name": "E"})).expect(200);
    });
    assert_eq!(names(&events), ["device:updated"]);
    assert_eq!(events[0].payload["name"], "E");
}

#[test]
fn seeding_is_one_event() {
    let app = TestApp::empty();
    let mut client = connect(&app);
    let events = events_of(&app, &mut client, || {
        app.send(http::Method::POST, "/api/seed", &[], None).expect(201);
    });
    assert_eq!(names(&events), ["topology:reset"]);
    assert_eq!(events[0].payload, json!({}));
}

#[test]
fn a_commit_of_thousands_is_one_event() {
    let app = TestApp::empty();
    let mut client = connect(&app);
    let events = events_of(&app, &mut client, || {
        app.provision_pops("many", 2_001);
    });
    assert_eq!(names(&events), ["topology:reset"]);
}
