//! `unoc notify test`.

use serde_json::{Value, json};

use crate::harness::TestApp;
use crate::harness::process::{run, said, unoc};
use crate::harness::receiver::WebhookReceiver;

#[test]
fn a_test_is_sent_by_the_service_and_says_what_came_back() {
    let (good, bad) = (WebhookReceiver::start(), WebhookReceiver::start());
    bad.answer(403);
    let contacts = json!([
        {"name": "good", "webhook": good.url("/")},
        {"name": "bad", "webhook": bad.url("/")},
    ]);
    let app = TestApp::with_environment(&[("UNOC_CONTACTS", &contacts.to_string())]);
    let said = run(&app.data_dir, &["notify", "test", "good"]).expect(0);
    assert_eq!(said.stdout, "good: ok, HTTP 200 OK\n");
    let all = run(&app.data_dir, &["notify", "test"]).expect(1);
    assert!(all.stdout.contains("bad: failed, the receiver refused it: HTTP 403"), "{all:?}");
    assert!(all.stderr.contains("1 of 2 tests failed"), "{all:?}");
    let json = run(&app.data_dir, &["--json", "notify", "test", "good"]).expect(0);
    let json: Value = serde_json::from_str(&json.stdout).expect("JSON");
    assert_eq!((&json[0]["contact"], &json[0]["is_ok"]), (&json!("good"), &json!(true)));
    assert_eq!((good.all().len(), bad.all().len()), (3, 1));
    let unknown = run(&app.data_dir, &["notify", "test", "nobody"]);
    assert_ne!(unknown.code, 0);
    assert!(unknown.stderr.contains("There is no contact of this name"), "{unknown:?}");
}

#[test]
fn without_a_server_or_without_contacts_it_says_so() {
    let directory = tempfile::tempdir().expect("a directory");
    let nobody = said(unoc(&["notify", "test"]).arg("--data-dir").arg(directory.path())).expect(75);
    assert!(nobody.stderr.contains("no server runs on"), "{nobody:?}");
    let app = TestApp::empty();
    let none = run(&app.data_dir, &["notify", "test"]);
    assert!(none.code != 0 && none.stderr.contains("there are no contacts"), "{none:?}");
}
