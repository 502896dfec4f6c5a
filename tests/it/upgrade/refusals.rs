//! What is refused before anything is touched.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest as _, Sha256};
use unoc::util::hex;

use super::host::{OLD, UpgradeHost, next_version, old_version};
use crate::harness::process::{said, unoc};
use crate::harness::skip;

/// Refuses `file` for these reasons and leaves everything as it is.
#[track_caller]
fn refused(host: &UpgradeHost, file: &Path, arguments: &[&str], reasons: &[&str]) {
    let said = host.upgrade(file, &[&["--yes"], arguments].concat()).expect(3);
    assert!(said.stderr.contains("nothing was changed"), "{said:?}");
    for reason in reasons {
        assert!(said.stderr.contains(reason), "{reason}: {}", said.stderr);
    }
    let found = said.stderr.lines().filter(|line| line.starts_with("- ")).count();
    assert_eq!(found, reasons.len(), "{}", said.stderr);
    assert_eq!((host.version(), host.files()), (OLD.to_owned(), vec!["unoc".to_owned()]));
    assert!(!host.log_of_systemctl().contains(&"stop".to_owned()));
}

/// A copy of a file that a test may put other files beside.
fn copy(directory: &Path, file: &Path) -> PathBuf {
    let copy = directory.join("unoc");
    fs::copy(file, &copy).expect("our own file");
    copy
}

#[test]
fn a_host_without_an_installation_is_told_how_to_install() {
    for arguments in [&["upgrade", "--status"][..], &["rollback"]] {
        let mut command = unoc(arguments);
        let said = said(command.args(["--binary", "/nonexistent/unoc"])).expect(3).stderr;
        assert!(said.contains("there is no /nonexistent/unoc; sudo unoc install"), "{said}");
    }
}

#[test]
fn what_is_no_program_of_this_host_is_refused() {
    let host = UpgradeHost::new();
    host.start();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("unoc");
    let check = |bytes: &[u8], reason: &str| {
        fs::write(&file, bytes).unwrap();
        refused(&host, &file, &[], &[reason]);
    };
    check(b"#!/bin/sh\nexit 0\n", "is not an ELF executable");
    let own = fs::read("/bin/true").unwrap();
    let mut foreign = own.clone();
    // e_machine: 183 is ARM64, 62 is x86-64.
    foreign[18] = if own[18] == 183 { 62 } else { 183 };
    check(&foreign, "but this host runs programs for");
    let mut object = own.clone();
    object[16] = 1;
    check(&object, "no executable");
    check(&own, "is not UNOC");
    refused(&host, directory.path(), &[], &["is not a regular file"]);
    refused(&host, &directory.path().join("missing"), &[], &["cannot be read"]);
}

#[test]
fn a_checksum_that_is_given_or_beside_the_file_is_compared() {
    let host = UpgradeHost::new();
    host.start();
    let directory = tempfile::tempdir().unwrap();
    let file = copy(directory.path(), &host.next());
    let right = hex(Sha256::digest(fs::read(&file).unwrap()));
    let wrong = "0".repeat(64);
    refused(&host, &file, &["--sha256", &wrong], &["download it again"]);
    refused(&host, &file, &["--sha256", "abc"], &["64 hexadecimal digits"]);
    let beside = directory.path().join("unoc.sha256");
    fs::write(&beside, format!("{wrong}  unoc\n")).unwrap();
    refused(&host, &file, &[], &["download it again"]);
    fs::write(&beside, format!("{right}  unoc\n")).unwrap();
    let said = host.upgrade(&file, &["--dry-run"]).expect(0);
    assert!(said.stdout.contains("unoc.sha256 names"), "{said:?}");
    assert_eq!((host.version(), host.files()), (OLD.to_owned(), vec!["unoc".to_owned()]));
    // Without --yes, and without a terminal to ask on.
    let said = host.upgrade(&file, &[]).expect(3);
    assert!(said.stderr.contains("add --yes"), "{said:?}");
}

#[test]
fn with_a_public_key_only_signed_files_are_installed() {
    let host = UpgradeHost::new();
    host.start();
    let directory = tempfile::tempdir().unwrap();
    let file = copy(directory.path(), &host.next());
    let public = include_str!("../../fixtures/minisign/key.pub").lines().nth(1).unwrap();
    refused(&host, &file, &["--upgrade-public-key", public], &["unoc.minisig is missing"]);
    let signature = directory.path().join("unoc.minisig");
    fs::write(&signature, include_str!("../../fixtures/minisign/program.minisig")).unwrap();
    refused(&host, &file, &["--upgrade-public-key", public], &["it does not verify"]);
    let (key, secret) = (directory.path().join("key"), directory.path().join("secret"));
    let generated =
        Command::new("minisign").args(["-G", "-W", "-p"]).arg(&key).arg("-s").arg(&secret).output();
    if generated.is_err() {
        skip("upgrade: minisign is not installed");
        return;
    }
    let mut sign = Command::new("minisign");
    sign.args(["-S", "-t", "the next version", "-s"]).arg(&secret).arg("-m").arg(&file);
    said(sign.arg("-x").arg(&signature)).expect(0);
    let public = fs::read_to_string(&key).unwrap();
    let public = public.lines().nth(1).unwrap();
    let said = host.upgrade(&file, &["--yes", "--upgrade-public-key", public]).expect(0);
    assert!(said.stdout.contains("Its signature is right: the next version"), "{said:?}");
    assert_eq!(host.version(), next_version());
}

#[test]
fn an_older_version_needs_a_flag_and_the_same_file_needs_nothing() {
    let host = UpgradeHost::new();
    host.start();
    let reason = format!("version {} is older than {OLD}", old_version());
    refused(&host, &host.older(), &[], &[&reason]);
    let said = host.upgrade(&host.current(), &["--yes"]).expect(0);
    assert!(said.stdout.contains("there is nothing to do"), "{said:?}");
    host.upgrade(&host.older(), &["--yes", "--allow-downgrade"]).expect(0);
    assert_eq!(host.version(), old_version());
}

#[test]
fn all_obstacles_are_named_at_once() {
    let host = UpgradeHost::new();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("unoc");
    fs::write(&file, "text").unwrap();
    host.set_load_state("not-found");
    let reasons = ["systemd has no service unoc", "is not an ELF executable", "has the SHA-256"];
    refused(&host, &file, &["--sha256", &"0".repeat(64)], &reasons);
}

#[test]
fn a_service_that_runs_another_file_is_refused() {
    let host = UpgradeHost::new();
    host.start();
    let link = host.data_dir().join("copy");
    fs::copy(host.binary(), &link).unwrap();
    fs::rename(&link, host.binary()).unwrap();
    refused(&host, &host.next(), &[], &["does not run the file"]);
}

#[test]
fn a_volume_without_room_is_refused() {
    let host = UpgradeHost::new();
    host.start();
    let said = host.run(
        &["upgrade", host.next().to_str().unwrap(), "--yes"],
        &[("UNOC_MIN_FREE_MIB", "1048576")],
    );
    assert!(said.stderr.contains("free, and the upgrade needs 1"), "{said:?}");
    assert_eq!((said.code, host.version()), (3, OLD.to_owned()));
}

#[test]
fn without_a_verified_backup_nothing_is_changed() {
    let host = UpgradeHost::new();
    host.start();
    // A file in the place of the directory.
    fs::remove_dir_all(host.data_dir().join("backups")).ok();
    fs::write(host.data_dir().join("backups"), "").unwrap();
    let said = host.upgrade(&host.next(), &["--yes"]).expect(75);
    assert!(said.stderr.contains("--without-backup"), "{said:?}");
    assert_eq!((host.version(), host.files()), (OLD.to_owned(), vec!["unoc".to_owned()]));
    host.upgrade(&host.next(), &["--yes", "--without-backup"]).expect(0);
}
