//! S7, S8: whose state wins when one side was replaced or reset.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::harness::postgres::Postgres;
use crate::harness::process::{self, Server};
use crate::harness::proxy::{Mode, Proxy};
use crate::harness::site::text_of;
use crate::harness::wait;
use crate::sync::mirrored::{serve, serve_with};

/// Device names by id, from the API.
fn names(server: &Server) -> Vec<String> {
    let devices = server.http.get("/api/devices").expect(200).json();
    let devices = devices.as_array().expect("a list").clone();
    devices.iter().map(|device| text_of(&device["name"]).to_owned()).collect()
}

fn content(server: &Server) -> [Value; 3] {
    ["devices", "interfaces", "links"]
        .map(|kind| server.http.get(&format!("/api/{kind}")).expect(200).json())
}

/// The data directories below `quarantine/`.
fn set_aside(data_dir: &Path) -> Vec<std::path::PathBuf> {
    let Ok(entries) = fs::read_dir(data_dir.join("quarantine")) else { return Vec::new() };
    entries.map(|entry| entry.expect("readable").path()).collect()
}

#[test]
fn s7_an_empty_store_with_the_site_id_adopts_the_site() {
    let Some(postgres) = Postgres::start() else { return };
    let directories = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let lost = Server::start(directories[0].path(), &[("DATABASE_URL", &postgres.url())]);
    lost.http.provision("after the demo", "CORE_ROUTER");
    let held = serde_json::json!({"status_override": "DOWN", "override_reason": "card swap"});
    lost.http.patch("/api/devices/9/override", &held).expect(200);
    let state = lost.in_step();
    let before = content(&lost);
    let (seq, site) = (lost.http.seq(), text_of(&state["site_id"]).to_owned());
    lost.terminate();

    // The demo network of a new installation must not be created first.
    let environment = [("DATABASE_URL", postgres.url()), ("UNOC_SITE_ID", site.clone())];
    let environment = environment.each_ref().map(|(name, value)| (*name, value.as_str()));
    let replaced = Server::start(directories[1].path(), &environment);
    assert_eq!(content(&replaced), before, "before anyone could ask");
    let state = replaced.in_step();
    assert_eq!(text_of(&state["site_id"]), site);
    assert!(replaced.http.seq() > seq, "seq goes on");
    let next = replaced.http.provision("next", "CORE_ROUTER");
    let highest = before[0].as_array().unwrap().last().unwrap()["id"].as_u64().unwrap();
    assert!(next > highest, "used ids stay used");
    replaced.in_step();
    assert!(set_aside(directories[1].path()).is_empty());
    let history = postgres.value("SELECT count(*) FROM audit");
    assert_eq!(
        history,
        "7",
        "what the lost host did is still told: {:?}",
        postgres.rows("SELECT id, action FROM audit")
    );
}

#[test]
fn s8_a_loaded_backup_wins_and_the_local_store_is_kept() {
    let Some(postgres) = Postgres::start() else { return };
    let directory = tempfile::tempdir().unwrap();
    let server = serve(directory.path(), &postgres.url());
    server.http.provision("kept", "OLT");
    let lost = server.http.provision("not in the backup", "OLT");
    server.in_step();
    server.terminate();
    // The statement in a backup that marks the site as restored.
    let restored = format!(
        "DELETE FROM interfaces WHERE device_id = {lost}; DELETE FROM devices WHERE id = {lost}; \
         UPDATE sync_state SET applied_seq = 1, restored_at = now(), restored_from = 'unoc_1.sql'"
    );
    postgres.rows(&restored);
    let server = serve(directory.path(), &postgres.url());
    assert_eq!(names(&server), ["kept"]);
    server.in_step();
    assert_eq!(
        postgres.value("SELECT coalesce(restored_from, 'adopted') FROM sync_state"),
        "adopted"
    );
    let quarantine = set_aside(directory.path());
    let [kept] = quarantine.as_slice() else { panic!("{quarantine:?}") };
    let export = process::run(kept, &["export"]).expect(0).stdout;
    assert!(export.contains("not in the backup"), "{export}");

    // The same while the appliance is running.
    server.http.provision("also lost", "OLT");
    server.in_step();
    postgres.rows(
        "DELETE FROM interfaces WHERE device_id IN (SELECT id FROM devices WHERE name = 'also lost'); \
         DELETE FROM devices WHERE name = 'also lost'; \
         UPDATE sync_state SET restored_at = now(), restored_from = 'unoc_2.sql'",
    );
    wait::until("the backup is adopted", || {
        server.http.post("/api/sync/now", &Value::Null);
        (names(&server) == ["kept"]).then_some(())
    });
    server.in_step();
    assert_eq!(set_aside(directory.path()).len(), 2);
}

#[test]
fn s8_a_database_reset_while_the_service_was_stopped_wins() {
    let Some(postgres) = Postgres::start() else { return };
    let directory = tempfile::tempdir().unwrap();
    let url = postgres.create_database("site");
    let server = serve(directory.path(), &url);
    server.http.provision("old", "OLT");
    server.in_step();
    server.terminate();
    postgres.rows("CREATE DATABASE saved TEMPLATE site");
    let server = serve(directory.path(), &url);
    server.http.provision("new", "OLT");
    server.in_step();
    server.terminate();
    postgres.rows("DROP DATABASE site");
    postgres.rows("CREATE DATABASE site TEMPLATE saved");
    let server = serve(directory.path(), &url);
    assert_eq!(names(&server), ["old"]);
    server.in_step();
    assert_eq!(set_aside(directory.path()).len(), 1);
}

#[test]
fn s8_changes_lost_in_a_failover_are_sent_again() {
    let Some(postgres) = Postgres::start() else { return };
    let proxy = Proxy::start(postgres.port());
    postgres.create_database("site");
    let url =
        Postgres::url_through(proxy.port()).replace("/unoc", "/site").replace("//site", "//unoc");
    let directory = tempfile::tempdir().unwrap();
    let server = serve(directory.path(), &url);
    server.http.provision("old", "OLT");
    server.in_step();
    let away = || {
        proxy.set(Mode::Refuse);
        proxy.cut_all();
        wait::until("nobody is connected", || {
            let connected = "SELECT count(*) FROM pg_stat_activity WHERE datname = 'site'";
            (postgres.value(connected) == "0").then_some(())
        });
    };
    away();
    postgres.rows("CREATE DATABASE saved TEMPLATE site");
    proxy.set(Mode::Pass);
    server.http.provision("new", "OLT");
    server.in_step();
    away();
    postgres.rows("DROP DATABASE site");
    postgres.rows("CREATE DATABASE site TEMPLATE saved");
    proxy.set(Mode::Pass);
    let state = server.in_step();
    assert_eq!(names(&server), ["old", "new"]);
    assert!(state["last_reconcile"]["missing"].as_u64() > Some(0), "{state:#}");
    assert!(set_aside(directory.path()).is_empty());
    let found = server.http.post("/api/sync/check", &Value::Null).expect(200).json();
    assert_eq!(found["missing"], 0, "{found}");
}

#[test]
fn s8_an_empty_database_gets_the_whole_site_again() {
    let Some(postgres) = Postgres::start() else { return };
    let directory = tempfile::tempdir().unwrap();
    let url = postgres.create_database("site");
    let server = serve(directory.path(), &url);
    server.http.provision("old", "OLT");
    server.in_step();
    server.terminate();
    postgres.rows("DROP DATABASE site");
    postgres.rows("CREATE DATABASE site");
    let server = serve_with(directory.path(), &url, &[]);
    server.in_step();
    assert_eq!(names(&server), ["old"]);
    let found = server.http.post("/api/sync/check", &Value::Null).expect(200).json();
    assert_eq!(found["compared"], 11, "{found}");
}
