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

/// The lists of an answer.
const KINDS: [&str; 3] = ["devices", "links", "interfaces"];

/// Sends the request of a simulated step.
type Real = (Method, String, Value);

fn steps(app: &TestApp, plant: &Plant) -> Vec<(Value, Real)> {
    [status_steps(plant), plant_steps(app, plant), deletions(plant)].concat()
}

fn status_steps(plant: &Plant) -> Vec<(Value, Real)> {
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
    ]
}

/// Ports, cross-connects, ratios, and what is in service.
fn plant_steps(app: &TestApp, plant: &Plant) -> Vec<(Value, Real)> {
    let device = |name: &str| json!(plant.id(name));
    let drop = plant.link("SPL-A", "ONT-A3");
    let nvt = ["port1", "port2"].map(|name| app.port(plant.id("NVT"), name));
    let joins = json!({"cross_connects": [{"a_interface_id": nvt[0], "b_interface_id": nvt[1]}]});
    let no_joins = json!({"cross_connects": []});
    let joins_of_nvt = plant.path("NVT") + "/cross-connects";
    let of_nvt = |op: &str| json!({"op": op, "device_id": plant.id("NVT")});
    let new_link = json!({
        "a_interface_id": app.port(plant.id("NVT"), "port7"),
        "b_interface_id": app.port(plant.id("SPL-B"), "out9"),
        "length_km": 0.2,
    });
    vec![
        (
            merged(&json!({"op": "create_link"}), &new_link),
            (Method::POST, "/api/links".into(), new_link),
        ),
        (
            json!({"op": "update_device", "device_id": device("ONT-A2"), "lifecycle": "planned"}),
            (Method::PATCH, plant.path("ONT-A2"), json!({"lifecycle": "planned"})),
        ),
        (
            json!({"op": "update_device", "device_id": device("SPL-A"), "split_ratio": 64}),
            (Method::PATCH, plant.path("SPL-A"), json!({"split_ratio": 64})),
        ),
        (
            json!({
                "op": "update_link", "link_id": drop,
                "lifecycle": "retired",
            }),
            (Method::PATCH, format!("/api/links/{drop}"), json!({"lifecycle": "retired"})),
        ),
        (
            merged(&of_nvt("add_cross_connects"), &joins),
            (Method::POST, joins_of_nvt.clone(), joins.clone()),
        ),
        (
            merged(&of_nvt("remove_cross_connect"), &json!({"interface_id": nvt[1]})),
            (Method::DELETE, format!("{joins_of_nvt}/{}", nvt[1]), Value::Null),
        ),
        (
            merged(&of_nvt("replace_cross_connects"), &joins),
            (Method::PUT, joins_of_nvt.clone(), joins),
        ),
        (
            merged(&of_nvt("replace_cross_connects"), &no_joins),
            (Method::PUT, joins_of_nvt, no_joins),
        ),
    ]
}

fn deletions(plant: &Plant) -> Vec<(Value, Real)> {
    let drop = plant.link("SPL-A", "ONT-A4");
    vec![
        (
            json!({"op": "delete_link", "link_id": drop}),
            (Method::DELETE, format!("/api/links/{drop}"), Value::Null),
        ),
        (
            json!({"op": "delete_device", "device_id": plant.id("EDGE")}),
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
    for (step, real) in steps(&app, &plant) {
        let simulated = simulate(&app, std::slice::from_ref(&step));
        let before = KINDS.map(|one| snapshot(&app, one));
        carry_out(&app, &real);
        let after = KINDS.map(|one| snapshot(&app, one));
        for (kind, (before, after)) in KINDS.iter().zip(before.iter().zip(&after)) {
            compare(&simulated, kind, [before, after], &step);
        }
    }
}

#[test]
fn all_steps_together_do_what_was_simulated() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    let (changes, real): (Vec<Value>, Vec<Real>) = steps(&app, &plant).into_iter().unzip();
    let simulated = simulate(&app, &changes);
    let before = KINDS.map(|one| snapshot(&app, one));
    real.iter().for_each(|request| carry_out(&app, request));
    let after = KINDS.map(|one| snapshot(&app, one));
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
    for (kind, (before, after)) in KINDS.iter().zip(before.iter().zip(&after)) {
        compare(&simulated, kind, [before, &lasting([before, after])], &what);
    }
}

#[test]
fn effects_are_counted_also_without_details() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    let cut = json!({
        "op": "update_link", "link_id": plant.link("ODF", "SPL-A"), "status_override": "DOWN",
    });
    let delete = json!({"op": "delete_device", "device_id": plant.id("ONT-B1")});
    let full = simulate(&app, &[cut.clone(), delete.clone()]);
    let effects = json!({
        "devices_down": 4, "devices_degraded": 1, "devices_up": 0, "devices_deleted": 1,
        "links_deleted": 1, "subscribers_lost": 5, "subscribers_restored": 0,
    });
    assert_eq!(full["effects"], effects);
    let body = json!({"changes": [cut, delete], "details": false});
    let brief = app.post("/api/simulate", &body).expect(200).json();
    for key in ["effects", "device_count", "link_count", "interface_count"] {
        assert_eq!(brief[key], full[key], "{key}");
    }
    for kind in KINDS {
        assert_eq!(brief[kind], json!([]), "{kind}");
    }
    app.cut(plant.link("ODF", "SPL-A"));
    let mend = json!({
        "op": "update_link", "link_id": plant.link("ODF", "SPL-A"), "status_override": null,
    });
    let planned = json!({
        "op": "update_device", "device_id": plant.id("ONT-A1"), "lifecycle": "planned",
    });
    let effects = simulate(&app, &[mend, planned])["effects"].clone();
    assert_eq!(effects["subscribers_restored"], 3, "one is not in service: {effects}");
}

#[test]
fn a_simulation_without_changes_is_empty() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    let nothing = json!({
        "device_count": 0, "link_count": 0, "devices": [], "links": [],
        "interface_count": 0, "interfaces": [],
        "effects": {
            "devices_down": 0, "devices_degraded": 0, "devices_up": 0, "devices_deleted": 0,
            "links_deleted": 0, "subscribers_lost": 0, "subscribers_restored": 0,
        },
    });
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
        assert_eq!(answer.detail(), format!("Change 2 of 3 cannot be made: {detail}"));
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
        (json!({"op": "update_device", "split_ratio": 8}), "device_id", "missing"),
        (json!({"op": "create_link", "a_interface_id": 1}), "b_interface_id", "missing"),
        (json!({"op": "add_cross_connects", "device_id": 1}), "cross_connects", "missing"),
        (json!({"op": "remove_cross_connect", "device_id": 1}), "interface_id", "missing"),
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
