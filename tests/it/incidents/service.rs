//! The task that owns the incidents.

use serde_json::{Value, json};

use crate::harness::plant::Plant;
use crate::harness::{TestApp, wait};

/// What is due is done within a second, however many requests come.
#[test]
fn maintenance_ends_while_requests_come_all_the_time() {
    let app = TestApp::empty();
    app.clock.hold();
    let plant = Plant::build(&app);
    let body = json!({"name": "Ada", "reason": "splicing", "ends_at": "2026-11-24T00:00:00Z"});
    let window = app.post("/api/maintenance", &body).expect(201).json();
    app.cut(plant.link("ODF", "SPL-A"));
    app.clock.advance(3);
    let muted_by = || app.get("/api/incidents/1").expect(200).json()["maintenance_id"].clone();
    wait::until("the incident", || {
        let list = app.get("/api/incidents").expect(200).json();
        list["incidents"].get(0).cloned()
    });
    assert_eq!(muted_by(), window["id"]);
    app.clock.advance(24 * 60 * 60);
    let note = json!({"name": "Ada", "note": "still splicing"});
    wait::until("the maintenance has ended", || {
        app.post("/api/incidents/1/note", &note).expect(200);
        (muted_by() == Value::Null).then_some(())
    });
}
