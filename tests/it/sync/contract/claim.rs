//! S4, S10, S13: when sync is stopped, and the reason.

use std::fs;

use serde_json::Value;

use crate::harness::postgres::Postgres;
use crate::harness::process::Server;
use crate::harness::site::text_of;
use crate::sync::mirrored::{serve, serve_with};

fn says(server: &Server, message: &str, remedy: &str) {
    let state = server.sync_is("stopped");
    assert!(text_of(&state["message"]).contains(message), "{state:#}");
    assert!(text_of(&state["remedy"]).contains(remedy), "{state:#}");
    let health = server.http.get("/health").expect(200).json();
    assert_eq!(health["status"], "degraded");
    assert!(text_of(&health["reason"]).contains(message), "{health}");
}

#[test]
fn s4_a_second_appliance_refuses_until_the_first_is_gone() {
    let Some(postgres) = Postgres::start() else { return };
    let directories = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let first = serve(directories[0].path(), &postgres.url());
    first.http.provision("olt", "OLT");
    let state = first.in_step();
    let site = text_of(&state["site_id"]).to_owned();
    let second = serve_with(directories[1].path(), &postgres.url(), &[("UNOC_SITE_ID", &site)]);
    says(&second, "another appliance writes this site", "unoc sync takeover");
    assert_eq!(second.http.get("/api/devices").expect(200).json(), Value::Array(Vec::new()));
    first.http.provision("olt-2", "OLT");
    first.in_step();

    // A clean stop releases the site at once. The second store is empty and adopts it.
    first.terminate();
    second.in_step();
    assert_eq!(second.http.get("/api/devices").expect(200).json().as_array().unwrap().len(), 2);
    assert_eq!(postgres.value("SELECT epoch FROM sync_state"), "2");

    // The first one returns and finds another holder.
    let first = serve(directories[0].path(), &postgres.url());
    says(&first, "another appliance writes this site", "unoc sync takeover");
    first.http.provision("unseen", "OLT");

    // An operator takes over; the other one's next round has an old epoch.
    first.http.post("/api/sync/takeover", &Value::Null).expect(200);
    first.in_step();
    assert_eq!(postgres.device_names(), ["olt", "olt-2", "unseen"]);
    second.http.provision("too late", "OLT");
    says(&second, "another appliance", "unoc sync takeover");
    assert_eq!(postgres.device_names().len(), 3);
}

#[test]
fn s4_an_older_copy_of_a_store_does_not_overwrite_a_newer_state() {
    let Some(postgres) = Postgres::start() else { return };
    let directories = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let server = serve(directories[0].path(), &postgres.url());
    server.http.provision("old", "OLT");
    server.in_step();
    server.terminate();
    for file in ["unoc.redb", "site.json"] {
        fs::copy(directories[0].path().join(file), directories[1].path().join(file)).unwrap();
    }
    let server = serve(directories[0].path(), &postgres.url());
    server.http.provision("new", "OLT");
    server.in_step();
    server.terminate();
    let server = serve(directories[1].path(), &postgres.url());
    says(&server, "PostgreSQL is ahead", "unoc sync adopt");
    assert_eq!(postgres.device_names(), ["old", "new"]);
    server.http.post("/api/sync/adopt", &Value::Null).expect(200);
    server.in_step();
    assert_eq!(server.http.get("/api/devices").expect(200).json().as_array().unwrap().len(), 2);
}

#[test]
fn s10_a_newer_schema_stops_only_sync() {
    let Some(postgres) = Postgres::start() else { return };
    let directory = tempfile::tempdir().unwrap();
    let server = serve(directory.path(), &postgres.url());
    server.http.provision("olt", "OLT");
    server.in_step();
    server.terminate();
    postgres.rows("INSERT INTO unoc_schema_history SELECT 99, name, applied_on, checksum FROM unoc_schema_history WHERE version = 1");
    let server = serve(directory.path(), &postgres.url());
    says(&server, "created by a newer UNOC (schema 99", "install that version");
    server.http.provision("olt-2", "OLT");
    assert_eq!(postgres.device_names(), ["olt"]);
    postgres.rows("DELETE FROM unoc_schema_history WHERE version = 99");
    server.in_step();
    assert_eq!(postgres.device_names(), ["olt", "olt-2"]);
}

#[test]
fn s13_tables_of_v2_are_not_touched() {
    let Some(postgres) = Postgres::start() else { return };
    postgres.rows("CREATE TABLE devices (id serial PRIMARY KEY, name varchar); INSERT INTO devices (name) VALUES ('v2')");
    let directory = tempfile::tempdir().unwrap();
    let server = serve(directory.path(), &postgres.url());
    says(&server, "the tables of UNOC v2", "unoc import --from-postgres");
    server.http.provision("olt", "OLT");
    let answer = server.http.post("/api/sync/now", &Value::Null).expect(409).json();
    assert!(text_of(&answer["detail"]).contains("unoc import"), "{answer}");
    assert_eq!(postgres.value("SELECT string_agg(name, ',') FROM devices"), "v2");
    assert_eq!(postgres.value("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"), "1");
}

#[test]
fn a_database_without_utf8_is_refused() {
    let Some(postgres) = Postgres::start() else { return };
    postgres.rows("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'");
    let directory = tempfile::tempdir().unwrap();
    let server = serve(directory.path(), &postgres.url_of("latin"));
    says(&server, "the database's encoding is LATIN1", "createdb --encoding=UTF8");
}
