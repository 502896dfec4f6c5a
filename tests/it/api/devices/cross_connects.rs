//! `/api/devices/{id}/cross-connects`.

use http::Method;
use serde_json::{Value, json};

use crate::harness::TestApp;
use crate::harness::http::Answer;
use crate::harness::shared_odf::{SharedOdf, pairs};

fn send(app: &TestApp, method: Method, path: &str, body: &Value, tag: Option<&str>) -> Answer {
    let mut headers = vec![("content-type", "application/json")];
    headers.extend(tag.map(|tag| ("if-match", tag)));
    let body = (!body.is_null()).then(|| body.to_string());
    app.send(method, path, &headers, body.as_deref())
}

fn reasons(app: &TestApp, device: u64) -> Value {
    app.device(device)["status_reasons"].clone()
}

#[test]
fn an_operator_confirms_what_was_assumed() {
    let app = TestApp::empty();
    let plant = SharedOdf::build(&app);
    let path = plant.cross_connects_path();
    assert_eq!(plant.joined(&app), ["port1=port2?", "port3=port4?"]);
    assert_eq!(reasons(&app, plant.odf), json!(["joins_assumed"]));

    let [port1, port2] = ["port1", "port2"].map(|name| app.port(plant.odf, name));
    let one = json!({"a_interface_id": port2, "b_interface_id": port1, "loss_db": 0.3});
    let answer = app.post(&path, &json!({"cross_connects": [one]})).expect(201).json();
    let expected = json!({
        "a_interface_id": port1, "a_interface": "port1",
        "b_interface_id": port2, "b_interface": "port2",
        "loss_db": 0.3, "is_assumed": false,
    });
    assert_eq!(answer[0], expected);
    assert_eq!(answer, app.get(&path).expect(200).json(), "all of the device");
    let odf = format!("/api/devices/{}", plant.odf);
    let port = app.get(&format!("{odf}/interfaces")).expect(200).json()[0].clone();
    let joined = json!({"interface_id": port2, "loss_db": 0.3, "is_assumed": false});
    assert_eq!(port["cross_connect"], joined);
    assert_eq!(reasons(&app, plant.odf), json!(["joins_assumed"]), "the other one");
    app.post(&path, &pairs(&[["port3", "port4"]])).expect(201);
    assert_eq!(plant.joined(&app), ["port1=port2", "port3=port4"]);
    assert_eq!(reasons(&app, plant.odf), json!([]));
    let audit = app.get("/api/audit?limit=1").expect(200).json();
    assert!(audit.to_string().contains("add cross-connects"), "{audit}");
}

#[test]
fn light_follows_the_cross_connects() {
    let app = TestApp::empty();
    let plant = SharedOdf::build(&app);
    let path = plant.cross_connects_path();
    let swapped = pairs(&[["port1", "port4"], ["port3", "port2"]]);
    let answer = send(&app, Method::PUT, &path, &swapped, None).expect(200).json();
    assert_eq!(answer.as_array().map(Vec::len), Some(2));
    assert_eq!(plant.joined(&app), ["port1=port4", "port2=port3"]);
    assert_eq!(plant.statuses(&app), ["UP", "UP"]);
    let port = app.port(plant.odf, "port4");
    app.delete(&format!("{path}/{port}")).expect(204);
    assert_eq!(plant.statuses(&app), ["UP", "DOWN"], "the customer behind port4");
    app.delete(&format!("{path}/{port}")).expect(404);
    assert_eq!(plant.joined(&app), ["port2=port3"]);
    send(&app, Method::PUT, &path, &pairs(&[]), None).expect(200);
    assert_eq!(plant.joined(&app), [""; 0]);
}

#[test]
fn a_refusal_changes_nothing_and_says_why() {
    let app = TestApp::empty();
    let plant = SharedOdf::build(&app);
    let path = plant.cross_connects_path();
    let foreign = app.port(plant.olt, "pon0");
    let by_id = json!({"cross_connects": [{"a_interface_id": foreign, "b_interface": "port9"}]});
    let free = ["port7", "port8"];
    let rows = [
        (pairs(&[free, ["port9", "port99"]]), 404, "device 'ODF' has no port 'port99'".to_owned()),
        (by_id, 404, format!("Interface {foreign} is not a port of this device")),
        (
            pairs(&[free, ["port9", "port9"]]),
            400,
            "A cross-connect joins two different ports, not 'port9' with itself".to_owned(),
        ),
        (
            pairs(&[free, ["port9", "port1"]]),
            400,
            "Port 'port1' is cross-connected with 'port2' already; remove that cross-connect first"
                .to_owned(),
        ),
    ];
    for (body, status, detail) in rows {
        let answer = app.post(&path, &body).expect(status);
        assert_eq!(answer.detail(), detail);
        assert_eq!(plant.joined(&app), ["port1=port2?", "port3=port4?"], "all or none");
    }
    let of_olt = format!("/api/devices/{}/cross-connects", plant.olt);
    let detail = "A OLT has no cross-connects; only an ODF, NVT or HOP has";
    assert_eq!(app.get(&of_olt).expect(400).detail(), detail);
    assert_eq!(app.post(&of_olt, &pairs(&[["pon0", "pon1"]])).expect(400).detail(), detail);
    for path in ["/api/devices/999/cross-connects", "/api/devices/999/ports"] {
        assert_eq!(app.get(path).expect(404).detail(), "Device not found");
    }
    app.post("/api/devices/999/cross-connects", &pairs(&[])).expect(404);
    app.delete("/api/devices/999/cross-connects/1").expect(404);
    app.delete(&format!("{path}/{foreign}")).expect(404);
    app.delete(&format!("{path}/x")).expect(422);
}

#[test]
fn errors_of_the_body_name_the_port() {
    let app = TestApp::empty();
    let plant = SharedOdf::build(&app);
    let path = plant.cross_connects_path();
    let faults = |body: &Value| app.post(&path, body).expect(422).detail();
    assert_eq!(faults(&json!({}))[0]["loc"], json!(["body", "cross_connects"]));
    for (one, key) in [
        (json!({"a_interface": "port5"}), "b_interface_id"),
        (json!({"a_interface": 7, "b_interface": "port6"}), "a_interface"),
        (json!({"a_interface_id": "x", "b_interface_id": 1}), "a_interface_id"),
        (json!({"a_interface_id": 2, "b_interface_id": 1, "loss_db": -0.1}), "loss_db"),
    ] {
        let fault = faults(&json!({"cross_connects": [one]}));
        assert_eq!(fault[0]["loc"], json!(["body", "cross_connects", 0, key]), "{fault}");
    }
}

/// Of two who edit the same list, the second one is shown what the first one has made of it.
#[test]
fn a_list_that_was_changed_meanwhile_is_not_replaced() {
    let app = TestApp::empty();
    let plant = SharedOdf::build(&app);
    let path = plant.cross_connects_path();
    let tag = || app.get(&path).expect(200).header("etag").expect("a tag").to_owned();
    let seen = tag();
    app.provision("elsewhere", "POP");
    assert_ne!(tag(), seen);
    app.post(&path, &pairs(&[["port5", "port6"]])).expect(201);
    let confirmed = pairs(&[["port1", "port2"]]);
    for method in [Method::PUT, Method::POST] {
        let refused = send(&app, method, &path, &confirmed, Some(&seen)).expect(412);
        assert_eq!(refused.json()["current"], app.get(&path).json());
        assert_eq!(refused.header("etag"), Some(&*tag()));
    }
    let port = format!("{path}/{}", app.port(plant.odf, "port5"));
    send(&app, Method::DELETE, &port, &Value::Null, Some(&seen)).expect(412);
    assert_eq!(plant.joined(&app), ["port1=port2?", "port3=port4?", "port5=port6"]);
    send(&app, Method::DELETE, &port, &Value::Null, Some(&tag())).expect(204);
    // Other changes of the site are none of the list.
    let current = tag();
    app.provision("elsewhere too", "POP");
    send(&app, Method::PUT, &path, &confirmed, Some(&current)).expect(200);
    assert_eq!(plant.joined(&app), ["port1=port2"]);
}
