//! Creating devices.

use serde_json::{Value, json};

use crate::harness::TestApp;
use crate::harness::http::keys_of;
use crate::harness::site::{DEVICE_TYPES, id_of, text_of};

/// The keys of the contract; more keys may follow.
const DEVICE_KEYS: [&str; 14] = [
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

fn numbered(prefix: &str, numbers: std::ops::Range<u32>, kind: &str) -> Vec<(String, String)> {
    numbers.map(|number| (format!("{prefix}{number}"), kind.to_owned())).collect()
}

/// The ports that provisioning creates, from `domain.md`.
fn ports_of(device_type: &str) -> Vec<(String, String)> {
    let mgmt = || [numbered("mgmt", 0..1, "ETHERNET"), numbered("lo", 0..1, "LOOPBACK")].concat();
    match device_type {
        "BACKBONE_GATEWAY" | "CORE_ROUTER" | "EDGE_ROUTER" => mgmt(),
        "OLT" => [mgmt(), numbered("pon", 0..8, "OPTICAL")].concat(),
        "AON_SWITCH" => [mgmt(), numbered("eth", 0..24, "ETHERNET")].concat(),
        "ONT" => numbered("eth", 0..1, "ETHERNET"),
        "BUSINESS_ONT" => numbered("eth", 0..4, "ETHERNET"),
        "AON_CPE" => {
            [numbered("wan", 0..1, "ETHERNET"), numbered("lan", 0..4, "ETHERNET")].concat()
        }
        "POP" | "CORE_SITE" => Vec::new(),
        "ODF" => numbered("port", 1..49, "OPTICAL"),
        "NVT" => numbered("port", 1..13, "OPTICAL"),
        "SPLITTER" => [numbered("in", 0..1, "OPTICAL"), numbered("out", 0..32, "OPTICAL")].concat(),
        "HOP" => numbered("port", 1..9, "OPTICAL"),
        other => panic!("no such type: {other}"),
    }
}

#[test]
fn the_answer_equals_the_contract() {
    let app = TestApp::empty();
    app.clock.hold();
    let body = json!({"name": "BB-1", "device_type": "BACKBONE_GATEWAY", "x": 200, "y": "-7.25"});
    let answer = app.post("/api/devices/provision", &body).expect(201);
    let text = answer.text();
    let start = "{\"device\":{\"id\":1,\"name\":\"BB-1\",\"device_type\":\"BACKBONE_GATEWAY\",\
                 \"status\":\"UP\",\"x\":200.0,\"y\":-7.25,\"tx_power_dbm\":null,\
                 \"sensitivity_min_dbm\":null,\"insertion_loss_db\":null,\
                 \"parent_container_id\":null,";
    assert!(text.starts_with(start), "{text}");
    let end = "\"interfaces\":[{\"id\":1,\"name\":\"mgmt0\",\"interface_type\":\"ETHERNET\",\
               \"status\":\"DOWN\",\"device_id\":1,\"cross_connect\":null},{\"id\":2,\"name\":\"lo0\",\
               \"interface_type\":\"LOOPBACK\",\"status\":\"UP\",\"device_id\":1,\"cross_connect\":null}],\
               \"message\":\"Device 'BB-1' provisioned successfully with 2 interfaces\"}";
    assert!(text.ends_with(end), "{text}");
    assert_eq!(keys_of(text), ["device", "interfaces", "message"]);
    let device = &answer.json()["device"];
    assert_eq!(device["created_at"], "2026-11-23T13:03:36.111211Z");
    assert_eq!(device["updated_at"], "2026-11-23T13:03:36.111211Z");
    let alone = app.get("/api/devices/1").expect(200);
    let keys = keys_of(alone.text());
    assert_eq!(keys[..12], DEVICE_KEYS[..12]);
    assert!(DEVICE_KEYS[12..].iter().all(|key| keys.iter().any(|have| have == key)), "{keys:?}");
    assert_eq!(alone.json(), *device, "reading shows the same");
}

#[test]
fn each_type_gets_its_ports() {
    let app = TestApp::empty();
    for device_type in DEVICE_TYPES {
        let body =
            json!({"name": device_type, "device_type": device_type, "validate_upstream": false});
        let answer = app.post("/api/devices/provision", &body).expect(201).json();
        let expected = ports_of(device_type);
        let id = id_of(&answer["device"]);
        let always_online = ["BACKBONE_GATEWAY", "POP", "CORE_SITE"].contains(&device_type);
        assert!(!always_online || answer["device"]["status"] == "UP", "{answer}");
        assert_eq!(
            answer["message"],
            format!(
                "Device '{device_type}' provisioned successfully with {} interfaces",
                expected.len()
            )
        );
        let passive = ["ODF", "NVT", "SPLITTER", "HOP"].contains(&device_type);
        let ports = answer["interfaces"].as_array().unwrap();
        let found: Vec<(String, String)> = ports
            .iter()
            .map(|port| {
                (text_of(&port["name"]).to_owned(), text_of(&port["interface_type"]).to_owned())
            })
            .collect();
        assert_eq!(found, expected, "{device_type}");
        for port in ports {
            let up = passive || port["interface_type"] == "LOOPBACK";
            assert_eq!(port["status"], if up { "UP" } else { "DOWN" }, "{device_type}: {port}");
            assert_eq!(port["device_id"], id);
        }
        let listed = app.get(&format!("/api/devices/{id}/interfaces")).expect(200).json();
        assert_eq!(listed, answer["interfaces"], "{device_type}");
    }
}

#[test]
fn a_missing_upstream_is_refused_in_v2s_words() {
    let app = TestApp::empty();
    let refused = |device_type: &str, detail: &str| {
        let body = json!({"name": "new", "device_type": device_type});
        let answer = app.post("/api/devices/provision", &body);
        assert_eq!(answer.status, 400, "{device_type}");
        assert_eq!(answer.text(), json!({"detail": detail}).to_string());
    };
    refused(
        "EDGE_ROUTER",
        "Cannot provision EDGE_ROUTER: No CORE_ROUTER or BACKBONE_GATEWAY exists",
    );
    refused("OLT", "Cannot provision OLT: No EDGE_ROUTER exists for upstream connectivity");
    refused(
        "AON_SWITCH",
        "Cannot provision AON_SWITCH: No EDGE_ROUTER exists for upstream connectivity",
    );
    refused("ONT", "Cannot provision ONT: No OLT exists for PON connection");
    refused("BUSINESS_ONT", "Cannot provision BUSINESS_ONT: No OLT exists for PON connection");
    refused("AON_CPE", "Cannot provision AON_CPE: No AON_SWITCH exists for upstream connectivity");
    assert_eq!(app.get("/api/devices").expect(200).text(), "[]");
    for device_type in
        ["CORE_ROUTER", "EDGE_ROUTER", "OLT", "AON_SWITCH", "ONT", "BUSINESS_ONT", "AON_CPE"]
    {
        let body = json!({"name": device_type, "device_type": device_type});
        app.post("/api/devices/provision", &body).expect(201);
    }
}

#[test]
fn a_gateway_also_counts_as_an_edge_routers_upstream() {
    let app = TestApp::empty();
    app.provision("BB", "BACKBONE_GATEWAY");
    let edge = json!({"name": "E", "device_type": "EDGE_ROUTER"});
    app.post("/api/devices/provision", &edge).expect(201);
}

#[test]
fn names_are_unique_on_both_routes() {
    let app = TestApp::empty();
    for route in ["/api/devices/provision", "/api/devices"] {
        let body = json!({"name": format!("POP of {route}"), "device_type": "POP"});
        app.post(route, &body).expect(201);
        for again in ["/api/devices/provision", "/api/devices"] {
            let answer = app.post(again, &body).expect(400);
            assert_eq!(
                answer.detail(),
                format!("Device with name 'POP of {route}' already exists")
            );
        }
    }
    app.provision("pop OF /api/devices", "POP");
}

#[test]
fn a_raw_device_has_no_ports_and_no_upstream() {
    let app = TestApp::empty();
    let body = json!({"name": "raw", "device_type": "ONT", "status": "UP", "tx_power_dbm": 1.5});
    let answer = app.post("/api/devices", &body).expect(201);
    let start = "{\"id\":1,\"name\":\"raw\",\"device_type\":\"ONT\",\"status\":\"DOWN\",\"x\":0.0,\
                 \"y\":0.0,\"tx_power_dbm\":1.5,\"sensitivity_min_dbm\":null,";
    assert!(answer.text().starts_with(start), "{}", answer.text());
    assert_eq!(app.get("/api/devices/1/interfaces").expect(200).text(), "[]");
    assert_eq!(app.get("/api/interfaces").expect(200).text(), "[]");
}

#[test]
fn a_parent_exists_and_is_a_container() {
    let app = TestApp::empty();
    let pop = app.provision("POP", "POP");
    let hop = app.provision("HOP", "HOP");
    let check = |route: &str, device_type: &str, parent: Value, status, detail: Value| {
        let name = format!("{route} {device_type} {parent}");
        let body = json!({"name": name, "device_type": device_type, "parent_container_id": parent});
        let answer = app.post(route, &body).expect(status);
        assert_eq!(answer.json()["detail"], detail, "{name}");
    };
    for route in ["/api/devices/provision", "/api/devices"] {
        let not_found = json!("Parent container not found");
        check(route, "HOP", json!(99), 404, not_found.clone());
        check(route, "HOP", json!(0), 404, not_found.clone());
        check(route, "HOP", json!(-1), 404, not_found);
        let no_container = json!("Parent 'HOP' is a HOP, not a container (POP or CORE_SITE)");
        check(route, "HOP", json!(hop), 400, no_container);
        check(
            route,
            "CORE_SITE",
            json!(pop),
            400,
            json!("A CORE_SITE is a container and cannot have a parent"),
        );
        check(route, "HOP", json!(pop), 201, Value::Null);
        check(route, "HOP", json!(pop.to_string()), 201, Value::Null);
        check(route, "HOP", Value::Null, 201, Value::Null);
    }
    let children = app.get(&format!("/api/devices?parent_container_id={pop}")).expect(200).json();
    assert_eq!(children.as_array().unwrap().len(), 4);
}

#[test]
fn optical_values_are_kept_as_given() {
    let app = TestApp::empty();
    let body = json!({
        "name": "OLT", "device_type": "OLT", "validate_upstream": "false",
        "tx_power_dbm": "5", "sensitivity_min_dbm": -28, "insertion_loss_db": 0.5, "unknown": [1],
    });
    let device = app.post("/api/devices/provision", &body).expect(201).json()["device"].clone();
    assert_eq!(device["tx_power_dbm"], json!(5.0));
    assert_eq!(device["sensitivity_min_dbm"], json!(-28.0));
    assert_eq!(device["insertion_loss_db"], json!(0.5));
    assert_eq!(app.device(1), device);
}
