//! The ports that connecting takes: the next free ones, or those that are chosen.

use serde_json::json;

use crate::harness::TestApp;
use crate::harness::plant::Plant;
use crate::harness::site::fiber;

#[test]
fn a_chosen_port_is_taken() {
    let app = TestApp::empty();
    let [olt, splitter, ont] =
        [("OLT", "OLT"), ("SPL", "SPLITTER"), ("ONT", "ONT")].map(|(n, t)| app.provision(n, t));
    let mut body = fiber(olt, splitter);
    body["a_interface_id"] = app.port(olt, "pon5").into();
    let made = app.post("/api/links/create-simple", &body).expect(200).json();
    assert_eq!(
        (&made["interface_a"]["name"], &made["interface_b"]["name"]),
        (&json!("pon5"), &json!("in0"))
    );
    assert_eq!(made["message"], "Link created: OLT (pon5) <-> SPL (in0)");
    let mut body = fiber(ont, splitter);
    body["b_interface_id"] = app.port(splitter, "out7").into();
    let made = app.post("/api/links/create-simple", &body).expect(200).json();
    assert_eq!(
        (&made["interface_a"]["name"], &made["interface_b"]["name"]),
        (&json!("port2"), &json!("out7"))
    );
}

#[test]
fn a_chosen_port_must_be_free_and_of_the_device() {
    let app = TestApp::empty();
    let [olt, splitter] = [("OLT", "OLT"), ("SPL", "SPLITTER")].map(|(n, t)| app.provision(n, t));
    app.connect(olt, splitter);
    let other = app.provision("OLT-2", "OLT");
    let taken = app.port(splitter, "in0");
    let management = app.port(other, "mgmt0");
    for (a, b, status, detail) in [
        (None, Some(taken), 400, "Interface is already linked".to_owned()),
        (Some(taken), None, 404, format!("Interface {taken} is not a port of this device")),
        (
            Some(management),
            None,
            400,
            "Interface 'mgmt0' is for management or loopback and cannot carry a link".to_owned(),
        ),
        (Some(9_999), None, 404, "Interface 9999 is not a port of this device".to_owned()),
    ] {
        let mut body = fiber(other, splitter);
        body["a_interface_id"] = json!(a);
        body["b_interface_id"] = json!(b);
        let (answer, ports) = (app.post("/api/links/create-simple", &body), app.ports(splitter));
        assert_eq!(answer.expect(status).detail(), detail);
        assert_eq!(app.ports(splitter), ports, "no port was added");
    }
}

#[test]
fn a_port_of_a_new_link_can_stay_unjoined() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    let (odf, splitter) = (plant.id("ODF"), app.provision("SPL-N", "SPLITTER"));
    // The first feeder is joined with the cable to the NVT, the second one waits for a splitter.
    for _ in 0..2 {
        app.connect(plant.id("OLT"), odf);
    }
    let (at_odf, input) = (app.port(odf, "port40"), app.port(splitter, "in0"));
    let body = |stays_unjoined: Option<bool>| {
        let mut body = json!({"a_interface_id": at_odf, "b_interface_id": input});
        if let Some(stays_unjoined) = stays_unjoined {
            body["a_stays_unjoined"] = stays_unjoined.into();
        }
        body
    };
    let is_joined = || {
        let ports = app.get(&format!("/api/devices/{odf}/ports")).expect(200).json();
        let ports = ports["ports"].as_array().expect("a list");
        let port = ports.iter().find(|port| port["id"] == at_odf).expect("the port");
        !port["cross_connect"].is_null()
    };
    for (body, expected) in
        [(body(None), true), (body(Some(false)), true), (body(Some(true)), false)]
    {
        let mut step = body.clone();
        step["op"] = "create_link".into();
        let forecast = app.post("/api/simulate", &json!({"changes": [step]})).expect(200).json();
        let ports = forecast["interfaces"].as_array().expect("a list");
        let is_forecast =
            ports.iter().any(|it| it["id"] == at_odf && !it["after"]["cross_connect"].is_null());
        assert_eq!(is_forecast, expected, "{body}");
        let seq = app.seq();
        let link = app.post("/api/links", &body).expect(201).json();
        assert_eq!((is_joined(), app.seq()), (expected, seq + 1), "{body}");
        app.delete(&format!("/api/links/{}", link["id"])).expect(204);
        app.delete(&format!("/api/devices/{odf}/cross-connects/{at_odf}"));
    }

    let mut both = body(Some(true));
    both["a_cross_connect_to"] = app.port(odf, "port41").into();
    let refused = app.post("/api/links", &both).expect(422).detail();
    assert_eq!(refused[0]["msg"], "Value error, a port to cross-connect is given, too");
}
