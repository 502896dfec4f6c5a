//! `unoc support-bundle` and `GET /api/support-bundle`: what is in it, and that no secret is.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Command;

use flate2::read::GzDecoder;
use serde_json::{Value, json};

use unoc::backup::KeyPair;
use unoc::domain::Timestamp;
use unoc::engine::Clock;
use unoc::store::{OpenOptions, Sample, Store};

use crate::harness::process::{Server, run, said, unoc};
use crate::harness::unprivileged;

/// Secrets as an operator sets them, and a part of each that must never be seen.
const PLANTED: [(&str, &str); 6] = [
    ("DATABASE_URL", "postgresql://unoc:planted%40one@127.0.0.1:1/unoc?connect_timeout=1"),
    ("UNOC_SHUTDOWN_TOKEN", "planted-two"),
    ("UNOC_CONTACTS", "slack+http://127.0.0.1:1/services/planted-three-0123456789"),
    ("UNOC_SMTP_URL", "smtp://noc:planted-four@127.0.0.1:1"),
    ("UNOC_OIDC_CLIENT_SECRET", "planted-six"),
    ("AWS_SECRET_ACCESS_KEY", "planted-five"),
];

/// The files of a bundle by their names inside its directory.
fn unpacked(bundle: impl Read) -> BTreeMap<String, String> {
    let mut archive = tar::Archive::new(GzDecoder::new(bundle));
    let files = archive.entries().expect("an archive").map(|entry| {
        let mut entry = entry.expect("a file");
        let path = entry.path().expect("a path").into_owned();
        assert!(path.components().count() > 1, "it unpacks into a directory");
        let name = path.components().skip(1).collect::<std::path::PathBuf>();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).expect("its content");
        (name.display().to_string(), String::from_utf8_lossy(&bytes).into_owned())
    });
    files.collect()
}

#[track_caller]
fn assert_no_secret(files: &BTreeMap<String, String>) {
    for (name, text) in files {
        if let Some(at) = text.find("planted") {
            panic!("{name}: {}", &text[at.saturating_sub(80)..(at + 30).min(text.len())]);
        }
    }
}

#[track_caller]
fn written(directory: &Path, environment: &[(&str, &str)], file: &str) -> BTreeMap<String, String> {
    let path = directory.join(file);
    let mut command = unoc(&["support-bundle"]);
    command.arg(&path).arg("--data-dir").arg(directory.join("data"));
    let said = said(command.envs(environment.iter().copied())).expect(0);
    assert!(said.stdout.contains("README.txt lists what is in it"), "{}", said.stdout);
    assert_eq!(fs::metadata(&path).expect("a file").permissions().mode() & 0o777, 0o600);
    unpacked(fs::File::open(&path).expect("a file"))
}

#[test]
fn a_bundle_of_a_server_has_its_state_and_no_secret() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let data = directory.path().join("data");
    let environment = [&PLANTED[..], &[("UNOC_DEV_FEATURES", "0")]].concat();
    let server = Server::start(&data, &environment);
    // Secrets that people put where they do not belong, and that then are in logs and records.
    let device = json!({"name": "pw planted-two", "device_type": "POP"});
    let headers = [("x-request-id", "planted-five"), ("content-type", "application/json")];
    let post = http::Method::POST;
    let body = device.to_string();
    server.http.send(post, "/api/devices/provision", &headers, Some(&body)).expect(201);
    let note = json!({"name": "Ada", "note": "see postgres://x:planted-six@h and planted@one"});
    server.http.post("/api/runbook/contacts/records", &note).expect(201);

    let answer = server.http.get("/api/support-bundle").expect(200);
    assert_eq!(answer.header("content-type"), Some("application/gzip"));
    let disposition = answer.header("content-disposition").expect("a name");
    assert!(disposition.contains("filename=\"unoc-support-"), "{disposition}");
    let served = unpacked(answer.body.as_slice());
    // Secrets of a unit are not in the environment of a command.
    let commanded = written(directory.path(), &[], "bundle.tar.gz");
    for files in [&served, &commanded] {
        assert_no_secret(files);
        let health: Value = serde_json::from_str(&files["health.json"]).expect("JSON");
        assert_eq!(health["store"]["device_count"], 1);
        assert!(files["log.txt"].contains("POST /api/devices/provision 201"), "the log");
        assert!(files["log.txt"].contains("request.id=***"), "a secret in it is masked");
        assert!(files["runbook.json"].contains("postgres://x:***@h and ***"), "a record");
        assert!(files["checks/disk.free.json"].contains("points"), "the history of a check");
        for name in ["sync.json", "jobs.json", "backups.json", "incidents.json", "notices.json"] {
            serde_json::from_str::<Value>(&files[name]).unwrap_or_else(|it| panic!("{name}: {it}"));
        }
        assert!(files["configuration.txt"].contains("smtp_url = smtp://***@127.0.0.1:1"));
        assert!(files["host.txt"].contains("Linux version"), "the kernel");
        assert!(files["data_directory.txt"].contains("unoc.redb"), "the files");
        assert!(files["README.txt"].contains("log.txt"), "the contents");
        let checks: Value = serde_json::from_str(&files["doctor.json"]).expect("the checks");
        let mut ids = checks.as_array().expect("a list").iter().map(|check| &check["id"]);
        assert!(ids.any(|id| id == "disk.free"), "{checks}");
        // On a host without systemd, or for a user who may not read it.
        let readme = &files["README.txt"];
        assert!(files.contains_key("journal.txt") || readme.contains("; log.txt has the newest"));
    }
}

/// Secrets that are in files, are short, or are in addresses of webhooks; and what people write anywhere.
const HIDDEN: [&str; 7] = [
    "planted/seven+",
    "planted:eight",
    "planted nine",
    "planted10",
    "planted-eleven",
    "qz7",
    "planted-twelve",
];

#[test]
fn secrets_of_files_and_webhooks_and_short_ones_are_in_no_file() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = |name: &str, text: &str| {
        let path = directory.path().join(name);
        fs::write(&path, text).expect("it is ours");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("it is ours");
        path.display().to_string()
    };
    let keys =
        file("target.env", "AWS_ACCESS_KEY_ID=qz7\nAWS_SECRET_ACCESS_KEY=\"planted/seven+\"\n");
    let passwords = file("passwords", "127.0.0.1:1:unoc:unoc:planted\\:eight\n");
    fs::create_dir(directory.path().join("credentials")).expect("it is ours");
    file(
        "credentials/backup_target_other",
        "# keys\nexport AWS_SECRET_ACCESS_KEY='planted nine'\n",
    );
    // One of a service account, which has lines of punctuation only.
    let account = json!({"type": "service_account", "private_key": "planted-thirteen"});
    let account = format!("#\n{account:#}\n");
    file("credentials/service_account.json", &account);
    let target = format!(
        "s3://bucket/sites?endpoint=http://127.0.0.1:1&region=r&path_style=true&name=minio\
         &credentials_file={keys}"
    );
    let hook = "http://127.0.0.1:1/hook/planted10?t=planted-eleven&wait=true";
    let contacts = json!([{"name": "on-call", "webhook": {"url": hook}}]).to_string();
    let credentials = directory.path().join("credentials").display().to_string();
    let environment = [
        ("UNOC_BACKUP_TARGETS", target.as_str()),
        ("PGPASSFILE", &passwords),
        ("DATABASE_URL", "postgresql://unoc@127.0.0.1:1/unoc?connect_timeout=1"),
        ("CREDENTIALS_DIRECTORY", &credentials),
        ("UNOC_CONTACTS", &contacts),
        ("UNOC_DEV_FEATURES", "0"),
    ];
    let server = Server::start(&directory.path().join("data"), &environment);
    let [known @ .., unknown] = HIDDEN;
    let note = format!("it says {}. GET /x?api_token={unknown}&a=1", known.join("; "));
    let note = json!({"name": "Ada", "note": note});
    server.http.post("/api/runbook/contacts/records", &note).expect(201);
    let served = unpacked(server.http.get("/api/support-bundle").expect(200).body.as_slice());
    let commanded = written(directory.path(), &environment, "bundle.tar.gz");
    server.terminate();
    let alone = written(directory.path(), &environment, "alone.tar.gz");
    for files in [&served, &commanded, &alone] {
        for (name, text) in files {
            for secret in HIDDEN {
                assert!(!text.contains(secret), "{secret} in {name}: {text}");
            }
        }
        assert!(files["README.txt"].contains("fewer than 4 characters"), "{}", files["README.txt"]);
        for name in ["doctor.json", "backups.json"] {
            serde_json::from_str::<Value>(&files[name]).unwrap_or_else(|it| panic!("{name}: {it}"));
        }
        let configuration = &files["configuration.txt"];
        assert!(configuration.contains("    # "), "where a value comes from: {configuration}");
    }
    let masked = "it says ***; ***; ***; ***; ***; ***. GET /x?api_token=***&a=1";
    assert!(served["runbook.json"].contains(masked), "{}", served["runbook.json"]);
    // The rest of such lines is there.
    assert!(served["configuration.txt"].contains("name=minio"), "{}", served["configuration.txt"]);
}

/// Names, sizes, owners and times of what is in a directory.
fn state_of(directory: &Path) -> Vec<(std::path::PathBuf, u64, u32, i64)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).expect("it is there") {
        let path = entry.expect("an entry").path();
        let metadata = fs::symlink_metadata(&path).expect("it is there");
        if metadata.is_dir() {
            found.extend(state_of(&path));
        }
        found.push((path, metadata.len(), metadata.uid(), metadata.mtime_nsec()));
    }
    found.sort();
    found
}

/// It was killed, so its store needs a repair; and it belongs to another user when this is root.
#[test]
fn the_store_of_a_server_that_is_gone_is_read_and_stays_as_it_is() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let data = directory.path().join("data");
    // A key for which this host has none of its own yet.
    let recipient = KeyPair::generate().recipient;
    let environment = [("UNOC_BACKUP_RECIPIENTS", recipient.as_str())];
    let server = Server::start(&data, &[]);
    let backup = server.http.back_up();
    server.end_by("KILL");
    let options = OpenOptions { cache_bytes: 1 << 20, now: Timestamp(0), site_id: None };
    let store = Store::open(&data, options).expect("it opens");
    let now = Clock::system().now();
    let sample = Sample { series: "disk.free", value: 4711.0 };
    store.record_samples(now, &[sample]).expect("it is written");
    // As a killed process leaves it.
    std::mem::forget(store);
    let copy = directory.path().join("copy.redb");
    fs::copy(data.join("unoc.redb"), &copy).expect("there is room");
    fs::rename(&copy, data.join("unoc.redb")).expect("it is ours");
    unprivileged::give_all(&data);
    let bytes = fs::read(data.join("unoc.redb")).expect("it is there");
    let before = state_of(&data);

    let files = written(directory.path(), &environment, "bundle.tar.gz");
    assert_eq!(state_of(&data), before);
    assert!(fs::read(data.join("unoc.redb")).expect("it is there") == bytes, "it is as it was");
    assert!(files["store.txt"].contains("last commit 1: "), "{}", files["store.txt"]);
    let history: Value = serde_json::from_str(&files["checks/disk.free.json"]).expect("JSON");
    assert_eq!(history["points"][0]["value"]["mean"], 4711.0, "{history}");
    let backups: Value = serde_json::from_str(&files["backups.json"]).expect("JSON");
    assert_eq!(backups["backups"][0]["id"], backup["id"], "{backups}");
    let checks = &files["doctor.json"];
    assert!(checks.contains("backup.age") && checks.contains("store.read"), "{checks}");
    assert!(!checks.contains("store.write"), "nothing is written to it: {checks}");
}

#[test]
fn a_bundle_is_made_when_the_server_does_not_start() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let data = directory.path().join("data");
    // Nothing was ever started.
    let nothing = written(directory.path(), &[], "nothing.tar.gz");
    assert!(nothing["README.txt"].contains("health.json"), "{}", nothing["README.txt"]);
    assert!(nothing["README.txt"].contains("missing: no server runs on "));

    Server::start(&data, &[("UNOC_DEV_FEATURES", "1")]).terminate();
    let stopped = written(directory.path(), &[], "stopped.tar.gz");
    assert!(stopped["store.txt"].contains("last commit 1: "), "{}", stopped["store.txt"]);
    assert!(stopped["doctor.json"].contains("disk.free"));

    let wrong = [&PLANTED[..], &[("UNOC_PORT", "planted-five")]].concat();
    let refused = written(directory.path(), &wrong, "refused.tar.gz");
    assert!(refused["configuration.txt"].contains("UNOC_PORT"), "{}", refused["configuration.txt"]);
    assert_no_secret(&refused);

    fs::write(data.join("unoc.redb"), "no store").expect("it is ours");
    let broken = written(directory.path(), &[], "broken.tar.gz");
    assert!(broken["doctor.json"].contains("store.open"), "{}", broken["doctor.json"]);
    assert!(broken["README.txt"].contains("store.txt"), "{}", broken["README.txt"]);
}

/// A process that was killed leaves its address behind, and one that hangs does not answer.
#[test]
fn a_server_that_is_gone_or_hangs_does_not_stop_the_bundle() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let data = directory.path().join("data");
    let server = Server::start(&data, &[("UNOC_DEV_FEATURES", "0")]);
    server.signal("STOP");
    let hanging = written(directory.path(), &[], "hanging.tar.gz");
    server.signal("CONT");
    let readme = &hanging["README.txt"];
    assert!(readme.contains("health.json") && readme.contains("has not answered for"), "{readme}");
    server.end_by("KILL");
    let killed = written(directory.path(), &[], "killed.tar.gz");
    assert!(killed["store.txt"].contains("last commit 0"), "{}", killed["store.txt"]);
}

/// Without a server: a mount whose server is away, for which a FIFO stands.
#[test]
fn a_backup_directory_that_hangs_stops_neither_the_bundle_nor_the_doctor() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let data = directory.path().join("data");
    let server = Server::start(&data, &[("UNOC_DEV_FEATURES", "0")]);
    server.http.back_up();
    server.terminate();
    let fifo = data.join("backups/unoc_20300101_000000.json");
    assert!(Command::new("mkfifo").arg(fifo).status().expect("coreutils").success());
    let files = written(directory.path(), &[], "bundle.tar.gz");
    let readme = &files["README.txt"];
    assert!(readme.contains("backups.json") && readme.contains("does not respond"), "{readme}");
    assert!(files["doctor.json"].contains("does not respond"), "{}", files["doctor.json"]);
    let said = run(&data, &["doctor"]);
    assert!(said.stdout.contains("does not respond"), "{} {}", said.stdout, said.stderr);
}

#[test]
fn a_bundle_can_be_piped() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let mut command = unoc(&["support-bundle", "-"]);
    let output = command.arg("--data-dir").arg(directory.path()).output().expect("it runs");
    assert!(output.status.success(), "{output:?}");
    assert!(unpacked(output.stdout.as_slice()).contains_key("README.txt"));
    let said = run(directory.path(), &["support-bundle", "/nonexistent/x.tar.gz"]).expect(1);
    assert!(said.stderr.contains("cannot create /nonexistent/x.tar.gz"), "{}", said.stderr);
}
