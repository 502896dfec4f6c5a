//! `If-Match`: a change is carried out only on the state that its caller has seen.

use std::thread;

use http::Method;
use serde_json::{Value, json};

use crate::harness::TestApp;
use crate::harness::http::Answer;
use crate::harness::plant::Plant;

fn tag(app: &TestApp, path: &str) -> String {
    app.get(path).expect(200).header("etag").expect("a tag").to_owned()
}

fn change(app: &TestApp, method: &Method, path: &str, tag: &str, body: &Value) -> Answer {
    let headers = [("if-match", tag), ("content-type", "application/json")];
    let body = (!body.is_null()).then(|| body.to_string());
    app.send(method.clone(), path, &headers, body.as_deref())
}

#[test]
fn a_device_that_was_changed_meanwhile_is_shown_as_it_is() {
    let app = TestApp::empty();
    let id = app.provision("A", "HOP");
    let path = format!("/api/devices/{id}");
    let seen = tag(&app, &path);
    app.patch(&path, &json!({"x": 7, "y": 8})).expect(200);
    let before = app.get(&path).header("x-unoc-seq").map(str::to_owned);

    let refused = change(&app, &Method::PATCH, &path, &seen, &json!({"name": "B"})).expect(412);
    let detail = "The device was changed since it was read; nothing was done";
    assert_eq!(refused.detail(), detail);
    assert_eq!(refused.json()["current"], app.device(id), "the device as it is");
    assert_eq!(refused.json()["current"]["x"], 7.0);
    assert_eq!(app.get(&path).header("x-unoc-seq").map(str::to_owned), before, "nothing was done");

    let current = refused.header("etag").expect("the tag of the current state").to_owned();
    change(&app, &Method::PATCH, &path, &current, &json!({"name": "B"})).expect(200);
    assert_eq!(app.device(id)["name"], "B");
}

/// Each way to change a device or link: with a tag of an older state nothing is done; with the current
/// tag, any of several, `*` or none, all of it.
#[test]
fn every_change_of_a_device_or_link_can_be_conditional() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    let device = plant.path("ONT-A1");
    let link = format!("/api/links/{}", plant.link("SPL-A", "ONT-A1"));
    let down = json!({"status_override": "DOWN"});
    let rows: [(Method, &str, &str, Value); 7] = [
        (Method::PATCH, &device, "", json!({"x": 3, "y": 4})),
        (Method::PATCH, &device, "/override", down.clone()),
        (Method::DELETE, &device, "/override", Value::Null),
        (Method::POST, &device, "/override-status", json!({"status": "DEGRADED"})),
        (Method::DELETE, &device, "/override-status", Value::Null),
        (Method::PATCH, &link, "", down),
        (Method::DELETE, &link, "/override", Value::Null),
    ];
    let mut length_km = 1.0;
    for (method, entity, suffix, body) in rows {
        let path = format!("{entity}{suffix}");
        let old = tag(&app, entity);
        // Somebody else changes what it is about.
        length_km += 0.001;
        let other = if *entity == link {
            json!({"length_km": length_km})
        } else {
            json!({"sensitivity_min_dbm": -27.0 - length_km})
        };
        app.patch(entity, &other).expect(200);
        let seen = app.get(entity).json();
        let refused = change(&app, &method, &path, &old, &body).expect(412);
        assert_eq!(refused.json()["current"], seen, "{method} {path}");
        assert_eq!(app.get(entity).json(), seen, "{method} {path}");
        let current = tag(&app, entity);
        let strong = current.trim_start_matches("W/").to_owned();
        let either = format!("{old}, {strong}");
        change(&app, &method, &path, &either, &body).expect(200);
        change(&app, &method, &path, "*", &body).expect(200);
        change(&app, &method, &path, &tag(&app, entity), &body).expect(200);
        let headers = [("content-type", "application/json")];
        let text = (!body.is_null()).then(|| body.to_string());
        app.send(method, &path, &headers, text.as_deref()).expect(200);
    }
    for entity in [&link, &device] {
        let current = tag(&app, entity);
        change(&app, &Method::DELETE, entity, "\"other\"", &Value::Null).expect(412);
        change(&app, &Method::DELETE, entity, &current, &Value::Null).expect(204);
        change(&app, &Method::DELETE, entity, &current, &Value::Null).expect(404);
    }
}

/// What the network says of a device is no change that somebody made.
#[test]
fn a_status_that_changes_by_itself_makes_no_other_revision() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    let device = plant.path("ONT-A1");
    let seen = tag(&app, &device);
    app.cut(plant.link("OLT", "ODF"));
    assert_eq!(app.get(&device).json()["status"], "DOWN");
    assert_ne!(tag(&app, &device), seen, "for readers it is another state");
    change(&app, &Method::PATCH, &device, &seen, &json!({"name": "ONT-A9"})).expect(200);
}

#[test]
fn a_tag_of_a_list_is_no_tag_of_a_device() {
    let app = TestApp::empty();
    let id = app.provision("A", "HOP");
    let path = format!("/api/devices/{id}");
    for other in [&*tag(&app, "/api/devices"), "W/\"\"", "nonsense", ""] {
        change(&app, &Method::PATCH, &path, other, &json!({"name": "B"})).expect(412);
    }
    assert_eq!(app.device(id)["name"], "A");
}

/// The check and the change are one step: of many callers that saw the same state, one wins.
#[test]
fn of_two_who_saw_the_same_state_one_changes_it() {
    let app = TestApp::empty();
    let id = app.provision("A", "HOP");
    let path = format!("/api/devices/{id}");
    for round in 0..10 {
        let seen = tag(&app, &path);
        let statuses: Vec<u16> = thread::scope(|scope| {
            let writers = [0, 1, 2, 3].map(|writer| {
                let (app, path, seen) = (&app, &path, &seen);
                let body = json!({"name": format!("{round}-{writer}")});
                scope.spawn(move || change(app, &Method::PATCH, path, seen, &body).status)
            });
            writers.map(|writer| writer.join().expect("a writer that answers")).into()
        });
        let won = statuses.iter().filter(|status| **status == 200).count();
        let lost = statuses.iter().filter(|status| **status == 412).count();
        assert_eq!((won, lost), (1, 3), "{statuses:?}");
    }
}
