//! The record of the last restore is correct wherever the process was killed.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::harness::process::Server;

fn serve(data_dir: &Path) -> Server {
    Server::start(data_dir, &[("UNOC_DEV_FEATURES", "0")])
}

fn note(data_dir: &Path) -> Value {
    serde_json::from_slice(&fs::read(data_dir.join("undo/undo.json")).expect("JSON")).expect("JSON")
}

fn write_note(data_dir: &Path, note: &Value) {
    fs::write(data_dir.join("undo/undo.json"), note.to_string()).expect("our own file");
}

/// A site that was restored once; the seq before and after.
fn restored(data_dir: &Path) -> (u64, u64) {
    let server = serve(data_dir);
    server.http.provision("saved", "POP");
    let backup = server.http.back_up();
    server.http.provision("lost", "POP");
    server.http.restore(&backup["id"], false).expect(200);
    let undo = server.http.backups()["undo"].take();
    assert_eq!(undo["backup_id"], backup["id"]);
    let numbers = ["seq_before", "seq_after"].map(|key| undo[key].as_u64().expect("a number"));
    assert!(server.terminate().0.success());
    numbers.into()
}

#[test]
fn a_restore_killed_before_its_commit_cannot_be_undone() {
    let directory = tempfile::tempdir().unwrap();
    let (_, seq) = restored(directory.path());
    // The process was killed after the copy was kept and the record written.
    let mut cut_off = note(directory.path());
    cut_off["seq_before"] = json!(seq);
    cut_off["seq_after"] = Value::Null;
    write_note(directory.path(), &cut_off);
    let server = serve(directory.path());
    assert_eq!(server.http.backups()["undo"], Value::Null);
    for number in 0..3 {
        server.http.provision(&format!("afterwards {number}"), "POP");
        assert_eq!(server.http.backups()["undo"], Value::Null, "writing makes no restore of it");
    }
    let site = server.http.export();
    server.http.undo().expect(409);
    assert_eq!(server.http.export(), site);
}

#[test]
fn a_restore_killed_after_its_commit_can_be_undone() {
    let directory = tempfile::tempdir().unwrap();
    restored(directory.path());
    let mut cut_off = note(directory.path());
    cut_off["seq_after"] = Value::Null;
    write_note(directory.path(), &cut_off);
    let server = serve(directory.path());
    server.http.provision("afterwards", "POP");
    assert_eq!(server.http.backups()["undo"]["backup_id"], cut_off["backup_id"]);
    server.http.undo().expect(200);
    let site = server.http.export();
    assert!(site.contains("\"lost\"") && !site.contains("afterwards"), "{site}");
}

#[test]
fn without_a_restore_there_is_nothing_to_undo() {
    let directory = tempfile::tempdir().unwrap();
    let server = serve(directory.path());
    assert_eq!(server.http.backups()["undo"], Value::Null);
    let refused = server.http.undo().expect(409);
    assert_eq!(refused.detail(), "there is no restore to undo");
    server.http.provision("saved", "POP");
    let backup = server.http.back_up();
    server.http.restore(&backup["id"], true).expect(200);
    server.http.undo().expect(409);
    // A record that cannot be parsed offers no undo and does not stop the service.
    fs::create_dir_all(directory.path().join("undo")).unwrap();
    fs::write(directory.path().join("undo/undo.json"), "{").unwrap();
    assert_eq!(server.http.backups()["undo"], Value::Null);
}
