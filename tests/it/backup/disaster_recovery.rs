//! Restoring the site on a host whose store is lost or damaged.

use std::fs;
use std::path::Path;

use tempfile::TempDir;
use unoc::store::{MARKER_FILE, STORE_FILE};

use super::fixture::{
    assert_no_left_overs, back_up, entities, export_of, names_in, path_of, portable, seed,
};
use crate::harness::process::{Server, run};

const DUMP_V2: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/v2_import/dumps/clean.sql");

/// A site that is saved, and its export at that time.
fn saved() -> (TempDir, String) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    seed(directory.path(), 30);
    back_up(directory.path());
    let export = export_of(directory.path());
    (directory, export)
}

fn restores_after(damage: impl FnOnce(&Path), what: &str) -> Vec<Vec<u8>> {
    let (directory, export) = saved();
    let data_dir = directory.path();
    damage(&data_dir.join(STORE_FILE));
    let damaged = fs::read(data_dir.join(STORE_FILE)).ok();
    let refused = run(data_dir, &["serve", "--port", "0"]);
    assert_ne!(refused.code, 0, "{what}: the service refuses to start");
    let dry = run(data_dir, &["restore", "latest", "--dry-run"]).expect(0);
    assert!(dry.stdout.contains("can be restored"), "{what}: {dry:?}");
    assert_eq!(fs::read(data_dir.join(STORE_FILE)).ok(), damaged, "{what}: a dry run is dry");
    let done = run(data_dir, &["restore", "latest", "--yes"]).expect(0);
    assert!(done.stdout.contains("Restored site "), "{what}: {done:?}");
    assert_eq!(portable(&export_of(data_dir)), portable(&export), "{what}");
    assert_no_left_overs(data_dir);
    let quarantine = data_dir.join("quarantine");
    let kept = names_in(&quarantine);
    let kept: Vec<_> = kept
        .iter()
        .map(|name| fs::read(quarantine.join(name).join(STORE_FILE)).expect("our own file"))
        .collect();
    assert_eq!(kept.first().cloned(), damaged, "{what}: nothing is thrown away");
    let server = Server::start(data_dir, &[]);
    assert_eq!(portable(&server.http.export()), portable(&export), "{what}");
    server.http.provision("afterwards", "POP");
    assert_eq!(server.http.back_up()["state"], "verified");
    assert!(server.terminate().0.success());
    kept
}

#[test]
fn a_deleted_store_is_restored_from_the_newest_backup() {
    let kept = restores_after(|store| fs::remove_file(store).unwrap(), "deleted");
    assert!(kept.is_empty());
}

#[test]
fn a_deleted_store_with_an_empty_marker_is_restored() {
    let empty_marker = |store: &Path| fs::write(store.with_file_name(MARKER_FILE), b"").unwrap();
    let kept = restores_after(
        |store| {
            empty_marker(store);
            fs::remove_file(store).unwrap();
        },
        "deleted, with an empty marker",
    );
    assert!(kept.is_empty());
    restores_after(
        |store| {
            empty_marker(store);
            fs::write(store, b"garbage").unwrap();
        },
        "garbage, with an empty marker",
    );
}

/// Its header is intact, so that it opens, but the pages that it points to are damaged.
#[test]
fn a_store_with_damaged_pages_is_set_aside() {
    const HEADER_BYTES: usize = 4096;
    for filling in [0x00, 0x5a, 0xff] {
        let overwrite = |store: &Path| {
            let mut content = fs::read(store).unwrap();
            content[HEADER_BYTES..].fill(filling);
            fs::write(store, content).unwrap();
        };
        restores_after(overwrite, &format!("pages of {filling:#x}"));
    }
}

#[test]
fn a_damaged_store_is_set_aside_and_replaced_by_the_newest_backup() {
    let truncate = |store: &Path| {
        let file = fs::OpenOptions::new().write(true).open(store).unwrap();
        file.set_len(file.metadata().unwrap().len() / 3).unwrap();
    };
    let garbage = |store: &Path| {
        let length = fs::metadata(store).unwrap().len();
        fs::write(store, vec![0x5a; usize::try_from(length).unwrap()]).unwrap();
    };
    let empty = |store: &Path| fs::write(store, b"").unwrap();
    restores_after(truncate, "truncated");
    restores_after(garbage, "garbage");
    restores_after(empty, "empty");
}

#[test]
fn a_damaged_store_without_a_backup_is_not_changed() {
    let directory = tempfile::tempdir().unwrap();
    seed(directory.path(), 5);
    let store = directory.path().join(STORE_FILE);
    fs::write(&store, "garbage").unwrap();
    let refused = run(directory.path(), &["restore", "latest", "--yes"]).expect(3);
    assert!(refused.stderr.contains("there is no backup yet"), "{refused:?}");
    assert_eq!(fs::read(&store).unwrap(), b"garbage");
    assert!(fs::exists(directory.path().join(MARKER_FILE)).unwrap());
}

#[test]
fn a_damaged_backup_does_not_replace_a_damaged_store() {
    let (directory, _) = saved();
    let backups = directory.path().join("backups");
    let name = names_in(&backups).into_iter().find(|name| name.ends_with(".zst")).unwrap();
    let mut content = fs::read(backups.join(&name)).unwrap();
    let middle = content.len() / 2;
    content[middle] ^= 1;
    fs::write(backups.join(&name), content).unwrap();
    let store = directory.path().join(STORE_FILE);
    fs::write(&store, "garbage").unwrap();
    let refused = run(directory.path(), &["restore", "latest", "--yes"]).expect(3);
    assert!(refused.stderr.contains(&name), "{refused:?}");
    assert_eq!(fs::read(&store).unwrap(), b"garbage");
    assert_no_left_overs(directory.path());
}

#[test]
fn a_backup_of_another_site_does_not_replace_a_lost_store() {
    let (directory, _) = saved();
    let (other, _) = saved();
    let name = names_in(&other.path().join("backups"));
    let name = name.iter().find(|name| name.ends_with(".zst")).unwrap();
    let file = other.path().join("backups").join(name);
    fs::remove_file(directory.path().join(STORE_FILE)).unwrap();
    let refused = run(directory.path(), &["restore", path_of(&file), "--yes"]).expect(3);
    assert!(refused.stderr.contains("nothing was changed"), "{refused:?}");
    assert!(!directory.path().join(STORE_FILE).exists());
}

#[test]
fn a_restore_of_a_dump_of_v2_can_be_undone() {
    let (directory, export) = saved();
    let data_dir = directory.path();
    run(data_dir, &["restore", DUMP_V2, "--dry-run"]).expect(0);
    assert_eq!(export_of(data_dir), export, "a dry run is dry");
    run(data_dir, &["restore", DUMP_V2, "--yes"]).expect(0);
    let restored = export_of(data_dir);
    // `unoc import` of the same dump has the same result.
    let imported = tempfile::tempdir().unwrap();
    run(imported.path(), &["import", "--from-dump", DUMP_V2]).expect(0);
    let names = |export: &str| {
        let mut names: Vec<String> = export
            .lines()
            .filter(|line| line.contains("\"kind\":\"device\""))
            .map(|line| {
                let value: serde_json::Value = serde_json::from_str(line).unwrap();
                value["name"].to_string()
            })
            .collect();
        names.sort();
        names
    };
    assert_eq!(names(&restored), names(&export_of(imported.path())));
    run(data_dir, &["restore", "--undo", "--yes"]).expect(0);
    assert_eq!(entities(&export_of(data_dir)), entities(&export));
    assert_no_left_overs(data_dir);
}

#[test]
fn a_restore_of_a_running_site_asks_first() {
    let (directory, export) = saved();
    let refused = run(directory.path(), &["restore", "latest"]).expect(3);
    assert!(
        refused.stderr.contains("add --yes to do it without a question; nothing was changed"),
        "{refused:?}"
    );
    assert_eq!(export_of(directory.path()), export);
}

#[test]
fn a_file_that_a_kill_left_without_a_manifest_is_removed() {
    let (directory, export) = saved();
    let backups = directory.path().join("backups");
    let names = names_in(&backups);
    let whole = names.iter().find(|name| name.ends_with(".zst")).unwrap();
    // The file has its final name already, but the manifest has not.
    fs::copy(backups.join(whole), backups.join("unoc_20200101_000000.sql.zst")).unwrap();
    fs::write(backups.join("unoc_20200101_000000.notes"), "{}").unwrap();
    fs::write(backups.join("unoc_20200101_000000.json.part"), "{}").unwrap();
    // A file that a person put there is not removed.
    fs::copy(backups.join(whole), backups.join("unoc_20210101_000000.sql.zst")).unwrap();
    fs::write(backups.join("README"), "ours").unwrap();
    let server = Server::start(directory.path(), &[]);
    let mut left = names_in(&backups);
    left.retain(|name| !names.contains(name));
    assert_eq!(left, ["README", "unoc_20210101_000000.sql.zst"]);
    assert_eq!(server.http.backups()["backups"].as_array().unwrap().len(), 1);
    assert!(server.terminate().0.success());
    let fresh = directory.path().join("fresh");
    let theirs = backups.join("unoc_20210101_000000.sql.zst");
    run(&fresh, &["restore", path_of(&theirs)]).expect(0);
    assert_eq!(portable(&export_of(&fresh)), portable(&export));
}
