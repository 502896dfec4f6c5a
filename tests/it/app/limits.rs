//! Hosts and processes at their limits: few open files, no IPv6, a server that is stopped.

use std::io::Write;
use std::net::{Ipv6Addr, TcpListener, TcpStream};
use std::process::{Command, Stdio};

use crate::harness::process::{Server, run};
use crate::harness::skip;
use crate::harness::wait;

/// Returns the number of log lines about connections that could not be accepted.
fn complaints(server: &Server) -> usize {
    server.log().iter().filter(|line| line.contains("Connections cannot be accepted")).count()
}

#[test]
fn a_lack_of_file_descriptors_is_logged_once() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path(), &[]);
    let limit = |files: &str| {
        let mut set = Command::new("prlimit");
        set.args(["--pid", &server.pid().to_string(), &format!("--nofile={files}:")]);
        assert!(set.status().expect("util-linux is there").success());
    };
    limit("16");
    let clients: Vec<TcpStream> =
        (0..20).map(|_| TcpStream::connect(server.address).unwrap()).collect();
    server.logged(|line| line.contains("Connections cannot be accepted"));
    // About ten attempts; with fewer the test is weaker, but not wrong.
    let mut looks = 0..200;
    wait::until("further attempts", || looks.next().is_none().then_some(()));
    assert_eq!(complaints(&server), 1);
    drop(clients);
    limit("1024");
    server.http.get("/health/live").expect(200);
    assert_eq!(complaints(&server), 1);
    assert!(server.terminate().0.success());
}

#[test]
fn no_more_connections_are_accepted_than_open_files_allow() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start_by(directory.path(), &[], |unoc| {
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", "ulimit -n 100 && exec \"$0\" \"$@\""]).arg(unoc.get_program());
        shell.args(unoc.get_args()).env_clear().env("HOME", "/nonexistent").stdin(Stdio::null());
        shell
    });
    server.logged(|line| line.contains("The limit of open files allows 36 of 4096 connections"));
    // Far more than the limit of open files. Each sends a request, so that an answer shows that it
    // was accepted.
    let mut clients: Vec<TcpStream> =
        (0..150).map(|_| TcpStream::connect(server.address).unwrap()).collect();
    for client in &mut clients {
        client.set_nonblocking(true).unwrap();
        client.write_all(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    }
    let answered = || clients.iter().filter(|client| client.peek(&mut [0]).is_ok()).count();
    wait::until("all places taken", || (answered() >= 36).then_some(()));
    // A server that accepted more would fail during this time.
    let mut looks = 0..100;
    wait::until("further attempts", || looks.next().is_none().then_some(()));
    assert_eq!(complaints(&server), 0);
    drop(clients);
    server.http.get("/health/live").expect(200);
    assert_eq!(complaints(&server), 0);
    assert!(server.terminate().0.success());
}

#[test]
fn commands_find_a_server_on_all_addresses_without_ipv6() {
    if let Err(error) = TcpListener::bind((Ipv6Addr::UNSPECIFIED, 0)) {
        skip(&format!("listening on :: ({error})"));
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let environment = [("UNOC_HOST", "::"), ("UNOC_INSECURE_NO_AUTH", "1")];
    let server = Server::start(directory.path(), &environment);
    assert!(server.address.ip().is_loopback() && server.address.is_ipv4(), "{}", server.address);
    run(directory.path(), &["jobs"]).expect(0);
    assert!(server.terminate().0.success());
}

#[test]
fn a_command_stops_waiting_for_a_stopped_server() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path(), &[]);
    server.signal("STOP");
    let said = run(directory.path(), &["sync", "status"]);
    server.signal("CONT");
    let said = said.expect(75);
    assert!(said.stderr.contains("has not answered for 10 s; it holds the store"), "{said:?}");
    run(directory.path(), &["sync", "status"]).expect(0);
    assert!(server.terminate().0.success());
}
