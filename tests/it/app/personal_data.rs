//! Personal data is in no log, whatever goes wrong with it.

use serde_json::{Value, json};

use crate::harness::postgres::Postgres;
use crate::harness::process::{Server, run};
use crate::harness::site::fiber;

/// Part of every text that these requests send.
const MARK: &str = "Zwölfender";

fn customer(serial: &str) -> Value {
    let text = |what: &str| format!("{what} {MARK}");
    json!({
        "serial": serial,
        "customer_reference": text("K"),
        "customer_name": text("Jürgen"),
        "phone": text("030"),
        "address": text("Weg 1"),
        "note": text("2nd floor"),
        "tags": [MARK],
    })
}

/// Requests with personal data that succeed, and others that fail in every way.
fn provoke(server: &Server) {
    let http = &server.http;
    let id = http.provision("ONT-1", "ONT");
    let other = http.provision("ONT-2", "ONT");
    let path = format!("/api/devices/{id}");
    http.patch(&path, &customer("A1")).expect(200);
    http.patch(&format!("/api/devices/{other}"), &customer("A1")).expect(409);
    http.patch(&path, &json!({"phone": format!("\t{MARK}"), "latitude": MARK})).expect(422);
    http.patch(&path, &json!({"note": MARK.repeat(500)})).expect(422);
    http.patch("/api/devices/777", &customer("A2")).expect(404);
    http.get(&format!("/api/devices?q={MARK}")).expect(200);
    http.get(&format!("/api/devices?limit=x&q={MARK}")).expect(422);
    http.get(&format!("/api/nothing?q={MARK}")).expect(404);
    let table = format!("name,device_type,address,latitude\nONT-3,ONT,{MARK},{MARK}\n");
    http.post_file("/api/import/devices", "text/csv", table.as_bytes()).expect(400);
    let table = format!("name,address\nONT-1,{MARK}\n");
    http.post_file("/api/import/devices", "text/csv", table.as_bytes()).expect(200);
    http.post("/api/links/create-simple", &fiber(id, other)).expect(400);
    http.post("/api/backups", &Value::Null).expect(201);
    let erased = json!({ "ids": [other] });
    http.post("/api/devices/erase-personal-data", &erased).expect(200);
}

#[track_caller]
fn assert_is_free(log: &[String]) {
    assert!(log.len() > 20, "{log:#?}");
    for line in log {
        assert!(!line.contains(MARK) && !line.contains("Zw%C3%B6lf"), "{line}");
    }
}

#[test]
fn no_log_line_has_personal_data() {
    let directory = tempfile::tempdir().unwrap();
    let environment = [("UNOC_LOG_LEVEL", "DEBUG"), ("UNOC_DEV_FEATURES", "0")];
    let server = Server::start(directory.path(), &environment);
    provoke(&server);
    let ring = server.http.get("/api/logs/export?format=jsonl").expect(200);
    assert_is_free(&ring.text().lines().map(str::to_owned).collect::<Vec<_>>());
    assert_is_free(&server.terminate().1);
    let said = run(directory.path(), &["backup", "verify", "latest"]).expect(0);
    assert!(!said.stderr.contains(MARK), "{said:?}");
}

/// PostgreSQL quotes the whole row when a constraint refuses it, and the statements can be logged.
#[test]
fn no_error_of_postgresql_has_personal_data() {
    let Some(postgres) = Postgres::start() else { return };
    let directory = tempfile::tempdir().unwrap();
    let url = format!("{}?echo=true", postgres.url());
    let environment =
        [("UNOC_LOG_LEVEL", "DEBUG"), ("UNOC_DEV_FEATURES", "0"), ("DATABASE_URL", url.as_str())];
    let server = Server::start(directory.path(), &environment);
    server.http.provision("OLT", "OLT");
    server.in_step();
    postgres.rows("ALTER TABLE devices ADD CONSTRAINT refuse CHECK (customer_name IS NULL)");
    provoke(&server);
    let line = server.logged(|line| line.contains("violates check constraint"));
    assert!(line.contains("refuse"), "{line}");
    let state = server.http.get("/api/sync").expect(200);
    assert!(!state.text().contains(MARK), "{}", state.text());
    assert_is_free(&server.terminate().1);
}
