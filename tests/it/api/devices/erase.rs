//! Erasing personal data: in the site, the audit trail, backups from then on, and the mirror.

use serde_json::{Value, json};

use crate::harness::http::Http;
use crate::harness::plant::Plant;
use crate::harness::postgres::Postgres;
use crate::harness::process::{Server, run};
use crate::harness::{TestApp, wait};
use crate::sync::mirrored::serve;

/// Texts that may nowhere be left.
const PERSONAL: [&str; 6] =
    ["Jürgen Groß", "K-4711", "30 1234567", "Lindenstraße 7", "52.53", "2nd floor"];

fn customer() -> Value {
    json!({
        "serial": "HWTC90ABCDEF",
        "customer_reference": "K-4711",
        "customer_name": "Jürgen Groß",
        "phone": "+49 30 1234567",
        "address": "Lindenstraße 7",
        "latitude": 52.53,
        "longitude": 13.38,
        "tags": ["vip"],
        "note": "2nd floor",
    })
}

#[track_caller]
fn erase(http: &Http, ids: &[u64]) -> Value {
    http.post("/api/devices/erase-personal-data", &json!({ "ids": ids })).expect(200).json()
}

#[track_caller]
fn assert_is_free(text: &str, what: &str) {
    for word in PERSONAL {
        assert!(!text.contains(word), "{what} has {word}: {text}");
    }
}

#[test]
fn nothing_is_left_in_the_site_the_audit_trail_and_new_backups() {
    let directory = tempfile::tempdir().unwrap();
    let serve = || Server::start(directory.path(), &[("UNOC_DEV_FEATURES", "0")]);
    let server = serve();
    let app = &server.http;
    let id = app.provision("ONT-1", "ONT");
    let other = app.provision("ONT-2", "ONT");
    let path = format!("/api/devices/{id}");
    app.patch(&path, &customer()).expect(200);
    app.patch(&path, &json!({"x": 5, "y": 6})).expect(200);
    app.patch(&format!("/api/devices/{other}"), &json!({"customer_name": "Kept"})).expect(200);
    // One row with both.
    let both = json!({"device_ids": [id, other], "status": "DOWN"});
    app.post("/api/overrides/bulk", &both).expect(200);
    let rows = app.get("/api/audit?limit=100").expect(200);
    assert!(rows.text().contains("Jürgen Groß"));
    let count = rows.json().as_array().unwrap().len();

    let answer = erase(app, &[id]);
    assert_eq!((&answer["device_count"], &answer["backup_count"]), (&json!(1), &json!(0)));
    let device = app.device(id);
    assert_eq!((&device["serial"], &device["tags"]), (&json!("HWTC90ABCDEF"), &json!(["vip"])));
    assert_is_free(&device.to_string(), "the device");
    assert_is_free(app.get("/api/devices").expect(200).text(), "the list");
    let trail = app.get("/api/audit?limit=100").expect(200);
    assert_is_free(trail.text(), "the audit trail");
    assert!(trail.text().contains("Kept"));
    let trail = trail.json();
    assert_eq!(trail.as_array().unwrap().len(), count + 1);
    assert_eq!(trail[0]["action"], "erase personal data");
    assert_eq!(trail[0]["changes"][0]["id"], id);

    assert!(server.terminate().0.success());
    let server = serve();
    let trail = server.http.get("/api/audit?limit=100").expect(200);
    assert_is_free(trail.text(), "the trail on disk");
    server.http.post("/api/backups", &Value::Null).expect(201);
    let sql = run(directory.path(), &["backup", "cat", "latest"]).expect(0).stdout;
    assert!(sql.contains("HWTC90ABCDEF") && sql.contains("Kept"));
    assert_is_free(&sql, "a new backup");
}

/// The site has none any more, the audit trail still does.
#[test]
fn the_audit_trail_is_cleaned_even_if_the_site_has_none() {
    let app = TestApp::empty();
    let id = app.provision("ONT-1", "ONT");
    let path = format!("/api/devices/{id}");
    app.patch(&path, &customer()).expect(200);
    let none = json!({
        "customer_reference": null, "customer_name": null, "phone": null,
        "address": null, "latitude": null, "note": null,
    });
    app.patch(&path, &none).expect(200);
    assert!(app.get("/api/audit").expect(200).text().contains("Jürgen Groß"));
    let seq = app.seq();
    erase(&app, &[id]);
    assert_is_free(app.get("/api/audit").expect(200).text(), "the audit trail");
    assert_eq!(app.seq(), seq + 1, "it is a commit, so that the mirror follows");
}

/// Rows about a device that was deleted still have its data.
#[test]
fn a_deleted_device_is_erased_in_the_audit_trail() {
    let app = TestApp::empty();
    let id = app.provision("ONT-1", "ONT");
    let path = format!("/api/devices/{id}");
    app.patch(&path, &customer()).expect(200);
    app.delete(&path).expect(204);
    let trail = app.get("/api/audit").expect(200);
    assert!(trail.json()[0]["changes"].to_string().contains("Jürgen Groß"), "{}", trail.text());
    assert_eq!(erase(&app, &[id])["device_count"], 1);
    assert_is_free(app.get("/api/audit").expect(200).text(), "the audit trail");
}

#[test]
fn an_unknown_device_erases_nothing() {
    let app = TestApp::empty();
    let id = app.provision("ONT-1", "ONT");
    app.patch(&format!("/api/devices/{id}"), &customer()).expect(200);
    let before = (app.device(id), app.seq());
    let path = "/api/devices/erase-personal-data";
    for unused in [0, id + 1, 77] {
        let answer = app.post(path, &json!({"ids": [id, unused]})).expect(404);
        assert_eq!(answer.detail(), "Device not found");
    }
    for body in [json!({"ids": []}), json!({"ids": ["x"]}), json!({})] {
        app.post(path, &body).expect(422);
    }
    assert_eq!((app.device(id), app.seq()), before);
    assert!(app.get("/api/audit").expect(200).text().contains("Jürgen Groß"));
}

#[test]
fn backups_that_were_made_before_are_counted() {
    let app = TestApp::empty();
    let id = app.provision("ONT-1", "ONT");
    app.patch(&format!("/api/devices/{id}"), &customer()).expect(200);
    let backup = app.post("/api/backups", &Value::Null).expect(201).json();
    let answer = erase(&app, &[id]);
    assert_eq!(answer["backup_count"], 1);
    assert_eq!(answer["newest_backup_at"], backup["taken_at"]);
    assert_eq!(
        answer["message"],
        "The personal data of 1 device was erased; 1 backup may hold it until retention removes them; \
         notes on incidents about other causes were not searched"
    );
}

/// What people wrote about the customer's device and its link, open and closed, before and after a restart.
#[test]
fn notes_and_reasons_of_incidents_are_erased() {
    let app = TestApp::empty();
    app.clock.hold();
    let plant = Plant::build(&app);
    let (ont, other) = (plant.id("ONT-A1"), plant.id("ONT-B1"));
    let by = |text: &str| json!({"name": "Ada", "note": text});
    let window = json!({"device_id": ont, "name": "Bo", "reason": "at Jürgen Groß's",
        "starts_at": "2026-11-23T13:20:00Z", "ends_at": "2100-01-01T00:00:00Z"});
    let window = app.post("/api/maintenance", &window).expect(201).json();
    // The cause of the first is the device, of the second its link, of the third another device.
    let reason = json!({"status_override": "DOWN", "override_reason": "Lindenstraße 7 is closed"});
    for (number, path) in [
        (1, format!("/api/devices/{ont}/override")),
        (2, format!("/api/links/{}", plant.link("SPL-A", "ONT-A1"))),
        (3, format!("/api/devices/{other}/override")),
    ] {
        app.patch(&path, &reason).expect(200);
        app.clock.advance(3);
        let path = format!("/api/incidents/{number}");
        wait::until("the incident", || (app.get(&path).status == 200).then_some(()));
        app.post(&format!("{path}/acknowledge"), &by("called +49 30 1234567")).expect(200);
        app.post(&format!("{path}/note"), &by("Jürgen Groß is not at home")).expect(200);
        if number < 3 {
            let path = if number == 1 {
                format!("/api/devices/{ont}/override")
            } else {
                format!("/api/links/{}/override", plant.link("SPL-A", "ONT-A1"))
            };
            app.delete(&path).expect(200);
            let path = format!("/api/incidents/{number}");
            wait::until("it is over", || {
                (app.get(&path).expect(200).json()["state"] == "closed").then_some(())
            });
        }
    }
    // The first one comes again, and then its maintenance begins.
    app.patch(&format!("/api/devices/{ont}/override"), &reason).expect(200);
    app.clock.advance(3);
    let first = |key: &str, value: &Value| {
        wait::until("the first incident", || {
            let incident = app.get("/api/incidents/1").expect(200).json();
            (incident[key] == *value).then_some(())
        });
    };
    first("count", &json!(2));
    app.clock.advance(20 * 60);
    first("maintenance_id", &window["id"]);

    assert_eq!(erase(&app, &[ont])["incident_count"], 2);
    let app = app.restart(|_| {});
    assert_is_free(&app.device(ont).to_string(), "the device");
    assert_is_free(app.get("/api/maintenance").expect(200).text(), "maintenance");
    let list = app.get("/api/incidents").expect(200).json();
    for incident in list["incidents"].as_array().expect("a list") {
        let incident = app.get(&format!("/api/incidents/{}", incident["id"])).expect(200);
        if incident.json()["subject"] == json!({"kind": "device", "id": other}) {
            assert!(incident.text().contains("Jürgen Groß"), "{}", incident.text());
        } else {
            assert_is_free(incident.text(), "an incident");
            assert!(incident.text().contains("(erased)") && incident.text().contains("Ada"));
        }
    }
    assert_eq!(erase(&app, &[ont])["incident_count"], 0, "once");
}

/// PostgreSQL keeps audit rows that the appliance has removed: they are cleaned there.
#[test]
fn the_mirror_is_cleaned_with_its_older_audit_rows() {
    let Some(postgres) = Postgres::start() else { return };
    let directory = tempfile::tempdir().unwrap();
    let server = serve(directory.path(), &postgres.url());
    let id = server.http.provision("ONT-1", "ONT");
    let other = server.http.provision("ONT-2", "ONT");
    server.http.patch(&format!("/api/devices/{id}"), &customer()).expect(200);
    let kept = json!({"customer_name": "Kept"});
    server.http.patch(&format!("/api/devices/{other}"), &kept).expect(200);
    server.in_step();
    postgres.rows(
        "INSERT INTO audit SELECT site_id, -1, seq, at, actor, request_id, action, change_count, changes \
         FROM audit WHERE changes::text LIKE '%Groß%'",
    );
    let all = "SELECT coalesce(string_agg(changes::text || (SELECT string_agg(d::text, '') \
               FROM devices d), ''), '') FROM audit";
    assert!(postgres.value(all).contains("Jürgen Groß"));
    erase(&server.http, &[id]);
    server.in_step();
    let found = postgres.value(all);
    assert_is_free(&found, "PostgreSQL");
    assert!(found.contains("Kept") && found.contains("HWTC90ABCDEF"), "{found}");
    let old = postgres.value("SELECT changes->0->'after'->>'name' FROM audit WHERE id = -1");
    assert_eq!(old, "ONT-1", "the rest of the image stays");
    let check = server.http.post("/api/sync/check", &Value::Null).expect(200).json();
    assert_eq!(check["different"], 0, "{check}");
}

#[test]
fn each_field_alone_is_erased_in_the_mirror() {
    let Some(postgres) = Postgres::start() else { return };
    let directory = tempfile::tempdir().unwrap();
    let server = serve(directory.path(), &postgres.url());
    let mut ids = Vec::new();
    for (key, value) in customer().as_object().expect("an object") {
        let fields = match key.as_str() {
            "serial" | "tags" | "longitude" => continue,
            "latitude" => json!({"latitude": value, "longitude": 13.38}),
            _ => json!({key: value}),
        };
        let id = server.http.provision(&format!("only {key}"), "ONT");
        server.http.patch(&format!("/api/devices/{id}"), &fields).expect(200);
        ids.push(id);
    }
    assert_eq!(ids.len(), PERSONAL.len());
    server.http.delete(&format!("/api/devices/{}", ids[0])).expect(204);
    server.in_step();
    let trail = "SELECT string_agg(changes::text, '' ORDER BY id) FROM audit";
    let found = postgres.value(trail);
    assert!(PERSONAL.iter().all(|word| found.contains(word)), "{found}");
    erase(&server.http, &ids);
    server.in_step();
    assert_is_free(&postgres.value(trail), "PostgreSQL");
    let row = "SELECT jsonb_typeof(changes->0->'before') || ' ' || jsonb_typeof(changes->0->'after') \
               FROM audit WHERE action = 'provision device' LIMIT 1";
    assert_eq!(postgres.value(row), "null object", "a side that is absent stays absent");
}

/// The database was the mirror before the erasure, and is the mirror again after it.
#[test]
fn a_mirror_that_was_away_is_cleaned_when_it_is_taken_over() {
    let Some(postgres) = Postgres::start() else { return };
    let directory = tempfile::tempdir().unwrap();
    let server = serve(directory.path(), &postgres.url());
    let id = server.http.provision("ONT-1", "ONT");
    server.http.patch(&format!("/api/devices/{id}"), &customer()).expect(200);
    server.in_step();
    assert!(server.terminate().0.success());

    let server = serve(directory.path(), "");
    erase(&server.http, &[id]);
    assert!(server.terminate().0.success());

    let server = serve(directory.path(), &postgres.url());
    server.sync_is("stopped");
    let all = "SELECT string_agg(changes::text, '') || (SELECT string_agg(d::text, '') FROM devices d) \
               FROM audit";
    assert!(postgres.value(all).contains("Jürgen Groß"));
    server.http.post("/api/sync/takeover", &Value::Null).expect(200);
    server.in_step();
    assert_is_free(&postgres.value(all), "PostgreSQL");
}
