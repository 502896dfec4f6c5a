//! One entry per cause.

use serde_json::{Value, json};

use crate::harness::TestApp;
use crate::harness::http::keys_of;
use crate::harness::plant::Plant;

#[test]
fn a_network_without_errors_has_no_problems() {
    let app = TestApp::empty();
    let none = r#"{"count":0,"planned_count":0,"problems":[]}"#;
    assert_eq!(app.get("/api/problems").expect(200).text(), none);
    Plant::build(&app);
    assert_eq!(app.problems(), [""; 0]);
}

#[test]
fn remaining_problems_appear_after_a_cause_is_removed() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    app.hold(plant.id("OLT"), &json!("DOWN"));
    // ODF, NVT, two splitters and seven leaves.
    assert_eq!(app.problems(), ["OLT: held (11, 7)"]);
    app.cut(plant.link("ODF", "SPL-A"));
    assert_eq!(app.problems(), ["ODF - SPL-A: held (5, 4)", "OLT: held (6, 3)"]);
    app.cut(plant.link("SPL-A", "ONT-A2"));
    // Of equally severe ones the older comes first.
    let three = ["OLT: held (6, 3)", "ODF - SPL-A: held (4, 3)", "SPL-A - ONT-A2: held (1, 1)"];
    assert_eq!(app.problems(), three);
    app.hold(plant.id("OLT"), &Value::Null);
    assert_eq!(app.problems(), ["ODF - SPL-A: held (4, 3)", "SPL-A - ONT-A2: held (1, 1)"]);
    app.mend(plant.link("ODF", "SPL-A"));
    assert_eq!(app.problems(), ["SPL-A - ONT-A2: held (1, 1)"]);
    app.mend(plant.link("SPL-A", "ONT-A2"));
    assert_eq!(app.problems(), [""; 0]);
}

/// The backbone fails while something below is broken, too: neither is listed under the other.
#[test]
fn a_cause_does_not_include_what_is_above_it() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    app.hold(plant.id("OLT"), &json!("DOWN"));
    app.cut(plant.link("GW", "CORE"));
    // CORE, EDGE, AON, HOP and two CPEs.
    assert_eq!(app.problems(), ["OLT: held (11, 7)", "GW - CORE: held (6, 2)"]);
}

/// (the change, the expected problem)
type Row = (&'static str, fn(&TestApp, &Plant), Vec<&'static str>);

fn causes() -> Vec<Row> {
    vec![
        (
            "a trunk is taken away",
            |app, plant| {
                let link = plant.link("EDGE", "OLT");
                app.delete(&format!("/api/links/{link}")).expect(204);
            },
            vec!["OLT: no_upstream (11, 7)"],
        ),
        (
            "a splitter is taken away",
            |app, plant| {
                app.delete(&plant.path("SPL-A")).expect(204);
            },
            vec![
                "ONT-A1: no_optical_path (0, 1)",
                "ONT-A2: no_optical_path (0, 1)",
                "ONT-A3: no_optical_path (0, 1)",
                "ONT-A4: no_optical_path (0, 1)",
            ],
        ),
        (
            "a splitter is held",
            |app, plant| app.hold(plant.id("SPL-B"), &json!("DOWN")),
            vec!["SPL-B: held (3, 3)"],
        ),
        (
            "a leaf is held",
            |app, plant| app.hold(plant.id("ONT-A1"), &json!("DOWN")),
            vec!["ONT-A1: held (0, 1)"],
        ),
        (
            "a leaf is said to be UP without light",
            |app, plant| {
                app.hold(plant.id("ONT-A1"), &json!("UP"));
                let link = plant.link("SPL-A", "ONT-A1");
                app.delete(&format!("/api/links/{link}")).expect(204);
            },
            vec!["ONT-A1: conflict (0, 1)"],
        ),
        (
            "one receiver is weak",
            |app, plant| {
                let weak = json!({"sensitivity_min_dbm": -12});
                app.patch(&plant.path("ONT-A1"), &weak).expect(200);
            },
            vec!["ONT-A1: signal_critical (0, 1)"],
        ),
        (
            "a splitter loses more than it should",
            |app, plant| {
                let bad = json!({"insertion_loss_db": 30});
                app.patch(&plant.path("SPL-B"), &bad).expect(200);
            },
            vec!["SPL-B: no_signal (3, 3)"],
        ),
        (
            "a splitter is a mere sleeve",
            |app, plant| {
                let none = json!({"insertion_loss_db": 0});
                app.patch(&plant.path("SPL-A"), &none).expect(200);
            },
            vec!["SPL-A: signal_overload (4, 4)"],
        ),
    ]
}

#[test]
fn each_kind_of_cause_has_its_entry() {
    for (what, act, expected) in causes() {
        let app = TestApp::empty();
        let plant = Plant::build(&app);
        act(&app, &plant);
        assert_eq!(app.problems(), expected, "{what}: {:?}", app.troubles());
    }
}

#[test]
fn an_entry_names_place_and_time() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    let pop = json!({"parent_container_id": plant.id("POP")});
    app.patch(&plant.path("OLT"), &pop).expect(200);
    let body = json!({"status_override": "DOWN", "override_reason": "fire"});
    app.patch(&format!("{}/override", plant.path("OLT")), &body).expect(200);
    let answer = app.get("/api/problems").expect(200);
    assert_eq!(keys_of(answer.text()), ["count", "planned_count", "problems"]);
    let problem = answer.json()["problems"][0].clone();
    assert_eq!(
        keys_of(&problem.to_string()).len(),
        "kind id name place problem severity override_reason since device_count leaf_count device_ids without_service_count \
         degraded_count low_margin_count status_override override_ends_at override_is_planned_work"
            .split(' ')
            .count()
    );
    assert_eq!((&problem["kind"], &problem["id"]), (&json!("device"), &json!(plant.id("OLT"))));
    assert_eq!((&problem["place"], &problem["override_reason"]), (&json!("POP"), &json!("fire")));
    assert_eq!(problem["since"], app.device(plant.id("OLT"))["status_since"]);
    assert_eq!(problem["device_ids"].as_array().unwrap().len(), 11);

    let etag = answer.header("etag").expect("an ETag").to_owned();
    app.get_with("/api/problems", &[("if-none-match", &etag)]).expect(304);
    app.hold(plant.id("OLT"), &Value::Null);
    app.get_with("/api/problems", &[("if-none-match", &etag)]).expect(200);
}

#[test]
fn planned_work_is_counted_apart() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    app.cut(plant.link("SPL-A", "ONT-A1"));
    for (name, planned, expected) in [("SPL-B", true, (2, 1)), ("AON", false, (3, 1))] {
        let work = json!({"device_ids": [plant.id(name)], "status": "DOWN", "planned": planned});
        app.post("/api/overrides/bulk", &work).expect(200);
        let problems = app.get("/api/problems").expect(200).json();
        let (count, planned) = expected;
        assert_eq!(
            (&problems["count"], &problems["planned_count"]),
            (&json!(count), &json!(planned)),
            "{name}"
        );
    }
}

#[test]
fn at_most_a_hundred_affected_devices_are_listed() {
    let app = TestApp::empty();
    let olt = app.provision("OLT", "OLT");
    let splitter = app.provision("SPL", "SPLITTER");
    app.patch(&format!("/api/devices/{splitter}"), &json!({"split_ratio": 128})).expect(200);
    app.fibre(olt, splitter, 1.0);
    for number in 0..110 {
        let ont = app.provision(&format!("ONT-{number}"), "ONT");
        app.fibre(splitter, ont, 0.1);
    }
    let answer = app.get("/api/problems").expect(200).json();
    assert_eq!(app.problems(), ["OLT: no_upstream (111, 110)"]);
    assert_eq!(answer["problems"][0]["device_ids"].as_array().unwrap().len(), 100);
}
