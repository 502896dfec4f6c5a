//! The cause of each check: made, seen by the check, reported as an incident, and gone again.

use std::fs;

use serde_json::{Value, json};

use super::watched::Watched;
use crate::harness::http::Http;
use crate::harness::postgres::{Postgres, Stop};
use crate::harness::process::Server;
use crate::harness::site::text_of;
use crate::harness::socket::Client;
use crate::harness::{TestApp, wait};
use crate::store::disk_full::Volume;
use crate::sync::mirrored;

const HOUR: i64 = 3600;

/// Runs a check once and returns it.
pub(super) fn run(http: &Http, id: &str) -> Value {
    let answer = http.post(&format!("/api/health/checks/{id}/run"), &Value::Null).expect(200);
    answer.json()["checks"][0].clone()
}

/// Runs a check until it has this state.
pub(super) fn run_until(http: &Http, id: &str, state: &str) -> Value {
    let mut last = Value::Null;
    wait::until(&format!("{id} is {state}"), || {
        last = run(http, id);
        (last["state"] == state).then(|| last.clone())
    })
}

/// The incident of a check, once it has this state.
pub(super) fn incident(http: &Http, id: &str, state: &str) -> Value {
    wait::until(&format!("the incident of {id} is {state}"), || {
        let path = format!("/api/incidents?key=check:{id}");
        let incident = http.get(&path).expect(200).json()["incidents"].get(0)?.clone();
        (incident["state"] == state).then_some(incident)
    })
}

#[test]
fn every_check_of_a_new_appliance_is_in_order_or_says_why_it_cannot_tell() {
    let app = TestApp::demo();
    let answer = app.post("/api/health/run", &Value::Null).expect(200).json();
    let checks = answer["checks"].as_array().expect("a list");
    let id_of = |check: &Value| text_of(&check["id"]).to_owned();
    let ids: Vec<String> = checks.iter().map(id_of).collect();
    assert_eq!(
        ids,
        [
            "store.write",
            "store.read",
            "engine.queue",
            "store.size",
            "site.devices",
            "disk.free",
            "disk.full_in",
            "memory.resident",
            "processor.used",
            "files.open",
            "loop.lag",
            "clock.jump",
            "clock.synchronized",
            "backup.age",
            "backup.verified",
            "jobs.failed",
            "jobs.overdue",
            "http.response",
            "events.delivery",
            "settings.off",
            "events.interval",
            "configuration.applied",
            "clients.count",
            "clients.drop",
        ]
    );
    for check in checks {
        let (id, state) = (id_of(check), text_of(&check["state"]));
        let cannot_tell =
            ["disk.full_in", "processor.used", "clock.jump", "backup.age", "backup.verified"];
        // A host under test may be slow, or have a clock that nobody keeps right: that takes more readings.
        let depends = [
            "clock.synchronized",
            "store.write",
            "store.read",
            "loop.lag",
            "http.response",
            "events.delivery",
        ];
        match state {
            // On a slow host this is its second reading.
            "ok" if id == "clock.jump" || id == "processor.used" => {}
            "ok" => assert!(!cannot_tell.contains(&&*id), "{check}"),
            "unknown" if depends.contains(&&*id) => {}
            "unknown" => {
                assert!(cannot_tell.contains(&&*id), "{check}");
                assert!(!text_of(&check["message"]).is_empty(), "{check}");
            }
            _ => panic!("{check}"),
        }
        assert_eq!(check["remedy"], Value::Null, "{check}");
    }
    let listed = app.get("/api/health").expect(200).json();
    let listed = listed["checks"].as_array().expect("a list").iter().map(id_of);
    assert_eq!(listed.collect::<Vec<_>>(), ids);
    app.post("/api/health/checks/disk.fre/run", &Value::Null).expect(404);
}

#[test]
fn a_backup_that_gets_old_is_an_incident_until_there_is_a_new_one() {
    let app = TestApp::demo();
    app.clock.hold();
    // It would make up for the backups that the jumps of the clock leave out.
    app.patch("/api/jobs/backup", &json!({"is_enabled": false})).expect(200);
    let back_up = || {
        let started = app.post("/api/jobs/backup/run", &Value::Null).expect(202).json();
        wait::until("the backup is made", || {
            let job = app.get("/api/jobs/backup").expect(200).json();
            (job["runs"][0]["id"] == started["id"]).then_some(())
        });
    };
    back_up();
    let check = run(&app, "backup.age");
    assert_eq!((&check["state"], &check["value"]), (&json!("ok"), &json!(0.0)));
    let verified = run(&app, "backup.verified");
    assert_eq!(verified["state"], "ok", "{verified}");

    app.clock.advance(37 * HOUR);
    let check = run(&app, "backup.age");
    assert_eq!((&check["state"], &check["value_text"]), (&json!("warning"), &json!("37 h")));
    assert_eq!(check["warning"]["enter"], 36.0);
    assert_eq!(check["remedy"], "unoc backup now makes one and says what fails.");
    let opened = incident(&app, "backup.age", "open");
    assert_eq!(opened["title"], "No backup has been verified recently");
    assert_eq!(
        opened["detail"],
        "Age of the newest verified backup: 37 h, a warning from 36 h. unoc backup now makes one and \
         says what fails."
    );
    assert_eq!((&opened["severity"], &opened["source"]), (&json!("major"), &json!("check")));

    // It is the same incident after a restart, gets worse, and closes.
    let app = app.restart(|clock| clock.advance(80 * HOUR));
    run_until(&app, "backup.age", "critical");
    let worse = wait::until("the incident gets worse", || {
        Some(incident(&app, "backup.age", "open")).filter(|it| it["severity"] == "critical")
    });
    assert_eq!(worse["id"], opened["id"]);
    let started = app.post("/api/jobs/backup/run", &Value::Null).expect(202).json();
    wait::until("the backup is made", || {
        let job = app.get("/api/jobs/backup").expect(200).json();
        (job["runs"][0]["id"] == started["id"]).then_some(())
    });
    assert_eq!(run_until(&app, "backup.age", "ok")["remedy"], Value::Null);
    incident(&app, "backup.age", "closed");
}

#[test]
fn a_clock_that_jumps_is_an_incident() {
    let app = TestApp::empty();
    app.clock.hold();
    run(&app, "clock.jump");
    run_until(&app, "clock.jump", "ok");
    app.clock.advance(10 * 60);
    let check = run_until(&app, "clock.jump", "warning");
    assert!(text_of(&check["message"]).starts_with("It was set forward by "), "{check}");
    incident(&app, "clock.jump", "open");
    run_until(&app, "clock.jump", "ok");
    incident(&app, "clock.jump", "closed");
    app.clock.advance(-2 * HOUR);
    let check = run_until(&app, "clock.jump", "critical");
    assert!(text_of(&check["message"]).starts_with("It was set back by "), "{check}");
}

#[test]
fn clients_that_leave_all_at_once_are_an_incident() {
    let app = TestApp::empty();
    let clients: Vec<Client> = (0..12).map(|_| Client::connect(app.address, "/live")).collect();
    wait::until("the clients are counted", || {
        (run(&app, "clients.count")["value"] == 12.0).then_some(())
    });
    assert_eq!(run(&app, "clients.drop")["value"], 0.0);
    let mut clients = clients.into_iter();
    let stays = clients.next();
    clients.for_each(Client::leave);
    wait::until("they are gone", || (run(&app, "clients.count")["value"] == 1.0).then_some(()));
    run_until(&app, "clients.drop", "warning");
    let opened = incident(&app, "clients.drop", "open");
    assert_eq!(opened["severity"], "minor");
    assert!(
        text_of(&opened["detail"]).contains(" of 12 clients are left. Check the network"),
        "{opened}"
    );
    run_until(&app, "clients.drop", "ok");
    incident(&app, "clients.drop", "closed");
    drop(stays);
}

/// Else the log would have two lines a minute about it.
#[test]
fn the_client_of_the_check_of_events_is_neither_counted_nor_logged() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let server = Server::start(directory.path(), &[("UNOC_DEV_FEATURES", "0")]);
    let check = run(&server.http, "events.delivery");
    assert!(check["value"].as_f64().is_some_and(|seconds| seconds >= 0.0), "{check}");
    let client = Client::connect(server.address, "/live");
    server.logged(|line| line.contains("Client connected"));
    assert_eq!(run(&server.http, "clients.count")["value"], 1.0);
    client.leave();
    server.logged(|line| line.contains("Client disconnected"));
    let connects = server.log().iter().filter(|line| line.contains("Client connected")).count();
    assert_eq!(connects, 1, "{:?}", server.log());
}

/// The job has an incident of its own, so the check has none.
#[test]
fn a_failed_job_is_counted_and_not_reported_twice() {
    let app = TestApp::demo();
    let directory = app.file("backups");
    let aside = app.file("backups.aside");
    if directory.exists() {
        fs::rename(&directory, &aside).expect("it is ours");
    }
    fs::write(&directory, "in the way").expect("it is ours");
    app.post("/api/jobs/backup/run", &Value::Null).expect(202);
    let check = run_until(&app, "jobs.failed", "warning");
    assert_eq!((&check["value"], &check["message"]), (&json!(1.0), &json!("Nightly backup")));
    wait::until("the incident of the job", || {
        let list = app.get("/api/incidents?key=job:backup").expect(200).json();
        list["incidents"].get(0).cloned()
    });
    let list = app.get("/api/incidents?key=check:jobs.failed").expect(200).json();
    assert_eq!(list["incidents"], json!([]));
    fs::remove_file(&directory).expect("it is ours");
    app.post("/api/jobs/backup/run", &Value::Null).expect(202);
    run_until(&app, "jobs.failed", "ok");
}

#[test]
fn a_job_that_did_not_run_is_an_incident() {
    let app = TestApp::empty();
    app.clock.hold();
    assert_eq!(run_until(&app, "jobs.overdue", "ok")["value"], 0.0);
    // The jobs look at the clock once a minute, and the check is asked before that.
    app.clock.advance(25 * HOUR);
    let check = run_until(&app, "jobs.overdue", "warning");
    assert!(text_of(&check["message"]).contains("Nightly backup"), "{check}");
    incident(&app, "jobs.overdue", "open");
    // Missed runs are made up for at the start.
    let app = app.restart(|_| {});
    run_until(&app, "jobs.overdue", "ok");
    incident(&app, "jobs.overdue", "closed");
}

#[test]
fn backups_that_nobody_restores_for_a_test_are_an_incident_until_one_is() {
    let watched = Watched::new();
    let app = TestApp::with_environment(&watched.environment(&[]));
    app.clock.hold();
    for job in ["backup", "verify"] {
        app.patch(&format!("/api/jobs/{job}"), &json!({"is_enabled": false})).expect(200);
    }
    app.back_up();
    run_until(&app, "backup.verified", "ok");
    app.clock.advance(9 * 24 * HOUR);
    let check = watched.caused(&app, "backup.verified", "warning");
    assert_eq!(check["remedy"], "Run: unoc backup verify.");
    app.back_up();
    watched.recovered(&app, "backup.verified");
}

#[test]
fn a_volume_that_fills_is_an_incident_until_there_is_space() {
    let Some(volume) = Volume::mount() else { return };
    let data_dir = volume.path().join("data");
    let environment = [("UNOC_MIN_FREE_MIB", "2"), ("UNOC_DEV_FEATURES", "0")];
    let server = Server::start(&data_dir, &environment);
    let http = &server.http;
    let check = run_until(http, "disk.free", "ok");
    let free_bytes = check["value"].as_f64().expect("a number");
    let free_mib = (20_u16..32).rev().find(|mib| f64::from(*mib) * 1_048_576.0 <= free_bytes);
    volume.fill(usize::from(free_mib.expect("the store is small")) - 4);
    let check = run_until(http, "disk.free", "critical");
    assert!(text_of(&check["remedy"]).starts_with("Free some space"), "{check}");
    server.logged(|line| line.contains("The check disk.free is critical: Free space on the data"));
    let opened = incident(http, "disk.free", "open");
    assert_eq!(opened["severity"], "critical");
    assert!(text_of(&opened["detail"]).contains("critical below 6 MiB"), "{opened}");
    volume.free();
    run_until(http, "disk.free", "ok");
    incident(http, "disk.free", "closed");
}

#[test]
fn a_postgres_that_stops_is_an_incident_until_it_is_back() {
    let Some(mut postgres) = Postgres::start() else { return };
    let directory = tempfile::tempdir().expect("a temporary directory");
    let server = mirrored::serve(directory.path(), &postgres.url());
    let http = &server.http;
    server.in_step();
    // There is nothing to send the second time: a heartbeat, which is timed.
    server.in_step();
    assert_eq!(run_until(http, "postgres.reachable", "ok")["value"], 1.0);
    let connections = run_until(http, "postgres.connections", "ok");
    assert!(connections["value"].as_f64().is_some_and(|share| share > 0.0), "{connections}");
    let size = run_until(http, "postgres.size", "ok");
    assert!(size["value"].as_f64().is_some_and(|bytes| bytes > 1e6), "{size}");
    run_until(http, "sync.lag", "ok");
    run_until(http, "postgres.latency", "ok");

    postgres.stop(Stop::Immediate);
    let check = run_until(http, "postgres.reachable", "critical");
    assert!(!text_of(&check["message"]).is_empty(), "{check}");
    let opened = incident(http, "postgres.reachable", "open");
    assert_eq!(opened["title"], "PostgreSQL does not follow");
    let unknown = run_until(http, "postgres.latency", "unknown");
    assert_eq!(unknown["message"], "PostgreSQL is not connected");
    postgres.start_again();
    run_until(http, "postgres.reachable", "ok");
    incident(http, "postgres.reachable", "closed");
}
