//! Searching the trail and exporting it.

use http::Method;
use serde_json::{Value, json};
use unoc::query::{AUDIT_ROWS_SEARCHED_MAX, AuditFilter, search_audit};
use unoc::store::{AuditEvent, AuditOrigin, OpenOptions, Store};

use crate::harness::TestApp;
use crate::harness::commands::time;

fn rows(app: &TestApp, query: &str) -> Vec<Value> {
    let rows = app.get(&format!("/api/audit?{query}")).expect(200).json();
    rows.as_array().expect("a list").clone()
}

fn actions(app: &TestApp, query: &str) -> Vec<String> {
    let action = |row: &Value| row["action"].as_str().expect("a text").to_owned();
    rows(app, query).iter().map(action).collect()
}

#[test]
fn rows_are_found_by_each_filter() {
    let app = TestApp::empty();
    let id = app.provision("A", "POP");
    let headers = [("x-request-id", "find-4711"), ("content-type", "application/json")];
    let path = format!("/api/devices/{id}");
    app.send(Method::PATCH, &path, &headers, Some(r#"{"x":5,"y":6}"#)).expect(200);
    app.patch("/api/settings", &json!({"exports": false})).expect(200);

    let all = ["change settings", "update device", "provision device", "start service"];
    assert_eq!(actions(&app, ""), all);
    assert_eq!(actions(&app, "action=DEVICE"), ["update device", "provision device"]);
    assert_eq!(actions(&app, "q=find-4711"), ["update device"]);
    assert_eq!(actions(&app, "q=exports"), ["change settings"], "in the details");
    assert_eq!(actions(&app, "actor=nobody"), [""; 0]);
    assert_eq!(actions(&app, "outcome=refused"), [""; 0]);
    assert_eq!(actions(&app, "outcome=done&actor=api&limit=1"), ["change settings"]);
    let at = rows(&app, "q=find-4711")[0]["at"].as_str().expect("a time").to_owned();
    assert_eq!(actions(&app, &format!("from={at}")), ["change settings", "update device"]);
    assert_eq!(actions(&app, &format!("to={at}")), all[2..]);
    for wrong in ["outcome=perhaps", "from=yesterday", "limit=0"] {
        app.get(&format!("/api/audit?{wrong}")).expect(422);
    }
    let too_long = "x".repeat(201);
    app.get(&format!("/api/audit?q={too_long}")).expect(422);
}

#[test]
fn an_event_has_details_before_and_after_and_a_hash() {
    let app = TestApp::empty();
    app.patch("/api/settings", &json!({"exports": false})).expect(200);
    let row = rows(&app, "limit=1").remove(0);
    let changed = json!([{"setting": "exports", "before": 1, "after": 0}]);
    assert_eq!(row["details"]["changes"], changed);
    assert_eq!((&row["outcome"], &row["address"]), (&json!("done"), &json!("127.0.0.1")));
    assert_eq!((&row["change_count"], &row["changes"]), (&json!(0), &json!([])));
    assert_eq!(row["hash"].as_str().expect("a hash").len(), 64);
    assert_eq!(row["undo"]["is_possible"], false);
    assert_eq!(row["undo"]["reason"], "It changed nothing in the network");
    assert_eq!(app.seq(), 0, "an event is no commit of the network");
}

/// The undo of a request passes over what it did beside changing the network.
#[test]
fn a_request_with_an_event_is_undone_all_the_same() {
    let app = TestApp::empty();
    let headers = [("x-request-id", "both"), ("content-type", "application/json")];
    let body = r#"{"name":"A","device_type":"POP"}"#;
    app.send(Method::POST, "/api/devices/provision", &headers, Some(body)).expect(201);
    let settings = r#"{"exports":false}"#;
    app.send(Method::PATCH, "/api/settings", &headers, Some(settings)).expect(200);
    let only = [("x-request-id", "only"), ("content-type", "application/json")];
    app.send(Method::PATCH, "/api/settings", &only, Some(r#"{"exports":true}"#)).expect(200);
    let refused = app.post("/api/undo", &json!({"request_id": "only"})).expect(409);
    assert!(refused.text().contains("changed nothing"), "{}", refused.text());
    app.post("/api/undo", &json!({"request_id": "both"})).expect(200);
    assert_eq!(app.get("/api/devices").expect(200).text(), "[]");
}

#[test]
fn a_search_goes_on_where_the_last_answer_ended() {
    let app = TestApp::empty();
    for number in 0..5 {
        app.provision(&format!("P{number}"), "POP");
    }
    let first = app.get("/api/audit?limit=2&action=provision").expect(200);
    let link = first.header("link").expect("a next page").to_owned();
    assert!(link.contains("before=4") && link.contains("action=provision"), "{link}");
    let last = app.get("/api/audit?limit=2&before=2").expect(200);
    assert_eq!(last.header("link"), None, "nothing is older");
}

/// An answer takes bounded time, however few rows suit.
#[test]
fn a_search_reads_a_bounded_number_of_rows() {
    let directory = tempfile::tempdir().unwrap();
    let options = OpenOptions { cache_bytes: 16 << 20, now: time(0), site_id: None };
    let store = Store::open(directory.path(), options).unwrap();
    let event = |action| AuditEvent::done(AuditOrigin::local("test"), action, Value::Null);
    let (rare, frequent) = (event("rare"), event("frequent"));
    store.record_events(&[&rare], time(1)).unwrap();
    let many = vec![&frequent; AUDIT_ROWS_SEARCHED_MAX];
    store.record_events(&many, time(2)).unwrap();
    let filter = AuditFilter { action: Some("RARE".to_owned()), ..AuditFilter::default() };
    let snapshot = store.read().unwrap();
    let page = search_audit(&snapshot, &filter, None, 10).unwrap();
    assert_eq!((page.ids, page.next_before), (vec![], Some(1)), "it says where to go on");
    let page = search_audit(&snapshot, &filter, Some(1), 10).unwrap();
    assert_eq!((page.ids, page.next_before), (vec![0], None));
}

#[test]
fn the_trail_is_exported_with_its_hashes() {
    let app = TestApp::empty();
    app.provision("=SUM(1)", "POP");
    let answer = app.get("/api/audit/export").expect(200);
    assert_eq!(answer.header("content-type"), Some("application/x-ndjson"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let lines: Vec<Value> =
        answer.text().lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines[0]["kind"], "audit trail");
    assert_eq!(lines[0]["chain"]["first_id"], 0);
    assert_eq!(
        (&lines[1]["actor"], &lines[1]["action"]),
        (&"system".into(), &"start service".into())
    );
    assert_eq!(lines[2]["changes"][0]["after"]["name"], "=SUM(1)");
    assert_eq!(lines[3]["action"], "export audit trail", "the export itself");
    assert_eq!(lines[0]["head"]["hash"], lines[3]["hash"]);
    assert_eq!(lines.len(), 4);
    let csv = app.get("/api/audit/export?format=csv").expect(200);
    assert_eq!(csv.header("content-type"), Some("text/csv; charset=utf-8"));
    let lines: Vec<&str> = csv.text().lines().collect();
    assert!(lines[0].ends_with("id,at,actor,address,request_id,action,outcome,details,change_count,seq,undone_ids,changes_sha256,hash"), "{}", lines[0]);
    assert_eq!(lines.len(), 5);
    app.get("/api/audit/export?format=xml").expect(422);
    app.patch("/api/settings", &json!({"exports": false})).expect(200);
    assert!(app.get("/api/audit/export").status >= 400, "exports are off");
}
