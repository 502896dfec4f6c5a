//! Health: exact bodies, because monitoring agents compare them.

use serde_json::json;

use crate::harness::TestApp;
use crate::harness::http::keys_of;

#[test]
fn the_short_answers_are_exact() {
    let app = TestApp::empty();
    for (path, body) in [
        ("/health", r#"{"status":"healthy","service":"unoc-backend","version":"2.0.0"}"#),
        ("/health/live", r#"{"status":"alive"}"#),
        ("/health/ready", r#"{"status":"ready"}"#),
    ] {
        let answer = app.get(path).expect(200);
        assert_eq!(answer.text(), body);
        assert_eq!(answer.header("content-type"), Some("application/json"), "{path}");
    }
}

#[test]
fn the_long_answer_counts_what_there_is() {
    let app = TestApp::demo();
    let answer = app.get("/api/health").expect(200);
    assert_eq!(
        keys_of(answer.text()),
        [
            "status", "version", "site_id", "seq", "engine", "volume", "store", "sync", "backup",
            "checks"
        ]
    );
    let health = answer.json();
    assert_eq!(health["status"], "healthy");
    assert_eq!(health["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(health["seq"], 1);
    assert_eq!(health["engine"]["is_alive"], true);
    assert_eq!(health["volume"]["is_writable"], true);
    assert_eq!(health["sync"], serde_json::json!({"state": "off", "behind_s": 0.0}));
    assert_eq!(health["volume"]["directory"], app.data_dir.to_str().unwrap());
    assert_eq!(health["site_id"], app.handle.site_id().to_string());
    for (count, list) in
        [("device_count", "devices"), ("interface_count", "interfaces"), ("link_count", "links")]
    {
        let listed = app.get(&format!("/api/{list}")).expect(200).json();
        assert_eq!(health["store"][count], listed.as_array().unwrap().len(), "{count}");
        assert_ne!(health["store"][count], 0, "{count}");
    }
}

#[test]
fn a_full_volume_is_unhealthy_and_refuses_only_writes() {
    // No volume has that much space, so the store is read-only from the start.
    let app = TestApp::with(|config| config.min_free_bytes = 1 << 60);
    let health = app.get("/health").expect(503).json();
    assert_eq!(health["status"], "unhealthy");
    assert_eq!(health["service"], "unoc-backend");
    assert_eq!(health["version"], "2.0.0");
    assert!(health["reason"].as_str().unwrap().starts_with("read-only: "), "{health}");
    app.get("/health/ready").expect(200);
    let detail = app.get("/api/health").expect(200).json();
    assert_eq!(detail["status"], "unhealthy");
    assert_eq!(detail["volume"]["is_writable"], false);
    app.get("/api/devices").expect(200);
    let refused =
        app.post("/api/devices/provision", &crate::api::devices::bulk::pop("P")).expect(507);
    assert!(refused.detail().as_str().unwrap().starts_with("the store is read-only: "));
    app.patch("/api/jobs/self-check", &json!({"is_enabled": false})).expect(507);
    assert_eq!(app.get("/api/jobs/self-check").expect(200).json()["is_enabled"], true);
    app.get("/api/devices/1").expect(404);
}
