//! The runbook over HTTP: what the duties show, what people record, and what is not done in time.

use serde_json::{Value, json};
use unoc::domain::Timestamp;
use unoc::wire::Time;

use crate::harness::http::keys_of;
use crate::harness::{TestApp, wait};

const DAY_S: i64 = 24 * 60 * 60;

fn duty(app: &TestApp, key: &str) -> Value {
    let runbook = app.get("/api/runbook").expect(200).json();
    let duties = runbook["duties"].as_array().expect("a list");
    duties.iter().find(|duty| duty["key"] == key).expect("the duty").clone()
}

fn record(app: &TestApp, key: &str, body: &Value) -> Value {
    app.post(&format!("/api/runbook/{key}/records"), body).expect(201).json()
}

#[test]
fn every_duty_of_the_runbook_is_listed() {
    let app = TestApp::empty();
    assert_eq!(duty(&app, "api")["state"], "unknown", "nobody has asked by HTTP yet");
    app.post("/api/health/checks/http.response/run", &Value::Null).expect(200);
    let runbook = app.get("/api/runbook").expect(200).json();
    let duties = runbook["duties"].as_array().unwrap();
    let listed: Vec<_> = duties
        .iter()
        .map(|duty| {
            let words =
                ["key", "frequency", "done_by", "state"].map(|key| duty[key].as_str().unwrap());
            words.join(" ")
        })
        // The disk of the machine that runs this may be nearly full.
        .map(|words| words.replace("appliance warning", "appliance unknown"))
        .collect();
    assert_eq!(
        listed,
        [
            "health continuous appliance ok",
            "api continuous appliance ok",
            "database continuous appliance ok",
            "self-check daily appliance unknown",
            "logs daily appliance unknown",
            "overrides shift operator ok",
            "backup daily appliance unknown",
            "restore-test weekly appliance unknown",
            "off-host daily operator due",
            "prune daily appliance ok",
            "provisioning-test weekly appliance unknown",
            "disaster-recovery-test monthly operator due",
            "reconcile weekly appliance ok",
            "capacity monthly appliance unknown",
            "contacts monthly operator due",
            "incident-drill monthly appliance unknown",
        ]
    );
    assert!(duties.iter().all(|duty| !duty["evidence"].as_str().unwrap().is_empty()));
}

#[test]
fn a_duty_has_these_keys() {
    let app = TestApp::empty();
    let runbook = app.get("/api/runbook").expect(200);
    assert_eq!(keys_of(runbook.text()), ["duties"]);
    let keys = [
        "key",
        "title",
        "frequency",
        "done_by",
        "state",
        "evidence",
        "command",
        "last_done_at",
        "next_due_at",
        "overdue_at",
        "last_record",
        "page",
        "action",
        "report_id",
    ];
    let first = runbook.text().split_once('[').unwrap().1;
    assert_eq!(keys_of(first), keys);
}

#[test]
fn what_a_person_records_is_kept() {
    let app = TestApp::empty();
    app.clock.hold();
    let first = record(&app, "contacts", &json!({"name": " Ada ", "note": "all right"}));
    assert_eq!((&first["id"], &first["name"]), (&json!(1), &json!("Ada")));
    app.clock.advance(60);
    record(&app, "contacts", &json!({"name": "Bo"}));
    let app = app.restart(|_| {});
    let records = app.get("/api/runbook/contacts/records").expect(200).json();
    let shown = |of: &Value| (of["name"].clone(), of["note"].clone());
    assert_eq!(shown(&records[0]), (json!("Bo"), json!(null)));
    assert_eq!(shown(&records[1]), (json!("Ada"), json!("all right")));
    let page = app.get("/api/runbook/contacts/records?limit=1&before=2").expect(200).json();
    assert_eq!(page, json!([records[1]]));
    let duty = duty(&app, "contacts");
    assert_eq!(duty["state"], "ok");
    assert_eq!(duty["last_record"], records[0]);
    assert_eq!(duty["last_done_at"], records[0]["at"]);
}

#[test]
fn records_are_checked() {
    let app = TestApp::empty();
    let path = "/api/runbook/contacts/records";
    for body in [json!({}), json!({"name": " "}), json!({"name": "a", "note": "x".repeat(1001)})] {
        app.post(path, &body).expect(422);
    }
    app.post("/api/runbook/nothing/records", &json!({"name": "Ada"})).expect(404);
    app.get("/api/runbook/nothing/records").expect(404);
    app.get(&format!("{path}?limit=0")).expect(422);
    assert_eq!(app.get(path).expect(200).json(), json!([]));
}

/// The incidents of duties that are not closed.
fn late(app: &TestApp) -> Vec<String> {
    let list = app.get("/api/incidents?state=not_closed").expect(200).json();
    let incidents = list["incidents"].as_array().expect("a list").iter();
    let keys = incidents.map(|incident| incident["key"].as_str().expect("a key").to_owned());
    let mut keys: Vec<String> = keys.filter(|key| key.starts_with("duty:")).collect();
    keys.sort();
    keys
}

#[test]
fn a_duty_that_is_not_done_in_time_is_an_incident_until_it_is_recorded() {
    let app = TestApp::empty();
    app.clock.hold();
    record(&app, "off-host", &json!({"name": "Ada"}));
    app.clock.advance(DAY_S + 60);
    assert_eq!(duty(&app, "off-host")["state"], "due");
    assert_eq!(late(&app), [""; 0]);
    app.clock.advance(DAY_S / 2);
    wait::until("the incident", || late(&app).contains(&"duty:off-host".to_owned()).then_some(()));
    assert_eq!(duty(&app, "off-host")["state"], "warning");
    let incident = app.get("/api/incidents?key=duty:off-host").expect(200).json();
    assert_eq!(incident["incidents"][0]["source"], "duty");
    record(&app, "off-host", &json!({"name": "Bo"}));
    assert!(!late(&app).contains(&"duty:off-host".to_owned()));
    assert_eq!(duty(&app, "off-host")["state"], "ok");
}

/// There is a duty for the copies themselves, which says that there are none.
#[test]
fn a_disaster_recovery_test_without_a_target_is_never_late() {
    let app = TestApp::empty();
    app.clock.hold();
    for _ in 0..47 {
        app.clock.advance(DAY_S);
    }
    wait::until("another monthly duty is late", || {
        late(&app).contains(&"duty:contacts".to_owned()).then_some(())
    });
    let key = "disaster-recovery-test";
    assert!(!late(&app).contains(&format!("duty:{key}")), "{:?}", late(&app));
    let test = duty(&app, key);
    assert_eq!((&test["state"], &test["overdue_at"]), (&json!("due"), &Value::Null), "{test}");
}

fn run(app: &TestApp, job: &str) {
    let begun = app.post(&format!("/api/jobs/{job}/run"), &Value::Null).expect(202).json();
    wait::until("the run ends", || {
        let job = app.get(&format!("/api/jobs/{job}")).expect(200).json();
        let runs = job["runs"].as_array().expect("a list").iter();
        runs.into_iter().any(|run| run["id"] == begun["id"]).then_some(())
    });
}

/// The appliance reviews; a person has to look only when it found something.
#[test]
fn a_review_is_the_appliances_until_it_finds_something() {
    let app = TestApp::empty();
    app.clock.hold();
    run(&app, "daily-review");
    let done = duty(&app, "logs");
    assert_eq!(
        [&done["done_by"], &done["state"], &done["report_id"]],
        [&json!("appliance"), &json!("ok"), &json!(1)]
    );
    assert!(done["evidence"].as_str().unwrap().starts_with("0 errors and 0 warnings in the log"));
    let lines = || tracing::error!("No room");
    app.clock.advance(DAY_S);
    run(&app, "backup");
    tracing::dispatcher::with_default(&app.logs.dispatch(), lines);
    run(&app, "daily-review");
    let due = duty(&app, "logs");
    assert_eq!([&due["done_by"], &due["state"]], [&json!("operator"), &json!("due")], "{due}");
    let report = app.get(&format!("/api/reports/{}", due["report_id"])).expect(200).json();
    assert_eq!(due["evidence"], report["summary"]);
    let first_warning = &report["ended_at"];
    assert_eq!(due["overdue_at"], days_after(first_warning, 3));
    // The same error is not new on the next day, but nobody has looked at it yet.
    app.clock.advance(DAY_S);
    run(&app, "backup");
    tracing::dispatcher::with_default(&app.logs.dispatch(), lines);
    run(&app, "daily-review");
    let newest = &app.get("/api/reports?kind=daily_review&limit=1").expect(200).json()[0];
    assert_eq!(newest["result"], "ok", "{newest}");
    let unseen = duty(&app, "logs");
    assert_eq!([&unseen["state"], &unseen["report_id"]], [&json!("due"), &due["report_id"]]);
    // Another warning does not put the first one off.
    tracing::dispatcher::with_default(&app.logs.dispatch(), || tracing::error!("No time"));
    run(&app, "daily-review");
    let twice = duty(&app, "logs");
    assert_ne!(twice["report_id"], due["report_id"], "{twice}");
    assert_eq!([&twice["state"], &twice["overdue_at"]], [&json!("due"), &due["overdue_at"]]);
    assert_eq!(open_incidents(&app, "duty:logs"), 0);
    app.clock.advance(2 * DAY_S);
    let late = duty(&app, "logs");
    assert_eq!([&late["done_by"], &late["state"]], [&json!("operator"), &json!("warning")]);
    wait::until("the incident", || (open_incidents(&app, "duty:logs") == 1).then_some(()));
    record(&app, "logs", &json!({"name": "Ada", "note": "the disk was enlarged"}));
    let seen = duty(&app, "logs");
    assert_eq!([&seen["done_by"], &seen["state"]], [&json!("appliance"), &json!("ok")], "{seen}");
    assert_eq!(seen["overdue_at"], Value::Null);
    assert_eq!(open_incidents(&app, "duty:logs"), 0, "the record closes it");
}

fn open_incidents(app: &TestApp, key: &str) -> usize {
    let open = app.get(&format!("/api/incidents?key={key}&state=open")).expect(200).json();
    open["incidents"].as_array().expect("a list").len()
}

/// A time on the wire this many days later.
fn days_after(time: &Value, days: i64) -> Value {
    let time: jiff::Timestamp = time.as_str().expect("a time").parse().expect("a time");
    let later = time + jiff::SignedDuration::from_hours(24 * days);
    json!(Time(Timestamp(later.as_microsecond())).to_string())
}

#[test]
fn overrides_are_to_be_reviewed_only_while_there_are_some() {
    let app = TestApp::empty();
    assert_eq!(duty(&app, "overrides")["state"], "ok");
    let device = app.provision("GW", "BACKBONE_GATEWAY");
    app.hold(device, &json!("DOWN"));
    let due = duty(&app, "overrides");
    assert_eq!(
        (&due["state"], &due["evidence"]),
        (&json!("due"), &json!("1 device or link is overridden"))
    );
    record(&app, "overrides", &json!({"name": "Ada", "note": "planned until Monday"}));
    assert_eq!(duty(&app, "overrides")["state"], "ok");
}

#[test]
fn the_action_of_a_duty_does_it() {
    let app = TestApp::empty();
    app.provision("GW", "BACKBONE_GATEWAY");
    let path = duty(&app, "backup")["action"]["path"].as_str().unwrap().to_owned();
    app.post(&path, &json!({})).expect(202);
    let backup = wait::until("the backup", || {
        let backup = duty(&app, "backup");
        (backup["state"] == "ok").then_some(backup)
    });
    assert!(backup["evidence"].as_str().unwrap().contains("was restored and compared"));
    assert_eq!(duty(&app, "restore-test")["state"], "ok");
}

/// Nobody records a review while there is nothing to look at.
#[test]
fn what_there_is_to_review_since_now_is_not_late() {
    let app = TestApp::empty();
    app.clock.hold();
    app.clock.advance(2 * DAY_S);
    let device = app.provision("GW", "BACKBONE_GATEWAY");
    app.hold(device, &json!("DOWN"));
    wait::until("the other duties are late", || {
        late(&app).contains(&"duty:off-host".to_owned()).then_some(())
    });
    assert!(!late(&app).contains(&"duty:overrides".to_owned()));
    assert_eq!(duty(&app, "overrides")["state"], "due");
}

#[test]
fn a_site_without_a_backup_is_new_at_first_and_unprotected_later() {
    let app = TestApp::empty();
    app.clock.hold();
    assert_eq!(duty(&app, "backup")["state"], "unknown");
    app.clock.advance(2 * DAY_S);
    let states = ["backup", "restore-test"].map(|key| duty(&app, key)["state"].clone());
    assert_eq!(states, ["error", "error"]);
    assert_eq!(app.get("/health").expect(200).json()["status"], "degraded");
}
