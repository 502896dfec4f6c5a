//! A newer program saves the site before it changes the store's layout.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use unoc::domain::Timestamp;
use unoc::store::{OpenOptions, STORE_FILE, Store};

use super::fixture::{
    Key, assert_no_left_overs, export_of, file_of, path_of, run_with, without_assumed_joins,
};
use crate::harness::process::{Server, run};

/// The demo network as 0.1.0 stored it, and its export by that version.
const STORE_V1: &[u8] = include_bytes!("../store/golden/v1.redb.zst");
const EXPORT_V1: &[u8] = include_bytes!("../store/golden/v1.jsonl.zst");

fn old_directory() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let data_dir = directory.path().join("data");
    fs::create_dir(&data_dir).expect("our own file");
    fs::write(data_dir.join(STORE_FILE), zstd::decode_all(STORE_V1).expect("whole"))
        .expect("whole");
    (directory, data_dir)
}

fn old_export() -> String {
    String::from_utf8(zstd::decode_all(EXPORT_V1).expect("whole")).expect("whole")
}

fn options() -> OpenOptions {
    OpenOptions { cache_bytes: 1 << 20, now: Timestamp(0), site_id: None }
}

fn schema_version(data_dir: &Path) -> u64 {
    let store = Store::open(data_dir, options()).expect("it opens");
    u64::from(store.schema_version().expect("it is readable"))
}

#[test]
fn the_first_start_of_a_newer_version_saves_the_old_store() {
    let (directory, data_dir) = old_directory();
    let server = Server::start(&data_dir, &[]);
    let list = server.http.backups();
    let [saved] = list["backups"].as_array().unwrap().as_slice() else { panic!("{list:#}") };
    assert_eq!((&saved["reason"], &saved["state"]), (&"upgrade".into(), &"verified".into()));
    assert_eq!(saved["is_newest_verified"], true);
    let is_assumed = |line: &String| line.contains("Assumed the cross-connects");
    assert!(server.log().iter().any(is_assumed));
    let (wanted, _) = without_assumed_joins(&old_export());
    // Two feeders each at its two ODFs: their joins are assumed, and marked so.
    assert_eq!(without_assumed_joins(&server.http.export()), (wanted.clone(), 2 * 4));
    assert!(server.terminate().0.success());
    assert_eq!(schema_version(&data_dir), 3);
    let elsewhere = directory.path().join("elsewhere");
    run(&elsewhere, &["restore", path_of(&file_of(&data_dir, saved))]).expect(0);
    let there = Server::start(&elsewhere, &[]);
    assert_eq!(without_assumed_joins(&there.http.export()), (wanted, 2 * 4));
    assert!(there.terminate().0.success());
    assert_no_left_overs(&data_dir);
    // The next start makes no other backup, and has nothing to assume.
    let store = Store::open(&data_dir, options()).expect("it opens");
    store.set_unjoined().expect("it is writable");
    drop(store);
    let server = Server::start(&data_dir, &[]);
    assert_eq!(server.http.backups()["backups"].as_array().unwrap().len(), 1);
    assert!(!server.log().iter().any(is_assumed));
}

#[test]
fn the_backup_before_an_upgrade_is_encrypted_too() {
    let (directory, data_dir) = old_directory();
    let key = Key::new(directory.path(), "key");
    let environment = [("UNOC_BACKUP_RECIPIENTS", key.recipient.as_str())];
    let said = run_with(&data_dir, &environment, &["backup", "list", "--json"]).expect(0);
    let list: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    let saved = &list["backups"][0];
    assert_eq!((&saved["reason"], &saved["is_encrypted"]), (&"upgrade".into(), &true.into()));
    run(&data_dir, &["backup", "verify", "latest", "--identity", key.path()]).expect(0);
}

#[test]
fn a_store_is_not_upgraded_without_a_backup() {
    let (directory, data_dir) = old_directory();
    let before = fs::read(data_dir.join(STORE_FILE)).unwrap();
    let in_the_way = directory.path().join("a file");
    fs::write(&in_the_way, "in the way").unwrap();
    let environment = [("UNOC_BACKUP_DIR", path_of(&in_the_way))];
    for arguments in [&["serve", "--port", "0"][..], &["export"], &["backup", "now"]] {
        let refused = run_with(&data_dir, &environment, arguments);
        assert_ne!(refused.code, 0, "{refused:?}");
        let words = refused.stderr.lines().last().unwrap_or_default();
        assert!(words.contains("the backup before the upgrade of the store failed"), "{refused:?}");
        assert!(words.contains(path_of(&in_the_way)), "{refused:?}");
        assert_eq!(schema_version(&data_dir), 1);
    }
    let after = fs::read(data_dir.join(STORE_FILE)).unwrap();
    println!("{} of {} bytes", after.len(), before.len());
    assert_eq!(fs::read(&in_the_way).unwrap(), b"in the way");
    // The previous version could still use the store; so can this one, once it can make a backup.
    assert_eq!(export_of(&data_dir), old_export());
    assert_eq!(schema_version(&data_dir), 3);
}
