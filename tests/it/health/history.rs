//! The history of checks, and their metrics.

use serde_json::{Value, json};

use crate::harness::{TestApp, wait};

#[test]
fn values_are_kept_over_time() {
    let app = TestApp::empty();
    app.clock.hold();
    let path = "/api/health/checks/files.open/history";
    assert_eq!(app.get(path).expect(200).json()["points"], json!([]));
    app.post("/api/health/run", &Value::Null).expect(200);
    let history = wait::until("the value is recorded", || {
        let history = app.get(path).expect(200).json();
        (history["points"][0] != Value::Null).then_some(history)
    });
    assert_eq!((&history["unit"], &history["point_s"]), (&json!("%"), &json!(180)));
    let value = &history["points"][0]["value"];
    assert!(value["max"].as_f64().is_some_and(|max| max > 0.0), "{history}");
    app.clock.advance(3600);
    app.post("/api/health/checks/files.open/run", &Value::Null).expect(200);
    wait::until("the other value is recorded", || {
        let history = app.get(&format!("{path}?hours=2")).expect(200).json();
        (history["points"].as_array().expect("a list").len() == 2).then_some(())
    });
    app.get("/api/health/checks/files/history").expect(404);
    app.get(&format!("{path}?hours=0")).expect(422);
}

#[test]
fn metrics_have_the_state_and_the_value_of_each_check() {
    let app = TestApp::empty();
    app.post("/api/health/run", &Value::Null).expect(200);
    let metrics = app.get("/metrics").expect(200).text().to_owned();
    let value = |name: &str| {
        let line = metrics.lines().find_map(|line| line.strip_prefix(name));
        line.map(|value| value.trim().parse::<f64>().expect("a number"))
    };
    assert_eq!(value("unoc_check_state{check=\"disk.free\"}"), Some(0.0), "{metrics}");
    assert_eq!(value("unoc_check_state{check=\"disk.full_in\"}"), Some(-1.0), "{metrics}");
    assert!(value("unoc_check_value{check=\"disk.free\"}").is_some_and(|bytes| bytes > 0.0));
    assert_eq!(value("unoc_check_value{check=\"disk.full_in\"}"), None);
}
