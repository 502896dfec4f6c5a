//! The disaster drill: the site is rebuilt from its copy, compared, and removed again.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;
use unoc::store::{Report, ReportFact, ReportKind, ReportResult, ReportValue};

use super::{killed_at, newest, ran, rows};
use crate::harness::process::Server;
use crate::harness::{TestApp, wait};

const JOB: &str = "disaster-drill";

/// A directory that copies go to.
struct Nfs(TempDir);

impl Nfs {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a directory"))
    }

    fn url(&self) -> String {
        format!("file://{}?name=nfs", self.0.path().display())
    }

    /// The packed files in it.
    fn files(&self) -> Vec<PathBuf> {
        let sites = fs::read_dir(self.0.path()).expect("the sites");
        let files = sites.flat_map(|site| fs::read_dir(site.expect("a site").path()).expect("it"));
        let files = files.map(|file| file.expect("a file").path());
        files.filter(|path| path.to_string_lossy().ends_with(".zst")).collect()
    }
}

fn fact<'a>(report: &'a Report, label: &str) -> &'a ReportValue {
    let mut facts = report.sections.iter().flat_map(|section| &section.facts);
    let found = facts.find(|ReportFact { label: other, .. }| other.starts_with(label));
    &found.unwrap_or_else(|| panic!("no {label}: {report:#?}")).value
}

/// Nothing of a drill is left in the data directory.
#[track_caller]
fn assert_nothing_left(data_dir: &Path) {
    let staged = fs::read_dir(data_dir.join("staged")).map_or(0, Iterator::count);
    assert_eq!(staged, 0, "a staged store is left");
    let left = parts(data_dir);
    assert!(left.is_empty(), "{left:?}");
}

/// The incomplete files among the backups.
fn parts(data_dir: &Path) -> Vec<String> {
    let names = fs::read_dir(data_dir.join("backups")).expect("the backups");
    let names =
        names.map(|entry| entry.expect("a file").file_name().into_string().expect("a text"));
    names.filter(|name| name.ends_with(".part")).collect()
}

#[test]
fn the_site_is_rebuilt_from_its_copy_and_compared() {
    let nfs = Nfs::new();
    let app = TestApp::with_environment(&[
        ("UNOC_BACKUP_TARGETS", &nfs.url()),
        ("UNOC_DEV_FEATURES", "1"),
    ]);
    assert_eq!(app.back_up()["state"], "verified");
    app.provision("Newer than the backup", "POP");
    let seq = app.handle.read().seq();
    let run = ran(&app, JOB);
    assert_eq!(run["result"], "ok", "{run:#}");
    let message = run["message"].as_str().expect("a message");
    assert!(message.starts_with("The site was rebuilt from the copy on nfs in "), "{message}");
    assert_eq!(app.handle.read().seq(), seq, "the running site is as it was");
    assert_nothing_left(&app.data_dir);
    let report = newest(&app, ReportKind::DisasterDrill);
    assert_eq!(report.head.result, ReportResult::Ok, "{message}");
    let counts = rows(&report, "Rebuilt site");
    assert_eq!(counts[0], ["devices", "77", "77"]);
    assert!(counts.iter().all(|row| row[1] == row[2]), "{counts:?}");
    let check = |label, expected| assert_eq!(fact(&report, label), &expected, "{label}");
    check("Differences of the status", ReportValue::Count(0));
    check("Changes since the backup", ReportValue::Count(1));
    check("Devices created", ReportValue::Count(1));
    check("Place", ReportValue::Text("nfs".to_owned()));
    assert!(matches!(fact(&report, "RTO"), ReportValue::Seconds(s) if *s > 0.0));
    assert!(matches!(fact(&report, "RPO"), ReportValue::Seconds(s) if *s > 0.0));
    let steps = rows(&report, "Steps");
    let names: Vec<&str> = steps.iter().map(|step| step[0].as_str()).collect();
    assert_eq!(
        names,
        [
            "Find the newest backup",
            "Fetch it",
            "Restore it",
            "Load the site",
            "Compare it",
            "Remove the scratch site"
        ]
    );
    let duties = app.get("/api/runbook").expect(200).json()["duties"].take();
    let duties = duties.as_array().expect("a list");
    let duty = duties.iter().find(|duty| duty["key"] == "disaster-recovery-test").expect("it");
    assert_eq!((&duty["state"], &duty["done_by"]), (&json!("ok"), &json!("appliance")), "{duty:#}");
    assert_eq!(duty["evidence"], message);
}

#[test]
fn a_copy_that_was_altered_fails_the_drill() {
    let nfs = Nfs::new();
    let app = TestApp::with_environment(&[("UNOC_BACKUP_TARGETS", &nfs.url())]);
    app.provision("saved", "POP");
    let backup = app.back_up();
    let file = &nfs.files()[0];
    let mut bytes = fs::read(file).expect("the copy");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(file, bytes).expect("the copy");
    let run = ran(&app, JOB);
    assert_eq!(run["result"], "failed");
    let message = run["message"].as_str().expect("a message");
    assert!(message.starts_with("the step “Restore it” failed: "), "{message}");
    assert!(message.contains("its content was altered"), "{message}");
    assert_eq!(newest(&app, ReportKind::DisasterDrill).head.result, ReportResult::Failed);
    assert_nothing_left(&app.data_dir);
    let id = backup["id"].as_str().expect("an id");
    let own = app.get(&format!("/api/backups/{id}")).expect(200).json();
    assert_eq!(own["state"], "verified", "the file on this host is good");
}

#[test]
fn a_copy_that_cannot_be_used_is_followed_by_that_of_the_next_target() {
    let (nfs, other) = (Nfs::new(), Nfs::new());
    let targets = format!("{}, file://{}?name=other", nfs.url(), other.0.path().display());
    let app = TestApp::with_environment(&[("UNOC_BACKUP_TARGETS", &targets)]);
    app.provision("saved", "POP");
    app.back_up();
    wait::until("both copies", || {
        ((nfs.files().len(), other.files().len()) == (1, 1)).then_some(())
    });
    // A file that is gone cannot be fetched; one with other bytes cannot be restored.
    fs::remove_file(&nfs.files()[0]).expect("the copy");
    let run = ran(&app, JOB);
    assert_eq!(run["result"], "ok", "{run:#}");
    let report = newest(&app, ReportKind::DisasterDrill);
    assert_eq!(report.head.result, ReportResult::Warning);
    let summary = &report.head.summary;
    assert!(summary.starts_with("The site was rebuilt from the copy on other in "), "{summary}");
    assert!(summary.contains("the copy on nfs: the step “Fetch it” failed: "), "{summary}");
    let found = rows(&report, "Targets");
    assert!(found[0][3].contains("“Fetch it” failed") && found[1][3] == "-", "{found:?}");
    let steps = rows(&report, "Steps");
    let tried: Vec<&str> = steps[1..4].iter().map(|step| step[0].as_str()).collect();
    assert_eq!(tried, ["Fetch it", "Fetch it", "Restore it"]);
    fs::write(&other.files()[0], "altered").expect("the copy");
    let run = ran(&app, JOB);
    assert_eq!(run["result"], "failed");
    let message = run["message"].as_str().expect("a message");
    assert!(message.contains("nfs: the step “Fetch it”"), "{message}");
    assert!(message.contains("; other: the step “"), "{message}");
    assert_nothing_left(&app.data_dir);
}

/// The copy is a FIFO: whoever opens it waits, as for a target that is silent.
#[test]
fn a_stop_ends_a_drill_that_waits_for_a_target_and_leaves_neither_a_report_nor_a_file() {
    let (directory, nfs) = (tempfile::tempdir().expect("a directory"), Nfs::new());
    let (data_dir, url) = (directory.path(), nfs.url());
    let server = Server::start(data_dir, &[("UNOC_BACKUP_TARGETS", &url)]);
    server.http.back_up();
    let copy = wait::until("the copy", || nfs.files().pop());
    fs::remove_file(&copy).expect("the copy");
    let made = Command::new("mkfifo").arg(&copy).status().expect("coreutils");
    assert!(made.success());
    server.http.post(&format!("/api/jobs/{JOB}/run"), &Value::Null).expect(202);
    wait::until("the fetch begins", || (!parts(data_dir).is_empty()).then_some(()));
    let (status, log) = server.terminate();
    assert!(status.success(), "{log:?}");
    assert_nothing_left(data_dir);
    let server = Server::start(data_dir, &[]);
    let job = server.http.get(&format!("/api/jobs/{JOB}")).expect(200).json();
    assert_eq!(job["runs"][0]["result"], "interrupted", "{job:#}");
    let reports = server.http.get("/api/reports?kind=disaster_drill").expect(200).json();
    assert_eq!(reports, json!([]));
}

#[test]
fn without_a_target_the_newest_local_backup_is_used_and_the_report_says_so() {
    let app = TestApp::empty();
    assert_eq!(ran(&app, JOB)["result"], "failed", "there is no backup at all");
    app.provision("saved", "POP");
    app.back_up();
    assert_eq!(ran(&app, JOB)["result"], "ok");
    let head = newest(&app, ReportKind::DisasterDrill).head;
    // Nobody has to look at that each month.
    assert_eq!(head.result, ReportResult::Ok);
    assert!(head.summary.contains("the loss of its disk loses everything"), "{}", head.summary);
    assert_nothing_left(&app.data_dir);
}

#[test]
fn a_target_without_a_backup_and_one_that_is_away_are_named() {
    let (nfs, other) = (Nfs::new(), Nfs::new());
    let targets = format!("{}, file://{}?name=other", nfs.url(), other.0.path().display());
    let app = TestApp::with_environment(&[("UNOC_BACKUP_TARGETS", &targets)]);
    let run = ran(&app, JOB);
    assert!(run["message"].as_str().expect("one").contains("no target has a backup"), "{run:#}");
    app.provision("saved", "POP");
    app.back_up();
    drop(other);
    let run = ran(&app, JOB);
    assert_eq!(run["result"], "ok", "{run:#}");
    let report = newest(&app, ReportKind::DisasterDrill);
    assert_eq!(report.head.result, ReportResult::Warning);
    let targets = rows(&report, "Targets");
    assert_eq!((&targets[0][0][..], &targets[0][3][..]), ("nfs", "-"));
    assert!(targets[1][3].contains("is not a directory"), "{targets:?}");
}

#[test]
fn a_kill_leaves_nothing_behind() {
    let (directory, nfs) = (tempfile::tempdir().expect("a directory"), Nfs::new());
    let (data_dir, url) = (directory.path(), nfs.url());
    let variables = [("UNOC_BACKUP_TARGETS", &url[..]), ("UNOC_DEV_FEATURES", "1")];
    let server = Server::start(data_dir, &variables);
    server.http.back_up();
    server.terminate();
    let was_killed = (0..10).any(|_| {
        let server = Server::start(data_dir, &variables);
        killed_at(server, JOB, &data_dir.join("staged"))
    });
    assert!(was_killed, "no run was hit");
    let server = Server::start(data_dir, &variables);
    assert_nothing_left(data_dir);
    let job = server.http.get("/api/jobs/disaster-drill").expect(200).json();
    assert_eq!(job["runs"][0]["result"], "interrupted");
    assert_eq!(server.http.get("/api/health").expect(200).json()["status"], "healthy");
}

#[test]
fn too_little_room_is_refused_before_anything_is_fetched() {
    let (directory, nfs) = (tempfile::tempdir().expect("a directory"), Nfs::new());
    let url = nfs.url();
    let target = ("UNOC_BACKUP_TARGETS", &url[..]);
    let server = Server::start(directory.path(), &[target]);
    server.http.back_up();
    server.terminate();
    let server = Server::start(directory.path(), &[target, ("UNOC_MIN_FREE_MIB", "1048576")]);
    server.http.post("/api/jobs/disaster-drill/run", &Value::Null).expect(202);
    let run = wait::until("the end", || {
        let job = server.http.get("/api/jobs/disaster-drill").expect(200).json();
        let run = job["runs"][0].clone();
        (run["result"] == "failed").then_some(run)
    });
    let message = run["message"].as_str().expect("a message");
    assert!(message.contains("rebuilding the site needs about"), "{message}");
    assert_nothing_left(directory.path());
}
