//! Provisioning many devices at once.

use serde_json::{Value, json};

use crate::harness::TestApp;
use crate::harness::http::keys_of;
use crate::harness::site::{ids_of, pops};

/// The body of a device without ports or upstream.
pub(crate) fn pop(name: &str) -> Value {
    json!({"name": name, "device_type": "POP"})
}

#[test]
fn rows_are_provisioned_in_order_and_may_refer_to_those_above() {
    let app = TestApp::empty();
    let body = json!({"devices": [
        {"name": "C", "device_type": "CORE_ROUTER"},
        {"name": "E", "device_type": "EDGE_ROUTER", "x": 3},
        {"name": "O", "device_type": "OLT"},
        {"name": "T", "device_type": "ONT"},
    ]});
    let answer = app.post("/api/devices/bulk", &body).expect(201);
    assert_eq!(keys_of(answer.text()), ["devices", "interface_count", "message"]);
    let answer = answer.json();
    assert_eq!(answer["interface_count"], 2 + 2 + 10 + 1);
    assert_eq!(answer["message"], "4 devices provisioned successfully with 15 interfaces");
    assert_eq!(ids_of(&answer["devices"]), [1, 2, 3, 4]);
    assert_eq!(answer["devices"], app.get("/api/devices").json());
    assert_eq!(app.ports(3).len(), 10);
    assert_eq!(app.seq(), 1, "one commit");
    let none = app.post("/api/devices/bulk", &json!({"devices": []})).expect(201).json();
    assert_eq!(none["message"], "0 devices provisioned successfully with 0 interfaces");
}

#[test]
fn at_most_ten_thousand_rows_are_accepted() {
    let app = TestApp::empty();
    let answer = app.post("/api/devices/bulk", &pops("P", 10_001)).expect(422);
    assert_eq!(
        answer.json(),
        json!({"detail": [{
            "type": "too_long",
            "loc": ["body", "devices"],
            "msg": "List should have at most 10000 items, not 10001",
            "input": 10_001,
        }]})
    );
    assert_eq!(app.get("/api/devices").text(), "[]");
    let answer = app.post("/api/devices/bulk", &pops("P", 10_000)).expect(201).json();
    assert_eq!(answer["message"], "10000 devices provisioned successfully with 0 interfaces");
    assert_eq!(app.get("/api/health").json()["store"]["device_count"], 10_000);
    assert_eq!(app.get("/api/devices/10000").expect(200).json()["name"], "P9999");
}

#[test]
fn refused_rows_are_listed_and_nothing_is_provisioned() {
    let app = TestApp::empty();
    app.provision("taken", "HOP");
    let body = json!({"devices": [
        pop("good"),
        pop("taken"),
        {"name": "early", "device_type": "ONT"},
        pop("good"),
        {"name": "child", "device_type": "HOP", "parent_container_id": 99},
        {"name": "inside", "device_type": "HOP", "parent_container_id": 1},
    ]});
    let answer = app.post("/api/devices/bulk", &body).expect(400);
    assert_eq!(
        answer.json(),
        json!({
            "detail": "5 of 6 rows cannot be provisioned; nothing was changed",
            "errors": [
                {"index": 1, "detail": "Device with name 'taken' already exists"},
                {"index": 2, "detail": "Cannot provision ONT: No OLT exists for PON connection"},
                {"index": 3, "detail": "Device with name 'good' already exists"},
                {"index": 4, "detail": "Parent container not found"},
                {"index": 5, "detail": "Parent 'taken' is a HOP, not a container (POP or CORE_SITE)"},
            ],
        })
    );
    assert_eq!(ids_of(&app.get("/api/devices").json()), [1]);
    assert_eq!(app.seq(), 1);
    assert_eq!(app.provision("next", "HOP"), 2, "refused rows use up no ids");
}

#[test]
fn invalid_rows_are_errors_of_the_body() {
    let app = TestApp::empty();
    let body = json!({"devices": [pop("a"), {"device_type": "TREE"}, 7, {"name": "", "device_type": "POP"}]});
    let faults = app.post("/api/devices/bulk", &body).expect(422).detail();
    let found: Vec<(String, Value)> = faults
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| (fault["type"].as_str().unwrap().to_owned(), fault["loc"].clone()))
        .collect();
    let fault = |kind: &str, loc: Value| (kind.to_owned(), loc);
    assert_eq!(
        found,
        [
            fault("missing", json!(["body", "devices", 1, "name"])),
            fault("enum", json!(["body", "devices", 1, "device_type"])),
            fault("model_attributes_type", json!(["body", "devices", 2])),
            fault("string_too_short", json!(["body", "devices", 3, "name"])),
        ]
    );
    assert_eq!(app.get("/api/devices").text(), "[]");
    for (body, kind) in [
        (json!({}), "missing"),
        (json!({"devices": {}}), "list_type"),
        (json!({"devices": null}), "list_type"),
    ] {
        let faults = app.post("/api/devices/bulk", &body).expect(422).detail();
        assert_eq!(faults[0]["type"], kind, "{body}");
        assert_eq!(faults[0]["loc"], json!(["body", "devices"]), "{body}");
    }
}
