//! What an adoption leaves in `quarantine/`: a copy of the store that it replaced, and nothing if
//! it failed.

use std::fs;
use std::path::Path;

use serde_json::Value;
use unoc::store::DiskSpace;

use crate::harness::postgres::Postgres;
use crate::harness::site::text_of;
use crate::harness::skip;
use crate::harness::wait;
use crate::sync::mirrored::{serve, serve_with};

/// The largest `min_free_mib` that the configuration accepts.
const MIN_FREE_MIB_MAX: u64 = 1 << 20;
/// The statement in a backup that marks the site as restored.
const LOADED: &str = "UPDATE sync_state SET restored_at = now(), restored_from = 'unoc_1.sql'";

fn kept(data_dir: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(data_dir.join("quarantine")) else { return Vec::new() };
    let name = |entry: fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
    entries.map(|entry| name(entry.expect("readable"))).collect()
}

/// A site with a device in PostgreSQL; its service has stopped.
fn stopped_site(postgres: &Postgres, data_dir: &Path) {
    let server = serve(data_dir, &postgres.url());
    server.http.provision("olt", "OLT");
    server.in_step();
    server.terminate();
}

#[test]
fn an_invalid_state_is_refused_before_the_store_is_copied() {
    let Some(postgres) = Postgres::start() else { return };
    let directory = tempfile::tempdir().unwrap();
    let server = serve(directory.path(), &postgres.url());
    server.http.provision("olt", "OLT");
    server.in_step();
    postgres.rows("UPDATE devices SET parent_container_id = id");
    postgres.rows(LOADED);
    server.http.post("/api/sync/now", &Value::Null).expect(409);
    let state = server.sync_is("stopped");
    assert!(text_of(&state["message"]).contains("breaks a rule"), "{state:#}");
    assert_eq!(kept(directory.path()), [""; 0]);
    // The same state is not read again.
    let is_adopting = |line: &String| line.contains("Adopting PostgreSQL's state");
    server.http.post("/api/sync/now", &Value::Null).expect(409);
    assert_eq!(server.log().iter().filter(|line| is_adopting(line)).count(), 1);
    postgres.rows("UPDATE devices SET parent_container_id = NULL");
    server.http.post("/api/sync/adopt", &Value::Null).expect(200);
    server.in_step();
    assert_eq!(kept(directory.path()).len(), 1);
}

#[test]
fn without_free_space_nothing_is_copied() {
    let Some(postgres) = Postgres::start() else { return };
    let directory = tempfile::tempdir().unwrap();
    stopped_site(&postgres, directory.path());
    postgres.rows(LOADED);
    let space = DiskSpace::of(directory.path()).expect("a volume");
    if space.free_bytes >> 20 >= MIN_FREE_MIB_MAX {
        return skip("more is free on this volume than can be asked to stay free");
    }
    let all = [("UNOC_MIN_FREE_MIB", MIN_FREE_MIB_MAX.to_string())];
    let all = all.each_ref().map(|(name, value)| (*name, value.as_str()));
    let server = serve_with(directory.path(), &postgres.url(), &all);
    let state = server.sync_is("stopped");
    assert!(text_of(&state["message"]).contains("MiB free"), "{state:#}");
    assert!(text_of(&state["remedy"]).contains("free some space"), "{state:#}");
    // Nothing can be written, not even who asked for it.
    let refused = server.http.post("/api/sync/adopt", &Value::Null).expect(507);
    assert!(text_of(&refused.json()["detail"]).contains("free some space"));
    assert_eq!(kept(directory.path()), [""; 0]);
    assert!(!server.log().iter().any(|line| line.contains("Adopting PostgreSQL's state")));
}

#[test]
fn a_full_quarantine_accepts_no_more_copies() {
    let Some(postgres) = Postgres::start() else { return };
    let directory = tempfile::tempdir().unwrap();
    stopped_site(&postgres, directory.path());
    let earlier = directory.path().join("quarantine/20250101_000000-seq7");
    fs::create_dir_all(&earlier).unwrap();
    // A sparse file takes no space on the volume.
    let file = fs::File::create(earlier.join("unoc.redb")).unwrap();
    file.set_len(unoc::store::QUARANTINE_BYTES_MAX).unwrap();
    postgres.rows(LOADED);
    let server = serve(directory.path(), &postgres.url());
    let state = server.sync_is("stopped");
    assert!(text_of(&state["message"]).contains("quarantine holds 2048 MiB"), "{state:#}");
    assert!(text_of(&state["remedy"]).contains("unoc export --data-dir"), "{state:#}");
    assert_eq!(kept(directory.path()), ["20250101_000000-seq7"]);
    fs::remove_dir_all(&earlier).unwrap();
    server.in_step();
    assert_eq!(kept(directory.path()).len(), 1);
}

#[test]
fn copies_of_failed_adoptions_are_removed() {
    let Some(postgres) = Postgres::start() else { return };
    let directory = tempfile::tempdir().unwrap();
    stopped_site(&postgres, directory.path());
    let quarantine = directory.path().join("quarantine");
    let copy_to = |name: &str| {
        fs::create_dir_all(quarantine.join(name)).unwrap();
        for file in ["unoc.redb", "site.json"] {
            fs::copy(directory.path().join(file), quarantine.join(name).join(file)).unwrap();
        }
    };
    // The copy of a commit that is not the store's last one.
    copy_to("20260101_000000-older");
    let server = serve(directory.path(), &postgres.url());
    server.http.provision("olt-2", "OLT");
    server.in_step();
    server.terminate();
    // A kill between a copy and its commit, one during a copy, and a file of a user.
    copy_to("20260101_000001-same");
    fs::create_dir_all(quarantine.join("20260101_000002.part")).unwrap();
    fs::create_dir_all(quarantine.join("notes")).unwrap();
    postgres.rows(LOADED);
    let server = serve(directory.path(), &postgres.url());
    server.in_step();
    let found = wait::until("the adoption's own copy", || {
        let mut found = kept(directory.path());
        found.sort();
        (found.len() == 3).then_some(found)
    });
    assert_eq!(found[0], "20260101_000000-older", "{found:?}");
    assert!(found[1].contains("-seq"), "{found:?}");
    assert_eq!(found[2], "notes", "{found:?}");
}
