//! Undoing a change by its row in the audit trail.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use http::Method;
use serde_json::{Value, json};
use unoc::domain::{DeviceId, DevicePatch, Position, UpdateDevice};
use unoc::store::AuditOrigin;

use crate::harness::TestApp;
use crate::harness::plant::Plant;
use crate::harness::site::id_of;

/// The newest row.
fn newest(app: &TestApp) -> Value {
    app.get("/api/audit?limit=1").expect(200).json()[0].clone()
}

fn undo_path(row: &Value) -> String {
    format!("/api/audit/{}/undo", id_of(row))
}

fn undo(app: &TestApp, row: &Value) -> Value {
    app.send(Method::POST, &undo_path(row), &[], None).expect(200).json()
}

/// All devices, ports and links without the times of their changes.
fn site(app: &TestApp) -> BTreeMap<(&'static str, u64), Value> {
    let mut site = BTreeMap::new();
    for list in ["devices", "interfaces", "links"] {
        let entities = app.get(&format!("/api/{list}")).expect(200).json();
        for entity in entities.as_array().expect("a list") {
            let mut entity = entity.clone();
            for key in ["updated_at", "status_since"] {
                if let Some(time) = entity.get_mut(key) {
                    *time = Value::Null;
                }
            }
            site.insert((list, id_of(&entity)), entity);
        }
    }
    site
}

#[test]
fn a_deleted_device_comes_back_with_ports_links_joins_and_children_and_is_deleted_again() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    let in_pop = json!({"parent_container_id": plant.id("POP")});
    app.patch(&plant.path("OLT"), &in_pop).expect(200);
    for name in ["ODF", "OLT", "SPL-A", "POP", "CORE"] {
        let before = site(&app);
        app.delete(&plant.path(name)).expect(204);
        let after = site(&app);
        let deletion = newest(&app);
        assert_eq!(deletion["undo"], json!({"is_possible": true, "reason": null}));

        let answer = undo(&app, &deletion);
        assert_eq!(site(&app), before, "{name} is back");
        assert_eq!(answer["undone_ids"], json!([deletion["id"]]));
        let row = newest(&app);
        assert_eq!(row["action"], "undo");
        assert_eq!(row["undone_ids"], answer["undone_ids"]);

        undo(&app, &row);
        assert_eq!(site(&app), after, "{name} is deleted again");
        undo(&app, &newest(&app));
        assert_eq!(site(&app), before, "{name} is back again");
    }
}

#[test]
fn obstacles_are_listed_and_nothing_is_changed() {
    let app = TestApp::empty();
    let id = app.provision("HOP-1", "HOP");
    let path = format!("/api/devices/{id}");
    app.patch(&path, &json!({"name": "HOP-2", "x": 5, "y": 1})).expect(200);
    let row = newest(&app);
    app.patch(&path, &json!({"name": "HOP-3", "x": 6, "y": 1})).expect(200);
    let before = site(&app);
    let refused = app.send(Method::POST, &undo_path(&row), &[], None).expect(409).json();
    let obstacles = json!([
        "the name of HOP-3 was changed meanwhile",
        "the position of HOP-3 was changed meanwhile",
    ]);
    assert_eq!(refused["obstacles"], obstacles);
    assert_eq!(
        refused["detail"],
        "It cannot be undone: the name of HOP-3 was changed meanwhile; \
         the position of HOP-3 was changed meanwhile"
    );
    assert_eq!(site(&app), before);

    // The forecast says the same.
    let step = json!({"changes": [{"op": "undo", "audit_id": row["id"]}]});
    let forecast = app.post("/api/simulate", &step).expect(400).json();
    assert_eq!(forecast["errors"][0]["obstacles"], obstacles);
}

#[test]
fn the_forecast_of_an_undo_is_what_it_does() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    app.delete(&plant.path("ODF")).expect(204);
    let row = newest(&app);
    let step = json!({"changes": [{"op": "undo", "audit_id": row["id"]}]});
    let forecast = app.post("/api/simulate", &step).expect(200).json();
    assert_eq!(forecast["effects"]["subscribers_restored"], 7);
    let answer = undo(&app, &row);
    assert_eq!(answer["device_count"], 1);
    assert_eq!(answer["interface_count"], 48);
    assert_eq!(answer["link_count"], 3);
    let again = app.send(Method::POST, &undo_path(&row), &[], None).expect(409);
    assert_eq!(again.detail(), "Nothing of this change is left to undo");

    let two = vec![json!({"op": "undo", "audit_id": 0}); 2];
    let refused = app.post("/api/simulate", &json!({"changes": two})).expect(400);
    assert_eq!(refused.detail(), "A simulation has at most one undo");
}

#[test]
fn what_cannot_be_undone_says_why() {
    let app = TestApp::empty();
    let missing = app.send(Method::POST, "/api/audit/999/undo", &[], None).expect(404);
    assert_eq!(missing.detail(), "Change not found among the newest 10,000");
    let step = json!({"changes": [{"op": "undo", "audit_id": 999}]});
    app.post("/api/simulate", &step).expect(404);

    let check = |row: &Value, reason: &str| {
        let refused = app.send(Method::POST, &undo_path(row), &[], None).expect(409);
        assert_eq!(refused.detail(), reason);
        let step = json!({"changes": [{"op": "undo", "audit_id": row["id"]}]});
        assert_eq!(app.post("/api/simulate", &step).expect(409).detail(), reason);
    };
    let hop = app.provision("HOP-1", "HOP");
    let provisioning = newest(&app);
    let erasure = json!({"ids": [hop]});
    let note = json!({"note": "blue house"});
    app.patch(&format!("/api/devices/{hop}"), &note).expect(200);
    app.post("/api/devices/erase-personal-data", &erasure).expect(200);
    let row = newest(&app);
    let reason = "Erased personal data cannot be restored";
    assert_eq!(row["undo"], json!({"is_possible": false, "reason": reason}));
    check(&row, reason);

    app.send(Method::POST, "/api/seed", &[], None).expect(201);
    check(&newest(&app), "The whole site was replaced; restore a backup instead");
    check(&provisioning, "The whole site was replaced since");
}

#[test]
fn all_changes_of_a_request_id_are_undone_together() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    let before = site(&app);
    let headers = [("x-request-id", "cleanup-7"), ("content-type", "application/json")];
    for name in ["SPL-A", "ODF"] {
        app.send(Method::DELETE, &plant.path(name), &headers, None).expect(204);
    }
    for name in ["NVT-1", "NVT-2"] {
        let body = json!({"name": name}).to_string();
        app.send(Method::PATCH, &plant.path("NVT"), &headers, Some(&body)).expect(200);
    }
    let body = json!({"request_id": "cleanup-7"});
    let step = json!({"changes": [{"op": "undo", "request_id": "cleanup-7"}]});
    let forecast = app.post("/api/simulate", &step).expect(200).json();
    assert_eq!(forecast["effects"]["subscribers_restored"], 7);
    let seq = app.seq();
    let answer = app.post("/api/undo", &body).expect(200).json();
    assert_eq!(site(&app), before);
    assert_eq!(app.seq(), seq + 1, "one change");
    assert_eq!(answer["undone_ids"].as_array().unwrap().len(), 4);
    assert_eq!(newest(&app)["undone_ids"], answer["undone_ids"]);

    undo(&app, &newest(&app));
    app.get(&plant.path("ODF")).expect(404);
    assert_eq!(app.get(&plant.path("NVT")).expect(200).json()["name"], "NVT-2");

    app.post("/api/undo", &json!({"request_id": "another"})).expect(404);
    app.post("/api/undo", &json!({"request_id": ""})).expect(422);
    app.post("/api/undo", &json!({})).expect(422);
}

#[test]
fn what_another_changed_between_two_changes_of_a_request_is_not_undone() {
    let app = TestApp::empty();
    let id = app.provision("HOP-1", "HOP");
    let path = format!("/api/devices/{id}");
    let rename = |name: &str, request_id: &str| {
        let headers = [("x-request-id", request_id), ("content-type", "application/json")];
        let body = json!({"name": name}).to_string();
        app.send(Method::PATCH, &path, &headers, Some(&body)).expect(200);
    };
    rename("HOP-2", "one");
    rename("HOP-3", "two");
    rename("HOP-4", "one");
    let refused = app.post("/api/undo", &json!({"request_id": "one"})).expect(409).json();
    assert_eq!(refused["obstacles"], json!(["the name of HOP-4 was changed meanwhile"]));
}

#[test]
fn a_change_that_is_too_large_to_undo_says_so() {
    let app = TestApp::empty();
    let splitter =
        |n: u32| json!({"name": format!("SPL-{n}"), "device_type": "SPLITTER", "split_ratio": 128});
    let devices: Vec<Value> = (0..400).map(splitter).collect();
    app.post("/api/devices/bulk", &json!({"devices": devices})).expect(201);
    let row = newest(&app);
    let reason = "It changed more than 50,000 devices, ports and links; restore a backup instead";
    assert_eq!(row["undo"], json!({"is_possible": false, "reason": reason}));
    let refused = app.send(Method::POST, &undo_path(&row), &[], None).expect(409);
    assert_eq!(refused.detail(), reason);
}

#[test]
fn a_request_with_more_changes_than_are_searched_is_not_undone_in_part() {
    let app = TestApp::empty();
    let id = DeviceId(app.provision("HOP-1", "HOP"));
    let origin = AuditOrigin { request_id: "drag".to_owned(), ..AuditOrigin::local("test") };
    let moves = (1..=10_001).map(|x| {
        let position = Some(Position { x: x.into(), y: 0.0 });
        let patch = DevicePatch { position, ..DevicePatch::default() };
        app.handle.execute(UpdateDevice { id, patch }, origin.clone())
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    for moved in runtime.block_on(join_all(moves)) {
        moved.expect("it is moved");
    }
    let body = json!({"request_id": "drag"});
    let refused = app.post("/api/undo", &body).expect(409);
    let reason =
        "The request has changes that are not among the newest 10,000; restore a backup instead";
    assert_eq!(refused.detail(), reason);
    undo(&app, &newest(&app));
}

/// Of what follows from a change 100 entities are kept, and the ports that tell that a leaf was never
/// connected were beyond these.
#[test]
fn leaves_that_were_never_connected_are_so_again_after_an_undo_of_many_links() {
    let app = TestApp::empty();
    let _plant = Plant::build(&app);
    let mut table = "name,device_type\n".to_owned();
    let mut links = "name,connect_to\n".to_owned();
    for n in 0..120 {
        table.push_str(&format!("NEW-{n},AON_CPE\n"));
        links.push_str(&format!("NEW-{n},AON\n"));
    }
    let import = |table: &str| {
        app.post_file("/api/import/devices", "text/csv", table.as_bytes()).expect(200);
    };
    import(&table);
    let before = site(&app);
    import(&links);
    assert_ne!(site(&app), before);
    undo(&app, &newest(&app));
    assert_eq!(site(&app), before);
}
