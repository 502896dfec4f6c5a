//! Settings that are changed while the service runs.

use serde_json::{Value, json};
use unoc::domain::Timestamp;

use crate::harness::app::START_MICROS;
use crate::harness::process::Server;
use crate::harness::socket::Client;
use crate::harness::{TestApp, wait};

fn setting(answer: &Value, key: &str) -> Value {
    let settings = answer["settings"].as_array().expect("a list");
    settings.iter().find(|setting| setting["key"] == key).expect("the setting").clone()
}

#[test]
fn a_setting_is_changed_remembered_and_set_back() {
    let app = TestApp::empty();
    app.clock.hold();
    let before = app.get("/api/settings").expect(200).json();
    let interval = setting(&before, "event_interval_ms");
    let shown = ["value", "default", "unit", "min", "max", "changed_by"].map(|key| &interval[key]);
    assert_eq!(json!(shown), json!([0, 0, "ms", 0, 10_000, null]));
    assert_eq!(setting(&before, "exports")["value"], true);
    assert_eq!(before["delivery"]["namespaces"][1]["namespace"], "/live");

    let change = json!({"event_interval_ms": 500, "exports": false});
    let changed = app.patch("/api/settings", &change).expect(200).json();
    let interval = setting(&changed, "event_interval_ms");
    assert_eq!((&interval["value"], &interval["default"]), (&json!(500), &json!(0)));
    assert_eq!(interval["changed_by"], "api 127.0.0.1");
    assert_eq!(interval["changed_at"], "2026-11-23T13:03:36.111211Z");

    let app = app.restart(|_| {});
    let remembered = app.get("/api/settings").expect(200).json();
    assert_eq!(remembered["settings"], changed["settings"]);
    let back = json!({"event_interval_ms": null, "exports": null});
    let back = app.patch("/api/settings", &back).expect(200).json();
    assert_eq!(setting(&back, "event_interval_ms")["value"], 0);
    assert_eq!(setting(&back, "exports")["value"], true);
    app.get("/api/export").expect(200);
}

#[test]
fn all_errors_of_a_change_are_told_and_nothing_is_changed() {
    let app = TestApp::empty();
    let before = app.get("/api/settings").expect(200).json();
    let body = json!({
        "event_interval_ms": 10_001, "v2_events_max": 1, "exports": "perhaps", "imports": false,
        "for_s": 0, "event_intervall_ms": 5,
    });
    let answer = app.patch("/api/settings", &body).expect(422);
    let detail = answer.detail();
    let errors = detail.as_array().expect("a list").iter();
    let errors: Vec<_> = errors.map(|error| (&error["loc"][1], &error["type"])).collect();
    let expected = json!([
        ["event_interval_ms", "less_than_equal"],
        ["v2_events_max", "greater_than_equal"],
        ["exports", "bool_parsing"],
        ["for_s", "greater_than_equal"],
        ["event_intervall_ms", "extra_forbidden"],
    ]);
    assert_eq!(json!(errors), expected, "{}", answer.text());
    assert_eq!(app.get("/api/settings").expect(200).json()["settings"], before["settings"]);
}

#[test]
fn a_feature_that_is_off_says_so_and_comes_back_by_itself() {
    let app = TestApp::empty();
    app.clock.hold();
    let off = json!({
        "forecasts": false, "exports": false, "imports": false, "v2_events": false, "for_s": 600,
    });
    let answer = app.patch("/api/settings", &off).expect(200).json();
    assert_eq!(setting(&answer, "imports")["ends_at"], "2026-11-23T13:13:36.111211Z");
    let refused = app.post("/api/simulate", &json!({"changes": []})).expect(503);
    assert_eq!(
        refused.detail(),
        "Forecasts are switched off; PATCH /api/settings with {\"forecasts\": true} switches them on"
    );
    app.get("/api/export").expect(503);
    app.get("/api/export/links.csv").expect(503);
    app.post("/api/export/devices.csv", &json!({"ids": []})).expect(503);
    app.post_file("/api/import/csv?dry_run=true", "text/csv", b"name,device_type\n").expect(503);

    app.clock.jump_to(Timestamp(START_MICROS + 600_000_000));
    wait::until("the features are on again", || {
        let answer = app.get("/api/settings").expect(200).json();
        let all = ["forecasts", "exports", "imports", "v2_events"];
        all.iter().all(|key| setting(&answer, key)["value"] == true).then_some(())
    });
    app.post("/api/simulate", &json!({"changes": []})).expect(200);
    // Their end is remembered too.
    let app = app.restart(|clock| clock.jump_to(Timestamp(START_MICROS)));
    let answer = app.get("/api/settings").expect(200).json();
    let imports = setting(&answer, "imports");
    assert_eq!((&imports["value"], &imports["ends_at"]), (&json!(true), &Value::Null));
    assert_eq!(imports["changed_by"], "the end of its time");
}

#[test]
fn an_end_without_a_change_that_could_end_is_an_error() {
    let app = TestApp::empty();
    for body in [json!({"for_s": 600}), json!({"for_s": 600, "exports": null})] {
        let answer = app.patch("/api/settings", &body).expect(422);
        let error = answer.detail()[0].clone();
        assert_eq!(error["loc"], json!(["body", "for_s"]), "{}", answer.text());
        let message = error["msg"].as_str().expect("a text");
        assert!(message.contains("for_s needs a setting beside it"), "{message}");
    }
    // Of several settings, those that are not set back end.
    let both = json!({"for_s": 600, "exports": null, "imports": false});
    let answer = app.patch("/api/settings", &both).expect(200).json();
    assert_eq!(setting(&answer, "exports")["ends_at"], Value::Null);
    assert!(setting(&answer, "imports")["ends_at"].is_string());
}

#[test]
fn a_feature_that_is_off_is_a_warning_of_health_and_none_of_the_log() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path(), &[("UNOC_DEV_FEATURES", "0")]);
    let check = || {
        let path = "/api/health/checks/settings.off/run";
        server.http.post(path, &Value::Null).expect(200).json()["checks"][0].clone()
    };
    assert_eq!((&check()["state"], &check()["message"]), (&json!("ok"), &Value::Null));
    let off = json!({"exports": false, "event_interval_ms": 500});
    server.http.patch("/api/settings", &off).expect(200);
    server.http.get("/api/export").expect(503);
    server.logged(|line| line.contains("GET /api/export 503") && line.contains("INFO"));
    let summary = server.http.get("/api/logs/summary").expect(200).json();
    assert!(!summary.to_string().contains("/api/export"), "{summary}");
    let warning = check();
    assert_eq!(warning["state"], "warning");
    assert_eq!(
        warning["message"],
        "Interval of events: 500 ms, set by api 127.0.0.1; Exports: off, set by api 127.0.0.1"
    );
    assert!(warning["remedy"].as_str().is_some_and(|it| it.contains("unoc settings")));
    server.http.patch("/api/settings", &json!({"exports": null})).expect(200);
    assert_eq!(check()["state"], "ok");
    assert!(server.terminate().0.success());
}

#[test]
fn clients_of_v2_are_sent_nothing_while_its_events_are_off() {
    let app = TestApp::empty();
    let mut reader = Client::connect(app.address, "/");
    app.patch("/api/settings", &json!({"v2_events": false})).expect(200);
    app.provision("Silent", "POP");
    app.patch("/api/settings", &json!({"v2_events": true})).expect(200);
    let events = reader.until(|event| event.name == "topology:reset");
    assert_eq!(events.len(), 1, "it is asked to read everything: {events:?}");
    let id = app.provision("Heard", "POP");
    reader.until(|event| event.name == "device:created" && event.payload["id"] == id);
}

#[test]
fn the_live_log_is_switched_off_for_those_who_follow_it() {
    let app = TestApp::empty();
    let mut client = Client::connect(app.address, "/live");
    client.emit("logs:follow");
    client.until(|event| event.name == "logs:following");
    app.patch("/api/settings", &json!({"log_streaming": false})).expect(200);
    let events = client.until(|event| event.name == "logs:refused");
    let refused = events.last().expect("the refusal");
    assert_eq!(
        refused.payload["detail"],
        "The live log is switched off; PATCH /api/settings with {\"log_streaming\": true} switches it on"
    );
    client.emit("logs:follow");
    client.until(|event| event.name == "logs:refused");
    app.patch("/api/settings", &json!({"log_streaming": null})).expect(200);
    client.emit("logs:follow");
    client.until(|event| event.name == "logs:following");
}

#[test]
fn a_kill_loses_no_change() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path(), &[("UNOC_DEV_FEATURES", "0")]);
    for interval in [100, 200, 300] {
        let change = json!({"event_interval_ms": interval, "v2_events": false});
        server.http.patch("/api/settings", &change).expect(200);
    }
    server.end_by("KILL");
    let server = Server::start(directory.path(), &[("UNOC_DEV_FEATURES", "0")]);
    let answer = server.http.get("/api/settings").expect(200).json();
    assert_eq!(setting(&answer, "event_interval_ms")["value"], 300);
    assert_eq!(setting(&answer, "v2_events")["value"], false);
    server.logged(|line| line.contains("Events for programs written for v2: off, as it was set"));
    assert!(server.terminate().0.success());
}
