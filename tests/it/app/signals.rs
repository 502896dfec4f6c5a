//! Signals stop the service cleanly or are ignored, from the start of the process on.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

use crate::harness::http::Http;
use crate::harness::process::{Server, run, unoc};
use crate::harness::skip;
use crate::harness::wait;

/// A process that is killed when a test fails.
struct Process {
    child: Child,
    /// Where signals are sent to.
    pid: u32,
}

impl Process {
    fn spawn(command: &mut Command) -> Self {
        let child = command.stderr(Stdio::piped()).spawn().expect("the program starts");
        let pid = child.id();
        Self { child, pid }
    }

    fn signal(&self, name: &str) {
        send(self.pid, name);
    }

    /// Waits for its end and returns what it logged.
    #[track_caller]
    fn ended(&mut self) -> (ExitStatus, String) {
        let mut log = String::new();
        let mut stderr = self.child.stderr.take().expect("a pipe");
        let reader = std::thread::spawn(move || stderr.read_to_string(&mut log).map(|_| log));
        let child = &mut self.child;
        let status = wait::until("the process ends", || child.try_wait().expect("its state"));
        (status, reader.join().expect("no panic").expect("a text"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|status| status.is_none()) {
            send(self.pid, "KILL");
            self.child.wait().ok();
        }
    }
}

#[track_caller]
fn send(pid: u32, name: &str) {
    let sent = Command::new("kill").arg(format!("-{name}")).arg(pid.to_string()).status();
    assert!(sent.expect("kill").success(), "{name}");
}

fn serve(data_dir: &Path) -> Command {
    let mut command = unoc(&["serve", "--port", "0", "--data-dir"]);
    command.arg(data_dir);
    command
}

#[test]
fn ignored_signals_do_not_end_the_service() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path(), &[]);
    for name in [
        "USR1", "USR2", "ALRM", "VTALRM", "PROF", "IO", "PWR", "STKFLT", "XCPU", "XFSZ", "40", "64",
    ] {
        server.signal(name);
        server.http.get("/health").expect(200);
    }
    server.logged(|line| line.contains("SIGUSR1 is ignored"));
    let (status, log) = server.terminate();
    assert!(status.success(), "{status}: {log:?}");
}

#[test]
fn each_signal_that_stops_the_service_stops_it_cleanly() {
    for name in ["TERM", "INT", "QUIT"] {
        let directory = tempfile::tempdir().unwrap();
        let server = Server::start(directory.path(), &[("UNOC_DEV_FEATURES", "0")]);
        let (status, log) = server.end_by(name);
        assert!(status.success(), "{name}: {status}");
        assert!(log.iter().any(|line| line.contains(&format!("Stopping on SIG{name}"))), "{log:?}");
        assert!(log.iter().any(|line| line.ends_with("Stopped")), "{log:?}");
    }
}

#[test]
fn a_terminal_that_is_closed_does_not_end_the_service() {
    let directory = tempfile::tempdir().unwrap();
    let mut process = Process::spawn(&mut serve(directory.path()));
    let endpoint = wait::until("the server answers", || unoc::app::read_endpoint(directory.path()));
    drop(process.child.stderr.take());
    process.signal("HUP");
    let http = Http::new(&endpoint.url);
    http.send(http::Method::POST, "/api/seed", &[], None).expect(201);
    http.get("/api/devices").expect(200);
    process.signal("TERM");
    let child = &mut process.child;
    let status = wait::until("the process ends", || child.try_wait().expect("its state"));
    assert!(status.success(), "{status}");
}

/// A host that accepts connections and never answers, as a database behind a dead link does.
fn silent_database() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("it is bound").port();
    (listener, format!("postgresql://unoc@127.0.0.1:{port}/unoc"))
}

/// What ends a start that waits for PostgreSQL.
#[track_caller]
fn stops_while_it_waits(mut process: Process, database: &TcpListener, find: impl Fn(u32) -> u32) {
    let _connection = database.accept().expect("the mirror connects");
    process.pid = find(process.pid);
    process.signal("TERM");
    let (status, log) = process.ended();
    assert!(status.success(), "{status}: {log}");
    assert!(log.contains("Stopping on SIGTERM") && log.contains("Stopped"), "{log}");
    assert!(!log.contains("serves http"), "it did not wait to the end of its patience: {log}");
}

#[test]
fn a_start_that_waits_for_postgresql_can_be_stopped() {
    let directory = tempfile::tempdir().unwrap();
    let (database, url) = silent_database();
    let process = Process::spawn(serve(directory.path()).env("UNOC_DATABASE_URL", &url));
    stops_while_it_waits(process, &database, |pid| pid);
    run(directory.path(), &["export"]).expect(0);
}

#[test]
fn a_start_that_waits_for_postgresql_can_be_stopped_as_process_1() {
    let unshare = |arguments: &[&str]| {
        let mut command = Command::new("unshare");
        command.args(["--pid", "--fork", "--kill-child"]).args(arguments);
        command
    };
    if !unshare(&["true"]).output().is_ok_and(|output| output.status.success()) {
        return skip("process 1 of a namespace: it takes root and unshare");
    }
    let directory = tempfile::tempdir().unwrap();
    let (database, url) = silent_database();
    let mut command = unshare(&[env!("CARGO_BIN_EXE_unoc"), "serve", "--port", "0", "--data-dir"]);
    command.arg(directory.path()).env("UNOC_DATABASE_URL", &url).env("UNOC_LOG_FORMAT", "text");
    stops_while_it_waits(Process::spawn(&mut command), &database, |unshare| {
        wait::until("process 1", || {
            let path = format!("/proc/{unshare}/task/{unshare}/children");
            fs::read_to_string(path).ok()?.split_whitespace().next()?.parse().ok()
        })
    });
    run(directory.path(), &["export"]).expect(0);
}

/// Starts on a store whose marker is a pipe, so that loading it takes as long as the test wants.
/// Returns the other end of the pipe once the marker is being read, and what the marker says.
fn load_slowly(data_dir: &Path) -> (Process, fs::File, String) {
    run(data_dir, &["seed"]).expect(0);
    let marker = data_dir.join("site.json");
    let text = fs::read_to_string(&marker).expect("a marker");
    fs::remove_file(&marker).expect("our own file");
    let made = Command::new("mkfifo").arg(&marker).status().expect("mkfifo");
    assert!(made.success());
    let process = Process::spawn(&mut serve(data_dir));
    let pipe = wait::until("the store is being loaded", || {
        let mut options = fs::OpenOptions::new();
        // O_NONBLOCK: opening fails as long as nobody reads (fifo(7)).
        options.write(true).custom_flags(0o4000).open(&marker).ok()
    });
    (process, pipe, text)
}

#[test]
fn a_store_that_is_being_loaded_is_closed_when_the_start_is_stopped() {
    let directory = tempfile::tempdir().unwrap();
    let (mut process, mut pipe, marker) = load_slowly(directory.path());
    process.signal("TERM");
    let mut log = BufReader::new(process.child.stderr.take().expect("a pipe")).lines();
    let stopping = log.next().expect("a line").expect("a text");
    assert!(stopping.contains("Stopping on SIGTERM"), "{stopping}");
    pipe.write_all(marker.as_bytes()).expect("it is read");
    drop(pipe);
    let rest: Vec<String> = log.map_while(Result::ok).collect();
    let child = &mut process.child;
    let status = wait::until("the process ends", || child.try_wait().expect("its state"));
    assert!(status.success(), "{status}: {rest:?}");
    assert!(rest.iter().all(|line| !line.contains("serves http")), "{rest:?}");
}

#[test]
fn a_load_that_does_not_end_does_not_delay_a_stop() {
    let directory = tempfile::tempdir().unwrap();
    let (mut process, pipe, marker) = load_slowly(directory.path());
    process.signal("TERM");
    let (status, log) = process.ended();
    assert!(status.success(), "{status}: {log}");
    assert!(log.contains("Stopped while the store was being loaded"), "{log}");
    drop(pipe);
    fs::remove_file(directory.path().join("site.json")).unwrap();
    fs::write(directory.path().join("site.json"), marker).unwrap();
    assert!(run(directory.path(), &["export"]).expect(0).stdout.contains("\"device"));
}
