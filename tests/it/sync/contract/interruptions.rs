//! S5, S6, S11: the connection and the server may fail at any time.

use serde_json::json;

use crate::harness::pgbouncer::Pgbouncer;
use crate::harness::postgres::{PASSWORD, Postgres, Stop, USER};
use crate::harness::proxy::{Cut, Mode, Proxy};
use crate::harness::site::text_of;
use crate::harness::wait;
use crate::sync::mirrored::serve;

#[test]
fn s5_a_commit_whose_answer_is_lost_is_not_repeated() {
    let Some(postgres) = Postgres::start() else { return };
    let proxy = Proxy::start(postgres.port());
    let directory = tempfile::tempdir().unwrap();
    let server = serve(directory.path(), &Postgres::url_through(proxy.port()));
    server.in_step();
    for (index, cut) in [Cut::After, Cut::Before, Cut::After].into_iter().enumerate() {
        let cuts = proxy.cuts();
        proxy.cut_at("COMMIT", cut);
        server.http.provision(&format!("olt-{index}"), "OLT");
        wait::until("the connection is cut", || (proxy.cuts() > cuts).then_some(()));
        let state = server.in_step();
        let applied = postgres.value("SELECT applied_seq FROM sync_state");
        assert_eq!(applied, state["applied_seq"].to_string());
        assert_eq!(state["dirty_count"], 0, "{state:#}");
    }
    assert_eq!(postgres.device_names(), ["olt-0", "olt-1", "olt-2"]);
    // And the start of the service.
    assert_eq!(postgres.value("SELECT count(*) FROM audit"), "4");
}

#[test]
fn s6_an_unreachable_postgresql_blocks_and_loses_nothing() {
    let Some(mut postgres) = Postgres::start() else { return };
    let directory = tempfile::tempdir().unwrap();
    let server = serve(directory.path(), &postgres.url());
    server.in_step();
    let well = server.http.get("/health").expect(200);
    assert_eq!(well.text(), r#"{"status":"healthy","service":"unoc-backend","version":"2.0.0"}"#);
    postgres.stop(Stop::Immediate);
    server.http.provision("written while it was away", "OLT");
    let state = server.sync_is("waiting");
    assert!(text_of(&state["last_error"]["message"]).len() > 5, "{state:#}");
    let state = wait::until("the backlog shows", || {
        let state = server.sync();
        (state["dirty_count"].as_u64() > Some(0) && state["behind_s"].as_f64() > Some(0.0))
            .then_some(state)
    });
    assert_eq!(state["behind_seq"], 1, "{state:#}");
    let health = server.http.get("/health").expect(200).json();
    assert_eq!(health["status"], "degraded");
    server.http.get("/health/ready").expect(200);
    let asked = server.http.post("/api/sync/now", &json!(null)).expect(503).json();
    assert!(text_of(&asked["detail"]).contains("PostgreSQL is unreachable"), "{asked}");
    postgres.start_again();
    server.sync_is("live");
    let state = server.in_step();
    assert_eq!(state["last_error"], json!(null));
    assert_eq!(postgres.device_names(), ["written while it was away"]);
    assert_eq!(server.http.get("/health").expect(200).text(), well.text());
}

#[test]
fn s6_a_connection_without_progress_is_closed() {
    let Some(postgres) = Postgres::start() else { return };
    let proxy = Proxy::start(postgres.port());
    let directory = tempfile::tempdir().unwrap();
    let server = serve(directory.path(), &Postgres::url_through(proxy.port()));
    server.in_step();
    let accepted = proxy.accepted();
    proxy.set(Mode::Freeze);
    server.http.provision("olt", "OLT");
    let state = server.sync_is("waiting");
    assert!(text_of(&state["last_error"]["message"]).contains("no progress"), "{state:#}");
    proxy.set(Mode::Pass);
    server.in_step();
    assert!(proxy.accepted() > accepted, "it connected anew");
    assert_eq!(postgres.device_names(), ["olt"]);
}

#[test]
fn s6_the_service_stops_in_time_while_postgres_hangs() {
    let Some(postgres) = Postgres::start() else { return };
    let proxy = Proxy::start(postgres.port());
    let directory = tempfile::tempdir().unwrap();
    let server = serve(directory.path(), &Postgres::url_through(proxy.port()));
    server.in_step();
    proxy.set(Mode::Freeze);
    server.http.provision("olt", "OLT");
    let (status, log) = server.terminate();
    assert!(status.success(), "{status:?} {log:#?}");
    assert!(log.last().is_some_and(|line| line.contains("Stopped")), "{log:#?}");
}

#[test]
fn s11_works_through_a_pooler_in_transaction_mode() {
    let Some(postgres) = Postgres::start() else { return };
    let Some(mut pooler) = Pgbouncer::start(&postgres) else { return };
    let directory = tempfile::tempdir().unwrap();
    let server = serve(directory.path(), &pooler.url());
    server.http.provision_pops("first-", 500);
    server.in_step();
    let olt = server.http.provision("olt", "OLT");
    server.http.provision_pops("more-", 500);
    server.in_step();
    server.http.post("/api/sync/reconcile", &json!(null)).expect(200);
    pooler.kill9();
    server.http.delete(&format!("/api/devices/{olt}")).expect(204);
    server.sync_is("waiting");
    let Some(pooler) = Pgbouncer::start(&postgres) else { return };
    // Another port, since the address contains that of the first pooler.
    server.terminate();
    let server = serve(directory.path(), &pooler.url());
    server.in_step();
    assert_eq!(postgres.value("SELECT count(*) FROM devices"), "1000");
}

#[test]
fn s11_uses_the_writable_host() {
    let read_only = "default_transaction_read_only=on";
    let Some(mut replica) = Postgres::start_with(&[read_only]) else { return };
    let Some(postgres) = Postgres::start() else { return };
    let url = format!(
        "postgresql://{USER}:{PASSWORD}@127.0.0.1:{},127.0.0.1:{}/unoc\
         ?target_session_attrs=read-write",
        replica.port(),
        postgres.port()
    );
    let directory = tempfile::tempdir().unwrap();
    let server = serve(directory.path(), &url);
    server.http.provision("olt", "OLT");
    server.in_step();
    assert_eq!(postgres.device_names(), ["olt"]);
    replica.kill9();
    server.http.provision("olt-2", "OLT");
    server.in_step();
    assert_eq!(postgres.device_names(), ["olt", "olt-2"]);
}
