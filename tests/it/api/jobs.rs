//! Scheduled jobs over HTTP.

use serde_json::{Value, json};

use crate::harness::http::{Answer, keys_of};
use crate::harness::{TestApp, wait};

/// Waits until no run of the job is active, and returns the job.
fn idle(app: &TestApp, name: &str) -> Value {
    wait::until("the run ends", || {
        let job = app.get(&format!("/api/jobs/{name}")).expect(200).json();
        job["running"].is_null().then_some(job)
    })
}

fn run(app: &TestApp, name: &str) -> Answer {
    app.post(&format!("/api/jobs/{name}/run"), &json!(null))
}

#[test]
fn jobs_are_listed_with_schedules_and_runs() {
    let app = TestApp::empty();
    let answer = app.get("/api/jobs").expect(200);
    assert_eq!(keys_of(answer.text()), ["timezone", "utc_offset", "timezone_fault", "jobs"]);
    let list = answer.json();
    assert!(!list["timezone"].as_str().unwrap().is_empty());
    let job = app.get("/api/jobs/self-check").expect(200);
    assert_eq!(
        keys_of(job.text()),
        [
            "name",
            "title",
            "schedule",
            "default_schedule",
            "is_enabled",
            "next_run_at",
            "next_run_local",
            "running",
            "runs"
        ]
    );
    let job = job.json();
    assert!(list["jobs"].as_array().unwrap().iter().any(|listed| listed["name"] == "self-check"));
    assert_eq!(job["title"], "Self-check");
    assert_eq!(
        (&job["schedule"], &job["default_schedule"]),
        (&json!("0 6 * * *"), &job["schedule"])
    );
    assert_eq!(
        (&job["is_enabled"], &job["running"], &job["runs"]),
        (&json!(true), &json!(null), &json!([]))
    );
    assert!(job["next_run_at"].as_str().unwrap().ends_with('Z'), "{job}");
}

#[test]
fn a_job_can_be_run_now() {
    let app = TestApp::demo();
    let begun = run(&app, "self-check").expect(202);
    assert_eq!(
        keys_of(begun.text()),
        [
            "id",
            "trigger",
            "started_at",
            "started_local",
            "ended_at",
            "duration_ms",
            "result",
            "message",
            "log",
            "report_id"
        ]
    );
    let begun = begun.json();
    assert_eq!((&begun["id"], &begun["trigger"]), (&json!(1), &json!("manual")));
    assert_eq!((&begun["result"], &begun["ended_at"]), (&json!("running"), &json!(null)));
    let ended = &idle(&app, "self-check")["runs"][0];
    assert_eq!((&ended["id"], &ended["result"]), (&json!(1), &json!("ok")));
    let message = ended["message"].as_str().unwrap();
    assert!(message.starts_with("77 devices, 503 interfaces, 78 links; "), "{message}");
    assert!(message.ends_with(" MiB free"), "{message}");
    assert_eq!(ended["log"][0], "The engine responds.");
    assert!(ended["duration_ms"].as_u64().unwrap() >= 1_000, "the test's clock ticks: {ended}");
    assert_eq!(ended["started_at"], begun["started_at"]);
    run(&app, "self-check").expect(202);
    assert_eq!(idle(&app, "self-check")["runs"][0]["id"], 2, "the newest first");
}

#[test]
fn at_most_twenty_runs_are_shown() {
    let app = TestApp::empty();
    for _ in 0..22 {
        run(&app, "self-check").expect(202);
        idle(&app, "self-check");
    }
    let job = idle(&app, "self-check");
    assert_eq!(job["runs"].as_array().unwrap().len(), 20);
    assert_eq!((&job["runs"][0]["id"], &job["runs"][19]["id"]), (&json!(22), &json!(3)));
}

#[test]
fn a_job_can_be_rescheduled_disabled_and_reset() {
    let app = TestApp::empty();
    let path = "/api/jobs/self-check";
    let job = app.patch(path, &json!({"schedule": "*/5 * * * *"})).expect(200).json();
    assert_eq!(job["schedule"], "*/5 * * * *");
    assert_eq!(job["default_schedule"], "0 6 * * *");
    let job = app.patch(path, &json!({"is_enabled": false})).expect(200).json();
    assert_eq!((&job["is_enabled"], &job["next_run_at"]), (&json!(false), &json!(null)));
    assert_eq!(job["schedule"], "*/5 * * * *");
    run(&app, "self-check").expect(202);
    assert_eq!(idle(&app, "self-check")["runs"][0]["result"], "ok", "asked for, it runs");
    let job = app.patch(path, &json!({"schedule": null, "is_enabled": true})).expect(200).json();
    assert_eq!((&job["is_enabled"], &job["schedule"]), (&json!(true), &json!("0 6 * * *")));
    assert_eq!(app.patch(path, &json!({})).expect(200).json()["schedule"], "0 6 * * *");
}

#[test]
fn errors_are_reported() {
    let app = TestApp::empty();
    let path = "/api/jobs/self-check";
    let fault = |body: Value| {
        let detail = app.patch(path, &body).expect(422).detail();
        (detail[0]["loc"].clone(), detail[0]["msg"].as_str().unwrap().to_owned())
    };
    let (place, text) = fault(json!({"schedule": "61 * * * *"}));
    assert_eq!(place, json!(["body", "schedule"]));
    assert!(text.starts_with("Value error, the minute \"61\" is not understood: "), "{text}");
    assert!(fault(json!({"schedule": "* * * *"})).1.contains("five fields"));
    assert!(fault(json!({"schedule": "0 0 30 2 *"})).1.contains("no such day"));
    assert_eq!(fault(json!({"schedule": 5})).1, "Input should be a valid string");
    assert_eq!(fault(json!({"is_enabled": null})).0, json!(["body", "is_enabled"]));
    assert_eq!(app.get(path).expect(200).json()["schedule"], "0 6 * * *");
    for answer in [
        app.get("/api/jobs/nobody"),
        run(&app, "nobody"),
        app.patch("/api/jobs/nobody", &json!({"is_enabled": true})),
    ] {
        assert_eq!(answer.expect(404).detail(), "Job not found");
    }
    app.get("/api/jobs/%ff").expect(400);
    app.delete(path).expect(405);
}
