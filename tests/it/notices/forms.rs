//! What each kind of receiver is sent.

use serde_json::{Value, json};

use crate::harness::TestApp;
use crate::harness::plant::Plant;
use crate::harness::receiver::{Received, WebhookReceiver};
use crate::harness::site::text_of;

/// What a receiver of this form gets when an incident begins, and when it ends.
fn received(form: &str) -> [Received; 2] {
    let receiver = WebhookReceiver::start();
    let webhook = json!({"url": receiver.url("/hooks/alarms"), "form": form, "key": "k3y-of-it"});
    let contacts = json!([{"name": "team", "webhook": webhook}]).to_string();
    let app = TestApp::with_environment(&[
        ("UNOC_CONTACTS", &contacts),
        ("UNOC_PUBLIC_URL", "https://noc.example.org"),
        ("UNOC_INSECURE_NO_AUTH", "1"),
        ("UNOC_SITE_NAME", "Bonn & <Köln>"),
        ("UNOC_SITE_ID", "00000000-0000-4000-8000-000000000001"),
    ]);
    app.clock.hold();
    let plant = Plant::build(&app);
    let link = plant.link("ODF", "SPL-A");
    app.cut(link);
    app.clock.advance(3);
    receiver.wait_for(1);
    app.mend(link);
    let [opened, closed] = <[Received; 2]>::try_from(receiver.wait_for(2)).expect("two");
    [opened, closed]
}

const PAGE: &str = "https://noc.example.org/operations/incidents/1";

#[test]
fn slack_gets_an_escaped_text() {
    let [opened, closed] = received("slack");
    let text = text_of(&opened.body["text"]);
    let first = "*[Bonn &amp; &lt;Köln&gt;] critical: ODF - SPL-A is set to DOWN*\n";
    assert!(text.starts_with(first) && text.contains(PAGE), "{text}");
    assert!(text_of(&closed.body["text"]).contains("closed: ODF - SPL-A"), "{closed:?}");
}

#[test]
fn teams_gets_an_adaptive_card() {
    let [opened, _] = received("teams");
    assert_eq!(opened.body["type"], "message");
    let attachment = &opened.body["attachments"][0];
    assert_eq!(attachment["contentType"], "application/vnd.microsoft.card.adaptive");
    let card = &attachment["content"];
    assert_eq!((&card["type"], &card["version"]), (&json!("AdaptiveCard"), &json!("1.4")));
    assert_eq!(card["body"][0]["text"], "[Bonn & <Köln>] critical: ODF - SPL-A is set to DOWN");
    assert_eq!(card["actions"][0]["url"], PAGE);
}

#[test]
fn ntfy_gets_the_topic_in_the_document() {
    let [opened, closed] = received("ntfy");
    assert_eq!((opened.path.as_str(), &opened.body["topic"]), ("/hooks", &json!("alarms")));
    assert_eq!((&opened.body["priority"], &closed.body["priority"]), (&json!(5), &json!(2)));
    assert_eq!(opened.body["click"], PAGE);
    let bearer = ("authorization".to_owned(), "Bearer k3y-of-it".to_owned());
    assert!(opened.headers.contains(&bearer), "{opened:?}");
}

#[test]
fn pagerduty_gets_one_alert_that_is_resolved() {
    let [opened, closed] = received("pagerduty");
    let id = "unoc-00000000-0000-4000-8000-000000000001-1";
    let event = |body: &Value| {
        (text_of(&body["event_action"]).to_owned(), text_of(&body["dedup_key"]).to_owned())
    };
    assert_eq!(event(&opened.body), ("trigger".to_owned(), id.to_owned()));
    assert_eq!(event(&closed.body), ("resolve".to_owned(), id.to_owned()));
    assert_eq!(opened.body["routing_key"], "k3y-of-it");
    assert!(opened.headers.iter().all(|(name, _)| name != "authorization"), "{opened:?}");
    let payload = &opened.body["payload"];
    assert_eq!(
        (&payload["severity"], &payload["source"]),
        (&json!("critical"), &json!("Bonn & <Köln>"))
    );
    assert_eq!(payload["custom_details"]["customer_count"], 4);
    assert_eq!(opened.body["client_url"], PAGE);
}

#[test]
fn alertmanager_gets_an_alert_that_ends() {
    let [opened, closed] = received("alertmanager");
    let [alert] = &opened.body.as_array().expect("a list")[..] else { panic!("{opened:?}") };
    let [end] = &closed.body.as_array().expect("a list")[..] else { panic!("{closed:?}") };
    assert_eq!(alert["labels"], end["labels"], "the same alert");
    assert_eq!(alert["labels"]["alertname"], "UnocIncident");
    assert_eq!(alert["labels"]["severity"], "critical");
    assert_eq!(alert["annotations"]["summary"], "ODF - SPL-A is set to DOWN");
    assert_eq!(alert["startsAt"], end["startsAt"]);
    assert!(text_of(&alert["endsAt"]) > text_of(&end["endsAt"]), "{alert} {end}");
    assert_eq!(alert["generatorURL"], PAGE);
}
