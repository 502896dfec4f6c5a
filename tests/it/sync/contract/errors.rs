//! Errors of PostgreSQL as operators meet them: reported with a remedy, retried with growing
//! pauses, and cleared as soon as the cause is gone.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::{Value, json};

use crate::harness::pgbouncer::Pgbouncer;
use crate::harness::postgres::{DATABASE, PASSWORD, Postgres, Stop};
use crate::harness::process::{Said, Server};
use crate::harness::site::text_of;
use crate::harness::unprivileged;
use crate::harness::wait;
use crate::store::disk_full::Volume;
use crate::sync::mirrored::{serve, serve_with};

/// The address of a database for another role.
fn url_of(postgres: &Postgres, role: &str, database: &str) -> String {
    format!("postgresql://{role}:{PASSWORD}@127.0.0.1:{}/{database}", postgres.port())
}

/// Creates a role without rights; returns its address.
fn role(postgres: &Postgres, name: &str) -> String {
    postgres.rows(&format!("CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'"));
    url_of(postgres, name, DATABASE)
}

fn sessions(postgres: &Postgres) -> String {
    postgres.value("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'unoc'")
}

/// Waits for this many attempts, and checks that the API, the log and the commands report the
/// reason and the remedy.
#[track_caller]
fn told(server: &Server, attempts: u64, why: &str, remedy: &str) {
    let state = wait::until(why, || {
        let state = server.sync();
        let last = &state["last_error"];
        let is_told = last["message"].as_str().is_some_and(|text| text.contains(why));
        let is_waiting = state["state"] == "waiting";
        (is_told && is_waiting && last["attempts"].as_u64() >= Some(attempts)).then_some(state)
    });
    assert!(text_of(&state["message"]).contains(why), "{state:#}");
    assert!(text_of(&state["remedy"]).contains(remedy), "{state:#}");
    let health = server.http.get("/health").expect(200).json();
    let reason = text_of(&health["reason"]);
    assert!(reason.contains(why) && reason.contains(remedy), "{health:#}");
    let line = server.logged(|line| line.contains("Sync is waiting") && line.contains(why));
    assert!(line.contains(remedy), "{line}");
    let answer = server.http.post("/api/sync/now", &Value::Null).expect(503).json();
    let detail = text_of(&answer["detail"]);
    assert!(detail.contains(why) && detail.contains(remedy), "{answer:#}");
    let said = command(server.data_dir(), "status").expect(0);
    assert!(said.stdout.contains(why) && said.stdout.contains(remedy), "{}", said.stdout);
    let said = command(server.data_dir(), "now").expect(75);
    assert!(said.stderr.contains(why) && said.stderr.contains(remedy), "{}", said.stderr);
}

fn command(data_dir: &Path, action: &str) -> Said {
    crate::harness::process::run(data_dir, &["sync", action])
}

/// Checks that a request is carried out at once, however long the pause is.
#[track_caller]
fn works_again(server: &Server, postgres: &Postgres, devices: &[&str]) {
    let state = server.http.post("/api/sync/now", &Value::Null).expect(200).json();
    assert_eq!(state["applied_seq"], state["seq"], "{state:#}");
    assert_eq!(state["last_error"], json!(null), "{state:#}");
    assert_eq!(postgres.device_names(), devices);
    server.sync_is("live");
}

#[test]
fn requests_succeed_after_an_idle_session_was_ended() {
    let Some(mut postgres) = Postgres::start_with(&["idle_session_timeout=1s"]) else { return };
    let directory = tempfile::tempdir().unwrap();
    let server = serve(directory.path(), &postgres.url());
    server.in_step();
    let ended = |postgres: &Postgres| {
        wait::until("the session ends", || (sessions(postgres) == "0").then_some(()));
    };
    for action in ["check", "reconcile", "now"] {
        ended(&postgres);
        server.http.post(&format!("/api/sync/{action}"), &Value::Null).expect(200);
    }
    ended(&postgres);
    let said = command(directory.path(), "check").expect(0);
    assert!(said.stdout.contains("Both sides are equal"), "{}", said.stdout);
    ended(&postgres);
    server.http.provision("olt", "OLT");
    wait::until("it is sent", || (postgres.device_names() == ["olt"]).then_some(()));
    for mode in [Stop::Fast, Stop::Immediate] {
        postgres.stop(mode);
        postgres.start_again();
        server.http.post("/api/sync/check", &Value::Null).expect(200);
    }
}

#[test]
fn a_missing_right_is_reported_and_retried_until_it_is_granted() {
    let Some(postgres) = Postgres::start() else { return };
    let url = role(&postgres, "mirror");
    let directory = tempfile::tempdir().unwrap();
    postgres.rows("REVOKE CREATE ON SCHEMA public FROM PUBLIC");
    let server = serve(directory.path(), &url);
    told(&server, 1, "permission denied for schema public (42501)", "GRANT USAGE, CREATE");
    postgres.rows("GRANT CREATE ON SCHEMA public TO mirror");
    works_again(&server, &postgres, &[]);

    postgres.rows("REVOKE ALL ON devices FROM mirror");
    server.http.provision("olt", "OLT");
    told(&server, 3, "permission denied for table devices (42501)", "OWNER TO");
    postgres.rows("GRANT ALL ON devices TO mirror");
    works_again(&server, &postgres, &["olt"]);
    let log = server.log();
    let told = log.iter().filter(|line| line.contains("permission denied for table")).count();
    assert_eq!(told, 1, "the same is logged once: {log:#?}");
    server.logged(|line| line.contains("Sync has recovered"));
}

#[test]
fn an_exception_is_reported_with_the_function_that_raised_it() {
    let Some(postgres) = Postgres::start() else { return };
    let directory = tempfile::tempdir().unwrap();
    let server = serve(directory.path(), &postgres.url());
    server.in_step();
    postgres.rows(
        "CREATE FUNCTION no_fridays() RETURNS trigger LANGUAGE plpgsql AS \
         'BEGIN RAISE EXCEPTION ''not on a Friday''; END'",
    );
    postgres.rows(
        "CREATE TRIGGER refuse BEFORE INSERT ON devices FOR EACH ROW EXECUTE FUNCTION no_fridays()",
    );
    server.http.provision("olt", "OLT");
    told(&server, 3, "not on a Friday (P0001)", "drop that trigger");
    let message = text_of(&server.sync()["last_error"]["message"]).to_owned();
    assert!(message.contains("function no_fridays()"), "{message}");
    postgres.rows("DROP TRIGGER refuse ON devices");
    works_again(&server, &postgres, &["olt"]);
}

#[test]
fn a_failing_comparison_backs_off() {
    let Some(postgres) = Postgres::start() else { return };
    let directory = tempfile::tempdir().unwrap();
    let server = serve(directory.path(), &postgres.url());
    server.http.provision("olt", "OLT");
    server.in_step();
    // Rounds still work: only a comparison sets reconciled_at.
    postgres.rows(
        "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS \
         'BEGIN RAISE EXCEPTION ''no comparison''; END'",
    );
    postgres.rows(
        "CREATE TRIGGER refuse BEFORE UPDATE ON sync_state FOR EACH ROW WHEN \
         (NEW.reconciled_at IS DISTINCT FROM OLD.reconciled_at AND NEW.reconciled_at IS NOT NULL) \
         EXECUTE FUNCTION no()",
    );
    postgres.rows("UPDATE sync_state SET reconciled_at = NULL");
    let answer = server.http.post("/api/sync/reconcile", &Value::Null).expect(503).json();
    assert!(text_of(&answer["detail"]).contains("no comparison"), "{answer}");
    wait::until("attempts are counted", || {
        (server.sync()["last_error"]["attempts"].as_u64() >= Some(3)).then_some(())
    });
    postgres.rows("DROP TRIGGER refuse ON sync_state");
    works_again(&server, &postgres, &["olt"]);
}

#[test]
fn a_full_disk_of_postgresql_is_reported_and_retried() {
    let Some(postgres) = Postgres::start() else { return };
    let Some(volume) = Volume::mount() else { return };
    let directory = tempfile::tempdir().unwrap();
    let place = volume.path().join("space");
    fs::create_dir(&place).unwrap();
    unprivileged::give(&place);
    fs::set_permissions(volume.path(), Permissions::from_mode(0o755)).unwrap();
    postgres.rows(&format!("CREATE TABLESPACE small LOCATION '{}'", place.display()));
    postgres.rows("CREATE DATABASE small TABLESPACE small");
    let server = serve(directory.path(), &postgres.url_of("small"));
    server.in_step();
    volume.fill_all();
    server.http.provision_pops("pop-", 500);
    told(&server, 3, "could not extend file", "free space");
    volume.free();
    let state = server.http.post("/api/sync/now", &Value::Null).expect(200).json();
    assert_eq!(state["applied_seq"], state["seq"], "{state:#}");
}

#[test]
fn a_changed_password_takes_effect_with_the_file_that_holds_the_address() {
    let Some(postgres) = Postgres::start() else { return };
    let url = role(&postgres, "mirror");
    postgres.rows("GRANT CREATE ON SCHEMA public TO mirror");
    let directory = tempfile::tempdir().unwrap();
    let (data_dir, file) = (directory.path().join("data"), directory.path().join("url"));
    // As an editor on Windows writes it.
    fs::write(&file, format!("\u{feff}{url}\r\n")).unwrap();
    fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
    let environment =
        [("UNOC_DATABASE_URL_FILE", file.to_str().unwrap()), ("UNOC_DEV_FEATURES", "0")];
    let server = Server::start(&data_dir, &environment);
    server.in_step();
    postgres.rows("ALTER ROLE mirror PASSWORD 'r0tated-4711'");
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'mirror'";
    postgres.rows(end);
    server.http.provision("olt", "OLT");
    told(&server, 1, "password authentication failed", "database_url_file");

    // An invalid address is reported, and the previous one stays in use.
    fs::write(&file, "mysql://u:r0tated-4711@h/d").unwrap();
    let answer = server.http.post("/api/sync/now", &Value::Null).expect(503).json();
    let detail = text_of(&answer["detail"]);
    assert!(detail.contains(file.to_str().unwrap()), "{answer}");
    fs::write(&file, url.replace(PASSWORD, "r0tated-4711")).unwrap();
    works_again(&server, &postgres, &["olt"]);
    let log = server.log();
    assert!(!log.iter().any(|line| line.contains("4711")), "{log:#?}");
}

#[test]
fn the_password_is_read_from_the_password_file() {
    let Some(postgres) = Postgres::start() else { return };
    let directory = tempfile::tempdir().unwrap();
    let home = directory.path().join("home");
    fs::create_dir(&home).unwrap();
    let pgpass = home.join(".pgpass");
    fs::write(&pgpass, format!("127.0.0.1:{}:*:unoc:{PASSWORD}\n", postgres.port())).unwrap();
    fs::set_permissions(&pgpass, Permissions::from_mode(0o644)).unwrap();
    let url = postgres.url().replace(&format!(":{PASSWORD}"), "");
    let more = [("HOME", home.to_str().unwrap())];
    let server = serve_with(&directory.path().join("data"), &url, &more);
    server.http.provision("olt", "OLT");
    told(&server, 1, "chmod 600", ".pgpass");
    // It is read for each connection.
    fs::set_permissions(&pgpass, Permissions::from_mode(0o600)).unwrap();
    works_again(&server, &postgres, &["olt"]);
    server.terminate();

    let elsewhere = directory.path().join("passwords");
    fs::rename(&pgpass, &elsewhere).unwrap();
    let by_environment = [more[0], ("PGPASSFILE", elsewhere.to_str().unwrap())];
    let by_parameter = format!("{url}?passfile={}", elsewhere.display());
    for (url, more) in [(&url, &by_environment[..]), (&by_parameter, &more[..])] {
        let server = serve_with(&directory.path().join("data"), url, more);
        server.in_step();
        server.terminate();
    }
    let server = serve_with(&directory.path().join("data"), &url, &more);
    told(&server, 1, "the server asks for a password", "host:port:database:user:password");
}

#[test]
fn refused_logins_are_reported_with_what_to_do() {
    let Some(postgres) = Postgres::start() else { return };
    let directory = tempfile::tempdir().unwrap();
    for (index, (url, why, remedy)) in [
        (postgres.url_of("absent"), "\"absent\" does not exist (3D000)", "createdb"),
        (url_of(&postgres, "stranger", DATABASE), "(28P01)", "ALTER ROLE"),
    ]
    .into_iter()
    .enumerate()
    {
        let server = serve(&directory.path().join(index.to_string()), &url);
        told(&server, 1, why, remedy);
    }
}

#[test]
fn a_pooler_in_statement_mode_is_reported() {
    let Some(postgres) = Postgres::start() else { return };
    let Some(pooler) = Pgbouncer::start_in("statement", &postgres) else { return };
    let directory = tempfile::tempdir().unwrap();
    let server = serve(directory.path(), &pooler.url());
    told(&server, 2, "The pooler in front of PostgreSQL is in statement mode", "pool_mode");
}
