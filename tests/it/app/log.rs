//! The log: in the journal with priorities, on terminals with and without colours.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::harness::process::{Server, unoc};
use crate::harness::skip;
use crate::harness::wait;

/// An address that no host has (RFC 5737), so that a start fails at its last step.
const NO_ADDRESS: &str = "192.0.2.1";

/// Returns what a command writes to a standard error that `JOURNAL_STREAM` names, or does not.
fn journal_lines(command: &mut Command, is_stream: bool) -> Vec<String> {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    let found = file.as_file().metadata().expect("our own file");
    let inode = if is_stream { found.ino() } else { found.ino() + 1 };
    command.env("JOURNAL_STREAM", format!("{}:{inode}", found.dev()));
    let stderr = File::options().append(true).open(file.path()).expect("our own file");
    let mut child = command.stderr(stderr).stdout(Stdio::null()).spawn().expect("it starts");
    wait::until("the command ends", || child.try_wait().expect("its state"));
    let text = fs::read_to_string(file.path()).expect("a text");
    text.lines().map(str::to_owned).collect()
}

/// A start that logs at several levels and fails: PostgreSQL refuses, and the address is not this
/// host's.
fn failing_start(data_dir: &Path, format: &str) -> Command {
    let mut command = unoc(&["serve", "--host", NO_ADDRESS]);
    command.arg("--data-dir").arg(data_dir);
    command.args(["--log-format", format]);
    command.env("UNOC_DATABASE_URL", "postgresql://unoc@127.0.0.1:1/unoc");
    command
}

#[test]
fn each_line_reaches_the_journal_with_its_priority() {
    let directory = tempfile::tempdir().unwrap();
    for format in ["text", "json"] {
        let lines = journal_lines(&mut failing_start(directory.path(), format), true);
        for (level, mark) in [("INFO", "<6>"), ("WARN", "<4>")] {
            let of_level = |line: &&String| match format {
                "json" => line.contains(&format!("\"level\":\"{level}\"")),
                _ => line.contains(&format!(" {level} ")),
            };
            let mut found = lines.iter().filter(of_level).peekable();
            assert!(found.peek().is_some(), "no {level} in {lines:?}");
            assert!(found.all(|line| line.starts_with(mark)), "{level}: {lines:?}");
        }
        assert!(lines.iter().all(|line| line.starts_with('<')), "{lines:?}");
        let last = lines.last().expect("why it ended");
        assert!(last.starts_with("<3>unoc: "), "{last}");
        assert!(last.contains(NO_ADDRESS), "{last}");
    }
    let lines = journal_lines(&mut failing_start(directory.path(), "text"), false);
    assert!(!lines.is_empty() && lines.iter().all(|line| !line.starts_with('<')), "{lines:?}");
}

#[test]
fn every_line_of_an_error_has_that_priority_in_the_journal() {
    let mut faulty = unoc(&["serve"]);
    faulty.env("UNOC_PORT", "x").env("UNOC_MIN_FREE_MIB", "y").env("UNOC_NO_SUCH_KEY", "z");
    for command in [&mut faulty, &mut unoc(&["serve", "--prot", "1"])] {
        let lines = journal_lines(command, true);
        assert!(lines.len() > 2, "{lines:?}");
        assert!(lines.iter().all(|line| line.starts_with("<3>")), "{lines:?}");
        assert!(!lines.iter().any(|line| line.contains('\u{1b}')), "{lines:?}");
    }
}

#[test]
fn colours_are_used_only_on_terminals_that_allow_them() {
    let on_terminal = |arguments: &str, variable: (&str, &str)| {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let unoc = env!("CARGO_BIN_EXE_unoc");
        let data_dir = directory.path().display();
        let mut command = Command::new("script");
        command.args(["-qec", &format!("{unoc} {arguments} --data-dir {data_dir}"), "/dev/null"]);
        command.env_clear().env("HOME", "/nonexistent").env("TERM", "xterm").stdin(Stdio::null());
        command.env("PATH", "/usr/bin:/bin").env(variable.0, variable.1);
        let output = command.output().ok()?;
        Some(String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let serve = format!("serve --host {NO_ADDRESS}");
    for (arguments, word) in [(serve.as_str(), "INFO"), ("serve --prot 1", "error")] {
        let Some(coloured) = on_terminal(arguments, ("A", "B")) else {
            return skip("colours on a terminal: there is no script(1)");
        };
        assert!(coloured.contains('\u{1b}') && coloured.contains(word), "{coloured}");
        for variable in [("NO_COLOR", "1"), ("TERM", "dumb")] {
            let plain = on_terminal(arguments, variable).expect("as before");
            assert!(!plain.contains('\u{1b}') && plain.contains(word), "{variable:?}: {plain}");
        }
        let empty = on_terminal(arguments, ("NO_COLOR", "")).expect("as before");
        assert!(empty.contains('\u{1b}'), "an empty NO_COLOR does not count: {empty}");
    }
}

/// Part of every password and token of the service under test.
const SECRET: &str = "hunter2hunter2";

#[test]
fn no_line_has_a_password_or_a_token() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("postgresql://unoc:{SECRET}@127.0.0.1:1/unoc?echo=true");
    let token = format!("{SECRET}-{SECRET}-token");
    let keys = directory.path().join("keys.env");
    fs::write(&keys, format!("aws_access_key_id=AK\naws_secret_access_key={SECRET}\n")).unwrap();
    fs::set_permissions(&keys, Permissions::from_mode(0o600)).unwrap();
    let keys = keys.display();
    let targets = format!("s3://b/x?endpoint=https://127.0.0.1:1&credentials_file={keys}");
    let environment = [
        ("UNOC_LOG_LEVEL", "TRACE"),
        ("DATABASE_URL", url.as_str()),
        ("UNOC_SHUTDOWN_TOKEN", token.as_str()),
        ("UNOC_BACKUP_TARGETS", targets.as_str()),
    ];
    let server = Server::start(directory.path(), &environment);
    let level = json!({"target": "unoc", "level": "TRACE"}).to_string();
    let headers = [("content-type", "application/json"), ("authorization", SECRET)];
    server.http.send(http::Method::PUT, "/api/logs/levels", &headers, Some(&level)).expect(200);
    let wrong = [("x-shutdown-token", SECRET), ("authorization", "Bearer hunter2hunter2")];
    server.http.send(http::Method::POST, "/api/admin/shutdown", &wrong, None).expect(403);
    server.http.post("/api/sync/now", &Value::Null);
    server.http.post("/api/backups", &Value::Null);
    server.http.get(&format!("/api/logs?text={SECRET}")).expect(200);
    server.logged(|line| line.contains("PostgreSQL"));
    let ring = server.http.get("/api/logs/export?format=jsonl").expect(200);
    let count = ring.text().lines().count();
    assert!(count > 20 && !ring.text().contains(SECRET), "{count} lines");
    let (_, stderr) = server.terminate();
    assert!(!stderr.iter().any(|line| line.contains(SECRET)), "{stderr:#?}");
}

/// The lines in memory are those of standard error, and a level that is changed counts for both.
#[test]
fn memory_and_standard_error_have_the_same_lines() {
    let directory = tempfile::tempdir().unwrap();
    let environment = [("UNOC_LOG_FORMAT", "json"), ("UNOC_DEV_FEATURES", "0")];
    let server = Server::start(directory.path(), &environment);
    server.http.get_with("/api/devices", &[("x-request-id", "quiet")]).expect(200);
    let level = json!({"target": "unoc::api", "level": "debug", "for_s": 60}).to_string();
    let headers = [("content-type", "application/json"), ("x-request-id", "louder")];
    server.http.send(http::Method::PUT, "/api/logs/levels", &headers, Some(&level)).expect(200);
    server.http.get_with("/api/devices", &[("x-request-id", "read")]).expect(200);
    server.http.delete("/api/logs/levels").expect(200);
    server.http.get_with("/api/devices", &[("x-request-id", "quiet")]).expect(200);
    let ring = server.http.get("/api/logs/export?format=jsonl").expect(200);
    let ring: Vec<Value> =
        ring.text().lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let last = ring.last().expect("a line")["message"].as_str().expect("a text").to_owned();
    server.logged(|line| line.contains(&last));
    let stderr: Vec<Value> =
        server.log().iter().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let shown = |lines: &[Value], field: &str| -> Vec<String> {
        let texts = lines.iter().map(|line| {
            format!("{} {} {} {}", line["level"], line["target"], line["message"], line[field])
        });
        texts.take(ring.len()).collect()
    };
    assert_eq!(shown(&ring, "request_id"), shown(&stderr, "request.id"));
    let of = |id: &str| ring.iter().filter(|line| line["request_id"] == id).count();
    assert_eq!((of("quiet"), of("read"), of("louder")), (0, 1, 2));
    let said = ring.iter().find(|line| line["target"] == "unoc::logs::levels").expect("who did it");
    assert_eq!(said["message"], "unoc::api is logged at DEBUG for 60 s, as api 127.0.0.1 asked");
}
