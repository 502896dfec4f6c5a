//! What identifies a device, and the customer behind it.

use serde_json::{Value, json};

use crate::harness::TestApp;
use crate::harness::site::{id_of, ids_of};

/// Everything that can be said of a customer.
fn customer() -> Value {
    json!({
        "serial": "4857544312345678",
        "customer_reference": "K-4711",
        "customer_name": "Jürgen Groß",
        "phone": "+49 30 1234567",
        "address": "Lindenstraße 7\n10115 Berlin",
        "latitude": 52.53,
        "longitude": 13.38,
        "tags": ["vip", "block A", "vip", " "],
        "note": "2nd floor, left",
    })
}

fn stored() -> Value {
    let mut stored = customer();
    stored["serial"] = json!("HWTC12345678");
    stored["tags"] = json!(["block A", "vip"]);
    stored
}

#[track_caller]
fn assert_has(device: &Value, details: &Value) {
    for (key, value) in details.as_object().expect("an object") {
        assert_eq!(&device[key], value, "{key}: {device:#}");
    }
}

#[test]
fn details_are_set_kept_and_removed() {
    let app = TestApp::empty();
    let id = app.provision("ONT", "ONT");
    let path = format!("/api/devices/{id}");
    let answer = app.patch(&path, &customer()).expect(200).json();
    assert_eq!(answer["message"], "Device updated");
    assert_has(&answer["device"], &stored());
    app.patch(&path, &json!({"x": 1, "y": 2})).expect(200);
    assert_has(&app.device(id), &stored());
    assert_has(&app.get("/api/devices").expect(200).json()[0], &stored());

    let fewer = json!({"phone": null, "address": " ", "tags": null, "latitude": null});
    app.patch(&path, &fewer).expect(200);
    let mut rest = stored();
    for key in ["phone", "address", "latitude", "longitude"] {
        rest[key] = Value::Null;
    }
    rest["tags"] = json!([]);
    assert_has(&app.device(id), &rest);
    let (before, seq) = (app.device(id), app.seq());
    app.patch(&path, &json!({"customer_reference": "K-4711"})).expect(200);
    assert_eq!((app.device(id), app.seq()), (before, seq), "equal values change nothing");
}

#[test]
fn new_devices_may_have_details() {
    let app = TestApp::empty();
    let mut new = customer();
    new["name"] = json!("A");
    new["device_type"] = json!("ONT");
    new["validate_upstream"] = json!(false);
    let made = app.post("/api/devices/provision", &new).expect(201).json();
    assert_has(&made["device"], &stored());
    (new["name"], new["serial"]) = (json!("B"), json!("other"));
    let made = app.post("/api/devices", &new).expect(201).json();
    assert_eq!(made["serial"], "OTHER");
    (new["name"], new["serial"]) = (json!("C"), json!("third"));
    let made = app.post("/api/devices/bulk", &json!({"devices": [new]})).expect(201).json();
    assert_eq!(made["devices"][0]["serial"], "THIRD");
}

#[test]
fn a_serial_belongs_to_one_device_and_a_refusal_names_it() {
    let app = TestApp::empty();
    let first = app.provision("first", "ONT");
    let second = app.provision("second", "ONT");
    let set = |id: u64, serial: &str| {
        app.patch(&format!("/api/devices/{id}"), &json!({ "serial": serial }))
    };
    set(first, "hwtc12345678").expect(200);
    set(first, "4857544312345678").expect(200);
    let text = "Serial 'HWTC12345678' already belongs to device 'first'";
    assert_eq!(set(second, "4857544312345678").expect(409).detail(), text);
    let new = json!({"name": "third", "device_type": "HOP", "serial": "HWTC12345678"});
    assert_eq!(app.post("/api/devices", &new).expect(409).detail(), text);
    assert_eq!(app.post("/api/devices/provision", &new).expect(409).detail(), text);
    let rows = json!({"devices": [new]});
    let refused = app.post("/api/devices/bulk", &rows).expect(400).json();
    assert_eq!(refused["errors"][0]["detail"], text);
    let table = b"name,device_type,serial\nthird,HOP,HWTC12345678".as_slice();
    let refused = app.post_file("/api/import/devices", "text/csv", table).expect(400).json();
    assert_eq!(refused["faults"][0]["detail"], text);

    set(first, "else").expect(200);
    set(second, "HWTC12345678").expect(200);
    app.delete(&format!("/api/devices/{second}")).expect(204);
    set(first, "HWTC12345678").expect(200);
}

#[test]
fn all_errors_of_details_are_returned_together() {
    let app = TestApp::empty();
    let id = app.provision("D", "ONT");
    let body = json!({
        "serial": "x".repeat(65),
        "phone": "1\t2",
        "address": 7,
        "latitude": 91,
        "tags": ["a,b"],
        "note": "n".repeat(2001),
    });
    let faults = app.patch(&format!("/api/devices/{id}"), &body).expect(422).detail();
    let found: Vec<String> = faults
        .as_array()
        .unwrap()
        .iter()
        .map(|it| format!("{} {}", it["loc"][1].as_str().unwrap(), it["type"].as_str().unwrap()))
        .collect();
    assert_eq!(
        found,
        [
            "serial string_too_long",
            "phone string_pattern_mismatch",
            "address string_type",
            "note string_too_long",
            "latitude less_than_equal",
            "longitude missing",
            "tags string_pattern_mismatch",
        ]
    );
    assert_eq!(app.device(id)["serial"], Value::Null);
}

#[test]
fn devices_are_found_by_what_is_known_of_the_customer() {
    let app = TestApp::empty();
    let id = app.provision("ONT-1", "ONT");
    app.patch(&format!("/api/devices/{id}"), &customer()).expect(200);
    let other = app.provision("ONT-2", "ONT");
    app.patch(&format!("/api/devices/{other}"), &json!({"lifecycle": "planned"})).expect(200);
    let found = |query: &str| {
        let list = app.get(&format!("/api/devices?{query}")).expect(200).json();
        ids_of(&list)
    };
    for query in [
        "q=tc1234",
        "q=k-47",
        "q=jurgen%20gross",
        "q=1234567",
        "q=LINDENSTRASSE",
        "serial=4857544312345678",
        "serial=hwtc12345678",
        "tag=vip",
        "lifecycle=in_service",
    ] {
        assert_eq!(found(query), [id], "{query}");
    }
    assert_eq!(found("q=ont-"), [id, other]);
    assert_eq!(found("lifecycle=planned"), [other]);
    for query in ["q=2nd%20floor", "serial=HWTC", "tag=VIP", "serial=hwtc12345678&after=9"] {
        assert_eq!(found(query), [0; 0], "{query}");
    }
    for (key, query) in [("serial", "serial="), ("tag", "tag=%20%20")] {
        let refused = app.get(&format!("/api/devices?{query}")).expect(422).json();
        let error = &refused["detail"][0];
        assert_eq!(error["type"], "string_too_short", "{refused}");
        assert_eq!(error["msg"], "String should have at least 1 character");
        assert_eq!(error["loc"], json!(["query", key]));
    }
    let page = app.get("/api/devices?limit=1&lifecycle=in_service").expect(200);
    assert_eq!(id_of(&page.json()[0]), id);
}

#[test]
fn details_are_in_tables_that_read_back() {
    let app = TestApp::empty();
    let id = app.provision("ONT-1", "ONT");
    app.patch(&format!("/api/devices/{id}"), &customer()).expect(200);
    let table = app.get("/api/export/devices.csv").expect(200).text().to_owned();
    assert!(table.contains("'+49 30 1234567"), "no cell is a formula: {table}");
    let import = |app: &TestApp, table: &str| {
        app.post_file("/api/import/devices", "text/csv", table.as_bytes())
    };
    assert_eq!(import(&app, &table).expect(200).json()["unchanged"], 1);
    let elsewhere = TestApp::empty();
    elsewhere.provision("OLT", "OLT");
    assert_eq!(import(&elsewhere, &table).expect(200).json()["created"], 1);
    let found = elsewhere.get("/api/devices?serial=HWTC12345678").expect(200).json();
    assert_has(&found[0], &stored());
    // An empty cell keeps what is there.
    import(&app, "name,phone,tags\nONT-1,,new").expect(200);
    let device = app.device(id);
    assert_eq!((&device["phone"], &device["tags"]), (&stored()["phone"], &json!(["new"])));
    let faults = import(&app, "name,latitude\nONT-1,7").expect(400).json();
    assert_eq!(faults["faults"][0]["detail"], "latitude has a value, but longitude has none");
}
