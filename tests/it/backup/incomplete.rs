//! A backup that was not verified, a target that was not set up and a copy that could not be
//! removed are reported as failures by the API, the exit codes, the health check and the jobs.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::fixture::run_with;
use crate::harness::TestApp;
use crate::harness::http::Http;
use crate::harness::process::{Server, run};
use crate::harness::s3::S3;
use crate::harness::site::text_of;

/// Where backups are restored to verify them, inside the data directory.
const STAGE_DIR: &str = "staged";

fn newest_run(app: &Http, job: &str) -> Value {
    app.get(&format!("/api/jobs/{job}")).expect(200).json()["runs"][0].take()
}

/// The status of `/health`, and its reasons.
fn health(app: &Http) -> (String, String) {
    let health = app.get("/health").expect(200).json();
    (
        text_of(&health["status"]).to_owned(),
        health["reason"].as_str().unwrap_or_default().to_owned(),
    )
}

#[test]
fn a_backup_that_cannot_be_verified_is_a_failure() {
    let directory = tempfile::tempdir().unwrap();
    let data_dir = directory.path();
    let server = Server::start(data_dir, &[("UNOC_DEV_FEATURES", "0")]);
    let app = &server.http;
    app.provision("saved", "POP");
    assert_eq!(health(app).0, "healthy");
    // A file in place of the directory: even root cannot write into it.
    let in_the_way = data_dir.join(STAGE_DIR);
    fs::write(&in_the_way, b"").unwrap();

    let answer = app.ask("/api/backups").expect(503).json();
    let listed = app.backups()["backups"][0].take();
    let detail = text_of(&answer["detail"]);
    for words in [text_of(&listed["id"]), "listed as unverified", STAGE_DIR, "Not a directory"] {
        assert!(detail.contains(words), "{words:?} not in {detail}");
    }
    assert_eq!((&listed["state"], &listed["is_local"]), (&"unverified".into(), &true.into()));
    assert!(text_of(&listed["verification_error"]).contains(STAGE_DIR), "{listed:#}");
    let run_of_job = newest_run(app, "backup");
    assert_eq!(run_of_job["result"], "failed", "{run_of_job:#}");
    let (status, reason) = health(app);
    assert_eq!(status, "degraded");
    assert!(reason.contains("is not verified") && reason.contains(STAGE_DIR), "{reason}");
    let backup_health = app.get("/api/health").expect(200).json()["backup"].take();
    assert!(text_of(&backup_health["unverified"]).contains(text_of(&listed["id"])));

    // The command says the same, with a server and without one.
    let said = run(data_dir, &["backup", "now"]).expect(75);
    assert!(said.stderr.contains("listed as unverified"), "{said:?}");
    drop(server);
    let said = run(data_dir, &["backup", "now"]).expect(75);
    assert!(said.stderr.contains("Not a directory"), "{said:?}");
    let said = run(data_dir, &["backup", "verify", "latest"]);
    assert_ne!(said.code, 0, "{said:?}");

    fs::remove_file(&in_the_way).unwrap();
    run(data_dir, &["backup", "verify", "latest"]).expect(0);
    let list = run(data_dir, &["backup", "list", "--json"]).expect(0).stdout;
    let list: Value = serde_json::from_str(&list).unwrap();
    let newest = &list["backups"][0];
    assert_eq!(
        (&newest["state"], &newest["verification_error"]),
        (&"verified".into(), &Value::Null)
    );
    assert_eq!(list["backups"].as_array().unwrap().len(), 3, "each attempt saved the site");
}

/// The address of a target whose credentials file does not exist.
fn without_credentials(directory: &Path) -> String {
    format!(
        "s3://bucket/sites?endpoint=http://127.0.0.1:1&region=x&name=minio&credentials_file={}",
        directory.join("keys.env").display()
    )
}

#[test]
fn a_target_that_was_not_set_up_is_reported_everywhere() {
    let directory = tempfile::tempdir().unwrap();
    let target = without_credentials(directory.path());
    let variables = [("UNOC_DEV_FEATURES", "0"), ("UNOC_BACKUP_TARGETS", target.as_str())];
    let data_dir = directory.path().join("data");
    fs::create_dir(&data_dir).unwrap();
    let server = Server::start(&data_dir, &variables);
    let app = &server.http;
    app.provision("saved", "POP");
    let (status, reason) = health(app);
    assert_eq!(status, "degraded");
    for words in ["minio", "keys.env", "restart the service"] {
        assert!(reason.contains(words), "{words:?} not in {reason}");
    }
    let detail = app.get("/api/health").expect(200).json();
    assert!(text_of(&detail["backup"]["target_failure"]).contains("keys.env"), "{detail:#}");
    let backup = app.back_up();
    assert_eq!(backup["state"], "verified");
    let copy = &backup["copies"][0];
    assert_eq!((&copy["target"], &copy["state"]), (&"minio".into(), &"failed".into()), "{copy:#}");
    assert!(text_of(&copy["message"]).contains("keys.env"), "{copy:#}");
    let shown = app.backups()["targets"][0].take();
    assert_eq!((&shown["name"], &shown["state"]), (&"minio".into(), &"failing".into()));
    assert!(text_of(&shown["last_error"]).contains("keys.env"), "{shown:#}");
    for job in ["backup", "copy"] {
        let run = newest_run(app, job);
        assert_eq!(run["result"], "failed", "{run:#}");
        assert!(!text_of(&run["message"]).contains("retried"), "{run:#}");
        assert!(text_of(&run["message"]).contains("keys.env"), "{run:#}");
    }
    let run_of_job = app.run_job("verify-offhost");
    assert!(text_of(&run_of_job["message"]).contains("keys.env"), "{run_of_job:#}");
    let refused = app.ask("/api/backups/discover").expect(503).json();
    assert!(text_of(&refused["detail"]).contains("keys.env"), "{refused}");
    let said = run(&data_dir, &["backup", "now"]).expect(75);
    assert!(said.stdout.contains("keys.env"), "{said:?}");
    assert!(!said.stderr.contains("retried"), "only a restart helps: {said:?}");
    drop(server);
    let said = run_with(&data_dir, &variables, &["backup", "now"]).expect(75);
    assert!(said.stdout.contains("keys.env"), "{said:?}");
    let fresh = directory.path().join("fresh");
    let site_id = text_of(&detail["site_id"]);
    let lost = [variables[1], ("UNOC_SITE_ID", site_id)];
    let said = run_with(&fresh, &lost, &["restore", "latest", "--yes"]).expect(75);
    assert!(said.stderr.contains("keys.env"), "it may have a backup: {said:?}");
}

#[test]
fn a_copy_that_cannot_be_deleted_is_not_reported_as_removed() {
    let directory = tempfile::tempdir().unwrap();
    let s3 = S3::start();
    let target = s3.target_url(&s3.credentials_file(directory.path()));
    let variables = [
        ("UNOC_BACKUP_TARGETS", target.as_str()),
        ("UNOC_BACKUP_KEEP_LAST", "1"),
        ("UNOC_BACKUP_KEEP_DAILY", "0"),
        ("UNOC_BACKUP_KEEP_WEEKLY", "0"),
        ("UNOC_BACKUP_KEEP_MONTHLY", "0"),
    ];
    let app = TestApp::with_environment(&variables);
    app.provision("first", "POP");
    let first = app.back_up();
    s3.lock_objects(true);
    app.provision("second", "POP");
    app.back_up();
    assert_eq!(s3.objects().len(), 4, "the first stays");
    let nightly = newest_run(&app, "backup");
    assert_eq!(nightly["result"], "failed", "{nightly:#}");
    assert!(text_of(&nightly["message"]).contains("1 copy could not be removed"), "{nightly:#}");

    let pruned = app.ask("/api/backups/prune").expect(200).json();
    assert_eq!(pruned["remove"], json!([]), "{pruned:#}");
    assert_eq!(pruned["targets"], json!([]), "{pruned:#}");
    let stay = &pruned["stay"][0];
    assert_eq!((&stay["id"], &stay["target"]), (&first["id"], &"minio".into()), "{pruned:#}");
    assert!(text_of(&stay["reason"]).contains("AccessDenied"), "{pruned:#}");
    assert_eq!(app.backup(&first["id"])["copies"][0]["state"], "done", "it is known of");
    let run_of_job = app.run_job("prune");
    assert_eq!(run_of_job["result"], "failed", "{run_of_job:#}");
    let message = text_of(&run_of_job["message"]);
    assert!(message.contains("0 removed") && message.contains("AccessDenied"), "{message}");
    let said = run(&app.data_dir, &["backup", "prune"]).expect(75);
    assert!(
        said.stdout.contains("could not be removed at minio")
            && said.stdout.contains("0 backups removed"),
        "{said:?}"
    );
    assert!(said.stderr.contains("AccessDenied"), "{said:?}");

    s3.lock_objects(false);
    let pruned = app.ask("/api/backups/prune").expect(200).json();
    assert_eq!(pruned["remove"][0]["id"], first["id"], "{pruned:#}");
    assert_eq!(pruned["stay"], json!([]), "{pruned:#}");
    assert_eq!(s3.objects().len(), 2);
}

#[test]
fn a_copy_at_an_unconfigured_target_is_reported_and_can_be_forgotten() {
    let directory = tempfile::tempdir().unwrap();
    let s3 = S3::start();
    let target = s3.target_url(&s3.credentials_file(directory.path()));
    let data_dir = directory.path().join("data");
    fs::create_dir(&data_dir).unwrap();
    let keep = [
        ("UNOC_BACKUP_KEEP_LAST", "1"),
        ("UNOC_BACKUP_KEEP_DAILY", "0"),
        ("UNOC_BACKUP_KEEP_WEEKLY", "0"),
        ("UNOC_BACKUP_KEEP_MONTHLY", "0"),
    ];
    let mut variables = keep.to_vec();
    variables.push(("UNOC_BACKUP_TARGETS", target.as_str()));
    let server = Server::start(&data_dir, &variables);
    server.http.provision("first", "POP");
    let first = server.http.back_up();
    assert_eq!(first["copies"][0]["state"], "done", "{first:#}");
    assert!(server.terminate().0.success());

    let server = Server::start(&data_dir, &keep);
    server.http.provision("second", "POP");
    server.http.back_up();
    let pruned = server.http.ask("/api/backups/prune").expect(200).json();
    let stay = &pruned["stay"][0];
    assert_eq!((&stay["id"], &stay["target"]), (&first["id"], &"minio".into()), "{pruned:#}");
    let reason = text_of(&stay["reason"]);
    assert!(reason.contains("the target is not configured"), "{reason}");

    let id = text_of(&first["id"]);
    for name in [format!("{id}.json"), format!("{id}.notes")] {
        assert!(reason.contains(&name), "{reason}");
        fs::remove_file(data_dir.join("backups").join(name)).unwrap();
    }
    let pruned = server.http.ask("/api/backups/prune").expect(200).json();
    assert_eq!((&pruned["stay"], &pruned["remove"]), (&json!([]), &json!([])), "{pruned:#}");
    assert_eq!(server.http.run_job("prune")["result"], "ok");
    assert_eq!(s3.objects().len(), 2, "what lies there is left alone");
    assert!(server.terminate().0.success());
}
