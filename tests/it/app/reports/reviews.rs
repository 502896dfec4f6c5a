//! Reviews, tests of backups, prunings and comparisons.

use serde_json::{Value, json};
use tracing::{error, warn};
use unoc::domain::Timestamp;
use unoc::store::Sample;

use crate::harness::postgres::Postgres;
use crate::harness::site::text_of;
use crate::harness::{TestApp, wait};
use crate::sync::mirrored::serve;

const HOUR_S: i64 = 3600;
const DAY_S: i64 = 24 * HOUR_S;

/// An appliance whose jobs run only when the test asks for it, also when it advances the clock.
fn unscheduled() -> TestApp {
    let app = TestApp::empty();
    app.clock.hold();
    for name in ["backup", "verify", "prune", "daily-review", "capacity"] {
        app.patch(&format!("/api/jobs/{name}"), &json!({"is_enabled": false})).expect(200);
    }
    app
}

/// Runs a job to its end, and returns the run.
fn run(app: &crate::harness::http::Http, name: &str) -> Value {
    let begun = app.post(&format!("/api/jobs/{name}/run"), &Value::Null).expect(202).json();
    wait::until("the run ends", || {
        let job = app.get(&format!("/api/jobs/{name}")).expect(200).json();
        let run = job["runs"].as_array().expect("a list").iter().find(|it| it["id"] == begun["id"]);
        run.cloned()
    })
}

/// The newest report of a kind, and how many there are.
fn newest(app: &crate::harness::http::Http, kind: &str) -> (Value, usize) {
    let heads = app.get(&format!("/api/reports?kind={kind}")).expect(200).json();
    let heads = heads.as_array().expect("a list");
    let id = &heads.first().expect("a report")["id"];
    (app.get(&format!("/api/reports/{id}")).expect(200).json(), heads.len())
}

fn fact<'a>(report: &'a Value, section: &str, label: &str) -> &'a Value {
    let facts = self::section(report, section)["facts"].as_array().expect("facts");
    let found = facts.iter().find(|fact| fact["label"] == label);
    &found.unwrap_or_else(|| panic!("{label} of {report:#}"))["value"]["value"]
}

fn section<'a>(report: &'a Value, title: &str) -> &'a Value {
    let sections = report["sections"].as_array().expect("sections");
    sections.iter().find(|section| section["title"] == title).expect("the section")
}

/// The cells of a table without their units.
fn rows(report: &Value, title: &str) -> Vec<Vec<Value>> {
    let rows = section(report, title)["table"]["rows"].as_array().cloned().unwrap_or_default();
    let cells = |row: &Value| row.as_array().expect("a row").clone();
    rows.iter().map(|row| cells(row).iter().map(|cell| cell["value"].clone()).collect()).collect()
}

fn log(app: &TestApp, lines: impl FnOnce()) {
    tracing::dispatcher::with_default(&app.logs.dispatch(), lines);
}

#[test]
fn the_daily_review_has_the_log_incidents_backup_and_overrides_of_a_day() {
    let app = unscheduled();
    let device = app.provision("GW", "BACKBONE_GATEWAY");
    app.hold(device, &json!("DOWN"));
    assert_eq!(run(&app, "verify")["result"], "failed", "there is no backup yet");
    wait::until("the incident", || {
        let list = app.get("/api/incidents").expect(200).json();
        (list["open_count"] != 0).then_some(())
    });
    run(&app, "backup");
    log(&app, || {
        error!("Target \"x\" refused 7 rows");
        error!("Target \"y\" refused 8 rows");
        warn!("Retry 1");
    });
    let first = run(&app, "daily-review");
    assert_eq!(first["result"], "ok", "{first}");
    let (report, _) = newest(&app, "daily_review");
    assert_eq!(report["summary"], first["message"]);
    assert_eq!(
        ["Errors", "Warnings"].map(|label| fact(&report, "Log", label).clone()),
        [json!(2), json!(1)]
    );
    let lines = rows(&report, "Log");
    assert_eq!(lines[0][..3], [json!("ERROR"), json!("Target \"…\" refused … rows"), json!(2)]);
    assert_eq!(lines[1][..3], [json!("WARN"), json!("Retry …"), json!(1)]);
    assert_eq!(fact(&report, "Incidents and health", "Opened"), 1);
    let incident = &rows(&report, "Incidents and health")[0];
    assert!(text_of(&incident[0]).contains("Verify newest backup"), "{incident:?}");
    assert_eq!(fact(&report, "Backup", "Restored and compared"), "yes");
    assert!(text_of(&report["summary"]).contains("was restored and compared"), "{report:#}");
    assert_eq!(rows(&report, "Overrides")[0][..3], ["device", "GW", "DOWN"].map(Value::from));

    // A day later one kind of error is known and another one is new.
    app.clock.advance(DAY_S + 60);
    run(&app, "backup");
    log(&app, || {
        error!("Target \"z\" refused 9 rows");
        error!("No room");
    });
    let second = run(&app, "daily-review");
    assert_eq!(second["result"], "ok", "a job that found something has not failed");
    let (report, count) = newest(&app, "daily_review");
    assert_eq!((&report["result"], count), (&json!("warning"), 2), "{report:#}");
    let lines: Vec<_> = rows(&report, "Log").into_iter().map(|row| row[1..4].to_vec()).collect();
    let known = [json!("Target \"…\" refused … rows"), json!(1), json!("")];
    assert_eq!(lines, [[json!("No room"), json!(1), json!("new")], known]);
    assert!(text_of(&report["summary"]).contains("2 errors and 0 warnings in the log, 1 new kind"));
}

/// The log in memory begins anew with each start; the last review does not.
#[test]
fn what_is_new_is_known_after_a_restart() {
    let app = unscheduled();
    log(&app, || error!("Target \"x\" refused 7 rows"));
    run(&app, "daily-review");
    let app = app.restart(|clock| clock.advance(DAY_S));
    run(&app, "backup");
    log(&app, || error!("Target \"y\" refused 7 rows"));
    run(&app, "daily-review");
    let (report, _) = newest(&app, "daily_review");
    // Nobody knows what the log had before the start.
    let found = (&report["result"], fact(&report, "Log", "New kinds"));
    assert_eq!(found, (&json!("warning"), &json!(0)));
    assert!(text_of(&report["summary"]).contains("in the log since the last start"), "{report:#}");
    assert!(text_of(&section(&report, "Log")["text"]).contains("are in the journal"), "{report:#}");
    log(&app, || error!("No room"));
    run(&app, "daily-review");
    assert_eq!(fact(&newest(&app, "daily_review").0, "Log", "New kinds"), &json!(1));
}

#[test]
fn capacity_has_growth_and_the_date_on_which_the_disk_is_full() {
    let app = unscheduled();
    run(&app, "capacity");
    let (report, _) = newest(&app, "capacity");
    assert_eq!(report["result"], "ok", "{report:#}");
    assert!(text_of(&report["summary"]).contains("needs the free space of three days"));

    // A gibibyte a day, and 20 are left; the store doubles in a month.
    let begin = app.handle.now();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let gib = f32::from(1024_u16).powi(3);
    let plant = |hours: i64, samples: Vec<Sample>| {
        let at = Timestamp(begin.0 + hours * HOUR_S * 1_000_000);
        runtime.block_on(app.handle.record_samples(at, samples)).expect("they are recorded");
    };
    plant(24 + 100, vec![Sample { series: "store.size", value: gib }]);
    for step in 0_u16..=100 {
        let free = gib * (20.0 + f32::from(100 - step) / 24.0);
        let mut samples = vec![Sample { series: "disk.free", value: free }];
        if step == 100 {
            samples.push(Sample { series: "store.size", value: 2.0 * gib });
        }
        plant(31 * 24 + i64::from(step), samples);
    }
    app.clock.advance((31 * 24 + 100) * HOUR_S);
    let done = run(&app, "capacity");
    assert_eq!(done["result"], "ok", "{done}");
    let (report, _) = newest(&app, "capacity");
    assert_eq!(report["result"], "warning", "{report:#}");
    // 2026-11-23 and 35 days are 2026-12-28, and 20 more are:
    assert!(text_of(&report["summary"]).ends_with("it is full on 2027-01-17"), "{report:#}");
    let full_on = text_of(fact(&report, "Data volume", "Full, by the last two weeks"));
    assert!(full_on.starts_with("2027-01-17T"), "{full_on}");
    let rows = rows(&report, "Use and growth");
    let store = rows.iter().find(|row| row[0] == "Store").expect("the store");
    let gib = 1_u64 << 30;
    assert_eq!(store[1..5], [json!(2 * gib), json!(2 * gib), json!(gib), json!(100.0)]);
}

#[test]
fn tests_of_backups_and_pruning_have_reports() {
    let app = unscheduled();
    let failed = run(&app, "verify");
    assert_eq!(failed["result"], "failed", "there is no backup yet");
    let (report, _) = newest(&app, "restore_test");
    assert_eq!((&report["result"], &report["summary"]), (&json!("failed"), &failed["message"]));
    run(&app, "backup");
    run(&app, "verify");
    let (report, count) = newest(&app, "restore_test");
    assert_eq!((&report["result"], count), (&json!("ok"), 2), "{report:#}");
    assert!(fact(&report, "Restore test", "Time to restore (RTO)").as_f64().is_some());
    run(&app, "prune");
    run(&app, "prune");
    let (report, count) = newest(&app, "pruning");
    assert_eq!((fact(&report, "Backups", "Kept"), count), (&json!(1), 1), "nothing to tell twice");
    app.clock.advance(7 * DAY_S);
    run(&app, "prune");
    assert_eq!(newest(&app, "pruning").1, 2, "but each week");
}

#[test]
fn what_the_nightly_backup_prunes_has_a_report() {
    let app = TestApp::with_environment(&[
        ("UNOC_BACKUP_KEEP_LAST", "1"),
        ("UNOC_BACKUP_KEEP_DAILY", "0"),
        ("UNOC_BACKUP_KEEP_WEEKLY", "0"),
        ("UNOC_BACKUP_KEEP_MONTHLY", "0"),
    ]);
    app.clock.hold();
    let first = run(&app, "backup");
    assert_eq!(first["report_id"], Value::Null, "nothing was pruned: {first}");
    let old = app.get("/api/backups/latest").expect(200).json()["id"].take();
    app.clock.advance(HOUR_S);
    let second = run(&app, "backup");
    assert!(text_of(&second["message"]).ends_with("; 1 older backup removed"), "{second}");
    let (report, count) = newest(&app, "pruning");
    assert_eq!((&report["result"], count), (&json!("ok"), 1), "{report:#}");
    assert_eq!(report["run"], json!({"job": "backup", "id": second["id"]}));
    assert_eq!(second["report_id"], report["id"]);
    assert_eq!(rows(&report, "Backups")[0][0], old);
    let idle = run(&app, "prune");
    assert_eq!(idle["report_id"], Value::Null, "it finds nothing to do: {idle}");
    assert_eq!(newest(&app, "pruning").1, 1);
}

#[test]
fn a_run_leads_to_its_report_and_back_also_when_it_failed() {
    let app = unscheduled();
    let failed = run(&app, "verify");
    assert_eq!((&failed["result"], &failed["report_id"]), (&json!("failed"), &json!(1)));
    let done = run(&app, "capacity");
    assert_eq!(done["report_id"], 2, "{done}");
    assert_eq!(run(&app, "self-check")["report_id"], Value::Null);
    let app = app.restart(|_| {});
    for (id, job) in [(1, "verify"), (2, "capacity")] {
        let report = app.get(&format!("/api/reports/{id}")).expect(200).json();
        assert_eq!(report["run"], json!({"job": job, "id": 1}), "{report:#}");
        let found = app.get(&format!("/api/jobs/{job}")).expect(200).json();
        assert_eq!(found["runs"][0]["report_id"], id, "{found:#}");
    }
}

#[test]
fn without_a_mirror_there_is_nothing_to_compare_with() {
    let app = TestApp::empty();
    app.get("/api/jobs/reconcile").expect(404);
}

#[test]
fn the_mirror_is_compared_and_repaired() {
    let Some(postgres) = Postgres::start() else { return };
    let directory = tempfile::tempdir().unwrap();
    let server = serve(directory.path(), &postgres.url());
    server.http.provision("olt", "OLT");
    server.in_step();
    run(&server.http, "reconcile");
    let (report, _) = newest(&server.http, "reconciliation");
    assert_eq!(report["result"], "ok", "{report:#}");
    postgres.client().batch_execute("UPDATE devices SET name = 'other'").unwrap();
    let repaired = run(&server.http, "reconcile");
    assert_eq!(repaired["result"], "ok", "{repaired}");
    let (report, _) = newest(&server.http, "reconciliation");
    assert_eq!(report["result"], "warning", "{report:#}");
    assert_eq!(fact(&report, "Comparison", "Different"), 1);
    assert!(text_of(&report["summary"]).ends_with("1 differed and were corrected"));
    assert!(server.terminate().0.success());
}
