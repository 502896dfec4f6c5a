//! The list of overrides, of devices and of links.

use serde_json::{Value, json};

use crate::harness::TestApp;
use crate::harness::plant::Plant;
use crate::harness::site::text_of;

/// Sets what an operator says of a link.
fn hold_link(app: &TestApp, link: u64, status: &str) {
    let body = json!({"status_override": status, "override_reason": "as seen"});
    app.patch(&format!("/api/links/{link}"), &body).expect(200);
}

/// The overrides, each as `name: override status`, and their numbers.
fn overrides(app: &TestApp) -> (Value, Value, Vec<String>) {
    let answer = app.get("/api/overrides").expect(200).json();
    let line = |one: &Value| {
        let words = ["status_override", "effective_status"].map(|key| text_of(&one[key]));
        format!("{}: {} {}", text_of(&one["name"]), words[0], words[1])
    };
    let list = answer["overrides"].as_array().expect("a list").iter().map(line).collect();
    (answer["count"].clone(), answer["link_count"].clone(), list)
}

#[test]
fn every_override_is_listed_and_counted_also_that_of_a_link_held_up() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    assert_eq!(overrides(&app), (json!(0), json!(0), vec![]));
    // It changes nothing.
    hold_link(&app, plant.link("SPL-A", "ONT-A1"), "UP");
    app.hold(plant.id("OLT"), &json!("DOWN"));
    // An end of it is DOWN.
    hold_link(&app, plant.link("EDGE", "OLT"), "UP");
    app.cut(plant.link("SPL-A", "ONT-A2"));
    let (count, link_count, mut list) = overrides(&app);
    assert_eq!((count, link_count), (json!(4), json!(3)));
    list.sort();
    let expected = [
        "EDGE - OLT: UP DOWN",
        "OLT: DOWN DOWN",
        "SPL-A - ONT-A1: UP UP",
        "SPL-A - ONT-A2: DOWN DOWN",
    ];
    assert_eq!(list, expected);
    let summary = app.get("/api/topology/summary").expect(200).json();
    assert_eq!(summary["overridden_count"], 4);
    assert_eq!(summary["overridden_link_count"], 3);
}

#[test]
fn an_override_is_listed_with_its_place_reason_and_time_until_it_is_cleared() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    let pop = json!({"parent_container_id": plant.id("POP")});
    app.patch(&plant.path("ODF"), &pop).expect(200);
    let link = plant.link("ODF", "SPL-A");
    app.cut(link);
    let answer = app.get("/api/overrides").expect(200);
    let since = app.get(&format!("/api/links/{link}")).expect(200).json()["status_since"].clone();
    let expected = json!({
        "kind": "link", "id": link, "name": "ODF - SPL-A", "place": "POP",
        "status_override": "DOWN", "override_reason": "dug up", "effective_status": "DOWN",
        "since": since, "override_ends_at": null, "override_is_planned_work": false,
    });
    assert_eq!(answer.json()["overrides"], json!([expected]));
    let etag = answer.header("etag").expect("an ETag").to_owned();
    app.get_with("/api/overrides", &[("if-none-match", &etag)]).expect(304);
    app.mend(link);
    let after = app.get_with("/api/overrides", &[("if-none-match", &etag)]).expect(200).json();
    assert_eq!(after, json!({"count": 0, "link_count": 0, "overrides": []}));
}
