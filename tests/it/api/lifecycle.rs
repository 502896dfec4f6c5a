//! Planned, in service, retired: set for many at once, and what follows.

use serde_json::{Value, json};

use crate::harness::TestApp;
use crate::harness::plant::Plant;
use crate::harness::site::ids_of;

const BULK: &str = "/api/lifecycle/bulk";

#[test]
fn a_planned_branch_alarms_nobody_until_it_is_put_into_service() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    let devices = [plant.id("SPL-A"), plant.id("ONT-A1")];
    let links = [plant.link("ODF", "SPL-A")];
    let before = app.seq();
    let group = json!({"device_ids": devices, "link_ids": links, "lifecycle": "planned"});
    let answer = app.post(BULK, &group).expect(200).json();
    assert_eq!((&answer["device_count"], &answer["link_count"]), (&json!(2), &json!(1)));
    assert_eq!(answer["message"], "Lifecycle set of 2 devices and 1 link");
    assert_eq!(app.seq(), before + 1, "one commit");
    let row = app.get("/api/audit?limit=1").expect(200).json()[0].clone();
    assert_eq!(row["action"], "set lifecycle");
    let shown = app.device(devices[1]);
    assert_eq!(shown["lifecycle"], "planned");
    assert_eq!(
        (&shown["status"], &shown["status_reasons"]),
        (&json!("DOWN"), &json!(["not_in_service"]))
    );
    // Customers in service behind it are without service, and are told why.
    assert_eq!(app.problems(), ["SPL-A: not_in_service (3, 3)"]);

    // Into service, and its opposite as one undo.
    let groups = json!({"groups": [
        {"device_ids": devices, "lifecycle": "in_service", "replaces": "planned"},
        {"link_ids": links, "lifecycle": "in_service", "replaces": "planned"},
    ]});
    app.post(BULK, &groups).expect(200);
    assert_eq!(app.problems(), [""; 0]);
    assert_eq!(app.device(devices[1])["status"], "UP");
    let undo = json!({"device_ids": devices, "link_ids": links, "lifecycle": "planned"});
    app.post(BULK, &undo).expect(200);
    assert_eq!(app.device(devices[1])["lifecycle"], "planned");
}

#[test]
fn lifecycles_are_set_all_or_none() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    let (one, other) = (plant.id("ONT-A1"), plant.id("ONT-A2"));
    let retire = |ids: Value| json!({"device_ids": ids, "lifecycle": "retired"});
    app.post(BULK, &retire(json!([other]))).expect(200);
    let seq = app.seq();
    assert_eq!(
        app.post(BULK, &retire(json!([one, 99_999]))).expect(404).detail(),
        "device 99999 not found"
    );
    let group =
        json!({"device_ids": [one, other], "lifecycle": "planned", "replaces": "in_service"});
    let refused = app.post(BULK, &group).expect(412).json();
    assert_eq!(ids_of(&refused["devices"]), [other]);
    for invalid in [
        json!({"device_ids": [one]}),
        json!({"device_ids": [one], "lifecycle": "broken"}),
        json!({"device_ids": [one], "lifecycle": null}),
        json!({"link_ids": {}, "lifecycle": "planned"}),
    ] {
        app.post(BULK, &invalid).expect(422);
    }
    assert_eq!(app.seq(), seq, "nothing was done");
}

#[test]
fn a_change_of_lifecycles_can_be_tried() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    let step = json!({"op": "lifecycle", "link_ids": [plant.link("ODF", "SPL-A")], "lifecycle": "planned"});
    let answer = app.post("/api/simulate", &json!({"changes": [step]})).expect(200).json();
    let devices = answer["devices"].as_array().expect("a list").iter();
    assert_eq!(devices.filter(|one| one["after"]["status"] == "DOWN").count(), 4);
    assert_eq!(app.problems(), [""; 0]);
}

#[test]
fn a_plan_goes_into_service_with_its_links_and_comes_back_with_one_undo() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    let planned = ["SPL-A", "ONT-A1", "ONT-A2"].map(|name| plant.id(name));
    let to_odf = plant.link("ODF", "SPL-A");
    let [first, second] = ["ONT-A1", "ONT-A2"].map(|name| plant.link("SPL-A", name));
    let third = plant.link("SPL-A", "ONT-A3");
    let plan = json!({"device_ids": planned, "link_ids": [to_odf, first, second, third], "lifecycle": "planned"});
    app.post(BULK, &plan).expect(200);
    let retired = json!({"device_ids": [plant.id("ONT-A3")], "lifecycle": "retired"});
    app.post(BULK, &retired).expect(200);
    let lifecycles = || {
        [to_odf, first, second, third]
            .map(|id| app.get(&format!("/api/links/{id}")).expect(200).json()["lifecycle"].clone())
    };

    // In two groups: the other end of a link may be in either. One device of the plan stays planned.
    let group = |ids: &[u64]| {
        json!({
            "device_ids": ids, "replaces": "planned", "lifecycle": "in_service",
            "with_links": "planned",
        })
    };
    let groups = [group(&planned[..1]), group(&planned[1..2])];
    let steps: Vec<Value> = groups
        .iter()
        .map(|group| {
            let mut step = group.clone();
            step["op"] = "lifecycle".into();
            step
        })
        .collect();
    let forecast = app.post("/api/simulate", &json!({"changes": steps})).expect(200).json();
    let links = forecast["links"].as_array().expect("a list").iter();
    let is_put = |link: &&Value| link["before"]["lifecycle"] != link["after"]["lifecycle"];
    assert_eq!(links.filter(is_put).count(), 2);
    assert_eq!(forecast["effects"]["subscribers_restored"], 2, "ONT-A1, and ONT-A4 behind it");
    let seq = app.seq();
    let answer = app.post(BULK, &json!({"groups": groups})).expect(200).json();
    assert_eq!(answer["message"], "Lifecycle set of 2 devices and 2 links");
    assert_eq!(app.seq(), seq + 1);
    assert_eq!(lifecycles(), ["in_service", "in_service", "planned", "planned"]);
    assert_eq!(app.device(planned[1])["status"], "UP");

    let row = app.get("/api/audit?limit=1").expect(200).json()[0]["id"].clone();
    app.post(&format!("/api/audit/{row}/undo"), &json!({})).expect(200);
    assert_eq!(lifecycles(), ["planned"; 4]);
    assert_eq!(app.device(planned[1])["lifecycle"], "planned");
}
