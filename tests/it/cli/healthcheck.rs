//! `unoc healthcheck`. `appliance/container-image-test.sh` runs it in the container, with a server that hangs, too.

use crate::harness::process::{Server, run};

#[test]
fn a_ready_server_is_told_by_the_exit_code() {
    let directory = tempfile::tempdir().unwrap();
    let none = run(directory.path(), &["healthcheck"]).expect(1);
    assert!(none.stderr.contains("no server runs on"), "{none:?}");
    let server = Server::start(directory.path(), &[]);
    let ready = run(directory.path(), &["healthcheck"]).expect(0);
    assert!(ready.stdout.ends_with(" is ready.\n"), "{ready:?}");
    let ready = run(directory.path(), &["healthcheck", "--json"]).expect(0).stdout;
    let ready: serde_json::Value = serde_json::from_str(&ready).unwrap();
    assert_eq!(ready["is_ready"], true);
    server.end_by("KILL");
    // Its address is still there.
    run(directory.path(), &["healthcheck"]).expect(1);
}
