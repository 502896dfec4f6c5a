//! What-if: a simulation reports what the real change does, and changes nothing.

use std::collections::BTreeMap;

use http::Method;
use serde_json::{Value, json};

use crate::harness::TestApp;
use crate::harness::plant::Plant;
use crate::harness::site::id_of;

/// Returns the items of these lists by id.
fn snapshot(app: &TestApp, list: &str) -> BTreeMap<u64, Value> {
    let list = app.get(&format!("/api/{list}")).expect(200).json();
    list.as_array().expect("a list").iter().map(|one| (id_of(one), one.clone())).collect()
}

/// Returns an entity without the time of its change, which differs between simulated and real
/// changes.
fn timeless(entity: Option<&Value>) -> Value {
    let Some(entity) = entity else { return Value::Null };
    let mut entity = entity.clone();
    for key in ["created_at", "updated_at", "status_since"] {
        if let Some(time) = entity.get_mut(key) {
            *time = Value::Null;
        }
    }
    entity
}

/// Sends the request of a simulated step.
type Real = (Method, String, Value);

fn steps(plant: &Plant) -> Vec<(Value, Real)> {
    let device = |name: &str| json!(plant.id(name));
    let override_of = |name: &str| format!("{}/override", plant.path(name));
    let link_of = |a, b| format!("/api/links/{}", plant.link(a, b));
    let provision = json!({"name": "ONT-A5", "device_type": "ONT", "x": 4, "y": 5});
    let connect = json!({
        "device_a_id": plant.id("OLT"), "device_b_id": plant.id("SPL-B"), "link_type": "fiber",
        "length_km": 0.5,
    });
    vec![
        (
            json!({"op": "update_link", "link_id": plant.link("ODF", "SPL-A"), "status_override": "DOWN"}),
            (Method::PATCH, link_of("ODF", "SPL-A"), json!({"status_override": "DOWN"})),
        ),
        (
            json!({"op": "update_link", "link_id": plant.link("NVT", "SPL-B"), "length_km": 30}),
            (Method::PATCH, link_of("NVT", "SPL-B"), json!({"length_km": 30})),
        ),
        (
            json!({"op": "override_device", "device_id": device("AON"), "status": "DOWN"}),
            (Method::PATCH, override_of("AON"), json!({"status_override": "DOWN"})),
        ),
        (
            json!({"op": "update_link", "link_id": plant.link("ODF", "SPL-A"), "status_override": null}),
            (Method::DELETE, link_of("ODF", "SPL-A") + "/override", Value::Null),
        ),
        (
            json!({"op": "override_device", "device_id": device("AON"), "status": null}),
            (Method::DELETE, override_of("AON"), Value::Null),
        ),
        (
            merged(&json!({"op": "provision"}), &provision),
            (Method::POST, "/api/devices/provision".into(), provision),
        ),
        (
            merged(&json!({"op": "connect"}), &connect),
            (Method::POST, "/api/links/create-simple".into(), connect),
        ),
        (
            json!({"op": "delete_link", "link_id": plant.link("SPL-A", "ONT-A4")}),
            (Method::DELETE, link_of("SPL-A", "ONT-A4"), Value::Null),
        ),
        (
            json!({"op": "delete_device", "device_id": device("EDGE")}),
            (Method::DELETE, plant.path("EDGE"), Value::Null),
        ),
    ]
}

fn merged(a: &Value, b: &Value) -> Value {
    let objects = [a, b].map(|one| one.as_object().expect("an object").clone());
    Value::Object(objects.into_iter().flatten().collect())
}

fn simulate(app: &TestApp, changes: &[Value]) -> Value {
    let (seq, lists) =
        (app.seq(), ["devices", "interfaces", "links"].map(|one| snapshot(app, one)));
    let answer = app.post("/api/simulate", &json!({"changes": changes})).expect(200).json();
    assert_eq!(app.seq(), seq, "nothing is committed");
    assert_eq!(["devices", "interfaces", "links"].map(|one| snapshot(app, one)), lists);
    answer
}

fn carry_out(app: &TestApp, (method, path, body): &Real) {
    let headers = [("content-type", "application/json")];
    let body = (!body.is_null()).then(|| body.to_string());
    let answer = app.send(method.clone(), path, &headers, body.as_deref());
    assert!((200..300).contains(&answer.status), "{method} {path}: {}", answer.text());
}

/// Each changed entity of one kind, as simulated and as it was before and after.
fn compare(
    simulated: &Value,
    kind: &str,
    [before, after]: [&BTreeMap<u64, Value>; 2],
    what: &Value,
) {
    let entries = simulated[kind].as_array().expect("a list");
    let count = format!("{}_count", kind.trim_end_matches('s'));
    assert_eq!(simulated[count], entries.len());
    let mut expected = BTreeMap::new();
    for id in before.keys().chain(after.keys()) {
        if before.get(id) != after.get(id) {
            let old = before.get(id).cloned().unwrap_or_default();
            expected.insert(*id, (old, timeless(after.get(id))));
        }
    }
    let found: BTreeMap<u64, (Value, Value)> = entries
        .iter()
        .map(|one| (id_of(one), (one["before"].clone(), timeless(Some(&one["after"])))))
        .collect();
    assert_eq!(found, expected, "{kind} of {what}");
}

#[test]
fn each_step_does_what_was_simulated() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    for (step, real) in steps(&plant) {
        let simulated = simulate(&app, std::slice::from_ref(&step));
        let before = ["devices", "links"].map(|one| snapshot(&app, one));
        carry_out(&app, &real);
        let after = ["devices", "links"].map(|one| snapshot(&app, one));
        compare(&simulated, "devices", [&before[0], &after[0]], &step);
        compare(&simulated, "links", [&before[1], &after[1]], &step);
    }
}

#[test]
fn all_steps_together_do_what_was_simulated() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    let (changes, real): (Vec<Value>, Vec<Real>) = steps(&plant).into_iter().unzip();
    let simulated = simulate(&app, &changes);
    let before = ["devices", "links"].map(|one| snapshot(&app, one));
    real.iter().for_each(|request| carry_out(&app, request));
    let after = ["devices", "links"].map(|one| snapshot(&app, one));
    // An entity that changed and changed back differs only in its time.
    let lasting = |[before, after]: [&BTreeMap<u64, Value>; 2]| {
        let mut after = after.clone();
        for (id, one) in &mut after {
            if timeless(before.get(id)) == timeless(Some(one)) {
                *one = before[id].clone();
            }
        }
        after
    };
    let what = json!("all steps");
    compare(&simulated, "devices", [&before[0], &lasting([&before[0], &after[0]])], &what);
    compare(&simulated, "links", [&before[1], &lasting([&before[1], &after[1]])], &what);
}

#[test]
fn a_simulation_without_changes_is_empty() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    let nothing = json!({"device_count": 0, "link_count": 0, "devices": [], "links": []});
    assert_eq!(simulate(&app, &[]), nothing);
    let clear = json!({"op": "override_device", "device_id": plant.id("OLT"), "status": null});
    assert_eq!(simulate(&app, &[clear]), nothing);
}

#[test]
fn a_simulated_id_is_not_used_up() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    let new = json!({"op": "provision", "name": "new", "device_type": "HOP"});
    let simulated = simulate(&app, &[new]);
    let id = id_of(&simulated["devices"][0]);
    assert_eq!(simulated["devices"][0]["before"], Value::Null);
    assert_eq!(simulated["devices"][0]["after"]["name"], "new");
    assert_eq!(app.provision("other", "HOP"), id);
    assert!(id > plant.id("POP"));
}

#[test]
fn a_refused_step_is_named_and_nothing_is_answered() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    let good = json!({"op": "delete_link", "link_id": plant.link("GW", "CORE")});
    for (bad, detail) in [
        (json!({"op": "delete_device", "device_id": 999}), "Device not found"),
        (good.clone(), "Link not found"),
        (
            json!({"op": "provision", "name": "OLT", "device_type": "OLT"}),
            "Device with name 'OLT' already exists",
        ),
        (
            json!({"op": "connect", "device_a_id": plant.id("GW"), "device_b_id": plant.id("OLT"), "link_type": "fiber"}),
            "No valid link rule between BACKBONE_GATEWAY and OLT",
        ),
    ] {
        let (seq, before) = (app.seq(), snapshot(&app, "links"));
        let body = json!({"changes": [good, bad, good]});
        let answer = app.post("/api/simulate", &body);
        assert!([400, 404].contains(&answer.status), "{bad}: {}", answer.status);
        let errors = answer.json()["errors"].clone();
        assert_eq!(errors, json!([{"index": 1, "detail": detail}]), "{bad}");
        assert_eq!((app.seq(), snapshot(&app, "links")), (seq, before));
    }
}

#[test]
fn errors_of_the_body_name_the_step() {
    let app = TestApp::empty();
    let faults = |body: &Value| app.post("/api/simulate", body).expect(422).detail();
    assert_eq!(faults(&json!({}))[0]["loc"], json!(["body", "changes"]));
    for (step, key, kind) in [
        (json!({"op": "explode"}), "op", "enum"),
        (json!({}), "op", "missing"),
        (json!({"op": "delete_device"}), "device_id", "missing"),
        (json!({"op": "delete_link"}), "link_id", "missing"),
        (
            json!({"op": "update_link", "link_id": 1, "length_km": -1}),
            "length_km",
            "greater_than_equal",
        ),
        (json!({"op": "override_device", "device_id": 1, "status": "BAD"}), "status", "enum"),
        (json!({"op": "provision", "name": "x"}), "device_type", "missing"),
        (json!({"op": "connect", "device_a_id": 1, "device_b_id": 2}), "link_type", "missing"),
    ] {
        let fault = faults(&json!({"changes": [{"op": "delete_device", "device_id": 1}, step]}));
        assert_eq!(fault[0]["loc"], json!(["body", "changes", 1, key]), "{step}");
        assert_eq!(fault[0]["type"], kind, "{step}");
    }
}

#[test]
fn a_thousand_steps_are_simulated_and_one_more_is_refused() {
    let app = TestApp::empty();
    let rows = |count: usize| -> Vec<Value> {
        let row =
            |number| json!({"op": "provision", "name": format!("P{number}"), "device_type": "POP"});
        (0..count).map(row).collect()
    };
    assert_eq!(simulate(&app, &rows(1000))["device_count"], 1000);
    let fault = app.post("/api/simulate", &json!({"changes": rows(1001)})).expect(422).detail();
    assert_eq!(
        (&fault[0]["type"], &fault[0]["loc"]),
        (&json!("too_long"), &json!(["body", "changes"]))
    );
    assert_eq!(app.get("/api/devices").text(), "[]");
}
