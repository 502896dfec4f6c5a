//! Creating interfaces.

use http::Method;
use serde_json::json;

use crate::harness::TestApp;

#[test]
fn an_interface_is_added_to_its_device() {
    let app = TestApp::empty();
    let id = app.provision("R", "CORE_ROUTER");
    for (number, (name, kind, status)) in
        [("xe-0/0/0", "ETHERNET", "DOWN"), ("lo7", "LOOPBACK", "UP"), ("opt1", "OPTICAL", "DOWN")]
            .into_iter()
            .enumerate()
    {
        let body = json!({"name": name, "interface_type": kind, "device_id": id, "status": "UP"});
        let answer = app.post("/api/interfaces", &body).expect(201);
        assert_eq!(
            answer.text(),
            format!(
                "{{\"id\":{},\"name\":\"{name}\",\"interface_type\":\"{kind}\",\
                 \"status\":\"{status}\",\"device_id\":{id},\"cross_connect\":null}}",
                number + 3
            )
        );
    }
    let names: Vec<String> = app.ports(id).into_iter().map(|port| port.1).collect();
    assert_eq!(names, ["mgmt0", "lo0", "xe-0/0/0", "lo7", "opt1"]);
}

#[test]
fn refusals_are_told() {
    let app = TestApp::empty();
    let id = app.provision("R", "CORE_ROUTER");
    let body = |name: &str, device: u64| json!({"name": name, "interface_type": "ETHERNET", "device_id": device});
    let unknown = app.post("/api/interfaces", &body("e", 99)).expect(404);
    assert_eq!(unknown.text(), r#"{"detail":"Device not found"}"#);
    let twice = app.post("/api/interfaces", &body("mgmt0", id)).expect(400);
    assert_eq!(twice.detail(), "Interface with name 'mgmt0' already exists on device 'R'");
    let other = app.provision("S", "CORE_ROUTER");
    app.post("/api/interfaces", &body("same name", id)).expect(201);
    app.post("/api/interfaces", &body("same name", other)).expect(201);
    let empty = app.send(Method::POST, "/api/interfaces", &[], Some("{}")).expect(422);
    let keys: Vec<_> =
        empty.detail().as_array().unwrap().iter().map(|fault| fault["loc"][1].clone()).collect();
    assert_eq!(keys, ["name", "interface_type", "device_id"]);
    let word = json!({"name": "e", "interface_type": "RADIO", "device_id": id});
    let fault = app.post("/api/interfaces", &word).expect(422).detail()[0].clone();
    assert_eq!(fault["ctx"]["expected"], "'ETHERNET', 'OPTICAL' or 'LOOPBACK'");
}
