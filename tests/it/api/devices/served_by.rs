//! What serves a leaf, also while nothing works.

use serde_json::{Value, json};

use crate::harness::TestApp;
use crate::harness::plant::Plant;
use crate::harness::site::{id_of, ids_of};

/// The port of a device with this name.
fn port(app: &TestApp, device: u64, name: &str) -> u64 {
    let ports = app.get(&format!("/api/devices/{device}/interfaces")).expect(200).json();
    let ports = ports.as_array().expect("a list").iter();
    id_of(ports.into_iter().find(|port| port["name"] == name).expect("a port of this name"))
}

/// The name of the device's port that a link ends at, and its id.
fn port_at(app: &TestApp, device: u64, link: u64) -> (String, u64) {
    let link = app.get(&format!("/api/links/{link}")).expect(200).json();
    let ports = app.get(&format!("/api/devices/{device}/interfaces")).expect(200).json();
    let is_end = |port: &&Value| {
        ["a_interface_id", "b_interface_id"].iter().any(|end| link[*end] == port["id"])
    };
    let port =
        ports.as_array().expect("a list").iter().find(is_end).expect("it ends there").clone();
    (port["name"].as_str().expect("a name").to_owned(), id_of(&port))
}

#[test]
fn a_leaf_names_what_serves_it_also_during_an_outage() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    let (pon_port, pon) = port_at(&app, plant.id("OLT"), plant.link("OLT", "ODF"));
    let (_, out) = port_at(&app, plant.id("SPL-A"), plant.link("SPL-A", "ONT-A2"));
    let line = json!({
        "olt_id": plant.id("OLT"),
        "pon_interface_id": pon,
        "pon_port": pon_port,
        "splitter_id": plant.id("SPL-A"),
        "splitter_interface_id": out,
    });
    let served_by = || app.device(plant.id("ONT-A2"))["served_by"].clone();
    assert_eq!(served_by(), line);
    let (wan_port, wan) = port_at(&app, plant.id("AON"), plant.link("AON", "HOP"));
    let switch = json!({"olt_id": plant.id("AON"), "pon_interface_id": wan, "pon_port": wan_port});
    assert_eq!(app.device(plant.id("CPE-2"))["served_by"], switch);
    for name in ["OLT", "ODF", "SPL-A", "POP"] {
        assert_eq!(app.device(plant.id(name)).get("served_by"), None, "{name}");
    }

    app.hold(plant.id("EDGE"), &json!("DOWN"));
    assert_eq!(app.device(plant.id("ONT-A2"))["effective_status"], "DOWN");
    assert_eq!(served_by(), line);
    assert_eq!(app.device(plant.id("CPE-2"))["served_by"], switch);
    app.delete(&format!("/api/links/{}", plant.link("SPL-A", "ONT-A2"))).expect(204);
    assert_eq!(served_by(), Value::Null);
}

#[test]
fn leaves_are_listed_by_what_serves_them() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    let listed = |query: &str| {
        let answer = app.get(&format!("/api/devices?{query}")).expect(200);
        let next = answer.header("link").is_some();
        (ids_of(&answer.json()), next)
    };
    let ids = |names: &[&str]| names.iter().map(|name| plant.id(name)).collect::<Vec<_>>();
    let (olt, splitter) = (plant.id("OLT"), plant.id("SPL-B"));
    let (_, pon) = port_at(&app, olt, plant.link("OLT", "ODF"));
    let behind_b = ids(&["ONT-B1", "ONT-B2", "BONT-B3"]);
    let all = [ids(&["ONT-A1", "ONT-A2", "ONT-A3", "ONT-A4"]), behind_b.clone()].concat();
    app.cut(plant.link("OLT", "ODF"));
    for by_port in [format!("pon_interface_id={pon}"), format!("olt_id={olt}")] {
        assert_eq!(listed(&by_port), (all.clone(), false), "{by_port}");
        let page = listed(&format!("{by_port}&limit=3&after={}", all[1]));
        assert_eq!(page, (all[2..5].to_vec(), true), "{by_port}");
        let of_b = listed(&format!("{by_port}&splitter_id={splitter}"));
        assert_eq!(of_b, (behind_b.clone(), false));
        let business = listed(&format!("{by_port}&device_type=BUSINESS_ONT&status=DOWN"));
        assert_eq!(business, (ids(&["BONT-B3"]), false));
    }
    let switch = plant.id("AON");
    assert_eq!(listed(&format!("olt_id={switch}")).0, ids(&["CPE-1", "CPE-2"]));
    let none: Vec<u64> = Vec::new();
    assert_eq!(listed(&format!("olt_id={switch}&splitter_id={splitter}")).0, none);
    let free = port(&app, olt, "pon7");
    assert_eq!(listed(&format!("pon_interface_id={free}")).0, none);
    assert_eq!(listed("olt_id=99999").0, none);
    app.get("/api/devices?splitter_id=x").expect(422);

    // The index follows a leaf to another splitter.
    app.delete(&format!("/api/links/{}", plant.link("SPL-B", "ONT-B1"))).expect(204);
    app.fibre(plant.id("SPL-A"), plant.id("ONT-B1"), 0.1);
    assert_eq!(listed(&format!("splitter_id={splitter}")).0, ids(&["ONT-B2", "BONT-B3"]));
    let behind_a = ids(&["ONT-A1", "ONT-A2", "ONT-A3", "ONT-A4", "ONT-B1"]);
    assert_eq!(listed(&format!("splitter_id={}", plant.id("SPL-A"))).0, behind_a);
}

#[test]
fn the_table_of_devices_names_what_serves_them() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    let (pon_port, _) = port_at(&app, plant.id("OLT"), plant.link("OLT", "ODF"));
    let (out, _) = port_at(&app, plant.id("SPL-A"), plant.link("SPL-A", "ONT-A1"));
    let table = app.get("/api/export/devices.csv").expect(200).text().to_owned();
    let heading = table.lines().next().expect("a heading");
    assert!(heading.ends_with(",olt,pon_port,splitter,splitter_port"), "{heading}");
    let row = |name: &str| table.lines().find(|row| row.starts_with(name)).expect("a row");
    assert!(row("ONT-A1,").ends_with(&format!(",OLT,{pon_port},SPL-A,{out}")));
    assert!(row("CPE-1,").ends_with(",AON,eth0,,"), "{}", row("CPE-1,"));
    assert!(row("SPL-A,").ends_with(",,,,"));
    // They are computed: an import ignores them.
    let report = app.post_file("/api/import/devices", "text/csv", table.as_bytes()).expect(200);
    assert_eq!(report.json()["updated"], 0);
}
