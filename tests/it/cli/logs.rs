//! `unoc logs`.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::Value;

use crate::harness::process::{Server, run, unoc};

#[test]
fn the_log_of_the_server_is_shown_filtered() {
    let directory = tempfile::tempdir().unwrap();
    let environment = [("UNOC_DEV_FEATURES", "0")];
    let server = Server::start(directory.path(), &environment);
    let headers = [("x-request-id", "cli-1"), ("content-type", "application/json")];
    let body = r#"{"name":"POP","device_type":"POP"}"#;
    let post = http::Method::POST;
    server.http.send(post, "/api/devices/provision", &headers, Some(body)).expect(201);

    let all = run(directory.path(), &["logs"]).expect(0).stdout;
    assert!(all.lines().count() > 2, "{all}");
    assert!(all.contains("serves http://127.0.0.1:"), "{all}");
    let line = run(directory.path(), &["logs", "--request-id", "cli-1"]).expect(0).stdout;
    assert_eq!(line.lines().count(), 1, "{line}");
    let expected = "  INFO unoc::api::request: POST /api/devices/provision 201 request.id=cli-1 ";
    assert!(line.contains(expected), "{line}");
    let arguments = ["logs", "--level", "info", "--target", "unoc::api", "--text", "PROVISION"];
    let arguments = [&arguments[..], &["--since", "1h", "--json"]].concat();
    let json = run(directory.path(), &arguments).expect(0).stdout;
    let json: Value = serde_json::from_str(json.trim_end()).expect("one line");
    assert_eq!(json["request_id"], "cli-1");
    assert_eq!(json["fields"]["route"], "/api/devices/provision");
    for nothing in [&["--level", "error"][..], &["--since", "2100-01-01T00:00:00Z"]] {
        let arguments = [&["logs"][..], nothing].concat();
        assert_eq!(run(directory.path(), &arguments).expect(0).stdout, "", "{nothing:?}");
    }
    for wrong in [["--level", "loud"], ["--since", "noon"]] {
        run(directory.path(), &[&["logs"][..], &wrong].concat()).expect(2);
    }
}

#[test]
fn the_log_is_followed_until_the_server_ends() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path(), &[("UNOC_DEV_FEATURES", "0")]);
    let mut command = unoc(&["logs", "-f", "--target", "unoc::api"]);
    command.arg("--data-dir").arg(directory.path());
    let mut child =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    for id in ["follow-1", "follow-2"] {
        let headers = [("x-request-id", id)];
        server.http.send(http::Method::GET, "/api/devices/abc", &headers, None).expect(422);
        let line = lines.next().expect("the line").expect("a text");
        assert!(line.contains(&format!("request.id={id} ")), "{line}");
    }
    server.terminate();
    let ended = child.wait_with_output().expect("it ends");
    let stderr = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(75), "{stderr}");
    assert!(stderr.contains("no server answers"), "{stderr}");
}

#[test]
fn without_a_server_there_is_a_hint() {
    let directory = tempfile::tempdir().unwrap();
    let stderr = run(directory.path(), &["logs"]).expect(75).stderr;
    assert!(stderr.contains("no server runs on") && stderr.contains("journalctl"), "{stderr}");
}
