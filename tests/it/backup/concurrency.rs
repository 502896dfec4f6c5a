//! One operation at a time, and no lock outlives its process.

use std::fs;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::fixture::{assert_no_left_overs, back_up, export_of, names_in, seed};
use crate::harness::process::{Server, run, unoc};
use crate::harness::{TestApp, wait};

/// A site so large that operations on it take a while.
const LEAVES: u32 = 2_000;

#[test]
fn of_two_concurrent_backups_one_is_a_conflict() {
    let directory = tempfile::tempdir().unwrap();
    seed(directory.path(), LEAVES);
    let server = Server::start(directory.path(), &[]);
    let ask = || server.http.ask("/api/backups");
    let mut answers = std::thread::scope(|scope| {
        [scope.spawn(ask), scope.spawn(ask)].map(|asked| asked.join().expect("no panic"))
    });
    answers.sort_by_key(|answer| answer.status);
    assert_eq!(answers.each_ref().map(|answer| answer.status), [201, 409], "{answers:?}");
    let detail = answers[1].detail();
    assert!(detail.as_str().unwrap().contains("running"), "{detail}");
    let list = server.http.backups();
    assert_eq!(list["backups"].as_array().unwrap().len(), 1, "{list:#}");
    assert_eq!(list["activity"], Value::Null);
    assert_no_left_overs(directory.path());
}

#[test]
fn a_running_operation_is_shown_and_others_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    seed(directory.path(), LEAVES);
    let server = Server::start(directory.path(), &[]);
    let first = server.http.back_up();
    std::thread::scope(|scope| {
        let made = scope.spawn(|| server.http.back_up());
        let activity = wait::until("work is shown", || {
            let activity = server.http.backups()["activity"].take();
            (activity["kind"] == "backup").then_some(activity)
        });
        assert!(!activity["phase"].as_str().unwrap().is_empty(), "{activity}");
        for answer in [server.http.verify(&first["id"]), server.http.restore(&first["id"], true)] {
            // It may have ended before the request; its backup is listed then, although its answer may be still to come.
            let has_ended = || server.http.backups()["backups"].as_array().unwrap().len() == 2;
            assert!(answer.status == 409 || has_ended(), "{answer:?}");
        }
        assert_eq!(made.join().unwrap()["state"], "verified");
    });
}

#[test]
fn the_command_line_makes_backups_with_and_without_a_server() {
    let directory = tempfile::tempdir().unwrap();
    seed(directory.path(), 20);
    let alone = back_up(directory.path());
    assert_eq!(alone["state"], "verified");
    let server = Server::start(directory.path(), &[]);
    let asked = back_up(directory.path());
    let ids = |list: &Value| {
        let list = list["backups"].as_array().expect("a list");
        list.iter().map(|backup| backup["id"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&server.http.backups()), [asked["id"].clone(), alone["id"].clone()]);
    let said = run(directory.path(), &["backup", "list", "--json"]).expect(0);
    let online: Value = serde_json::from_str(&said.stdout).unwrap();
    assert!(server.terminate().0.success());
    let said = run(directory.path(), &["backup", "list", "--json"]).expect(0);
    let offline: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(ids(&online), ids(&offline));
    assert_eq!(online["backups"], offline["backups"], "whichever way, the same is told");
}

#[test]
fn a_lock_is_held_until_its_process_ends() {
    let app = TestApp::empty();
    app.back_up();
    let lock = app.file("backups/.lock");
    let script = format!("exec 9>>{}; flock 9; echo held; exec sleep 600 9>&9", lock.display());
    let mut holder = Command::new("setpriv")
        .args(["--pdeathsig=KILL", "--", "bash", "-c", &script])
        .stdout(Stdio::piped())
        .spawn()
        .expect("bash");
    let mut line = String::new();
    let stdout = holder.stdout.take().expect("a pipe");
    std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut line).unwrap();
    assert_eq!(line, "held\n");
    let refused = app.ask("/api/backups");
    assert!([409, 503].contains(&refused.status), "{refused:?}");
    assert!(refused.detail().as_str().unwrap().contains("another process"), "{refused:?}");
    holder.kill().unwrap();
    holder.wait().unwrap();
    app.back_up();
    assert_no_left_overs(&app.data_dir);
}

#[test]
fn a_lock_file_of_a_killed_process_blocks_nobody() {
    let directory = tempfile::tempdir().unwrap();
    seed(directory.path(), LEAVES);
    let mut child = unoc(&["backup", "now"])
        .arg("--data-dir")
        .arg(directory.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let backups = directory.path().join("backups");
    wait::until("a backup is begun", || {
        names_in(&backups).iter().any(|name| name.ends_with(".part")).then_some(())
    });
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(fs::exists(backups.join(".lock")).unwrap());
    let before = export_of(directory.path());
    assert_eq!(back_up(directory.path())["state"], "verified");
    assert_no_left_overs(directory.path());
    assert_eq!(export_of(directory.path()), before);
}
