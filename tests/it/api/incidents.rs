//! Incidents and maintenance over HTTP.

use serde_json::{Value, json};

use crate::harness::http::keys_of;
use crate::harness::plant::Plant;
use crate::harness::{TestApp, wait};

/// A network with these links cut, once each has its incident.
fn with_cuts(links: &[(&'static str, &'static str)]) -> (TestApp, Vec<Value>) {
    let app = TestApp::empty();
    // What is not connected yet is no incident.
    app.clock.hold();
    let plant = Plant::build(&app);
    for (count, (a, b)) in links.iter().enumerate() {
        app.cut(plant.link(a, b));
        app.clock.advance(3);
        wait::until("the incident", || {
            let list = app.get("/api/incidents").expect(200).json();
            (list["open_count"] == count + 1).then_some(())
        });
    }
    let list = app.get("/api/incidents").expect(200).json();
    (app, list["incidents"].as_array().expect("a list").clone())
}

const LEAVES: [(&str, &str); 3] = [("SPL-A", "ONT-A1"), ("SPL-A", "ONT-A2"), ("SPL-A", "ONT-A3")];

fn ids(list: &Value) -> Vec<u64> {
    let incidents = list["incidents"].as_array().expect("a list").iter();
    incidents.map(|incident| incident["id"].as_u64().expect("an id")).collect()
}

#[test]
fn an_incident_has_these_keys() {
    let (app, _) = with_cuts(&LEAVES[..1]);
    let detail = app.get("/api/incidents/1").expect(200);
    let keys = [
        "id",
        "key",
        "source",
        "state",
        "severity",
        "title",
        "detail",
        "subject",
        "customer_count",
        "customer_count_max",
        "count",
        "is_active",
        "is_flapping",
        "maintenance_id",
        "can_be_closed",
        "first_seen_at",
        "last_seen_at",
        "acknowledgement",
        "closed_at",
        "closed_by",
        "timeline",
        "timeline_removed_count",
        "notices",
    ];
    assert_eq!(keys_of(detail.text()), keys);
    let list = app.get("/api/incidents").expect(200);
    assert_eq!(keys_of(list.text()), ["open_count", "acknowledged_count", "incidents"]);
    let detail = detail.json();
    let listed = &list.json()["incidents"][0];
    for key in &keys[..keys.len() - 3] {
        assert_eq!(listed[key], detail[key], "{key}");
    }
    assert!(listed.get("timeline").is_none(), "lists are short");
    app.get("/api/incidents/2").expect(404);
    app.get("/api/incidents/x").expect(422);
}

#[test]
fn people_act_on_incidents() {
    let (app, _) = with_cuts(&LEAVES[..1]);
    let post = |action: &str, body: Value| app.post(&format!("/api/incidents/1/{action}"), &body);
    for (action, body) in [
        ("acknowledge", json!({})),
        ("acknowledge", json!({"name": "  "})),
        ("acknowledge", json!({"name": "x".repeat(101)})),
        ("note", json!({"name": "Ada"})),
        ("note", json!({"name": "Ada", "note": ""})),
        ("close", json!({"note": "no name"})),
    ] {
        post(action, body.clone()).expect(422);
    }
    let refused = post("close", json!({"name": "Ada"})).expect(409);
    assert!(refused.text().contains("closes by itself"), "{}", refused.text());
    let taken = post("acknowledge", json!({"name": " Ada ", "note": "on my way"})).expect(200);
    let taken = taken.json();
    assert_eq!(taken["state"], "acknowledged");
    assert_eq!(taken["acknowledgement"]["name"], "Ada");
    assert_eq!(taken["acknowledgement"]["note"], "on my way");
    let list = app.get("/api/incidents").expect(200).json();
    assert_eq!((&list["open_count"], &list["acknowledged_count"]), (&json!(0), &json!(1)));
    let noted = post("note", json!({"name": "Bo", "note": "an excavator"})).expect(200).json();
    let last = noted["timeline"].as_array().and_then(|all| all.last()).cloned().expect("an entry");
    assert_eq!(
        (&last["kind"], &last["name"], &last["text"]),
        (&json!("noted"), &json!("Bo"), &json!("an excavator"))
    );
    app.post("/api/incidents/77/acknowledge", &json!({"name": "Ada"})).expect(404);
}

#[test]
fn the_list_is_paged_and_filtered() {
    let (app, newest_first) = with_cuts(&LEAVES);
    assert_eq!(ids(&json!({"incidents": newest_first})), [3, 2, 1]);
    app.post("/api/incidents/3/acknowledge", &json!({"name": "Ada"})).expect(200);
    let get = |query: &str| app.get(&format!("/api/incidents?{query}")).expect(200);
    assert_eq!(ids(&get("").json()), [2, 1, 3], "acknowledged ones follow");
    let first = get("limit=1");
    assert_eq!(ids(&first.json()), [2]);
    let mut next = first.header("link").expect("a next page").to_owned();
    for expected in [1, 3] {
        let path = next.split(['<', '>']).nth(1).expect("a link").to_owned();
        let page = app.get(&path).expect(200);
        assert_eq!(ids(&page.json()), [expected]);
        next = page.header("link").unwrap_or_default().to_owned();
    }
    assert_eq!(next, "", "the last page");
    for (query, expected) in [
        ("state=open", vec![2, 1]),
        ("state=acknowledged", vec![3]),
        ("state=not_closed", vec![2, 1, 3]),
        ("state=closed", vec![]),
        ("severity=critical", vec![2, 1, 3]),
        ("severity=minor", vec![]),
        ("source=job", vec![]),
        ("key=network:link:0", vec![]),
    ] {
        assert_eq!(ids(&get(query).json()), expected, "{query}");
    }
    let key = newest_first[0]["key"].as_str().expect("a key");
    assert_eq!(ids(&get(&format!("key={key}")).json()), [3]);
    for query in ["state=x", "severity=planned", "source=x", "limit=501", "after=x"] {
        app.get(&format!("/api/incidents?{query}")).expect(422);
    }
}

#[test]
fn maintenance_is_planned_listed_and_deleted() {
    let app = TestApp::empty();
    app.clock.hold();
    let plant = Plant::build(&app);
    let splitter = plant.id("SPL-A");
    let body = json!({
        "device_id": splitter,
        "ends_at": "2100-01-01T00:00:00Z",
        "reason": "splicing",
        "name": "Bo",
    });
    let made = app.post("/api/maintenance", &body).expect(201);
    let keys = [
        "id",
        "device_id",
        "device_name",
        "starts_at",
        "ends_at",
        "reason",
        "name",
        "is_active",
        "has_ended",
    ];
    assert_eq!(keys_of(made.text()), keys);
    let made = made.json();
    assert_eq!((&made["device_name"], &made["reason"]), (&json!("SPL-A"), &json!("splicing")));
    let list = app.get("/api/maintenance").expect(200).json();
    assert_eq!((&list[0]["id"], &list[0]["is_active"]), (&made["id"], &json!(true)));

    // The cause is the link, but one of its ends is under maintenance.
    app.cut(plant.link("ODF", "SPL-A"));
    app.clock.advance(3);
    let muted = wait::until("the incident", || {
        let list = app.get("/api/incidents").expect(200).json();
        list["incidents"].get(0).cloned()
    });
    assert_eq!((&muted["maintenance_id"], &muted["state"]), (&made["id"], &json!("open")));
    app.delete(&format!("/api/maintenance/{}", made["id"])).expect(204);
    let told = app.get("/api/incidents/1").expect(200).json();
    assert_eq!(told["maintenance_id"], Value::Null);
    let kinds: Vec<_> = told["timeline"].as_array().expect("a list").iter().collect();
    assert_eq!(kinds.last().expect("an entry")["kind"], "unmuted");

    app.delete(&format!("/api/maintenance/{}", made["id"])).expect(404);
    app.post(
        "/api/maintenance",
        &json!({"device_id": 9999, "ends_at": "2100-01-01T00:00:00Z",
        "reason": "r", "name": "n"}),
    )
    .expect(404);
    let plan = |starts: &str, ends: &str| json!({"starts_at": starts, "ends_at": ends, "reason": "r", "name": "n"});
    let (early, late) = ("2100-01-01T00:00:00Z", "2100-01-02T00:00:00Z");
    app.post("/api/maintenance", &plan(late, early)).expect(400);
    app.post("/api/maintenance", &plan("2001-01-01T00:00:00Z", "2001-01-02T00:00:00Z")).expect(400);
    app.post("/api/maintenance", &plan(early, "soon")).expect(422);
}
