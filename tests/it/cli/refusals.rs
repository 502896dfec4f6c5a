//! Refusals of commands, which change nothing.

use std::fs;
use std::path::Path;

use crate::harness::process::{Server, run};

/// A directory with the demo network, its export, and a way to import something else.
struct Site {
    directory: tempfile::TempDir,
    export: String,
}

impl Site {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        run(directory.path(), &["seed"]).expect(0);
        let export = run(directory.path(), &["export"]).expect(0).stdout;
        Self { directory, export }
    }

    /// Imports a file with this text; the refusal must contain each of `expected`.
    fn refuses(&self, text: &str, expected: &[&str]) {
        let file = self.directory.path().join("faulty.jsonl");
        fs::write(&file, text).expect("room");
        let said =
            run(self.directory.path(), &["import", file.to_str().expect("UTF-8"), "--replace"]);
        assert!(said.code != 0, "{said:?}");
        for words in expected {
            assert!(said.stderr.contains(words), "{words:?} not in {}", said.stderr);
        }
        let now = run(self.directory.path(), &["export"]).expect(0).stdout;
        assert!(now == self.export, "the store is not what it was: {}", said.stderr);
    }

    /// Returns the export with one line replaced.
    fn with_line(&self, number: usize, line: &str) -> String {
        let mut lines: Vec<&str> = self.export.lines().collect();
        lines[number - 1] = line;
        lines.join("\n") + "\n"
    }

    fn line(&self, number: usize) -> &str {
        self.export.lines().nth(number - 1).expect("that many lines")
    }
}

#[test]
fn a_truncated_file_is_refused() {
    let site = Site::new();
    let count = site.export.lines().count();
    let without_last: String =
        site.export.lines().take(count - 1).map(|line| format!("{line}\n")).collect();
    let expected = format!("the file ends after {} of {} entities", count - 2, count - 1);
    site.refuses(&without_last, &[&expected, "truncated"]);
    let inside = &site.export[..site.export.len() - 40];
    site.refuses(inside, &[&format!("line {count}:")]);
    site.refuses("", &["line 1:", "not a UNOC export"]);
    site.refuses(&format!("{}\n", site.line(1)), &["the file ends after 0 of"]);
}

#[test]
fn the_line_of_an_error_is_reported() {
    let site = Site::new();
    site.refuses(&site.with_line(1, "{}"), &["line 1:"]);
    site.refuses(&site.with_line(1, "not JSON"), &["line 1:", "not a UNOC export"]);
    let newer = site.line(1).replace("\"unoc_export\":1", "\"unoc_export\":2");
    site.refuses(&site.with_line(1, &newer), &["line 1:", "export format 2"]);
    site.refuses(&site.with_line(5, "{\"kind\":\"device\"}"), &["line 5:", "missing field"]);
    let device = site.line(5);
    for (from, to, words) in [
        ("\"kind\":\"device\"", "\"kind\":\"tree\"", "unknown variant"),
        ("\"status\":\"", "\"status\":\"X", "unknown status"),
        ("\"device_type\":\"", "\"device_type\":\"X", "unknown device_type"),
        ("\"created_at\":\"2", "\"created_at\":\"x2", "RFC 3339"),
        ("\"name\":\"", "\"name\":\"\\n", "control characters"),
        ("\"x\":", "\"z\":1,\"x\":", "unknown field"),
    ] {
        let faulty = device.replacen(from, to, 1);
        assert_ne!(faulty, device, "{from}");
        site.refuses(&site.with_line(5, &faulty), &["line 5:", words]);
    }
    let long = format!("{{\"kind\":\"device\",\"name\":\"{}\"}}", "x".repeat(70_000));
    site.refuses(&site.with_line(7, &long), &["line 7:", "longer than"]);
}

#[test]
fn an_inconsistent_site_is_refused() {
    let site = Site::new();
    let count = site.export.lines().count();
    site.refuses(&site.with_line(6, site.line(5)), &["not consistent", "occurs twice"]);
    let same_name = {
        let name = |line: &str| {
            line.split("\"name\":\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
        };
        site.line(6).replace(&name(site.line(6)), &name(site.line(5)))
    };
    site.refuses(&site.with_line(6, &same_name), &["not consistent", "I1"]);
    let orphan =
        site.line(6).replace("\"parent_container_id\":1,", "\"parent_container_id\":9999,");
    assert_ne!(orphan, site.line(6));
    site.refuses(
        &site.with_line(6, &orphan),
        &["not consistent", "I2", "Parent container not found"],
    );
    let link = site.line(count);
    let dangling = link.replacen("\"a_interface_id\":", "\"a_interface_id\":99", 1);
    site.refuses(&site.with_line(count, &dangling), &["not consistent", "I4"]);
    let beyond = link.replacen("\"id\":", "\"id\":99", 1);
    site.refuses(&site.with_line(count, &beyond), &["not consistent", "I5"]);
}

#[test]
fn a_missing_file_is_an_error() {
    let site = Site::new();
    let said = run(site.directory.path(), &["import", "/nonexistent/x", "--replace"]).expect(1);
    assert!(said.stderr.contains("cannot open /nonexistent/x"), "{said:?}");
    let said = run(site.directory.path(), &["export", "/nonexistent/x"]).expect(1);
    assert!(said.stderr.contains("cannot create /nonexistent/x"), "{said:?}");
}

#[test]
fn a_marker_without_its_store_is_refused_by_every_command() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let server = Server::start(path, &[]);
    assert!(server.terminate().0.success());
    fs::remove_file(path.join(unoc::store::STORE_FILE)).unwrap();
    for arguments in [
        &["serve", "--port", "0"][..],
        &["seed"],
        &["seed", "--replace"],
        &["export"],
        &["import", "x"],
    ] {
        let said = run(path, arguments).expect(3);
        assert!(said.stderr.contains("unoc.redb is missing"), "{said:?}");
        assert!(said.stderr.contains("remove") && said.stderr.contains("site.json"), "{said:?}");
    }
    let left: Vec<_> =
        fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["site.json"]);
    fs::remove_file(path.join("site.json")).unwrap();
    run(path, &["seed"]).expect(0);
}

#[test]
fn the_error_of_an_address_in_use_has_a_remedy() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let directory = tempfile::tempdir().unwrap();
    let said = run(directory.path(), &["serve", "--port", &port]).expect(1);
    assert!(
        said.stderr.contains(&format!("127.0.0.1:{port} is in use by another program")),
        "{said:?}"
    );
    assert!(said.stderr.contains("--port"), "{said:?}");
}

/// A mistyped path must not become a site without devices.
#[test]
fn a_command_that_needs_a_site_creates_none() {
    let directory = tempfile::tempdir().expect("a directory");
    let missing = directory.path().join("mistyped");
    let file = directory.path().join("site.jsonl");
    let file = file.to_str().expect("UTF-8");
    for arguments in [
        &["export"][..],
        &["export", file],
        &["export", "--csv", "devices"],
        &["jobs"],
        &["jobs", "run", "backup"],
        &["jobs", "disable", "backup"],
        &["sync", "status"],
        &["backup", "list"],
    ] {
        let said = run(&missing, arguments).expect(3);
        assert!(said.stderr.contains("mistyped holds no site"), "{arguments:?}: {}", said.stderr);
        assert_eq!(said.stdout, "", "{arguments:?}");
    }
    for arguments in [&["runbook"][..], &["reports"], &["logs"], &["notify", "test"]] {
        let said = run(&missing, arguments).expect(75);
        assert!(said.stderr.contains("no server runs on"), "{arguments:?}: {}", said.stderr);
    }
    assert!(!missing.exists() && !Path::new(file).exists(), "nothing was created");
}
