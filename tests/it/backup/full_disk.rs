//! Full volumes: they are reported in time, no files are left over, and everything works again once
//! there is room. The tests mount a small tmpfs, which requires root.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

use serde_json::{Value, json};
use unoc::store::STORE_FILE;

use super::fixture::{back_up, export_of, names_in, path_of, portable, run_with, seed};
use crate::harness::commands::Rng;
use crate::harness::process::Server;
use crate::store::disk_full::Volume;

const SEED: u64 = 4711;
/// Of 1,000 devices each: 200 kB packed.
const BULKS: usize = 7;
const LEAST: (&str, &str) = ("UNOC_MIN_FREE_MIB", "1");

/// Fills the volume up to this much free space.
fn leave(volume: &Volume, bytes: u64) {
    let space = unoc::store::DiskSpace::of(volume.path()).expect("it is mounted");
    let mut ballast = File::create(volume.path().join("ballast")).expect("it is ours");
    let length = usize::try_from(space.free_bytes - bytes).expect("it is small");
    ballast.write_all(&vec![1; length]).expect("there is room");
}

fn relieve(volume: &Volume) {
    fs::remove_file(volume.path().join("ballast")).expect("it was filled");
}

fn assert_empty(directory: &Path) {
    let left = names_in(directory);
    assert!(left.iter().all(|name| name == ".lock"), "{left:?}");
}

#[test]
fn without_room_for_backups_the_site_is_served_and_the_reason_reported() {
    let Some(volume) = Volume::mount() else { return };
    let directory = tempfile::tempdir().unwrap();
    let backup_dir = volume.path().join("backups");
    let environment = [("UNOC_BACKUP_DIR", path_of(&backup_dir)), LEAST];
    let server = Server::start(directory.path(), &environment);
    volume.fill_all();
    let refused = server.http.ask("/api/backups").expect(507);
    let detail = refused.detail();
    assert!(detail.as_str().unwrap().contains(path_of(volume.path())), "{detail}");
    assert!(detail.as_str().unwrap().contains("MiB free"), "{detail}");
    let said = run_with(directory.path(), &environment, &["backup", "now"]);
    assert!(said.code != 0 && said.stderr.contains("MiB free"), "{said:?}");
    assert_empty(&backup_dir);
    server.http.provision("writes go on", "POP");
    assert!(server.terminate().0.success());
    let said = run_with(directory.path(), &environment, &["backup", "now"]).expect(75);
    assert!(said.stderr.contains(path_of(&backup_dir)), "{said:?}");
    let server = Server::start(directory.path(), &environment);
    volume.free();
    assert_eq!(server.http.back_up()["state"], "verified");
}

/// A device whose name does not compress: 128 of 20,000 characters.
fn device(rng: &mut Rng) -> Value {
    let letter = |rng: &mut Rng| {
        let code = 0x4e00 + u32::try_from(rng.below(20_000)).expect("small");
        char::from_u32(code).expect("a CJK ideograph")
    };
    let name: String = (0..128).map(|_| letter(rng)).collect();
    json!({"name": name, "device_type": "POP"})
}

#[test]
fn a_volume_that_fills_up_during_a_backup_leaves_no_files() {
    let Some(volume) = Volume::mount() else { return };
    let directory = tempfile::tempdir().unwrap();
    let backup_dir = volume.path().join("backups");
    let environment = [("UNOC_BACKUP_DIR", path_of(&backup_dir)), LEAST];
    // The estimate is based on the last backups, and the site has grown a lot since.
    run_with(directory.path(), &environment, &["seed", "--size", "5"]).expect(0);
    run_with(directory.path(), &environment, &["backup", "now"]).expect(0);
    let before = names_in(&backup_dir);
    let server = Server::start(directory.path(), &environment);
    let mut rng = Rng::new(SEED);
    for _ in 0..BULKS {
        let devices: Vec<_> = (0..1_000).map(|_| device(&mut rng)).collect();
        server.http.post("/api/devices/bulk", &json!({"devices": devices})).expect(201);
    }
    assert!(server.terminate().0.success());
    leave(&volume, (1 << 20) + (64 << 10));
    let export = export_of(directory.path());
    let said = run_with(directory.path(), &environment, &["backup", "now"]);
    assert!(said.code != 0 && said.stderr.contains("No space left"), "{said:?}");
    assert_eq!(names_in(&backup_dir), before);

    let server = Server::start(directory.path(), &environment);
    let refused = server.http.ask("/api/backups");
    assert!([503, 507].contains(&refused.status), "{refused:?}");
    assert!(refused.detail().as_str().unwrap().contains("No space left"), "{refused:?}");
    assert_eq!(names_in(&backup_dir), before);
    assert_eq!(server.http.export(), export);
    let runs = server.http.get("/api/jobs/backup").expect(200).json()["runs"].take();
    assert_eq!(runs[0]["result"], "failed", "{runs:#}");
    relieve(&volume);
    assert_eq!(server.http.back_up()["state"], "verified");
}

#[test]
fn a_restore_without_room_changes_nothing() {
    let Some(volume) = Volume::mount() else { return };
    let elsewhere = tempfile::tempdir().unwrap();
    let data_dir = volume.path().join("data");
    let environment = [("UNOC_BACKUP_DIR", path_of(elsewhere.path())), LEAST];
    run_with(&data_dir, &environment, &["seed", "--size", "300"]).expect(0);
    run_with(&data_dir, &environment, &["backup", "now"]).expect(0);
    run_with(&data_dir, &environment, &["seed", "--size", "10", "--replace"]).expect(0);
    let server = Server::start(&data_dir, &environment);
    let export = server.http.export();
    // Enough to serve, too little for another store.
    leave(&volume, 2 << 20);
    let latest = "latest".into();
    let refused = server.http.restore(&latest, false).expect(507);
    let detail = refused.detail();
    assert!(detail.as_str().unwrap().contains(path_of(&data_dir)), "{detail}");
    assert_eq!(server.http.export(), export);
    assert_eq!(server.http.backups()["undo"], Value::Null);
    server.http.provision("writes go on", "POP");
    let export = server.http.export();
    assert!(server.terminate().0.success());
    let refused = run_with(&data_dir, &environment, &["restore", "latest", "--yes"]).expect(75);
    assert!(refused.stderr.contains("MiB free"), "{refused:?}");
    assert_eq!(names_in(&data_dir.join("staged")), [""; 0]);
    assert_eq!(run_with(&data_dir, &environment, &["export"]).expect(0).stdout, export);
    relieve(&volume);
    let done = run_with(&data_dir, &environment, &["restore", "latest", "--yes", "--json"]);
    assert_eq!(done.code, 0, "{done:?}");
}

#[test]
fn a_recovery_without_room_changes_nothing() {
    let Some(volume) = Volume::mount() else { return };
    let directory = tempfile::tempdir().unwrap();
    seed(directory.path(), 700);
    back_up(directory.path());
    let backups = directory.path().join("backups");
    let data_dir = volume.path().join("data");
    leave(&volume, 1 << 20);
    let environment = [("UNOC_BACKUP_DIR", path_of(&backups)), LEAST];
    let refused = run_with(&data_dir, &environment, &["restore", "latest"]);
    assert!(refused.code != 0 && refused.stderr.contains("MiB free"), "{refused:?}");
    assert!(!data_dir.join(STORE_FILE).exists());
    relieve(&volume);
    run_with(&data_dir, &environment, &["restore", "latest"]).expect(0);
    assert_eq!(portable(&export_of(&data_dir)), portable(&export_of(directory.path())));
}
