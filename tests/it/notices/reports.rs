//! Reports to contacts: each kind to those who take it, once, also when the receiver or the appliance was away.

use std::time::Duration;

use serde_json::{Value, json};
use unoc::domain::Timestamp;
use unoc::store::{NewReport, ReportFact, ReportKind, ReportResult, ReportSection, ReportValue};

use crate::engine::kill9::server::{Home, Server};
use crate::harness::certificates::Authority;
use crate::harness::http::Http;
use crate::harness::receiver::{Received, WebhookReceiver};
use crate::harness::site::text_of;
use crate::harness::smtp::{SmtpReceiver, SmtpTls};
use crate::harness::{TestApp, wait};

const PAGE: &str = "https://noc.example.org/operations/reports";

/// An appliance with these contacts, whose jobs run only when the test asks for it.
fn app(contacts: &Value, more: &[(&str, &str)]) -> TestApp {
    let contacts = contacts.to_string();
    let variables = [
        ("UNOC_CONTACTS", contacts.as_str()),
        ("UNOC_PUBLIC_URL", "https://noc.example.org"),
        ("UNOC_INSECURE_NO_AUTH", "1"),
    ];
    let app = TestApp::with_environment(&[&variables[..], more].concat());
    app.clock.hold();
    for name in ["backup", "verify", "prune", "daily-review", "capacity"] {
        app.patch(&format!("/api/jobs/{name}"), &json!({"is_enabled": false})).expect(200);
    }
    app
}

fn webhook(name: &str, receiver: &WebhookReceiver, reports: &Value) -> Value {
    json!({"name": name, "webhook": receiver.url("/"), "severities": [], "reports": reports})
}

/// Runs a job to its end. Returns the id of its report.
#[track_caller]
fn report_of(http: &Http, job: &str) -> u64 {
    let begun = http.post(&format!("/api/jobs/{job}/run"), &Value::Null).expect(202).json();
    wait::until("the report of the run", || {
        let found = http.get(&format!("/api/jobs/{job}")).expect(200).json();
        let run = found["runs"].as_array()?.iter().find(|run| run["id"] == begun["id"])?.clone();
        run["report_id"].as_u64()
    })
}

/// The notices of reports, oldest first, once they have these states.
#[track_caller]
fn states(http: &Http, expected: &[&str]) -> Vec<Value> {
    wait::until(&format!("notices of reports that are {expected:?}"), || {
        let list = http.get("/api/notices?limit=500").expect(200).json();
        let of_reports = list.as_array()?.iter().filter(|notice| !notice["report_id"].is_null());
        let mut notices: Vec<Value> = of_reports.cloned().collect();
        notices.reverse();
        let states: Vec<&str> = notices.iter().map(|notice| text_of(&notice["state"])).collect();
        (states == expected).then_some(notices)
    })
}

fn report_ids(received: &[Received]) -> Vec<u64> {
    received.iter().filter_map(|one| one.body["report"]["id"].as_u64()).collect()
}

#[test]
fn each_kind_is_sent_to_those_who_take_it() {
    let (all, some, none) =
        (WebhookReceiver::start(), WebhookReceiver::start(), WebhookReceiver::start());
    let contacts = json!([
        webhook("all", &all, &json!(["all"])),
        webhook("some", &some, &json!(["capacity"])),
        webhook("none", &none, &json!([])),
    ]);
    let app = app(&contacts, &[]);
    let capacity = report_of(&app, "capacity");
    all.wait_for(1);
    some.wait_for(1);
    let pruning = report_of(&app, "prune");
    assert_eq!(report_ids(&all.wait_for(2)), [capacity, pruning]);
    let notices = states(&app, &["sent"; 3]);
    assert_eq!(
        (&notices[0]["event"], &notices[0]["incident_id"], &notices[0]["report_id"]),
        (&json!("reported"), &Value::Null, &json!(capacity))
    );
    let [told] = &some.all()[..] else { panic!("{:?}", some.all()) };
    let body = &told.body;
    assert_eq!((&body["version"], &body["is_test"]), (&json!(1), &json!(false)));
    assert_eq!((&body["subject"], &body["notices"]), (&json!("[UNOC] Capacity: ok"), &json!([])));
    let url = json!(format!("{PAGE}/{capacity}"));
    assert_eq!(body["url"], url);
    let kept = app.get(&format!("/api/reports/{capacity}")).expect(200).json();
    let keys = ["id", "kind", "title", "result", "summary", "started_at", "ended_at"];
    let mut expected: Value = keys.iter().map(|key| (*key, kept[*key].clone())).collect();
    expected["url"] = url;
    assert_eq!(body["report"], expected);
    let printed = app.get(&format!("/api/reports/{capacity}/text")).expect(200);
    assert!(text_of(&body["text"]).starts_with(printed.text().trim_end()), "{body}");
    assert!(none.all().is_empty());
    let listed = app.get("/api/contacts").expect(200).json();
    let reports = |at: usize| listed["contacts"][at]["reports"].clone();
    let kinds = ReportKind::ALL.map(ReportKind::as_str);
    assert_eq!((reports(0), reports(1)), (json!(kinds), json!(["capacity"])));
}

#[test]
fn an_e_mail_has_the_text_that_is_printed() {
    let authority = Authority::new();
    let receiver = SmtpReceiver::start(SmtpTls::Off, &authority.issue(&["127.0.0.1"]));
    let url = format!("smtp://{}?tls=none", receiver.address);
    let contacts = json!([{"name": "manager", "email": "m@example.org", "reports": ["capacity"]}]);
    let app = app(&contacts, &[("UNOC_SMTP_URL", &url), ("UNOC_MAIL_FROM", "unoc@example.org")]);
    let id = report_of(&app, "capacity");
    let mail = receiver.wait_for(1).remove(0);
    assert!(mail.text.contains("Subject: [UNOC] Capacity: ok"), "{}", mail.text);
    let printed = app.get(&format!("/api/reports/{id}/text")).expect(200);
    for line in printed.text().lines().filter(|line| line.len() < 70) {
        assert!(mail.text.contains(line.trim_end()), "{line}: {}", mail.text);
    }
    assert!(mail.text.contains(&format!("Page: {PAGE}/{id}")), "{}", mail.text);
}

#[test]
fn a_chat_gets_the_result_the_summary_and_a_link() {
    for (form, pointer) in [("slack", "/text"), ("ntfy", "/message"), ("teams", "/attachments/0")] {
        let receiver = WebhookReceiver::start();
        let webhook = json!({"url": receiver.url("/hooks/topic"), "form": form});
        let contacts = json!([{"name": "chat", "webhook": webhook, "reports": ["capacity"]}]);
        let app = app(&contacts, &[]);
        let id = report_of(&app, "capacity");
        let told = receiver.wait_for(1).remove(0).body;
        let said = told.pointer(pointer).unwrap_or_else(|| panic!("{told}")).to_string();
        let summary = app.get(&format!("/api/reports/{id}")).expect(200).json()["summary"].take();
        assert!(said.contains(text_of(&summary)) && said.contains(PAGE), "{form}: {told}");
        assert!(told.to_string().contains("Capacity: ok"), "{form}: {told}");
        assert!(!said.contains("Use and growth"), "{form} has no tables: {told}");
    }
}

#[test]
fn a_report_waits_for_a_receiver_that_is_away_also_over_a_restart() {
    let first = WebhookReceiver::start();
    let address = first.address;
    let app = app(&json!([webhook("manager", &first, &json!(["capacity"]))]), &[]);
    drop(first);
    let id = report_of(&app, "capacity");
    let tried = |app: &TestApp, count: u64| {
        wait::until(&format!("{count} attempts"), || {
            let notice = states(app, &["pending"]).remove(0);
            (notice["attempt_count"].as_u64()? >= count).then_some(())
        })
    };
    tried(&app, 1);
    let app = app.restart(|clock| clock.advance(10));
    tried(&app, 2);
    let receiver = WebhookReceiver::start_at(address);
    app.clock.advance(20);
    assert_eq!(report_ids(&receiver.wait_for(1)), [id]);
    states(&app, &["sent"]);
    let app = app.restart(|clock| clock.advance(60));
    let next = report_of(&app, "capacity");
    assert_eq!(report_ids(&receiver.wait_for(2)), [id, next], "none is sent twice");
}

#[test]
fn a_contact_that_gets_no_report_is_an_incident_and_the_report_is_given_up_after_a_day() {
    let receiver = WebhookReceiver::start();
    receiver.answer(500);
    let app = app(&json!([webhook("manager", &receiver, &json!(["capacity"]))]), &[]);
    report_of(&app, "capacity");
    for attempt in 1..=5 {
        receiver.wait_for(attempt);
        wait::until("the attempt is recorded", || {
            let contact = app.get("/api/contacts").expect(200).json()["contacts"][0].clone();
            (contact["failure_count"] == attempt).then_some(())
        });
        app.clock.advance(5 << attempt);
    }
    wait::until("the incident of the contact", || {
        let open = app.get("/api/incidents?key=notice:manager&state=open").expect(200).json();
        (open["incidents"].as_array()?.len() == 1).then_some(())
    });
    app.clock.advance(24 * 60 * 60);
    let given_up = states(&app, &["failed"]).remove(0);
    assert!(text_of(&given_up["error"]).contains("HTTP 500"), "{given_up}");
}

/// The quiet hours are in the time zone of the host, which the test does not know: they are nearly all day.
#[test]
fn a_report_waits_for_the_end_of_the_quiet_hours() {
    let receiver = WebhookReceiver::start();
    let mut contact = webhook("manager", &receiver, &json!(["capacity"]));
    contact["quiet_hours"] = json!("00:00-23:59");
    contact["quiet_severities"] = json!([]);
    let app = app(&json!([contact]), &[]);
    report_of(&app, "capacity");
    let waiting = states(&app, &["pending"]).remove(0);
    assert!(text_of(&waiting["due_at"]).contains(":59:00"), "{waiting}");
    assert!(receiver.all().is_empty());
    app.clock.advance(24 * 60 * 60);
    receiver.wait_for(1);
}

fn kept(kind: ReportKind, ended_at: Timestamp) -> NewReport {
    let fact = ReportFact { label: "Kept".to_owned(), value: ReportValue::Count(1) };
    NewReport {
        kind,
        started_at: ended_at,
        ended_at,
        result: ReportResult::Ok,
        summary: "Nothing to tell".to_owned(),
        sections: vec![ReportSection { facts: vec![fact], ..ReportSection::default() }],
    }
}

#[test]
fn what_is_older_than_a_day_is_not_sent_to_a_contact_that_is_new() {
    let receiver = WebhookReceiver::start();
    let app = app(&json!([webhook("manager", &receiver, &json!(["all"]))]), &[]);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let now = app.handle.now();
    let day_us = 24 * 60 * 60 * 1_000_000;
    // The appliance looks for new reports when a job has ended, and at its start.
    for ended_at in [Timestamp(now.0 - day_us - 1), Timestamp(now.0 - day_us)] {
        let added = app.handle.add_report(kept(ReportKind::Reconciliation, ended_at));
        runtime.block_on(added).expect("it is kept");
    }
    let app = app.restart(|_| {});
    assert_eq!(report_ids(&receiver.wait_for(1)), [2]);
    report_of(&app, "capacity");
    assert_eq!(report_ids(&receiver.wait_for(2)), [2, 3]);
}

/// kill -9 at random moments around the end of a job: each report arrives after it, at least once.
#[test]
fn no_report_is_lost_by_kill_9() {
    let receiver = WebhookReceiver::start();
    let contacts = json!([webhook("manager", &receiver, &json!(["capacity"]))]).to_string();
    let home = Home::new().set("UNOC_CONTACTS", &contacts);
    let http = |server: &Server| Http::new(&format!("http://{}", server.address()));
    let mut server = home.start();
    for pause_ms in [20, 60, 120] {
        http(&server).post("/api/jobs/capacity/run", &Value::Null).expect(202);
        std::thread::park_timeout(Duration::from_millis(pause_ms));
        server.kill();
        server = home.start();
    }
    let last = report_of(&http(&server), "capacity");
    assert!(last > 1, "a killed server kept a report");
    let ids: Vec<u64> = (1..=last).collect();
    wait::until("each report arrives", || {
        let told = report_ids(&receiver.all());
        ids.iter().all(|id| told.contains(id)).then_some(())
    });
    let (status, _) = server.terminate(10);
    assert!(status.success());
}
