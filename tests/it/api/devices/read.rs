//! Reading devices, interfaces and links.

use serde_json::json;

use crate::harness::TestApp;
use crate::harness::site::ids_of;

#[test]
fn an_empty_site_has_empty_lists() {
    let app = TestApp::empty();
    for path in ["/api/devices", "/api/interfaces", "/api/links", "/api/devices?q=x"] {
        let answer = app.get(path).expect(200);
        assert_eq!(answer.text(), "[]", "{path}");
        assert_eq!(answer.header("content-type"), Some("application/json"), "{path}");
    }
}

#[test]
fn lists_are_sorted_by_id_whatever_was_changed_last() {
    let app = TestApp::demo();
    for id in [9, 3, 7, 1] {
        app.patch(&format!("/api/devices/{id}"), &json!({"x": 1, "y": 2})).expect(200);
        let down = json!({"status_override": "DOWN"});
        app.patch(&format!("/api/devices/{id}/override"), &down).expect(200);
    }
    for list in ["devices", "interfaces", "links"] {
        let answer = app.get(&format!("/api/{list}")).expect(200);
        assert!(!answer.text().contains(": ") && !answer.text().contains("\n"), "no spaces");
        let ids = ids_of(&answer.json());
        assert!(ids.is_sorted_by(|a, b| a < b), "{list}: {ids:?}");
    }
    let list = app.get("/api/devices").expect(200);
    let one = app.get("/api/devices/7").expect(200);
    assert!(list.text().contains(one.text()), "a list shows what one device shows");
}

#[test]
fn a_missing_entity_is_not_found() {
    let app = TestApp::empty();
    app.provision("only", "HOP");
    for id in ["2", "0", "-1", "+0", "99999999999999999999999", "18446744073709551615"] {
        for (path, detail) in [
            (format!("/api/devices/{id}"), "Device not found"),
            (format!("/api/devices/{id}/interfaces"), "Device not found"),
            (format!("/api/links/{id}"), "Link not found"),
        ] {
            assert_eq!(app.get(&path).expect(404).text(), json!({"detail": detail}).to_string());
        }
    }
}

#[test]
fn an_id_that_is_not_an_integer_is_an_error_of_the_path() {
    let app = TestApp::empty();
    for path in ["/api/devices/abc", "/api/devices/abc/interfaces", "/api/links/abc"] {
        let answer = app.get(path).expect(422);
        assert_eq!(
            answer.json(),
            json!({"detail": [{
                "type": "int_parsing",
                "loc": ["path", "id"],
                "msg": "Input should be a valid integer, unable to parse string as an integer",
                "input": "abc",
            }]}),
            "{path}"
        );
    }
    for path in ["/api/devices/1.5", "/api/devices/%20x", "/api/devices/0x10", "/api/links/1e3"] {
        app.get(path).expect(422);
    }
}

#[test]
fn a_devices_ports_come_in_the_order_of_their_creation() {
    let app = TestApp::empty();
    let hop = app.provision("H", "HOP");
    let odf = app.provision("O", "ODF");
    app.connect(odf, hop);
    let names: Vec<String> = app.ports(hop).into_iter().map(|port| port.1).collect();
    let expected: Vec<String> = (1..=8).map(|number| format!("port{number}")).collect();
    assert_eq!(names, expected);
    let all = app.get("/api/interfaces").expect(200).json();
    let of_hop: Vec<_> =
        all.as_array().unwrap().iter().filter(|port| port["device_id"] == hop).cloned().collect();
    let path = format!("/api/devices/{hop}/interfaces");
    assert_eq!(app.get(&path).expect(200).json(), json!(of_hop));
    let keys = crate::harness::http::keys_of(&of_hop[0].to_string());
    assert_eq!(keys.len(), 6);
    let start = "[{\"id\":1,\"name\":\"port1\",\"interface_type\":\"OPTICAL\",\"status\":\"UP\",\"device_id\":1,\"cross_connect\":null}";
    assert!(app.get(&path).text().starts_with(start));
}

#[test]
fn a_new_installation_has_the_demo_network() {
    let app = TestApp::demo();
    let devices = app.get("/api/devices").expect(200).json();
    let devices = devices.as_array().unwrap();
    assert!(devices.len() > 60, "{}", devices.len());
    for device_type in crate::harness::site::DEVICE_TYPES {
        let known = devices.iter().any(|device| device["device_type"] == device_type);
        let is_shown = device_type != "NVT";
        assert_eq!(known, is_shown, "{device_type}");
    }
    assert!(devices.iter().any(|device| device["status_override"] == "DOWN"));
    let links = app.get("/api/links").expect(200).json();
    assert!(links.as_array().unwrap().iter().all(|link| link["length_km"].is_f64()));
}
