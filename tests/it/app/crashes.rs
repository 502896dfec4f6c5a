//! What a panic leaves behind, and the incidents that panics and crash loops become.
//!
//! The panics are those of threads of the test, whose process has the hook: each test has its own process.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tracing::{Level, info};
use unoc::app::{RunEnd, RunRecorder};
use unoc::domain::Timestamp;
use unoc::engine::Clock;
use unoc::logs::Logs;

use crate::harness::http::Http;
use crate::harness::process::{Server, run, said, unoc};
use crate::harness::site::text_of;
use crate::harness::{TestApp, wait};

/// An address that no host has (RFC 5737), so that a start fails at its last step.
const NO_ADDRESS: &str = "192.0.2.1";

/// Ends a thread of this name with a panic, always at the same place.
fn panic_in(thread: &str) {
    let builder = std::thread::Builder::new().name(thread.to_owned());
    let ended = builder.spawn(|| panic!("no such page: {}", 7)).expect("a thread").join();
    assert!(ended.is_err());
}

fn logs() -> Logs {
    Logs::new(Level::INFO, || Timestamp(1))
}

/// Waits for the only report of a data directory: whoever panics waits for it 5 s, then goes on.
#[track_caller]
fn report(data_dir: &Path) -> (PathBuf, Value) {
    let directory = data_dir.join("crashes");
    let is_report = |path: &PathBuf| {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        name.starts_with("panic-") && name.ends_with(".json")
    };
    let path = wait::until("a report", || {
        let entries = fs::read_dir(&directory).expect("the directory of reports");
        let paths = entries.map(|entry| entry.expect("an entry").path());
        match paths.filter(is_report).collect::<Vec<_>>().as_slice() {
            [] => None,
            [path] => Some(path.clone()),
            several => panic!("{several:?}"),
        }
    });
    let text = fs::read_to_string(&path).expect("a text");
    (path, serde_json::from_str(&text).expect("JSON"))
}

/// The incidents whose keys begin with this.
fn incidents(http: &Http, prefix: &str) -> Vec<Value> {
    let list = http.get("/api/incidents?source=service").expect(200).json();
    let all = list["incidents"].as_array().expect("a list").iter();
    all.filter(|one| text_of(&one["key"]).starts_with(prefix)).cloned().collect()
}

/// Waits for the only incident of this kind.
#[track_caller]
fn incident(http: &Http, prefix: &str) -> Value {
    wait::until("an incident", || match incidents(http, prefix).as_slice() {
        [] => None,
        [one] => Some(one.clone()),
        several => panic!("{several:?}"),
    })
}

#[test]
fn a_panic_leaves_a_report_that_the_next_starts_tell_of_once() {
    let directory = tempfile::tempdir().unwrap();
    let logs = logs();
    let begun = RunRecorder::begin(directory.path(), &Clock::system(), &logs).expect("begun");
    tracing::dispatcher::with_default(&logs.dispatch(), || info!(round = 3, "Before it"));
    panic_in("engine");
    let (path, report) = report(directory.path());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let place = text_of(&report["location"]);
    assert!(place.starts_with("tests/it/app/crashes.rs:"), "{report}");
    assert_eq!(report["message"], "no such page: 7");
    assert_eq!((&report["thread"], &report["count"]), (&"engine".into(), &1.into()));
    assert_eq!(report["version"], env!("CARGO_PKG_VERSION"));
    let backtrace = report["backtrace"].to_string();
    assert!(backtrace.contains("crashes::panic_in"), "{backtrace}");
    assert!(!backtrace.contains(" at /"), "only names of functions: {backtrace}");
    let log = report["log"].as_array().expect("lines");
    assert!(log.iter().any(|line| text_of(line).contains("Before it {\"round\":3}")), "{log:?}");
    begun.finish(RunEnd::Failed("the engine panicked".to_owned()));

    let key = format!("crash:{place}");
    let told = directory.path().join("crashes/reported.json");
    for start in ["the first start", "after kill -9 before it was noted as told", "after another"] {
        fs::remove_file(&told).ok();
        let server = Server::start(directory.path(), &[]);
        wait::until("the report is noted as told", || told.exists().then_some(()));
        let found = incident(&server.http, "crash:");
        assert_eq!((&found["key"], &found["count"]), (&Value::from(key.as_str()), &1.into()));
        assert_eq!(found["title"], "The engine panicked, which ends the service", "{start}");
        let detail = text_of(&found["detail"]);
        assert!(detail.contains("no such page: 7"), "{detail}");
        assert!(detail.contains(&path.display().to_string()), "{detail}");
    }
    // Without its incidents, as after the loss of the store, an old report is not told again.
    fs::remove_file(directory.path().join(unoc::store::STORE_FILE)).unwrap();
    fs::remove_file(directory.path().join("site.json")).unwrap();
    let server = Server::start(directory.path(), &[]);
    incident(&server.http, "service:crash-loop");
    assert!(incidents(&server.http, "crash:").is_empty());
}

#[test]
fn a_service_that_goes_on_tells_of_panics_at_once_and_counts_those_of_a_place() {
    let app = TestApp::empty();
    app.clock.hold();
    let begun = RunRecorder::begin(&app.data_dir, &app.clock.still(), &logs()).expect("begun");
    panic_in("tokio-rt-worker");
    let first = incident(&app, "crash:");
    assert_eq!(
        (&first["title"], &first["count"]),
        (&"A request or a task panicked".into(), &1.into())
    );
    panic_in("tokio-rt-worker");
    assert_eq!(report(&app.data_dir).1["count"], 1, "written at most once a minute");
    app.clock.advance(61);
    panic_in("tokio-rt-worker");
    let told = wait::until("the count", || {
        let told = incident(&app, "crash:");
        (told["count"] == 2).then_some(told)
    });
    assert!(text_of(&told["detail"]).contains("3 times in all"), "{told}");
    assert_eq!(report(&app.data_dir).1["count"], 3);
    begun.finish(RunEnd::Stopped);
}

#[test]
fn a_crash_loop_is_named_with_its_first_cause() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let begun = RunRecorder::begin(path, &Clock::system(), &logs()).expect("begun");
    panic_in("engine");
    report(path);
    begun.finish(RunEnd::Failed("the engine panicked".to_owned()));
    // Each is killed when it is dropped.
    for _ in 0..2 {
        let server = Server::start(path, &[]);
        assert!(!server.log().iter().any(|line| line.contains("crash loop")));
    }
    let cause = "thread engine panicked at tests/it/app/crashes.rs:";
    let server = Server::start(path, &[]);
    let line = server.logged(|line| line.contains("The service is in a crash loop"));
    assert!(line.contains("ended 3 times in a row") && line.contains(cause), "{line}");
    let found = incident(&server.http, "service:crash-loop");
    assert_eq!((&found["severity"], &found["count"]), (&"critical".into(), &1.into()));
    assert!(text_of(&found["detail"]).contains(cause), "{found}");

    assert!(server.terminate().0.success());
    let server = Server::start(path, &[]);
    assert_eq!(incident(&server.http, "service:crash-loop")["count"], 1, "a shutdown ends it");
    assert!(!server.log().iter().any(|line| line.contains("crash loop")));
}

#[test]
fn starts_that_fail_are_a_crash_loop_and_those_that_are_refused_are_not() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    for _ in 0..3 {
        run(path, &["serve", "--insecure-no-auth", "--host", NO_ADDRESS, "--port", "0"]).expect(1);
        // Refused: the store is of another site.
        let other = "--site-id=00000000-0000-4000-8000-000000000000";
        run(path, &["serve", other]).expect(3);
    }
    let server = Server::start(path, &[]);
    let found = incident(&server.http, "service:crash-loop");
    let detail = text_of(&found["detail"]);
    assert!(detail.contains("ended 3 times in a row") && detail.contains(NO_ADDRESS), "{detail}");
}

#[test]
fn panics_are_only_logged_when_reports_cannot_be_written() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let begun = RunRecorder::begin(path, &Clock::system(), &logs()).expect("begun");
    fs::remove_dir_all(path.join("crashes")).unwrap();
    panic_in("engine");
    begun.finish(RunEnd::Failed("the engine panicked".to_owned()));
    assert!(!path.join("crashes").exists());

    fs::write(path.join("crashes"), "a file in its place").unwrap();
    let server = Server::start(path, &[]);
    server.logged(|line| line.contains("Panics will only be logged"));
    assert!(incidents(&server.http, "").is_empty());
    assert!(server.terminate().0.success());
}

/// Ends the server as systemd does, and runs what the unit runs afterwards.
fn end(server: Server, data_dir: &Path, variables: &[(&str, &str)]) {
    server.end_by("KILL");
    let mut report = unoc(&["report-failure", "--data-dir"]);
    said(report.arg(data_dir).envs(variables.iter().copied())).expect(0);
}

#[test]
fn how_systemd_ended_the_service_becomes_an_incident() {
    let directory = tempfile::tempdir().unwrap();
    let data_dir = directory.path();
    let start = || Server::start(data_dir, &[("UNOC_DEV_FEATURES", "0")]);
    end(start(), data_dir, &[("SERVICE_RESULT", "watchdog"), ("EXIT_STATUS", "ABRT")]);
    let server = start();
    let stuck = incident(&server.http, "crash:systemd:watchdog");
    assert_eq!(stuck["title"], "The service was stuck, and systemd ended it");
    assert!(text_of(&stuck["detail"]).contains("ended it by SIGABRT"), "{stuck}");
    end(server, data_dir, &[("SERVICE_RESULT", "oom-kill"), ("EXIT_STATUS", "KILL")]);
    // The unit of failures passes what systemd says of the service.
    let given_up = |result| {
        [
            ("MONITOR_UNIT", "unoc.service"),
            ("MONITOR_SERVICE_RESULT", result),
            ("MONITOR_EXIT_STATUS", "KILL"),
        ]
    };
    end(start(), data_dir, &given_up("signal"));
    end(start(), data_dir, &given_up("start-limit-hit"));
    let server = start();
    let ended = incident(&server.http, "crash:systemd:not-restarted");
    assert_eq!(ended["title"], "The service failed, and systemd did not start it again");
    assert!(text_of(&ended["detail"]).contains("it ended by SIGKILL, and"), "{ended}");
    let limit = incident(&server.http, "crash:systemd:start-limit");
    assert_eq!(limit["severity"], "critical");
    incident(&server.http, "crash:systemd:out-of-memory");
    // The first cause of the loop is the one that began it.
    let looped = incident(&server.http, "service:crash-loop");
    assert!(text_of(&looped["detail"]).contains("gave no sign of life"), "{looped}");
}

#[test]
fn ends_that_the_service_reports_itself_leave_no_further_report() {
    let directory = tempfile::tempdir().unwrap();
    let refused = [
        ("MONITOR_UNIT", "unoc.service"),
        ("MONITOR_SERVICE_RESULT", "exit-code"),
        ("MONITOR_EXIT_STATUS", "3"),
    ];
    let ends: [&[(&str, &str)]; 4] = [
        &[],
        &[("SERVICE_RESULT", "success"), ("EXIT_STATUS", "0")],
        &[("SERVICE_RESULT", "exit-code"), ("EXIT_STATUS", "1")],
        &refused,
    ];
    for variables in ends {
        let mut report = unoc(&["report-failure", "--data-dir"]);
        said(report.arg(directory.path()).envs(variables.iter().copied())).expect(0);
    }
    assert!(!directory.path().join("crashes").exists());
}

#[test]
fn a_report_is_written_before_the_journal_is_read_and_despite_an_error_of_the_configuration() {
    let directory = tempfile::tempdir().unwrap();
    let bin = tempfile::tempdir().unwrap();
    let journal = bin.path().join("journalctl");
    fs::write(&journal, "#!/bin/sh\ncd \"$STATE_DIRECTORY/crashes\" && echo *.json\n").unwrap();
    fs::set_permissions(&journal, fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", bin.path().display());
    let mut report = unoc(&["report-failure"]);
    report.env("PATH", path).env("STATE_DIRECTORY", directory.path());
    report.env("UNOC_PORT", "none").env("MONITOR_UNIT", "unoc.service");
    said(report.env("MONITOR_SERVICE_RESULT", "timeout")).expect(0);
    let name = "panic-systemd@not-restarted.json";
    let report = fs::read_to_string(directory.path().join("crashes").join(name)).unwrap();
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["log"], json!([name]), "{report}");
    assert_eq!(report["count"], 1);
}
