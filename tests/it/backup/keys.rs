//! Who can read a backup, and who cannot.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;
use unoc::store::STORE_FILE;

use super::fixture::{Key, export_of, file_of, names_in, path_of, portable, run_with};
use crate::harness::process::{Said, run, said, unoc};
use crate::harness::skip;

/// A device name that occurs nowhere else.
const MARKER: &str = "zq-marker-device-4711";
const OWN_KEY: &str = "backup_identity.txt";

struct Host {
    directory: TempDir,
}

impl Host {
    /// A site with one recognisable name.
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let server = crate::harness::process::Server::start(
            &directory.path().join("data"),
            &[("UNOC_DEV_FEATURES", "0")],
        );
        server.http.provision(MARKER, "POP");
        assert!(server.terminate().0.success());
        Self { directory }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.directory.path().join(name)
    }

    fn data_dir(&self) -> std::path::PathBuf {
        self.path("data")
    }

    fn key(&self, name: &str) -> Key {
        Key::new(self.directory.path(), name)
    }

    /// Makes a backup that is encrypted for these keys.
    #[track_caller]
    fn back_up(&self, keys: &[&Key]) -> Value {
        self.back_up_to(keys, "")
    }

    #[track_caller]
    fn back_up_to(&self, keys: &[&Key], targets: &str) -> Value {
        let recipients: Vec<&str> = keys.iter().map(|key| key.recipient.as_str()).collect();
        let environment = [
            ("UNOC_BACKUP_RECIPIENTS", recipients.join(",")),
            ("UNOC_BACKUP_TARGETS", targets.to_owned()),
        ];
        let environment = environment.each_ref().map(|(name, value)| (*name, value.as_str()));
        let said = run_with(&self.data_dir(), &environment, &["backup", "now", "--json"]).expect(0);
        serde_json::from_str(&said.stdout).expect("JSON")
    }

    /// `unoc backup verify --identity` with this key alone.
    fn verify_with(&self, backup: &Value, key: &Path) -> Said {
        let id = backup["id"].as_str().expect("an id");
        run(&self.data_dir(), &["backup", "verify", id, "--identity", path_of(key)])
    }
}

#[test]
fn each_recipient_can_open_a_backup_and_nobody_else_can() {
    let host = Host::new();
    let [first, second, third] = ["first", "second", "third"].map(|name| host.key(name));
    let backup = host.back_up(&[&first, &second]);
    assert!(backup["file"].as_str().unwrap().ends_with(".sql.zst.age"));
    let key_ids = backup["key_ids"].as_array().unwrap();
    assert_eq!(key_ids[..2], [first.key_id.as_str(), &second.key_id], "the own key is the third");
    assert_eq!((key_ids.len(), &backup["is_encrypted"]), (3, &true.into()));
    // The file is moved away from the host, which has a key of its own.
    let aside = host.path("aside");
    fs::create_dir(&aside).unwrap();
    let file = aside.join(backup["file"].as_str().unwrap());
    fs::copy(file_of(&host.data_dir(), &backup), &file).unwrap();
    for key in [&first, &second] {
        let said = host.verify_with(&backup, &key.file).expect(0);
        assert!(said.stdout.contains("verified by restoring it into a scratch store"), "{said:?}");
        let fresh = host.path(&format!("fresh {}", key.key_id));
        run(&fresh, &["restore", path_of(&file), "--identity", key.path()]).expect(0);
        assert_eq!(portable(&export_of(&fresh)), portable(&export_of(&host.data_dir())));
    }
    let said = host.verify_with(&backup, &third.file).expect(3);
    for key_id in [&first.key_id, &second.key_id] {
        assert!(said.stderr.contains(key_id.as_str()), "{said:?}");
    }
    let fresh = host.path("fresh");
    let wrong = ["restore", path_of(&file), "--identity", third.path()];
    assert!(run(&fresh, &wrong).expect(3).stderr.contains("none of the available keys"));
    assert!(!fs::exists(fresh.join(STORE_FILE)).unwrap());
    // The host itself verifies its backups unattended.
    let said = run(&host.data_dir(), &["backup", "verify", "latest", "--json"]).expect(0);
    let verified: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(verified["verification"]["kind"], "full");
    let mode = fs::metadata(host.data_dir().join(OWN_KEY)).unwrap().permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

fn assert_nowhere(directory: &Path, text: &str) -> usize {
    let mut looked = 0;
    for name in names_in(directory) {
        let path = directory.join(&name);
        assert!(!name.contains(text), "{name}");
        if path.is_dir() {
            looked += assert_nowhere(&path, text);
        } else {
            assert!(!contains(&fs::read(&path).expect("our own file"), text), "{}", path.display());
            looked += 1;
        }
    }
    looked
}

#[test]
fn an_encrypted_backup_and_its_copy_reveal_no_names() {
    let host = Host::new();
    let key = host.key("key");
    let offhost = host.path("offhost");
    fs::create_dir(&offhost).unwrap();
    let target = format!("file://{}?name=nfs", offhost.display());
    // Without encryption the name is readable, so the search works.
    let plain = host.back_up(&[]);
    let sql = zstd::decode_all(&*fs::read(file_of(&host.data_dir(), &plain)).unwrap()).unwrap();
    assert!(contains(&sql, MARKER));
    fs::remove_dir_all(host.data_dir().join("backups")).unwrap();

    let backup = host.back_up_to(&[&key], &target);
    assert_eq!(backup["copies"][0]["state"], "done", "{backup:#}");
    let looked = assert_nowhere(&host.data_dir().join("backups"), MARKER);
    assert!(looked >= 3, "file, manifest and notes: {looked}");
    assert_eq!(assert_nowhere(&offhost, MARKER), 2, "file and manifest");
    let secret = fs::read_to_string(&key.file).unwrap();
    let secret = secret.lines().last().unwrap();
    let own = fs::read_to_string(host.data_dir().join(OWN_KEY)).unwrap();
    for secret in [secret, own.lines().last().unwrap()] {
        assert_nowhere(&host.data_dir().join("backups"), secret);
        assert_nowhere(&offhost, secret);
    }
}

#[test]
fn the_recovery_kit_is_enough_to_restore() {
    let host = Host::new();
    let page = run(&host.data_dir(), &["backup", "keygen"]).expect(0).stdout;
    let line = |label: &str| {
        let line = page.lines().find_map(|line| line.strip_prefix(label)).expect("a line");
        line.trim().to_owned()
    };
    let (secret, recipient) = (line("Secret key"), line("Public key"));
    let said = run_with(
        &host.data_dir(),
        &[("UNOC_BACKUP_RECIPIENTS", &recipient)],
        &["backup", "now", "--json"],
    );
    let backup: Value = serde_json::from_str(&said.expect(0).stdout).unwrap();
    let fingerprint = line("Fingerprint").replace(' ', "");
    assert_eq!(backup["key_ids"][0], fingerprint, "the page names the key as backups do");
    let typed = host.path("key.txt");
    fs::write(&typed, secret).unwrap();
    host.verify_with(&backup, &typed).expect(0);
    let again = run(&host.data_dir(), &["backup", "keygen"]).expect(0).stdout;
    assert_ne!(page, again, "each page is another key");
    assert_nowhere(&host.data_dir(), &fs::read_to_string(&typed).unwrap());
    // A key with a typing error is refused.
    let wrong = host.path("wrong.txt");
    fs::write(&wrong, "AGE-SECRET-KEY-1QQQQ").unwrap();
    let said = host.verify_with(&backup, &wrong);
    assert_ne!(said.code, 0);
    assert!(said.stderr.contains("wrong.txt") && !said.stderr.contains("QQQQ"), "{said:?}");
}

#[test]
fn old_backups_stay_readable_after_a_change_of_recipients() {
    let host = Host::new();
    let [old, new] = ["old", "new"].map(|name| host.key(name));
    let before = host.back_up(&[&old]);
    let after = host.back_up(&[&new]);
    host.verify_with(&before, &old.file).expect(0);
    host.verify_with(&after, &new.file).expect(0);
    host.verify_with(&before, &new.file).expect(3);
    host.verify_with(&after, &old.file).expect(3);
    let id = before["id"].as_str().unwrap();
    run(&host.data_dir(), &["backup", "verify", id]).expect(0);
}

#[test]
fn a_lost_own_key_is_replaced_and_old_backups_need_the_kit() {
    let host = Host::new();
    let key = host.key("kit");
    let before = host.back_up(&[&key]);
    let own = host.data_dir().join(OWN_KEY);
    let lost = fs::read(&own).unwrap();
    fs::remove_file(&own).unwrap();
    let after = host.back_up(&[&key]);
    assert_ne!(fs::read(&own).unwrap(), lost);
    assert_ne!(before["key_ids"], after["key_ids"]);
    let verify = |backup: &Value| {
        let id = backup["id"].as_str().unwrap().to_owned();
        run(&host.data_dir(), &["backup", "verify", &id])
    };
    verify(&after).expect(0);
    let said = verify(&before).expect(3);
    assert!(said.stderr.contains(&key.key_id), "{said:?}");
    let file = file_of(&host.data_dir(), &before);
    assert!(file.exists(), "a key that is missing says nothing against the file");
    host.verify_with(&before, &key.file).expect(0);
    let environment = [("UNOC_BACKUP_IDENTITY_FILE", key.path())];
    fs::set_permissions(key.path(), PermissionsExt::from_mode(0o600)).unwrap();
    let id = before["id"].as_str().unwrap();
    run_with(&host.data_dir(), &environment, &["backup", "verify", id]).expect(0);
    // A damaged key is not replaced: older backups could not be opened, and nobody would notice.
    fs::write(&own, "nonsense").unwrap();
    let environment = [("UNOC_BACKUP_RECIPIENTS", key.recipient.as_str())];
    let said = run_with(&host.data_dir(), &environment, &["backup", "now"]);
    assert!(said.code != 0 && said.stderr.contains(OWN_KEY), "{said:?}");
}

#[test]
fn the_tools_age_and_zstd_read_a_backup_without_unoc() {
    let is_there = |tool: &str| Command::new(tool).arg("--version").output().is_ok();
    if !is_there("age") || !is_there("zstd") {
        return skip("age or zstd is not installed (ops/test.sh installs them)");
    }
    let host = Host::new();
    let key = host.key("key");
    let backup = host.back_up(&[&key]);
    let mut age = Command::new("age")
        .args(["-d", "-i", key.path()])
        .arg(file_of(&host.data_dir(), &backup))
        .stdout(Stdio::piped())
        .spawn()
        .expect("age");
    let unpacked =
        Command::new("zstd").arg("-dc").stdin(age.stdout.take().unwrap()).output().expect("zstd");
    assert!(unpacked.status.success() && age.wait().unwrap().success(), "{unpacked:?}");
    let mut cat = unoc(&["backup", "cat", "latest", "--data-dir"]);
    let ours = said(cat.arg(host.data_dir())).expect(0).stdout;
    assert!(ours.contains(MARKER) && unpacked.stdout == ours.into_bytes());
}
