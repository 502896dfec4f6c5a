//! Provisioning a device together with its link.

use serde_json::{Value, json};

use crate::harness::TestApp;
use crate::harness::http::keys_of;
use crate::harness::plant::Plant;
use crate::harness::site::id_of;

fn ont(name: &str, connect_to: &Value) -> Value {
    json!({
        "name": name, "device_type": "ONT", "customer_name": "Anna Berg", "connect_to": connect_to,
        "length_km": 0.4, "medium": "G657A1",
    })
}

#[test]
fn a_customer_is_provisioned_and_connected_in_one_step() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    let (splitter, seq) = (plant.id("SPL-A"), app.seq());
    let body = ont("ONT-NEW", &json!({"device_id": splitter}));
    let answer = app.post("/api/devices/provision", &body).expect(201);
    assert_eq!(
        keys_of(answer.text()),
        ["device", "interfaces", "message", "link", "interface_a", "interface_b", "signal"]
    );
    let answer = answer.json();
    let (device, link) = (&answer["device"], &answer["link"]);
    let id = id_of(device);
    assert_eq!(
        answer["message"],
        "Device 'ONT-NEW' provisioned successfully with 2 interfaces and connected to 'SPL-A' (out4)"
    );
    assert_eq!((&device["status"], &device["customer_name"]), (&json!("UP"), &json!("Anna Berg")));
    assert_eq!(*device, app.device(id), "reading shows the same");
    assert_eq!(answer["signal"], device["signal"]);
    assert!(answer["signal"]["rx_down_dbm"].is_number(), "{answer}");
    assert_eq!(*link, app.get(&format!("/api/links/{}", id_of(link))).expect(200).json());
    assert_eq!((&link["length_km"], &link["physical_medium_id"]), (&json!(0.4), &json!("G657A1")));
    let [a, b] = ["interface_a", "interface_b"].map(|end| &answer[end]);
    assert_eq!((&a["device_id"], &a["name"]), (&json!(splitter), &json!("out4")));
    assert_eq!((&b["device_id"], &b["name"]), (&json!(id), &json!("port2")));
    assert_eq!([&link["a_interface_id"], &link["b_interface_id"]], [&a["id"], &b["id"]]);
    assert_eq!(answer["interfaces"][1], *b);

    assert_eq!(app.seq(), seq + 1, "one commit");
    let rows = app.get("/api/audit?limit=2").expect(200).json();
    assert_eq!(rows[0]["action"], "provision device");
    assert_eq!([&rows[0]["seq"], &rows[1]["seq"]], [&json!(seq + 1), &json!(seq)], "one row");
}

#[test]
fn a_port_can_be_chosen() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    let splitter = plant.id("SPL-A");
    let port = app.port(splitter, "out30");
    let body = ont("ONT-NEW", &json!({"device_id": splitter, "interface_id": port}));
    let answer = app.post("/api/devices/provision", &body).expect(201).json();
    assert_eq!(answer["interface_a"]["name"], "out30");
    assert_eq!(answer["device"]["status"], "UP");
}

#[test]
fn a_refused_connection_leaves_no_device_behind() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    let (splitter, seq) = (plant.id("SPL-A"), app.seq());
    let taken = app.port(splitter, "out0");
    let foreign = app.port(plant.id("SPL-B"), "out30");
    let cases = [
        (json!({"device_id": 9999}), 404, "device 9999 not found".to_owned()),
        (
            json!({"device_id": plant.id("EDGE")}),
            400,
            "No valid link rule between EDGE_ROUTER and ONT".to_owned(),
        ),
        (
            json!({"device_id": plant.id("POP")}),
            400,
            "No valid link rule between POP and ONT".to_owned(),
        ),
        (
            json!({"device_id": splitter, "interface_id": taken}),
            400,
            "Interface is already linked".to_owned(),
        ),
        (
            json!({"device_id": splitter, "interface_id": foreign}),
            404,
            format!("Interface {foreign} is not a port of this device"),
        ),
    ];
    for (connect_to, status, detail) in cases {
        let body = ont("ONT-NEW", &connect_to);
        let answer = app.post("/api/devices/provision", &body).expect(status).json();
        assert_eq!(answer["detail"], detail, "{connect_to}");
    }
    assert_eq!(app.seq(), seq);
    let full = app.provision("SPL-FULL", "SPLITTER");
    app.patch(&format!("/api/devices/{full}"), &json!({"split_ratio": 2})).expect(200);
    let to_full = json!({"device_id": full});
    for name in ["ONT-1", "ONT-2"] {
        app.post("/api/devices/provision", &ont(name, &to_full)).expect(201);
    }
    let answer = app.post("/api/devices/provision", &ont("ONT-NEW", &to_full)).expect(400).json();
    assert_eq!(
        answer["detail"],
        "All 2 outputs of splitter 'SPL-FULL' are in use; raise its split_ratio or connect another \
         splitter"
    );
    app.post("/api/devices/provision", &ont("ONT-NEW", &json!({"device_id": splitter})))
        .expect(201);
}

#[test]
fn what_describes_a_link_needs_one() {
    let app = TestApp::empty();
    let place = |error: &Value| (error["type"].clone(), error["loc"].clone());
    let places = |body: Value| -> Vec<(Value, Value)> {
        let answer = app.post("/api/devices/provision", &body).expect(422).json();
        answer["detail"].as_array().expect("a list").iter().map(place).collect()
    };
    let hop = |key: &str, value: Value| json!({"name": "H", "device_type": "HOP", key: value});
    let missing = || (json!("missing"), json!(["body", "connect_to"]));
    assert_eq!(places(hop("length_km", json!(1))), [missing()]);
    assert_eq!(places(hop("medium", json!("OM3"))), [missing()]);
    assert_eq!(
        places(hop("connect_to", json!({}))),
        [(json!("missing"), json!(["body", "connect_to", "device_id"]))]
    );
    assert_eq!(
        places(hop("connect_to", json!(7))),
        [(json!("model_attributes_type"), json!(["body", "connect_to"]))]
    );
    app.post("/api/devices/provision", &hop("connect_to", Value::Null)).expect(201);
}

#[test]
fn a_planned_customer_alarms_nobody_and_shows_the_signal_to_expect() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    let mut body = ont("ONT-NEW", &json!({"device_id": plant.id("SPL-A")}));
    body["lifecycle"] = json!("planned");
    let answer = app.post("/api/devices/provision", &body).expect(201).json();
    let (device, link) = (&answer["device"], &answer["link"]);
    assert_eq!((&device["signal"], &link["lifecycle"]), (&Value::Null, &json!("planned")));
    assert!(app.problems().is_empty());
    let expected = &answer["signal"];
    assert!(expected["rx_down_dbm"].is_number(), "{answer}");
    let group = json!({
        "device_ids": [device["id"]], "link_ids": [link["id"]], "lifecycle": "in_service",
    });
    app.post("/api/lifecycle/bulk", &json!({"groups": [group]})).expect(200);
    let device = app.device(id_of(device));
    assert_eq!((&device["signal"], &device["status"]), (expected, &json!("UP")));
}

#[test]
fn many_are_connected_in_one_step_or_none() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    let (splitter, seq) = (plant.id("SPL-A"), app.seq());
    let hop = json!({"name": "H", "device_type": "HOP"});
    let rows = [ont("ONT-1", &json!({"device_id": splitter})), hop, ont("ONT-2", &json!(null))];
    let mut rows = rows.to_vec();
    rows[2]["connect_to"] = json!({"device_id": 9999});
    let refused = app.post("/api/devices/bulk", &json!({"devices": rows})).expect(400).json();
    assert_eq!(refused["errors"], json!([{"index": 2, "detail": "device 9999 not found"}]));
    assert_eq!(app.seq(), seq);
    rows[2]["connect_to"] = json!({"device_id": splitter});
    let made = app.post("/api/devices/bulk", &json!({"devices": rows})).expect(201).json();
    assert_eq!(
        made["message"],
        "3 devices provisioned successfully with 12 interfaces and 2 links"
    );
    assert_eq!(made["links"].as_array().map(Vec::len), Some(2));
    let statuses: Vec<&Value> =
        made["devices"].as_array().unwrap().iter().map(|device| &device["status"]).collect();
    assert_eq!([statuses[0], statuses[2]], ["UP", "UP"]);
    assert_eq!(app.seq(), seq + 1, "one commit");
}

#[test]
fn a_simulation_shows_the_signal_beforehand() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    let body = ont("ONT-NEW", &json!({"device_id": plant.id("SPL-A")}));
    let mut step = body.clone();
    step["op"] = json!("provision");
    let simulated = app.post("/api/simulate", &json!({"changes": [step]})).expect(200).json();
    let devices = simulated["devices"].as_array().expect("a list");
    let new = devices.iter().find(|device| device["before"].is_null()).expect("it is new");
    let made = app.post("/api/devices/provision", &body).expect(201).json();
    assert_eq!(new["after"]["signal"], made["signal"]);
}
