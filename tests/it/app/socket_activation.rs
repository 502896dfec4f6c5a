//! A socket that systemd keeps: clients that connect during a restart wait, and none is refused.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::harness::certificates::self_signed;
use crate::harness::notify_socket::NotifySocket;
use crate::harness::postgres::free_port;
use crate::harness::process::{Server, unoc};
use crate::harness::wait::{self, PATIENCE};
use crate::tls::site::PairFiles;

/// A socket as systemd makes it, which this process keeps as systemd does.
fn socket() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    (listener, address)
}

/// The command with the socket as descriptor 3 (sd_listen_fds(3)). A shell moves it there from its standard
/// input and becomes the program, so that its process id is right.
fn passing(listener: &TcpListener, command: &Command) -> Command {
    let mut shell = Command::new("sh");
    let pass = "exec 3<&0 </dev/null; LISTEN_PID=$$ LISTEN_FDS=1 exec \"$0\" \"$@\"";
    shell.env_clear().args(["-c", pass]).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        shell.env(name, value.expect("it is set"));
    }
    let listener = listener.try_clone().expect("a descriptor");
    shell.stdin(Stdio::from(OwnedFd::from(listener)));
    shell
}

fn start(data_dir: &Path, listener: &TcpListener) -> Server {
    let environment = [("UNOC_DEV_FEATURES", "0")];
    Server::start_by(data_dir, &environment, |command| passing(listener, &command))
}

/// Sends a request on a connection of its own and returns the first line of the answer.
fn ask(address: SocketAddr) -> std::io::Result<String> {
    let stream = TcpStream::connect(address)?;
    answer(stream)
}

fn answer(mut stream: TcpStream) -> std::io::Result<String> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream
        .write_all(b"GET /health/live HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    Ok(text.lines().next().unwrap_or("no answer").to_owned())
}

#[test]
fn a_client_that_connects_during_a_restart_waits_and_is_answered() {
    let directory = tempfile::tempdir().unwrap();
    let (listener, address) = socket();
    let server = start(directory.path(), &listener);
    assert_eq!(server.address, address);
    assert!(server.terminate().0.success());
    let waiting = TcpStream::connect(address).expect("it is not refused while nothing runs");
    let server = start(directory.path(), &listener);
    assert_eq!(answer(waiting).expect("an answer"), "HTTP/1.1 200 OK");
    assert!(server.terminate().0.success());
}

#[test]
fn no_request_is_lost_by_restarts_under_load() {
    const CLIENTS: usize = 8;
    const RESTARTS: usize = 3;
    let directory = tempfile::tempdir().unwrap();
    let (listener, address) = socket();
    let mut server = start(directory.path(), &listener);
    let (is_over, answered) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        let client = || {
            while !is_over.load(Ordering::SeqCst) {
                let line = ask(address);
                if !line.as_ref().is_ok_and(|line| line == "HTTP/1.1 200 OK") {
                    is_over.store(true, Ordering::SeqCst);
                    panic!("{line:?}");
                }
                answered.fetch_add(1, Ordering::SeqCst);
            }
        };
        let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(client)).collect();
        for _ in 0..RESTARTS {
            let before = answered.load(Ordering::SeqCst);
            wait::until("some answers", || {
                let is_enough = answered.load(Ordering::SeqCst) > before + CLIENTS;
                (is_enough || is_over.load(Ordering::SeqCst)).then_some(())
            });
            assert!(server.terminate().0.success());
            server = start(directory.path(), &listener);
        }
        is_over.store(true, Ordering::SeqCst);
        // While there is a server that answers them.
        for client in clients {
            client.join().expect("each request was answered");
        }
        assert!(server.terminate().0.success());
    });
}

#[test]
fn a_socket_of_another_address_is_closed_and_the_configured_one_is_used() {
    let directory = tempfile::tempdir().unwrap();
    let (listener, address) = socket();
    // The same port: the socket that this process still has would keep it in use.
    let port = address.port().to_string();
    let server = Server::start_by(directory.path(), &[], |_| {
        let mut command =
            unoc(&["serve", "--host", "0.0.0.0", "--port", &port, "--insecure-no-auth"]);
        passing(&listener, command.arg("--data-dir").arg(directory.path()))
    });
    let configured = SocketAddr::from(([0, 0, 0, 0], address.port()));
    server.logged(|line| line.contains(&configured.to_string()));
    assert_eq!(ask(address).expect("an answer"), "HTTP/1.1 200 OK");
    assert!(server.terminate().0.success());
}

#[test]
fn a_descriptor_that_is_no_listening_socket_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let (listener, address) = socket();
    let connection = TcpStream::connect(address).unwrap();
    let server = Server::start_by(directory.path(), &[], |command| {
        let mut shell = passing(&listener, &command);
        shell.stdin(Stdio::from(OwnedFd::from(connection.try_clone().expect("a descriptor"))));
        shell
    });
    assert_ne!(server.address, address);
    assert!(server.terminate().0.success());
}

#[test]
fn systemd_gets_the_socket_to_keep_instead_of_an_earlier_one() {
    let directory = tempfile::tempdir().unwrap();
    let mut manager = NotifySocket::new(directory.path());
    let server = manager.start(&directory.path().join("data"), &[]);
    manager.expect("READY=1");
    let received = manager.received.iter().map(String::as_str);
    let kept: Vec<_> = received.filter(|text| text.starts_with("FDSTORE")).collect();
    assert_eq!(kept, ["FDSTOREREMOVE=1\nFDNAME=http\n", "FDSTORE=1\nFDNAME=http\n"]);
    drop(server);
}

#[test]
fn systemd_gets_the_socket_of_plain_http_under_a_name_of_its_own() {
    let directory = tempfile::tempdir().unwrap();
    let files = PairFiles::in_directory(directory.path());
    files.write(&self_signed(&["localhost"]));
    let data = directory.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let environment = [
        ("UNOC_TLS_CERT", files.certificate.to_str().unwrap()),
        ("UNOC_TLS_KEY", files.key.to_str().unwrap()),
        ("UNOC_HTTP_REDIRECT_PORT", "0"),
    ];
    let mut manager = NotifySocket::new(directory.path());
    let server = manager.start(&data, &environment);
    manager.expect("READY=1");
    let received = manager.received.iter().map(String::as_str);
    let kept: Vec<_> = received.filter(|text| text.starts_with("FDSTORE=1")).collect();
    assert_eq!(kept, ["FDSTORE=1\nFDNAME=http\n", "FDSTORE=1\nFDNAME=redirect\n"]);
    drop(server);
}

/// Each finds its own again, whatever order systemd passes them in.
#[test]
fn both_sockets_are_found_again_by_their_ports() {
    let directory = tempfile::tempdir().unwrap();
    let files = PairFiles::in_directory(directory.path());
    files.write(&self_signed(&["localhost"]));
    let data = directory.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let ((plain, plain_address), port) = (socket(), free_port());
    let redirect_port = plain_address.port().to_string();
    let environment = [
        ("UNOC_TLS_CERT", files.certificate.to_str().unwrap()),
        ("UNOC_TLS_KEY", files.key.to_str().unwrap()),
        ("UNOC_HTTP_REDIRECT_PORT", redirect_port.as_str()),
    ];
    let server = Server::start_by(&data, &environment, |command| {
        let mut fixed = unoc(&["serve", "--port", &port.to_string(), "--data-dir"]);
        fixed.arg(&data).envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        passing(&plain, &fixed)
    });
    // A client that was in the queue of the passed socket is answered by the redirection.
    assert_eq!(ask(plain_address).expect("an answer"), "HTTP/1.1 307 Temporary Redirect");
    assert_eq!(server.address.port(), port);
    assert!(server.terminate().0.success());
}
