//! How many customers had no service over time, and how much of it a device was available.

use http::Method;
use serde_json::{Value, json};
use unoc::domain::Timestamp;
use unoc::wire::Time;

use crate::harness::TestApp;
use crate::harness::plant::Plant;
use crate::harness::wait;

const NOON: &str = "2026-11-24T12:00:00.000000Z";

fn time(text: &str) -> Timestamp {
    Time::parse(text).expect("a time")
}

/// So many minutes after noon.
fn noon(minutes: i64) -> Timestamp {
    Timestamp(time(NOON).0 + minutes * 60_000_000)
}

fn text(at: Timestamp) -> Value {
    json!(Time(at).to_string())
}

/// An appliance with the plant that is at noon, and has recorded that.
fn start() -> (TestApp, Plant) {
    let app = TestApp::empty();
    app.clock.jump_to(noon(-180));
    let plant = Plant::build(&app);
    jump(&app, 0);
    (app, plant)
}

/// Jumps to a time and waits until it was recorded.
fn jump(app: &TestApp, minutes: i64) {
    app.clock.jump_to(noon(minutes));
    wait::until("the minute is recorded", || point(app, minutes).map(drop));
}

fn history(app: &TestApp, query: &str) -> Value {
    app.get(&format!("/api/history/customers{query}")).expect(200).json()
}

/// What was recorded in this minute.
fn point(app: &TestApp, minutes: i64) -> Option<Value> {
    let (from, to) = (Time(noon(minutes)), Time(noon(minutes + 1)));
    let history = history(app, &format!("?from={from}&to={to}"));
    assert!(history["points"].as_array().expect("a list").len() <= 1);
    history["points"].get(0).cloned()
}

/// The least, the greatest and the mean value.
fn values(point: &Value, series: &str) -> Value {
    let value = &point[series];
    json!([value["min"], value["max"], value["mean"]])
}

fn availability(app: &TestApp, plant: &Plant, name: &str, query: &str) -> Value {
    app.get(&format!("{}/availability{query}", plant.path(name))).expect(200).json()
}

#[test]
fn customers_without_service_are_recorded_each_minute_with_gaps() {
    let (app, plant) = start();
    let quiet = point(&app, 0).expect("recorded");
    assert_eq!(values(&quiet, "customers"), json!([9.0, 9.0, 9.0]));
    assert_eq!(values(&quiet, "without_service"), json!([0.0, 0.0, 0.0]));
    app.hold(plant.id("OLT"), &json!("DOWN"));
    jump(&app, 1);
    assert_eq!(
        values(&point(&app, 1).expect("recorded"), "without_service"),
        json!([7.0, 7.0, 7.0])
    );
    app.hold(plant.id("OLT"), &Value::Null);
    jump(&app, 2);
    // It was off for an hour.
    let app = app.restart(|clock| clock.jump_to(noon(60)));
    wait::until("it is recorded again", || point(&app, 60).map(drop));
    let seq = app.seq();

    let day = history(&app, "");
    assert_eq!(day["point_s"], 180);
    assert_eq!(day["from"], text(noon(60 - 24 * 60)));
    assert_eq!(day["to"], text(noon(60)));
    let points = day["points"].as_array().expect("a list");
    let at = |minutes| points.iter().find(|point| point["at"] == text(noon(minutes)));
    let outage = at(0).expect("three minutes as one point");
    let outage = values(outage, "without_service");
    assert_eq!((&outage[0], &outage[1]), (&json!(0.0), &json!(7.0)));
    let mean = outage[2].as_f64().expect("a number");
    assert!((mean - 7.0 / 3.0).abs() < 1e-6, "{mean}");
    assert!(at(60).is_some() && at(57).is_none(), "{points:?}");
    let hour = history(&app, "?hours=2");
    let minutes = hour["points"].as_array().expect("a list");
    assert_eq!((&hour["point_s"], minutes.len()), (&json!(60), 4), "a gap, no zeros: {minutes:?}");
    assert_eq!(app.seq(), seq, "it is no change of the site");
}

#[test]
fn the_range_is_checked_and_stays_within_what_is_kept() {
    let (app, _) = start();
    for query in ["?hours=0", "?hours=9601", "?from=yesterday", "?to=1"] {
        app.get(&format!("/api/history/customers{query}")).expect(422);
    }
    let longest = history(&app, "?hours=9600");
    assert_eq!(longest["point_s"], 24 * 3600);
    let earlier = history(&app, "?from=1999-01-01T00:00:00Z&to=2050-01-01T00:00:00Z");
    assert_eq!((&earlier["from"], &earlier["to"]), (&longest["from"], &longest["to"]));
    let backwards = history(&app, &format!("?from={NOON}&to=2026-11-01T00:00:00Z"));
    assert_eq!(backwards["points"], json!([]));
}

#[test]
fn a_device_has_its_outages_and_an_availability() {
    let (app, plant) = start();
    app.hold(plant.id("OLT"), &json!("DOWN"));
    app.clock.jump_to(noon(30));
    app.hold(plant.id("OLT"), &Value::Null);
    app.clock.jump_to(noon(60));
    app.hold(plant.id("ONT-A1"), &json!("DOWN"));
    app.patch(&plant.path("ONT-A1"), &json!({"lifecycle": "retired"})).expect(200);
    let link = plant.link("SPL-A", "ONT-A2");
    app.patch(&format!("/api/links/{link}"), &json!({"status_override": "DOWN"})).expect(200);
    app.clock.jump_to(noon(90));

    let olt = availability(&app, &plant, "OLT", "");
    assert_eq!(olt["device_id"], plant.id("OLT"));
    assert_eq!((&olt["downtime_s"], &olt["planned_downtime_s"]), (&json!(1800.0), &json!(0.0)));
    let span = json!({
        "from": text(noon(0)), "to": text(noon(30)), "duration_s": 1800.0, "planned_s": 0.0,
    });
    assert_eq!((&olt["outages"], &olt["outage_count"]), (&json!([span]), &json!(1)));
    let time_s = |answer: &Value| {
        let at = |key: &str| time(answer[key].as_str().expect("a time")).0;
        #[expect(clippy::cast_precision_loss, reason = "some hours")]
        let seconds = (at("to") - at("from")) as f64 / 1e6;
        seconds
    };
    let ratio = olt["availability"].as_f64().expect("a ratio");
    assert!((ratio - (1.0 - 1800.0 / time_s(&olt))).abs() < 1e-9, "{ratio}");
    let days = olt["days"].as_array().expect("a list");
    assert_eq!(days.iter().map(|day| day["outage_count"].as_u64().unwrap()).sum::<u64>(), 1);
    let downtime_s = days.iter().map(|day| day["downtime_s"].as_f64().expect("a number"));
    assert_eq!(json!(downtime_s.sum::<f64>()), 1800.0);

    // What is retired serves nobody; behind a cut link it is out, and still is.
    let retired = availability(&app, &plant, "ONT-A1", "");
    assert_eq!(retired["outages"], json!([span]), "it lasted no time");
    assert_eq!(retired["availability"], Value::Null, "it is DOWN, and nobody misses it");
    let cut = availability(&app, &plant, "ONT-A2", "");
    assert_eq!(cut["outage_count"], 2);
    let open = json!({
        "from": text(noon(60)), "to": null, "duration_s": 1800.0, "planned_s": 0.0,
    });
    assert_eq!(cut["outages"], json!([open, span]), "newest first");
    assert_eq!(cut["downtime_s"], 3600.0);

    let newest = availability(&app, &plant, "ONT-A2", "?limit=1");
    assert_eq!((&newest["outages"], &newest["outage_count"]), (&json!([open]), &json!(2)));
    let before = newest["outages"][0]["from"].as_str().expect("a time");
    let older = availability(&app, &plant, "ONT-A2", &format!("?limit=1&before={before}"));
    assert_eq!(older["outages"], json!([span]));

    let new = app.provision("NEW", "ONT");
    let new = app.get(&format!("/api/devices/{new}/availability")).expect(200).json();
    assert_eq!((&new["availability"], &new["outages"]), (&Value::Null, &json!([])));
    app.get("/api/devices/999/availability").expect(404);
    for query in ["days=0", "days=36", "limit=0", "limit=1001", "before=now"] {
        app.get(&format!("{}/availability?{query}", plant.path("OLT"))).expect(422);
    }
}

#[test]
fn an_outage_is_told_with_the_times_on_record_across_a_restart() {
    let (app, plant) = start();
    app.hold(plant.id("ONT-B1"), &json!("DOWN"));
    let app = app.restart(|clock| clock.jump_to(noon(20)));
    app.hold(plant.id("ONT-B1"), &Value::Null);
    let ont = availability(&app, &plant, "ONT-B1", "");
    assert_eq!(ont["outages"][0]["duration_s"], 1200.0);
    assert_eq!(ont["outages"][0]["to"], text(noon(20)));
}

#[test]
fn planned_work_counts_apart_also_behind_it() {
    let (app, plant) = start();
    let planned = json!({"status_override": "DOWN", "override_is_planned_work": true});
    app.patch(&format!("{}/override", plant.path("OLT")), &planned).expect(200);
    jump(&app, 1);
    let point = point(&app, 1).expect("recorded");
    assert_eq!(values(&point, "planned_work"), json!([7.0, 7.0, 7.0]));
    assert_eq!(values(&point, "without_service"), json!([0.0, 0.0, 0.0]));
    app.clock.jump_to(noon(30));
    for (name, planned_s) in [("OLT", 1800.0), ("ONT-A1", 1800.0)] {
        let open = availability(&app, &plant, name, "");
        assert_eq!(open["outages"][0]["planned_s"], planned_s, "{name} is out");
    }
    app.hold(plant.id("OLT"), &Value::Null);
    app.clock.jump_to(noon(60));
    for name in ["OLT", "ONT-A1", "BONT-B3"] {
        let found = availability(&app, &plant, name, "");
        let times = (&found["downtime_s"], &found["planned_downtime_s"]);
        assert_eq!(times, (&json!(0.0), &json!(1800.0)), "{name}");
        assert_eq!(found["availability"], 1.0);
    }
    // The next one is a fault.
    app.hold(plant.id("ONT-A1"), &json!("DOWN"));
    app.clock.jump_to(noon(70));
    app.hold(plant.id("ONT-A1"), &Value::Null);
    assert_eq!(availability(&app, &plant, "ONT-A1", "")["downtime_s"], 600.0);
}

#[test]
fn planned_work_keeps_its_beginning_across_a_restart() {
    let (app, plant) = start();
    app.hold(plant.id("OLT"), &json!("DOWN"));
    jump(&app, 1);
    app.clock.jump_to(noon(60));
    let planned = json!({"status_override": "DOWN", "override_is_planned_work": true});
    app.patch(&format!("{}/override", plant.path("OLT")), &planned).expect(200);
    jump(&app, 61);
    let app = app.restart(|clock| clock.jump_to(noon(70)));
    app.hold(plant.id("OLT"), &Value::Null);
    for name in ["OLT", "ONT-A1"] {
        let found = availability(&app, &plant, name, "");
        let times = (&found["downtime_s"], &found["planned_downtime_s"]);
        // What is behind it is found in the first minute.
        let is_at_once = times == (&json!(3600.0), &json!(600.0));
        let is_found = times == (&json!(3660.0), &json!(540.0));
        assert!(is_at_once || (name != "OLT" && is_found), "{name}: {times:?}");
    }
}

#[test]
fn planned_work_that_is_over_before_the_next_analysis_counts_after_a_restart() {
    let (app, plant) = start();
    let planned = json!({"status_override": "DOWN", "override_is_planned_work": true});
    app.patch(&format!("{}/override", plant.path("OLT")), &planned).expect(200);
    let app = app.restart(|clock| clock.jump_to(noon(30)));
    app.hold(plant.id("OLT"), &Value::Null);
    let found = availability(&app, &plant, "OLT", "");
    assert_eq!((&found["downtime_s"], &found["availability"]), (&json!(0.0), &json!(1.0)));
}

#[test]
fn a_device_that_was_never_up_has_no_availability_also_when_created_again() {
    let (app, _) = start();
    let id = app.provision("OLT-NEW", "OLT");
    let path = format!("/api/devices/{id}");
    let check = |app: &TestApp| {
        let found = app.get(&format!("{path}/availability")).expect(200).json();
        assert_eq!((&found["availability"], &found["outages"]), (&Value::Null, &json!([])));
    };
    app.clock.jump_to(noon(120));
    check(&app);
    app.delete(&path).expect(204);
    let row = app.get("/api/audit?limit=1").expect(200).json()[0]["id"].clone();
    app.send(Method::POST, &format!("/api/audit/{row}/undo"), &[], None).expect(200);
    app.clock.jump_to(noon(240));
    check(&app);
}

#[test]
fn a_restore_keeps_the_history() {
    let (app, plant) = start();
    let backup = app.back_up();
    app.hold(plant.id("OLT"), &json!("DOWN"));
    app.clock.jump_to(noon(10));
    app.hold(plant.id("OLT"), &Value::Null);
    let before = availability(&app, &plant, "OLT", "");
    app.restore(&backup["id"], false).expect(200);
    let after = availability(&app, &plant, "OLT", "");
    assert_eq!(after["outages"], before["outages"]);
    assert!(point(&app, 0).is_some());
}

#[test]
fn an_outage_goes_on_in_the_same_state_that_is_restored() {
    let (app, plant) = start();
    let planned = json!({"status_override": "DOWN", "override_is_planned_work": true});
    app.hold(plant.id("OLT"), &json!("DOWN"));
    app.patch(&plant.path("BONT-B3"), &json!({"lifecycle": "planned"})).expect(200);
    app.clock.jump_to(noon(10));
    app.patch(&format!("{}/override", plant.path("OLT")), &planned).expect(200);
    app.patch(&plant.path("BONT-B3"), &json!({"lifecycle": "in_service"})).expect(200);
    let backup = app.back_up();
    jump(&app, 20);
    let spans = |name: &str| availability(&app, &plant, name, "")["outages"].clone();
    let before = [spans("OLT"), spans("BONT-B3")];
    assert_eq!((&before[0][0]["from"], &before[0][0]["to"]), (&text(noon(0)), &Value::Null));
    assert_eq!(before[0][0]["planned_s"], 600.0);
    assert_eq!(before[1][0]["from"], text(noon(10)));
    app.restore(&backup["id"], false).expect(200);
    assert_eq!([spans("OLT"), spans("BONT-B3")], before);

    // It comes back and is out again, and then the state of the backup returns.
    app.hold(plant.id("OLT"), &Value::Null);
    app.clock.jump_to(noon(40));
    app.hold(plant.id("OLT"), &json!("DOWN"));
    app.clock.jump_to(noon(50));
    app.hold(plant.id("OLT"), &Value::Null);
    app.clock.jump_to(noon(60));
    app.restore(&backup["id"], false).expect(200);
    let open = spans("OLT")[0].clone();
    assert_eq!((&open["from"], &open["to"]), (&text(noon(20)), &Value::Null));
}
