//! Many incidents at once: one message that counts them.

use serde_json::json;

use crate::harness::plant::Plant;
use crate::harness::receiver::WebhookReceiver;
use crate::harness::site::text_of;
use crate::harness::{TestApp, wait};

/// Seven causes that have nothing to do with each other.
fn leaf_links(plant: &Plant) -> Vec<u64> {
    let of_a = ["ONT-A1", "ONT-A2", "ONT-A3", "ONT-A4"].map(|leaf| plant.link("SPL-A", leaf));
    let of_b = ["ONT-B1", "ONT-B2", "BONT-B3"].map(|leaf| plant.link("SPL-B", leaf));
    of_a.into_iter().chain(of_b).collect()
}

#[test]
fn a_storm_is_told_in_a_digest() {
    let receiver = WebhookReceiver::start();
    let contacts = json!([{"name": "on-call", "webhook": receiver.url("/")}]).to_string();
    let app = TestApp::with_environment(&[("UNOC_CONTACTS", &contacts)]);
    app.clock.hold();
    let plant = Plant::build(&app);
    let links = leaf_links(&plant);
    // They are old enough together.
    for link in &links {
        app.cut(*link);
    }
    app.clock.advance(3);
    let digest = receiver.wait_for(1).remove(0).body;
    assert_eq!(digest["is_digest"], true, "{digest}");
    assert_eq!(digest["notices"].as_array().map(Vec::len), Some(links.len()));
    let subject = text_of(&digest["subject"]);
    assert!(
        subject.starts_with("[UNOC] 7 incidents in 1 minute, the worst: critical: "),
        "{subject}"
    );
    let text = text_of(&digest["text"]);
    assert_eq!(text.lines().filter(|line| line.starts_with("- ")).count(), 7, "{text}");
    assert!(text_of(&digest["url"]).ends_with("/operations/incidents"), "{digest}");
    for link in &links {
        app.mend(*link);
    }
    // What ends one after another is told in few messages as well.
    let count = || {
        let all = receiver.all();
        all.iter()
            .skip(1)
            .map(|one| one.body["notices"].as_array().map_or(0, Vec::len))
            .sum::<usize>()
    };
    wait::until("the end of all", || (count() == links.len()).then_some(()));
}

/// More than ten messages in five minutes: the rest waits a minute and comes together.
#[test]
fn a_contact_is_not_sent_more_than_it_reads() {
    let receiver = WebhookReceiver::start();
    let contacts = json!([{"name": "on-call", "webhook": receiver.url("/")}]).to_string();
    let app = TestApp::with_environment(&[("UNOC_CONTACTS", &contacts)]);
    app.clock.hold();
    let plant = Plant::build(&app);
    let links = leaf_links(&plant);
    for (count, link) in (1..).zip(&links) {
        app.cut(*link);
        app.clock.advance(3);
        receiver.wait_for(count);
    }
    for (count, link) in (8..=10).zip(&links) {
        app.mend(*link);
        receiver.wait_for(count);
    }
    let waiting = |count: usize| {
        wait::until(&format!("{count} wait"), || {
            let contact = app.get("/api/contacts").expect(200).json()["contacts"][0].clone();
            (contact["waiting_count"] == count).then_some(())
        });
    };
    app.mend(links[3]);
    waiting(1);
    app.mend(links[4]);
    waiting(2);
    assert_eq!(receiver.all().len(), 10);
    app.clock.advance(60);
    let digest = receiver.wait_for(11).remove(10).body;
    assert_eq!(digest["subject"], "[UNOC] 2 incidents closed");
    waiting(0);
}
