//! From the cause to a real receiver: delivered, retried, escalated, and nothing said that must not be.

use serde_json::{Value, json};

use crate::engine::kill9::server::Home;
use crate::harness::http::Http;
use crate::harness::plant::Plant;
use crate::harness::receiver::{Received, WebhookReceiver};
use crate::harness::site::text_of;
use crate::harness::{TestApp, wait};

/// How long a problem must exist, and a bit.
const HOLD_OFF_SECONDS: i64 = 3;
const SECRET: &str = "s3cr3t-4711";

/// An appliance with a network and with these contacts, at a time that stands still.
fn told(contacts: &Value, escalation: &str) -> (TestApp, Plant) {
    told_with(contacts, escalation, &[])
}

fn told_with(contacts: &Value, escalation: &str, more: &[(&str, &str)]) -> (TestApp, Plant) {
    let contacts = contacts.to_string();
    let variables = [("UNOC_CONTACTS", contacts.as_str()), ("UNOC_ESCALATION", escalation)];
    let app = TestApp::with_environment(&[&variables[..], more].concat());
    app.clock.hold();
    let plant = Plant::build(&app);
    (app, plant)
}

fn webhook(name: &str, receiver: &WebhookReceiver) -> Value {
    let url = receiver.url(&format!("/{SECRET}"));
    json!({"name": name, "webhook": {"url": url, "key": format!("key-{SECRET}")}})
}

/// Cuts a fibre; it is an incident at once.
fn cut(app: &TestApp, plant: &Plant) -> u64 {
    let link = plant.link("ODF", "SPL-A");
    app.cut(link);
    app.clock.advance(HOLD_OFF_SECONDS);
    link
}

fn events(received: &[Received]) -> Vec<String> {
    let all = received.iter().flat_map(|one| one.body["notices"].as_array().cloned());
    all.flatten().map(|notice| text_of(&notice["event"]).to_owned()).collect()
}

/// What a receiver was told of a link: the event and the incident.
fn told_of(receiver: &WebhookReceiver, link: u64) -> Vec<(String, Value)> {
    let key = format!("network:link:{link}");
    let all = receiver.all().into_iter();
    let notices = all.filter_map(|one| one.body["notices"].as_array().cloned()).flatten();
    let of_link = notices.filter(|notice| notice["incident"]["key"] == key);
    of_link.map(|it| (text_of(&it["event"]).to_owned(), it["incident"].clone())).collect()
}

/// Waits until a receiver was told this of a link. Returns the incident.
#[track_caller]
fn wait_for_event(receiver: &WebhookReceiver, link: u64, event: &str) -> Value {
    wait::until(&format!("{event} of link {link}"), || {
        told_of(receiver, link)
            .into_iter()
            .find(|(it, _)| it == event)
            .map(|(_, incident)| incident)
    })
}

/// The notices of the first incident, once there is one.
fn notices(app: &TestApp) -> Vec<Value> {
    let answer = app.get("/api/incidents/1");
    match answer.status {
        404 => Vec::new(),
        _ => answer.expect(200).json()["notices"].as_array().expect("a list").clone(),
    }
}

/// Waits until the notices of the first incident have these states, oldest first.
fn states(app: &TestApp, expected: &[&str]) -> Vec<Value> {
    wait::until(&format!("notices that are {expected:?}"), || {
        let notices = notices(app);
        let states: Vec<&str> = notices.iter().map(|one| text_of(&one["state"])).collect();
        (states == expected).then(|| notices.clone())
    })
}

#[test]
fn an_incident_is_told_with_everything_that_one_needs_at_night() {
    let receiver = WebhookReceiver::start();
    let contacts = json!([webhook("on-call", &receiver)]);
    let url = ("UNOC_PUBLIC_URL", "https://noc.example.org/unoc");
    let (app, plant) = told_with(&contacts, "", &[url, ("UNOC_INSECURE_NO_AUTH", "1")]);
    let link = cut(&app, &plant);
    let first = receiver.wait_for(1).remove(0);
    assert_eq!(first.path, format!("/{SECRET}"));
    let bearer = ("authorization".to_owned(), format!("Bearer key-{SECRET}"));
    assert!(first.headers.contains(&bearer), "{first:?}");
    let body = &first.body;
    assert_eq!(body["version"], 1);
    assert_eq!(body["contact"], "on-call");
    assert_eq!((&body["is_test"], &body["is_digest"]), (&json!(false), &json!(false)));
    assert_eq!(body["subject"], "[UNOC] critical: ODF - SPL-A is set to DOWN");
    assert_eq!(body["url"], "https://noc.example.org/unoc/operations/incidents/1");
    let text = text_of(&body["text"]);
    for line in [
        "critical: ODF - SPL-A is set to DOWN",
        "Since: 2026-11-23 ",
        "Customers affected: 4",
        "Why: 4 customers affected, 5 devices behind it; reason: dug up",
        "What to do: Acknowledge the incident",
        "Page: https://noc.example.org/unoc/operations/incidents/1",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    let incident = &body["notices"][0]["incident"];
    assert_eq!(incident["key"], format!("network:link:{link}"));
    assert_eq!(
        (&incident["severity"], &incident["customer_count"]),
        (&json!("critical"), &json!(4))
    );
    let notice = states(&app, &["sent"]).remove(0);
    assert_eq!((&notice["contact"], &notice["answer"]), (&json!("on-call"), &json!("HTTP 200 OK")));

    app.mend(link);
    let all = receiver.wait_for(2);
    assert_eq!(events(&all), ["opened", "closed"]);
    assert_eq!(all[1].body["subject"], "[UNOC] closed: ODF - SPL-A is set to DOWN");
    assert!(text_of(&all[1].body["text"]).contains("\nTo: 2026-11-23 "), "{all:?}");
    let list = app.get("/api/notices?contact=on-call").expect(200).json();
    assert_eq!(list.as_array().map(Vec::len), Some(2), "{list}");
    let page = app.get("/api/notices?limit=1").expect(200);
    assert!(page.headers["link"].to_str().expect("a text").contains("after=2"), "{page:?}");
}

#[test]
fn who_does_not_acknowledge_wakes_the_next_one() {
    let (on_call, manager) = (WebhookReceiver::start(), WebhookReceiver::start());
    let contacts = json!([webhook("on-call", &on_call), webhook("manager", &manager)]);
    let (app, plant) = told(&contacts, "0s: on-call; 15m: manager");
    cut(&app, &plant);
    on_call.wait_for(1);
    let planned = states(&app, &["sent", "pending"]);
    assert_eq!((&planned[1]["contact"], &planned[1]["step"]), (&json!("manager"), &json!(1)));
    assert_eq!(
        planned[1]["due_at"], "2026-11-23T13:18:39.111211Z",
        "15 minutes after its beginning"
    );
    app.clock.advance(15 * 60);
    let told = manager.wait_for(1);
    assert!(text_of(&told[0].body["text"]).contains("nobody acknowledged it within 15 minutes"));

    // Another one is acknowledged in time.
    let link = plant.link("SPL-B", "ONT-B1");
    app.cut(link);
    app.clock.advance(HOLD_OFF_SECONDS);
    let id = wait_for_event(&on_call, link, "opened")["id"].clone();
    app.post(&format!("/api/incidents/{id}/acknowledge"), &json!({"name": "Ada"})).expect(200);
    let of_second = app.get(&format!("/api/notices?incident_id={id}")).expect(200).json();
    assert_eq!(of_second.as_array().map(Vec::len), Some(1), "the manager's is gone: {of_second}");
    app.clock.advance(30 * 60);
    app.mend(link);
    wait_for_event(&on_call, link, "closed");
    let told = told_of(&manager, link);
    assert_eq!(told, [], "the manager was not woken, and is not told of its end");
}

#[test]
fn a_receiver_that_is_away_is_told_when_it_is_back_also_after_a_restart() {
    let first = WebhookReceiver::start();
    let address = first.address;
    let contacts = json!([webhook("on-call", &first)]);
    drop(first);
    let (app, plant) = told(&contacts, "");
    cut(&app, &plant);
    let tried = |app: &TestApp, count: u64| {
        wait::until(&format!("{count} attempts"), || {
            let notice = notices(app).first().cloned()?;
            (notice["attempt_count"].as_u64()? >= count).then_some(notice)
        })
    };
    let notice = tried(&app, 1);
    assert_eq!(notice["state"], "pending");
    assert!(text_of(&notice["error"]).to_lowercase().contains("connection refused"), "{notice}");
    let app = app.restart(|clock| clock.advance(10));
    tried(&app, 2);
    let receiver = WebhookReceiver::start_at(address);
    app.clock.advance(20);
    assert_eq!(events(&receiver.wait_for(1)), ["opened"]);
    let sent = states(&app, &["sent"]).remove(0);
    assert!(sent["error"].is_null(), "{sent}");
    let contact = app.get("/api/contacts").expect(200).json()["contacts"][0].clone();
    assert_eq!((&contact["failure_count"], &contact["waiting_count"]), (&json!(0), &json!(0)));
}

#[test]
fn a_contact_that_cannot_be_told_is_an_incident_of_which_the_others_are_told() {
    let (broken, works) = (WebhookReceiver::start(), WebhookReceiver::start());
    broken.answer(500);
    let contacts = json!([webhook("broken", &broken), webhook("works", &works)]);
    let (app, plant) = told(&contacts, "");
    cut(&app, &plant);
    for attempt in 1..=5 {
        broken.wait_for(attempt);
        wait::until("the attempt is recorded", || {
            let contact = app.get("/api/contacts").expect(200).json()["contacts"][0].clone();
            (contact["failure_count"] == attempt).then_some(())
        });
        app.clock.advance(5 << attempt);
    }
    let told = works.wait_for(2);
    let incident = &told[1].body["notices"][0]["incident"];
    assert_eq!(incident["key"], "notice:broken");
    assert_eq!(incident["title"], "Notices to broken are not delivered");
    let of_it = app.get(&format!("/api/notices?incident_id={}", incident["id"])).expect(200).json();
    assert_eq!(of_it.as_array().map(Vec::len), Some(1), "it is not told itself: {of_it}");

    broken.answer(200);
    app.clock.advance(900);
    let all = works.wait_for(3);
    assert_eq!(events(&all[2..]), ["closed"]);
    states(&app, &["sent", "sent"]);
}

#[test]
fn a_notice_is_given_up_after_a_day() {
    let receiver = WebhookReceiver::start();
    receiver.answer(404);
    let (app, plant) = told(&json!([webhook("on-call", &receiver)]), "");
    cut(&app, &plant);
    receiver.wait_for(1);
    states(&app, &["pending"]);
    app.clock.advance(24 * 60 * 60);
    let given_up = wait::until("it is given up", || {
        // A day at once is an incident too, which is tried first.
        app.clock.advance(10);
        notices(&app).into_iter().find(|notice| notice["state"] == "failed")
    });
    assert!(text_of(&given_up["error"]).contains("HTTP 404"), "{given_up}");
    let failed = app.get("/api/notices?state=failed").expect(200).json();
    assert_eq!(failed.as_array().map(Vec::len), Some(1), "{failed}");
}

#[test]
fn a_test_reaches_the_contact_that_is_named_or_all() {
    let (a, b) = (WebhookReceiver::start(), WebhookReceiver::start());
    let (app, _plant) = told(&json!([webhook("a", &a), webhook("b", &b)]), "");
    b.answer(403);
    let tests = app.post("/api/notices/test", &json!({})).expect(200).json();
    assert_eq!(
        tests[0],
        json!({"contact": "a", "is_ok": true, "answer": "HTTP 200 OK", "error": null})
    );
    assert_eq!((&tests[1]["contact"], &tests[1]["is_ok"]), (&json!("b"), &json!(false)));
    assert!(text_of(&tests[1]["error"]).contains("HTTP 403"), "{tests}");
    assert_eq!(a.all()[0].body["is_test"], true);
    app.post("/api/notices/test", &json!({"contact": "a"})).expect(200);
    assert_eq!((a.all().len(), b.all().len()), (2, 1));
    app.post("/api/notices/test", &json!({"contact": "nobody"})).expect(404);
}

#[test]
fn the_heartbeat_is_called_while_it_works() {
    let receiver = WebhookReceiver::start();
    let url = receiver.url(&format!("/ping/{SECRET}"));
    let app = TestApp::with_environment(&[("UNOC_HEARTBEAT_URL", &url)]);
    assert_eq!(receiver.wait_for(1)[0].path, format!("/ping/{SECRET}"));
    let state = wait::until("the answer", || {
        let contacts = app.get("/api/contacts").expect(200).json();
        (!contacts["heartbeat"]["last_ok_at"].is_null()).then_some(contacts)
    });
    assert_eq!(state["heartbeat"]["error"], Value::Null);
    assert_eq!(state["contacts"], json!([]));
}

#[test]
fn a_secret_is_masked_also_where_an_answer_is_cut() {
    let receiver = WebhookReceiver::start();
    receiver.answer(400);
    // Half of it is within the 160 characters that are kept.
    let url = receiver.url(&format!("/{}/{SECRET}", "x".repeat(150)));
    let (app, _plant) = told(&json!([{"name": "web", "webhook": url}]), "");
    let tests = app.post("/api/notices/test", &json!({})).expect(200).json();
    let error = text_of(&tests[0]["error"]);
    assert!(error.contains("/***/***") && !error.contains("s3cr"), "{error}");
}

/// The receivers here repeat what they were sent, as some do.
#[test]
fn secrets_are_in_no_answer_and_in_no_log() {
    let receiver = WebhookReceiver::start();
    receiver.answer(400);
    let mail = json!({"name": "mail", "email": "jane@example.org"});
    let contacts = json!([webhook("web", &receiver), mail]).to_string();
    let home = Home::new()
        .set("UNOC_CONTACTS", &contacts)
        .set("UNOC_HEARTBEAT_URL", &receiver.url(&format!("/{SECRET}")))
        .set("UNOC_SMTP_URL", &format!("smtp://u:{SECRET}@127.0.0.1:9"))
        .set("UNOC_LOG_LEVEL", "TRACE");
    let server = home.start();
    let http = Http::new(&format!("http://{}", server.address()));
    let plant = Plant::build(&http);
    http.cut(plant.link("ODF", "SPL-A"));
    let tried = wait::until("both attempts failed", || {
        let list = http.get("/api/notices").expect(200).json();
        let notices = list.as_array().expect("a list").clone();
        let is_tried = notices.iter().all(|one| !one["error"].is_null());
        (notices.len() == 2 && is_tried).then_some(notices)
    });
    let errors: Vec<&str> = tried.iter().map(|one| text_of(&one["error"])).collect();
    assert!(errors.iter().any(|error| error.contains("HTTP 400")), "{errors:?}");
    let mut said = http.post("/api/notices/test", &json!({})).expect(200).text().to_owned();
    for path in ["/api/contacts", "/api/notices", "/api/incidents/1", "/api/logs?limit=1000"] {
        said.push_str(http.get(path).expect(200).text());
    }
    let (status, _) = server.terminate(10);
    assert!(status.success());
    let log = home.log();
    assert!(log.contains("Could not tell web of incident 1"), "{log}");
    for text in [&said, &log] {
        assert!(!text.contains("s3cr3t") && !text.contains("jane@"), "{text}");
    }
    assert!(said.contains("j***@example.org"), "{said}");
}
