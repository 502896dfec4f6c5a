//! Tables of devices that name what each device is connected to, and plans.

use serde_json::{Value, json};

use super::{details, import, imported};
use crate::harness::TestApp;
use crate::harness::plant::Plant;
use crate::harness::site::id_of;

fn named(app: &TestApp, name: &str) -> Value {
    let devices = app.get("/api/devices").expect(200).json();
    let devices = devices.as_array().expect("a list");
    devices.iter().find(|device| device["name"] == name).expect("a device").clone()
}

/// The ports of a device that carry a link, and the device at its other end.
fn used_ports(app: &TestApp, name: &str) -> Vec<[String; 2]> {
    let id = id_of(&named(app, name));
    let ports = app.get(&format!("/api/devices/{id}/ports")).expect(200).json();
    let ports = ports["ports"].as_array().expect("a list").iter();
    let used = ports.filter_map(|port| {
        Some([port["name"].as_str()?, port["far_end"]["device_name"].as_str()?])
    });
    used.map(|used| used.map(str::to_owned)).collect()
}

fn strings<const N: usize>(used: [(&str, &str); N]) -> Vec<[String; 2]> {
    used.map(|(port, device)| [port.to_owned(), device.to_owned()]).to_vec()
}

/// A splitter below the ODF with two customers, the lowest first.
const PLAN: &str = "name,device_type,connect_to,connect_to_port,length_km,medium,lifecycle\n\
                    ONT-1,ONT,SPL-N,out5,0.2,G657A1,\n\
                    ONT-2,ONT,SPL-N,,0.3,,\n\
                    SPL-N,SPLITTER,ODF,,1.5,G652D,in_service\n";

#[test]
fn devices_are_connected_from_above_in_one_commit() {
    let app = TestApp::empty();
    let _plant = Plant::build(&app);
    let seq = app.seq();
    let report = import(&app, "devices?dry_run=true", PLAN.as_bytes()).expect(200).json();
    let row = |device_type: &str, created: u64| {
        json!({
            "device_type": device_type, "created": created, "updated": 0, "unchanged": 0,
            "connected": created, "planned": 0,
        })
    };
    assert_eq!(report["by_type"], json!([row("ONT", 2), row("SPLITTER", 1)]));
    assert_eq!([&report["connected"], &report["planned"]], [3, 0]);
    assert_eq!(imported(&app, "devices", PLAN), [3, 0, 0, 33 + 2 * 2]);
    assert_eq!(app.seq(), seq + 1);
    let used = used_ports(&app, "SPL-N");
    assert_eq!(used, strings([("in0", "ODF"), ("out0", "ONT-2"), ("out5", "ONT-1")]));
    assert_eq!(imported(&app, "devices", PLAN), [0, 0, 3, 0], "an import twice is one");
    let longer = "name,connect_to,length_km\nONT-2,SPL-N,0.4\n";
    assert_eq!(imported(&app, "devices", longer), [0, 1, 0, 0]);
}

#[test]
fn a_plan_arrives_as_planned_and_alarms_nobody() {
    let app = TestApp::empty();
    let _plant = Plant::build(&app);
    let before = app.get("/api/devices").expect(200).json();
    let existing = format!("{PLAN}SPL-A,,,,,,retired\n");
    let path = "devices?lifecycle=planned";
    let report = import(&app, path, existing.as_bytes()).expect(200).json();
    assert_eq!([&report["created"], &report["connected"], &report["planned"]], [3, 3, 6]);
    for name in ["SPL-N", "ONT-1", "ONT-2"] {
        assert_eq!(named(&app, name)["lifecycle"], "planned", "{name}");
    }
    assert_eq!(named(&app, "SPL-A")["lifecycle"], "in_service", "what exists keeps its own");
    assert!(app.problems().is_empty());
    let after = app.get("/api/devices").expect(200).json();
    let [before, after] = [&before, &after].map(|list| list.as_array().expect("a list"));
    let statuses = |list: &[Value]| list.iter().map(|it| it["status"].clone()).collect::<Vec<_>>();
    assert_eq!(statuses(before), statuses(&after[..before.len()]), "the others serve as before");
    let devices: Vec<&Value> = after[before.len()..].iter().map(|device| &device["id"]).collect();
    let links = app.get("/api/links").expect(200).json();
    let links = links.as_array().expect("a list").iter();
    let planned: Vec<&Value> =
        links.filter(|link| link["lifecycle"] == "planned").map(|link| &link["id"]).collect();
    assert_eq!(planned.len(), 3);
    let group = json!({"device_ids": devices, "link_ids": planned, "lifecycle": "in_service"});
    app.post("/api/lifecycle/bulk", &json!({"groups": [group]})).expect(200);
    assert_eq!(named(&app, "SPL-N")["lifecycle"], "in_service");

    let links = b"a_device,a_interface,b_device,b_interface\nSPL-A,out20,NVT,port9\n";
    let report = import(&app, "links?lifecycle=planned", links).expect(200).json();
    assert_eq!([&report["created"], &report["planned"]], [1, 1]);
    let joins = b"device,a_interface,b_interface\nODF,port40,port41\n";
    let refused = import(&app, "cross-connects?lifecycle=planned", joins).expect(400).json();
    assert_eq!(
        details(&refused),
        [(1, "Cross-connects have no lifecycle, and cannot be imported as planned".to_owned())]
    );
    import(&app, "devices?lifecycle=soon", PLAN.as_bytes()).expect(422);
}

#[test]
fn what_cannot_be_connected_is_reported_with_its_line() {
    let app = TestApp::empty();
    let _plant = Plant::build(&app);
    let seq = app.seq();
    let table = b"name,device_type,connect_to,connect_to_port,length_km\n\
                  N1,ONT,nowhere,,\n\
                  N2,ONT,SPL-A,out99,\n\
                  N3,ONT,SPL-A,out0,\n\
                  N4,ONT,EDGE,,\n\
                  ONT-A1,ONT,SPL-B,,\n\
                  N5,ONT,,,2\n\
                  N6,ONT,N7,,\n\
                  N7,TOASTER,,,\n";
    let refused = import(&app, "devices", table).expect(400).json();
    let found = details(&refused);
    let found: Vec<(u64, &str)> = found.iter().map(|(line, text)| (*line, text.as_str())).collect();
    let expected = [
        (2, "there is no device 'nowhere'"),
        (3, "device 'SPL-A' has no port 'out99'"),
        (4, "Interface is already linked"),
        (5, "No valid link rule between EDGE_ROUTER and ONT"),
        (6, "'ONT-A1' is connected to 'SPL-A' already; delete that link first"),
        (7, "length_km has a value, but connect_to has none"),
    ];
    assert_eq!(found[..6], expected);
    assert_eq!(found.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2, 3, 4, 5, 6, 7, 9]);
    assert_eq!(app.seq(), seq);
}

/// A row that takes any free port took the one that a later row names.
#[test]
fn a_port_that_a_row_names_is_left_to_it() {
    let app = TestApp::empty();
    let _plant = Plant::build(&app);
    let table = "name,device_type,connect_to,connect_to_port\n\
                 ONT-1,ONT,SPL-N,\n\
                 ONT-2,ONT,SPL-N,out0\n\
                 SPL-N,SPLITTER,NVT-N,port1\n\
                 SPL-M,SPLITTER,NVT-N,\n\
                 NVT-N,NVT,ODF,\n";
    assert_eq!(imported(&app, "devices", table)[0], 5);
    assert_eq!(
        used_ports(&app, "SPL-N"),
        strings([("in0", "NVT-N"), ("out0", "ONT-2"), ("out1", "ONT-1")])
    );
    // Its own uplink leaves the port to the row below, too.
    let at_nvt = used_ports(&app, "NVT-N");
    assert_eq!(at_nvt[0], ["port1", "SPL-N"], "{at_nvt:?}");
    assert_eq!(at_nvt.len(), 3, "{at_nvt:?}");
    assert_eq!(imported(&app, "devices", table), [0, 0, 5, 0]);
}

#[test]
fn connections_in_a_circle_are_made_once() {
    let app = TestApp::empty();
    let _plant = Plant::build(&app);
    let table = "name,device_type,connect_to\nNVT-1,NVT,NVT-2\nNVT-2,NVT,NVT-1\n";
    assert_eq!(imported(&app, "devices", table)[..3], [2, 0, 0]);
    assert_eq!(used_ports(&app, "NVT-1"), strings([("port1", "NVT-2")]));
}

#[test]
fn a_row_takes_no_output_beyond_the_ratio_where_others_name_the_last_ones() {
    let app = TestApp::empty();
    let _plant = Plant::build(&app);
    let rows = "name,device_type,split_ratio,connect_to,connect_to_port\n\
                ONT-1,ONT,,SPL-N,\n\
                SPL-N,SPLITTER,2,ODF,\n\
                ONT-2,ONT,,SPL-N,out0\n\
                ONT-3,ONT,,SPL-N,out1\n";
    let refused = import(&app, "devices", rows.as_bytes()).expect(400).json();
    let full = "All 2 outputs of splitter 'SPL-N' are in use; raise its split_ratio or connect \
                another splitter";
    assert_eq!(details(&refused), [(2, full.to_owned())]);
}
