//! `/api/logs`: pages, filters, files, levels and the daily summary.

use serde_json::{Value, json};
use tracing::{debug, error, info, warn};
use unoc::domain::Timestamp;

use crate::harness::TestApp;
use crate::harness::app::START_MICROS;
use crate::harness::site::text_of;
use crate::harness::wait;

const HOUR_MICROS: i64 = 3_600_000_000;

/// Logs into the app's own log.
fn log(app: &TestApp, lines: impl FnOnce()) {
    tracing::dispatcher::with_default(&app.logs.dispatch(), lines);
}

fn messages(answer: &Value) -> Vec<&str> {
    answer["lines"]
        .as_array()
        .expect("lines")
        .iter()
        .map(|line| text_of(&line["message"]))
        .collect()
}

fn put(app: &TestApp, body: &Value) -> crate::harness::http::Answer {
    let headers = [("content-type", "application/json"), ("x-request-id", "level-1")];
    app.send(http::Method::PUT, "/api/logs/levels", &headers, Some(&body.to_string()))
}

#[test]
fn a_line_has_everything_and_pages_go_back_in_time() {
    let app = TestApp::empty();
    app.clock.hold();
    log(&app, || {
        info!(target: "unoc::sync::round", { request.id = "r-1", rows = 7 }, "Sent 7 rows");
        (0..5).for_each(|number| info!("Line {number}"));
    });
    let first = app.get("/api/logs?target=unoc::sync").expect(200).json();
    let line = &first["lines"][0];
    assert_eq!(
        *line,
        json!({
            "id": line["id"], "at": "2026-11-23T13:03:36.111211Z", "level": "INFO",
            "target": "unoc::sync::round", "message": "Sent 7 rows", "request_id": "r-1",
            "fields": {"rows": 7},
        })
    );
    assert_eq!(first["next_before"], Value::Null);
    let mut path = "/api/logs?limit=2".to_owned();
    let mut seen = Vec::new();
    loop {
        let page = app.get(&path).expect(200).json();
        seen.extend(messages(&page).into_iter().map(str::to_owned));
        if page["next_before"].is_null() {
            break;
        }
        path = format!("/api/logs?limit=2&before={}", page["next_before"]);
    }
    assert_eq!(seen, ["Line 4", "Line 3", "Line 2", "Line 1", "Line 0", "Sent 7 rows"]);
}

#[test]
fn lines_are_found_by_level_text_request_and_time() {
    let app = TestApp::empty();
    app.clock.hold();
    log(&app, || {
        info!(request.id = "r-1", error = "No Room left", "One");
        debug!("Not logged");
    });
    app.clock.jump_to(Timestamp(START_MICROS + HOUR_MICROS));
    log(&app, || {
        warn!("Two");
        error!("Drei Straßen");
    });
    let check = |query: &str, expected: &[&str]| {
        let answer = app.get(&format!("/api/logs?{query}")).expect(200).json();
        assert_eq!(messages(&answer), expected, "{query}");
    };
    check("", &["Drei Straßen", "Two", "One"]);
    check("level=warn", &["Drei Straßen", "Two"]);
    check("level=ERROR", &["Drei Straßen"]);
    check("text=no+room", &["One"]);
    check("text=STRA%C3%9FEN", &["Drei Straßen"]);
    check("request_id=r-1", &["One"]);
    check("request_id=r", &[]);
    check("since=2026-11-23T14:00:00Z", &["Drei Straßen", "Two"]);
    check("target=unoc::sync", &[]);
    check("text=&target=&request_id=", &["Drei Straßen", "Two", "One"]);
    for query in ["level=loud", "limit=0", "limit=1001", "since=noon", "before=x", "after=-1"] {
        app.get(&format!("/api/logs?{query}")).expect(422);
    }
    app.get(&format!("/api/logs?text={}", "x".repeat(201))).expect(422);
}

#[test]
fn the_log_is_a_file_oldest_first_and_can_be_followed() {
    let app = TestApp::empty();
    app.clock.hold();
    log(&app, || {
        (0..2_500).for_each(|number| info!(number, "Line {number} of a \"file\""));
        warn!(request.id = "r 2", cause = "two words", "Last");
    });
    let answer = app.get("/api/logs/export?format=jsonl").expect(200);
    assert_eq!(answer.header("content-type"), Some("application/x-ndjson"));
    assert_eq!(answer.header("content-disposition"), Some("attachment; filename=\"unoc.jsonl\""));
    let lines: Vec<Value> =
        answer.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2_501);
    assert!(lines.windows(2).all(|pair| pair[0]["id"].as_u64() < pair[1]["id"].as_u64()));
    let last_id = answer.header("x-unoc-log-id").unwrap();
    assert_eq!(lines[2_500]["id"].to_string(), last_id);

    let text = app.get("/api/logs/export?last=2").expect(200);
    assert_eq!(text.header("content-type"), Some("text/plain; charset=utf-8"));
    let target = text_of(&lines[0]["target"]);
    let at = "2026-11-23T13:03:36.111211Z";
    assert_eq!(
        text.text(),
        format!(
            "{at}  INFO {target}: Line 2499 of a \"file\" number=2499\n\
             {at}  WARN {target}: Last request.id=r 2 cause=\"two words\"\n"
        )
    );
    let path = format!("/api/logs/export?after={last_id}");
    assert_eq!(app.get(&path).expect(200).text(), "");
    log(&app, || info!("Next"));
    let next = app.get(&path).expect(200);
    assert!(next.text().ends_with("Next\n") && next.text().lines().count() == 1);
    assert_eq!(app.get("/api/logs/export?last=0").expect(200).text(), "");
}

#[test]
fn a_level_is_changed_for_a_time_and_the_log_says_who_did_it() {
    let app = TestApp::empty();
    app.clock.hold();
    let unchanged = app.get("/api/logs/levels").expect(200).json();
    assert_eq!(unchanged, json!({"default_level": "INFO", "for_s_max": 3600, "changes": []}));
    let logs = app.logs.dispatch();
    let detail =
        || tracing::dispatcher::with_default(&logs, || debug!(target: "unoc::sync::x", "Detail"));
    detail();
    let change = json!({"target": "unoc::sync", "level": "debug", "for_s": 600});
    let changed = put(&app, &change).expect(200).json();
    assert_eq!(
        changed["changes"],
        json!([{
            "target": "unoc::sync", "level": "DEBUG", "actor": "api 127.0.0.1",
            "set_at": "2026-11-23T13:03:36.111211Z", "ends_at": "2026-11-23T13:13:36.111211Z",
            "ends_in_s": 600,
        }])
    );
    detail();
    app.clock.jump_to(Timestamp(START_MICROS + 599_000_000));
    assert_eq!(app.get("/api/logs/levels").expect(200).json()["changes"][0]["ends_in_s"], 1);
    app.clock.jump_to(Timestamp(START_MICROS + 600_000_000));
    wait::until("the level is back", || {
        let levels = app.get("/api/logs/levels").expect(200).json();
        (levels == unchanged).then_some(())
    });
    detail();
    let answer = app.get("/api/logs").expect(200).json();
    assert_eq!(messages(&answer), ["Detail"], "it is logged only while the level is changed");
}

#[test]
fn a_level_ends_on_request_and_wrong_ones_are_refused() {
    let app = TestApp::empty();
    app.clock.hold();
    for target in ["unoc::api", "unoc::sync"] {
        put(&app, &json!({"target": target, "level": "TRACE"})).expect(200);
    }
    let targets = |answer: &Value| -> Vec<String> {
        let changes = answer["changes"].as_array().expect("changes").iter();
        changes.map(|change| text_of(&change["target"]).to_owned()).collect()
    };
    let left = app.delete("/api/logs/levels?target=unoc::api").expect(200).json();
    assert_eq!(targets(&left), ["unoc::sync"]);
    assert_eq!(left["changes"][0]["ends_in_s"], 3600, "an hour unless it is said");
    assert_eq!(targets(&app.delete("/api/logs/levels").expect(200).json()), [""; 0]);
    for (key, wrong) in [
        ("level", json!("ERROR")),
        ("level", json!("off")),
        ("target", json!("tokio_postgres")),
        ("target", json!("unoc::Sync")),
        ("for_s", json!(0)),
        ("for_s", json!(3601)),
    ] {
        let mut body = json!({"target": "unoc", "level": "WARN", "for_s": 60});
        body[key] = wrong;
        let answer = put(&app, &body).expect(422);
        assert_eq!(answer.detail()[0]["loc"], json!(["body", key]), "{}", answer.text());
    }
    for number in 0..16 {
        put(&app, &json!({"target": format!("unoc::m{number}"), "level": "DEBUG"})).expect(200);
    }
    put(&app, &json!({"target": "unoc::more", "level": "DEBUG"})).expect(409);
}

#[test]
fn the_summary_groups_warnings_and_errors_and_tells_what_is_new() {
    let app = TestApp::empty();
    let at = |hours: i64, lines: &dyn Fn()| {
        app.clock.jump_to(Timestamp(START_MICROS + hours * HOUR_MICROS));
        log(&app, lines);
    };
    at(1, &|| warn!(target: "unoc::sync", "Retry 1 of \"a\""));
    at(25, &|| warn!(target: "unoc::sync", "Retry 2 of \"b\""));
    at(26, &|| {
        error!(target: "unoc::backup", { path = "/b" }, "Backup 7 failed");
        info!("Nothing wrong");
    });
    let summary = app.get("/api/logs/summary").expect(200).json();
    let numbers =
        ["error_count", "warning_count", "group_count", "new_count"].map(|key| &summary[key]);
    assert_eq!(numbers, [1, 1, 2, 1]);
    assert_eq!(summary["since"], "2026-11-23T15:03:36.111211Z");
    assert_eq!(summary["complete_since"], summary["compared_since"]);
    let groups = summary["groups"].as_array().unwrap();
    assert_eq!(groups[0]["message"], "Backup … failed");
    assert_eq!(groups[0]["target"], "unoc::backup");
    assert_eq!(groups[0]["is_new"], true);
    assert_eq!(groups[0]["example"]["fields"], json!({"path": "/b"}));
    assert_eq!(groups[1]["message"], "Retry … of \"…\"");
    assert_eq!(groups[1]["is_new"], false);
    assert_eq!(groups[1]["first_at"], "2026-11-24T14:03:36.111211Z");
    let all = app.get("/api/logs/summary?since=2026-11-20T00:00:00Z").expect(200).json();
    assert_eq!(all["compared_since"], Value::Null);
    assert_eq!(all["groups"][1]["count"], 2);
    assert_eq!(all["groups"][1]["is_new"], Value::Null);
    app.get("/api/logs/summary?since=noon").expect(422);
}
