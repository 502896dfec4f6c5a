//! Changing a link: its fibre and its override.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::harness::TestApp;
use crate::harness::http::keys_of;
use crate::harness::plant::Plant;
use crate::harness::site::id_of;

const SIDE_A: [(&str, &str); 5] = [
    ("SPL-A", "DEGRADED no_active_device"),
    ("ONT-A1", "DOWN no_optical_path"),
    ("ONT-A2", "DOWN no_optical_path"),
    ("ONT-A3", "DOWN no_optical_path"),
    ("ONT-A4", "DOWN no_optical_path"),
];
const SIDE_B: [(&str, &str); 4] = [
    ("SPL-B", "DEGRADED no_active_device"),
    ("ONT-B1", "DOWN no_optical_path"),
    ("ONT-B2", "DOWN no_optical_path"),
    ("BONT-B3", "DOWN no_optical_path"),
];
const NVT: [(&str, &str); 1] = [("NVT", "DEGRADED no_active_device")];
const ODF: [(&str, &str); 1] = [("ODF", "DEGRADED no_active_device")];
const OLT: [(&str, &str); 1] = [("OLT", "DOWN no_upstream")];
const EDGE: [(&str, &str); 6] = [
    ("EDGE", "DOWN no_upstream"),
    ("AON", "DOWN no_upstream"),
    ("CPE-1", "DOWN no_switch"),
    ("HOP", "DEGRADED no_active_device"),
    ("CPE-2", "DOWN no_switch"),
    ("CORE", "DOWN no_upstream"),
];

type Troubles = Vec<(&'static str, &'static str)>;

/// The link that is cut, the expected status of devices, and the number of leaves among them.
fn cuts() -> Vec<((&'static str, &'static str), Troubles, usize)> {
    let pon = [&ODF[..], &SIDE_A, &NVT, &SIDE_B].concat();
    vec![
        (("SPL-A", "ONT-A1"), SIDE_A[1..2].to_vec(), 1),
        (("ODF", "SPL-A"), SIDE_A.to_vec(), 4),
        (("NVT", "SPL-B"), SIDE_B.to_vec(), 3),
        (("ODF", "NVT"), [&NVT[..], &SIDE_B].concat(), 3),
        (("OLT", "ODF"), pon.clone(), 7),
        (("EDGE", "OLT"), [&OLT[..], &pon].concat(), 7),
        (("CORE", "EDGE"), [&EDGE[..5], &OLT, &pon].concat(), 9),
        (("GW", "CORE"), [&EDGE[..], &OLT, &pon].concat(), 9),
        (("HOP", "CPE-2"), vec![("CPE-2", "DOWN no_switch")], 1),
        (("AON", "HOP"), EDGE[3..5].to_vec(), 1),
    ]
}

/// Returns devices without the times of changes.
fn devices(app: &TestApp) -> Vec<Value> {
    let mut devices = app.get("/api/devices").expect(200).json();
    let devices = devices.as_array_mut().expect("a list");
    for device in devices.iter_mut() {
        for key in ["updated_at", "status_since"] {
            device[key] = Value::Null;
        }
    }
    std::mem::take(devices)
}

#[test]
fn a_cut_takes_down_everything_behind_it_until_it_is_repaired() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    assert_eq!(app.troubles(), BTreeMap::new());
    let before = devices(&app);
    for ((a, b), troubles, leaves) in cuts() {
        let link = plant.link(a, b);
        let seq = app.seq();
        app.cut(link);
        assert_eq!(app.seq(), seq + 1, "one commit");
        let expected = troubles.iter().map(|(name, words)| ((*name).into(), (*words).into()));
        assert_eq!(app.troubles(), expected.collect::<BTreeMap<String, String>>(), "{a} - {b}");
        assert_eq!(
            app.problems(),
            [format!("{a} - {b}: held ({}, {leaves})", troubles.len())],
            "one entry for {a} - {b}"
        );
        let problem = app.get("/api/problems").json()["problems"][0].clone();
        assert_eq!((&problem["kind"], id_of(&problem)), (&json!("link"), link));
        assert_eq!(problem["severity"], "critical");
        assert_eq!(problem["override_reason"], "dug up");
        let shown = app.get(&format!("/api/links/{link}")).json();
        assert_eq!(problem["since"], shown["status_since"]);
        let mut victims: Vec<u64> = troubles.iter().map(|(name, _)| plant.id(name)).collect();
        victims.sort_unstable();
        assert_eq!(problem["device_ids"], json!(victims), "{a} - {b}");

        app.mend(link);
        assert_eq!(devices(&app), before, "{a} - {b} is mended");
        assert_eq!(app.problems(), [""; 0]);
    }
}

#[test]
fn a_cut_and_its_repair_change_the_time_of_the_status() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    let since = |name: &str| app.device(plant.id(name))["status_since"].clone();
    let before = (since("ONT-A1"), since("ONT-B1"));
    app.cut(plant.link("ODF", "SPL-A"));
    let cut = since("ONT-A1");
    assert!(cut.as_str() > before.0.as_str());
    // A second reason for the same status does not change the time.
    app.cut(plant.link("SPL-A", "ONT-A1"));
    app.mend(plant.link("ODF", "SPL-A"));
    assert_eq!(since("ONT-A1"), cut);
    app.mend(plant.link("SPL-A", "ONT-A1"));
    assert!(since("ONT-A1").as_str() > cut.as_str());
    assert_eq!(since("ONT-B1"), before.1, "nothing happened there");
}

#[test]
fn the_answer_shows_the_link() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    let path = format!("/api/links/{}", plant.link("ODF", "SPL-A"));
    let body = json!({"status_override": "DOWN", "override_reason": "excavator, ticket 4711"});
    let answer = app.patch(&path, &body).expect(200);
    assert_eq!(keys_of(answer.text()), ["message", "link"]);
    let answer = answer.json();
    assert_eq!(answer["message"], "Link updated");
    assert_eq!(answer["link"], app.get(&path).expect(200).json());
    assert_eq!(answer["link"]["status"], "DOWN");
    assert_eq!(answer["link"]["status_override"], "DOWN");
    assert_eq!(answer["link"]["override_reason"], "excavator, ticket 4711");

    let answer = app.delete(&format!("{path}/override")).expect(200).json();
    assert_eq!(answer["message"], "Status override cleared");
    assert_eq!(answer["link"]["status"], "UP");
    assert_eq!(answer["link"]["status_override"], Value::Null);
    assert_eq!(answer["link"]["override_reason"], Value::Null);
    let seq = app.seq();
    assert_eq!(app.delete(&format!("{path}/override")).expect(200).json(), answer);
    app.patch(&path, &json!({})).expect(200);
    app.patch(&path, &json!({"status_override": null})).expect(200);
    assert_eq!(app.seq(), seq, "nothing was there to change");
}

#[test]
fn null_clears_and_absent_keeps() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    let path = format!("/api/links/{}", plant.link("ODF", "SPL-A"));
    let patch = |body: Value| app.patch(&path, &body).expect(200).json()["link"].clone();
    let keys = ["length_km", "physical_medium_id", "status_override", "link_loss_db", "status"];
    let shown = |link: Value| keys.map(|key| link[key].clone());
    for (body, expected) in [
        (json!({"length_km": 8}), json!([8.0, null, null, 2.0, "UP"])),
        (json!({"physical_medium_id": "G657A1"}), json!([8.0, "G657A1", null, 2.0, "UP"])),
        (json!({"status_override": "DOWN"}), json!([8.0, "G657A1", "DOWN", 2.0, "DOWN"])),
        (json!({"length_km": "4"}), json!([4.0, "G657A1", "DOWN", 1.0, "DOWN"])),
        (
            json!({"status_override": "DEGRADED"}),
            json!([4.0, "G657A1", "DEGRADED", 1.0, "DEGRADED"]),
        ),
        (json!({"status_override": null}), json!([4.0, "G657A1", null, 1.0, "UP"])),
        (json!({"physical_medium_id": null}), json!([4.0, null, null, 1.0, "UP"])),
        (json!({"length_km": null}), json!([null, null, null, null, "UP"])),
    ] {
        assert_eq!(json!(shown(patch(body.clone()))), expected, "{body}");
    }
}

#[test]
fn a_longer_fibre_weakens_the_light() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    let path = format!("/api/links/{}", plant.link("ODF", "SPL-A"));
    let ont = || app.device(plant.id("ONT-A1"));
    // 4.2 km upstream with 1.4 dB become 0.35 dB per kilometre.
    for (km, class, status, reasons, link) in [
        (4.2, "OK", "UP", json!([]), "UP"),
        (24.0, "WARNING", "UP", json!(["signal_warning"]), "UP"),
        (32.0, "CRITICAL", "DEGRADED", json!(["signal_critical"]), "DEGRADED"),
        (42.0, "NO_SIGNAL", "DOWN", json!(["no_signal"]), "UP"),
        (4.2, "OK", "UP", json!([]), "UP"),
    ] {
        app.patch(&path, &json!({"length_km": km})).expect(200);
        let device = ont();
        assert_eq!(device["signal"]["class"], class, "{km} km: {device}");
        assert_eq!(device["signal"]["limiting_direction"], "up", "{km} km");
        assert_eq!((&device["status"], &device["status_reasons"]), (&json!(status), &reasons));
        assert_eq!(app.get(&path).json()["status"], link, "{km} km");
    }
}

#[test]
fn a_link_to_an_overridden_device_stays_down_whatever_its_override() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    let path = format!("/api/links/{}", plant.link("OLT", "ODF"));
    app.patch(&path, &json!({"status_override": "UP"})).expect(200);
    app.hold(plant.id("OLT"), &json!("DOWN"));
    let link = app.get(&path).json();
    assert_eq!((&link["status"], &link["status_override"]), (&json!("DOWN"), &json!("UP")));
    app.hold(plant.id("OLT"), &Value::Null);
    assert_eq!(app.get(&path).json()["status"], "UP");
}

#[test]
fn errors_are_returned_and_change_nothing() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    let path = format!("/api/links/{}", plant.link("ODF", "SPL-A"));
    let before = (app.get(&path).json(), app.seq());
    for (body, key, kind) in [
        (json!({"length_km": -1}), "length_km", "greater_than_equal"),
        (json!({"length_km": []}), "length_km", "float_type"),
        (json!({"physical_medium_id": "COPPER"}), "physical_medium_id", "enum"),
        (json!({"status_override": "CUT"}), "status_override", "enum"),
        (json!({"override_reason": "for what?"}), "status_override", "missing"),
        (
            json!({"status_override": "DOWN", "override_reason": "x".repeat(256)}),
            "override_reason",
            "string_too_long",
        ),
    ] {
        let fault = app.patch(&path, &body).expect(422).detail()[0].clone();
        assert_eq!((&fault["type"], &fault["loc"]), (&json!(kind), &json!(["body", key])));
    }
    let down = json!({"status_override": "DOWN"});
    assert_eq!(app.patch("/api/links/999", &down).expect(404).detail(), "Link not found");
    assert_eq!(app.delete("/api/links/999/override").expect(404).detail(), "Link not found");
    app.patch("/api/links/x", &down).expect(422);
    assert_eq!((app.get(&path).json(), app.seq()), before);
}

#[test]
fn a_link_is_in_service_unless_it_is_planned_or_retired() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    let id = plant.link("SPL-A", "ONT-A1");
    let path = format!("/api/links/{id}");
    assert_eq!(app.get(&path).expect(200).json()["lifecycle"], "in_service");
    for lifecycle in ["planned", "retired", "in_service"] {
        let answer = app.patch(&path, &json!({"lifecycle": lifecycle})).expect(200).json();
        assert_eq!(answer["link"]["lifecycle"], lifecycle);
        assert_eq!(app.get(&path).expect(200).json()["lifecycle"], lifecycle);
    }
    let faults = app.patch(&path, &json!({"lifecycle": "new", "length_km": -1})).expect(422);
    assert_eq!(faults.detail().as_array().map(Vec::len), Some(2));
}
