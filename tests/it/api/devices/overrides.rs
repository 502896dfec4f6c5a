//! Overriding the status of a device, by the current and the older route.

use http::Method;
use serde_json::{Value, json};

use crate::harness::TestApp;
use crate::harness::http::keys_of;

const ROUTES: [&str; 2] = ["override", "override-status"];

fn set(app: &TestApp, route: &str, id: u64, status: &str, reason: &Value) -> Value {
    let path = format!("/api/devices/{id}/{route}");
    let answer = if route == "override" {
        app.patch(&path, &json!({"status_override": status, "override_reason": reason}))
    } else {
        app.post(&path, &json!({"status": status, "reason": reason}))
    };
    answer.expect(200).json()
}

#[test]
fn setting_and_clearing_show_the_device_with_its_times() {
    let app = TestApp::empty();
    let id = app.provision("ONT", "ONT");
    let fresh = app.device(id);
    for route in ROUTES {
        let before = app.device(id);
        let answer = set(&app, route, id, "UP", &json!("checked by hand"));
        assert_eq!(answer["message"], "Status override set to UP");
        let device = &answer["device"];
        assert_eq!(device["status_override"], "UP");
        assert_eq!(device["override_reason"], "checked by hand");
        assert_eq!(device["effective_status"], "UP");
        assert_eq!(device["status"], fresh["status"], "the computed status stays beside it");
        assert_eq!(device["created_at"], before["created_at"]);
        assert!(device["updated_at"].as_str() > before["updated_at"].as_str(), "{device}");
        assert_eq!(app.device(id), *device);

        let answer = set(&app, route, id, "DOWN", &Value::Null);
        assert_eq!(answer["message"], "Status override set to DOWN");
        assert_eq!(answer["device"]["override_reason"], Value::Null);

        let answer = app.delete(&format!("/api/devices/{id}/{route}")).expect(200);
        assert_eq!(keys_of(answer.text()), ["message", "device"]);
        let answer = answer.json();
        assert_eq!(answer["message"], "Status override cleared");
        assert_eq!(answer["device"]["status_override"], Value::Null);
        assert_eq!(answer["device"]["effective_status"], fresh["status"]);
        assert_eq!(app.device(id), answer["device"]);
        let again = app.delete(&format!("/api/devices/{id}/{route}")).expect(200).json();
        assert_eq!(again, answer, "clearing twice changes nothing");
    }
}

/// Found by random commands: an edge router that was linked while it was overridden to UP was
/// briefly DOWN within the command that cleared the override, so that the time of its status
/// changed.
#[test]
fn clearing_an_override_equal_to_the_computed_status_keeps_the_time() {
    let app = TestApp::empty();
    let core = app.provision("Core", "CORE_ROUTER");
    set(&app, "override-status", core, "DEGRADED", &Value::Null);
    let edge = app.provision("Edge", "EDGE_ROUTER");
    let since = set(&app, "override", edge, "UP", &Value::Null)["device"]["status_since"].clone();
    app.connect(edge, core);
    assert_eq!(app.device(edge)["status_since"], since);
    let cleared = app.delete(&format!("/api/devices/{edge}/override")).expect(200).json();
    assert_eq!(cleared["device"]["effective_status"], "UP");
    assert_eq!(cleared["device"]["status_since"], since);
}

#[test]
fn the_reason_is_optional() {
    let app = TestApp::empty();
    let id = app.provision("ONT", "ONT");
    let answer =
        app.patch(&format!("/api/devices/{id}/override"), &json!({"status_override": "UP"}));
    assert_eq!(answer.expect(200).json()["device"]["override_reason"], Value::Null);
    let answer =
        app.post(&format!("/api/devices/{id}/override-status"), &json!({"status": "DOWN"}));
    assert_eq!(answer.expect(200).json()["device"]["status_override"], "DOWN");
}

#[test]
fn only_the_legacy_route_takes_degraded() {
    let app = TestApp::empty();
    let id = app.provision("ONT", "ONT");
    assert_eq!(
        set(&app, "override-status", id, "DEGRADED", &Value::Null)["message"],
        "Status override set to DEGRADED"
    );
    let current = "status_override must be 'UP' or 'DOWN'";
    let legacy = "Invalid status. Must be one of: ['UP', 'DOWN', 'DEGRADED']";
    for word in ["DEGRADED", "up", "", "UNKNOWN", " UP"] {
        let path = format!("/api/devices/{id}/override");
        let answer = app.patch(&path, &json!({"status_override": word})).expect(400);
        assert_eq!(answer.text(), json!({"detail": current}).to_string());
        if word != "DEGRADED" {
            let path = format!("/api/devices/{id}/override-status");
            let answer = app.post(&path, &json!({"status": word})).expect(400);
            assert_eq!(answer.text(), json!({"detail": legacy}).to_string());
        }
    }
}

#[test]
fn an_unknown_device_comes_before_a_bad_value_and_after_a_bad_body() {
    let app = TestApp::empty();
    for route in ROUTES {
        let path = format!("/api/devices/9/{route}");
        let method = if route == "override" { Method::PATCH } else { Method::POST };
        let send = |body: &str| app.send(method.clone(), &path, &[], Some(body));
        let bad = r#"{"status_override":"BROKEN","status":"BROKEN"}"#;
        assert_eq!(send(bad).expect(404).detail(), "Device not found");
        send("{}").expect(422);
        assert_eq!(app.delete(&path).expect(404).detail(), "Device not found");
    }
}

#[test]
fn a_reason_has_at_most_255_characters() {
    let app = TestApp::empty();
    let id = app.provision("ONT", "ONT");
    let longest = "ä".repeat(255);
    for (route, key) in [("override", "override_reason"), ("override-status", "reason")] {
        let answer = set(&app, route, id, "UP", &json!(longest));
        assert_eq!(answer["device"]["override_reason"], json!(longest));
        let too_long = format!("{longest}ä");
        let body = json!({"status_override": "DOWN", "status": "DOWN", key: too_long});
        let path = format!("/api/devices/{id}/{route}");
        let method = if route == "override" { Method::PATCH } else { Method::POST };
        let answer = app.send(method, &path, &[], Some(&body.to_string())).expect(422);
        assert_eq!(
            answer.json(),
            json!({"detail": [{
                "type": "string_too_long",
                "loc": ["body", key],
                "msg": "String should have at most 255 characters",
                "input": too_long,
                "ctx": {"max_length": 255},
            }]})
        );
        assert_eq!(app.device(id)["status_override"], "UP", "nothing was changed");
    }
}

#[test]
fn an_override_down_takes_the_devices_links_down() {
    let app = TestApp::empty();
    let (a, b) = (app.provision("A", "CORE_ROUTER"), app.provision("B", "CORE_ROUTER"));
    let link = app.connect(a, b)["link"]["id"].clone();
    let status = || app.get(&format!("/api/links/{link}")).expect(200).json()["status"].clone();
    assert_eq!(status(), "UP");
    set(&app, "override", b, "DOWN", &Value::Null);
    assert_eq!(status(), "DOWN");
    app.delete(&format!("/api/devices/{b}/override")).expect(200);
    assert_eq!(status(), "UP");
}
