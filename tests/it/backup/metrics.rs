//! The metrics of backups and the health check.

use serde_json::Value;
use unoc::domain::Timestamp;

use crate::harness::TestApp;
use crate::harness::metrics::Samples;
use crate::harness::site::text_of;

const HOUR_US: i64 = 3_600_000_000;

/// A sample that is a whole number.
fn whole(samples: &Samples, name: &str) -> String {
    samples[name].to_string()
}

/// Status and reason of the health check.
fn health(app: &TestApp) -> (String, Value) {
    let health = app.get("/health").expect(200).json();
    (text_of(&health["status"]).to_owned(), health["reason"].clone())
}

fn later(app: &TestApp, hours: i64) {
    let now = app.clock.clock().now();
    app.clock.jump_to(Timestamp(now.0 + hours * HOUR_US));
}

#[test]
fn backups_are_in_the_metrics() {
    let app = TestApp::demo();
    for name in ["backup", "verify", "prune", "self-check"] {
        app.patch(&format!("/api/jobs/{name}"), &serde_json::json!({"is_enabled": false}))
            .expect(200);
    }
    let none = app.metrics();
    assert_eq!(whole(&none, "unoc_backups"), "0");
    assert_eq!(whole(&none, "unoc_backup_is_stale"), "0", "a new site is given time");
    assert!(!none.contains_key("unoc_backup_rpo_seconds"), "{none:?}");
    let backup = app.back_up();
    later(&app, 1);
    let one = app.metrics();
    assert_eq!((one["unoc_backups"], one["unoc_backups_bad"]), (1.0, 0.0));
    assert_eq!(Value::from(one["unoc_backup_size_bytes"]).as_f64(), backup["bytes"].as_f64());
    let told = app.backups();
    assert_eq!(told["rpo_s"].as_f64(), Some(one["unoc_backup_rpo_seconds"]));
    assert!((3600.0..3700.0).contains(&one["unoc_backup_rpo_seconds"]), "{one:?}");
    assert_eq!(told["rto_s"].as_f64(), Some(one["unoc_backup_rto_seconds"]));
    let taken: jiff::Timestamp = text_of(&backup["taken_at"]).parse().unwrap();
    let as_of = one["unoc_backup_restorable_as_of_seconds"];
    assert!((as_of - taken.as_duration().as_secs_f64()).abs() < 1e-3, "{as_of}");
    assert_eq!(whole(&one, "unoc_backup_is_encrypted"), "0");
    assert_eq!(whole(&one, "unoc_backup_targets_failing"), "0");

    let file = super::fixture::file_of(&app.data_dir, &backup);
    std::fs::write(file, "nonsense").unwrap();
    assert_eq!(app.verify(&backup["id"]).expect(200).json()["state"], "bad");
    let bad = app.metrics();
    assert_eq!((bad["unoc_backups"], bad["unoc_backups_bad"]), (2.0, 1.0));
}

#[test]
fn health_is_degraded_without_a_recent_backup_and_healthy_after_one() {
    let app = TestApp::demo();
    for name in ["backup", "verify", "prune", "self-check"] {
        app.patch(&format!("/api/jobs/{name}"), &serde_json::json!({"is_enabled": false}))
            .expect(200);
    }
    let fine = ("healthy".to_owned(), Value::Null);
    assert_eq!(health(&app), fine);
    app.back_up();
    let limit = app.backups()["stale_after_s"].as_i64().unwrap() / 3600;
    for _ in 0..2 {
        later(&app, limit - 1);
        assert_eq!(health(&app), fine);
        assert_eq!(app.backups()["is_stale"], false);
        later(&app, 2);
        let (status, reason) = health(&app);
        assert_eq!(status, "degraded");
        assert!(text_of(&reason).contains("unoc backup now"), "{reason}");
        assert_eq!(app.backups()["is_stale"], true);
        assert_eq!(whole(&app.metrics(), "unoc_backup_is_stale"), "1");
        let detail = app.get("/api/health").expect(200).json();
        assert_eq!(
            (&detail["status"], &detail["backup"]["is_stale"]),
            (&"degraded".into(), &true.into())
        );
        app.get("/health/ready").expect(200);
        app.back_up();
        assert_eq!(health(&app), fine, "healthy again after a backup");
        assert_eq!(whole(&app.metrics(), "unoc_backup_is_stale"), "0");
    }
}

#[test]
fn a_site_without_any_backup_becomes_degraded() {
    let app = TestApp::demo();
    app.patch("/api/jobs/backup", &serde_json::json!({"is_enabled": false})).expect(200);
    let limit = app.backups()["stale_after_s"].as_i64().unwrap() / 3600;
    later(&app, limit + 1);
    assert_eq!(health(&app).0, "degraded");
    assert_eq!(app.backups()["restorable_as_of"], Value::Null);
}
