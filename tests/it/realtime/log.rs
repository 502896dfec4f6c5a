//! The log: the sentences that the runbook searches for, one line per request, JSON for collectors.

use serde_json::{Value, json};

use crate::harness::process::Server;
use crate::harness::socket::Client;

#[test]
fn clients_are_logged_as_the_runbook_expects() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path(), &[]);
    for namespace in ["/", "/live"] {
        let client = Client::connect(server.address, namespace);
        let sid = client.sid.clone();
        server.logged(|line| line.contains(&format!("Client connected: {sid}")));
        client.leave();
        server.logged(|line| line.contains(&format!("Client disconnected: {sid}")));
    }
    // Clients that disconnect at once and without a close packet are logged too.
    for _ in 0..20 {
        let client = Client::connect(server.address, "/");
        let sid = client.sid.clone();
        drop(client);
        server.logged(|line| line.contains(&format!("Client connected: {sid}")));
        server.logged(|line| line.contains(&format!("Client disconnected: {sid}")));
    }
}

#[test]
fn json_logs_parse_line_by_line() {
    let directory = tempfile::tempdir().unwrap();
    let environment =
        [("UNOC_LOG_FORMAT", "json"), ("UNOC_LOG_LEVEL", "DEBUG"), ("USE_GO_TRAFFIC", "1")];
    let server = Server::start(directory.path(), &environment);
    let client = Client::connect(server.address, "/");
    let odd = "quote \" backslash \\ new ä";
    let body = json!({"name": odd, "device_type": "POP"}).to_string();
    let headers = [("x-request-id", "log-1")];
    let post = http::Method::POST;
    server.http.send(post, "/api/devices/provision", &headers, Some(&body)).expect(201);
    server.http.get("/api/devices/%22%0a%7b").expect(422);
    server.http.get_with("/health", &[("x-request-id", "log-2")]).expect(200);
    let sid = client.sid.clone();
    server.logged(|line| line.contains("\"log-2\""));
    drop(client);
    let (status, lines) = server.terminate();
    assert!(status.success(), "{status}");
    let lines: Vec<Value> = lines
        .iter()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect();
    for line in &lines {
        for key in ["timestamp", "level", "message", "target"] {
            assert!(line[key].is_string(), "{key}: {line}");
        }
    }
    let with = |key: &str, value: &str| {
        let found = lines.iter().find(|line| line[key] == value);
        found.unwrap_or_else(|| panic!("no line with {key} = {value}")).clone()
    };
    assert_eq!(with("client.sid", &sid)["message"], format!("Client connected: {sid}"));
    let change = with("request.id", "log-1");
    assert_eq!(change["level"], "INFO");
    assert_eq!(change["route"], "/api/devices/provision");
    assert_eq!(change["status"], 201);
    assert!(change["duration_ms"].is_number());
    assert_eq!(change["message"], "POST /api/devices/provision 201");
    assert_eq!(with("request.id", "log-2")["level"], "DEBUG");
    assert_eq!(with("route", "/api/devices/{id}")["level"], "INFO", "a failure");
    let traffic: Vec<_> = lines
        .iter()
        .filter(|line| line["message"].as_str().unwrap().contains("USE_GO_TRAFFIC"))
        .collect();
    assert_eq!(traffic.len(), 1, "it is logged once");
}

#[test]
fn reads_are_not_logged_by_default_and_changes_are() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path(), &[]);
    server.http.get("/api/devices").expect(200);
    server.http.send(http::Method::POST, "/api/seed", &[], None).expect(201);
    let line = server.logged(|line| line.contains("POST /api/seed 201"));
    assert!(line.contains("duration_ms=") && line.contains("request.id="), "{line}");
    assert!(!line.contains('\u{1b}'), "no colours outside a terminal: {line}");
    let (status, lines) = server.terminate();
    assert!(status.success());
    assert!(!lines.iter().any(|line| line.contains("GET /api/devices")), "{lines:?}");
    assert!(lines.iter().any(|line| line.contains("Stopping on SIGTERM")), "{lines:?}");
}
