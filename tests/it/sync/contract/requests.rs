//! A request that failed or was abandoned has no later effect.

use std::fs;

use serde_json::Value;
use unoc::domain::{Blueprint, ReseedSite};

use crate::domain::model::Pair;
use crate::harness::postgres::Postgres;
use crate::harness::process::Server;
use crate::harness::proxy::{Cut, Mode, Proxy};
use crate::harness::site::text_of;
use crate::sync::mirrored::{serve, serve_with};
use crate::sync::oracle::rig::Rig;
use crate::sync::races::await_waiter;

fn names(server: &Server) -> Vec<String> {
    let devices = server.http.get("/api/devices").expect(200).json();
    let devices = devices.as_array().expect("a list").iter();
    devices.map(|device| text_of(&device["name"]).to_owned()).collect()
}

#[test]
fn a_refused_adoption_has_no_later_effect() {
    let Some(postgres) = Postgres::start() else { return };
    let proxy = Proxy::start(postgres.port());
    let directory = tempfile::tempdir().unwrap();
    let server = serve(directory.path(), &Postgres::url_through(proxy.port()));
    server.http.provision("before", "OLT");
    server.in_step();
    proxy.set(Mode::Refuse);
    proxy.cut_all();
    server.sync_is("waiting");
    let answer = server.http.post("/api/sync/adopt", &Value::Null).expect(503).json();
    assert!(text_of(&answer["detail"]).contains("PostgreSQL is unreachable"), "{answer}");
    server.http.provision("after the refusal", "OLT");
    proxy.set(Mode::Pass);
    server.in_step();
    assert_eq!(names(&server), ["before", "after the refusal"]);
    assert_eq!(postgres.device_names(), ["before", "after the refusal"]);
    assert!(!directory.path().join("quarantine").exists());
}

#[test]
fn a_refused_takeover_has_no_later_effect() {
    let Some(postgres) = Postgres::start() else { return };
    let proxy = Proxy::start(postgres.port());
    let directories = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let first = serve(directories[0].path(), &postgres.url());
    first.http.provision("olt", "OLT");
    let site = text_of(&first.in_step()["site_id"]).to_owned();
    let url = Postgres::url_through(proxy.port());
    let second = serve_with(directories[1].path(), &url, &[("UNOC_SITE_ID", &site)]);
    second.sync_is("stopped");
    proxy.set(Mode::Refuse);
    proxy.cut_all();
    second.http.post("/api/sync/takeover", &Value::Null).expect(503);
    proxy.set(Mode::Pass);
    second.sync_is("stopped");
    first.http.provision("olt-2", "OLT");
    first.in_step();
    assert_eq!(postgres.device_names(), ["olt", "olt-2"]);
    assert_eq!(postgres.value("SELECT epoch FROM sync_state"), "1");
}

/// An older copy of a store takes over, and the connection is cut during the comparison.
#[test]
fn an_interrupted_takeover_leaves_the_site_to_its_holder() {
    let Some(postgres) = Postgres::start() else { return };
    let proxy = Proxy::start(postgres.port());
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
    server.http.provision("newer", "OLT");
    server.in_step();
    server.terminate();
    let state = "SELECT epoch, applied_seq, instance_id FROM sync_state";
    let before = postgres.rows(state);
    let server = serve(directories[1].path(), &Postgres::url_through(proxy.port()));
    let said = server.sync_is("stopped");
    assert!(text_of(&said["message"]).contains("is ahead"), "{said:#}");
    proxy.cut_at("COPY (SELECT", Cut::Before);
    server.http.post("/api/sync/takeover", &Value::Null).expect(503);
    server.sync_is("stopped");
    server.http.provision("local", "OLT");
    server.http.post("/api/sync/now", &Value::Null).expect(409);
    assert_eq!(postgres.rows(state), before, "nothing was claimed");
    assert_eq!(postgres.device_names(), ["old", "new", "newer"]);
    server.http.post("/api/sync/takeover", &Value::Null).expect(200);
    server.in_step();
    assert_eq!(postgres.device_names(), ["old", "local"]);
}

#[test]
fn an_abandoned_request_is_not_carried_out() {
    let Some(postgres) = Postgres::start() else { return };
    let mut rig = Rig::new(&postgres.url());
    let mut pair = Pair::default();
    rig.submit(&pair.carry_out(ReseedSite(Blueprint::Demo)), "at first");
    rig.start_mirror();
    rig.be_in_step("at first");
    let mut client = postgres.client();
    client.batch_execute("BEGIN; SELECT FROM sync_state FOR UPDATE").expect("a lock");
    rig.submit(&pair.carry_out(ReseedSite(Blueprint::Ftth { leaves: 2 })), "a round");
    await_waiter(&mut client);
    rig.abandon_adoption();
    rig.submit(&pair.carry_out(ReseedSite(Blueprint::Ftth { leaves: 3 })), "afterwards");
    client.batch_execute("ROLLBACK").expect("the lock goes");
    rig.be_in_step("afterwards");
    let trail = rig.engine().read().audit(None, usize::MAX).expect("the trail");
    let actions: Vec<_> = trail.map(|row| row.expect("a row").action).collect();
    assert!(!actions.iter().any(|action| action == "adopt site"), "{actions:?}");
    rig.stop(false);
}

#[test]
fn adopting_from_an_empty_database_is_refused() {
    let Some(postgres) = Postgres::start() else { return };
    let proxy = Proxy::start(postgres.port());
    let directory = tempfile::tempdir().unwrap();
    let server = serve(directory.path(), &Postgres::url_through(proxy.port()));
    server.http.provision("olt", "OLT");
    server.in_step();
    postgres.rows("DELETE FROM sync_state");
    let answer = server.http.post("/api/sync/adopt", &Value::Null).expect(409).json();
    assert!(text_of(&answer["detail"]).contains("nothing to adopt"), "{answer}");
    server.in_step();
    assert_eq!(names(&server), ["olt"]);
}
