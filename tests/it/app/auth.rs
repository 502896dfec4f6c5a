//! Which addresses are listened on without users, and what the service says of that.

use http::Method;
use serde_json::{Value, json};

use crate::harness::process::{Server, run, said, unoc};
use crate::harness::unix_http;

const PASSWORD: &str = "correct horse battery";

fn add_admin(server: &Server) {
    let body = json!({"name": "ada", "role": "admin", "password": PASSWORD}).to_string();
    let json = [("content-type", "application/json")];
    let socket = server.data_dir().join("unoc.sock");
    unix_http::send(&socket, &Method::POST, "/api/users", &json, &body).expect(201);
}

#[test]
fn the_network_is_let_in_only_when_there_is_a_user() {
    let directory = tempfile::tempdir().unwrap();
    for address in ["0.0.0.0", "::"] {
        let mut command = unoc(&["serve", "--port", "0", "--host", address, "--data-dir"]);
        let refused = said(command.arg(directory.path())).expect(3).stderr;
        for words in ["unoc user add NAME --role admin", "--insecure-no-auth", address] {
            assert!(refused.contains(words), "{words}: {refused}");
        }
    }
    let server = Server::start(directory.path(), &[("UNOC_HOST", "127.0.0.1")]);
    add_admin(&server);
    assert!(server.terminate().0.success());
    let server = Server::start(directory.path(), &[("UNOC_HOST", "0.0.0.0")]);
    server.http.get("/health").expect(200);
    server.http.get("/api/devices").expect(401);
    run(directory.path(), &["jobs"]).expect(0);
    assert!(server.terminate().0.success());
}

#[test]
fn it_is_said_that_everybody_may_do_everything() {
    let directory = tempfile::tempdir().unwrap();
    let environment = [("UNOC_HOST", "0.0.0.0"), ("UNOC_INSECURE_NO_AUTH", "1")];
    let server = Server::start(directory.path(), &environment);
    server.logged(|line| line.contains("WARN") && line.contains("everybody who reaches 0.0.0.0"));
    let doctor = run(directory.path(), &["doctor"]).expect(1);
    assert!(doctor.stdout.contains("everybody who reaches it may do everything"), "{doctor:?}");
    add_admin(&server);
    let session = server.http.get("/api/session").expect(200).json();
    assert_eq!(session["mode"], "login");
    assert!(server.terminate().0.success());
    let server = Server::start(directory.path(), &environment);
    let doctor = run(directory.path(), &["doctor"]);
    assert!(!doctor.stdout.contains("may do everything"), "{doctor:?}");
    server.logged(|line| line.contains("insecure_no_auth is on. There are users"));
    assert!(server.terminate().0.success());
}

#[test]
fn the_link_in_the_log_makes_the_first_user_once() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path(), &[]);
    let line = server.logged(|line| line.contains("/set-up#"));
    let code = line.split("/set-up#").nth(1).and_then(|rest| rest.split(' ').next());
    let code = code.expect("a code").to_owned();
    let session = server.http.get("/api/session").expect(200).json();
    assert_eq!((&session["mode"], &session["setup_possible"]), (&json!("open"), &json!(true)));
    let set_up = |code: &str| {
        let body = json!({"code": code, "name": "ada", "password": PASSWORD});
        server.http.post("/api/setup", &body)
    };
    assert_eq!(set_up("wrong").status, 400);
    let made: Value = set_up(&code).expect(200).json();
    assert_eq!(made["caller"], json!({"kind": "user", "name": "ada", "role": "admin"}));
    assert_eq!(made["last_login"], Value::Null);
    assert_eq!(set_up(&code).status, 400);
    let session = server.http.get("/api/session").expect(200).json();
    assert_eq!((&session["mode"], &session["setup_possible"]), (&json!("login"), &json!(false)));
    assert!(server.terminate().0.success());
}
