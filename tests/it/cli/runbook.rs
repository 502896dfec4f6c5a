//! `unoc runbook`, with a running server and without one.

use serde_json::Value;

use crate::harness::process::{Server, run};

#[test]
fn duties_are_listed_and_recorded() {
    let directory = tempfile::tempdir().unwrap();
    let missing = run(directory.path(), &["runbook"]).expect(75);
    assert!(missing.stderr.contains("no server runs on"), "{missing:?}");
    let server = Server::start(directory.path(), &[]);
    // A new site is as it should be; the disk of the machine that runs this may be nearly full.
    let listed = run(directory.path(), &["runbook"]);
    let wrong = listed.stderr.trim_end();
    assert!(["", "unoc: not as it should be: capacity"].contains(&wrong), "{listed:?}");
    let contacts = |text: &str| {
        let line = text.lines().find(|line| line.contains("  contacts ")).expect("the duty");
        line.to_owned()
    };
    assert!(contacts(&listed.stdout).starts_with("due "), "{listed:?}");
    assert!(listed.stdout.contains("unoc runbook record contacts --name NAME"), "{listed:?}");
    let arguments = ["runbook", "record", "contacts", "--name", "Ada", "--note", "all right"];
    let recorded = run(directory.path(), &arguments).expect(0);
    assert_eq!(recorded.stdout, "Recorded: contacts was done by Ada.\n");
    let listed = run(directory.path(), &["runbook", "--json"]);
    let runbook: Value = serde_json::from_str(&listed.stdout).unwrap();
    let duties = runbook["duties"].as_array().unwrap();
    let duty = duties.iter().find(|duty| duty["key"] == "contacts").unwrap();
    assert_eq!(duty["last_record"]["note"], "all right");
    let unknown = run(directory.path(), &["runbook", "record", "no-duty", "--name", "Ada"]);
    assert!(unknown.expect(3).stderr.contains("Duty not found"));
    assert!(server.terminate().0.success());
}

#[test]
fn a_duty_that_fails_makes_the_command_fail() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path(), &[("UNOC_MIN_FREE_MIB", "1048576")]);
    let listed = run(directory.path(), &["runbook"]).expect(1);
    assert!(listed.stderr.contains("not as it should be: health, capacity"), "{listed:?}");
    assert!(listed.stdout.contains("read-only"), "{listed:?}");
    assert!(server.terminate().0.success());
}
