//! Optical and upstream paths.

use serde_json::{Value, json};

use crate::harness::TestApp;
use crate::harness::http::keys_of;
use crate::harness::plant::Plant;
use crate::harness::site::{id_of, text_of};

/// Returns the names of devices and the ids of links in the order of a path.
fn names(way: &Value) -> Vec<String> {
    let elements = way["elements"].as_array().expect("a list").iter();
    let name = |element: &Value| match text_of(&element["kind"]) {
        "device" => text_of(&element["name"]).to_owned(),
        _ => format!("-{}-", element["id"]),
    };
    elements.map(name).collect()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("no number: {value}"))
}

/// The transmit powers of a leaf and its OLT without values of their own, from the table of
/// classes.
fn sent_dbm(app: &TestApp, olt: &Value) -> [f64; 2] {
    let classes = app.get("/api/optical/classes").expect(200).json();
    let class =
        classes.as_array().expect("a list").iter().find(|class| class["id"] == olt["pon_class"]);
    class.map_or([5.0, 0.5], |class| {
        [number(&class["olt_tx_min_dbm"]), number(&class["onu_tx_min_dbm"])]
    })
}

/// Returns the optical path of a leaf, after comparing it with the signal of its device.
fn optical_path(app: &TestApp, leaf: u64) -> Value {
    let path = app.get(&format!("/api/devices/{leaf}/optical-path")).expect(200).json();
    let device = app.device(leaf);
    assert_eq!((&path["device_id"], &path["signal"]), (&json!(leaf), &device["signal"]));
    let olt = app.device(path["olt_id"].as_u64().expect("it has a way"));
    let elements = path["elements"].as_array().expect("a list");
    assert_eq!(elements.first().map(id_of), Some(id_of(&olt)));
    assert_eq!(elements.last().map(id_of), Some(leaf));
    let mut sums = [0.0; 2];
    let mut length_km = 0.0;
    for (index, element) in elements.iter().enumerate() {
        let is_device = index.is_multiple_of(2);
        assert_eq!(element["kind"], if is_device { "device" } else { "link" });
        assert_eq!(element["device_type"].is_null(), !is_device);
        length_km += element["length_km"].as_f64().unwrap_or_default();
        for (sum, direction) in sums.iter_mut().zip(["down", "up"]) {
            *sum += number(&element[format!("loss_{direction}_db")]);
            let cumulative = number(&element[format!("cumulative_{direction}_db")]);
            // Each element is rounded to thousandths.
            assert!((*sum - cumulative).abs() < 0.01, "{element}: {sum}");
        }
    }
    let last = elements.last().expect("not empty");
    let sent = sent_dbm(app, &olt);
    for (sent_dbm, direction) in sent.into_iter().zip(["down", "up"]) {
        let rx_dbm = number(&path["signal"][format!("rx_{direction}_dbm")]);
        let lost_db = number(&last[format!("cumulative_{direction}_db")]);
        assert!((sent_dbm - lost_db - rx_dbm).abs() < 0.006, "{direction}: {path}");
    }
    assert!((number(&path["length_km"]) - length_km).abs() < 1e-6);
    path
}

#[test]
fn the_losses_of_every_leaf_add_up() {
    let app = TestApp::demo();
    let mut count = 0;
    for device in app.get("/api/devices").expect(200).json().as_array().unwrap() {
        if !device["signal"].is_null() {
            optical_path(&app, id_of(device));
            count += 1;
        }
    }
    assert!(count > 40, "{count} leaves have a signal");
}

#[test]
fn an_optical_path_goes_from_the_olt_to_the_leaf() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    let links = [("OLT", "ODF"), ("ODF", "NVT"), ("NVT", "SPL-B"), ("SPL-B", "BONT-B3")];
    let [first, second, third, fourth] = links.map(|(a, b)| format!("-{}-", plant.link(a, b)));
    let expected = ["OLT", &first, "ODF", &second, "NVT", &third, "SPL-B", &fourth, "BONT-B3"];
    let leaf = plant.id("BONT-B3");
    let path = optical_path(&app, leaf);
    assert_eq!(names(&path), expected);
    assert_eq!(path["length_km"], 7.915);
    let losses = |key: &str| -> Vec<f64> {
        path["elements"].as_array().unwrap().iter().map(|one| number(&one[key])).collect()
    };
    assert_eq!(losses("loss_down_db"), [0.0, 0.004, 0.5, 1.5, 0.1, 0.375, 13.9, 0.1, 0.0]);
    assert_eq!(losses("loss_up_db"), [0.0, 0.005, 0.5, 2.1, 0.1, 0.525, 13.9, 0.14, 0.0]);
    let text = app.get(&format!("/api/devices/{leaf}/optical-path"));
    let keys =
        ["device_id", "olt_id", "downstream_nm", "upstream_nm", "length_km", "signal", "elements"];
    assert_eq!(keys_of(text.text()), keys);
    let wavelengths = |path: &Value| json!([path["downstream_nm"], path["upstream_nm"]]);
    assert_eq!(wavelengths(&path), json!([1490, 1310]));
    // XGS-PON uses 1270 nm upstream, with 0.40 dB per kilometre.
    app.patch(&plant.path("OLT"), &json!({"pon_class": "XGS_N1"})).expect(200);
    let path = optical_path(&app, leaf);
    assert_eq!(wavelengths(&path), json!([1577, 1270]));
    assert_eq!(path["elements"][3]["loss_up_db"], 2.4);
}

#[test]
fn without_light_there_is_no_optical_path() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    app.cut(plant.link("ODF", "SPL-A"));
    let leaf = plant.id("ONT-A1");
    let path = app.get(&format!("/api/devices/{leaf}/optical-path")).expect(200).json();
    assert_eq!((&path["olt_id"], &path["signal"]), (&Value::Null, &Value::Null));
    assert_eq!((&path["elements"], &path["length_km"]), (&json!([]), &json!(0.0)));
    assert_eq!(app.device(leaf)["status_reasons"], json!(["no_optical_path"]));
    for name in ["OLT", "SPL-A", "CPE-1", "GW", "POP"] {
        let answer = app.get(&format!("{}/optical-path", plant.path(name))).expect(400);
        assert_eq!(answer.detail(), "Only an ONT or BUSINESS_ONT has an optical path", "{name}");
    }
}

#[test]
fn a_dark_leaf_has_a_designed_path_with_the_break_on_it() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    let leaf = plant.id("ONT-A1");
    let lit = optical_path(&app, leaf);
    assert_eq!(lit.get("designed"), None, "what is lit is shown as it is");
    let designed = || {
        let path = app.get(&format!("/api/devices/{leaf}/optical-path")).expect(200).json();
        path["designed"].clone()
    };
    let check = |lit_count: u64, dark_reason: &str| {
        let mut expected = lit.clone();
        expected.as_object_mut().expect("an object").remove("device_id");
        expected["lit_count"] = lit_count.into();
        expected["dark_reason"] = dark_reason.into();
        assert_eq!(designed(), expected);
    };
    // OLT, link, ODF, link, splitter, link, ONT.
    let feeder = plant.link("ODF", "SPL-A");
    app.cut(feeder);
    check(3, "held_down");
    app.mend(feeder);
    app.hold(plant.id("SPL-A"), &json!("DOWN"));
    check(4, "held_down");
    app.hold(plant.id("SPL-A"), &Value::Null);
    app.patch(&plant.path("ODF"), &json!({"lifecycle": "planned"})).expect(200);
    check(2, "not_in_service");
    app.patch(&plant.path("ODF"), &json!({"lifecycle": "in_service"})).expect(200);
    app.cut(plant.link("CORE", "EDGE"));
    check(0, "no_upstream");
    app.delete(&format!("/api/links/{feeder}")).expect(204);
    assert_eq!(designed(), Value::Null, "no fibre leads to an OLT");
}

#[test]
fn the_optical_path_has_the_least_loss() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    let ont = plant.id("ONT-A1");
    let spare = app.provision("OLT-2", "OLT");
    app.fibre(plant.id("EDGE"), spare, 0.1);
    app.fibre(spare, plant.id("SPL-A"), 3.0);
    // Shorter than the old path by a kilometre and the ODF.
    let path = optical_path(&app, ont);
    assert_eq!(path["olt_id"], spare);
    assert_eq!(path["length_km"], 3.1);
    app.hold(spare, &json!("DOWN"));
    assert_eq!(optical_path(&app, ont)["olt_id"], plant.id("OLT"), "the other one takes over");
    app.hold(spare, &Value::Null);
    assert_eq!(optical_path(&app, ont)["olt_id"], spare);
    // More splitters on the same fibres would add loss.
    let direct = app.fibre(plant.id("OLT"), ont, 20.0);
    assert_eq!(names(&optical_path(&app, ont)), ["OLT", &format!("-{direct}-"), "ONT-A1"]);
}

#[test]
fn an_upstream_path_ends_at_the_backbone() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    let way = |name: &str| app.get(&format!("{}/path", plant.path(name))).expect(200).json();
    for (name, expected) in [
        ("GW", &["GW"][..]),
        ("CORE", &["CORE", "GW"]),
        ("OLT", &["OLT", "EDGE", "CORE", "GW"]),
        ("AON", &["AON", "EDGE", "CORE", "GW"]),
        ("CPE-1", &["CPE-1", "AON", "EDGE", "CORE", "GW"]),
        ("CPE-2", &["CPE-2", "HOP", "AON", "EDGE", "CORE", "GW"]),
        ("SPL-B", &["SPL-B", "NVT", "ODF", "OLT", "EDGE", "CORE", "GW"]),
        ("ONT-A3", &["ONT-A3", "SPL-A", "ODF", "OLT", "EDGE", "CORE", "GW"]),
    ] {
        let way = way(name);
        assert_eq!(
            (&way["device_id"], &way["is_complete"]),
            (&json!(plant.id(name)), &json!(true))
        );
        let devices: Vec<String> = names(&way).into_iter().step_by(2).collect();
        assert_eq!(devices, expected);
        for element in way["elements"].as_array().unwrap() {
            assert_eq!(element["status"], "UP");
            assert_eq!(element["device_type"].is_null(), element["kind"] == "link");
        }
    }
    assert_eq!(way("POP")["is_complete"], false);
    assert_eq!(names(&way("POP")), ["POP"]);

    app.cut(plant.link("CORE", "EDGE"));
    assert_eq!(names(&way("OLT")), ["OLT"], "nobody knows a way");
    assert_eq!(way("OLT")["is_complete"], false);
}

#[test]
fn a_router_that_is_overridden_to_up_ends_a_path_without_completing_it() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    app.cut(plant.link("GW", "CORE"));
    for name in ["CORE", "EDGE"] {
        app.hold(plant.id(name), &json!("UP"));
    }
    let way = |name: &str| {
        let way = app.get(&format!("{}/path", plant.path(name))).expect(200).json();
        (names(&way).into_iter().step_by(2).collect::<Vec<_>>(), way["is_complete"].clone())
    };
    let incomplete =
        |names: &[&str]| (names.iter().map(|name| (*name).into()).collect(), json!(false));
    assert_eq!(way("CPE-1"), incomplete(&["CPE-1", "AON", "EDGE"]));
    assert_eq!(way("EDGE"), incomplete(&["EDGE"]));
    let shown = app.troubles();
    assert_eq!(shown["CORE"], "DOWN override override_conflict no_upstream");
    assert_eq!(shown["EDGE"], "DOWN override override_conflict no_upstream");
    assert_eq!(shown.len(), 2, "those behind are served: {shown:?}");
}

#[test]
fn a_ring_keeps_everybody_online() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    let second = app.provision("CORE-2", "CORE_ROUTER");
    app.fibre(plant.id("GW"), second, 0.1);
    app.fibre(plant.id("CORE"), second, 0.1);
    app.fibre(second, plant.id("EDGE"), 30.0);
    for (a, b) in [("GW", "CORE"), ("CORE", "EDGE")] {
        app.cut(plant.link(a, b));
        assert!(app.troubles().is_empty(), "{a} - {b}: {:?}", app.troubles());
        let way = app.get(&format!("{}/path", plant.path("OLT"))).expect(200).json();
        assert_eq!(way["is_complete"], true, "{way}");
    }
    app.hold(second, &json!("DOWN"));
    assert_eq!(app.troubles()["OLT"], "DOWN no_upstream");
}

#[test]
fn an_unknown_device_has_no_path() {
    let app = TestApp::empty();
    for way in ["path", "optical-path"] {
        let path = format!("/api/devices/9/{way}");
        assert_eq!(app.get(&path).expect(404).detail(), "Device not found");
        app.get(&format!("/api/devices/x/{way}")).expect(422);
    }
}
