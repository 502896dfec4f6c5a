//! Causes of checks on the host and around it: too few files, a process that gets no processor, copies that fail, a mirror that falls behind.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use super::causes::{incident, run, run_until};
use crate::harness::postgres::{Postgres, Stop};
use crate::harness::process::Server;
use crate::harness::site::text_of;
use crate::harness::{TestApp, wait};

fn quiet_server(data_dir: &Path) -> Server {
    Server::start(data_dir, &[("UNOC_DEV_FEATURES", "0")])
}

#[test]
fn a_process_that_runs_out_of_files_is_an_incident() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let server = quiet_server(directory.path());
    let http = &server.http;
    run_until(http, "files.open", "ok");
    let pid = server.pid().to_string();
    let open = fs::read_dir(format!("/proc/{pid}/fd")).expect("it runs").count();
    let limit = |soft: usize| {
        let mut command = Command::new("prlimit");
        let set = command.args(["--pid", &pid, &format!("--nofile={soft}:")]).status();
        assert!(set.expect("util-linux is everywhere").success());
    };
    limit(open + open / 5);
    let check = run_until(http, "files.open", "warning");
    assert!(text_of(&check["remedy"]).starts_with("Raise LimitNOFILE"), "{check}");
    incident(http, "files.open", "open");
    limit(10 * open);
    run_until(http, "files.open", "ok");
    incident(http, "files.open", "closed");
}

/// It is stopped and continued, as one that is not scheduled.
#[test]
fn a_process_without_a_processor_is_an_incident() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let server = quiet_server(directory.path());
    let is_starved = AtomicBool::new(true);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while is_starved.load(Ordering::SeqCst) {
                server.signal("STOP");
                std::thread::park_timeout(Duration::from_millis(400));
                server.signal("CONT");
                std::thread::park_timeout(Duration::from_millis(50));
            }
        });
        let check = run_until(&server.http, "loop.lag", "warning");
        is_starved.store(false, Ordering::SeqCst);
        assert!(check["value"].as_f64().is_some_and(|ms| ms >= 250.0), "{check}");
    });
    incident(&server.http, "loop.lag", "open");
    run_until(&server.http, "loop.lag", "ok");
    incident(&server.http, "loop.lag", "closed");
}

#[test]
fn copies_that_fail_and_get_old_are_incidents() {
    let place = tempfile::tempdir().expect("a temporary directory");
    let target = place.path().join("copies");
    fs::create_dir(&target).expect("it is ours");
    let url = format!("file://{}", target.display());
    let app = TestApp::with_environment(&[("UNOC_BACKUP_TARGETS", &url)]);
    app.clock.hold();
    app.patch("/api/jobs/backup", &json!({"is_enabled": false})).expect(200);
    app.patch("/api/jobs/copy", &json!({"is_enabled": false})).expect(200);
    let finish = |job: &str| {
        let started = app.post(&format!("/api/jobs/{job}/run"), &Value::Null).expect(202).json();
        wait::until("the job has ended", || {
            let job = app.get(&format!("/api/jobs/{job}")).expect(200).json();
            let run = &job["runs"][0];
            (run["id"] == started["id"] && run["result"] != "running").then(|| run.clone())
        })
    };
    assert_eq!(finish("backup")["result"], "ok");
    run_until(&app, "backup.copies", "ok");
    run_until(&app, "backup.copy_age", "ok");

    let aside = place.path().join("aside");
    fs::rename(&target, &aside).expect("it is ours");
    fs::write(&target, "in the way").expect("it is ours");
    app.clock.advance(60);
    assert_eq!(finish("backup")["result"], "failed");
    let check = run_until(&app, "backup.copies", "warning");
    assert_eq!(check["value"], 1.0, "{check}");
    incident(&app, "backup.copies", "open");
    app.clock.advance(60 * 3600);
    run_until(&app, "backup.copy_age", "warning");
    incident(&app, "backup.copy_age", "open");

    fs::remove_file(&target).expect("it is ours");
    fs::rename(&aside, &target).expect("it is ours");
    assert_eq!(finish("copy")["result"], "ok");
    run_until(&app, "backup.copies", "ok");
    incident(&app, "backup.copies", "closed");
    assert_eq!(finish("backup")["result"], "ok");
    run_until(&app, "backup.copy_age", "ok");
    incident(&app, "backup.copy_age", "closed");
}

#[test]
fn a_mirror_that_falls_behind_is_an_incident_until_it_follows() {
    let Some(mut postgres) = Postgres::start() else { return };
    let app = TestApp::with_environment(&[("DATABASE_URL", &postgres.url())]);
    app.clock.hold();
    run_until(&app, "sync.lag", "ok");
    postgres.stop(Stop::Immediate);
    let device = json!({"name": "POP", "device_type": "POP"});
    app.post("/api/devices/provision", &device).expect(201);
    // The mirror notes when it sees the change; the clock must not be ahead of that.
    wait::until("the mirror knows that it lacks a change", || {
        app.clock.advance(1);
        (run(&app, "sync.lag")["value"].as_f64()? > 0.0).then_some(())
    });
    app.clock.advance(2 * 60);
    let check = run_until(&app, "sync.lag", "warning");
    assert!(text_of(&check["remedy"]).contains("unoc sync now"), "{check}");
    incident(&app, "sync.lag", "open");
    app.clock.advance(20 * 60);
    run_until(&app, "sync.lag", "critical");
    postgres.start_again();
    app.post("/api/sync/now", &Value::Null);
    run_until(&app, "sync.lag", "ok");
    assert_eq!(run(&app, "sync.lag")["remedy"], Value::Null);
    incident(&app, "sync.lag", "closed");
}
