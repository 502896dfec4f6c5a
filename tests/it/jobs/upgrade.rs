//! A store of UNOC 0.1.0, which knew no jobs, becomes one of this version.

use std::fs;
use std::path::Path;

use tempfile::TempDir;
use unoc::app;
use unoc::config::Config;
use unoc::domain::{DeviceId, Timestamp};
use unoc::engine::Clock;
use unoc::query::export_site;
use unoc::store::{MARKER_FILE, OpenOptions, STORE_FILE, Store};

use crate::harness::backend::{Disk, Op, Survivors, apply, crash};
use crate::harness::commands::Rng;
use crate::harness::plan;
use crate::harness::process::{Server, run};

/// The demo network as 0.1.0 stored it, and its export by that version.
const STORE_V1: &[u8] = include_bytes!("../store/golden/v1.redb.zst");
const EXPORT_V1: &[u8] = include_bytes!("../store/golden/v1.jsonl.zst");

fn old_directory() -> TempDir {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = zstd::decode_all(STORE_V1).expect("whole");
    fs::write(directory.path().join(STORE_FILE), store).expect("written");
    directory
}

fn exported(store: &Store) -> String {
    let mut text = Vec::new();
    export_site(&store.read().expect("a snapshot"), store.site_id(), &mut text, |_, _| {})
        .expect("an export");
    String::from_utf8(text).expect("a text")
}

fn open(directory: &Path) -> Store {
    let options = OpenOptions { cache_bytes: 1 << 20, now: Clock::system().now(), site_id: None };
    Store::open(directory, options).expect("the store opens")
}

#[test]
fn an_old_store_opens_as_it_is_and_is_upgraded_with_all_its_data() {
    let export = String::from_utf8(zstd::decode_all(EXPORT_V1).expect("whole")).expect("a text");
    let directory = old_directory();
    let store = open(directory.path());
    assert!(store.needs_upgrade().unwrap());
    assert_eq!(store.schema_version().unwrap(), 1);
    assert!(store.read().unwrap().job("backup").is_err(), "there is no such table yet");
    assert_eq!(exported(&store), export);
    let audited = store.read().unwrap().audit(None, 0).unwrap().count();
    drop(store);
    assert_eq!(open(directory.path()).schema_version().unwrap(), 1, "opening upgrades nothing");

    let config = Config::for_data_dir(directory.path());
    let store = app::open_store(&config, &Clock::system()).unwrap();
    assert_eq!(store.schema_version().unwrap(), 3);
    assert!(!store.needs_upgrade().unwrap());
    assert_eq!(store.read().unwrap().job("backup").unwrap(), None);
    let history = store.read().unwrap().outages(DeviceId(1), Timestamp(0), Timestamp(1)).unwrap();
    assert_eq!(history, [], "the tables of the history are there");
    assert_eq!(exported(&store), export);
    assert_eq!(store.read().unwrap().audit(None, 0).unwrap().count(), audited);
    drop(store);
    let store = app::open_store(&config, &Clock::system()).unwrap();
    assert_eq!(exported(&store), export, "a second time changes nothing");
}

#[test]
fn a_power_cut_during_the_upgrade_leaves_a_whole_store() {
    let whole = zstd::decode_all(STORE_V1).expect("whole");
    let disk = Disk::new(whole.clone());
    let store = plan::open(disk.clone()).unwrap();
    let export = exported(&store);
    store.upgrade().unwrap();
    drop(store);
    let log = disk.log();
    let mut versions = [0; 4];
    for position in 0..=log.len() {
        let synced = log[..position].iter().rposition(|op| matches!(op, Op::Sync));
        let synced = synced.map_or(0, |index| index + 1);
        let mut durable = whole.clone();
        log[..synced].iter().for_each(|op| apply(&mut durable, op));
        for survivors in Survivors::ALL {
            let mut rng = Rng::new(position as u64);
            let image = crash(&durable, &log[synced..position], survivors, &mut rng);
            let store = plan::open(Disk::new(image)).unwrap();
            versions[store.schema_version().unwrap() as usize] += 1;
            assert_eq!(exported(&store), export, "cut at {position}, {survivors:?}");
            store.upgrade().unwrap();
            assert_eq!(store.read().unwrap().job("backup").unwrap(), None);
        }
    }
    assert!(versions[1] > 0 && versions[3] > 0, "both sides of the commit: {versions:?}");
}

#[test]
fn an_old_store_is_served_and_its_jobs_run() {
    let directory = old_directory();
    let said = run(directory.path(), &["jobs", "run", "self-check"]).expect(0);
    assert!(said.stdout.contains("75 devices, 462 interfaces, 76 links"), "{said:?}");
    assert!(directory.path().join(MARKER_FILE).exists());
    let server = Server::start(directory.path(), &[]);
    let jobs = server.http.get("/api/jobs").expect(200).json();
    let mut jobs = jobs["jobs"].as_array().unwrap().iter();
    let check = jobs.find(|job| job["name"] == "self-check").unwrap();
    assert_eq!(check["runs"][0]["result"], "ok");
    assert!(server.terminate().0.success());
}

#[test]
fn a_new_store_and_a_copy_of_it_are_of_this_version() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    assert_eq!(store.schema_version().unwrap(), 3);
    let copy = store.copy_to_quarantine(&store.read().unwrap(), "copy").unwrap();
    let copy = open(&copy);
    assert!(!copy.needs_upgrade().unwrap());
    assert_eq!(copy.read().unwrap().job("backup").unwrap(), None);
}
