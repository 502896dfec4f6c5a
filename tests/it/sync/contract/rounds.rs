//! S1, S2, S3, S9: how rows are sent.

use serde_json::{Value, json};

use crate::harness::postgres::Postgres;
use crate::harness::process;
use crate::harness::proxy::{Mode, Proxy};
use crate::harness::site::pops;
use crate::sync::mirrored::{serve, serve_with};

#[test]
fn s1_first_and_big_rounds_are_bulk_transfers_in_one_transaction() {
    let Some(postgres) = Postgres::start() else { return };
    let proxy = Proxy::start(postgres.port());
    let url = format!("{}?echo=true", Postgres::url_through(proxy.port()));
    let directory = tempfile::tempdir().unwrap();
    let plain = serve(directory.path(), "");
    plain.http.provision_pops("first-", 600);
    plain.terminate();

    let server = serve(directory.path(), &url);
    server.in_step();
    assert_eq!(postgres.value("SELECT count(*) FROM devices"), "600");
    let begun = server.log().len();
    proxy.set(Mode::Freeze);
    proxy.cut_all();
    server.sync_is("waiting");
    let first = server.http.provision_pops("more-", 600);
    server.http.delete(&format!("/api/devices/{first}")).expect(204);
    for id in 1..=450 {
        let body = json!({"x": id, "y": 1});
        server.http.patch(&format!("/api/devices/{id}"), &body).expect(200);
    }
    proxy.set(Mode::Pass);
    server.in_step();
    let log = server.log();
    let has = |lines: &[String], text: &str| lines.iter().any(|line| line.contains(text));
    assert!(has(&log[..begun], "SQL: COPY devices "), "{log:#?}");
    let round = &log[begun..];
    let at = |text: &str| round.iter().position(|line| line.contains(text)).expect(text);
    let (merged, added) = (at("SQL: COPY pg_temp.unoc_devices "), at("SQL: COPY devices "));
    assert!(merged < added, "what may be there is merged, what is new is added: {round:#?}");
    assert!(!has(&round[merged..added], "SQL: COMMIT"), "{round:#?}");
    assert_eq!(postgres.value("SELECT count(*) FROM devices"), "1199");
    assert_eq!(postgres.value("SELECT count(*) FROM devices WHERE y = 1"), "450");
    let made_again = postgres.value(
        "SELECT count(*) FROM pg_constraint WHERE contype IN ('f', 'u') AND convalidated \
         AND conrelid IN ('devices'::regclass, 'interfaces'::regclass, 'links'::regclass)",
    );
    assert_eq!(made_again, "10", "constraints set aside for the first copy are back");
    assert_eq!(postgres.value("SELECT count(*) FROM pg_indexes WHERE tablename = 'devices'"), "5");
}

#[test]
fn s2_the_order_inside_a_round_does_not_matter() {
    let Some(postgres) = Postgres::start() else { return };
    let proxy = Proxy::start(postgres.port());
    let directory = tempfile::tempdir().unwrap();
    let server = serve(directory.path(), &Postgres::url_through(proxy.port()));
    let [a, b] = ["a", "b"].map(|name| server.http.provision(name, "EDGE_ROUTER"));
    let c = server.http.provision("c", "OLT");
    server.http.connect(a, c);
    server.in_step();
    proxy.set(Mode::Refuse);
    proxy.cut_all();
    let rename = |id: u64, name: &str| {
        server.http.patch(&format!("/api/devices/{id}"), &json!({"name": name})).expect(200);
    };
    rename(a, "between");
    rename(b, "a");
    rename(a, "b");
    // A child before its parent, and a port of a later device on an older one.
    let pop = server.http.provision("pop", "POP");
    let body = json!({"parent_container_id": pop});
    server.http.patch(&format!("/api/devices/{a}"), &body).expect(200);
    server.http.connect(b, c);
    server.http.delete(&format!("/api/devices/{c}")).expect(204);
    proxy.set(Mode::Pass);
    server.in_step();
    assert_eq!(postgres.device_names(), ["b", "a", "pop"]);
    assert_eq!(
        postgres.value("SELECT parent_container_id FROM devices WHERE name = 'b'"),
        pop.to_string()
    );
    assert_eq!(postgres.value("SELECT count(*) FROM links"), "0");
    let strict = "SELECT count(*) FROM pg_constraint WHERE connamespace = 'public'::regnamespace \
                  AND contype IN ('f', 'u') AND NOT condeferred";
    assert_eq!(postgres.value(strict), "0");
}

#[test]
fn s3_many_appliances_share_one_database() {
    let Some(postgres) = Postgres::start() else { return };
    let directories = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let servers = directories.each_ref().map(|directory| {
        serve_with(directory.path(), &postgres.url(), &[("UNOC_SITE_NAME", "North")])
    });
    for server in &servers {
        server.http.provision("the same name", "OLT");
        server.in_step();
    }
    assert_eq!(postgres.value("SELECT COUNT(*) FROM devices;"), "2");
    assert_eq!(postgres.value("SELECT count(DISTINCT site_id) FROM devices"), "2");
    assert_eq!(
        postgres.value("SELECT count(*) FROM v_device_status WHERE site_name = 'North'"),
        "2"
    );
    let keys = postgres.rows(
        "SELECT c.relname, a.attname FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid \
         JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0] \
         WHERE i.indisprimary AND c.relnamespace = 'public'::regnamespace \
         AND c.relname <> 'unoc_schema_history' ORDER BY 1",
    );
    let tables: Vec<&str> = keys.iter().map(|row| row[0].as_str()).collect();
    assert_eq!(tables, ["audit", "devices", "interfaces", "links", "sites", "sync_state"]);
    assert!(keys.iter().all(|row| row[1] == "site_id"), "{keys:?}");
    // The first one created the tables; the second one's initial copy found its rows there.
    let [one, other] = &servers;
    one.http.delete("/api/devices/1").expect(204);
    one.in_step();
    other.in_step();
    assert_eq!(postgres.value("SELECT COUNT(*) FROM devices"), "1");
}

#[test]
fn s9_reconcile_finds_and_repairs_every_difference() {
    let Some(postgres) = Postgres::start() else { return };
    let directory = tempfile::tempdir().unwrap();
    let server = serve(directory.path(), &postgres.url());
    server.http.post("/api/devices/bulk", &pops("p", 20)).expect(201);
    let olt = server.http.provision("olt", "OLT");
    server.in_step();
    postgres.rows("DELETE FROM interfaces WHERE name = 'pon3'");
    postgres.rows("UPDATE devices SET x = x + 1 WHERE name = 'p4'");
    postgres.rows("UPDATE devices SET status_reasons = '{no_signal}' WHERE name = 'p5'");
    postgres.rows(
        "INSERT INTO interfaces SELECT site_id, 999, device_id, 'stranger', interface_type, \
         status, created_at, updated_at FROM interfaces WHERE name = 'pon1'",
    );
    let numbers = |found: &Value| {
        ["missing", "extra", "different", "repaired"].map(|key| found[key].as_u64().unwrap())
    };
    let found = server.http.post("/api/sync/check", &Value::Null).expect(200).json();
    assert_eq!(numbers(&found), [1, 1, 2, 0], "{found}");
    let ours = process::run(directory.path(), &["sync", "check"]).expect(3);
    assert!(
        ours.stdout.contains("Missing in PostgreSQL: 1; only in PostgreSQL: 1; different: 2"),
        "{}",
        ours.stdout
    );
    let found = server.http.post("/api/sync/reconcile", &Value::Null).expect(200).json();
    assert_eq!(numbers(&found), [1, 1, 2, 4], "{found}");
    let found = server.http.post("/api/sync/check", &Value::Null).expect(200).json();
    assert_eq!(numbers(&found), [0, 0, 0, 0], "{found}");
    assert_eq!(postgres.value("SELECT count(*) FROM interfaces"), "10");

    // A foreign row that conflicts with a round is removed automatically.
    postgres.rows(
        "INSERT INTO interfaces SELECT site_id, 998, device_id, 'port11', interface_type, \
         status, created_at, updated_at FROM interfaces WHERE name = 'pon1'",
    );
    let edge = server.http.provision("edge", "EDGE_ROUTER");
    server.http.connect(edge, olt);
    server.in_step();
    assert_eq!(postgres.value("SELECT count(*) FROM interfaces WHERE id = 998"), "0");
    assert_eq!(server.sync()["last_reconcile"]["extra"], 1);
}
