//! Request ids and the audit trail.

mod accounts;
mod check;
mod routes;
mod search;

use http::Method;
use serde_json::{Value, json};

use crate::harness::TestApp;

fn newest(app: &TestApp) -> Value {
    app.get("/api/audit?limit=1").expect(200).json()[0].clone()
}

#[test]
fn a_request_id_is_returned_or_generated() {
    let app = TestApp::empty();
    let longest = "x".repeat(128);
    for given in ["abc", "550e8400-e29b-41d4-a716-446655440000", "a/b:c=~!", &longest] {
        for path in ["/health", "/api/nothing", "/"] {
            let answer = app.get_with(path, &[("x-request-id", given)]);
            assert_eq!(answer.header("x-request-id"), Some(given), "{path}");
        }
    }
    let too_long = "x".repeat(129);
    let mut made = std::collections::HashSet::new();
    for given in [None, Some(&*too_long), Some("with blank"), Some("")] {
        let headers: Vec<(&str, &str)> =
            given.map(|given| ("x-request-id", given)).into_iter().collect();
        let answer = app.get_with("/health", &headers);
        let id = answer.header("x-request-id").unwrap().to_owned();
        assert_ne!(Some(&*id), given);
        assert!(id.len() == 32 && id.chars().all(|c| c.is_ascii_hexdigit()), "{id}");
        assert!(made.insert(id), "each request has its own");
    }
    for status in [404, 405, 422, 403] {
        let answer = match status {
            404 => app.get("/api/devices/9"),
            405 => app.send(Method::PUT, "/api/devices", &[], None),
            422 => app.post("/api/devices", &json!({})),
            _ => app.send(Method::POST, "/api/seed", &[("sec-fetch-site", "cross-site")], None),
        };
        assert!(answer.expect(status).header("x-request-id").is_some(), "{status}");
    }
}

#[test]
fn the_trail_shows_before_and_after() {
    let app = TestApp::empty();
    let id = app.provision("D", "ONT");
    let before = app.device(id);
    let headers = [("x-request-id", "change-4711"), ("content-type", "application/json")];
    let path = format!("/api/devices/{id}");
    app.send(Method::PATCH, &path, &headers, Some(r#"{"name":"E"}"#)).expect(200);
    let row = newest(&app);
    assert_eq!(row["request_id"], "change-4711");
    assert_eq!(row["action"], "update device");
    assert_eq!(row["actor"], "api 127.0.0.1");
    assert_eq!(row["seq"], 2);
    assert_eq!(row["change_count"], 1);
    let after = app.device(id);
    assert_eq!(
        row["changes"],
        json!([{"kind": "device", "id": id, "before": before, "after": after}])
    );
    assert_eq!(row["id"], 2, "ids count from 0, which is the start");
    app.delete(&path).expect(204);
    let row = newest(&app);
    assert_eq!(row["action"], "delete device");
    assert_eq!(row["change_count"], 2);
    let device = row["changes"].as_array().unwrap().iter().find(|one| one["kind"] == "device");
    assert_eq!(device.unwrap()["before"], after);
    assert_eq!(device.unwrap()["after"], Value::Null);
    let port = row["changes"].as_array().unwrap().iter().find(|one| one["kind"] == "interface");
    assert_eq!(port.unwrap()["after"], Value::Null);
}

#[test]
fn every_accepted_change_adds_one_row_and_a_refused_one_none() {
    let app = TestApp::demo();
    let rows = app.get("/api/audit").expect(200).json();
    assert_eq!(
        (&rows[0]["actor"], &rows[0]["action"]),
        (&json!("system"), &json!("start service"))
    );
    assert_eq!(
        (&rows[1]["actor"], &rows[1]["action"]),
        (&json!("start-up"), &json!("reseed site"))
    );
    assert_eq!(rows[1]["request_id"], "");
    assert_eq!(rows[1]["changes"].as_array().unwrap().len(), 100, "a hundred are shown");
    let a = app.provision("A", "CORE_ROUTER");
    let b = app.provision("B", "EDGE_ROUTER");
    app.connect(a, b);
    app.post("/api/links/create-simple", &crate::harness::site::fiber(a, a)).expect(400);
    app.patch(&format!("/api/devices/{a}/override"), &json!({"status_override": "DOWN"}))
        .expect(200);
    app.delete(&format!("/api/devices/{a}/override")).expect(200);
    app.post(
        "/api/interfaces",
        &json!({"name": "i", "interface_type": "ETHERNET", "device_id": a}),
    )
    .expect(201);
    app.post("/api/devices/bulk", &crate::harness::site::pops("P", 3)).expect(201);
    let rows = app.get("/api/audit").expect(200).json();
    let actions: Vec<&str> =
        rows.as_array().unwrap().iter().map(|row| row["action"].as_str().unwrap()).collect();
    assert_eq!(
        actions,
        [
            "provision devices",
            "create interface",
            "clear override",
            "set override",
            "connect devices",
            "provision device",
            "provision device",
            "start service",
            "reseed site",
        ]
    );
    let ids: Vec<u64> =
        rows.as_array().unwrap().iter().map(|row| row["id"].as_u64().unwrap()).collect();
    assert_eq!(ids, [8, 7, 6, 5, 4, 3, 2, 1, 0], "newest first");
    let older = app.get("/api/audit?before=4&limit=2").expect(200).json();
    assert_eq!(older[0]["id"], 3);
    assert_eq!(older.as_array().unwrap().len(), 2);
    assert_eq!(app.get("/api/audit?before=0").expect(200).text(), "[]");
}

#[test]
fn a_trusted_proxy_names_the_client() {
    let app = TestApp::with_environment(&[
        ("UNOC_TRUSTED_PROXIES", "127.0.0.1"),
        // Without it, what a proxy has forwarded needs a user.
        ("UNOC_INSECURE_NO_AUTH", "1"),
    ]);
    for (number, (forwarded, actor)) in [
        ("203.0.113.7", "api 203.0.113.7"),
        ("10.0.0.1, 2001:db8::5", "api 2001:db8::5"),
        ("nonsense", "api 127.0.0.1"),
    ]
    .into_iter()
    .enumerate()
    {
        let body = json!({"name": format!("P{number}"), "device_type": "POP"}).to_string();
        let headers = [("x-forwarded-for", forwarded)];
        app.send(Method::POST, "/api/devices", &headers, Some(&body)).expect(201);
        assert_eq!(newest(&app)["actor"], actor);
    }
}
