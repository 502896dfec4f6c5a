//! kill -9 right after an answer: what was acknowledged is there.

use serde_json::{Value, json};

use crate::harness::process::{Server, run};

const NO_DEMO: [(&str, &str); 1] = [("UNOC_DEV_FEATURES", "0")];
const PASSWORD: &str = "correct horse battery";

#[test]
fn acknowledged_users_sessions_and_tokens_survive_kill_9() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path();
    let server = Server::start(data, &NO_DEMO);
    let admin = json!({"name": "ada", "role": "admin", "password": PASSWORD});
    server.http.post("/api/users", &admin).expect(201);
    server.end_by("KILL");

    let server = Server::start(data, &NO_DEMO);
    server.http.get("/api/devices").expect(401);
    let login = json!({"name": "ada", "password": PASSWORD});
    let answer = server.http.post("/api/session", &login).expect(200);
    let cookie = answer.header("set-cookie").and_then(|cookie| cookie.split(';').next());
    let cookie = cookie.expect("a cookie").to_owned();
    server.end_by("KILL");

    let server = Server::start(data, &NO_DEMO);
    let headers = [("cookie", cookie.as_str()), ("content-type", "application/json")];
    let body = json!({"name": "ci", "scope": "read", "expires_in_days": 1}).to_string();
    let post = http::Method::POST;
    let issued = server.http.send(post, "/api/tokens", &headers, Some(&body)).expect(201).json();
    server.end_by("KILL");

    let server = Server::start(data, &NO_DEMO);
    let bearer = format!("Bearer {}", issued["token"].as_str().expect("a token"));
    let by_token = [("authorization", bearer.as_str())];
    server.http.get_with("/api/devices", &by_token).expect(200);
    let id = &issued["id"];
    let path = format!("/api/tokens/{id}");
    server.http.send(http::Method::DELETE, &path, &headers, None).expect(204);
    server.http.send(http::Method::DELETE, "/api/session", &headers, None).expect(204);
    server.end_by("KILL");

    // What was ended does not come back.
    let server = Server::start(data, &NO_DEMO);
    server.http.get_with("/api/devices", &by_token).expect(401);
    server.http.get_with("/api/devices", &headers).expect(401);
    assert!(server.terminate().0.success());
    let users = run(data, &["user", "list", "--json"]).expect(0).stdout;
    let users: Value = serde_json::from_str(&users).unwrap();
    assert_eq!(users[0]["name"], "ada");
    assert_eq!(users[0]["last_login"]["address"], "127.0.0.1");
}
