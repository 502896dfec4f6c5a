//! `/api/devices/{id}/ports`.

use serde_json::{Value, json};

use crate::harness::TestApp;
use crate::harness::plant::Plant;
use crate::harness::shared_odf::{SharedOdf, pairs};
use crate::harness::site::id_of;

fn ports(app: &TestApp, device: u64) -> Value {
    app.get(&format!("/api/devices/{device}/ports")).expect(200).json()
}

fn port<'a>(ports: &'a Value, name: &str) -> &'a Value {
    let ports = ports["ports"].as_array().expect("a list");
    ports.iter().find(|port| port["name"] == name).expect("a port of this name")
}

fn counts([total, used, free]: [u64; 3]) -> Value {
    json!({"total": total, "used": used, "free": free})
}

#[test]
fn each_port_shows_what_is_connected_with_it() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    let odf = ports(&app, plant.id("ODF"));
    assert_eq!(odf["passes"], "every_port");
    assert_eq!(odf["counts"], counts([48, 3, 45]));
    assert_eq!([&odf["split_ratio"], &odf["inputs"], &odf["pon_limits"]], [&Value::Null; 3]);
    let first = port(&odf, "port1");
    let link = plant.link("OLT", "ODF");
    let shown = json!({"id": link, "status": "UP", "length_km": 0.015, "lifecycle": "in_service"});
    assert_eq!(first["link"], shown);
    let far_end = json!({
        "device_id": plant.id("OLT"), "device_name": "OLT", "device_type": "OLT",
        "interface_id": app.port(plant.id("OLT"), "pon0"), "interface_name": "pon0",
    });
    assert_eq!(first["far_end"], far_end);
    let last = port(&odf, "port48");
    assert_eq!([&last["link"], &last["far_end"], &last["cross_connect"]], [&Value::Null; 3]);

    let splitter = ports(&app, plant.id("SPL-A"));
    assert_eq!((&splitter["passes"], &splitter["split_ratio"]), (&json!("splitter"), &json!(32)));
    assert_eq!(splitter["inputs"], counts([1, 1, 0]));
    assert_eq!(splitter["outputs"], counts([32, 4, 28]));
    assert_eq!(port(&splitter, "in0")["side"], "input");
    assert_eq!(port(&splitter, "out31")["side"], "output");

    let olt = ports(&app, plant.id("OLT"));
    assert_eq!(olt["passes"], Value::Null);
    assert_eq!(olt["pon_ports"], counts([8, 1, 7]));
    assert_eq!(olt["counts"], counts([9, 2, 7]), "the uplink, too; mgmt0 and lo0 are none");
    assert_eq!(port(&olt, "mgmt0")["can_carry_link"], false);
    assert_eq!(port(&olt, "mgmt0")["pon"], Value::Null);
    let unchanged = format!("/api/devices/{}/ports", plant.id("OLT"));
    let tag = app.get(&unchanged).header("etag").expect("a tag").to_owned();
    app.get_with(&unchanged, &[("if-none-match", &tag)]).expect(304);
}

#[test]
fn a_pon_shows_who_is_behind_it() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    let load = || port(&ports(&app, plant.id("OLT")), "pon0")["pon"].clone();
    let expected = json!({
        "subscribers": 7, "farthest_km": 7.915, "has_unknown_length": false, "split": 32,
        "warnings": [],
    });
    assert_eq!(load(), expected);
    let empty = port(&ports(&app, plant.id("OLT")), "pon1")["pon"].clone();
    assert_eq!((&empty["subscribers"], &empty["farthest_km"]), (&json!(0), &Value::Null));

    // As the plant is built, whatever its status.
    app.cut(plant.link("OLT", "ODF"));
    assert_eq!(load(), expected);
    let drop = format!("/api/links/{}", plant.link("SPL-A", "ONT-A1"));
    app.patch(&drop, &json!({"lifecycle": "retired"})).expect(200);
    assert_eq!(load()["subscribers"], 6);
    let planned = json!({"lifecycle": "planned", "length_km": null});
    app.patch(&drop, &planned).expect(200);
    assert_eq!((&load()["subscribers"], &load()["has_unknown_length"]), (&json!(7), &json!(true)));

    let feeder = format!("/api/links/{}", plant.link("NVT", "SPL-B"));
    app.patch(&feeder, &json!({"length_km": 14})).expect(200);
    assert_eq!(
        (&load()["farthest_km"], &load()["warnings"]),
        (&json!(20.415), &json!(["reach_exceeded"]))
    );
    let second = app.provision("SPL-C", "SPLITTER");
    app.connect(plant.id("SPL-A"), second);
    assert_eq!(load()["split"], 32 * 32);
    assert_eq!(load()["warnings"], json!(["reach_exceeded", "split_exceeded"]));
}

/// Behind a PON are those to whom its light can go, not everybody at the same ODF.
#[test]
fn pons_that_share_an_odf_have_their_own_subscribers() {
    let app = TestApp::empty();
    let plant = SharedOdf::build(&app);
    let extra = app.provision("ONT-3", "ONT");
    app.connect(plant.splitters[1], extra);
    let subscribers = || {
        let olt = ports(&app, plant.olt);
        ["pon0", "pon1"].map(|name| port(&olt, name)["pon"]["subscribers"].clone())
    };
    assert_eq!(ports(&app, plant.odf)["passes"], "cross_connects");
    assert_eq!(subscribers(), [json!(1), json!(2)]);
    let swapped = pairs(&[["port1", "port4"], ["port3", "port2"]]);
    let headers = [("content-type", "application/json")];
    let path = plant.cross_connects_path();
    app.send(http::Method::PUT, &path, &headers, Some(&swapped.to_string())).expect(200);
    assert_eq!(subscribers(), [json!(2), json!(1)]);
}

/// Clients of UNOC v2 create OLTs whose PON ports have other names.
#[test]
fn a_port_of_another_name_towards_subscribers_is_a_pon() {
    let app = TestApp::empty();
    let make = |name: &str, device_type: &str| {
        let body = json!({"name": name, "device_type": device_type});
        id_of(&app.post("/api/devices", &body).expect(201).json())
    };
    let [olt, ont] = [make("OLT", "OLT"), make("ONT", "ONT")];
    let connected = app.connect(olt, ont);
    assert_eq!(connected["interface_a"]["name"], "port1");
    assert_eq!(port(&ports(&app, olt), "port1")["pon"]["subscribers"], 1);
}
