//! Totals of a network and of the demo network.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::harness::TestApp;
use crate::harness::http::keys_of;
use crate::harness::plant::Plant;
use crate::harness::site::text_of;

fn list(app: &TestApp, name: &str) -> Vec<Value> {
    let list = app.get(&format!("/api/{name}")).expect(200).json();
    list.as_array().expect("a list").clone()
}

/// Counts each text.
fn counts<'a>(texts: impl Iterator<Item = &'a Value>) -> Value {
    let mut counts = BTreeMap::new();
    for text in texts {
        *counts.entry(text_of(text)).or_insert(0) += 1;
    }
    json!(counts)
}

#[test]
fn a_summary_counts_what_the_lists_show() {
    let empty = TestApp::empty();
    let nothing = json!({
        "device_count": 0, "interface_count": 0, "link_count": 0, "by_type": {}, "by_status": {},
        "by_signal_class": {}, "links_by_status": {}, "overridden_count": 0,
        "overridden_link_count": 0, "customer_count": 0, "without_service_count": 0,
        "degraded_count": 0, "low_margin_count": 0, "planned_work_count": 0,
        "not_connected_count": 0, "planned_device_count": 0, "retired_device_count": 0,
        "planned_link_count": 0, "retired_link_count": 0,
    });
    assert_eq!(empty.get("/api/topology/summary").expect(200).json(), nothing);

    let app = TestApp::demo();
    let answer = app.get("/api/topology/summary").expect(200);
    let summary = answer.json();
    assert_eq!(keys_of(answer.text()).len(), 19);
    let (devices, links) = (list(&app, "devices"), list(&app, "links"));
    assert_eq!(summary["device_count"], devices.len());
    assert_eq!(summary["interface_count"], list(&app, "interfaces").len());
    assert_eq!(summary["link_count"], links.len());
    let status = |device: &'_ Value| device["effective_status"].clone();
    assert_eq!(summary["by_status"], counts(devices.iter().map(status).collect::<Vec<_>>().iter()));
    assert_eq!(summary["links_by_status"], counts(links.iter().map(|link| &link["status"])));
    for (kind, found) in summary["by_type"].as_object().unwrap() {
        let of_kind = devices.iter().filter(|device| device["device_type"] == **kind);
        assert_eq!(*found, counts(of_kind.map(|device| &device["effective_status"])), "{kind}");
    }
    let held = devices.iter().filter(|device| !device["status_override"].is_null());
    assert_eq!(summary["overridden_count"], held.count());

    let etag = answer.header("etag").expect("an ETag");
    app.get_with("/api/topology/summary", &[("if-none-match", etag)]).expect(304);
}

#[test]
fn leaves_without_light_count_as_without_signal() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    let classes = || app.get("/api/topology/summary").expect(200).json()["by_signal_class"].clone();
    assert_eq!(classes(), json!({"OK": 7}));
    app.cut(plant.link("ODF", "SPL-A"));
    assert_eq!(classes(), json!({"NO_SIGNAL": 4, "OK": 3}));
    app.patch(&plant.path("ONT-B1"), &json!({"sensitivity_min_dbm": -10})).expect(200);
    app.patch(&plant.path("ONT-B2"), &json!({"sensitivity_min_dbm": -16})).expect(200);
    assert_eq!(classes(), json!({"NO_SIGNAL": 5, "OK": 1, "WARNING": 1}));
}

/// The counts of customers, in the order of the answer.
fn customers(app: &TestApp) -> [u64; 6] {
    let summary = app.get("/api/topology/summary").expect(200).json();
    let count = |key: &str| summary[key].as_u64().expect("a count");
    [
        count("customer_count"),
        count("without_service_count"),
        count("degraded_count"),
        count("low_margin_count"),
        count("planned_work_count"),
        count("not_connected_count"),
    ]
}

#[test]
fn customers_are_counted_by_what_they_notice() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    assert_eq!(customers(&app), [9, 0, 0, 0, 0, 0]);
    app.cut(plant.link("SPL-A", "ONT-A1"));
    app.patch(&plant.path("ONT-B1"), &json!({"sensitivity_min_dbm": -16})).expect(200);
    assert_eq!(customers(&app), [9, 1, 0, 1, 0, 0]);
    // What is planned or retired, and what was never connected, is counted in none.
    let spare = app.provision("ONT-X", "ONT");
    assert_eq!(customers(&app), [9, 1, 0, 1, 0, 1]);
    let retired = json!({"device_ids": [plant.id("ONT-A1")], "lifecycle": "retired"});
    app.post("/api/lifecycle/bulk", &retired).expect(200);
    let planned = json!({
        "device_ids": [spare, plant.id("ONT-B1")], "link_ids": [plant.link("SPL-B", "ONT-B1")],
        "lifecycle": "planned",
    });
    app.post("/api/lifecycle/bulk", &planned).expect(200);
    assert_eq!(customers(&app), [7, 0, 0, 0, 0, 0]);
    let summary = app.get("/api/topology/summary").expect(200).json();
    assert_eq!(summary["planned_device_count"], 2);
    assert_eq!(summary["retired_device_count"], 1);
    assert_eq!(
        (&summary["planned_link_count"], &summary["retired_link_count"]),
        (&json!(1), &json!(0))
    );
    assert_eq!(summary["by_signal_class"], json!({"OK": 5}));
}

#[test]
fn customers_behind_planned_work_are_no_outage() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    let work = json!({
        "device_ids": [plant.id("SPL-A")], "link_ids": [plant.link("NVT", "SPL-B")],
        "status": "DOWN", "reason": "new splitter", "ends_at": "2026-11-24T04:00:00Z",
        "planned": true,
    });
    app.post("/api/overrides/bulk", &work).expect(200);
    assert_eq!(customers(&app), [9, 0, 0, 0, 7, 0]);
    let problems = app.get("/api/problems").expect(200).json();
    assert_eq!(problems["count"], 2, "it is visible");
    for problem in problems["problems"].as_array().expect("a list") {
        assert_eq!(
            (&problem["severity"], &problem["problem"]),
            (&json!("planned"), &json!("held"))
        );
        assert_eq!(problem["status_override"], "DOWN");
        assert_eq!(problem["override_ends_at"], "2026-11-24T04:00:00.000000Z");
        assert_eq!(problem["override_is_planned_work"], true);
    }
    assert_eq!(problems["problems"][0]["without_service_count"], 4);
    // An outage beside it comes first.
    app.cut(plant.link("AON", "CPE-1"));
    assert_eq!(customers(&app), [9, 1, 0, 0, 7, 0]);
    assert_eq!(app.problems()[0], "AON - CPE-1: held (1, 1)");
}

/// The demo network has one problem of each kind.
#[test]
fn the_demo_network_has_a_few_problems() {
    let app = TestApp::demo();
    let devices = list(&app, "devices");
    let class_of = |device: &&Value| device["signal"]["class"].clone();
    let lit: Vec<&Value> = devices.iter().filter(|device| !device["signal"].is_null()).collect();
    for class in ["WARNING", "CRITICAL", "NO_SIGNAL"] {
        assert_eq!(lit.iter().filter(|one| class_of(one) == class).count(), 1, "{class}");
    }
    assert_eq!(lit.iter().filter(|one| class_of(one) == "OK").count(), lit.len() - 3);
    let held: Vec<&Value> =
        devices.iter().filter(|device| !device["status_override"].is_null()).collect();
    assert_eq!(held.len(), 1);
    let name = |device: &Value| text_of(&device["name"]).to_owned();
    let with_class = |class: &str| {
        let found = lit.iter().find(|one| class_of(one) == class);
        name(found.expect("it was counted"))
    };
    let expected = BTreeMap::from([
        (name(held[0]), "DOWN override no_optical_path".to_owned()),
        (with_class("WARNING"), "UP signal_warning".to_owned()),
        (with_class("CRITICAL"), "DEGRADED signal_critical".to_owned()),
        (with_class("NO_SIGNAL"), "DOWN no_signal".to_owned()),
    ]);
    assert_eq!(app.troubles(), expected);
    assert_eq!(held[0]["effective_status"], "DOWN");

    let leaves = ["ONT", "BUSINESS_ONT", "AON_CPE"];
    let leaves = devices.iter().filter(|one| leaves.contains(&text_of(&one["device_type"])));
    assert!((50..=70).contains(&leaves.count()));
    let troubled: Vec<Value> =
        list(&app, "links").into_iter().filter(|link| link["status"] != "UP").collect();
    assert_eq!(
        counts(troubled.iter().map(|link| &link["status"])),
        json!({"DEGRADED": 2, "DOWN": 1}),
        "the drop of the held leaf, and both fibres of the critical one"
    );
    let entry = |name: &str, problem: &str| format!("{name}: {problem} (0, 1)");
    let mut problems = app.problems();
    problems.sort();
    let mut expected = [
        entry(&name(held[0]), "held"),
        entry(&with_class("WARNING"), "signal_warning"),
        entry(&with_class("CRITICAL"), "signal_critical"),
        entry(&with_class("NO_SIGNAL"), "no_signal"),
    ];
    expected.sort();
    assert_eq!(problems, expected);
}
