//! `unoc jobs`, with and without a running server.

use std::path::Path;

use serde_json::{Value, json};

use crate::harness::process::{Said, Server, host_user, run, said, unoc};

fn json(directory: &Path, arguments: &[&str]) -> Value {
    let said = run(directory, &[arguments, &["--json"]].concat()).expect(0);
    serde_json::from_str(&said.stdout).expect("JSON")
}

fn self_check(directory: &Path) -> Value {
    let listed = json(directory, &["jobs"]);
    let mut jobs = listed["jobs"].as_array().expect("a list").iter();
    jobs.find(|job| job["name"] == "self-check").expect("the job is there").clone()
}

/// Runs every command, with or without a running server.
fn try_all(directory: &Path) {
    let list = run(directory, &["jobs"]).expect(0).stdout;
    let lines: Vec<&str> = list.lines().collect();
    assert!(lines[0].starts_with("NAME ") && lines[0].contains("  NEXT "), "{list}");
    let row = |line: &str| line.split_whitespace().take(2).eq(["self-check", "0"]);
    assert!(lines.iter().any(|line| row(line) && line.contains("  0 6 * * * ")), "{list}");
    assert!(lines[lines.len() - 1].starts_with("Times are in "), "{list}");

    let ran = run(directory, &["jobs", "run", "self-check"]).expect(0).stdout;
    assert!(ran.starts_with("  The engine responds.\n"), "{ran}");
    assert!(ran.contains("self-check: ok in 0."), "{ran}");
    assert_eq!(json(directory, &["jobs", "run", "self-check"])["result"], "ok");
    assert!(run(directory, &["jobs"]).expect(0).stdout.contains("  ok "), "the last result");

    let disabled = run(directory, &["jobs", "disable", "self-check"]).expect(0).stdout;
    assert!(disabled.starts_with("self-check is disabled"), "{disabled}");
    assert!(run(directory, &["jobs"]).expect(0).stdout.contains("  disabled  "));
    let scheduled = json(directory, &["jobs", "schedule", "self-check", "30 5 * * 1-5"]);
    assert_eq!(scheduled["schedule"], "30 5 * * 1-5");
    assert_eq!(scheduled["is_enabled"], false);
    let enabled = run(directory, &["jobs", "enable", "self-check"]).expect(0).stdout;
    assert!(enabled.starts_with("self-check runs at \"30 5 * * 1-5\", next on 20"), "{enabled}");
    assert_eq!(self_check(directory)["schedule"], "30 5 * * 1-5");
    let back = json(directory, &["jobs", "schedule", "self-check", "--default"]);
    assert_eq!(back["schedule"], "0 6 * * *");

    for action in ["run", "enable", "disable"] {
        let refused = run(directory, &["jobs", action, "no/body"]).expect(3).stderr;
        assert!(refused.contains("there is no job \"no/body\"; unoc jobs lists them"), "{refused}");
    }
    let refused = run(directory, &["jobs", "schedule", "self-check", "5 4 * *"]).expect(3).stderr;
    assert!(refused.contains("five fields"), "{refused}");
}

#[test]
fn every_command_works_with_and_without_a_server() {
    let directory = tempfile::tempdir().unwrap();
    run(directory.path(), &["seed"]).expect(0);
    try_all(directory.path());
    let server = Server::start(directory.path(), &[]);
    try_all(directory.path());
    let runs = &self_check(directory.path())["runs"];
    assert_eq!(runs.as_array().unwrap().len(), 4, "one history: {runs}");
    assert!(server.terminate().0.success());
    // Both write the same rows.
    for (action, count) in [("run job", 2), ("change job", 4)] {
        let rows = json(directory.path(), &["audit", "list", "--action", action]);
        let rows = rows.as_array().unwrap();
        assert_eq!(rows.len(), 2 * count, "{action}: {rows:#?}");
        assert!(rows.iter().all(|row| row["actor"] == host_user()), "{action}: {rows:#?}");
        let keys = |row: &Value| -> Vec<String> {
            row["details"].as_object().unwrap().keys().cloned().collect()
        };
        assert!(rows.iter().all(|row| keys(row) == keys(&rows[0])), "{rows:#?}");
        assert!(rows.iter().all(|row| row["details"]["job"] == "self-check"), "{rows:#?}");
    }
}

#[test]
fn a_failed_job_exits_with_1() {
    let directory = tempfile::tempdir().unwrap();
    run(directory.path(), &["seed"]).expect(0);
    let said = run(directory.path(), &["jobs", "run", "self-check", "--min-free-mib", "1048576"]);
    let said = said.expect(1);
    assert!(said.stdout.contains("self-check: failed in"), "{said:?}");
    assert!(said.stderr.contains("job self-check: failed"), "{said:?}");
}

/// Prints the schedules in a shell with another time zone.
fn told_in_new_york(directory: &Path, arguments: &[&str]) -> Said {
    let mut command = unoc(arguments);
    said(command.arg("--data-dir").arg(directory).env("TZ", "EST5EDT,M3.2.0,M11.1.0")).expect(0)
}

#[test]
fn times_are_in_the_time_zone_of_the_server() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path(), &[("TZ", "NPT-5:45")]);
    let listed = told_in_new_york(directory.path(), &["jobs"]);
    let line = listed.stdout.lines().find(|line| line.starts_with("self-check"));
    assert!(line.is_some_and(|line| line.contains(" 06:00 ")), "{listed:?}");
    assert!(listed.stdout.ends_with("Times are in UTC+05:45.\n"), "{listed:?}");
    assert_eq!(listed.stderr, "");
    let changed = told_in_new_york(directory.path(), &["jobs", "schedule", "self-check", "@daily"]);
    assert!(changed.stdout.contains("runs at \"0 0 * * *\", next on 20"), "{changed:?}");
    assert!(changed.stdout.ends_with(" 00:00 (UTC+05:45).\n"), "{changed:?}");
    assert!(server.terminate().0.success());
}

#[test]
fn an_unknown_time_zone_is_reported() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path(), &[("TZ", "Europe/Berlim")]);
    let fault = "TZ is \"Europe/Berlim\", which is no time zone of this host";
    let wanted = format!("schedules run in UTC: {fault}");
    server.logged(|line| line.contains("WARN") && line.replace('\\', "").contains(&wanted));
    let jobs = server.http.get("/api/jobs").expect(200).json();
    assert_eq!((&jobs["timezone"], &jobs["utc_offset"]), (&json!("UTC"), &json!("+00:00")));
    assert!(jobs["timezone_fault"].as_str().is_some_and(|text| text.starts_with(fault)), "{jobs}");
    let listed = told_in_new_york(directory.path(), &["jobs"]);
    assert!(listed.stdout.ends_with("Times are in UTC.\n"), "{listed:?}");
    assert!(listed.stderr.contains(&wanted), "{listed:?}");
    assert!(server.terminate().0.success());
}
