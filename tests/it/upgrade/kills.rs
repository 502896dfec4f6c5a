//! A kill at every step. `strace` sends SIGKILL to the upgrade when it is about to rename a file for the n-th time:
//! each change of the host, and each state of the journal, is a rename.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use super::host::{OLD, UpgradeHost, next_version};
use crate::harness::process::said;
use crate::harness::{skip, wait};

/// More than there are renames.
const STEPS_MAX: usize = 40;

fn can_trace() -> bool {
    let traced =
        Command::new("strace").args(["-o", "/dev/null", "true"]).stderr(Stdio::null()).status();
    let can_trace = traced.is_ok_and(|status| status.success());
    if !can_trace {
        skip("upgrade: strace is missing, or the system allows no tracing");
    }
    can_trace
}

/// Upgrades and kills at the `step`-th rename; returns whether it came that far.
fn is_killed(host: &UpgradeHost, file: &Path, step: usize) -> bool {
    let arguments = ["upgrade", file.to_str().expect("strace runs"), "--yes", "--without-backup"];
    let upgrade =
        host.command(&[&arguments[..], &["--healthy-for", "0s", "--allow-downgrade"]].concat());
    let mut strace = Command::new("strace");
    // Which of them there are depends on the processor.
    let renames = "?rename,?renameat,?renameat2";
    strace.args(["-q", "-o", "/dev/null", "-e", &format!("trace={renames}"), "-e"]);
    strace.arg(format!("inject={renames}:signal=KILL:when={step}"));
    strace.arg(upgrade.get_program()).args(upgrade.get_args());
    strace.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    for (key, value) in upgrade.get_envs() {
        strace.env(key, value.unwrap_or_default());
    }
    let status = strace.status().expect("strace runs");
    // strace ends as the program did.
    status.code().is_none()
}

#[test]
fn a_kill_at_any_step_leaves_a_host_that_starts_and_an_upgrade_that_can_be_ended() {
    if !can_trace() {
        return;
    }
    let host = UpgradeHost::new();
    let mut devices = host.start().devices();
    let mut states = std::collections::BTreeSet::new();
    let mut steps = 0;
    for step in 1..STEPS_MAX {
        let (file, wanted) = match host.version() == OLD {
            true => (host.next(), next_version()),
            false => (host.current(), OLD.to_owned()),
        };
        if !is_killed(&host, &file, step) {
            break;
        }
        steps += 1;
        // As a boot does. What is acknowledged from now on must survive the end of the upgrade, too.
        host.start().provision(&format!("after-kill-{step}"));
        devices += 1;
        let state = host.journal_if_any().map(|journal| journal["state"].to_string());
        let is_unfinished = host.run(&["upgrade", "--continue"], &[]);
        match is_unfinished.code {
            0 if state.is_some() => assert_eq!(host.version(), wanted, "killed at {step}"),
            // Nothing had been changed yet; at most the version that could have gone on was put aside.
            0 | 3 => assert_ne!(host.version(), wanted, "killed at {step}"),
            code => panic!("killed at {step}: {code} {is_unfinished:?}"),
        }
        assert_eq!((host.is_running(), host.devices()), (true, devices), "killed at {step}");
        states.extend(state);
    }
    assert!(steps >= 7, "only {steps} steps were killed");
    for state in ["saving", "swapping", "watching"] {
        assert!(states.contains(&format!("{state:?}")), "{state} is not among {states:?}");
    }
}

#[test]
fn a_kill_at_any_step_of_going_back_can_be_ended() {
    if !can_trace() {
        return;
    }
    let host = UpgradeHost::new();
    let devices = host.start().devices();
    let mut states = std::collections::BTreeSet::new();
    for step in 1..STEPS_MAX {
        if !is_killed(&host, &host.broken(), step) {
            break;
        }
        let state = host.journal_if_any().map(|journal| journal["state"].to_string());
        let ended = host.run(&["upgrade", "--continue"], &[]);
        // 4: it went back. Without a journal, nothing had been changed.
        let expected: &[i32] = if state.is_some() { &[3, 4] } else { &[0, 3] };
        assert!(expected.contains(&ended.code), "killed at {step}: {ended:?}");
        states.extend(state);
        assert_eq!((host.version(), host.devices()), (OLD.to_owned(), devices), "killed at {step}");
    }
    assert!(states.contains("\"reverting\""), "{states:?}");
}

/// The new version cannot even be executed, so the one that worked before has to end the upgrade.
#[test]
fn a_boot_ends_an_upgrade_that_was_cut_off_at_any_step() {
    if !can_trace() {
        return;
    }
    let host = UpgradeHost::new();
    let before = host.start().devices();
    let mut ends = std::collections::BTreeSet::new();
    for (devices, step) in (before..).zip(1..STEPS_MAX) {
        if !is_killed(&host, &host.next(), step) {
            assert!(!host.files().contains(&"unoc.rescue".to_owned()), "{:?}", host.files());
            break;
        }
        let is_swapped = host.version() != OLD;
        if is_swapped {
            host.disable_program();
        }
        // The power is cut.
        if host.is_running() {
            host.kill_service();
        }
        let rescued = host.boot();
        let about = format!("cut off at {step}: {rescued:?}");
        // 0: it went on, or there was nothing to do. 4: it went back.
        let code = rescued.as_ref().map(|said| said.code);
        assert!([None, Some(0), Some(4)].contains(&code), "{about}");
        assert_eq!(code == Some(4), is_swapped, "{about}");
        ends.insert((code, host.version()));
        assert!(host.is_running() && host.devices() == devices, "{about}");
        assert!(!host.files().contains(&"unoc.rescue".to_owned()), "{about}");
        assert!(host.boot().is_none(), "{about}");
        host.run(&["upgrade", "--continue"], &[]).expect(3);
        if host.version() != OLD {
            host.run(&["rollback", "--yes"], &[]).expect(0);
        }
        host.provision(&format!("after-cut-{step}"));
    }
    let old = || OLD.to_owned();
    let wanted = [(None, old()), (Some(0), old()), (Some(0), next_version()), (Some(4), old())];
    assert_eq!(ends, wanted.into());
}

#[test]
fn a_boot_ends_a_way_back_that_was_cut_off_at_any_step() {
    if !can_trace() {
        return;
    }
    let host = UpgradeHost::new();
    let devices = host.start().devices();
    let mut is_reverting = false;
    for step in 1..STEPS_MAX {
        if !is_killed(&host, &host.broken(), step) {
            break;
        }
        is_reverting |= host.journal_if_any().is_some_and(|it| it["state"] == "reverting");
        if host.is_running() {
            host.kill_service();
        }
        let rescued = host.boot();
        let about = format!("cut off at {step}: {rescued:?}");
        assert_eq!((host.version(), host.devices()), (OLD.to_owned(), devices), "{about}");
        assert!(!host.files().contains(&"unoc.rescue".to_owned()), "{about}");
    }
    assert!(is_reverting);
}

#[test]
fn a_program_that_was_replaced_meanwhile_stays() {
    let host = UpgradeHost::new();
    host.start();
    let mut running = host.spawn_upgrade(&host.next(), &["--yes", "--healthy-for", "1h"]);
    wait::until("the new version is watched", || {
        (host.journal_if_any()?["was_ready"] == true).then_some(())
    });
    running.kill().unwrap();
    running.wait().unwrap();
    fs::remove_file(host.binary()).unwrap();
    fs::copy(host.broken(), host.binary()).unwrap();
    let said = host.run(&["upgrade", "--continue"], &[]).expect(3);
    assert!(said.stderr.contains("it stays, and that upgrade is over"), "{said:?}");
    assert_eq!(host.files(), ["unoc", "unoc.previous"]);
    assert!(host.is_running());
}

#[test]
fn an_upgrade_that_was_interrupted_can_be_taken_back_and_is_not_begun_anew() {
    let host = UpgradeHost::new();
    let devices = host.start().devices();
    let mut running = host.spawn_upgrade(&host.next(), &["--yes", "--healthy-for", "1h"]);
    wait::until("the new version is watched", || {
        (host.journal_if_any()?["was_ready"] == true).then_some(())
    });
    let second = host.upgrade(&host.next(), &["--yes"]).expect(75);
    assert!(second.stderr.contains("another unoc upgrade"), "{second:?}");
    let status = host.run(&["upgrade", "--status"], &[]).expect(0);
    assert!(status.stdout.contains("It is running: the new version was started"), "{status:?}");
    // As the unit does. It waits, and takes over.
    let mut waiting = host.command(&["upgrade", "--continue"]);
    let mut waiting = waiting.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let journal = || fs::metadata(host.journal_path()).unwrap().ino();
    let before = journal();
    running.kill().unwrap();
    running.wait().unwrap();
    wait::until("the other one goes on", || (journal() != before).then_some(()));
    waiting.kill().unwrap();
    waiting.wait().unwrap();
    let said_again = host.upgrade(&host.next(), &["--yes"]).expect(3);
    assert!(said_again.stderr.contains("unoc upgrade --continue ends it"), "{said_again:?}");
    let status = host.run(&["upgrade", "--status"], &[]).expect(0);
    assert!(status.stdout.contains("interrupted while the new version was started"), "{status:?}");
    let back = host.run(&["rollback", "--yes"], &[]).expect(0);
    assert!(back.stdout.contains(&format!("Version {OLD} is back.")), "{back:?}");
    assert_eq!((host.version(), host.devices()), (OLD.to_owned(), devices));
    said(host.command(&["upgrade", "--continue"]).stdin(Stdio::null())).expect(3);
}
