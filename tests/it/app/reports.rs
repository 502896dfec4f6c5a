//! The jobs that keep a report: run on the whole appliance, as a person would.

mod incident_drill;
mod reviews;

use serde_json::Value;
use unoc::store::{Report, ReportKind, ReportValue};

use crate::harness::{TestApp, wait};

/// Runs a job to its end. Returns the run.
#[track_caller]
fn ran(app: &TestApp, name: &str) -> Value {
    let begun = app.post(&format!("/api/jobs/{name}/run"), &Value::Null).expect(202).json();
    ended(app, name, &begun["id"])
}

/// Waits until the run of a job with this id has ended.
#[track_caller]
fn ended(app: &TestApp, name: &str, id: &Value) -> Value {
    wait::until(&format!("the end of {name}"), || {
        let job = app.get(&format!("/api/jobs/{name}")).expect(200).json();
        let runs = job["runs"].as_array().into_iter().flatten();
        runs.into_iter().find(|run| run["id"] == *id && run["result"] != "running").cloned()
    })
}

/// The newest report of a kind.
#[track_caller]
fn newest(app: &TestApp, kind: ReportKind) -> Report {
    let snapshot = app.handle.read();
    let heads = snapshot.reports(Some(kind), None, 1).expect("the reports");
    let head = heads.first().expect("a report");
    snapshot.report(head.id).expect("the report").expect("it is kept")
}

/// The rows of the table in the section with this title, as text; seconds as `s`.
#[track_caller]
fn rows(report: &Report, title: &str) -> Vec<Vec<String>> {
    let section = report.sections.iter().find(|section| section.title == title);
    let table = section.and_then(|section| section.table.as_ref()).expect("a table");
    table.rows.iter().map(|row| row.iter().map(text).collect()).collect()
}

fn text(value: &ReportValue) -> String {
    match value {
        ReportValue::Absent => "-".to_owned(),
        ReportValue::Text(text) => text.clone(),
        ReportValue::Count(count) | ReportValue::Bytes(count) => count.to_string(),
        ReportValue::Seconds(_) => "s".to_owned(),
        ReportValue::Percent(percent) => format!("{percent}"),
        ReportValue::Time(us) => us.to_string(),
    }
}
