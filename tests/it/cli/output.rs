//! The output of commands: destinations, and readers that go away.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::harness::process::{Said, Server, run, said, unoc};

/// Runs a command whose standard output has no reader.
fn unread(data_dir: &Path, arguments: &[&str]) -> Said {
    let (reader, writer) = io::pipe().expect("a pipe");
    drop(reader);
    let mut command = unoc(arguments);
    if !data_dir.as_os_str().is_empty() {
        command.arg("--data-dir").arg(data_dir);
    }
    let child = command.stdout(writer).stderr(Stdio::piped()).spawn().expect("it starts");
    drop(command);
    let output = child.wait_with_output().expect("its output");
    let code = output.status.code().expect("it was not killed");
    let stderr = String::from_utf8(output.stderr).expect("a text");
    Said { code, stdout: String::new(), stderr }
}

#[test]
fn every_command_ends_silently_without_a_reader() {
    let directory = tempfile::tempdir().unwrap();
    let site = directory.path().join("site");
    run(&site, &["seed"]).expect(0);
    let file = directory.path().join("site.jsonl");
    let file = file.to_str().unwrap();
    let commands: &[&[&str]] = &[
        &["export"],
        &["export", "-"],
        &["export", "/dev/stdout"],
        &["export", file],
        &["import", file, "--replace"],
        &["seed", "--replace"],
        &["seed", "--replace", "--json"],
        &["config", "show"],
        &["config", "check"],
        &["jobs"],
        &["jobs", "run", "self-check"],
        &["backup", "now"],
        &["backup", "list"],
        &["backup", "cat", "latest"],
        &["backup", "verify"],
        &["backup", "prune", "--dry-run"],
        &["backup", "keygen"],
        &["restore", "latest", "--dry-run"],
        &["sync", "status"],
        &["version"],
        &["openapi"],
        &["completions", "bash"],
        &["--help"],
    ];
    for arguments in commands {
        let said = unread(&site, arguments).expect(141);
        assert_eq!(said.stderr, "", "{arguments:?}");
    }
    // The command completes its work although nobody reads the output.
    assert!(fs::metadata(file).unwrap().len() > 0);
    let server = Server::start(&site, &[]);
    for arguments in [&["export"][..], &["jobs"], &["backup", "list"], &["seed", "--replace"]] {
        assert_eq!(unread(&site, arguments).expect(141).stderr, "", "{arguments:?}");
    }
    assert!(server.terminate().0.success());
}

#[test]
fn output_errors_are_reported() {
    let directory = tempfile::tempdir().unwrap();
    run(directory.path(), &["seed"]).expect(0);
    for arguments in [&["export"][..], &["openapi"], &["version"], &["config", "show"]] {
        let mut command = unoc(arguments);
        command.arg("--data-dir").arg(directory.path());
        let full = File::options().write(true).open("/dev/full").unwrap();
        let output = command.stdout(full).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {stderr}");
        assert!(stderr.contains("No space left on device"), "{arguments:?}: {stderr}");
    }
}

#[test]
fn an_export_is_written_to_special_files_and_through_links() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let site = path("site");
    run(&site, &["seed"]).expect(0);
    let export = run(&site, &["export"]).expect(0).stdout;

    let fifo = path("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let opened = fifo.clone();
    let reader = std::thread::spawn(move || fs::read_to_string(opened).unwrap());
    run(&site, &["export", fifo.to_str().unwrap()]).expect(0);
    assert_eq!(reader.join().unwrap(), export);
    assert!(fs::symlink_metadata(&fifo).unwrap().file_type().is_fifo(), "it stays a FIFO");

    // A link to a file, and one to a file that does not exist yet.
    fs::create_dir(path("elsewhere")).unwrap();
    fs::write(path("elsewhere/old"), "old").unwrap();
    fs::set_permissions(path("elsewhere/old"), fs::Permissions::from_mode(0o600)).unwrap();
    for name in ["old", "new"] {
        let link = path(&format!("to-{name}"));
        symlink(format!("elsewhere/{name}"), &link).unwrap();
        run(&site, &["export", link.to_str().unwrap()]).expect(0);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink(), "{name}");
        assert_eq!(fs::read_to_string(path("elsewhere").join(name)).unwrap(), export, "{name}");
    }
    let mode = fs::metadata(path("elsewhere/old")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "who could not read it still cannot");

    // Descriptors: standard output, behind a link, and appending to other output.
    let to_stdout = path("to-stdout");
    symlink("/proc/self/fd/1", &to_stdout).unwrap();
    for name in ["-", "/dev/stdout", "/proc/self/fd/1", to_stdout.to_str().unwrap()] {
        assert_eq!(run(&site, &["export", name]).expect(0).stdout, export, "{name}");
        assert!(!Path::new(name).with_extension("part").exists());
    }
    let mut appended = File::create(path("appended")).unwrap();
    appended.write_all(b"first\n").unwrap();
    let mut command = unoc(&["export", "/dev/stdout"]);
    command.arg("--data-dir").arg(&site).stdout(appended.try_clone().unwrap());
    assert!(command.status().unwrap().success());
    let text = fs::read_to_string(path("appended")).unwrap();
    assert_eq!(text, format!("first\n{export}"));

    // Process substitution.
    let script = r#"exec 3> "$2"; "$0" export /dev/fd/3 --data-dir "$1""#;
    let mut shell = Command::new("bash");
    shell.args(["-c", script, env!("CARGO_BIN_EXE_unoc")]).arg(&site).arg(path("third"));
    assert!(said(&mut shell).expect(0).stdout.starts_with("Exported the site to /dev/fd/3"));
    assert_eq!(fs::read_to_string(path("third")).unwrap(), export);
    assert!(!path("-").exists() && !Path::new("-").exists());
}

#[test]
fn special_files_are_not_replaced() {
    if !rustix::process::geteuid().is_root() {
        crate::harness::skip("special_files_are_not_replaced: making a device needs root");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let site = directory.path().join("site");
    run(&site, &["seed"]).expect(0);
    let null = directory.path().join("null");
    let made = Command::new("mknod").arg(&null).args(["c", "1", "3"]).status().unwrap();
    if !made.success() {
        crate::harness::skip("special_files_are_not_replaced: no device can be made here");
        return;
    }
    run(&site, &["export", null.to_str().unwrap()]).expect(0);
    assert!(fs::metadata(&null).unwrap().file_type().is_char_device());
    let mut nothing = String::new();
    File::open(&null).unwrap().read_to_string(&mut nothing).unwrap();
    assert_eq!(nothing, "");
}
