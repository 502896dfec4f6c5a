//! Limits with how much of them is in use.

use std::collections::BTreeSet;

use http::Method;
use serde_json::{Value, json};

use crate::harness::TestApp;
use crate::harness::process::Server;
use crate::harness::socket::Client;
use crate::harness::wait;

fn limit(answer: &Value, id: &str) -> Value {
    let limits = answer["limits"].as_array().expect("a list");
    limits.iter().find(|limit| limit["id"] == id).expect("the limit").clone()
}

#[test]
fn each_limit_says_how_much_is_in_use_what_follows_and_how_it_is_changed() {
    let app = TestApp::demo();
    let answer = app.get("/api/limits").expect(200).json();
    let limits = answer["limits"].as_array().expect("a list");
    let mut ids = BTreeSet::new();
    for limit in limits {
        let text = |key: &str| limit[key].as_str().unwrap_or_default().to_owned();
        assert!(ids.insert(text("id")), "{limit}: each once");
        assert!(text("at_limit").ends_with('.') && !text("title").is_empty(), "{limit}");
        assert!(!text("unit").is_empty(), "{limit}");
        let is_per_request = text("group") == "requests";
        assert_eq!(limit["used"].is_null(), is_per_request, "{limit}");
        assert_eq!(limit["max"].is_null(), text("id") == "devices", "{limit}");
        if let (Some(used), Some(max)) = (limit["used"].as_u64(), limit["max"].as_u64()) {
            // The volume of the machine that runs this may be nearly full.
            assert!(used <= max || text("id") == "volume", "{limit}");
        }
        match &*text("changed_in") {
            "fixed" => assert!(limit["changed_by"].is_null(), "{limit}"),
            "configuration" => {
                let keys = unoc::config::keys().iter();
                assert!(keys.map(|key| key.name).any(|key| key == text("changed_by")), "{limit}");
            }
            "host" => assert_eq!(text("changed_by"), "LimitNOFILE"),
            other => panic!("{other}"),
        }
    }
    let health = app.get("/api/health").expect(200).json();
    assert_eq!(limit(&answer, "devices")["used"], health["store"]["device_count"]);
    let rows = app.get("/api/audit?limit=500").expect(200).json();
    let rows = rows.as_array().expect("a list").len();
    assert_eq!(limit(&answer, "audit_rows")["used"], rows);
    assert!(limit(&answer, "audit_bytes")["used"].as_u64() > Some(0));
}

#[test]
fn what_is_used_is_counted_and_given_back() {
    let directory = tempfile::tempdir().unwrap();
    let variables = [("UNOC_DEV_FEATURES", "0"), ("UNOC_MAX_CONNECTIONS", "64")];
    let server = Server::start(directory.path(), &variables);
    let used = |id: &str| {
        let answer = server.http.get("/api/limits").expect(200).json();
        limit(&answer, id)["used"].as_u64().expect("a number")
    };
    let answer = server.http.get("/api/limits").expect(200).json();
    assert_eq!(limit(&answer, "connections")["max"], 64);
    assert_eq!((used("socket_clients"), used("log_followers")), (0, 0));
    let (connections, files) = (used("connections"), used("open_files"));
    let mut clients: Vec<Client> =
        (0..5).map(|_| Client::connect(server.address, "/live")).collect();
    clients[0].emit("logs:follow");
    clients[0].until(|event| event.name == "logs:following");
    wait::until("a client follows the log", || (used("log_followers") == 1).then_some(()));
    assert_eq!(used("socket_clients"), 5);
    assert!(used("connections") >= connections + 5 - 1, "those of requests may come and go");
    assert!(used("open_files") >= files + 5 - 1);
    let settings = server.http.get("/api/settings").expect(200).json();
    assert_eq!(settings["delivery"]["log_follower_count"], 1);
    drop(clients);
    wait::until("all is given back", || {
        let is_back = used("socket_clients") == 0
            && used("log_followers") == 0
            && used("connections") <= connections + 1;
        is_back.then_some(())
    });
    let level = json!({"target": "unoc::sync", "level": "debug", "for_s": 600});
    let headers = [("content-type", "application/json")];
    let body = Some(level.to_string());
    server.http.send(Method::PUT, "/api/logs/levels", &headers, body.as_deref()).expect(200);
    assert_eq!(used("log_levels"), 1);
    assert!(server.terminate().0.success());
}
