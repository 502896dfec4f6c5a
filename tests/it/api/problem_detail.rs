//! One problem: its place on the path, the redundancy, the changes before it, and its customers.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use unoc::domain::{
    DeviceDetails, DeviceType, Lifecycle, Name, NewDevice, Optics, Position, ProvisionDevice,
    Timestamp,
};
use unoc::store::AuditOrigin;

use crate::harness::TestApp;
use crate::harness::app::START_MICROS;
use crate::harness::plant::Plant;
use crate::harness::site::text_of;

const OVER: &str = "This is not a problem, or it is one no longer";

/// This many hours after the network was built.
fn hours(count: i64) -> Timestamp {
    Timestamp(START_MICROS + count * 3_600_000_000)
}

fn detail(app: &TestApp, kind: &str, id: u64) -> Value {
    app.get(&format!("/api/problems/{kind}/{id}")).expect(200).json()
}

/// The path, each part as its name, those that are dark in brackets.
fn path_of(detail: &Value) -> Vec<String> {
    let parts = detail["path"]["parts"].as_array().expect("a list").iter();
    let shown = parts.map(|part| {
        let name = text_of(&part["name"]);
        if part["is_lit"] == true { name.to_owned() } else { format!("[{name}]") }
    });
    shown.collect()
}

/// Last lit and first dark.
fn border_of(detail: &Value) -> [&Value; 2] {
    ["last_lit", "first_dark"].map(|key| &detail["path"][key]["name"])
}

fn names(customers: &Value) -> Vec<&str> {
    customers.as_array().expect("a list").iter().map(|one| text_of(&one["name"])).collect()
}

#[test]
fn the_path_is_lit_down_to_a_cut() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    let link = plant.link("ODF", "SPL-A");
    app.cut(link);
    let detail = detail(&app, "link", link);
    let expected = [
        "GW",
        "GW - CORE",
        "CORE",
        "CORE - EDGE",
        "EDGE",
        "EDGE - OLT",
        "OLT",
        "OLT - ODF",
        "ODF",
        "[ODF - SPL-A]",
        "[SPL-A]",
    ];
    assert_eq!(path_of(&detail), expected);
    assert_eq!(border_of(&detail), [&json!("ODF"), &json!("ODF - SPL-A")]);
    assert_eq!(detail["path"]["is_complete"], true);
    assert_eq!(detail["redundancy"], Value::Null, "a PON has none");
    assert_eq!(detail["status_override"], "DOWN");
    let cut = &detail["path"]["parts"][9];
    assert_eq!((&cut["kind"], &cut["length_km"]), (&json!("link"), &json!(4.2)));
    assert!(text_of(&cut["upper_port"]).starts_with("port"), "{cut}");

    // The entry of the list is part of it.
    let listed = app.get("/api/problems").expect(200).json()["problems"][0].clone();
    for (key, value) in listed.as_object().expect("an object") {
        assert_eq!(detail[key], *value, "{key}");
    }
    assert_eq!(detail["without_service_count"], 4);
}

#[test]
fn the_path_names_the_first_dark_part_also_above_the_cause() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    app.hold(plant.id("OLT"), &json!("DOWN"));
    let held = detail(&app, "device", plant.id("OLT"));
    assert_eq!(path_of(&held).last().map(String::as_str), Some("[OLT]"));
    assert_eq!(border_of(&held), [&json!("EDGE - OLT"), &json!("OLT")]);
    // A cut above: the path to the OLT is dark from there.
    app.cut(plant.link("GW", "CORE"));
    let held = detail(&app, "device", plant.id("OLT"));
    assert_eq!(border_of(&held), [&json!("GW"), &json!("GW - CORE")]);
    assert_eq!(path_of(&held).len(), 7);
}

/// Two PONs through one ODF: each path leads through its own feeder, and each cut has its own customers.
#[test]
fn the_path_follows_the_joins_of_an_odf_that_pons_share() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    let odf = app.provision("ODF-2", "ODF");
    let mut feeders = Vec::new();
    let mut risers = Vec::new();
    for pon in 1..=2 {
        feeders.push(app.fibre(plant.id("OLT"), odf, 0.1));
        let splitter = app.provision(&format!("SPL-{pon}"), "SPLITTER");
        risers.push(app.fibre(odf, splitter, 2.0));
        for number in 1..=2 {
            let ont = app.provision(&format!("ONT-{pon}{number}"), "ONT");
            app.fibre(splitter, ont, 0.1);
        }
    }
    assert_eq!(app.problems(), [""; 0]);
    for (at, names_behind) in [["ONT-11", "ONT-12"], ["ONT-21", "ONT-22"]].iter().enumerate() {
        app.cut(risers[at]);
        let found = detail(&app, "link", risers[at]);
        let links = found["path"]["parts"].as_array().expect("a list").iter();
        let links = links.filter(|part| part["kind"] == "link").map(|part| &part["id"]);
        let ids: Vec<u64> = links.filter_map(Value::as_u64).collect();
        assert_eq!(ids[3..], [feeders[at], risers[at]], "{found}");
        app.mend(risers[at]);

        app.cut(feeders[at]);
        let path = format!("/api/problems/link/{}", feeders[at]);
        assert_eq!(border_of(&app.get(&path).expect(200).json())[0], &json!("OLT"));
        let customers = app.get(&format!("{path}/customers")).expect(200).json();
        assert_eq!(names(&customers), *names_behind);
        let port = text_of(&customers[0]["access_port"]);
        assert!(port.starts_with("pon"), "{port}");
        app.mend(feeders[at]);
    }
}

#[test]
fn a_cause_without_any_way_up_is_a_path_of_its_own() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    app.delete(&format!("/api/links/{}", plant.link("EDGE", "OLT"))).expect(204);
    let detail = detail(&app, "device", plant.id("OLT"));
    assert_eq!(path_of(&detail), ["[OLT]"]);
    assert_eq!(border_of(&detail), [&Value::Null, &json!("OLT")]);
    assert_eq!(detail["path"]["is_complete"], false);
    assert_eq!(detail["redundancy"]["uplink_count"], 0);
    // The link is gone, but not the change that took it away.
    let change = &detail["changes"][0];
    assert_eq!(change["action"], "delete link");
    assert_eq!(change["changes"][0]["id"], plant.link("EDGE", "OLT"));
}

#[test]
fn a_weak_signal_leaves_the_path_lit() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    app.patch(&plant.path("SPL-B"), &json!({"insertion_loss_db": 24})).expect(200);
    let all = app.get("/api/problems").expect(200).json()["problems"].clone();
    let problem = detail(&app, "device", plant.id("SPL-B"));
    assert_eq!(border_of(&problem), [&json!("SPL-B"), &Value::Null], "{all}");
    let counts = ["without_service_count", "degraded_count", "low_margin_count", "leaf_count"];
    assert_eq!(counts.map(|key| problem[key].clone()), [0, 3, 0, 3].map(Value::from));
    app.patch(&plant.path("SPL-B"), &json!({"insertion_loss_db": 22})).expect(200);
    let problem = detail(&app, "device", plant.id("SPL-B"));
    assert_eq!(counts.map(|key| problem[key].clone()), [0, 0, 3, 3].map(Value::from));
}

#[test]
fn a_routed_cause_shows_the_uplinks_that_are_left() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    let second_core = app.provision("CORE-2", "CORE_ROUTER");
    app.fibre(plant.id("GW"), second_core, 1.0);
    let spare = app.fibre(second_core, plant.id("EDGE"), 1.0);
    let link = plant.link("CORE", "EDGE");
    app.cut(link);
    let redundancy = &detail(&app, "link", link)["redundancy"];
    let expected = json!({
        "device_id": plant.id("EDGE"), "device_name": "EDGE",
        "uplink_count": 2, "working_uplink_count": 1,
        "uplinks": [
            {"link_id": link, "via_id": plant.id("CORE"), "via_name": "CORE", "is_working": false},
            {"link_id": spare, "via_id": second_core, "via_name": "CORE-2", "is_working": true},
        ],
    });
    assert_eq!(*redundancy, expected);
    // The second one is lost above the router.
    app.hold(second_core, &json!("DOWN"));
    let redundancy = &detail(&app, "link", link)["redundancy"];
    assert_eq!(
        (&redundancy["uplink_count"], &redundancy["working_uplink_count"]),
        (&json!(2), &json!(0))
    );
    // A device that is held could use its uplinks.
    app.mend(link);
    app.hold(plant.id("EDGE"), &json!("DOWN"));
    let redundancy = &detail(&app, "device", plant.id("EDGE"))["redundancy"];
    assert_eq!(
        (&redundancy["uplink_count"], &redundancy["working_uplink_count"]),
        (&json!(2), &json!(1))
    );
    app.hold(plant.id("ONT-A1"), &json!("DOWN"));
    assert_eq!(detail(&app, "device", plant.id("ONT-A1"))["redundancy"], Value::Null);
}

#[test]
fn the_changes_just_before_are_those_of_the_cause_and_its_path() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    // The network was built four hours ago.
    app.clock.jump_to(hours(4));
    app.patch(&plant.path("CPE-1"), &json!({"name": "CPE-9"})).expect(200);
    app.patch(&plant.path("OLT"), &json!({"tx_power_dbm": 4})).expect(200);
    let link = plant.link("ODF", "SPL-A");
    app.cut(link);
    app.clock.jump_to(hours(6));
    app.patch(&plant.path("OLT"), &json!({"tx_power_dbm": 5})).expect(200);
    let found = detail(&app, "link", link);
    let actions: Vec<&str> = found["changes"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|row| text_of(&row["action"]))
        .collect();
    assert_eq!(actions, ["update link", "update device"], "{found}");
    assert_eq!(found["changes"][1]["changes"][0]["id"], plant.id("OLT"));
    assert_eq!(found["has_more_changes"], false);
}

#[test]
fn at_most_twenty_changes_are_listed() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    app.clock.jump_to(hours(4));
    for dbm in 0..30 {
        let power = json!({"tx_power_dbm": 4.0 + f64::from(dbm) / 100.0});
        app.patch(&plant.path("OLT"), &power).expect(200);
    }
    app.hold(plant.id("OLT"), &json!("DOWN"));
    let found = detail(&app, "device", plant.id("OLT"));
    assert_eq!(found["changes"].as_array().map(Vec::len), Some(20));
    assert_eq!(found["has_more_changes"], true);
    assert_eq!(found["changes"][0]["action"], "set override");
}

#[test]
fn customers_are_listed_with_where_they_are_connected() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    let link = plant.link("ODF", "NVT");
    app.cut(link);
    let path = format!("/api/problems/link/{link}/customers");
    let customers = app.get(&path).expect(200).json();
    assert_eq!(names(&customers), ["ONT-B1", "ONT-B2", "BONT-B3"]);
    let ont = app.device(plant.id("ONT-B1"));
    let port = app.ports(plant.id("OLT")).into_iter().find(|(id, _)| {
        let link = app.get(&format!("/api/links/{}", plant.link("OLT", "ODF"))).expect(200).json();
        [&link["a_interface_id"], &link["b_interface_id"]].contains(&&json!(id))
    });
    let expected = json!({
        "id": plant.id("ONT-B1"), "name": "ONT-B1", "device_type": "ONT",
        "effective_status": "DOWN", "status_reasons": ["no_optical_path"],
        "status_since": ont["status_since"], "signal": null,
        "serial": null, "customer_reference": null, "customer_name": null, "phone": null,
        "address": null, "access_node": {"id": plant.id("OLT"), "name": "OLT"},
        "access_port": port.expect("the port of the feeder").1,
        "splitter": {"id": plant.id("SPL-B"), "name": "SPL-B"},
    });
    assert_eq!(customers[0], expected);

    // Those who are lit, and those of a switch.
    app.mend(link);
    app.patch(&plant.path("SPL-B"), &json!({"insertion_loss_db": 24})).expect(200);
    let weak = app.get(&format!("/api/problems/device/{}/customers", plant.id("SPL-B")));
    let weak = weak.expect(200).json();
    assert_eq!(weak[0]["access_node"]["name"], "OLT");
    assert_eq!(weak[0]["signal"]["class"], "CRITICAL");
    app.hold(plant.id("AON"), &json!("DOWN"));
    let behind = app.get(&format!("/api/problems/device/{}/customers", plant.id("AON")));
    let behind = behind.expect(200).json();
    assert_eq!(names(&behind), ["CPE-1", "CPE-2"]);
    assert_eq!(behind[1]["access_node"]["name"], "AON");
    assert_eq!(behind[1]["splitter"], Value::Null);
}

#[test]
fn customers_are_listed_with_who_they_are() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    let details = DeviceDetails {
        serial: Some("HWTC12345678".into()),
        customer_reference: Some("K-4711".into()),
        customer_name: Some("Weber, Anna".into()),
        phone: Some("+49 89 123456".into()),
        address: Some("Am Anger 7".into()),
        ..DeviceDetails::NONE
    };
    let ont = NewDevice {
        name: Name::new("ONT-B4").expect("a name"),
        device_type: DeviceType::Ont,
        parent: None,
        validate_upstream: false,
        position: Position::default(),
        optics: Optics::default(),
        lifecycle: Lifecycle::InService,
        details: Some(Box::new(details)),
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let command = app.handle.execute(ProvisionDevice::from(ont), AuditOrigin::default());
    let made = runtime.block_on(command).expect("it is accepted");
    app.fibre(plant.id("SPL-B"), made.device.id.0, 0.1);
    let link = plant.link("ODF", "NVT");
    app.cut(link);
    let path = format!("/api/problems/link/{link}/customers");
    let customer = app.get(&path).expect(200).json()[3].clone();
    let keys = ["customer_name", "phone", "address", "customer_reference", "serial"];
    let expected = ["Weber, Anna", "+49 89 123456", "Am Anger 7", "K-4711", "HWTC12345678"];
    assert_eq!(keys.map(|key| text_of(&customer[key])), expected);
    // A spreadsheet would calculate with the number.
    let table = app.get(&format!("{path}.csv")).expect(200);
    let row = "ONT-B4,\"Weber, Anna\",'+49 89 123456,Am Anger 7,K-4711,HWTC12345678,ONT,DOWN,";
    assert!(table.text().contains(row), "{}", table.text());
}

/// A splitter that is held DEGRADED, and loses too much: the page shows the customers.
#[test]
fn of_several_problems_of_a_cause_the_one_with_customers_is_shown() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    app.patch(&plant.path("SPL-B"), &json!({"insertion_loss_db": 24})).expect(200);
    let set = json!({"status": "DEGRADED", "reason": "loose plug"});
    app.post(&format!("{}/override-status", plant.path("SPL-B")), &set).expect(200);
    let found = detail(&app, "device", plant.id("SPL-B"));
    assert_eq!(found["problem"], "signal_critical");
    assert_eq!((&found["leaf_count"], &found["status_override"]), (&json!(3), &json!("DEGRADED")));
    assert_eq!(found["override_reason"], "loose plug");
    let customers = app.get(&format!("/api/problems/device/{}/customers", plant.id("SPL-B")));
    assert_eq!(names(&customers.expect(200).json()), ["ONT-B1", "ONT-B2", "BONT-B3"]);
}

#[test]
fn customers_come_in_pages_and_all_at_once() {
    let app = TestApp::empty();
    let olt = app.provision("OLT", "OLT");
    let splitter = app.provision("SPL", "SPLITTER");
    app.fibre(olt, splitter, 1.0);
    for number in 0..23 {
        let ont = app.provision(&format!("ONT-{number}"), "ONT");
        app.fibre(splitter, ont, 0.1);
    }
    let path = format!("/api/problems/device/{olt}/customers");
    let all = app.get(&path).expect(200);
    assert_eq!(all.json().as_array().map(Vec::len), Some(23));
    assert_eq!(all.header("link"), None);
    let mut seen = Vec::new();
    let mut next = Some(format!("{path}?limit=10"));
    while let Some(address) = next {
        let page = app.get(&address).expect(200);
        seen.extend(page.json().as_array().expect("a list").clone());
        let link = page.header("link").map(|link| link.replace(['<', '>'], ""));
        next = link.map(|link| link.split(';').next().expect("an address").to_owned());
    }
    assert_eq!(json!(seen), all.json());
    let table = app.get(&format!("{path}.csv?separator=semicolon")).expect(200);
    assert_eq!(table.header("content-type"), Some("text/csv; charset=utf-8"));
    let lines: Vec<&str> = table.text().split("\r\n").collect();
    assert!(lines[0].starts_with("\u{feff}name;customer_name;phone;address;"), "{}", lines[0]);
    assert!(lines[1].starts_with("ONT-0;;;;;;ONT;DOWN;no_optical_path;2026-"), "{}", lines[1]);
    assert!(lines[1].contains(";OLT;"), "{}", lines[1]);
    assert_eq!(lines.len(), 25, "heading, 23 rows, the last line end");
    app.get(&format!("{path}?limit=0")).expect(422);
}

#[test]
fn what_is_no_problem_is_not_found() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    let link = plant.link("ODF", "SPL-A");
    let paths =
        ["", "/customers", "/customers.csv"].map(|end| format!("/api/problems/link/{link}{end}"));
    for path in &paths {
        assert_eq!(app.get(path).expect(404).json()["detail"], OVER, "{path}");
    }
    app.cut(link);
    let etag = app.get(&paths[0]).expect(200).header("etag").expect("an ETag").to_owned();
    app.get_with(&paths[0], &[("if-none-match", &etag)]).expect(304);
    app.get(&paths[2]).expect(200);
    app.mend(link);
    app.get_with(&paths[0], &[("if-none-match", &etag)]).expect(404);
    app.get("/api/problems/interface/1").expect(422);
    app.get("/api/problems/device/x").expect(422);
}

/// A commit may come between the list of problems and the path of one: the tag names the older, or
/// nobody would ask for the newer again.
#[test]
fn a_tag_is_never_newer_than_what_it_is_on() {
    let app = TestApp::empty();
    let olt = app.provision("OLT", "OLT");
    let splitter = app.provision("SPL", "SPLITTER");
    app.patch(&format!("/api/devices/{splitter}"), &json!({"split_ratio": 128})).expect(200);
    let onts: Vec<u64> = (0..120).map(|at| app.provision(&format!("ONT-{at}"), "ONT")).collect();
    app.fibre(olt, splitter, 1.0);
    let start = app.seq();
    let is_done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // Each is one commit, and one more affected device.
            for ont in &onts {
                app.fibre(splitter, *ont, 0.1);
            }
            is_done.store(true, Ordering::Relaxed);
        });
        while !is_done.load(Ordering::Relaxed) {
            let answer = app.get(&format!("/api/problems/device/{olt}")).expect(200);
            let seq = answer.header("x-unoc-seq").and_then(|seq| seq.parse::<u64>().ok());
            let seq = seq.expect("a number");
            let count = answer.json()["device_count"].as_u64().expect("a number");
            assert!(count > seq - start, "{count} devices at seq {seq}, {start} at the start");
        }
    });
}
