//! Upgrades of the installed program: what works stays, what does not goes back, and a kill at any step
//! leaves a host that starts.

mod host;
mod kills;
mod refusals;
mod rollback;
mod stores;

use std::fs;

use self::host::{OLD, UpgradeHost, next_version};
use crate::harness::process::host_user;
use crate::harness::wait;

#[test]
fn a_new_version_is_backed_up_for_swapped_in_watched_and_done() {
    let host = UpgradeHost::new();
    let before = host.start().devices();
    let said = host.upgrade(&host.next(), &["--yes", "--healthy-for", "1s"]).expect(0);
    assert!(said.stdout.contains(&format!("Version {OLD} is installed")), "{said:?}");
    assert!(said.stdout.contains("upgrade_public_key is not set"), "{said:?}");
    assert!(said.stdout.contains(&format!("unoc rollback goes back to {OLD}.")), "{said:?}");
    assert_eq!((host.version(), host.devices()), (next_version(), before));
    assert_eq!(host.log_of_systemctl(), ["start", "stop", "reset-failed", "start"]);
    let health = host.http().get("/api/health").expect(200).json();
    assert_eq!(health["version"], next_version());
    let backups = host.http().get("/api/backups").expect(200).json();
    let newest = &backups["backups"][0];
    let journal = host.journal();
    assert_eq!((&journal["backup"], &newest["state"]), (&newest["id"], &"verified".into()));
    let row = [&*host_user(), OLD, &next_version()].map(str::to_owned);
    assert_eq!(host.rows("upgrade program"), [row]);
    let said = host.run(&["upgrade", "--status"], &[]).expect(0);
    assert!(said.stdout.contains("It is done."), "{said:?}");
    assert_eq!(host.files(), ["unoc", "unoc.previous", "unoc.upgrade.json"]);
}

#[test]
fn a_stopped_service_stays_stopped() {
    let host = UpgradeHost::new();
    let before = host.start().devices();
    host.systemctl("stop");
    let said = host.upgrade(&host.next(), &["--yes"]).expect(0);
    assert!(said.stdout.contains("is stopped; its next start runs it"), "{said:?}");
    assert_eq!((host.version(), host.is_running()), (next_version(), false));
    assert_eq!(host.journal()["backup"], serde_json::Value::Null);
    assert_eq!(host.start().devices(), before);
}

#[test]
fn a_version_that_does_not_start_goes_back_with_the_store_byte_for_byte() {
    let host = UpgradeHost::new();
    let before = host.start().devices();
    host.provision("acknowledged");
    let said = host.upgrade(&host.broken(), &["--yes"]).expect(4);
    for words in ["the upgrade to", "The store is as it was before", "site.json says", "runs again"]
    {
        assert!(said.stderr.contains(words), "{words}: {said:?}");
    }
    assert_eq!((host.version(), host.devices()), (OLD.to_owned(), before + 1));
    let row = ["system", &next_version(), OLD].map(str::to_owned);
    assert_eq!(host.rows("roll back program"), [row], "also of one that never ran");
    assert_eq!(host.files(), ["unoc", "unoc.upgrade.json"]);
    let said = host.run(&["upgrade", "--status"], &[]).expect(0);
    assert!(said.stdout.contains(&format!("Version {OLD} is back: ")), "{said:?}");

    // The same without a service that writes to it afterwards.
    host.systemctl("stop");
    let store = fs::read(host.store()).unwrap();
    host.upgrade(&host.broken(), &["--yes"]).expect(0);
    assert!(fs::read(host.store()).unwrap() == store);
    host.run(&["rollback", "--yes"], &[]).expect(0);
    assert!(host.version() == OLD && fs::read(host.store()).unwrap() == store);
}

/// The new version answers, and is killed while it is watched. What it acknowledged is kept.
#[test]
fn a_version_that_ends_while_it_is_watched_goes_back_and_its_changes_are_kept() {
    let host = UpgradeHost::new();
    let before = host.start().devices();
    let running = host.spawn_upgrade(&host.next(), &["--yes", "--healthy-for", "1h"]);
    wait::until("the new version is watched", || {
        (host.journal_if_any()?["was_ready"] == true).then_some(())
    });
    host.provision("by the new version");
    host.kill_service();
    let said = UpgradeHost::said(running).expect(4);
    assert!(said.stderr.contains("the service ended"), "{said:?}");
    assert!(said.stderr.contains("The store stayed, so no change is lost."), "{said:?}");
    assert_eq!((host.version(), host.devices()), (OLD.to_owned(), before + 1));
}

#[test]
fn a_check_that_becomes_critical_brings_the_previous_version_back() {
    let host = UpgradeHost::new();
    host.start();
    // More than any volume has: the disk is full for whoever starts from now on.
    host.set_environment("UNOC_MIN_FREE_MIB=1048576");
    let said = host.upgrade(&host.next(), &["--yes", "--without-backup"]).expect(4);
    assert!(said.stderr.contains("critical with the new version: disk.free"), "{said:?}");
    assert_eq!(host.version(), OLD);
    assert_eq!(host.journal()["backup"], serde_json::Value::Null);
}
