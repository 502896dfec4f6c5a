//! Commands of users other than the one whose data it is.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::harness::process::{Server, run, said, unoc};
use crate::harness::{skip, unprivileged};

/// Files below a directory that belong to root.
fn files_of_root(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).expect("a directory") {
        let entry = entry.expect("an entry");
        let metadata = entry.metadata().expect("its metadata");
        if metadata.uid() == 0 {
            found.push(entry.path());
        }
        if metadata.is_dir() {
            found.extend(files_of_root(&entry.path()));
        }
    }
    found
}

#[test]
fn root_acts_as_the_owner_of_the_data_while_no_server_runs() {
    if !rustix::process::geteuid().is_root() {
        skip("root_acts_as_the_owner: root's rights are needed");
        return;
    }
    let parent = tempfile::tempdir().unwrap();
    // Everybody may pass through it, as through /var/lib.
    fs::set_permissions(parent.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let directory = parent.path().join("data");
    fs::create_dir(&directory).unwrap();
    run(&directory, &["seed"]).expect(0);
    unprivileged::give_all(&directory);
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o750)).unwrap();
    run(&directory, &["backup", "now"]).expect(0);
    run(&directory, &["jobs"]).expect(0);
    let listed = run(&directory, &["audit", "list", "--json"]).expect(0).stdout;
    // The trail names who typed it.
    assert!(listed.contains("host user root") && !listed.contains("host user nobody"), "{listed}");
    let exported = run(&directory, &["export", "-"]).expect(0).stdout;
    assert!(exported.contains("unoc_export"), "{exported}");
    assert_eq!(files_of_root(&directory), Vec::<PathBuf>::new());
}

#[test]
fn root_acts_as_the_owner_with_a_program_in_its_home() {
    if !rustix::process::geteuid().is_root() {
        skip("root_acts_as_the_owner_with: root's rights are needed");
        return;
    }
    // On the volume of the program, which is linked. Nobody else may enter it.
    let home = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let program = home.path().join("unoc");
    fs::hard_link(env!("CARGO_BIN_EXE_unoc"), &program).unwrap();
    let parent = tempfile::tempdir().unwrap();
    fs::set_permissions(parent.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let directory = parent.path().join("data");
    fs::create_dir(&directory).unwrap();
    unprivileged::give(&directory);
    let run = |program: &Path, arguments: &[&str]| {
        let mut command = Command::new(program);
        command.env_clear().args(arguments).arg("--data-dir").arg(&directory);
        said(command.stdin(Stdio::null()))
    };
    run(&program, &["seed"]).expect(0);
    run(&program, &["backup", "now"]).expect(0);
    assert_eq!(files_of_root(&directory), Vec::<PathBuf>::new());

    let private = home.path().join("private");
    fs::copy(&program, &private).unwrap();
    fs::set_permissions(&private, fs::Permissions::from_mode(0o700)).unwrap();
    let refused = run(&private, &["backup", "now"]).expect(3);
    let remedy = format!("chmod 755 {}", private.display());
    assert!(refused.stderr.contains(&remedy), "{refused:?}");
}

/// As the recovery kit says: the key is in a directory that the service's user may not enter.
#[test]
fn root_restores_with_a_key_that_only_root_may_read() {
    if !rustix::process::geteuid().is_root() {
        skip("root_restores_with_a_key: root's rights are needed");
        return;
    }
    let parent = tempfile::tempdir().unwrap();
    fs::set_permissions(parent.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let directory = parent.path().join("data");
    let home = tempfile::tempdir().unwrap();
    let key = home.path().join("key.txt");
    let kit = said(&mut unoc(&["backup", "keygen", "--json"])).expect(0).stdout;
    let kit: serde_json::Value = serde_json::from_str(&kit).unwrap();
    fs::write(&key, format!("{}\n", kit["secret"].as_str().unwrap())).unwrap();
    run(&directory, &["seed"]).expect(0);
    unprivileged::give_all(&directory);
    let recipient = kit["recipient"].as_str().unwrap();
    let mut saved = unoc(&["backup", "now"]);
    said(saved.env("UNOC_BACKUP_RECIPIENTS", recipient).arg("--data-dir").arg(&directory))
        .expect(0);
    fs::remove_file(directory.join("backup_identity.txt")).unwrap();
    let without = run(&directory, &["restore", "latest", "--yes"]).expect(3);
    assert!(without.stderr.contains("key"), "{without:?}");
    let identity = key.to_str().unwrap();
    run(&directory, &["restore", "latest", "--yes", "--identity", identity]).expect(0);
    run(&directory, &["restore", "latest", "--yes", &format!("--identity={identity}")]).expect(0);
    assert_eq!(files_of_root(&directory), Vec::<PathBuf>::new());

    // A backup may be too large to be copied for that user.
    let file = home.path().join("site.sql.zst");
    fs::write(&file, "").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let refused = run(&directory, &["restore", file.to_str().unwrap(), "--yes"]).expect(3);
    let remedy = format!("sudo install -o nobody -m 400 {} /tmp/", file.display());
    assert!(refused.stderr.contains(&remedy), "{refused:?}");
}

#[test]
fn the_server_is_found_by_those_who_may_enter_the_data_directory() {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path(), &[]);
    let mode = fs::metadata(directory.path().join("endpoint")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o644);
    drop(server);
}

#[test]
fn a_stranger_is_told_which_group_to_join() {
    if !rustix::process::geteuid().is_root() {
        skip("a_stranger_is_told: root's rights are needed");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    run(directory.path(), &["seed"]).expect(0);
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o750)).unwrap();
    for command in ["jobs", "logs", "sync"] {
        let mut words = vec![command];
        words.extend((command == "sync").then_some("status"));
        let mut by_nobody = unprivileged::command(Path::new(env!("CARGO_BIN_EXE_unoc")), "KILL");
        let output = by_nobody.args(&words).arg("--data-dir").arg(directory.path()).output();
        let output = output.unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(3), "{command}: {said}");
        assert!(said.contains("is for the group root; join it (sudo usermod -aG root"), "{said}");
    }
}
