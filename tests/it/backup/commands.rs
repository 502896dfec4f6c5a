//! `unoc backup` and `unoc restore` in unexpected situations: no site, a wrong key, a damaged
//! store.

use std::fs;

use serde_json::{Value, json};
use unoc::backup::KeyPair;

use super::fixture::{back_up, export_of, file_of, names_in, seed};
use crate::harness::process::{Server, host_user, run};

#[test]
fn commands_without_a_site_are_refused_and_create_none() {
    let directory = tempfile::tempdir().unwrap();
    for arguments in [&["backup", "now"][..], &["backup", "list"], &["backup", "verify"]] {
        let said = run(directory.path(), arguments).expect(3);
        assert!(said.stderr.contains("holds no site"), "{said:?}");
        assert!(said.stderr.contains("unoc restore latest"), "{said:?}");
    }
    assert_eq!(names_in(directory.path()), [""; 0], "restoring must stay possible");
}

#[test]
fn a_key_cannot_be_tested_with_an_unencrypted_backup() {
    let directory = tempfile::tempdir().unwrap();
    seed(directory.path(), 10);
    let backup = back_up(directory.path());
    let key = directory.path().join("key.txt");
    fs::write(&key, KeyPair::generate().secret).unwrap();
    let key = key.to_str().unwrap();
    for name in ["latest", file_of(directory.path(), &backup).to_str().unwrap()] {
        let said = run(directory.path(), &["backup", "verify", name, "--identity", key]).expect(3);
        assert!(said.stderr.contains("is not encrypted"), "{said:?}");
    }
    run(directory.path(), &["backup", "verify"]).expect(0);
    // Without a server, too, it is written down who had it verified.
    let listed = ["audit", "list", "--action", "verify backup", "--json"];
    let rows = run(directory.path(), &listed).expect(0).stdout;
    let rows: Value = serde_json::from_str(&rows).unwrap();
    assert_eq!(rows.as_array().map(Vec::len), Some(1), "{rows}");
    assert_eq!(
        (&rows[0]["actor"], &rows[0]["details"]["is_ok"]),
        (&host_user().into(), &true.into())
    );
}

#[test]
fn exit_codes_are_the_same_with_a_server_and_names_cannot_change_the_path() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    seed(path, 10);
    let backup = back_up(path);
    let check = |arguments: &[&str], status: i32, words: &str| {
        let said = run(path, arguments).expect(status);
        assert!(said.stderr.contains(words), "{arguments:?}: {said:?}");
        assert!(!said.stderr.contains("{\"detail\""), "{arguments:?}: {said:?}");
    };
    let missing = "unoc_20200101_000000";
    check(&["backup", "verify", missing], 3, "there is no backup");
    let server = Server::start(path, &[]);
    let body = json!({"name": "after the backup", "device_type": "POP"});
    server.http.post("/api/devices/provision", &body).expect(201);
    let before = export_of(path);
    check(&["backup", "verify", missing], 3, "there is no backup");
    check(&["restore", missing, "--yes"], 3, "there is no backup");
    check(&["restore", "latest"], 3, "add --yes");
    check(&["restore", "latest", "--json"], 3, "--dry-run");
    for name in ["undo?dry_run=false&x=", "../devices", "a b", "/no/such/file.sql.zst"] {
        check(&["restore", name, "--yes"], 1, "cannot open");
    }
    check(&["backup", "now", "--backup-dir", "/elsewhere"], 3, "stop it first");
    assert_eq!(export_of(path), before, "nothing was changed");
    let said = run(path, &["restore", "latest", "--yes", "--json"]).expect(0);
    let done: Value = serde_json::from_str(&said.stdout).expect("JSON alone");
    assert_eq!((&done["backup_id"], &done["is_dry_run"]), (&backup["id"], &false.into()));
    assert!(server.terminate().0.success());
}

#[test]
fn a_damaged_store_is_replaced_only_after_a_confirmation() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    seed(path, 10);
    back_up(path);
    let export = export_of(path);
    fs::write(path.join("unoc.redb"), "garbage").unwrap();
    let said = run(path, &["restore", "latest"]).expect(3);
    assert!(said.stderr.contains("add --yes"), "{said:?}");
    assert!(said.stdout.contains("site ") && said.stdout.contains(" as of 20"), "{said:?}");
    assert_eq!(fs::read(path.join("unoc.redb")).unwrap(), b"garbage");
    run(path, &["restore", "latest", "--yes"]).expect(0);
    let rows = |export: &str| export.split_once('\n').expect("a header").1.to_owned();
    assert_eq!(rows(&export_of(path)), rows(&export));
}
