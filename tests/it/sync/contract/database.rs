//! S12, the commands, the tables, and the server's statistics.

use serde_json::{Value, json};

use crate::harness::TestApp;
use crate::harness::postgres::Postgres;
use crate::harness::process;
use crate::harness::site::text_of;
use crate::harness::wait;
use crate::sync::mirrored::serve;

#[test]
fn s12_accepts_v2s_addresses_and_logs_sql_when_asked() {
    let Some(postgres) = Postgres::start() else { return };
    let v2 = postgres.url().replace("postgresql://", "postgresql+asyncpg://");
    let directory = tempfile::tempdir().unwrap();
    let server = serve(directory.path(), &v2);
    server.http.provision("olt", "OLT");
    server.in_step();
    let (_, log) = server.terminate();
    assert!(!log.iter().any(|line| line.contains("SQL: ")), "{log:#?}");
    let server = serve(directory.path(), &format!("{v2}?echo=true"));
    server.http.provision("olt-2", "OLT");
    server.in_step();
    let line = server.logged(|line| line.contains("SQL: INSERT INTO devices"));
    assert!(line.contains("duration_ms=") && line.contains("rows=1"), "{line}");
    let shown = text_of(&server.sync()["database"]).to_owned();
    assert!(shown.starts_with("postgresql+asyncpg://unoc:***@"), "{shown}");
    assert!(!server.log().iter().any(|line| line.contains("unoc-pw")));
}

#[test]
fn without_an_address_sync_is_off() {
    let app = TestApp::empty();
    let state = app.get("/api/sync").expect(200).json();
    assert_eq!(state["state"], "off");
    assert_eq!(state["actions"], json!([]));
    app.provision("olt", "OLT");
    assert_eq!(app.get("/api/sync").expect(200).json()["dirty_count"], 0, "nothing is marked");
    for action in ["now", "check", "reconcile", "takeover", "adopt"] {
        let answer = app.post(&format!("/api/sync/{action}"), &Value::Null).expect(409).json();
        assert!(text_of(&answer["detail"]).contains("DATABASE_URL"), "{answer}");
    }
    let said = process::run(&app.data_dir, &["sync", "status"]).expect(0);
    assert!(said.stdout.starts_with("sync: off"), "{}", said.stdout);
}

#[test]
fn sync_commands_work_with_and_without_a_running_server() {
    let Some(postgres) = Postgres::start() else { return };
    let url = postgres.url();
    let directory = tempfile::tempdir().unwrap();
    let server = serve(directory.path(), &url);
    server.http.provision("olt", "OLT");
    server.in_step();
    let unoc = |arguments: &[&str]| {
        let mut command = process::unoc(arguments);
        process::said(command.arg("--data-dir").arg(directory.path()).env("DATABASE_URL", &url))
    };
    for action in ["status", "now", "check", "reconcile"] {
        let said = unoc(&["sync", action, "--json"]).expect(0);
        serde_json::from_str::<Value>(&said.stdout).expect("JSON");
    }
    server.terminate();
    let said = unoc(&["sync", "status"]).expect(0);
    assert!(said.stdout.contains("PostgreSQL is up to date"), "{}", said.stdout);
    let said = unoc(&["sync", "check"]).expect(0);
    assert!(said.stdout.contains("Both sides are equal"), "{}", said.stdout);
    unoc(&["sync", "now"]).expect(0);
    let said = unoc(&["sync", "reconcile", "--json"]).expect(0);
    let found: Value = serde_json::from_str(&said.stdout).expect("JSON");
    assert_eq!(found["compared"], 11, "{found}");
    let mut command = process::unoc(&["sync", "now"]);
    command.arg("--data-dir").arg(directory.path());
    let said =
        process::said(command.env("DATABASE_URL", "postgresql://u@127.0.0.1:1/d")).expect(75);
    assert!(said.stderr.contains("PostgreSQL is unreachable"), "{}", said.stderr);
}

/// A migration of large tables may send nothing for longer than the stall timeout.
#[test]
fn creating_the_tables_may_exceed_the_stall_timeout() {
    let Some(postgres) = Postgres::start() else { return };
    let seconds = unoc::pg::STALL_TIMEOUT.as_secs() + 1;
    postgres.rows("CREATE SEQUENCE attempts");
    postgres.rows(&format!(
        "CREATE FUNCTION be_slow_once() RETURNS event_trigger LANGUAGE plpgsql AS \
         'BEGIN IF nextval(''attempts'') = 1 THEN PERFORM pg_sleep({seconds}); END IF; END'"
    ));
    postgres.rows(
        "CREATE EVENT TRIGGER slow ON ddl_command_start WHEN TAG IN ('CREATE VIEW') \
         EXECUTE FUNCTION be_slow_once()",
    );
    let directory = tempfile::tempdir().unwrap();
    let server = serve(directory.path(), &postgres.url());
    server.http.provision("olt", "OLT");
    server.sync_is("live");
    let log = server.log();
    assert!(!log.iter().any(|line| line.contains("no progress")), "{log:#?}");
}

#[test]
fn server_statistics_and_slow_statements_are_shown() {
    let preload = "shared_preload_libraries=pg_stat_statements";
    let Some(postgres) = Postgres::start_with(&[preload]) else { return };
    let has = "SELECT count(*) FROM pg_available_extensions WHERE name = 'pg_stat_statements'";
    if postgres.value(has) == "0" {
        return crate::harness::skip("this PostgreSQL comes without pg_stat_statements");
    }
    postgres.rows("CREATE EXTENSION pg_stat_statements");
    let directory = tempfile::tempdir().unwrap();
    let server = serve(directory.path(), &postgres.url());
    let state = wait::until("statistics", || {
        let state = server.sync();
        state["slow_statements"].is_array().then_some(state)
    });
    let slow = state["slow_statements"].as_array().unwrap();
    assert!(slow.iter().any(|row| row["calls"].as_u64() > Some(0)), "{state:#}");
    let facts = &state["postgres"];
    assert!(text_of(&facts["version"]).starts_with(&postgres.major().to_string()), "{facts}");
    assert!(facts["size_bytes"].as_u64() > Some(1_000_000), "{facts}");
    assert!(facts["connections"].as_u64() > Some(0), "{facts}");
}

#[test]
fn the_check_constraints_accept_every_domain_value() {
    use unoc::domain::{
        DeviceType, InterfaceType, Lifecycle, Medium, PON_CLASSES, Reason, SignalClass, Status,
    };
    let sql = ["migrations/V1__site.sql", "migrations/V2__plant.sql"]
        .map(|path| std::fs::read_to_string(path).expect("a migration"))
        .concat();
    let words = DeviceType::all()
        .map(DeviceType::as_str)
        .chain(Status::ALL.map(Status::as_str))
        .chain(InterfaceType::ALL.map(InterfaceType::as_str))
        .chain(Medium::ALL.map(Medium::as_str))
        .chain(SignalClass::ALL.map(SignalClass::as_str))
        .chain(Reason::ALL.map(Reason::as_str))
        .chain(Lifecycle::ALL.map(Lifecycle::as_str))
        .chain(PON_CLASSES.iter().map(|row| row.word));
    for word in words {
        assert!(sql.contains(&format!("'{word}'")), "{word}");
    }
}
