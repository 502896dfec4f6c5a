//! A directory that hangs, like a mount whose server is away. The tests use a FIFO: opening one
//! waits until somebody writes into it.

use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::Command;

use http::Method;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use unoc::backup::{BackupError, Backups};
use unoc::engine::{Clock, Engine, EngineOptions};
use unoc::store::{self, Store};

use super::fixture::file_of;
use super::round_trip::options;
use crate::harness::http::Answer;
use crate::harness::process::Server;
use crate::harness::site::text_of;
use crate::harness::wait;

/// Concurrent requests.
const ASKED: usize = 200;
/// Threads that may wait for the directory: those for overviews, operations and reads, and those
/// that tokio started for them and keeps for a while.
const THREADS_MORE: usize = 40;

/// A file whose readers hang until it is released.
struct Hanging(PathBuf);

impl Hanging {
    fn new(path: PathBuf) -> Self {
        let made = Command::new("mkfifo").arg(&path).status().expect("coreutils");
        assert!(made.success());
        Self(path)
    }

    /// Waiting readers continue, and the file is gone.
    fn release(self) {
        let aside = self.0.with_extension("released");
        fs::rename(&self.0, &aside).expect("our own file");
        drop(OpenOptions::new().write(true).open(&aside).expect("somebody reads"));
        fs::remove_file(aside).expect("our own file");
    }
}

fn serve(directory: &Path) -> (Server, Value) {
    let server = Server::start(directory, &[("UNOC_DEV_FEATURES", "0")]);
    server.http.provision("here", "POP");
    let made = server.http.back_up();
    (server, made)
}

/// Requests that do not need the directory are answered, and few threads wait.
#[track_caller]
fn serves_on(server: &Server, threads_before: usize) {
    let threads = server.threads();
    assert!(threads <= threads_before + THREADS_MORE, "{threads} after {threads_before}");
    for path in ["/api/devices", "/api/links", "/api/audit", "/health", "/api/health", "/api/jobs"]
    {
        server.http.get(path).expect(200);
    }
    server.http.provision(&format!("meanwhile {}", server.http.seq()), "POP");
}

#[test]
fn a_directory_that_hangs_blocks_few_threads_and_no_request() {
    let directory = tempfile::tempdir().unwrap();
    let (server, made) = serve(directory.path());
    let threads_before = server.threads();
    let hanging = Hanging::new(directory.path().join("backups/unoc_20300101_000000.json"));

    let id = text_of(&made["id"]);
    let restore = format!("/api/backups/{id}/restore");
    let verify = format!("/api/backups/{id}/verify");
    let ask = |number: usize| -> Answer {
        let post = |path: &str| server.http.send(Method::POST, path, &[], None);
        match number % 8 {
            0 => server.http.get("/api/backups").expect(200),
            1 => server.http.get("/api/backups/latest").expect(200),
            2 => server.http.get("/api/backups/prune").expect(200),
            3 => post(&verify).expect(503),
            4 => server.http.post(&restore, &json!({"dry_run": true})).expect(503),
            5 => post("/api/backups").expect(503),
            _ => server.http.get("/metrics").expect(200),
        }
    };
    for _ in 0..2 {
        std::thread::scope(|scope| {
            let asked: Vec<_> = (0..ASKED).map(|number| scope.spawn(move || ask(number))).collect();
            for asked in asked {
                asked.join().expect("each is answered");
            }
        });
        serves_on(&server, threads_before);
    }
    let list = server.http.backups();
    assert_eq!(list["is_directory_answering"], false, "{list:#}");
    assert_eq!(list["backups"][0]["id"], made["id"], "what it last told stays");
    let metrics = server.http.get("/metrics").expect(200);
    for line in ["unoc_backup_directory_is_answering 0", "unoc_backups 1"] {
        assert!(metrics.text().contains(line), "{}", metrics.text());
    }
    let refused = server.http.ask("/api/backups").expect(503);
    let detail = refused.detail();
    assert!(text_of(&detail).contains("does not respond"), "{detail}");

    hanging.release();
    wait::until("the directory answers", || {
        (server.http.backups()["is_directory_answering"] == true).then_some(())
    });
    assert_eq!(server.http.back_up()["state"], "verified");
}

#[test]
fn downloads_of_a_file_that_hangs_block_few_threads() {
    let directory = tempfile::tempdir().unwrap();
    let (server, made) = serve(directory.path());
    let file = file_of(directory.path(), &made);
    let content = fs::read(&file).unwrap();
    fs::remove_file(&file).unwrap();
    let threads_before = server.threads();
    let hanging = Hanging::new(file.clone());
    let path = format!("/api/backups/{}/download", text_of(&made["id"]));
    std::thread::scope(|scope| {
        let asked: Vec<_> =
            (0..ASKED).map(|_| scope.spawn(|| server.http.get(&path).expect(503))).collect();
        for asked in asked {
            asked.join().expect("each is answered");
        }
    });
    serves_on(&server, threads_before);
    assert_eq!(server.http.backups()["is_directory_answering"], true, "lists do not wait for it");
    hanging.release();
    fs::write(&file, &content).unwrap();
    wait::until("downloads go on", || {
        let answer = server.http.get(&path);
        (answer.status == 200).then(|| assert!(answer.body == content))
    });
}

/// A command that looks at the backups of a store must not keep the service from opening it.
#[test]
fn a_look_that_hangs_does_not_keep_the_store_open() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    fs::create_dir(directory.join("backups")).unwrap();
    let clock = Clock::system();
    let open = || {
        let now = clock.now();
        let options = store::OpenOptions { cache_bytes: 1 << 20, now, site_id: None };
        Store::open(directory, options)
    };
    let engine_options = EngineOptions { min_free_bytes: 0, clock: clock.clone() };
    let (engine, thread) = Engine::start(open().expect("a new store"), engine_options).unwrap();
    let hanging = Hanging::new(directory.join("backups/unoc_20300101_000000.json"));
    let backups = Backups::new(options(directory), engine.clone());
    let runtime = Runtime::new().unwrap();
    let seen = runtime.block_on(backups.observe());
    assert!(matches!(seen, Err(BackupError::DirectoryUnresponsive(_))), "{seen:?}");
    runtime.block_on(engine.stop());
    drop((backups, engine));
    thread.join().expect("no panic");
    open().expect("nobody has it open");
    hanging.release();
}
