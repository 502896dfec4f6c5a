//! The provisioning test: it touches a scratch site, and nothing of it is left.

use serde_json::{Value, json};
use unoc::store::{ReportKind, ReportResult};

use super::{killed_at, newest, ran, rows};
use crate::harness::TestApp;
use crate::harness::process::Server;

const JOB: &str = "provisioning-test";
const STEPS: [&str; 10] = [
    "Create a scratch site",
    "Build a fibre plant",
    "Provision an ONT",
    "Connect it",
    "See it UP",
    "Close the store",
    "Open it again",
    "See the same ONT",
    "Delete it",
    "Remove the scratch site",
];

#[test]
fn an_ont_is_provisioned_connected_seen_up_and_deleted_in_a_scratch_site() {
    let app = TestApp::demo();
    let site = || app.get("/api/export").expect(200).text().to_owned();
    let (before, seq) = (site(), app.handle.read().seq());
    let run = ran(&app, JOB);
    assert_eq!(run["result"], "ok", "{run:#}");
    assert_eq!((site(), app.handle.read().seq()), (before, seq), "the real site is as it was");
    assert!(!app.file("scratch").exists());
    let report = newest(&app, ReportKind::ProvisioningTest);
    assert_eq!(report.head.result, ReportResult::Ok);
    assert_eq!(report.head.summary, run["message"].as_str().expect("a message"));
    let steps = rows(&report, "Steps");
    assert_eq!(steps.iter().map(|step| &step[0]).collect::<Vec<_>>(), STEPS);
    assert!(steps.iter().all(|step| step[2] == "s"), "each has a duration: {steps:?}");
    // 3 dBm - 0.5 dB - 17.2 dB - 4.42 km x 0.25 dB/km.
    assert!(
        steps[4][1].starts_with("UP; -15.80 dBm received")
            || steps[4][1].starts_with("UP; -15.81 dBm received"),
        "{steps:?}"
    );
    assert_eq!(ran(&app, JOB)["result"], "ok", "again");
}

#[test]
fn a_kill_leaves_nothing_behind() {
    let directory = tempfile::tempdir().expect("a directory");
    let scratch = directory.path().join("scratch");
    let was_killed = (0..10).any(|_| {
        let server = Server::start(directory.path(), &[("UNOC_DEV_FEATURES", "0")]);
        assert!(!scratch.exists(), "the start removes it");
        killed_at(server, JOB, &scratch.join("unoc.redb"))
    });
    assert!(was_killed, "no run was hit");
    assert!(scratch.exists());
    let server = Server::start(directory.path(), &[("UNOC_DEV_FEATURES", "0")]);
    assert!(!scratch.exists());
    let begun = server.http.post("/api/jobs/provisioning-test/run", &Value::Null).expect(202);
    assert_ne!(begun.json()["id"], json!(1));
    server.terminate();
    assert!(!scratch.exists(), "nor does a stop");
}

#[test]
fn it_does_not_fill_the_volume_up() {
    let app = TestApp::with(|config| config.min_free_bytes = 1 << 60);
    let run = ran(&app, JOB);
    assert_eq!(run["result"], "failed");
    let message = run["message"].as_str().expect("a message");
    assert!(message.contains("a scratch site needs about 1099511627792 MiB"), "{message}");
    assert!(!app.file("scratch").exists());
}
