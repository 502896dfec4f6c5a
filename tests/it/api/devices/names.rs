//! Names that are easily confused with others: accepted, as in v2, with a warning.

use serde_json::{Value, json};

use crate::harness::TestApp;

fn new(name: &str) -> Value {
    json!({"name": name, "device_type": "POP"})
}

fn warning(name: &str, other: &str, what: &str) -> Value {
    json!([format!("The name {name:?} differs from {other:?} only by {what}")])
}

const UNSEEN: &str = "spaces, case or invisible characters";
const FORM: &str = "how accents are stored (Unicode normal form)";

#[test]
fn a_new_name_that_looks_like_another_is_accepted_with_a_warning() {
    let app = TestApp::empty();
    let first = app.post("/api/devices/provision", &new("Süd")).expect(201).json();
    assert!(first.get("warnings").is_none(), "{first}");
    let trailing = app.post("/api/devices/provision", &new("Süd ")).expect(201).json();
    assert_eq!(trailing["device"]["name"], "Süd ", "v2 takes blanks, and so does UNOC");
    assert_eq!(trailing["warnings"], warning("Süd ", "Süd", UNSEEN));
    let raw = app.post("/api/devices", &new("SÜD")).expect(201).json();
    assert_eq!(raw["name"], "SÜD");
    assert_eq!(raw["warnings"], warning("SÜD", "Süd", "case"));
    let other = app.post("/api/devices", &new("Nord")).expect(201).json();
    assert!(other.get("warnings").is_none(), "{other}");

    let path = format!("/api/devices/{}", other["id"]);
    let renamed = app.patch(&path, &json!({"name": "Su\u{308}d"})).expect(200).json();
    assert_eq!(renamed["warnings"], warning("Su\u{308}d", "Süd", FORM));
    let moved = app.patch(&path, &json!({"x": 1, "y": 2})).expect(200).json();
    assert!(moved.get("warnings").is_none(), "a name that was there is not told again: {moved}");
    // After the others are deleted, no name looks like it.
    for id in [&first["device"]["id"], &trailing["device"]["id"], &raw["id"]] {
        app.delete(&format!("/api/devices/{id}")).expect(204);
    }
    let renamed = app.patch(&path, &json!({"name": "süd"})).expect(200).json();
    assert!(renamed.get("warnings").is_none(), "{renamed}");
}

#[test]
fn many_new_names_are_compared_with_each_other_too() {
    let app = TestApp::empty();
    let rows = json!({"devices": [new("West"), new("WEST"), new("Ost")]});
    let bulk = app.post("/api/devices/bulk", &rows).expect(201).json();
    let told: Vec<&str> =
        bulk["warnings"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(told.len(), 2, "{bulk}");
    assert!(told[0].starts_with("The name \"West\" differs from \"WEST\""), "{bulk}");

    let table = "name,device_type\nost,POP\nOst,POP\nHof,POP\n";
    for dry_run in [true, false] {
        let path = format!("/api/import/devices?dry_run={dry_run}");
        let report = app.post_file(&path, "text/csv", table.as_bytes()).expect(200).json();
        assert_eq!(report["warnings"], warning("ost", "Ost", "case"), "{report}");
    }
}

#[test]
fn an_invisible_name_is_refused_in_v2s_words() {
    let app = TestApp::empty();
    let refused = app.post("/api/devices/provision", &new("\u{200b}\u{3164} ")).expect(422);
    let fault = &refused.json()["detail"][0];
    assert_eq!(fault["type"], "string_too_short");
    assert_eq!(fault["msg"], "String should have at least 1 character");
    let table = "name,device_type\n\u{2060},POP\n";
    let refused =
        app.post_file("/api/import/devices", "text/csv", table.as_bytes()).expect(400).json();
    assert!(refused["faults"][0]["detail"].as_str().unwrap().contains("empty or blank"));
}
