//! The Unix socket: where it is, for whom, and what is known of those who use it.

use std::fs;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};

use http::Method;

use crate::harness::process::{Server, run};
use crate::harness::{TestApp, unix_http};

/// Who made the newest change, by the audit trail.
fn last_actor(app: &TestApp) -> String {
    let rows = app.get("/api/audit?limit=1").expect(200).json();
    rows[0]["actor"].as_str().expect("a text").to_owned()
}

fn own_name() -> String {
    let uid = rustix::process::geteuid().as_raw().to_string();
    let users = fs::read_to_string("/etc/passwd").expect("passwd(5)");
    let found = users.lines().find(|line| line.split(':').nth(2) == Some(&*uid));
    found.and_then(|line| line.split(':').next()).expect("this user has a name").to_owned()
}

#[test]
fn who_changes_something_through_it_is_written_down() {
    let app = TestApp::empty();
    let socket = app.file("unoc.sock");
    let answer = unix_http::send(&socket, &Method::POST, "/api/seed", &[], "");
    answer.expect(201);
    assert_eq!(last_actor(&app), format!("host user {}", own_name()));
    app.send(Method::POST, "/api/seed", &[], None).expect(201);
    assert_eq!(last_actor(&app), "api 127.0.0.1");
}

#[test]
fn it_is_for_the_group_and_goes_with_the_server() {
    let mut app = TestApp::with_environment(&[("UNOC_SHUTDOWN_TOKEN", "open sesame")]);
    let socket = app.file("unoc.sock");
    let found = fs::symlink_metadata(&socket).unwrap();
    assert!(found.file_type().is_socket());
    assert_eq!(found.permissions().mode() & 0o777, 0o660);
    let token = [("x-shutdown-token", "open sesame")];
    unix_http::send(&socket, &Method::POST, "/api/admin/shutdown", &token, "").expect(200);
    app.ended().expect("a clean end");
    assert!(!socket.exists());
}

#[test]
fn it_is_in_the_directory_that_systemd_made_for_it() {
    let directory = tempfile::tempdir().unwrap();
    let (data, runtime) = (directory.path().join("data"), directory.path().join("run"));
    for made in [&data, &runtime] {
        fs::create_dir(made).unwrap();
    }
    let environment =
        [("RUNTIME_DIRECTORY", runtime.to_str().unwrap()), ("UNOC_DEV_FEATURES", "0")];
    let server = Server::start(&data, &environment);
    let socket = runtime.join("unoc.sock");
    assert!(socket.exists() && !data.join("unoc.sock").exists());
    // A command has not the service's environment: it finds the path in the file endpoint.
    assert_eq!(actor_of_an_import(&server), format!("host user {}", own_name()));
    server.terminate();
    assert!(!socket.exists());
}

/// Makes a change by a command, and returns who made it by the audit trail.
fn actor_of_an_import(server: &Server) -> String {
    let table = server.data_dir().join("devices.csv");
    fs::write(&table, "name,device_type\nPOP-1,POP\n").expect("our own file");
    run(server.data_dir(), &["import", table.to_str().expect("a text")]).expect(0);
    let rows = server.http.get("/api/audit?limit=1").expect(200).json();
    rows[0]["actor"].as_str().expect("a text").to_owned()
}

#[test]
fn one_that_a_killed_server_left_is_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path(), &[]);
    server.end_by("KILL");
    let socket = directory.path().join("unoc.sock");
    assert!(socket.exists(), "nobody removed it");
    let refused = run(directory.path(), &["reports"]).expect(75);
    assert!(refused.stderr.contains("no server answers at http://127.0.0.1:"), "{refused:?}");
    let server = Server::start(directory.path(), &[]);
    unix_http::send(&socket, &Method::GET, "/health", &[], "").expect(200);
    drop(server);
}

#[test]
fn commands_use_tcp_when_it_is_gone() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path(), &[]);
    fs::remove_file(directory.path().join("unoc.sock")).unwrap();
    run(directory.path(), &["jobs"]).expect(0);
    assert!(server.terminate().0.success());
}

#[test]
fn the_server_also_runs_without_it() {
    let directory = tempfile::tempdir().unwrap();
    // A path that unix(7) does not allow: 107 bytes at most.
    let long = directory.path().join("a".repeat(120));
    fs::create_dir(&long).unwrap();
    let server = Server::start(&long, &[]);
    server.logged(|line| line.contains("WARN") && line.contains("unoc.sock"));
    let endpoint = unoc::app::read_endpoint(&long).expect("it serves");
    assert_eq!(endpoint.socket, None);
    run(&long, &["jobs"]).expect(0);
}

#[test]
fn commands_reach_a_server_below_a_path() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path(), &[("UNOC_BASE_PATH", "/noc")]);
    // Not through TCP: its port is not the one that the file names.
    let endpoint = directory.path().join("endpoint");
    let text = fs::read_to_string(&endpoint).unwrap();
    fs::write(&endpoint, text.replace(&server.address.port().to_string(), "1")).unwrap();
    run(directory.path(), &["jobs"]).expect(0);
    drop(server);
}
