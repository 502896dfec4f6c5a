//! Reports over HTTP: lists by kind, one as JSON with units and as text.

use serde_json::{Value, json};
use unoc::domain::Timestamp;
use unoc::store::{
    NewReport, ReportFact, ReportKind, ReportResult, ReportSection, ReportTable, ReportValue,
};

use crate::harness::TestApp;
use crate::harness::http::keys_of;

const AT_US: i64 = 1_795_439_016_111_211;

fn report(kind: ReportKind) -> NewReport {
    let fact = |label: &str, value| ReportFact { label: label.to_owned(), value };
    let facts = vec![
        fact("Free", ReportValue::Bytes(1536)),
        fact("Took", ReportValue::Seconds(0.5)),
        fact("Used", ReportValue::Percent(12.5)),
        fact("Full on", ReportValue::Time(AT_US)),
        fact("Before", ReportValue::Absent),
    ];
    let row = vec![ReportValue::Text("Retry …".to_owned()), ReportValue::Count(3)];
    let columns = vec!["Message".to_owned(), "Count".to_owned()];
    NewReport {
        kind,
        started_at: Timestamp(AT_US),
        ended_at: Timestamp(AT_US + 1_000_000),
        result: ReportResult::Warning,
        summary: "Look at the disk".to_owned(),
        sections: vec![ReportSection {
            title: "Disk".to_owned(),
            text: Some("As it is now.".to_owned()),
            facts,
            table: Some(ReportTable { columns, rows: vec![row], omitted: 1 }),
        }],
    }
}

fn keep(app: &TestApp, kind: ReportKind) -> u64 {
    let added = app.handle.add_report(report(kind));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(added).expect("it is kept")
}

#[test]
fn reports_are_listed_by_kind_and_kept_across_a_restart() {
    let app = TestApp::empty();
    assert_eq!(app.get("/api/reports").expect(200).json(), json!([]));
    keep(&app, ReportKind::Capacity);
    keep(&app, ReportKind::DailyReview);
    keep(&app, ReportKind::Capacity);
    let app = app.restart(|_| {});
    let ids = |query: &str| -> Vec<Value> {
        let list = app.get(&format!("/api/reports{query}")).expect(200).json();
        list.as_array().expect("a list").iter().map(|report| report["id"].clone()).collect()
    };
    assert_eq!(ids(""), [3, 2, 1]);
    assert_eq!(ids("?kind=capacity"), [3, 1]);
    assert_eq!(ids("?kind=capacity&before=3"), [1]);
    assert_eq!(ids("?limit=1"), [3]);
    assert_eq!(ids("?kind=pruning"), [0; 0]);
    let answer = app.get("/api/reports").expect(200);
    let first = answer.text().split_once('[').expect("a list").1;
    let keys = ["id", "kind", "title", "started_at", "ended_at", "result", "summary"];
    assert_eq!(keys_of(first), keys);
}

#[test]
fn a_report_has_typed_values_and_a_text() {
    let app = TestApp::empty();
    let id = keep(&app, ReportKind::Capacity);
    let found = app.get(&format!("/api/reports/{id}")).expect(200).json();
    assert_eq!(found["ended_at"], "2026-11-23T13:03:37.111211Z");
    let section = &found["sections"][0];
    assert_eq!((&section["title"], &section["text"]), (&json!("Disk"), &json!("As it is now.")));
    assert_eq!(
        section["facts"],
        json!([
            {"label": "Free", "value": {"unit": "bytes", "value": 1536}},
            {"label": "Took", "value": {"unit": "seconds", "value": 0.5}},
            {"label": "Used", "value": {"unit": "percent", "value": 12.5}},
            {"label": "Full on", "value": {"unit": "time", "value": "2026-11-23T13:03:36.111211Z"}},
            {"label": "Before", "value": null},
        ])
    );
    assert_eq!(
        section["table"],
        json!({
            "columns": ["Message", "Count"],
            "rows": [[{"unit": "text", "value": "Retry …"}, {"unit": "count", "value": 3}]],
            "omitted_count": 1,
        })
    );
    let text = app.get(&format!("/api/reports/{id}/text")).expect(200).text().to_owned();
    assert!(text.starts_with("Capacity: warning\nReport 1, 2026-11-23 13:03 UTC"), "{text}");
    assert!(text.contains("\nDISK\nAs it is now.\n  Free     1.5 KiB\n"), "{text}");
}

#[test]
fn what_does_not_exist_is_refused() {
    let app = TestApp::empty();
    app.get("/api/reports/1").expect(404);
    app.get("/api/reports/1/text").expect(404);
    app.get("/api/reports/x").expect(422);
    for query in ["kind=nothing", "limit=0", "limit=501", "before=x"] {
        app.get(&format!("/api/reports?{query}")).expect(422);
    }
}
