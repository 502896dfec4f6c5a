//! The incident drill: who is told, who is not, and what that says.

use serde_json::{Value, json};
use unoc::store::{ReportKind, ReportResult};

use super::{ended, newest, ran, rows};
use crate::harness::TestApp;
use crate::harness::receiver::WebhookReceiver;
use crate::harness::wait;

const JOB: &str = "incident-drill";

fn app(contacts: &Value) -> TestApp {
    TestApp::with_environment(&[("UNOC_CONTACTS", &contacts.to_string())])
}

#[test]
fn every_contact_is_told_that_it_is_a_drill() {
    let (chat, pager) = (WebhookReceiver::start(), WebhookReceiver::start());
    let app = app(&json!([
        {"name": "chat", "webhook": chat.url("/")},
        {"name": "pager", "webhook": {"url": pager.url("/"), "form": "pagerduty", "key": "k"}},
    ]));
    let run = ran(&app, JOB);
    assert_eq!((&run["result"], &run["message"]), (&json!("ok"), &json!("2 of 2 contacts told")));
    let [told] = &chat.all()[..] else { panic!("{:?}", chat.all()) };
    assert_eq!(told.body["subject"], "[UNOC] drill: a test notice to every contact");
    assert_eq!(told.body["is_test"], true);
    let text = told.body["text"].as_str().expect("a text");
    assert!(text.starts_with("This is a drill. Nothing is wrong, and there is nothing"), "{text}");
    let alerts: Vec<Value> = pager.all().into_iter().map(|one| one.body).collect();
    let actions: Vec<&Value> = alerts.iter().map(|alert| &alert["event_action"]).collect();
    assert_eq!(actions, ["trigger", "resolve"], "no alert stays open");
    assert_eq!(alerts[0]["dedup_key"], alerts[1]["dedup_key"]);
    let report = newest(&app, ReportKind::IncidentDrill);
    assert_eq!(report.head.result, ReportResult::Ok);
    let url = |receiver: &WebhookReceiver| format!("http://{}/", receiver.address);
    assert_eq!(
        rows(&report, "Contacts"),
        [
            ["chat", "webhook", &url(&chat), "delivered", "s", "HTTP 200 OK"],
            ["pager", "webhook", &url(&pager), "delivered", "s", "HTTP 200 OK"],
        ]
    );
}

#[test]
fn a_contact_that_is_not_reached_fails_the_drill_and_is_an_incident() {
    let (good, bad) = (WebhookReceiver::start(), WebhookReceiver::start());
    bad.answer(503);
    let app = app(&json!([
        {"name": "good", "webhook": good.url("/")},
        {"name": "bad", "webhook": bad.url("/")},
    ]));
    let run = ran(&app, JOB);
    assert_eq!(run["result"], "failed");
    let message = run["message"].as_str().expect("a message");
    let expected = "1 of 2 contacts told; 1 failed: bad: the receiver refused it: HTTP 503";
    assert!(message.starts_with(expected), "{message}");
    let report = newest(&app, ReportKind::IncidentDrill);
    assert_eq!((report.head.result, &report.head.summary[..]), (ReportResult::Failed, message));
    assert_eq!(rows(&report, "Contacts")[1][3], "failed");
    wait::until("the incident of the job", || {
        let open = app.get("/api/incidents?key=job:incident-drill&state=open").expect(200).json();
        (open["incidents"].as_array()?.len() == 1).then_some(())
    });
}

#[test]
fn without_contacts_it_says_how_to_set_them() {
    let app = TestApp::empty();
    assert_eq!(ran(&app, JOB)["result"], "ok");
    let head = newest(&app, ReportKind::IncidentDrill).head;
    assert_eq!(head.result, ReportResult::Warning);
    assert!(head.summary.contains("Set contacts in the configuration file"), "{}", head.summary);
}

/// The quiet hours are in the time zone of the host, which the test does not know: they are nearly all day.
#[test]
fn a_drill_respects_quiet_hours_and_a_person_may_ask_for_it() {
    let receiver = WebhookReceiver::start();
    let quiet = "00:00-23:59";
    let app = app(&json!([{"name": "ops", "webhook": receiver.url("/"), "quiet_hours": quiet}]));
    app.clock.hold();
    app.patch("/api/jobs/incident-drill", &json!({"schedule": "30 * * * *"})).expect(200);
    let app = app.restart(|clock| clock.advance(3600));
    let run = ended(&app, JOB, &json!(1));
    assert_eq!((&run["trigger"], &run["result"]), (&json!("missed"), &json!("ok")));
    assert!(receiver.all().is_empty());
    let report = newest(&app, ReportKind::IncidentDrill);
    assert_eq!(report.head.result, ReportResult::Warning);
    assert_eq!(rows(&report, "Contacts")[0][3..], ["not told", "-", "its quiet hours"]);
    ran(&app, JOB);
    assert_eq!(receiver.all().len(), 1);
}
