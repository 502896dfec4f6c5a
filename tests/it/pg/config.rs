//! Connecting to a server that is unreachable, silent, behind a pooler, or one of several.

use std::os::unix::net::UnixListener;
use std::time::Duration;

use tempfile::TempDir;
use unoc::pg::PgConfig;

use crate::harness::pgbouncer::Pgbouncer;
use crate::harness::postgres::{self, Postgres, Stop};
use crate::harness::process::Server;
use crate::harness::proxy::{Cut, Mode, Proxy};
use crate::harness::wait;

fn config(url: &str) -> PgConfig {
    PgConfig::parse(url).expect("a usable address")
}

#[test]
fn every_kind_of_address_connects() {
    let Some(postgres) = Postgres::start() else { return };
    let major = postgres.major().to_string();
    let port = postgres.port();
    let holds = |url: &str| {
        let checked = config(url).check().unwrap_or_else(|error| panic!("{url}: {error}"));
        assert!(checked.version.starts_with(&major), "{url}: {}", checked.version);
    };
    holds(&postgres.url());
    holds(&postgres.url().replace("postgresql://", "postgresql+asyncpg://"));
    holds(&postgres.socket_url());
    holds(&postgres.url().replace("127.0.0.1", "localhost"));
    holds(&format!("postgresql://unoc:unoc-pw@127.0.0.1:1,127.0.0.1:{port}/unoc"));
    holds(&format!("{}?echo=true&prepared_statement_cache_size=0", postgres.url()));
    holds(&postgres.create_database("another"));
}

#[test]
fn only_a_writable_host_is_used() {
    let read_only = "default_transaction_read_only=on";
    let Some(replica) = Postgres::start_with(&[read_only]) else { return };
    let Some(primary) = Postgres::start() else { return };
    let url = format!(
        "postgresql://unoc:unoc-pw@127.0.0.1:{},127.0.0.1:{}/unoc",
        replica.port(),
        primary.port()
    );
    config(&url).check().expect("the second host");
    let only = config(&format!("{}?target_session_attrs=read-write", replica.url())).check();
    let text = only.expect_err("it cannot be written to").to_string();
    assert!(text.contains("does not allow writes"), "{text}");
}

#[test]
fn a_server_that_is_back_is_detected_without_a_login() {
    let Some(mut postgres) = Postgres::start() else { return };
    let config = config(&postgres.url());
    let timeout = Duration::from_secs(5);
    assert!(config.is_reachable(timeout));
    postgres.stop(Stop::Fast);
    assert!(!config.is_reachable(timeout));
    let text = config.check().expect_err("it is stopped").to_string();
    assert!(text.contains("refused"), "{text}");
    postgres.start_again();
    assert!(config.is_reachable(timeout));
    postgres.stop(Stop::Immediate);
    postgres.start_again();
    postgres.kill9();
    wait::until("the port closes", || (!config.is_reachable(timeout)).then_some(()));
    postgres.start_again();
    config.check().expect("it recovered");
}

#[test]
fn connecting_to_a_server_that_never_answers_fails() {
    let Some(postgres) = Postgres::start() else { return };
    let proxy = Proxy::start(postgres.port());
    let url = format!("{}?connect_timeout=1", Postgres::url_through(proxy.port()));
    config(&url).check().expect("it passes");
    for mode in ["disable", "prefer", "require"] {
        proxy.set(Mode::Freeze);
        let error = config(&format!("{url}&sslmode={mode}")).check().expect_err("it is frozen");
        assert!(error.to_string().contains("no progress for 1s"), "{mode}: {error}");
        proxy.set(Mode::Pass);
    }
    // The next host of the address is tried.
    proxy.set(Mode::Freeze);
    let hosts = format!("127.0.0.1:{},127.0.0.1:{}", proxy.port(), postgres.port());
    let url = format!("postgresql://unoc:unoc-pw@{hosts}/unoc?connect_timeout=1");
    config(&url).check().expect("the second host");
}

#[test]
fn the_service_stops_in_time_while_it_waits_for_a_silent_server() {
    let directory = TempDir::new().expect("a directory");
    let data_dir = directory.path().join("site");
    // With a site in its store, the service does not wait long for PostgreSQL at the start.
    Server::start(&data_dir, &[]).terminate();
    let _silent = UnixListener::bind(directory.path().join(".s.PGSQL.5432")).expect("a socket");
    let url = format!("postgresql://u@/d?host={}", directory.path().display());
    let server = Server::start(&data_dir, &[("DATABASE_URL", &url)]);
    let start = wait::now();
    let (status, log) = server.terminate();
    assert!(status.success(), "{status}: {log:?}");
    // systemd kills the service if it takes longer (systemd/unoc.service); the target is 5 s.
    let took = wait::now() - start;
    assert!(took < Duration::from_secs(5), "{took:?}: {log:?}");
}

#[test]
fn a_pooler_in_transaction_mode_serves_any_number_of_sessions() {
    let Some(postgres) = Postgres::start() else { return };
    let Some(mut pooler) = Pgbouncer::start(&postgres) else { return };
    let config = config(&pooler.url());
    let writable = format!("{}?target_session_attrs=read-write", pooler.url());
    for _ in 0..5 {
        config.check().expect("a session through the pooler");
        self::config(&writable).check().expect("a session through the pooler");
    }
    pooler.kill9();
    assert!(config.check().is_err());
}

#[test]
fn the_test_proxy_works() {
    let Some(postgres) = Postgres::start() else { return };
    postgres.rows("CREATE TABLE t (id int)");
    let proxy = Proxy::start(postgres.port());
    let url = Postgres::url_through(proxy.port());
    let count = || postgres.rows("SELECT count(*) FROM t").remove(0).remove(0);
    for (cut, expected) in [(Cut::Before, "0"), (Cut::After, "1")] {
        let mut client = postgres::connect(&url).expect("it passes");
        proxy.cut_at("COMMIT", cut);
        let inserted = client.batch_execute("BEGIN; INSERT INTO t VALUES (1)");
        inserted.expect("nothing is cut yet");
        assert!(client.batch_execute("COMMIT").is_err(), "{cut:?}");
        wait::until("the session ends", || {
            let sessions = postgres.rows(
                "SELECT 1 FROM pg_stat_activity \
                 WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()",
            );
            sessions.is_empty().then_some(())
        });
        assert_eq!(count(), expected, "{cut:?}");
    }
    assert_eq!(proxy.cuts(), 2);
    let mut client = postgres::connect(&url).expect("it passes");
    proxy.set(Mode::Refuse);
    assert!(postgres::connect(&url).is_err());
    client.batch_execute("SELECT 1").expect("it goes on");
    proxy.set(Mode::Delay(Duration::from_millis(20)));
    client.batch_execute("SELECT 1").expect("it goes on");
    proxy.cut_all();
    assert!(client.batch_execute("SELECT 1").is_err());
    proxy.set(Mode::Pass);
    postgres::connect(&url).expect("it passes again");
    assert_eq!(proxy.accepted(), 4);
}
