//! Every documented request that is no read, and each download, leaves a row in the audit trail, or is listed
//! as one that changes nothing.
//!
//! A new route fails here until it has a line below.

use std::collections::BTreeSet;

use http::Method;
use serde_json::{Value, json};

use crate::harness::TestApp;
use crate::harness::plant::Plant;
use crate::harness::shared_odf::{SharedOdf, pairs};
use crate::harness::wait;

/// What a request leaves behind.
enum Leaves {
    /// A row with this action, which the requests below show, and those of [`super::accounts`].
    Row(&'static str),
    /// A row of the command that changes the network: the engine commits no change without one.
    Command,
    /// Nothing, and why that is right.
    Nothing(&'static str),
    /// A row, which this test shows.
    Elsewhere(&'static str),
}

use Leaves::{Command, Elsewhere, Nothing, Row};

const ROUTES: &[(&str, Leaves)] = &[
    ("DELETE /api/account/totp", Row("remove second factor")),
    ("POST /api/account/password", Row("change password")),
    ("POST /api/account/totp", Nothing("nothing is kept before it is confirmed")),
    ("POST /api/account/totp/confirm", Row("add second factor")),
    ("DELETE /api/session", Row("log out")),
    ("POST /api/session", Row("log in")),
    ("DELETE /api/sessions/{id}", Row("end session")),
    ("POST /api/setup", Row("add user")),
    ("POST /api/setup/code", Nothing("who uses the code is recorded")),
    ("POST /api/tokens", Row("add token")),
    ("DELETE /api/tokens/{id}", Row("revoke token")),
    ("POST /api/users", Row("add user")),
    ("PATCH /api/users/{id}", Row("change user")),
    ("DELETE /api/users/{id}", Row("remove user")),
    ("GET /api/audit/export", Row("export audit trail")),
    ("GET /api/backups/{id}/download", Row("download backup")),
    ("GET /api/export", Row("export site")),
    ("GET /api/export/cross-connects.csv", Row("export table")),
    ("GET /api/export/devices.csv", Row("export table")),
    ("GET /api/export/links.csv", Row("export table")),
    ("GET /api/support-bundle", Row("download support bundle")),
    ("POST /api/admin/shutdown", Elsewhere("who_guesses_waits_and_is_written_down")),
    ("POST /api/audit/accept", Elsewhere("store::audit_trail")),
    ("POST /api/audit/{id}/undo", Command),
    ("POST /api/undo", Command),
    ("POST /api/backups", Row("run job")),
    ("POST /api/backups/discover", Row("search for backups")),
    ("POST /api/backups/prune", Elsewhere("removed_backups_are_recorded")),
    ("POST /api/backups/undo", Row("undo restore")),
    ("POST /api/backups/{id}/restore", Row("restore backup")),
    ("POST /api/backups/{id}/verify", Row("verify backup")),
    ("POST /api/devices", Command),
    ("POST /api/devices/bulk", Command),
    ("POST /api/devices/erase-personal-data", Row("erase personal data")),
    ("POST /api/devices/provision", Row("provision device")),
    ("DELETE /api/devices/{id}", Command),
    ("PATCH /api/devices/{id}", Command),
    ("PUT /api/devices/{id}/cross-connects", Command),
    ("POST /api/devices/{id}/cross-connects", Command),
    ("DELETE /api/devices/{id}/cross-connects/{interface_id}", Command),
    ("DELETE /api/devices/{id}/override", Command),
    ("PATCH /api/devices/{id}/override", Command),
    ("POST /api/devices/{id}/override-status", Command),
    ("DELETE /api/devices/{id}/override-status", Command),
    ("POST /api/export/devices.csv", Row("export table")),
    ("POST /api/health/checks/{id}/run", Nothing("it measures, as the appliance does by itself")),
    ("POST /api/health/run", Nothing("it measures, as the appliance does by itself")),
    ("POST /api/import/cross-connects", Command),
    ("POST /api/import/csv", Command),
    ("POST /api/import/devices", Command),
    ("POST /api/import/links", Command),
    ("POST /api/incidents/{id}/acknowledge", Row("acknowledge incident")),
    ("POST /api/incidents/{id}/close", Elsewhere("as a note: one function does all three")),
    ("POST /api/incidents/{id}/note", Row("add note to incident")),
    ("POST /api/interfaces", Command),
    ("PATCH /api/jobs/{name}", Row("change job")),
    ("POST /api/jobs/{name}/run", Row("run job")),
    ("POST /api/lifecycle/bulk", Command),
    ("POST /api/links", Command),
    ("POST /api/links/create-simple", Command),
    ("DELETE /api/links/{id}", Command),
    ("PATCH /api/links/{id}", Command),
    ("DELETE /api/links/{id}/override", Command),
    ("PUT /api/logs/levels", Row("change log level")),
    ("DELETE /api/logs/levels", Row("end change of log level")),
    ("POST /api/maintenance", Row("plan maintenance")),
    ("DELETE /api/maintenance/{id}", Row("delete maintenance")),
    ("POST /api/notices/test", Row("send test notice")),
    ("POST /api/overrides/bulk", Command),
    ("POST /api/runbook/{key}/records", Row("record duty")),
    ("POST /api/seed", Command),
    ("PATCH /api/settings", Row("change settings")),
    ("POST /api/simulate", Nothing("it changes nothing")),
    ("POST /api/sync/adopt", Elsewhere("sync::audit")),
    ("POST /api/sync/check", Nothing("it compares, as the appliance does by itself")),
    ("POST /api/sync/now", Nothing("it sends what is sent anyway")),
    ("POST /api/sync/reconcile", Elsewhere("sync::audit")),
    ("POST /api/sync/takeover", Elsewhere("sync::audit")),
];

/// The routes that are listed.
pub(super) fn routes() -> impl Iterator<Item = &'static str> {
    ROUTES.iter().map(|(route, _)| *route)
}

/// The action of the row that a route leaves; `None` if it leaves none.
pub(super) fn row_of(route: &str) -> Option<&'static str> {
    let (_, leaves) = ROUTES.iter().find(|(listed, _)| *listed == route).expect("a listed route");
    match leaves {
        Row(action) => Some(action),
        Nothing(_) => None,
        Command | Elsewhere(_) => panic!("{route} has another test"),
    }
}

/// Whether a route is about users, what they log in with, or tokens.
pub(super) fn is_about_accounts(route: &str) -> bool {
    let path = route.split(' ').nth(1).unwrap_or_default();
    let first = path.split('/').nth(2).unwrap_or_default();
    ["account", "session", "sessions", "setup", "tokens", "users"].contains(&first)
}

#[test]
fn each_route_that_is_no_read_is_listed() {
    let document: Value = serde_json::from_str(&unoc::api::document()).expect("JSON");
    let paths = document["paths"].as_object().expect("paths");
    let documented: BTreeSet<String> = paths
        .iter()
        .flat_map(|(path, item)| {
            let methods = item.as_object().expect("methods").keys();
            methods.map(move |method| format!("{} {path}", method.to_uppercase()))
        })
        .collect();
    let listed: BTreeSet<String> = ROUTES.iter().map(|(route, _)| (*route).to_owned()).collect();
    assert_eq!(listed.len(), ROUTES.len(), "each once");
    let unknown: Vec<_> = listed.difference(&documented).collect();
    assert!(unknown.is_empty(), "no longer documented: {unknown:?}");
    let changing = documented.iter().filter(|route| !route.starts_with("GET "));
    let missing: Vec<_> = changing.filter(|route| !listed.contains(*route)).collect();
    assert!(missing.is_empty(), "say what these leave in the audit trail: {missing:?}");
}

/// An appliance with something for every request.
struct Fixture {
    app: TestApp,
    plant: SharedOdf,
    backup: String,
}

impl Fixture {
    fn new() -> Self {
        let app = TestApp::empty();
        let plant = SharedOdf::build(&app);
        let backup = app.back_up()["id"].as_str().expect("an id").to_owned();
        Self { app, plant, backup }
    }

    /// Sends a request and returns the actions of the rows that it left.
    #[track_caller]
    fn rows_of(&self, number: usize, method: &str, path: &str, body: &Value) -> Vec<String> {
        let id = format!("route-{number}");
        let headers = [("x-request-id", id.as_str()), ("content-type", "application/json")];
        let body = (!body.is_null()).then(|| body.to_string());
        let method: Method = method.parse().expect("a method");
        let answer = self.app.send(method.clone(), path, &headers, body.as_deref());
        assert!((200..300).contains(&answer.status), "{method} {path}: {}", answer.text());
        let rows = self.app.get(&format!("/api/audit?q={id}&limit=50")).expect(200).json();
        let rows = rows.as_array().expect("a list").iter();
        let rows = rows.filter(|row| row["request_id"] == id);
        rows.map(|row| {
            assert_eq!(row["actor"], "api 127.0.0.1", "{method} {path}");
            assert_eq!(row["address"], "127.0.0.1", "{method} {path}");
            row["action"].as_str().expect("a text").to_owned()
        })
        .collect()
    }
}

/// A request for each route that this test shows: the route, its path, and the body.
fn listed_requests(
    backup: &str,
    ont: u64,
    id: &Value,
    window: Value,
) -> Vec<(&'static str, String, Value)> {
    let restore = format!("/api/backups/{backup}/restore");
    vec![
        ("GET /api/audit/export", "/api/audit/export".into(), Value::Null),
        ("GET /api/backups/{id}/download", format!("/api/backups/{backup}/download"), Value::Null),
        ("GET /api/export", "/api/export".into(), Value::Null),
        ("GET /api/export/devices.csv", "/api/export/devices.csv".into(), Value::Null),
        ("GET /api/export/links.csv", "/api/export/links.csv".into(), Value::Null),
        (
            "GET /api/export/cross-connects.csv",
            "/api/export/cross-connects.csv".into(),
            Value::Null,
        ),
        ("POST /api/export/devices.csv", "/api/export/devices.csv".into(), json!({"ids": [ont]})),
        ("GET /api/support-bundle", "/api/support-bundle".into(), Value::Null),
        ("POST /api/backups/discover", "/api/backups/discover".into(), Value::Null),
        ("POST /api/backups/{id}/verify", format!("/api/backups/{backup}/verify"), Value::Null),
        (
            "POST /api/devices/provision",
            "/api/devices/provision".into(),
            json!({"name": "new", "device_type": "POP"}),
        ),
        (
            "POST /api/devices/erase-personal-data",
            "/api/devices/erase-personal-data".into(),
            json!({"ids": [ont]}),
        ),
        ("PATCH /api/jobs/{name}", "/api/jobs/prune".into(), json!({"is_enabled": false})),
        ("POST /api/jobs/{name}/run", "/api/jobs/self-check/run".into(), Value::Null),
        (
            "PUT /api/logs/levels",
            "/api/logs/levels".into(),
            json!({"target": "unoc::sync", "level": "DEBUG"}),
        ),
        ("DELETE /api/logs/levels", "/api/logs/levels".into(), Value::Null),
        ("POST /api/maintenance", "/api/maintenance".into(), window),
        ("DELETE /api/maintenance/{id}", format!("/api/maintenance/{id}"), Value::Null),
        ("POST /api/notices/test", "/api/notices/test".into(), json!({})),
        (
            "POST /api/runbook/{key}/records",
            "/api/runbook/contacts/records".into(),
            json!({"name": "Ada"}),
        ),
        ("PATCH /api/settings", "/api/settings".into(), json!({"v2_events": false})),
        ("POST /api/backups/{id}/restore", restore, json!({"dry_run": false})),
        ("POST /api/backups/undo", "/api/backups/undo".into(), Value::Null),
        ("POST /api/backups", "/api/backups".into(), Value::Null),
        ("POST /api/health/run", "/api/health/run".into(), Value::Null),
    ]
}

#[test]
fn requests_leave_the_rows_that_are_listed() {
    let fixture = Fixture::new();
    let Fixture { app, plant, backup } = &fixture;
    let ont = plant.onts[0];
    let window = json!({"ends_at": "2030-01-01T00:00:00Z", "reason": "work", "name": "Ada"});
    let id = app.post("/api/maintenance", &window).expect(201).json()["id"].clone();
    let requests = listed_requests(backup, ont, &id, window);
    for (number, (route, path, body)) in requests.iter().enumerate() {
        let method = route.split(' ').next().expect("a method");
        let (_, leaves) =
            ROUTES.iter().find(|(listed, _)| listed == route).expect("a listed route");
        let rows = fixture.rows_of(number, method, path, body);
        match leaves {
            Row(action) => assert!(rows.iter().any(|row| row == action), "{route}: {rows:?}"),
            Nothing(why) => assert!(rows.is_empty(), "{route}, {why}: {rows:?}"),
            Command => assert!(!rows.is_empty(), "{route}"),
            Elsewhere(place) => panic!("{route} is shown by {place}"),
        }
    }
}

/// Each kind of command has a row with its own action.
#[test]
fn commands_leave_a_row_each() {
    let fixture = Fixture::new();
    let plant = &fixture.plant;
    let (odf, ont) = (plant.odf, plant.onts[0]);
    let joins = plant.cross_connects_path();
    let requests: Vec<(&str, String, Value, &str)> = vec![
        ("POST", "/api/devices".into(), json!({"name": "a", "device_type": "POP"}), "device"),
        ("PATCH", format!("/api/devices/{ont}"), json!({"tags": ["x"]}), "update device"),
        ("POST", joins, pairs(&[["port9", "port10"]]), "cross-connect"),
        (
            "PATCH",
            format!("/api/devices/{ont}/override"),
            json!({"status_override": "DOWN"}),
            "set override",
        ),
        ("DELETE", format!("/api/devices/{ont}/override"), Value::Null, "clear override"),
        (
            "POST",
            "/api/interfaces".into(),
            json!({"name": "i", "interface_type": "ETHERNET", "device_id": odf}),
            "create interface",
        ),
        ("DELETE", format!("/api/devices/{ont}"), Value::Null, "delete device"),
    ];
    for (number, (method, path, body, part)) in requests.iter().enumerate() {
        let rows = fixture.rows_of(number, method, path, body);
        assert_eq!(rows.len(), 1, "{method} {path}: {rows:?}");
        assert!(rows[0].contains(part), "{method} {path}: {rows:?}");
    }
}

#[test]
fn what_people_do_with_an_incident_is_recorded_without_what_they_write() {
    let app = TestApp::empty();
    app.clock.hold();
    let plant = Plant::build(&app);
    app.cut(plant.link("SPL-A", "ONT-A1"));
    app.clock.advance(3);
    wait::until("the incident", || {
        let list = app.get("/api/incidents").expect(200).json();
        (list["open_count"] == 1).then_some(())
    });
    let body = json!({"name": "Ada", "note": "called the customer"});
    app.post("/api/incidents/1/acknowledge", &body).expect(200);
    app.post("/api/incidents/1/note", &body).expect(200);
    let rows = app.get("/api/audit?q=incident").expect(200);
    assert!(!rows.text().contains("called"), "an erasure does not look into details");
    let rows = rows.json();
    let actions: Vec<&Value> =
        rows.as_array().expect("a list").iter().map(|it| &it["action"]).collect();
    assert_eq!(actions, ["add note to incident", "acknowledge incident"]);
    assert_eq!(rows[0]["details"], json!({"incident": 1, "name": "Ada"}));
}

#[test]
fn a_dry_run_of_a_restore_leaves_nothing() {
    let fixture = Fixture::new();
    let path = format!("/api/backups/{}/restore", fixture.backup);
    assert_eq!(fixture.rows_of(1, "POST", &path, &json!({"dry_run": true})), [""; 0]);
}
