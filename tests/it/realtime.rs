//! Socket.IO, as a client without a library receives it.

mod batches;
mod flood;
mod log;
mod logs;
mod settings;
mod storm;
mod storm200;
mod strangers;
mod v2;

use serde_json::{Value, json};

use crate::harness::TestApp;
use crate::harness::socket::Client;

/// v2's timing, to which its clients are tuned.
fn assert_timing(open: &Value) {
    assert_eq!(open["pingInterval"], 25_000);
    assert_eq!(open["pingTimeout"], 20_000);
    assert_eq!(open["maxPayload"], 1_000_000);
}

#[test]
fn both_transports_open_with_v2s_timing() {
    let app = TestApp::empty();
    let client = Client::connect(app.address, "/");
    assert_timing(&client.open);
    assert_eq!(client.open["upgrades"], json!([]));
    let answer = app.get("/socket.io/?EIO=4&transport=polling").expect(200);
    let open: Value = serde_json::from_str(answer.text().strip_prefix('0').unwrap()).unwrap();
    assert_timing(&open);
    assert_eq!(open["upgrades"], json!(["websocket"]));
    assert!(open["sid"].is_string());
}

#[test]
fn polling_carries_events_too() {
    let app = TestApp::empty();
    let path = "/socket.io/?EIO=4&transport=polling";
    let open = app.get(path).expect(200);
    let open: Value = serde_json::from_str(open.text().strip_prefix('0').unwrap()).unwrap();
    let path = format!("{path}&sid={}", open["sid"].as_str().unwrap());
    let sent = app.send(http::Method::POST, &path, &[("content-type", "text/plain")], Some("40"));
    assert_eq!(sent.expect(200).text(), "ok");
    let mut packets = Vec::new();
    let mut poll_until = |start: &str| loop {
        let answer = app.get(&path).expect(200);
        packets.extend(answer.text().split('\u{1e}').map(str::to_owned));
        if let Some(found) = packets.iter().find(|packet| packet.starts_with(start)) {
            return found.clone();
        }
    };
    let connected = poll_until("40");
    assert!(connected.starts_with("40{\"sid\":"), "{connected}");
    let id = app.provision("P", "POP");
    let event: Value = serde_json::from_str(&poll_until("42")[2..]).unwrap();
    assert_eq!(event[0], "device_created");
    assert_eq!(event[1]["device_id"], id);
}
