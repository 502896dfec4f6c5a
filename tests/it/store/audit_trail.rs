//! What someone does to the audit trail who can write the store's file, and how it is noticed.

use std::fs;
use std::path::Path;

use redb::{Database, ReadableDatabase, ReadableTable, Table, TableDefinition};
use serde_json::{Value, json};
use unoc::store::STORE_FILE;

use crate::harness::process::{Said, Server, run};
use crate::harness::wait;

const AUDIT: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("audit");
const EMPTY: [(&str, &str); 1] = [("UNOC_DEV_FEATURES", "0")];

/// A data directory with a trail of six rows and a backup that knows some of them; the service is stopped.
fn written() -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("redb");
    let server = Server::start(directory.path(), &EMPTY);
    for number in 0..4 {
        server.http.provision(&format!("P{number}"), "POP");
    }
    server.http.back_up();
    assert!(server.terminate().0.success());
    directory
}

fn rows(directory: &Path) -> Vec<(u64, Vec<u8>)> {
    let db = Database::open(directory.join(STORE_FILE)).expect("redb");
    let table = db.begin_read().expect("redb").open_table(AUDIT).expect("redb");
    let rows = table.iter().expect("redb").map(|row| row.expect("redb"));
    rows.map(|(id, bytes)| (id.value(), bytes.value().to_vec())).collect()
}

/// Changes the rows behind the program's back.
fn tamper(directory: &Path, change: impl FnOnce(&mut Table<'_, u64, &'static [u8]>)) {
    let db = Database::open(directory.join(STORE_FILE)).expect("redb");
    let tx = db.begin_write().expect("redb");
    change(&mut tx.open_table(AUDIT).expect("redb"));
    tx.commit().expect("redb");
}

#[track_caller]
fn verify(directory: &Path, code: i32) -> Said {
    run(directory, &["audit", "verify"]).expect(code)
}

#[test]
fn an_untouched_trail_is_verified_offline() {
    let directory = written();
    let said = verify(directory.path(), 0);
    assert!(said.stdout.contains("The audit trail is as it was written."), "{said:?}");
    assert!(said.stdout.contains("1 known elsewhere"), "{said:?}");
    let json = run(directory.path(), &["audit", "verify", "--json"]).expect(0).stdout;
    let found: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&found["is_intact"], &found["known"][0]["state"]), (&json!(true), &json!("same")));
}

#[test]
fn a_changed_a_removed_and_a_cut_off_row_are_named() {
    let directory = written();
    let all = rows(directory.path());
    let mut changed = all[2].1.clone();
    *changed.last_mut().expect("bytes") ^= 1;
    tamper(directory.path(), |audit| drop(audit.insert(2, changed.as_slice()).unwrap()));
    let said = verify(directory.path(), 1);
    assert!(said.stdout.contains("PROBLEM: ") && said.stdout.contains("ow 2 "), "{said:?}");
    assert!(said.stderr.contains("the audit trail is not as it was written"), "{said:?}");

    tamper(directory.path(), |audit| drop(audit.remove(2).unwrap()));
    let said = verify(directory.path(), 1);
    assert!(said.stdout.contains("PROBLEM: Rows 2 to 2 were removed."), "{said:?}");

    tamper(directory.path(), |audit| {
        audit.insert(2, all[2].1.as_slice()).unwrap();
    });
    verify(directory.path(), 0);
    let last = all.last().expect("rows").0;
    tamper(directory.path(), |audit| drop(audit.remove(last).unwrap()));
    let said = verify(directory.path(), 1);
    let expected = format!("the last one is {}, and {last} was written", last - 1);
    assert!(said.stdout.contains(&expected), "{said:?}");
}

/// Waits for the end of a run of the job `audit`, and returns it.
fn audit_job(server: &Server) -> Value {
    let run = server.http.post("/api/jobs/audit/run", &Value::Null).expect(202).json();
    wait::until("the job ends", || {
        let job = server.http.get("/api/jobs/audit").expect(200).json();
        let runs = job["runs"].as_array().expect("a list").clone();
        runs.into_iter().find(|ended| ended["id"] == run["id"])
    })
}

/// The whole file is replaced by an older one: nothing in it is wrong, and a backup knows better.
#[test]
fn an_older_store_that_is_put_back_is_noticed_and_opens_an_incident() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join(STORE_FILE);
    let server = Server::start(directory.path(), &EMPTY);
    server.http.provision("A", "POP");
    assert!(server.terminate().0.success());
    let old = fs::read(&file).unwrap();
    let server = Server::start(directory.path(), &EMPTY);
    server.http.provision("B", "POP");
    server.http.back_up();
    assert_eq!(audit_job(&server)["result"], "ok");
    assert!(server.terminate().0.success());

    fs::write(&file, old).unwrap();
    let said = verify(directory.path(), 1);
    assert!(said.stdout.contains("PROBLEM: The trail ends before row "), "{said:?}");
    assert!(said.stdout.contains(", which backup unoc_"), "{said:?}");
    let server = Server::start(directory.path(), &EMPTY);
    let failed = audit_job(&server);
    assert_eq!(failed["result"], "failed", "{failed:#}");
    // New rows may have got the numbers of those that are missing.
    assert!(failed["message"].as_str().expect("a text").contains(" backup unoc_"), "{failed:#}");
    wait::until("the incident", || {
        let list = server.http.get("/api/incidents").expect(200).text().to_owned();
        list.contains("\"job:audit\"").then_some(())
    });

    // Somebody looked into it, and the next run is in order; the trail keeps what was wrong.
    let accepted = run(directory.path(), &["audit", "accept", "--reason", "a drill"]).expect(0);
    assert!(accepted.stdout.contains("Accepted in row "), "{accepted:?}");
    assert_eq!(audit_job(&server)["result"], "ok");
    wait::until("the incident ends", || {
        let list = server.http.get("/api/incidents?state=not_closed").expect(200).text().to_owned();
        (!list.contains("\"job:audit\"")).then_some(())
    });
    let row = &server.http.get("/api/audit?action=accept").expect(200).json()[0];
    assert_eq!(row["details"]["reason"], "a drill");
    assert!(row["details"]["problems"][0].as_str().expect("a text").contains(" backup unoc_"));
}

/// Another trail, each hash of which is right.
#[test]
fn a_trail_that_was_written_again_is_noticed() {
    let directory = written();
    let other = tempfile::tempdir().unwrap();
    let site = fs::read(directory.path().join("site.json")).unwrap();
    let site: Value = serde_json::from_slice(&site).unwrap();
    let site_id = site["site_id"].as_str().expect("an id").to_owned();
    let server = Server::start(other.path(), &[EMPTY[0], ("UNOC_SITE_ID", &site_id)]);
    for number in 0..10 {
        server.http.provision(&format!("forged {number}"), "POP");
    }
    assert!(server.terminate().0.success());
    fs::copy(other.path().join(STORE_FILE), directory.path().join(STORE_FILE)).unwrap();
    let said = verify(directory.path(), 1);
    assert!(said.stdout.contains("is not the one that backup unoc_"), "{said:?}");
    assert!(said.stdout.contains("the trail was replaced"), "{said:?}");
}

/// Every row of an answered request is there after a kill, and the chain is whole.
#[test]
fn a_kill_while_events_are_recorded_loses_no_answered_one() {
    let directory = tempfile::tempdir().unwrap();
    let mut answered = 0;
    for round in 0..3 {
        let server = Server::start(directory.path(), &EMPTY);
        for number in 0..20 {
            let value = json!({"event_interval_ms": 100 + number});
            server.http.patch("/api/settings", &value).expect(200);
            answered += 1;
        }
        server.end_by("KILL");
        verify(directory.path(), 0);
        let listed = run(
            directory.path(),
            &["audit", "list", "--json", "--limit", "1000", "--action", "change settings"],
        );
        let rows: Value = serde_json::from_str(&listed.expect(0).stdout).unwrap();
        assert_eq!(rows.as_array().expect("a list").len(), answered, "round {round}");
    }
}
