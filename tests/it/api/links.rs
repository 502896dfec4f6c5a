//! Creating and deleting links.

mod change;
mod ports;
mod rules;

use serde_json::{Value, json};

use crate::harness::TestApp;
use crate::harness::http::keys_of;
use crate::harness::site::{fiber, id_of};

/// An OLT and an ONT, which may be linked.
fn pair(app: &TestApp) -> (u64, u64) {
    (app.provision("OLT1", "OLT"), app.provision("ONT1", "ONT"))
}

#[test]
fn linking_two_devices_creates_a_port_on_each() {
    let app = TestApp::empty();
    let (olt, ont) = pair(&app);
    let body = json!({
        "device_a_id": olt, "device_b_id": ont, "link_type": "fiber",
        "length_km": 2, "physical_medium_id": "G652D",
    });
    let answer = app.post("/api/links/create-simple", &body).expect(200);
    let start = "{\"link\":{\"id\":1,\"status\":\"UP\",\"a_interface_id\":3,\"b_interface_id\":12,\
                 \"length_km\":2.0,\"physical_medium_id\":\"G652D\",\"link_loss_db\":0.5";
    assert!(answer.text().starts_with(start), "{}", answer.text());
    let ports = "\"interface_a\":{\"id\":3,\"name\":\"pon0\",\"interface_type\":\"OPTICAL\",\
                 \"status\":\"UP\",\"device_id\":1,\"cross_connect\":null},\"interface_b\":{\"id\":12,\"name\":\"port2\",\
                 \"interface_type\":\"OPTICAL\",\"status\":\"UP\",\"device_id\":2,\"cross_connect\":null},\
                 \"message\":\"Link created: OLT1 (pon0) <-> ONT1 (port2)\"}";
    assert!(answer.text().ends_with(ports), "{}", answer.text());
    assert_eq!(keys_of(answer.text()), ["link", "interface_a", "interface_b", "message"]);
    let alone = app.get("/api/links/1").expect(200);
    assert_eq!(alone.json(), answer.json()["link"]);
    assert_eq!(app.get("/api/links").expect(200).json(), json!([alone.json()]));
    let second = app.connect(olt, ont);
    assert_eq!(second["message"], "Link created: OLT1 (pon1) <-> ONT1 (port3)");
    assert_eq!(second["link"]["length_km"], Value::Null);
    assert_eq!(second["link"]["link_loss_db"], Value::Null);
}

#[test]
fn a_taken_port_number_is_skipped() {
    let app = TestApp::empty();
    let (olt, ont) = pair(&app);
    app.connect(olt, ont);
    let body = json!({"name": "port4", "interface_type": "OPTICAL", "device_id": ont});
    app.post("/api/interfaces", &body).expect(201);
    assert_eq!(app.connect(olt, ont)["interface_b"]["name"], "port4", "a free one");
    assert_eq!(app.connect(olt, ont)["interface_b"]["name"], "port5");
}

#[test]
fn fiber_creates_optical_ports_and_any_other_value_ethernet() {
    let app = TestApp::empty();
    let (olt, ont) = pair(&app);
    for (link_type, kind) in
        [("fiber", "OPTICAL"), ("ethernet", "ETHERNET"), ("", "ETHERNET"), ("FIBER", "ETHERNET")]
    {
        let body = json!({"device_a_id": olt, "device_b_id": ont, "link_type": link_type});
        let answer = app.post("/api/links/create-simple", &body).expect(200).json();
        assert_eq!(answer["interface_a"]["interface_type"], kind, "{link_type}");
        assert_eq!(answer["interface_b"]["interface_type"], kind, "{link_type}");
    }
}

#[test]
fn the_status_of_a_new_link_can_be_given() {
    let app = TestApp::empty();
    let (olt, ont) = pair(&app);
    let with = |status: Value| {
        let mut body = fiber(olt, ont);
        body["status"] = status;
        app.post("/api/links/create-simple", &body)
    };
    for (status, port) in [("UP", "UP"), ("DEGRADED", "UP"), ("DOWN", "DOWN")] {
        let answer = with(json!(status)).expect(200).json();
        assert_eq!(answer["link"]["status"], status);
        assert_eq!(answer["interface_a"]["status"], port, "{status}");
    }
    let count = app.get("/api/links").json().as_array().unwrap().len();
    let fault = with(json!("BROKEN")).expect(422).json();
    assert_eq!(
        fault,
        json!({"detail": [{
            "type": "enum",
            "loc": ["body", "status"],
            "msg": "Input should be 'UP', 'DOWN' or 'DEGRADED'",
            "input": "BROKEN",
            "ctx": {"expected": "'UP', 'DOWN' or 'DEGRADED'"},
        }]})
    );
    assert_eq!(app.get("/api/links").json().as_array().unwrap().len(), count);
}

#[test]
fn a_refusal_names_devices_that_cannot_be_linked() {
    let app = TestApp::empty();
    let (olt, ont) = pair(&app);
    let refused = |a: u64, b: u64, status: u16, detail: &str| {
        let answer = app.post("/api/links/create-simple", &fiber(a, b)).expect(status);
        assert_eq!(answer.text(), json!({"detail": detail}).to_string());
    };
    refused(9, ont, 404, "Device A (id=9) not found");
    refused(olt, 9, 404, "Device B (id=9) not found");
    refused(8, 9, 404, "Device A (id=8) not found");
    refused(9, 9, 404, "Device A (id=9) not found");
    refused(olt, olt, 400, "Cannot link device to itself");
    assert_eq!(app.ports(olt).len(), 10, "no port is left behind");
    assert_eq!(app.ports(ont).len(), 1);
}

#[test]
fn linking_two_interfaces() {
    let app = TestApp::empty();
    let (olt, ont) = pair(&app);
    let a = app.port(olt, "pon3");
    let b = app.port(ont, "eth0");
    let body = json!({"a_interface_id": a, "b_interface_id": b});
    let answer = app.post("/api/links", &body).expect(201);
    let start = format!(
        "{{\"id\":1,\"status\":\"UP\",\"a_interface_id\":{a},\"b_interface_id\":{b},\
         \"length_km\":null,\"physical_medium_id\":null,\"link_loss_db\":null"
    );
    assert!(answer.text().starts_with(&start), "{}", answer.text());
    let ports = app.get(&format!("/api/devices/{olt}/interfaces")).json();
    let port = ports.as_array().unwrap().iter().find(|port| id_of(port) == a).unwrap();
    assert_eq!(port["status"], "UP", "a linked port is UP");
}

#[test]
fn interfaces_that_cannot_be_linked_are_refused() {
    let app = TestApp::empty();
    let (olt, ont) = pair(&app);
    let port = |name: &str| app.port(olt, name);
    let free = app.port(ont, "eth0");
    let refused = |a: u64, b: u64, query: &str, status: u16, detail: &str| {
        let body = json!({"a_interface_id": a, "b_interface_id": b});
        let answer = app.post(&format!("/api/links{query}"), &body).expect(status);
        assert_eq!(answer.text(), json!({"detail": detail}).to_string());
    };
    for query in ["", "?validate=false"] {
        refused(999, free, query, 404, "Interface not found");
        refused(free, 999, query, 404, "Interface not found");
        refused(0, free, query, 404, "Interface not found");
        refused(free, free, query, 400, "Cannot link device to itself");
        refused(port("pon0"), port("pon1"), query, 400, "Cannot link device to itself");
        for name in ["mgmt0", "lo0"] {
            let detail =
                format!("Interface '{name}' is for management or loopback and cannot carry a link");
            refused(port(name), free, query, 400, &detail);
            refused(free, port(name), query, 400, &detail);
        }
    }
    let body = json!({"a_interface_id": port("pon0"), "b_interface_id": free});
    app.post("/api/links", &body).expect(201);
    let other = app.provision("ONT2", "ONT");
    let other_port = app.port(other, "eth0");
    for query in ["", "?validate=false"] {
        refused(port("pon0"), other_port, query, 400, "Interface is already linked");
        refused(other_port, port("pon0"), query, 400, "Interface is already linked");
        refused(port("pon1"), free, query, 400, "Interface is already linked");
    }
}

#[test]
fn length_and_medium_are_checked() {
    let app = TestApp::empty();
    let (olt, ont) = pair(&app);
    let (a, b) = (app.port(olt, "pon0"), app.port(ont, "eth0"));
    let fault = |key: &str, value: Value| {
        let mut body = fiber(olt, ont);
        body[key] = value.clone();
        let simple = app.post("/api/links/create-simple", &body).expect(422).detail();
        let mut body = json!({"a_interface_id": a, "b_interface_id": b});
        body[key] = value;
        let raw = app.post("/api/links", &body).expect(422).detail();
        assert_eq!(simple[0]["type"], raw[0]["type"]);
        assert_eq!(simple[0]["loc"], json!(["body", key]));
        raw[0].clone()
    };
    assert_eq!(fault("length_km", json!(-0.1))["type"], "greater_than_equal");
    assert_eq!(fault("length_km", json!("far"))["type"], "float_parsing");
    assert_eq!(fault("length_km", json!([]))["type"], "float_type");
    let medium = fault("physical_medium_id", json!("COPPER"));
    let all = "'G652D', 'G657A1', 'G657A2', 'OM3' or 'OM4'";
    assert_eq!(medium["msg"], format!("Input should be {all}"));
    assert_eq!(medium["ctx"], json!({"expected": all}));
    for (medium, loss_db) in
        [("G652D", 2.5), ("G657A1", 2.5), ("G657A2", 2.5), ("OM3", 35.0), ("OM4", 30.0)]
    {
        let mut body = fiber(olt, ont);
        body["length_km"] = json!("10");
        body["physical_medium_id"] = json!(medium);
        let link = app.post("/api/links/create-simple", &body).expect(200).json()["link"].clone();
        assert_eq!(link["physical_medium_id"], medium);
        assert_eq!(link["link_loss_db"], json!(loss_db), "{medium}");
    }
}

#[test]
fn a_deleted_link_leaves_its_interfaces() {
    let app = TestApp::empty();
    let (olt, ont) = pair(&app);
    let made = app.connect(olt, ont);
    let id = id_of(&made["link"]);
    let answer = app.delete(&format!("/api/links/{id}")).expect(204);
    assert!(answer.body.is_empty());
    assert_eq!(app.get(&format!("/api/links/{id}")).expect(404).detail(), "Link not found");
    assert_eq!(app.delete(&format!("/api/links/{id}")).expect(404).detail(), "Link not found");
    for (device, end) in [(olt, "interface_a"), (ont, "interface_b")] {
        let ports = app.get(&format!("/api/devices/{device}/interfaces")).json();
        let mut ports = ports.as_array().unwrap().iter();
        let port = ports.find(|port| id_of(port) == id_of(&made[end])).expect("it stays");
        assert_eq!(port["status"], "DOWN", "it carries no link any more");
    }
    let again = json!({
        "a_interface_id": id_of(&made["interface_a"]), "b_interface_id": id_of(&made["interface_b"]),
    });
    assert!(id_of(&app.post("/api/links", &again).expect(201).json()) > id, "ids go on");
}
