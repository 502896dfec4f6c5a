//! The jobs that keep a report: run on the whole appliance, as a person would.

mod disaster_drill;
mod incident_drill;
mod provisioning_test;
mod reviews;

use std::path::Path;

use serde_json::Value;
use unoc::store::{Report, ReportKind, ReportValue};

use crate::harness::process::Server;
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

/// Begins a run in a process of its own and kills it with signal 9 as soon as `path` exists. Returns false
/// if the run ended before.
fn killed_at(server: Server, job: &str, path: &Path) -> bool {
    let begun = server.http.post(&format!("/api/jobs/{job}/run"), &Value::Null);
    let id = begun.expect(202).json()["id"].take();
    let has_begun = wait::until("the path or the end", || {
        let is_there = path.exists();
        let job = server.http.get(&format!("/api/jobs/{job}")).expect(200).json();
        let has_ended = job["running"].is_null() && job["runs"][0]["id"] == id;
        (is_there || has_ended).then_some(is_there)
    });
    server.end_by("KILL");
    has_begun
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
