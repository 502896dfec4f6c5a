//! Copies off the host: made, retried, verified, pruned, and enough to restore a lost host.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;
use unoc::domain::Timestamp;

use super::fixture::{Key, export_of, file_of, names_in, path_of, portable, run_with};
use crate::harness::s3::S3;
use crate::harness::site::text_of;
use crate::harness::{TestApp, wait};

/// A directory and a bucket, and the setting that names both.
struct Places {
    directory: TempDir,
    s3: S3,
}

impl Places {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        fs::create_dir(directory.path().join("nfs")).expect("our own file");
        Self { directory, s3: S3::start() }
    }

    fn nfs(&self) -> PathBuf {
        self.directory.path().join("nfs")
    }

    fn nfs_url(&self) -> String {
        format!("file://{}?name=nfs", self.nfs().display())
    }

    fn s3_url(&self) -> String {
        self.s3.target_url(&self.s3.credentials_file(self.directory.path()))
    }

    fn both(&self) -> String {
        format!("{}, {}", self.nfs_url(), self.s3_url())
    }
}

/// An appliance that copies there, and whose jobs run only on request.
fn app(targets: &str, more: &[(&str, &str)]) -> TestApp {
    let mut variables = vec![("UNOC_BACKUP_TARGETS", targets)];
    variables.extend(more);
    let app = TestApp::with_environment(&variables);
    let jobs = app.get("/api/jobs").expect(200).json();
    for job in jobs["jobs"].as_array().expect("a list") {
        let path = format!("/api/jobs/{}", text_of(&job["name"]));
        app.patch(&path, &json!({"is_enabled": false})).expect(200);
    }
    app
}

fn site_id(app: &TestApp) -> String {
    text_of(&app.get("/api/health").expect(200).json()["site_id"]).to_owned()
}

/// The notes of a backup's copy at a target.
#[track_caller]
fn copy(backup: &Value, target: &str) -> Value {
    let copies = backup["copies"].as_array().expect("a list");
    let copy = copies.iter().find(|copy| copy["target"] == target);
    copy.unwrap_or_else(|| panic!("no copy at {target}: {backup:#}")).clone()
}

fn target(app: &TestApp, name: &str) -> Value {
    let targets = app.backups()["targets"].take();
    let targets = targets.as_array().expect("a list");
    targets.iter().find(|target| target["name"] == name).expect("a target").clone()
}

/// Sets the clock just after this time.
fn jump_past(app: &TestApp, time: &Value) {
    let time: jiff::Timestamp = text_of(time).parse().expect("a time");
    app.clock.jump_to(Timestamp(time.as_microsecond() + 1_000_000));
}

fn key(app: &TestApp, backup: &Value) -> String {
    format!("sites/{}/{}", site_id(app), text_of(&backup["file"]))
}

#[test]
fn a_target_that_is_down_is_reported_and_gets_its_copy_later() {
    let mut places = Places::new();
    let app = app(&places.both(), &[]);
    app.clock.jump_to(app.clock.clock().now());
    places.s3.kill();
    app.provision("saved", "POP");
    let backup = app.back_up();
    assert_eq!(backup["state"], "verified", "it is a backup all the same");
    let (nfs, minio) = (copy(&backup, "nfs"), copy(&backup, "minio"));
    assert_eq!((&nfs["state"], &nfs["message"]), (&"done".into(), &Value::Null));
    assert_eq!((&minio["state"], &minio["attempts"]), (&"failed".into(), &1.into()), "{minio:#}");
    assert!(!text_of(&minio["message"]).is_empty());
    let failing = target(&app, "minio");
    assert_eq!((&failing["state"], &failing["copies"]), (&"failing".into(), &0.into()));
    assert_eq!(failing["last_error"], minio["message"]);
    assert!(!failing.to_string().contains(places.s3.secret_key));
    assert_eq!(
        (&target(&app, "nfs")["state"], &target(&app, "nfs")["copies"]),
        (&"ok".into(), &1.into())
    );
    let runs = app.get("/api/jobs/backup").expect(200).json()["runs"].take();
    assert_eq!(runs[0]["result"], "failed", "somebody is told: {runs:#}");

    // Another backup does not retry it before its time; a person does.
    app.back_up();
    assert_eq!(copy(&app.backup(&backup["id"]), "minio"), minio);
    assert_eq!(app.run_job("copy")["result"], "failed");
    assert_eq!(copy(&app.backup(&backup["id"]), "minio")["attempts"], 2);
    places.s3.restart();
    let done = app.run_job("copy");
    assert_eq!((&done["result"], &done["message"]), (&"ok".into(), &"2 copied, 0 waiting".into()));
    let minio = copy(&app.backup(&backup["id"]), "minio");
    assert_eq!((&minio["state"], &minio["attempts"]), (&"done".into(), &3.into()), "{minio:#}");
    assert_eq!(target(&app, "minio")["state"], "ok");
    let stored = fs::read(places.s3.object_file(&key(&app, &backup))).unwrap();
    assert!(stored == fs::read(file_of(&app.data_dir, &backup)).unwrap());
    assert_eq!(app.run_job("copy")["message"], "0 copied, 0 waiting");
}

#[test]
fn pruning_also_removes_copies_and_waits_for_a_target_that_is_down() {
    let mut places = Places::new();
    let keep = [
        ("UNOC_BACKUP_KEEP_LAST", "1"),
        ("UNOC_BACKUP_KEEP_DAILY", "0"),
        ("UNOC_BACKUP_KEEP_WEEKLY", "0"),
        ("UNOC_BACKUP_KEEP_MONTHLY", "0"),
    ];
    let app = app(&places.both(), &keep);
    let site = places.nfs().join(site_id(&app));
    app.provision("first", "POP");
    let first = app.back_up();
    assert_eq!((names_in(&site).len(), places.s3.objects().len()), (2, 2), "file and manifest");
    app.provision("second", "POP");
    let second = app.back_up();
    app.get(&format!("/api/backups/{}", text_of(&first["id"]))).expect(404);
    for name in names_in(&site).into_iter().chain(places.s3.objects()) {
        assert!(name.contains(text_of(&second["id"])), "{name} is left");
    }
    assert_eq!((names_in(&site).len(), places.s3.objects().len()), (2, 2));

    places.s3.kill();
    app.provision("third", "POP");
    let third = app.back_up();
    let left = app.backup(&second["id"]);
    assert_eq!((&left["is_local"], &left["kept_as"]), (&false.into(), &json!([])), "{left:#}");
    assert_eq!(left["copies"].as_array().unwrap().len(), 1, "what is there is known: {left:#}");
    places.s3.restart();
    let pruned = app.ask("/api/backups/prune").expect(200).json();
    assert_eq!(pruned["remove"][0]["id"], second["id"], "{pruned:#}");
    app.get(&format!("/api/backups/{}", text_of(&second["id"]))).expect(404);
    let next = copy(&app.backup(&third["id"]), "minio")["next_attempt_at"].take();
    jump_past(&app, &next);
    app.run_job("copy");
    assert!(places.s3.objects().iter().all(|name| name.contains(text_of(&third["id"]))));
    assert_eq!(places.s3.objects().len(), 2);
}

#[test]
fn a_lost_host_is_restored_from_the_bucket_alone() {
    let places = Places::new();
    let key = Key::new(places.directory.path(), "kit");
    let app = app(&places.s3_url(), &[("UNOC_BACKUP_RECIPIENTS", &key.recipient)]);
    app.odd_site();
    app.back_up();
    app.provision("newest", "POP");
    let newest = app.back_up();
    let (export, site_id) = (app.export(), site_id(&app));
    drop(app);

    let fresh = places.directory.path().join("fresh");
    let targets = places.s3_url();
    let unnamed = [("UNOC_BACKUP_TARGETS", targets.as_str())];
    let refused = run_with(&fresh, &unnamed, &["restore", "latest"]).expect(3);
    assert!(refused.stderr.contains("set site_id"), "{refused:?}");
    let named = [("UNOC_BACKUP_TARGETS", targets.as_str()), ("UNOC_SITE_ID", &site_id)];
    let refused = run_with(&fresh, &named, &["restore", "latest"]).expect(3);
    assert!(refused.stderr.contains(&key.key_id), "the kit is needed: {refused:?}");
    let kit = ["restore", "latest", "--identity", key.path()];
    let done = run_with(&fresh, &named, &kit).expect(0);
    assert!(done.stdout.contains(text_of(&newest["file"])), "{done:?}");
    assert_eq!(portable(&export_of(&fresh)), portable(&export));
    let listed = run_with(&fresh, &named, &["backup", "list", "--json"]).expect(0).stdout;
    let listed: Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(listed["backups"].as_array().unwrap().len(), 2, "{listed:#}");
    assert_eq!(copy(&listed["backups"][0], "minio")["state"], "done");
}

#[test]
fn backups_that_are_only_off_the_host_are_found_fetched_and_restored() {
    let places = Places::new();
    let app = app(&places.nfs_url(), &[]);
    app.provision("saved", "POP");
    let backup = app.back_up();
    app.provision("afterwards", "POP");
    fs::remove_dir_all(app.file("backups")).unwrap();
    assert_eq!(app.backups()["backups"], json!([]));
    let found = app.ask("/api/backups/discover").expect(200).json();
    let [found] = found["backups"].as_array().unwrap().as_slice() else { panic!("{found:#}") };
    assert_eq!((&found["id"], &found["is_local"]), (&backup["id"], &false.into()));
    assert_eq!(found["state"], "unverified", "it was not proved here");
    app.restore(&backup["id"], false).expect(200);
    assert!(!app.export().contains("afterwards"));
    assert_eq!(app.backup(&backup["id"])["is_local"], true);
}

#[test]
fn copies_are_verified_and_an_altered_one_is_made_again() {
    let places = Places::new();
    let app = app(&places.s3_url(), &[]);
    app.provision("saved", "POP");
    let backup = app.back_up();
    let proved = app.run_job("verify-offhost");
    assert_eq!((&proved["result"], &proved["message"]), (&"ok".into(), &"1 copy verified".into()));
    let verified = app.backup(&backup["id"]);
    assert_eq!(verified["verification"]["kind"], "offhost");

    let object = places.s3.object_file(&key(&app, &backup));
    let whole = fs::read(&object).unwrap();
    let mut altered = whole.clone();
    altered[whole.len() / 2] ^= 1;
    for (what, content) in
        [("altered", Some(&altered[..])), ("cut off", Some(&whole[..9])), ("gone", None)]
    {
        match content {
            Some(content) => fs::write(&object, content).unwrap(),
            None => fs::remove_file(&object).unwrap(),
        }
        let failed = app.run_job("verify-offhost");
        assert_eq!(failed["result"], "failed", "{what}: {failed:#}");
        let noted = app.backup(&backup["id"]);
        let noted_copy = copy(&noted, "minio");
        assert_eq!(noted_copy["state"], "failed", "{what}: {noted:#}");
        assert!(!text_of(&noted_copy["message"]).is_empty(), "{what}");
        assert_eq!(noted["state"], "verified", "{what}: the local file is as good as before");
        assert_eq!(target(&app, "minio")["state"], "failing", "{what}");
        assert_eq!(app.run_job("copy")["result"], "ok", "{what}");
        assert!(fs::read(&object).unwrap() == whole, "{what}: it is whole again");
        assert_eq!(copy(&app.backup(&backup["id"]), "minio")["state"], "done", "{what}");
        assert_no_parts(&app.file("backups"));
    }
}

#[track_caller]
fn assert_no_parts(directory: &Path) {
    let names = names_in(directory);
    assert!(!names.iter().any(|name| name.ends_with(".part")), "{names:?}");
}

#[test]
fn a_bad_backup_is_not_copied() {
    let places = Places::new();
    let app = app(&places.nfs_url(), &[]);
    // The target is away while the backup is made.
    fs::remove_dir(places.nfs()).unwrap();
    let backup = app.back_up();
    assert_eq!(copy(&backup, "nfs")["state"], "failed");
    fs::write(file_of(&app.data_dir, &backup), "nonsense").unwrap();
    fs::create_dir(places.nfs()).unwrap();
    assert_eq!(app.verify(&backup["id"]).expect(200).json()["state"], "bad");
    jump_past(&app, &copy(&backup, "nfs")["next_attempt_at"]);
    wait::until("the repaired one is copied", || {
        app.run_job("copy");
        (target(&app, "nfs")["copies"] == 1).then_some(())
    });
    let names = names_in(&places.nfs().join(site_id(&app)));
    assert!(names.iter().all(|name| !name.starts_with(text_of(&backup["id"]))), "{names:?}");
}

#[test]
fn an_invalid_target_does_not_keep_the_service_from_starting() {
    let directory = tempfile::tempdir().unwrap();
    let nowhere = format!(
        "s3://bucket?endpoint=http://127.0.0.1:1&name=a&credentials_file={}",
        path_of(&directory.path().join("missing"))
    );
    let app = app(&nowhere, &[]);
    assert_eq!(app.back_up()["state"], "verified");
    let targets = app.backups()["targets"].take();
    assert_eq!(targets[0]["state"], "failing", "{targets:#}");
    assert!(text_of(&targets[0]["last_error"]).contains("missing"), "{targets:#}");
    assert!(app.get("/metrics").expect(200).text().contains("unoc_backup_targets_failing 1"));
}
