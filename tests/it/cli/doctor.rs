//! `unoc doctor`: with a server, without one, and what it says of faults.

use serde_json::Value;

use crate::harness::process::{Server, run, said, unoc};

fn checks(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

/// The state of a check in the answer.
fn state(answer: &Value, id: &str) -> String {
    let mut found = answer["checks"].as_array().expect("a list").iter();
    let check = found.find(|check| check["id"] == id);
    check.unwrap_or_else(|| panic!("no {id}: {answer}"))["state"]
        .as_str()
        .expect("a word")
        .to_owned()
}

#[test]
fn all_is_in_order_with_a_server_and_without_one() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let new = run(directory.path(), &["doctor", "--json"]).expect(0);
    assert_eq!(state(&checks(&new.stdout), "store.open"), "unknown");

    let server = Server::start(directory.path(), &[("UNOC_DEV_FEATURES", "0")]);
    let served = checks(&run(directory.path(), &["doctor", "--json"]).expect(0).stdout);
    assert_eq!((&served["ok"], &*state(&served, "configuration")), (&Value::Bool(true), "ok"));
    assert_eq!(state(&served, "disk.free"), "ok");
    // On a slow host one delivery says nothing yet.
    assert!(["ok", "unknown"].contains(&&*state(&served, "events.delivery")));
    server.terminate();

    let stopped = checks(&run(directory.path(), &["doctor", "--json"]).expect(0).stdout);
    for id in ["configuration", "store.open", "disk.free", "store.write", "store.read"] {
        assert_eq!(state(&stopped, id), "ok", "{id}");
    }
    let text = run(directory.path(), &["doctor"]).expect(0).stdout;
    assert!(text.lines().any(|line| line.starts_with("ok        disk.free")), "{text}");
}

#[test]
fn each_fault_has_its_remedy_and_the_command_fails() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    Server::start(directory.path(), &[("UNOC_DEV_FEATURES", "0")]).terminate();

    let wrong = ["doctor", "--json", "--port", "x", "--cache-mib", "y"];
    let faults = run(directory.path(), &wrong).expect(1);
    let answer = checks(&faults.stdout);
    assert_eq!(answer["checks"].as_array().expect("a list").len(), 2, "{answer}");
    assert_eq!(answer["checks"][0]["remedy"], "Correct the setting, then: unoc config check.");
    assert!(faults.stderr.contains("2 checks are not in order"), "{}", faults.stderr);

    // Nothing listens there.
    let database = "postgresql://unoc@127.0.0.1:1/unoc?connect_timeout=2";
    let mut command = unoc(&["doctor", "--json", "--data-dir"]);
    let away = said(command.arg(directory.path()).env("DATABASE_URL", database)).expect(1);
    let answer = checks(&away.stdout);
    assert_eq!(state(&answer, "postgres.reachable"), "critical");
    assert_eq!(state(&answer, "store.read"), "ok", "the others go on");
    assert!(away.stderr.contains("1 check is not in order"), "{}", away.stderr);

    std::fs::write(directory.path().join("unoc.redb"), "no store").expect("it is ours");
    let broken = run(directory.path(), &["doctor"]).expect(1);
    assert!(broken.stdout.contains("critical  store.open"), "{}", broken.stdout);
}
