//! What is restored equals what was saved, to the last character.

use std::io::Read;
use std::path::Path;

use proptest::prelude::*;
use proptest::test_runner::{FileFailurePersistence, TestCaseError};
use tokio::runtime::Runtime;
use unoc::backup::{
    BackupOptions, BackupReason, Backups, DisasterRecovery, Keyring, Manifest, Retention,
    SharedTargets, read_sql,
};
use unoc::domain::World;
use unoc::engine::{Clock, Engine, EngineHandle, EngineOptions};
use unoc::store::{AuditEntry, AuditOrigin, OpenOptions, Store};

use super::fixture::{assert_no_left_overs, export_of, file_of, path_of, portable};
use crate::harness::TestApp;
use crate::harness::commands::{Generator, Scale};
use crate::harness::content::{Content, export, restore};
use crate::harness::process::{Server, run};

fn keyring() -> Keyring {
    Keyring::of_files::<&Path>(&[]).expect("no keys are needed")
}

#[test]
fn a_site_with_special_characters_is_restored_with_its_audit_trail() {
    let app = TestApp::empty();
    app.odd_site();
    app.provision_pops("bulk", 700);
    for number in 0..40 {
        app.provision(&format!("trail {number}"), "POP");
    }
    let backup = app.back_up();
    assert_eq!(
        (&backup["state"], &backup["is_newest_verified"]),
        (&"verified".into(), &true.into())
    );
    assert_eq!(backup["reason"], "manual");
    let original = export_of(&app.data_dir);
    let trail = app.get("/api/audit?limit=500").expect(200).json();
    // The rows of the job and of the backup itself came later.
    let saved = usize::try_from(backup["rows"]["audit"].as_u64().unwrap()).unwrap();
    let trail = trail.as_array().unwrap();
    let trail = &trail[trail.len() - saved..];
    assert!(saved >= 41, "{saved}");
    let devices = original.matches("\"kind\":\"device\"").count();
    assert_eq!(backup["rows"]["devices"], devices);

    let file = file_of(&app.data_dir, &backup);
    let mut sql = String::new();
    read_sql(&file, &keyring(), &[]).unwrap().read_to_string(&mut sql).unwrap();
    assert_eq!(backup["plain_bytes"], sql.len());
    assert!(sql.contains("Straße 7 / „Süd“ 名 🦀"), "the text is readable");

    // The compressed file, and the same text uncompressed.
    let elsewhere = tempfile::tempdir().unwrap();
    let plain = elsewhere.path().join("site.sql");
    std::fs::write(&plain, &sql).unwrap();
    for (name, file) in [("packed", &file), ("plain", &plain)] {
        let directory = elsewhere.path().join(name);
        run(&directory, &["restore", path_of(file)]).expect(0);
        assert_eq!(portable(&export_of(&directory)), portable(&original), "{name}");
        let server = Server::start(&directory, &[("UNOC_DEV_FEATURES", "0")]);
        let restored = server.http.get("/api/audit?limit=500").expect(200).json();
        let restored = restored.as_array().unwrap();
        assert_eq!(restored[0]["action"], "start service", "{name}");
        assert_eq!(restored[1]["action"], "restore backup", "{name}");
        assert_eq!(restored[2..], *trail, "{name}: with the same hashes");
        let check = server.http.get("/api/audit/verify").expect(200).json();
        assert_eq!(check["is_intact"], true, "{name}: {check:#}");
        assert_eq!(check["restored_count"], saved, "{name}");
        assert_eq!(portable(&server.http.export()), portable(&original), "{name}");
        assert_no_left_overs(&directory);
    }
    assert_no_left_overs(&app.data_dir);
}

#[test]
fn a_download_is_the_file_and_cat_is_its_text() {
    let app = TestApp::demo();
    let backup = app.back_up();
    let file = std::fs::read(file_of(&app.data_dir, &backup)).unwrap();
    let path = format!("/api/backups/{}/download", backup["id"].as_str().unwrap());
    let answer = app.get(&path).expect(200);
    assert!(
        answer.header("content-disposition").unwrap().contains(backup["file"].as_str().unwrap())
    );
    assert!(answer.body == file, "the download is the file");
    let text = run(&app.data_dir, &["backup", "cat", "latest"]).expect(0).stdout;
    assert_eq!(text.into_bytes(), zstd::decode_all(&*file).unwrap());
    app.get("/api/backups/unoc_20200101_000000/download").expect(404);
    app.get("/api/backups/..%2f..%2fsite/download").expect(404);
}

#[test]
fn an_empty_site_can_be_saved_and_restored() {
    let app = TestApp::empty();
    let backup = app.back_up();
    assert_eq!((&backup["seq"], &backup["rows"]["devices"]), (&0.into(), &0.into()));
    let elsewhere = tempfile::tempdir().unwrap();
    run(elsewhere.path(), &["restore", path_of(&file_of(&app.data_dir, &backup))]).expect(0);
    assert_eq!(portable(&export_of(elsewhere.path())), portable(&export_of(&app.data_dir)));
}

pub(super) fn options(directory: &Path) -> BackupOptions {
    BackupOptions {
        directory: directory.join("backups"),
        data_dir: directory.to_owned(),
        keyring: keyring(),
        targets: SharedTargets::default(),
        retention: Retention { last: 1, daily: 0, weekly: 0, monthly: 0 },
        stale_after_s: 1,
        site_name: "it's a 'test'".to_owned(),
        min_free_bytes: 0,
        read_pg_config: None,
    }
}

/// Changes the site in a directory with an engine and makes a backup at the end.
fn saved(
    runtime: &Runtime,
    directory: &Path,
    change: impl FnOnce(&EngineHandle),
) -> (Manifest, Content) {
    let clock = Clock::system();
    let open = OpenOptions { cache_bytes: 1 << 20, now: clock.now(), site_id: None };
    let store = Store::open(directory, open).expect("the store opens");
    let (engine, thread) =
        Engine::start(store, EngineOptions { min_free_bytes: 0, clock }).expect("it starts");
    change(&engine);
    let backups = Backups::new(options(directory), engine.clone());
    let entry = backups.back_up(BackupReason::Manual, &|_| {}).expect("a backup");
    let content = Content::read(&engine.read()).expect("it is readable");
    runtime.block_on(engine.stop());
    drop((backups, engine));
    thread.join().expect("no panic");
    (entry.manifest, content)
}

fn round_trip(seed: u64, commands: usize) -> Result<(), TestCaseError> {
    let runtime = Runtime::new().expect("a runtime");
    let [first, second] = [
        tempfile::tempdir().expect("a temporary directory"),
        tempfile::tempdir().expect("a temporary directory"),
    ];
    let (manifest, before) = saved(&runtime, first.path(), |engine| {
        let mut generator = Generator::new(seed, Scale::Full);
        let mut world = World::default();
        for _ in 0..commands {
            let origin = AuditOrigin::local("it's \\ me\t");
            let command = generator.command(&world, None);
            // Some commands are refused.
            runtime.block_on(command.submit(engine, origin)).ok();
            world = restore(Content::read(&engine.read()).expect("it is readable").site());
        }
    });
    let recovery = DisasterRecovery::new(options(second.path()), None, Clock::system());
    let file = first.path().join("backups").join(&manifest.file);
    recovery.restore(&file, Some(&manifest), AuditOrigin::local("test")).expect("it is restored");
    let (again, after) = saved(&runtime, second.path(), |_| {});
    for table in ["devices", "interfaces", "links"] {
        prop_assert_eq!(&again.tables[table], &manifest.tables[table], "UNOC_TEST seed {}", seed);
    }
    prop_assert_eq!(again.tables["audit"].rows, manifest.tables["audit"].rows + 1, "the restore");
    prop_assert_eq!(before.site(), after.site());
    // A restored site continues far above any commit number that was ever published.
    prop_assert!(after.last_commit.seq > before.last_commit.seq);
    prop_assert_eq!(before.last_commit.next_audit + 1, after.last_commit.next_audit);
    // Computed fields are not in the audit trail of a backup. `Content` has checked its hashes.
    let row = |entry: &AuditEntry| (entry.id, entry.seq, entry.at, entry.change_count);
    let restored = &after.audit[..before.audit.len()];
    prop_assert!(before.audit.iter().map(row).eq(restored.iter().map(row)));
    prop_assert_eq!(&before.by_type, &after.by_type);
    prop_assert_eq!(&before.parts, &after.parts);
    let world = restore(after.site());
    prop_assert_eq!(export(&world), before.site());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 12,
        failure_persistence: Some(Box::new(FileFailurePersistence::Off)),
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_site_after_random_commands_is_restored_unchanged(
        seed in any::<u64>(), commands in 1..40_usize,
    ) {
        round_trip(seed, commands)?;
    }
}
