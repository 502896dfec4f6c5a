//! The audit trail in PostgreSQL: the same rows and head, and what each side notices of the other.

use std::fs;

use serde_json::{Value, json};
use unoc::store::STORE_FILE;

use super::mirrored::serve;
use crate::harness::postgres::Postgres;
use crate::harness::process::{Server, run};
use crate::harness::wait;

/// The query of docs/RELIABILITY.md: rows whose hash is not that of their content and of the row before.
const BROKEN: &str = "\
    WITH chain AS (SELECT a.*, lag(hash) OVER (PARTITION BY site_id ORDER BY id) AS previous \
                   FROM audit a WHERE hash IS NOT NULL) \
    SELECT count(*) FROM chain WHERE previous IS NOT NULL AND hash <> encode(sha256(convert_to( \
        previous || E'\\n' || id || E'\\n' || seq || E'\\n' \
        || (extract(epoch FROM at) * 1000000)::bigint || E'\\n' || outcome || E'\\n' \
        || change_count || E'\\n' || changes_sha256 || E'\\n' \
        || octet_length(actor) || ':' || actor || E'\\n' \
        || octet_length(address) || ':' || address || E'\\n' \
        || octet_length(request_id) || ':' || request_id || E'\\n' \
        || octet_length(action) || ':' || action || E'\\n' \
        || octet_length(details) || ':' || details || E'\\n', 'UTF8')), 'hex')";

/// Waits for the end of a run of the job `audit`, and returns it.
fn audit_job(server: &Server) -> Value {
    let run = server.http.post("/api/jobs/audit/run", &Value::Null).expect(202).json();
    wait::until("the job ends", || {
        let job = server.http.get("/api/jobs/audit").expect(200).json();
        let runs = job["runs"].as_array().expect("a list").clone();
        runs.into_iter().find(|ended| ended["id"] == run["id"])
    })
}

#[test]
fn the_mirror_has_the_same_rows_hashes_and_head() {
    let Some(postgres) = Postgres::start() else { return };
    let directory = tempfile::tempdir().unwrap();
    let server = serve(directory.path(), &postgres.url());
    server.in_step();
    let id = server.http.provision("Straße 7", "ONT");
    let customer = json!({"customer_name": "Jürgen Groß"});
    server.http.patch(&format!("/api/devices/{id}"), &customer).expect(200);
    // An event without a commit is sent, too.
    server.http.patch("/api/settings", &json!({"v2_events": false})).expect(200);
    server.sync_now();
    let rows = server.http.get("/api/audit?limit=500").expect(200).json();
    let newest = &rows[0];
    assert_eq!(newest["action"], "change settings");
    let local: Vec<String> = rows
        .as_array()
        .expect("a list")
        .iter()
        .map(|row| format!("{} {}", row["id"], row["hash"].as_str().expect("a hash")))
        .collect();
    let remote =
        postgres.value("SELECT string_agg(id || ' ' || hash, E'\\n' ORDER BY id DESC) FROM audit");
    assert_eq!(remote.lines().collect::<Vec<_>>(), local);
    let head = postgres.value("SELECT audit_head_id || ' ' || audit_head_hash FROM sync_state");
    assert_eq!(head, local[0]);
    assert_eq!(
        postgres.value("SELECT details FROM audit ORDER BY id DESC LIMIT 1"),
        newest["details"].to_string()
    );
    assert_eq!(postgres.value(BROKEN), "0");
    postgres.value("UPDATE audit SET actor = 'nobody' WHERE id = 1 RETURNING 1");
    assert_eq!(postgres.value(BROKEN), "1", "anyone with psql can tell");
    assert!(server.terminate().0.success());
}

#[test]
fn rows_that_were_changed_in_postgresql_are_named() {
    let Some(postgres) = Postgres::start() else { return };
    let directory = tempfile::tempdir().unwrap();
    let server = serve(directory.path(), &postgres.url());
    for name in ["A", "B", "C"] {
        server.http.provision(name, "POP");
    }
    server.in_step();
    assert_eq!(audit_job(&server)["result"], "ok");
    postgres.value("UPDATE audit SET hash = repeat('0', 64) WHERE id = 1 RETURNING 1");
    let failed = audit_job(&server);
    assert_eq!(failed["result"], "failed");
    assert_eq!(failed["message"], "Row 1 has another hash in PostgreSQL");
    let check = server.http.get("/api/audit/verify").expect(200).json();
    assert_eq!(check["is_intact"], false, "{check:#}");
    server.http.post("/api/audit/accept", &json!({"reason": "a drill"})).expect(200);
    assert_eq!(audit_job(&server)["result"], "ok");
    assert!(server.terminate().0.success());
}

/// The machine is reset to an older state: what the trail lacks is in PostgreSQL, and a row says so.
#[test]
fn an_older_store_that_is_put_back_is_recorded_when_the_mirror_is_claimed() {
    let Some(postgres) = Postgres::start() else { return };
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join(STORE_FILE);
    let server = serve(directory.path(), &postgres.url());
    server.http.provision("A", "POP");
    server.in_step();
    assert!(server.terminate().0.success());
    let old = fs::read(&file).unwrap();
    let server = serve(directory.path(), &postgres.url());
    server.http.provision("B", "POP");
    server.in_step();
    let lost = server.http.get("/api/audit?limit=1").expect(200).json()[0].clone();
    assert!(server.terminate().0.success());

    fs::write(&file, old).unwrap();
    let server = serve(directory.path(), &postgres.url());
    // Which of the two counts is for a person to say.
    server.sync_is("stopped");
    server.http.post("/api/sync/takeover", &Value::Null).expect(200);
    server.in_step();
    let rows = server.http.get("/api/audit?q=audit_head_of_mirror").expect(200).json();
    let row = &rows[0];
    assert_eq!(row["action"], "continue numbers", "{rows:#}");
    let known = json!({"id": lost["id"], "hash": lost["hash"]});
    assert_eq!(row["details"]["audit_head_of_mirror"], known);
    assert!(server.terminate().0.success());
}

/// Only events were lost, so that the network is the same on both sides.
#[test]
fn events_that_the_local_trail_lost_are_noticed_although_the_site_is_the_same() {
    let Some(postgres) = Postgres::start() else { return };
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join(STORE_FILE);
    let server = serve(directory.path(), &postgres.url());
    server.http.provision("A", "POP");
    server.in_step();
    assert!(server.terminate().0.success());
    let old = fs::read(&file).unwrap();
    let server = serve(directory.path(), &postgres.url());
    server.http.patch("/api/settings", &json!({"v2_events": false})).expect(200);
    server.sync_now();
    assert!(server.terminate().0.success());

    fs::write(&file, old).unwrap();
    let server = serve(directory.path(), &postgres.url());
    wait::until("it is recorded", || {
        let rows = server.http.get("/api/audit?q=audit_head_of_mirror").expect(200).json();
        (!rows.as_array().expect("a list").is_empty()).then_some(())
    });
    assert!(server.terminate().0.success());
}

#[test]
fn what_is_asked_of_the_mirror_is_recorded() {
    let Some(postgres) = Postgres::start() else { return };
    let directory = tempfile::tempdir().unwrap();
    let server = serve(directory.path(), &postgres.url());
    server.http.provision("A", "POP");
    server.in_step();
    for (path, action) in
        [("reconcile", "reconcile with the mirror"), ("takeover", "take over the mirror")]
    {
        server.http.post(&format!("/api/sync/{path}"), &Value::Null).expect(200);
        let rows =
            server.http.get(&format!("/api/audit?q={}", action.replace(' ', "%20"))).expect(200);
        assert_eq!(rows.json()[0]["action"], action);
    }
    assert!(server.terminate().0.success());
    run(directory.path(), &["audit", "verify"]).expect(0);
}
