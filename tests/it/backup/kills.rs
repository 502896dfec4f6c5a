//! The real program is killed during backups, restores, undos, prunings and uploads. The site is
//! then in the state before or after, never a mixture; every listed backup is complete; no
//! unfinished file is left; the next backup works. `UNOC_TEST_BACKUP_KILLS` sets the number of
//! kills at random moments, `UNOC_TEST_SEED` the moments.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use unoc::backup::{Keyring, manifest_beside, verify_file};
use unoc::engine::Clock;

use super::fixture::{assert_no_left_overs, entities, export_of, file_of, seed};
use crate::engine::kill9::http::Client;
use crate::engine::kill9::server::{now, pause};
use crate::harness::commands::{Rng, setting};
use crate::harness::process::Server;
use crate::harness::proxy::{Mode, Proxy};
use crate::harness::s3::S3;
use crate::harness::site::text_of;
use crate::harness::wait;

const KILLS: usize = 8;
const SEED: u64 = 4711;
/// Operations on a site of this size take long enough to be hit.
const LEAVES: u32 = 600;
/// Backups that are kept, and those kept when pruning is killed.
const KEPT: &str = "6";
const KEPT_BY_PRUNING: &str = "2";

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Operation {
    Backup,
    Restore,
    Undo,
    Prune,
}

/// A site, and what is known about its backups.
struct Site {
    directory: TempDir,
    rng: Rng,
    /// The entities that each backup holds.
    saved: BTreeMap<String, String>,
    /// Backups that were verified already.
    verified_ids: BTreeSet<String>,
    /// How long each operation takes without a kill.
    took: BTreeMap<Operation, Duration>,
    changes: usize,
}

impl Site {
    fn new(seed_of_rng: u64) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        seed(&directory.path().join("data"), LEAVES);
        Self {
            directory,
            rng: Rng::new(seed_of_rng),
            saved: BTreeMap::new(),
            verified_ids: BTreeSet::new(),
            took: BTreeMap::new(),
            changes: 0,
        }
    }

    fn data_dir(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    fn start(&self) -> Server {
        self.start_keeping(KEPT)
    }

    fn start_keeping(&self, last: &str) -> Server {
        let environment = [
            ("UNOC_BACKUP_KEEP_LAST", last),
            ("UNOC_BACKUP_KEEP_DAILY", "0"),
            ("UNOC_BACKUP_KEEP_WEEKLY", "0"),
            ("UNOC_BACKUP_KEEP_MONTHLY", "0"),
        ];
        Server::start(&self.data_dir(), &environment)
    }

    fn start_for(&self, operation: Operation) -> Server {
        self.start_keeping(if operation == Operation::Prune { KEPT_BY_PRUNING } else { KEPT })
    }

    /// Makes a state that differs from all before.
    fn change(&mut self, server: &Server) {
        self.changes += 1;
        server.http.provision(&format!("change {}", self.changes), "POP");
    }

    fn back_up(&mut self, server: &Server) -> Value {
        let backup = server.http.back_up();
        assert_eq!(backup["state"], "verified");
        let id = text_of(&backup["id"]).to_owned();
        self.saved.insert(id.clone(), entities(&server.http.export()).to_owned());
        self.verified_ids.insert(id);
        backup
    }

    /// Prepares an operation. Returns its request and the states that the site may have afterwards.
    fn prepare(&mut self, server: &Server, operation: Operation) -> (String, Value, Vec<String>) {
        let newest = server.http.backups()["backups"][0]["id"].as_str().unwrap_or("").to_owned();
        self.change(server);
        let before = entities(&server.http.export()).to_owned();
        match operation {
            Operation::Backup => ("/api/backups".to_owned(), Value::Null, vec![before]),
            Operation::Restore => {
                let after = self.saved[&newest].clone();
                let body = json!({"dry_run": false});
                (format!("/api/backups/{newest}/restore"), body, vec![before, after])
            }
            Operation::Undo => {
                server.http.restore(&json!(newest), false).expect(200);
                let states = vec![before, self.saved[&newest].clone()];
                ("/api/backups/undo".to_owned(), Value::Null, states)
            }
            Operation::Prune => ("/api/backups/prune".to_owned(), Value::Null, vec![before]),
        }
    }

    fn measure(&mut self, operation: Operation) {
        let server = self.start_for(operation);
        let (path, body, _) = self.prepare(&server, operation);
        let begun = now();
        let answer = server.http.post(&path, &body);
        assert!([200, 201].contains(&answer.status), "{answer:?}");
        self.took.insert(operation, now() - begun);
        if operation == Operation::Backup {
            let backup = answer.json();
            self.saved.insert(
                text_of(&backup["id"]).to_owned(),
                entities(&server.http.export()).to_owned(),
            );
        }
    }

    /// One round: an operation, a kill during it, a check of everything. Returns what the kill hit.
    fn round(&mut self, operation: Operation, when: &str) -> String {
        let server = self.start_for(operation);
        let (path, body, states) = self.prepare(&server, operation);
        let window = self.took[&operation].as_micros();
        let moment = Duration::from_micros(
            self.rng.next() % u64::try_from(window * 6 / 5).expect("it is there"),
        );
        let address = server.address;
        // Before the clock starts: the kill may come at once.
        let mut client = Client::connect(address).expect("it listens");
        let asking = std::thread::spawn(move || {
            client.call("POST", &path, Some(&body)).map(|answer| answer.status).ok()
        });
        pause(moment);
        drop(server);
        let answered = asking.join().expect("no panic");
        let found = entities(&export_of(&self.data_dir())).to_owned();
        let which = states.iter().position(|state| *state == found);
        let which = which.unwrap_or_else(|| panic!("{when}: the site is none of the two"));
        // What was acknowledged must have happened.
        match operation {
            Operation::Restore if answered == Some(200) => assert_eq!(which, 1, "{when}"),
            Operation::Undo if answered == Some(200) => assert_eq!(which, 0, "{when}"),
            _ => {}
        }
        self.check(&found, when);
        format!("killed after {moment:?}, answered {answered:?}, state {which}")
    }

    fn check(&mut self, found: &str, when: &str) {
        let data_dir = self.data_dir();
        let server = self.start();
        assert_no_left_overs(&data_dir);
        assert!(entities(&server.http.export()) == found, "{when}: the start changed the site");
        let list = server.http.backups();
        assert_eq!(list["activity"], Value::Null, "{when}");
        for backup in list["backups"].as_array().expect("a list") {
            assert_eq!(backup["is_local"], true, "{when}: {backup:#}");
            self.check_backup(&data_dir, backup, found, when);
        }
        if list["undo"].is_object() {
            // The offered undo works.
            let dry = server.http.ask("/api/backups/undo?dry_run=true");
            assert_eq!(dry.status, 200, "{when}: {dry:?}");
        }
        self.back_up(&server);
        assert_no_left_overs(&data_dir);
    }

    /// Checks that a listed backup is complete and holds a state that existed.
    fn check_backup(&mut self, data_dir: &Path, backup: &Value, found: &str, when: &str) {
        let id = text_of(&backup["id"]).to_owned();
        if !self.verified_ids.insert(id.clone()) {
            return;
        }
        let file = file_of(data_dir, backup);
        let manifest = manifest_beside(&file).unwrap_or_else(|| panic!("{when}: {id}"));
        let keyring = Keyring::of_files::<&Path>(&[]).expect("keys");
        let scratch = self.directory.path().join("scratch");
        let verified =
            verify_file(&file, Some(&manifest), &keyring, &scratch, Clock::system().now());
        verified.unwrap_or_else(|error| panic!("{when}: {id}: {error}"));
        // Made by the killed operation, from the state that it found.
        self.saved.entry(id).or_insert_with(|| found.to_owned());
    }
}

#[test]
fn a_kill_at_any_moment_leaves_one_state_and_complete_backups() {
    let kills = setting("UNOC_TEST_BACKUP_KILLS", KILLS);
    let seed = setting("UNOC_TEST_SEED", SEED);
    println!("{kills} kills, UNOC_TEST_SEED={seed}");
    let mut site = Site::new(seed);
    let all = [Operation::Backup, Operation::Restore, Operation::Undo, Operation::Prune];
    for operation in all {
        site.measure(operation);
    }
    println!("{:?}", site.took);
    for kill in 0..kills {
        let operation = if kill < all.len() { all[kill] } else { site.rng.one_of(&all) };
        let when = format!("kill {kill} in {operation:?}, UNOC_TEST_SEED={seed}");
        println!("{when}: {}", site.round(operation, &when));
    }
}

#[test]
fn a_kill_during_an_upload_loses_only_the_copy() {
    let directory = tempfile::tempdir().unwrap();
    let s3 = S3::start();
    let port: u16 = s3.endpoint.rsplit(':').next().unwrap().parse().unwrap();
    let proxy = Proxy::start(port);
    let url = s3.target_url(&s3.credentials_file(directory.path()));
    let url = url.replace(&format!(":{port}"), &format!(":{}", proxy.port()));
    let data_dir = directory.path().join("data");
    seed(&data_dir, 50);
    let environment = [("UNOC_BACKUP_TARGETS", url.as_str())];
    // The job also runs every ten minutes, possibly during this test.
    let server = Server::start(&data_dir, &environment);
    server.http.patch("/api/jobs/copy", &json!({"is_enabled": false})).expect(200);
    drop(server);
    for round in 0..3 {
        let server = Server::start(&data_dir, &environment);
        server.http.provision(&format!("round {round}"), "POP");
        let site = server.http.export();
        proxy.set(Mode::Freeze);
        let address = server.address;
        // Before the clock starts: the kill may come at once.
        let mut client = Client::connect(address).expect("it listens");
        let asking = std::thread::spawn(move || client.call("POST", "/api/backups", None).is_err());
        wait::until("the upload has begun", || {
            (server.http.backups()["activity"]["kind"] == "copy").then_some(())
        });
        drop(server);
        assert!(asking.join().expect("no panic"), "nobody was promised anything");
        proxy.cut_all();
        proxy.set(Mode::Pass);

        let server = Server::start(&data_dir, &environment);
        assert_eq!(server.http.export(), site);
        assert_no_left_overs(&data_dir);
        let newest = server.http.backups()["backups"][0].clone();
        assert_eq!(
            (&newest["state"], &newest["is_newest_verified"]),
            (&"verified".into(), &true.into())
        );
        assert_eq!(newest["copies"][0]["state"], "pending", "{newest:#}");
        assert_eq!(server.http.run_job("copy")["result"], "ok");
        assert_eq!(server.http.backup(&newest["id"])["copies"][0]["state"], "done");
        let names = s3.objects();
        assert!(names.iter().any(|name| name.ends_with(text_of(&newest["file"]))), "{names:?}");
        assert_eq!(s3.parts(), 0);
    }
}
