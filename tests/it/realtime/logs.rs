//! The log on `/live`: only for clients that ask for it, in batches, as fast as they confirm them.

use std::time::Duration;

use serde_json::Value;
use tracing::{info, warn};

use crate::harness::TestApp;
use crate::harness::site::text_of;
use crate::harness::socket::{Client, Event};
use crate::harness::wait;

/// More than a client is sent without a confirmation: 4 batches of 500 lines.
const FLOOD: u64 = 5_000;
const UNCONFIRMED_LINES_MAX: u64 = 2_000;

fn log(app: &TestApp, lines: impl FnOnce()) {
    tracing::dispatcher::with_default(&app.logs.dispatch(), lines);
}

/// Connects a client that follows the log; returns the id after which lines come.
fn follower(app: &TestApp) -> (Client, u64) {
    let mut client = Client::connect(app.address, "/live");
    client.emit("logs:follow");
    let events = client.until(|event| event.name == "logs:following");
    let last_id = events.last().expect("the answer").payload["last_id"].as_u64().expect("an id");
    (client, last_id)
}

fn next_batch(client: &mut Client) -> Event {
    let mut events = client.until(|event| event.name == "logs");
    events.pop().expect("the batch")
}

fn missed(batch: &Event) -> u64 {
    batch.payload["missed"].as_u64().expect("a number")
}

fn lines(batch: &Event) -> &Vec<Value> {
    batch.payload["lines"].as_array().expect("lines")
}

#[test]
fn a_client_that_asks_gets_every_line_and_others_none() {
    let app = TestApp::empty();
    let mut other = Client::connect(app.address, "/live");
    log(&app, || info!("Before"));
    let (mut client, last_id) = follower(&app);
    log(&app, || {
        info!(request.id = "r-1", rows = 7, "First");
        warn!("Second");
    });
    let mut received = Vec::new();
    while received.len() < 2 {
        let batch = next_batch(&mut client);
        assert_eq!(missed(&batch), 0);
        received.extend(lines(&batch).clone());
        client.emit("logs:received");
    }
    let ids: Vec<u64> = received.iter().map(|line| line["id"].as_u64().unwrap()).collect();
    assert_eq!(ids, [last_id + 1, last_id + 2]);
    let answer = app.get(&format!("/api/logs?after={last_id}")).expect(200).json();
    let mut listed = answer["lines"].as_array().unwrap().clone();
    listed.reverse();
    assert_eq!(received, listed, "as the list has them");

    client.emit("logs:unfollow");
    let seen = other.until(|event| event.name == "heartbeat");
    assert!(seen.iter().all(|event| event.name != "logs"), "{seen:?}");
}

#[test]
fn a_client_that_cannot_follow_is_told_how_many_lines_it_missed() {
    let app = TestApp::empty();
    let (mut slow, last_id) = follower(&app);
    let (mut fast, _) = follower(&app);
    for number in 0..FLOOD / 100 {
        log(&app, || (0..100).for_each(|line| info!("Line {}", number * 100 + line)));
        let target = last_id + (number + 1) * 100;
        // The fast one confirms at once, and the slow one never.
        loop {
            let batch = next_batch(&mut fast);
            assert_eq!(missed(&batch), 0);
            fast.emit("logs:received");
            if lines(&batch).last().expect("a line")["id"].as_u64() == Some(target) {
                break;
            }
        }
    }
    let mut received = 0;
    for _ in 0..4 {
        let batch = next_batch(&mut slow);
        assert_eq!(missed(&batch), 0);
        received += lines(&batch).len() as u64;
    }
    assert!(received <= UNCONFIRMED_LINES_MAX, "{received}");
    slow.emit("logs:received");
    let batch = next_batch(&mut slow);
    assert_eq!(missed(&batch), FLOOD - received, "what was left out, although nothing is logged");
    assert!(lines(&batch).is_empty());
    log(&app, || info!("After"));
    slow.emit("logs:received");
    let batch = next_batch(&mut slow);
    assert_eq!((missed(&batch), text_of(&lines(&batch)[0]["message"])), (0, "After"));
}

#[test]
fn a_flood_is_cut_to_its_newest_lines() {
    let app = TestApp::empty();
    let (mut client, last_id) = follower(&app);
    log(&app, || (0..FLOOD).for_each(|number| info!(number, "{}", "x".repeat(300))));
    let (mut seen, mut bytes_max) = (0, 0);
    while seen < FLOOD {
        let batch = next_batch(&mut client);
        client.emit("logs:received");
        assert!(lines(&batch).len() <= 500);
        bytes_max = batch.raw.len().max(bytes_max);
        seen += missed(&batch) + lines(&batch).len() as u64;
        if seen == FLOOD {
            let newest = lines(&batch).last().expect("the newest line");
            assert_eq!(newest["id"].as_u64(), Some(last_id + FLOOD));
        }
    }
    assert_eq!(seen, FLOOD);
    assert!(bytes_max < 400 * 1024, "{bytes_max}");
}

#[test]
fn at_most_64_clients_follow_the_log() {
    let app = TestApp::empty();
    let mut clients: Vec<(Client, u64)> = (0..64).map(|_| follower(&app)).collect();
    let mut refused = Client::connect(app.address, "/live");
    refused.emit("logs:follow");
    let events = refused.until(|event| event.name == "logs:refused");
    let detail = text_of(&events.last().expect("the refusal").payload["detail"]).to_owned();
    assert_eq!(detail, "64 clients follow the log already");
    let (gone, _) = clients.pop().expect("one of them");
    gone.leave();
    wait::until("there is room", || {
        refused.emit("logs:follow");
        let answer = refused.until(|event| event.name.starts_with("logs:"));
        (answer.last()?.name == "logs:following").then_some(())
    });
}

/// Messages that come together are handled in the order in which they were sent.
#[test]
fn the_last_of_many_requests_counts() {
    let app = TestApp::empty();
    let mut clients: Vec<Client> = (0..60).map(|_| Client::connect(app.address, "/live")).collect();
    for client in &mut clients {
        for _ in 0..20 {
            client.emit("logs:unfollow");
            client.emit("logs:follow");
        }
    }
    for client in &mut clients {
        wait::until("it follows the log", || {
            log(&app, || info!("A line"));
            let event = client.next(Duration::from_millis(100))?;
            (event.name == "logs").then_some(())
        });
    }
}

#[test]
fn clients_that_are_gone_take_no_place() {
    let app = TestApp::empty();
    for _ in 0..150 {
        let mut client = Client::connect(app.address, "/live");
        client.emit("logs:follow");
        client.emit("logs:received");
        client.emit("logs:follow");
        drop(client);
    }
    let mut clients: Vec<Client> = (0..64).map(|_| Client::connect(app.address, "/live")).collect();
    for client in &mut clients {
        wait::until("there is room for it", || {
            client.emit("logs:follow");
            let answer = client.until(|event| event.name.starts_with("logs:"));
            (answer.last()?.name == "logs:following").then_some(())
        });
    }
}
