//! The ports that connecting takes: the next free ones, or those that are chosen.

use serde_json::json;

use crate::harness::TestApp;
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
