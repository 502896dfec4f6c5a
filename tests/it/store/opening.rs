//! Opening a data directory: what is created, what is refused, and that a refusal changes nothing.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::Barrier;

use redb::{Database, ReadableDatabase, TableDefinition};
use tempfile::TempDir;
use unoc::store::{
    LastCommit, MARKER_FILE, OpenOptions, STORE_FILE, SiteMarker, Store, StoreError,
};
use uuid::Uuid;

use crate::harness::commands::time;
use crate::harness::plan::Plan;

const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");

fn open(directory: &Path) -> Result<Store, StoreError> {
    Store::open(directory, OpenOptions { cache_bytes: 1 << 20, now: time(0), site_id: None })
}

/// A closed store with a commit, in a directory of its own.
fn closed_store() -> TempDir {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = open(directory.path()).expect("a new store");
    Plan::random(1, 1, 1).commit(&store, 1).expect("the first commit");
    directory
}

fn marker(directory: &Path) -> SiteMarker {
    let text = fs::read(directory.join(MARKER_FILE)).expect("a marker");
    serde_json::from_slice(&text).expect("the marker's JSON")
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("it exists").permissions().mode() & 0o777
}

#[test]
fn a_new_directory_gets_a_private_store_and_a_marker() {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("state").join("unoc");
    let store = open(&directory).unwrap();
    assert_eq!(mode(&directory), 0o700);
    assert_eq!(mode(&directory.join(STORE_FILE)), 0o600);
    assert_eq!(marker(&directory).site_id, store.site_id());
    assert!(!store.site_id().is_nil());
    assert_eq!(store.read().unwrap().last_commit(), LastCommit::default());
    let mut names: Vec<_> =
        fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, [MARKER_FILE, STORE_FILE], "nothing else is left behind");
}

#[test]
fn a_store_in_use_is_locked_until_its_last_clone_and_snapshot_are_gone() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path()).unwrap();
    let clone = store.clone();
    drop(store);
    match open(directory.path()).unwrap_err() {
        StoreError::Locked { path } => assert_eq!(path, directory.path().join(STORE_FILE)),
        other => panic!("{other}"),
    }
    drop(clone);
    open(directory.path()).unwrap();
}

#[test]
fn a_closed_store_opens_with_the_same_identity_and_content() {
    let directory = closed_store();
    let before = marker(directory.path());
    let store = open(directory.path()).unwrap();
    assert_eq!(store.site_id(), before.site_id);
    assert_eq!(store.read().unwrap().seq(), 1);
    assert_eq!(marker(directory.path()), before);
}

#[test]
fn an_installed_store_counts_although_its_old_directory_stays() {
    let directory = closed_store();
    let scratch = directory.path().join("scratch");
    let site_id = marker(directory.path()).site_id;
    let options = OpenOptions { cache_bytes: 1 << 20, now: time(0), site_id: None };
    let store = Store::create_scratch(&scratch, site_id, options).unwrap();
    Plan::random(1, 1, 1).commit(&store, 1).expect("a commit");
    drop(store);
    // No file system removes a directory by its own dot.
    let from = scratch.join(".");
    assert!(fs::remove_dir(directory.path().join(".")).is_err());
    let quarantined = Store::install(&from, directory.path(), site_id, "old").unwrap();
    assert!(quarantined.is_some_and(|directory| directory.join(STORE_FILE).exists()));
    assert!(scratch.exists(), "what could not be removed stays");
    assert_eq!(open(directory.path()).unwrap().read().unwrap().seq(), 1);
}

#[test]
fn a_marker_without_its_store_is_refused() {
    let directory = closed_store();
    fs::remove_file(directory.path().join(STORE_FILE)).unwrap();
    assert_missing(directory.path(), "no file");
    assert!(!directory.path().join(STORE_FILE).exists(), "no store was created in its place");
}

/// A file that is no longer a store: refused, and left for an operator who can still repair it.
#[test]
fn a_destroyed_store_is_refused_and_not_changed() {
    let whole = fs::read(closed_store().path().join(STORE_FILE)).unwrap();
    let other = tempfile::tempdir().unwrap();
    drop(Database::create(other.path().join("empty.redb")).unwrap());
    let empty_redb = fs::read(other.path().join("empty.redb")).unwrap();
    let zeroed = vec![0; whole.len()];
    let mut headless = whole.clone();
    headless[..512].fill(0);
    for (what, bytes) in [
        ("no byte", Vec::new()),
        ("one byte", vec![b'r']),
        ("garbage", b"<html>507 Insufficient Storage</html>".repeat(500)),
        ("zeroes", zeroed),
        ("a zeroed header", headless),
        ("the first half", whole[..whole.len() / 2].to_vec()),
        ("an empty redb file", empty_redb),
    ] {
        let directory = closed_store();
        let path = directory.path().join(STORE_FILE);
        fs::write(&path, &bytes).unwrap();
        assert_missing(directory.path(), what);
        assert!(fs::read(&path).unwrap() == bytes, "{what}: the file was changed");
    }
}

fn assert_missing(directory: &Path, what: &str) {
    let before = marker(directory);
    match open(directory).expect_err(what) {
        StoreError::Missing { marker, site_id, .. } => {
            assert_eq!((marker, site_id), (directory.join(MARKER_FILE), before.site_id), "{what}");
        }
        other => panic!("{what}: {other}"),
    }
    assert_eq!(marker(directory), before, "{what}");
}

#[test]
fn a_file_that_is_no_store_is_refused_without_a_marker_too() {
    let directory = tempfile::tempdir().unwrap();
    drop(Database::create(directory.path().join(STORE_FILE)).unwrap());
    let error = open(directory.path()).unwrap_err();
    assert!(matches!(error, StoreError::NotAStore { .. }), "{error}");
    assert!(!directory.path().join(MARKER_FILE).exists());
}

#[test]
fn the_store_of_another_site_is_refused() {
    let (directory, other) = (closed_store(), closed_store());
    fs::copy(other.path().join(STORE_FILE), directory.path().join(STORE_FILE)).unwrap();
    let before = fs::read(directory.path().join(STORE_FILE)).unwrap();
    match open(directory.path()).unwrap_err() {
        StoreError::WrongSite { expected, found, .. } => {
            assert_eq!(expected, marker(directory.path()).site_id);
            assert_eq!(found, marker(other.path()).site_id);
        }
        other => panic!("{other}"),
    }
    assert!(fs::read(directory.path().join(STORE_FILE)).unwrap() == before, "it was changed");
}

#[test]
fn an_unfinished_new_store_is_created_again() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("unoc.redb.new"), b"half a store").unwrap();
    open(directory.path()).unwrap();
    assert!(!directory.path().join("unoc.redb.new").exists());
    // Beside a whole store it has no effect.
    fs::write(directory.path().join("unoc.redb.new"), b"half a store").unwrap();
    open(directory.path()).unwrap();
}

#[test]
fn a_deleted_marker_is_written_again() {
    let directory = closed_store();
    let before = marker(directory.path());
    fs::remove_file(directory.path().join(MARKER_FILE)).unwrap();
    let store = open(directory.path()).unwrap();
    assert_eq!(store.site_id(), before.site_id);
    assert_eq!(marker(directory.path()), before);
}

#[test]
fn a_damaged_marker_is_refused_by_its_name() {
    let directory = closed_store();
    fs::write(directory.path().join(MARKER_FILE), b"{").unwrap();
    let error = open(directory.path()).unwrap_err();
    assert!(matches!(error, StoreError::BadMarker { .. }), "{error}");
    assert!(error.to_string().contains(MARKER_FILE), "{error}");
}

/// Without the marker, the next start would create an empty site.
#[test]
fn a_damaged_marker_beside_a_lost_store_names_the_backup() {
    let lose: [fn(&Path); 2] = [
        |store| fs::remove_file(store).unwrap(),
        |store| fs::write(store, vec![0x5a; 100_000]).unwrap(),
    ];
    for lose in lose {
        let directory = closed_store();
        fs::write(directory.path().join(MARKER_FILE), b"").unwrap();
        lose(&directory.path().join(STORE_FILE));
        let error = open(directory.path()).unwrap_err();
        assert!(error.is_missing_or_damaged(), "{error}");
        let text = error.to_string();
        assert!(text.contains("unoc restore latest") && text.contains(MARKER_FILE), "{text}");
    }
}

#[test]
fn a_newer_schema_is_refused_with_both_versions() {
    let directory = closed_store();
    let path = directory.path().join(STORE_FILE);
    let db = Database::open(&path).unwrap();
    let site = db.begin_read().unwrap().open_table(META).unwrap().get("site").unwrap().unwrap();
    let bytes = site.value().to_vec();
    drop(site);
    // Version 1 of the record: a version byte, then site id, schema version and time in bincode.
    let config = bincode::config::standard();
    let (record, _) =
        bincode::decode_from_slice::<(u128, u32, i64), _>(&bytes[1..], config).unwrap();
    assert_eq!((bytes[0], record.1), (1, 3));
    let newer = bincode::encode_to_vec((record.0, 4_u32, record.2), config).unwrap();
    let tx = db.begin_write().unwrap();
    tx.open_table(META).unwrap().insert("site", [vec![1], newer].concat().as_slice()).unwrap();
    tx.commit().unwrap();
    drop(db);
    let before = fs::read(&path).unwrap();
    let error = open(directory.path()).unwrap_err();
    assert!(matches!(error, StoreError::SchemaNewer { found: 4, known: 3, .. }), "{error}");
    assert!(error.to_string().starts_with(&path.display().to_string()), "{error}");
    assert!(fs::read(&path).unwrap() == before, "a newer program's file was changed");
}

/// Processes that start at once in a new directory: one gets the store, the others find it locked, and
/// no store replaces another's.
#[test]
fn several_at_once_in_a_new_directory_create_one_store() {
    const OPENERS: usize = 4;
    for _ in 0..30 {
        let directory = tempfile::tempdir().unwrap();
        let together = Barrier::new(OPENERS);
        let opened: Vec<_> = std::thread::scope(|scope| {
            let openers: Vec<_> = (0..OPENERS)
                .map(|_| {
                    scope.spawn(|| {
                        together.wait();
                        open(directory.path())
                    })
                })
                .collect();
            openers.into_iter().map(|opener| opener.join().unwrap()).collect()
        });
        let owners = opened.iter().flatten().map(Store::site_id).collect::<Vec<_>>();
        let refusals = opened.iter().filter_map(|opened| opened.as_ref().err());
        let is_lock = |error: &StoreError| matches!(error, StoreError::Locked { .. });
        let others = refusals.filter(|error| !is_lock(error)).collect::<Vec<_>>();
        assert!(others.is_empty(), "{others:?}");
        assert_eq!(owners, [marker(directory.path()).site_id]);
        drop(opened);
        let store = open(directory.path()).unwrap();
        assert_eq!(owners, [store.site_id()]);
        Plan::random(1, 1, 1).commit(&store, 1).unwrap();
    }
}

fn look(directory: &Path, site_id: Option<Uuid>) -> Result<Store, StoreError> {
    Store::open_detached(directory, OpenOptions { cache_bytes: 1 << 20, now: time(0), site_id })
}

/// A look says of a store what the service would say.
#[test]
fn a_look_refuses_what_the_service_refuses() {
    let directory = closed_store();
    let path = directory.path().join(STORE_FILE);
    let site_id = marker(directory.path()).site_id;
    assert_eq!(look(directory.path(), Some(site_id)).expect("it opens").site_id(), site_id);
    let other = look(directory.path(), Some(Uuid::nil())).unwrap_err();
    assert!(matches!(other, StoreError::OtherSite { found, .. } if found == site_id), "{other}");

    for damage in [Some(&b"no store"[..]), Some(b""), None] {
        fs::remove_file(&path).unwrap();
        if let Some(damage) = damage {
            fs::write(&path, damage).unwrap();
        }
        let (found, expected) =
            (look(directory.path(), None).unwrap_err(), open(directory.path()).unwrap_err());
        assert!(matches!(found, StoreError::Missing { .. }), "{found}");
        // The parentheses have redb's own words.
        let said = |error: &StoreError| error.to_string().split(" (").next().map(str::to_owned);
        assert_eq!(said(&found), said(&expected));
        fs::write(&path, "").unwrap();
    }

    // Opening a FIFO would wait until somebody writes into it.
    fs::remove_file(&path).unwrap();
    assert!(Command::new("mkfifo").arg(&path).status().expect("coreutils").success());
    let found = look(directory.path(), None).unwrap_err();
    assert!(found.to_string().contains("is not a regular file"), "{found}");
}
