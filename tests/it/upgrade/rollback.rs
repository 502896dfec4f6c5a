//! Going back by hand.

use std::fs;

use redb::{Database, ReadableDatabase, TableDefinition};
use serde_json::json;
use unoc::store::{ClosedStore, QUARANTINE_DIR};

use super::host::{OLD, UpgradeHost, next_version};
use crate::harness::process::{host_user, run};

const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");

/// Makes the closed store one of a newer schema, as a later version would.
fn make_newer(host: &UpgradeHost) {
    let db = Database::open(host.store()).expect("a whole store");
    let read = db.begin_read().expect("a whole store").open_table(META).expect("a whole store");
    let bytes = read.get("site").expect("a whole store").expect("a whole store").value().to_vec();
    drop(read);
    let config = bincode::config::standard();
    let (record, _) = bincode::decode_from_slice::<(u128, u32, i64), _>(&bytes[1..], config)
        .expect("a whole store");
    let newer = bincode::encode_to_vec((record.0, 4_u32, record.2), config).expect("a whole store");
    let tx = db.begin_write().expect("a whole store");
    tx.open_table(META)
        .expect("a whole store")
        .insert("site", [vec![1], newer].concat().as_slice())
        .expect("a whole store");
    tx.commit().expect("a whole store");
}

#[test]
fn a_rollback_keeps_every_change_if_the_previous_version_opens_the_store() {
    let host = UpgradeHost::new();
    let before = host.start().devices();
    host.upgrade(&host.next(), &["--yes"]).expect(0);
    host.provision("by the new version");
    let said = host.run(&["rollback", "--dry-run"], &[]).expect(0);
    assert!(said.stdout.contains("no change is lost"), "{said:?}");
    assert_eq!(host.version(), next_version());
    host.run(&["rollback"], &[]).expect(3);
    let said = host.run(&["rollback", "--yes"], &[]).expect(0);
    assert!(said.stdout.contains(&format!("Version {OLD} is back. The store stayed")), "{said:?}");
    assert_eq!((host.version(), host.devices()), (OLD.to_owned(), before + 1));
    host.systemctl("stop");
    host.start();
    let (old, next) = (OLD, &*next_version());
    assert_eq!(host.rows("upgrade program"), [[&*host_user(), old, next].map(str::to_owned)]);
    assert_eq!(host.rows("roll back program"), [[&*host_user(), next, old].map(str::to_owned)]);
    let said = host.run(&["rollback", "--yes"], &[]).expect(3);
    assert!(said.stderr.contains("no version to go back to"), "{said:?}");
}

#[test]
fn a_store_that_the_previous_version_cannot_open_goes_into_the_quarantine() {
    let host = UpgradeHost::new();
    let before = host.start().devices();
    host.upgrade(&host.next(), &["--yes"]).expect(0);
    host.provision("by the new version");
    host.systemctl("stop");
    make_newer(&host);
    let mut journal = host.journal();
    journal["to"]["store_schema"] = json!(4);
    fs::write(host.journal_path(), journal.to_string()).unwrap();
    let said = host.run(&["rollback", "--dry-run"], &[]).expect(0);
    assert!(said.stdout.contains("cannot open the store (schema 4)"), "{said:?}");
    let saved = host.data_dir().join("upgrade/unoc.redb");
    let lost = host.data_dir().join("elsewhere");
    fs::rename(&saved, &lost).unwrap();
    let said = host.run(&["rollback", "--yes"], &[]).expect(3);
    assert!(said.stderr.contains("is gone; restore the backup unoc_"), "{said:?}");
    fs::rename(&lost, &saved).unwrap();
    let said = host.run(&["rollback", "--yes"], &[]).expect(0);
    assert!(said.stdout.contains("What was changed since, up to seq"), "{said:?}");
    assert!(!host.is_running(), "a stopped service stays stopped");
    let mut quarantine = fs::read_dir(host.data_dir().join(QUARANTINE_DIR)).unwrap();
    let kept = quarantine.next().unwrap().unwrap().path();
    let facts = ClosedStore::hold(&kept).unwrap().facts().unwrap();
    assert_eq!(facts.schema_version, 4);
    assert!(said.stdout.contains(&format!("seq {}, is in", facts.seq.unwrap())), "{said:?}");
    assert_eq!((host.version(), host.start().devices()), (OLD.to_owned(), before));
}

#[test]
fn a_program_that_was_replaced_since_is_not_touched() {
    let host = UpgradeHost::new();
    host.start();
    host.upgrade(&host.next(), &["--yes"]).expect(0);
    let other = host.data_dir().join("other");
    fs::copy(host.older(), &other).unwrap();
    fs::rename(&other, host.binary()).unwrap();
    let said = host.run(&["rollback", "--yes"], &[]).expect(3);
    assert!(said.stderr.contains("was replaced since the upgrade"), "{said:?}");
}

#[test]
fn a_newer_store_is_refused_with_a_way_back_that_works() {
    let host = UpgradeHost::new();
    let before = host.start().devices();
    run(&host.data_dir(), &["backup", "now"]).expect(0);
    host.systemctl("stop");
    make_newer(&host);
    let newer = fs::read(host.store()).unwrap();
    for arguments in
        [&["serve", "--port", "0"][..], &["backup", "list"], &["restore", "latest", "--yes"]]
    {
        let refused = run(&host.data_dir(), arguments).expect(3).stderr;
        let store = host.store().display().to_string();
        for words in [&*store, "schema 4", "up to 3", "Nothing was changed", "move this file away"]
        {
            assert!(refused.contains(words), "{words}: {refused}");
        }
        assert!(fs::read(host.store()).unwrap() == newer);
    }
    fs::rename(host.store(), host.data_dir().join("newer.redb")).unwrap();
    run(&host.data_dir(), &["restore", "latest", "--yes"]).expect(0);
    assert_eq!(host.start().devices(), before);
}

/// Builds from before the first release call themselves 0.1.0, too, and had schemas from 1 to 3.
#[test]
fn the_store_of_a_version_that_names_no_schema_is_taken_as_what_it_is() {
    let host = UpgradeHost::with(&UpgradeHost::silent());
    let before = host.start().devices();
    let said = host.upgrade(&host.next(), &["--yes"]).expect(0);
    assert!(said.stdout.contains("It opens stores up to schema 3"), "{said:?}");
    host.provision("by the new version");
    let said = host.run(&["rollback", "--yes"], &[]).expect(0);
    assert!(said.stdout.contains("The store stayed"), "{said:?}");
    assert_eq!((host.version(), host.devices()), (OLD.to_owned(), before + 1));
    let said = host.upgrade(&UpgradeHost::silent(), &["--yes"]).expect(3);
    assert!(said.stderr.contains("does not say which stores it opens"), "{said:?}");
}
