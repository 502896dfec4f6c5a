//! Files that were altered, cut off, swapped or are no backups: each is detected and named, and
//! nothing is changed. `UNOC_TEST_SEED` sets which bits are flipped.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;
use unoc::backup::{BackupError, Keyring, Manifest, VerifiedFile, manifest_beside, verify_file};
use unoc::engine::Clock;
use unoc::store::STORE_FILE;

use super::fixture::{Key, assert_no_left_overs, back_up, export_of, file_of, names_in, path_of};
use super::fixture::{run_with, seed};
use crate::harness::TestApp;
use crate::harness::commands::{Rng, setting};
use crate::harness::process::run;

const SEED: u64 = 4711;
/// Large enough for several of age's chunks of 64 KiB.
const LEAVES: u32 = 700;

/// A backup in a directory of its own, and the store that it was made from.
struct Saved {
    directory: TempDir,
    file: PathBuf,
    content: Vec<u8>,
    manifest: Manifest,
    keyring: Keyring,
    identity: PathBuf,
}

impl Saved {
    fn new(is_encrypted: bool, leaves: u32) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let data_dir = directory.path().join("data");
        seed(&data_dir, leaves);
        let key = Key::new(directory.path(), "key.txt");
        let recipient = if is_encrypted { key.recipient.as_str() } else { "" };
        let environment = [("UNOC_BACKUP_RECIPIENTS", recipient)];
        let said = run_with(&data_dir, &environment, &["backup", "now", "--json"]).expect(0);
        let made: serde_json::Value = serde_json::from_str(&said.stdout).expect("JSON");
        let made = file_of(&data_dir, &made);
        let manifest = manifest_beside(&made).expect("a manifest");
        let aside = directory.path().join("aside");
        fs::create_dir(&aside).expect("our own file");
        let file = aside.join(made.file_name().expect("a name"));
        let content = fs::read(&made).expect("our own file");
        let keyring = Keyring::of_files(&[&key.file]).expect("keys");
        Self { directory, file, content, manifest, keyring, identity: key.file }
    }

    fn data_dir(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// Verifies this content in place of the file's.
    fn verify_file(&self, content: &[u8], has_manifest: bool) -> Result<VerifiedFile, BackupError> {
        fs::write(&self.file, content).expect("our own file");
        let manifest = has_manifest.then_some(&self.manifest);
        let scratch = self.directory.path().join("scratch");
        verify_file(&self.file, manifest, &self.keyring, &scratch, Clock::system().now())
    }

    #[track_caller]
    fn assert_refused(&self, content: &[u8], what: &str) {
        for has_manifest in [true, false] {
            let when = format!("{what}, with a manifest: {has_manifest}");
            match self.verify_file(content, has_manifest) {
                Ok(_) => panic!("{when}: it passed"),
                Err(error) => {
                    let name = self
                        .file
                        .file_name()
                        .expect("a name")
                        .to_str()
                        .expect("our names are UTF-8");
                    assert!(error.to_string().contains(name), "{when}: {error}");
                    let is_told = error.is_file_damaged()
                        || matches!(
                            error,
                            BackupError::WrongKey { .. } | BackupError::Newer { .. }
                        );
                    assert!(is_told, "{when}: {error:?}");
                }
            }
            assert_no_left_overs(&self.directory.path().join("scratch"));
        }
    }
}

fn flips_and_cuts(is_encrypted: bool, seed: u64) {
    let mut rng = Rng::new(seed);
    let saved = Saved::new(is_encrypted, LEAVES);
    let whole = &saved.content;
    for has_manifest in [true, false] {
        saved.verify_file(whole, has_manifest).expect("the file itself is good");
    }
    let length = whole.len();
    let mut places = vec![0, length - 1, length - 2, length - 5];
    places.extend((0..length / 4096).map(|block| block * 4096 + rng.below(4096)));
    for place in places {
        let mut content = whole.clone();
        let mask = u8::try_from(1 + rng.below(255)).expect("it is there");
        content[place] ^= mask;
        saved.assert_refused(&content, &format!("byte {place} of {length} ^ {mask:#x}"));
    }
    let mut lengths = vec![0, 1, 3, 4, 21, 100, length / 2, length - 1, length - 4, length - 17];
    lengths.extend((0..12).map(|_| rng.below(length)));
    for cut in lengths {
        saved.assert_refused(&whole[..cut], &format!("cut at {cut} of {length}"));
    }
    for (what, more) in [("a byte", &b"\n"[..]), ("a zero", b"\0"), ("itself", whole)] {
        saved.assert_refused(&[whole, more].concat(), &format!("{what} appended"));
    }
}

#[test]
fn every_flip_and_cut_of_an_encrypted_file_is_detected() {
    let seed = setting("UNOC_TEST_SEED", SEED);
    println!("UNOC_TEST_SEED={seed}");
    flips_and_cuts(true, seed);
}

#[test]
fn every_flip_and_cut_of_an_unencrypted_file_is_detected() {
    let seed = setting("UNOC_TEST_SEED", SEED);
    println!("UNOC_TEST_SEED={seed}");
    flips_and_cuts(false, seed);
}

#[test]
fn a_refused_restore_does_not_change_the_site() {
    for is_encrypted in [true, false] {
        let saved = Saved::new(is_encrypted, 20);
        let data_dir = saved.data_dir();
        let before = export_of(&data_dir);
        let mut content = saved.content.clone();
        let middle = content.len() / 2;
        content[middle] ^= 0x10;
        let file = saved.file.to_str().unwrap();
        let identity = path_of(&saved.identity);
        let arguments = ["restore", file, "--yes", "--identity", identity];
        for (what, content) in
            [("flipped", &content[..]), ("cut", &content[..middle]), ("empty", b"")]
        {
            fs::write(&saved.file, content).unwrap();
            let said = run(&data_dir, &arguments).expect(3);
            let name = saved.file.file_name().unwrap().to_str().unwrap();
            assert!(said.stderr.contains(name) && said.stdout.is_empty(), "{what}: {said:?}");
            // On a host without a store, none is created either.
            let fresh = saved.directory.path().join("fresh");
            run(&fresh, &arguments).expect(3);
            assert!(!fs::exists(fresh.join(STORE_FILE)).unwrap(), "{:?}", names_in(&fresh));
        }
        fs::remove_file(&saved.file).unwrap();
        fs::create_dir(&saved.file).unwrap();
        let said = run(&data_dir, &arguments).expect(3);
        assert!(said.stderr.contains(file), "{said:?}");
        assert_eq!(export_of(&data_dir), before);
        assert_no_left_overs(&data_dir);
    }
}

#[test]
fn a_damaged_backup_is_set_aside_and_another_one_made() {
    let app = TestApp::demo();
    let older = app.back_up();
    app.provision("newer", "POP");
    let newest = app.back_up();
    let file = file_of(&app.data_dir, &newest);
    let mut content = fs::read(&file).unwrap();
    let middle = content.len() / 2;
    content[middle] ^= 1;
    fs::write(&file, &content).unwrap();
    let site = app.export();

    let bad = app.verify(&newest["id"]).expect(200).json();
    assert_eq!((&bad["state"], &bad["id"]), (&"bad".into(), &newest["id"]), "{bad:#}");
    assert_eq!(bad["verification"]["is_ok"], false);
    let name = newest["file"].as_str().unwrap();
    assert!(bad["verification"]["message"].as_str().unwrap().contains(name), "{bad:#}");
    let list = app.backups();
    let repaired = &list["backups"][0];
    assert_eq!((&repaired["reason"], &repaired["state"]), (&"repair".into(), &"verified".into()));
    assert_eq!(repaired["is_newest_verified"], true);
    assert_eq!(list["restorable_as_of"], repaired["taken_at"]);
    assert_eq!(app.backup(&older["id"])["is_newest_verified"], false);
    assert!(!file.exists() && file.with_file_name(format!("{name}.bad")).exists());
    assert_eq!(app.export(), site);
    // It cannot be restored by mistake, and `latest` is another one.
    let refused = app.restore(&newest["id"], false);
    assert!(refused.status >= 400 && refused.status < 500, "{refused:?}");
    assert_eq!(app.get("/api/backups/latest").expect(200).json()["id"], repaired["id"]);
    assert_eq!(app.export(), site);
}

#[test]
fn swapped_files_are_detected() {
    let app = TestApp::demo();
    let first = app.back_up();
    app.provision("in between", "POP");
    let second = app.back_up();
    let files = [&first, &second].map(|backup| file_of(&app.data_dir, backup));
    let contents = files.each_ref().map(|file| fs::read(file).unwrap());
    fs::write(&files[0], &contents[1]).unwrap();
    fs::write(&files[1], &contents[0]).unwrap();
    let site = app.export();
    for backup in [&first, &second] {
        let refused = app.restore(&backup["id"], false).expect(409);
        let name = backup["file"].as_str().unwrap();
        assert!(refused.detail().as_str().unwrap().contains(name), "{refused:?}");
        assert_eq!(app.backup(&backup["id"])["state"], "bad");
    }
    assert_eq!(app.export(), site);
}

#[test]
fn a_restore_marks_a_damaged_file_as_bad() {
    let app = TestApp::demo();
    let older = app.back_up();
    app.provision("newer", "POP");
    let newest = app.back_up();
    let file = file_of(&app.data_dir, &newest);
    fs::write(&file, "nonsense").unwrap();
    app.restore(&newest["id"], true).expect(409);
    let marked = app.backup(&newest["id"]);
    assert_eq!((&marked["state"], &marked["is_local"]), (&"bad".into(), &false.into()));
    let name = newest["file"].as_str().unwrap();
    assert!(!file.exists() && file.with_file_name(format!("{name}.bad")).exists());
    let list = app.backups();
    assert_eq!(list["restorable_as_of"], older["taken_at"], "it protects nobody any more");
    assert_eq!(app.backup(&"latest".into())["id"], older["id"]);
}

#[test]
fn a_backup_of_a_newer_version_is_refused() {
    let saved = Saved::new(false, 5);
    let text = String::from_utf8(zstd::decode_all(&*saved.content).unwrap()).unwrap();
    let newer = text.replacen("\"format\":3", "\"format\":4", 1);
    let newer = newer.replacen("\"version\":\"", "\"version\":\"9.", 1);
    for content in [newer.clone().into_bytes(), zstd::encode_all(newer.as_bytes(), 3).unwrap()] {
        let error = saved.verify_file(&content, false).unwrap_err();
        assert!(matches!(error, BackupError::Newer { format: 4, .. }), "{error:?}");
        assert!(error.to_string().contains("9."), "{error}");
    }
    let data_dir = saved.data_dir();
    let before = export_of(&data_dir);
    fs::write(&saved.file, newer).unwrap();
    let said = run(&data_dir, &["restore", path_of(&saved.file), "--yes"]).expect(3);
    assert!(said.stderr.contains("newer UNOC (9."), "{said:?}");
    assert_eq!(export_of(&data_dir), before);
}

#[test]
fn a_backup_of_another_site_is_refused_by_an_existing_store() {
    let saved = Saved::new(false, 5);
    fs::write(&saved.file, &saved.content).unwrap();
    let other = saved.directory.path().join("other");
    seed(&other, 3);
    let before = export_of(&other);
    let said = run(&other, &["restore", path_of(&saved.file), "--yes"]).expect(3);
    let site_id = saved.manifest.header.site_id.to_string();
    assert!(said.stderr.contains(&site_id), "{said:?}");
    assert_eq!(export_of(&other), before);
    // In the directory of this site it is not listed.
    let own = back_up(&other);
    fs::copy(&saved.file, file_of(&other, &own).with_file_name("unoc_20200101_000000.sql.zst"))
        .unwrap();
    let said = run(&other, &["restore", "unoc_20200101_000000", "--yes"]).expect(3);
    assert!(said.stderr.contains("no backup"), "{said:?}");
    assert_eq!(export_of(&other), before);
}
