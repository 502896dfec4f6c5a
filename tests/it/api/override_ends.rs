//! Overrides with an end: it is set, shown, and comes without anybody asking.

use serde_json::{Value, json};
use unoc::domain::Timestamp;
use unoc::wire::Time;

use crate::harness::TestApp;
use crate::harness::plant::Plant;
use crate::harness::site::ids_of;
use crate::harness::wait;

const AT_FOUR: &str = "2026-11-24T04:00:00.000000Z";
const AT_FIVE: &str = "2026-11-24T05:00:00.000000Z";

fn time(text: &str) -> Timestamp {
    Time::parse(text).expect("a time")
}

fn until(end: &str) -> Value {
    json!({
        "status_override": "DOWN", "override_reason": "new splitter",
        "override_ends_at": end, "override_is_planned_work": true,
    })
}

fn is_overridden(app: &TestApp, path: &str) -> bool {
    !app.get(path).expect(200).json()["status_override"].is_null()
}

fn wait_for_end(app: &TestApp, path: &str) {
    wait::until("the override ends", || (!is_overridden(app, path)).then_some(()));
}

#[test]
fn overrides_end_at_their_time_together_and_with_an_entry_of_their_own() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    app.clock.hold();
    let (olt, later) = (plant.path("OLT"), plant.path("AON"));
    let link = format!("/api/links/{}", plant.link("SPL-A", "ONT-A1"));
    app.patch(&format!("{olt}/override"), &until(AT_FOUR)).expect(200);
    app.patch(&link, &until(AT_FOUR)).expect(200);
    app.patch(&format!("{later}/override"), &until(AT_FIVE)).expect(200);
    for path in [&olt, &link] {
        let shown = app.get(path).expect(200).json();
        assert_eq!(shown["override_ends_at"], AT_FOUR);
        assert_eq!(shown["override_is_planned_work"], true);
    }
    let seq = app.seq();

    app.clock.jump_to(time(AT_FOUR));
    wait_for_end(&app, &olt);
    assert!(!is_overridden(&app, &link), "in the same commit");
    assert_eq!(app.seq(), seq + 1);
    let shown = app.get(&olt).expect(200).json();
    assert_eq!((&shown["status"], &shown["override_ends_at"]), (&json!("UP"), &Value::Null));
    assert_eq!(shown["override_is_planned_work"], false);
    let row = app.get("/api/audit?limit=1").expect(200).json()[0].clone();
    assert_eq!(row["action"], "end overrides");
    assert_eq!((&row["actor"], &row["request_id"]), (&json!("end of override"), &json!("")));
    assert_eq!(row["changes"][0]["before"]["override_reason"], "new splitter");
    assert_eq!(row["at"], AT_FOUR);
    assert!(is_overridden(&app, &later), "its end is later");

    app.clock.jump_to(time(AT_FIVE));
    wait_for_end(&app, &later);
}

#[test]
fn what_ended_while_the_service_was_down_is_cleared_at_the_start() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    app.clock.hold();
    let (olt, later) = (plant.path("OLT"), plant.path("AON"));
    app.patch(&format!("{olt}/override"), &until(AT_FOUR)).expect(200);
    app.patch(&format!("{later}/override"), &until(AT_FIVE)).expect(200);
    let app = app.restart(|clock| clock.jump_to(time(AT_FOUR)));
    wait_for_end(&app, &olt);
    assert!(is_overridden(&app, &later), "its end is kept over the restart");
    app.clock.jump_to(time(AT_FIVE));
    wait_for_end(&app, &later);
}

#[test]
fn an_end_follows_the_clock_forward_and_back_and_its_changes() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    app.clock.hold();
    let (olt, aon) = (plant.path("OLT"), plant.path("AON"));
    app.patch(&format!("{olt}/override"), &until(AT_FIVE)).expect(200);
    // Another end replaces the first.
    app.patch(&format!("{olt}/override"), &until(AT_FOUR)).expect(200);
    app.patch(&format!("{aon}/override"), &until(AT_FOUR)).expect(200);
    // An end that was removed does not come.
    let stays = json!({"status_override": "DOWN", "override_ends_at": null});
    app.patch(&format!("{aon}/override"), &stays).expect(200);
    app.clock.jump_to(time("2026-01-01T00:00:00Z"));
    app.clock.jump_to(time(AT_FOUR));
    wait_for_end(&app, &olt);
    assert!(is_overridden(&app, &aon));
    // Deleted with its end, a device leaves nothing to end.
    app.patch(&format!("{aon}/override"), &until(AT_FIVE)).expect(200);
    app.delete(&aon).expect(204);
    app.patch(&format!("{olt}/override"), &until(AT_FIVE)).expect(200);
    app.clock.jump_to(time(AT_FIVE));
    wait_for_end(&app, &olt);
}

#[test]
fn an_end_is_a_time_in_the_future() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    let olt = format!("{}/override", plant.path("OLT"));
    let link = format!("/api/links/{}", plant.link("OLT", "ODF"));
    let bulk = "/api/overrides/bulk";
    let group =
        |end: &str| json!({"device_ids": [plant.id("OLT")], "status": "DOWN", "ends_at": end});
    let past = "2026-11-23T13:00:00Z";
    for answer in [
        app.patch(&olt, &until(past)),
        app.patch(&link, &until(past)),
        app.post(bulk, &group(past)),
    ] {
        assert_eq!(answer.expect(400).detail(), "The end of an override must be in the future");
    }
    for end in ["tomorrow", "2026-11-24 04:00", ""] {
        app.patch(&olt, &until(end)).expect(422);
        app.patch(&link, &until(end)).expect(422);
        let error = app.post(bulk, &group(end)).expect(422).detail();
        assert_eq!(error[0]["type"], "datetime_parsing");
    }
    // Without a status, an end has no meaning.
    app.patch(&link, &json!({"override_ends_at": AT_FOUR})).expect(422);
    // Any offset is understood.
    app.patch(&olt, &until("2026-11-24T05:00:00+01:00")).expect(200);
    assert_eq!(app.device(plant.id("OLT"))["override_ends_at"], AT_FOUR);
}

#[test]
fn many_overrides_are_one_change() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    let devices = [plant.id("OLT"), plant.id("AON")];
    let links = [plant.link("GW", "CORE")];
    let before = app.seq();
    let group = json!({
        "device_ids": devices, "link_ids": links, "status": "DOWN", "reason": "power",
        "ends_at": AT_FOUR, "planned": true,
    });
    let answer = app.post("/api/overrides/bulk", &group).expect(200).json();
    assert_eq!((&answer["device_count"], &answer["link_count"]), (&json!(2), &json!(1)));
    assert_eq!(answer["message"], "Status override set on 2 devices and 1 link");
    assert_eq!(app.seq(), before + 1);
    let row = app.get("/api/audit?limit=1").expect(200).json()[0].clone();
    assert_eq!(row["action"], "set overrides");
    let direct = row["changes"].as_array().expect("a list").iter().take(3);
    let direct: Vec<Value> = direct.map(|change| change["id"].clone()).collect();
    assert_eq!(direct, [json!(devices[0]), json!(devices[1]), json!(links[0])]);
    let list = app.get("/api/overrides").expect(200).json();
    assert_eq!(list["count"], 3);
    for one in list["overrides"].as_array().expect("a list") {
        assert_eq!(one["override_reason"], "power");
        assert_eq!(one["override_ends_at"], AT_FOUR);
        assert_eq!(one["override_is_planned_work"], true);
    }
    // Put back as they were, each with its own former override.
    let undo = json!({"groups": [
        {"device_ids": [devices[0]], "status": "UP", "reason": "as seen"},
        {"device_ids": [devices[1]], "link_ids": links, "status": null},
    ]});
    let answer = app.post("/api/overrides/bulk", &undo).expect(200).json();
    assert_eq!(answer["message"], "Status override set on 2 devices and 1 link");
    assert_eq!(app.seq(), before + 2);
    assert_eq!(app.device(devices[0])["status_override"], "UP");
    assert_eq!(app.get("/api/overrides").expect(200).json()["count"], 1);
    let clear = json!({"device_ids": devices, "status": null});
    let answer = app.post("/api/overrides/bulk", &clear).expect(200).json();
    assert_eq!(answer["message"], "Status override cleared on 2 devices and 0 links");
}

#[test]
fn a_device_that_is_named_twice_is_one() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    let (olt, link) = (plant.id("OLT"), plant.link("GW", "CORE"));
    let body = json!({
        "device_ids": [olt, plant.id("AON"), olt], "link_ids": [link, link], "status": "DOWN",
    });
    let answer = app.post("/api/overrides/bulk", &body).expect(200).json();
    assert_eq!(answer["message"], "Status override set on 2 devices and 1 link");
    let body = json!({"device_ids": [olt, olt], "lifecycle": "planned"});
    let answer = app.post("/api/lifecycle/bulk", &body).expect(200).json();
    assert_eq!(answer["device_count"], 1, "{answer}");
}

#[test]
fn many_overrides_are_set_all_or_none() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    let (olt, aon) = (plant.id("OLT"), plant.id("AON"));
    app.hold(aon, &json!("UP"));
    let seq = app.seq();
    let missing = json!({"device_ids": [olt, 999_999], "status": "DOWN"});
    let refused = app.post("/api/overrides/bulk", &missing).expect(404);
    assert_eq!(refused.detail(), "device 999999 not found");
    // Someone has overridden one of them meanwhile.
    let group = |seen: Value| json!({"device_ids": [olt, aon], "status": "DOWN", "replaces": seen});
    let refused = app.post("/api/overrides/bulk", &group(Value::Null)).expect(412).json();
    let detail = "1 of the devices and links were changed meanwhile; nothing was done";
    assert_eq!(refused["detail"], detail);
    assert_eq!(ids_of(&refused["devices"]), [aon]);
    assert_eq!(refused["devices"][0]["status_override"], "UP");
    for invalid in [
        json!({"device_ids": [olt]}),
        json!({"device_ids": [olt], "status": "BROKEN"}),
        json!({"device_ids": "all", "status": "DOWN"}),
        json!({"groups": [{"device_ids": [olt]}]}),
        json!({"device_ids": [olt], "status": "DOWN", "replaces": "UP"}),
        json!({"device_ids": vec![olt; 10_001], "status": "DOWN"}),
    ] {
        app.post("/api/overrides/bulk", &invalid).expect(422);
    }
    assert_eq!(app.seq(), seq, "nothing was done");
    let groups = json!({"groups": [
        {"device_ids": [olt], "status": "DOWN", "replaces": null},
        {"device_ids": [aon], "status": "DOWN", "replaces": {"status": "UP"}},
    ]});
    app.post("/api/overrides/bulk", &groups).expect(200);
    assert_eq!(app.device(aon)["status_override"], "DOWN");
}

#[test]
fn a_bulk_override_can_be_tried() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    let step = json!({"op": "override", "device_ids": [plant.id("SPL-A")], "status": "DOWN"});
    let answer = app.post("/api/simulate", &json!({"changes": [step]})).expect(200).json();
    let names = answer["devices"].as_array().expect("a list").iter();
    assert_eq!(names.filter(|one| one["after"]["status"] == "DOWN").count(), 4);
    assert_eq!(app.get("/api/overrides").expect(200).json()["count"], 0);
}
