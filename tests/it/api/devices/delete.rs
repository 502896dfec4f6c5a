//! Deleting devices, with their interfaces and links.

use serde_json::Value;

use crate::harness::TestApp;
use crate::harness::site::{id_of, ids_of};

#[test]
fn deleting_a_device_deletes_its_interfaces_and_links() {
    let app = TestApp::empty();
    let olt = app.provision("OLT", "OLT");
    let splitter = app.provision("SPL", "SPLITTER");
    let ont = app.provision("ONT", "ONT");
    let up = id_of(&app.connect(olt, splitter)["link"]);
    let down = app.connect(splitter, ont);
    let ont_port = id_of(&down["interface_b"]);
    let answer = app.delete(&format!("/api/devices/{splitter}")).expect(204);
    assert!(answer.body.is_empty(), "no body");
    assert_eq!(answer.header("content-type"), None);
    assert_eq!(
        app.get(&format!("/api/devices/{splitter}")).expect(404).detail(),
        "Device not found"
    );
    for link in [up, id_of(&down["link"])] {
        app.get(&format!("/api/links/{link}")).expect(404);
    }
    assert_eq!(app.get("/api/links").expect(200).text(), "[]");
    let interfaces = app.get("/api/interfaces").expect(200).json();
    let devices: Vec<u64> = interfaces
        .as_array()
        .unwrap()
        .iter()
        .map(|port| port["device_id"].as_u64().unwrap())
        .collect();
    assert!(!devices.contains(&splitter), "its ports are gone");
    let other_end = interfaces.as_array().unwrap().iter().find(|port| id_of(port) == ont_port);
    assert_eq!(other_end.unwrap()["status"], "DOWN", "the port at the other end has no light");
    assert_eq!(
        app.delete(&format!("/api/devices/{splitter}")).expect(404).detail(),
        "Device not found"
    );
    assert_eq!(ids_of(&app.get("/api/devices").json()), [olt, ont]);
}

#[test]
fn a_containers_children_stay_without_a_parent() {
    let app = TestApp::empty();
    let pop = app.provision("POP", "POP");
    let children: Vec<u64> = (0..3)
        .map(|number| {
            let body = serde_json::json!({
                "name": format!("H{number}"), "device_type": "HOP", "parent_container_id": pop,
            });
            id_of(&app.post("/api/devices/provision", &body).expect(201).json()["device"])
        })
        .collect();
    let before = app.device(children[0]);
    app.delete(&format!("/api/devices/{pop}")).expect(204);
    for child in children {
        let device = app.device(child);
        assert_eq!(device["parent_container_id"], Value::Null);
        assert!(device["updated_at"].as_str() > before["updated_at"].as_str());
    }
    let path = format!("/api/devices?parent_container_id={pop}");
    assert_eq!(app.get(&path).expect(200).text(), "[]");
}

#[test]
fn ids_are_never_reused() {
    let app = TestApp::empty();
    let first = app.provision("A", "HOP");
    let port = app.ports(first)[0].0;
    app.delete(&format!("/api/devices/{first}")).expect(204);
    let second = app.provision("A", "HOP");
    assert!(second > first);
    assert!(app.ports(second)[0].0 > port);
}

#[test]
fn the_whole_demo_network_can_be_deleted_device_by_device() {
    let app = TestApp::demo();
    for id in ids_of(&app.get("/api/devices").expect(200).json()) {
        app.delete(&format!("/api/devices/{id}")).expect(204);
    }
    for list in ["devices", "interfaces", "links"] {
        assert_eq!(app.get(&format!("/api/{list}")).expect(200).text(), "[]", "{list}");
    }
    app.get("/health").expect(200);
}
