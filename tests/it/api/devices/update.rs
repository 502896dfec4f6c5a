//! Moving, renaming, regrouping and tuning a device.

use serde_json::{Value, json};

use crate::harness::TestApp;

#[test]
fn the_message_of_a_move_has_v2s_number_format() {
    let app = TestApp::empty();
    let id = app.provision("D", "HOP");
    for (x, y, message, shown) in [
        (json!(11), json!(22), "(11, 22)", (11.0, 22.0)),
        (json!(-3.5), json!(0.25), "(-3.5, 0.25)", (-3.5, 0.25)),
        (json!("7"), json!("8.5"), "(7, 8.5)", (7.0, 8.5)),
        (json!(11.0), json!(0), "(11, 0)", (11.0, 0.0)),
    ] {
        let before = app.device(id);
        let path = format!("/api/devices/{id}");
        let answer = app.patch(&path, &json!({"x": x, "y": y})).expect(200);
        let start = format!("{{\"message\":\"Device position updated to {message}\"");
        assert!(answer.text().starts_with(&start), "{}", answer.text());
        let device = app.device(id);
        assert_eq!((device["x"].as_f64(), device["y"].as_f64()), (Some(shown.0), Some(shown.1)));
        assert!(device["updated_at"].as_str() > before["updated_at"].as_str());
        assert_eq!(device["created_at"], before["created_at"]);
    }
    let text = app.get(&format!("/api/devices/{id}"));
    assert!(text.text().contains("\"x\":11.0,\"y\":0.0,"), "{}", text.text());
}

#[test]
fn a_move_needs_both_numbers() {
    let app = TestApp::empty();
    let id = app.provision("D", "HOP");
    let missing = |body: &Value, keys: &[&str]| {
        let answer = app.patch(&format!("/api/devices/{id}"), body).expect(422);
        let faults: Vec<Value> = keys
            .iter()
            .map(|key| {
                json!({"type": "missing", "loc": ["body", key], "msg": "Field required", "input": body})
            })
            .collect();
        assert_eq!(answer.json(), json!({"detail": faults}));
    };
    missing(&json!({}), &["x", "y"]);
    missing(&json!({"x": 1}), &["y"]);
    missing(&json!({"y": 1}), &["x"]);
    missing(&json!({"y": 1, "name": "new"}), &["x"]);
    missing(&json!({"unknown": 1}), &["x", "y"]);
    let null = app.patch(&format!("/api/devices/{id}"), &json!({"x": null, "y": 1})).expect(422);
    assert_eq!(null.detail()[0]["type"], "float_type");
    assert_eq!(app.device(id)["name"], "D", "nothing was changed");
    let answer = app.patch("/api/devices/99", &json!({"x": 1, "y": 1})).expect(404);
    assert_eq!(answer.detail(), "Device not found");
}

#[test]
fn all_errors_of_a_change_are_returned_together() {
    let app = TestApp::empty();
    let id = app.provision("D", "HOP");
    let body = json!({"x": "east", "name": "", "insertion_loss_db": -1, "tx_power_dbm": []});
    let faults = app.patch(&format!("/api/devices/{id}"), &body).expect(422).detail();
    let found: Vec<String> = faults
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| {
            format!("{} {}", fault["loc"][1].as_str().unwrap(), fault["type"].as_str().unwrap())
        })
        .collect();
    assert_eq!(
        found,
        [
            "x float_parsing",
            "y missing",
            "name string_too_short",
            "tx_power_dbm float_type",
            "insertion_loss_db greater_than_equal",
        ]
    );
}

#[test]
fn a_rename_keeps_names_unique() {
    let app = TestApp::empty();
    let id = app.provision("first", "HOP");
    app.provision("second", "HOP");
    let rename = |name: &str| app.patch(&format!("/api/devices/{id}"), &json!({"name": name}));
    let answer = rename("renamed").expect(200).json();
    assert_eq!(answer["message"], "Device updated");
    assert_eq!(answer["device"]["name"], "renamed");
    assert_eq!(app.device(id)["name"], "renamed");
    assert_eq!(rename("second").expect(400).detail(), "Device with name 'second' already exists");
    rename("renamed").expect(200);
    app.provision("first", "HOP");
    assert_eq!(rename("first").expect(400).detail(), "Device with name 'first' already exists");
}

#[test]
fn the_parent_changes_and_null_removes_it() {
    let app = TestApp::empty();
    let pop = app.provision("POP", "POP");
    let id = app.provision("D", "HOP");
    let patch = |parent: Value| {
        app.patch(&format!("/api/devices/{id}"), &json!({"parent_container_id": parent}))
    };
    let children = || {
        let path = format!("/api/devices?parent_container_id={pop}");
        app.get(&path).expect(200).json().as_array().unwrap().len()
    };
    assert_eq!(patch(json!(pop)).expect(200).json()["device"]["parent_container_id"], json!(pop));
    assert_eq!(children(), 1);
    assert_eq!(patch(json!(77)).expect(404).detail(), "Parent container not found");
    assert_eq!(
        patch(json!(id)).expect(400).detail(),
        "Parent 'D' is a HOP, not a container (POP or CORE_SITE)"
    );
    assert_eq!(app.device(id)["parent_container_id"], json!(pop));
    assert_eq!(patch(Value::Null).expect(200).json()["device"]["parent_container_id"], Value::Null);
    assert_eq!(children(), 0);
    let into = json!({"parent_container_id": pop});
    assert_eq!(
        app.patch(&format!("/api/devices/{pop}"), &into).expect(400).detail(),
        "A POP is a container and cannot have a parent"
    );
}

#[test]
fn optical_values_change_and_null_removes_them() {
    let app = TestApp::empty();
    let id = app.provision("OLT", "OLT");
    let keys = ["tx_power_dbm", "sensitivity_min_dbm", "insertion_loss_db"];
    for key in keys {
        let path = format!("/api/devices/{id}");
        let set = app.patch(&path, &json!({ key: 1.5 })).expect(200).json();
        assert_eq!(set["device"][key], json!(1.5), "{key}");
        let others = keys.into_iter().filter(|other| *other != key);
        assert!(others.clone().all(|other| set["device"][other].is_null()), "{key}: {set}");
        let moved = app.patch(&path, &json!({"x": 1, "y": 1})).expect(200).json();
        assert_eq!(moved["device"][key], json!(1.5), "a move keeps it");
        let cleared = app.patch(&path, &json!({ key: null })).expect(200).json();
        assert_eq!(cleared["device"][key], Value::Null, "{key}");
        assert_eq!(app.device(id), cleared["device"]);
    }
    let body = json!({"x": 5, "y": 6, "name": "OLT-9", "tx_power_dbm": 4});
    let all = app.patch(&format!("/api/devices/{id}"), &body).expect(200).json();
    assert_eq!(all["message"], "Device updated");
    assert_eq!(all["device"]["x"], json!(5.0));
    assert_eq!(all["device"]["name"], "OLT-9");
    assert_eq!(all["device"]["tx_power_dbm"], json!(4.0));
}

#[test]
fn a_change_to_equal_values_changes_nothing() {
    let app = TestApp::empty();
    let id = app.provision("D", "HOP");
    app.patch(&format!("/api/devices/{id}"), &json!({"x": 1, "y": 2})).expect(200);
    let (before, seq) = (app.device(id), app.seq());
    app.patch(&format!("/api/devices/{id}"), &json!({"x": 1, "y": 2, "name": "D"})).expect(200);
    assert_eq!((app.device(id), app.seq()), (before, seq));
}

#[test]
fn a_split_ratio_is_one_that_is_sold_and_only_a_splitter_has_one() {
    let app = TestApp::empty();
    let splitter = app.provision("SPL", "SPLITTER");
    let path = format!("/api/devices/{splitter}");
    assert_eq!(app.device(splitter)["split_ratio"], Value::Null);
    for outputs in [2, 4, 8, 16, 32, 64, 128] {
        let answer = app.patch(&path, &json!({"split_ratio": outputs})).expect(200).json();
        assert_eq!(answer["device"]["split_ratio"], outputs);
        assert_eq!(app.device(splitter)["split_ratio"], outputs);
    }
    let body = json!({"split_ratio": 3, "lifecycle": "broken"});
    let faults = app.patch(&path, &body).expect(422).detail();
    assert_eq!(faults[0]["msg"], "Input should be 2, 4, 8, 16, 32, 64 or 128");
    assert_eq!(faults[1]["msg"], "Input should be 'planned', 'in_service' or 'retired'");
    let cleared = app.patch(&path, &json!({"split_ratio": null})).expect(200).json();
    assert_eq!(cleared["device"]["split_ratio"], Value::Null);

    let hop = app.provision("HOP", "HOP");
    let refused = app.patch(&format!("/api/devices/{hop}"), &json!({"split_ratio": 8})).expect(400);
    assert_eq!(refused.detail(), "Only a SPLITTER has a split_ratio, not a HOP");
    let new = json!({"name": "H2", "device_type": "HOP", "split_ratio": 8});
    app.post("/api/devices", &new).expect(400);
    let new = json!({"name": "S2", "device_type": "SPLITTER", "split_ratio": 64});
    let made = app.post("/api/devices/provision", &new).expect(201).json();
    assert_eq!(made["device"]["split_ratio"], 64);
}

#[test]
fn a_device_is_in_service_unless_it_is_planned_or_retired() {
    let app = TestApp::empty();
    let id = app.provision("D", "HOP");
    assert_eq!(app.device(id)["lifecycle"], "in_service");
    let path = format!("/api/devices/{id}");
    for lifecycle in ["planned", "retired", "in_service"] {
        let answer = app.patch(&path, &json!({"lifecycle": lifecycle})).expect(200).json();
        assert_eq!(answer["message"], "Device updated");
        assert_eq!(answer["device"]["lifecycle"], lifecycle);
        assert_eq!(app.get("/api/devices").expect(200).json()[0]["lifecycle"], lifecycle);
    }
    app.patch(&path, &json!({"lifecycle": null})).expect(422);
    let new = json!({"name": "P", "device_type": "HOP", "lifecycle": "planned"});
    let rows = json!({"devices": [new]});
    let made = app.post("/api/devices/bulk", &rows).expect(201).json();
    assert_eq!(made["devices"][0]["lifecycle"], "planned");
}
