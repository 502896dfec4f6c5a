//! Tables of cross-connects.

use serde_json::Value;

use super::{details, import, imported};
use crate::harness::TestApp;
use crate::harness::shared_odf::{SharedOdf, pairs};

fn table(app: &TestApp, kind: &str) -> String {
    app.get(&format!("/api/export/{kind}.csv")).expect(200).text().to_owned()
}

/// Links are imported before their cross-connects: those that were assumed for them give way.
#[test]
fn cross_connects_move_to_another_site() {
    let app = TestApp::empty();
    let plant = SharedOdf::build(&app);
    let swapped = pairs(&[["port1", "port4"], ["port3", "port2"]]);
    let headers = [("content-type", "application/json")];
    let path = plant.cross_connects_path();
    app.send(http::Method::PUT, &path, &headers, Some(&swapped.to_string())).expect(200);
    let third = app.provision("SPL-3", "SPLITTER");
    app.connect(plant.olt, plant.odf);
    app.connect(plant.odf, third);
    let exported = table(&app, "cross-connects");
    assert_eq!(
        exported,
        "\u{feff}device,a_interface,b_interface,loss_db,is_assumed\r\n\
         ODF,port1,port4,,false\r\nODF,port2,port3,,false\r\nODF,port5,port6,,true\r\n"
    );
    assert_eq!(imported(&app, "csv", &exported), [0, 0, 3, 0], "all are there already");

    let elsewhere = TestApp::empty();
    imported(&elsewhere, "devices", &table(&app, "devices"));
    imported(&elsewhere, "links", &table(&app, "links"));
    assert_ne!(table(&elsewhere, "cross-connects"), exported, "assumed for the links");
    assert_eq!(imported(&elsewhere, "cross-connects", &exported), [2, 0, 1, 0]);
    assert_eq!(table(&elsewhere, "cross-connects"), exported);
    let audit = elsewhere.get("/api/audit?action=import&limit=1").expect(200).json();
    assert!(audit.to_string().contains("import cross-connects"), "{audit}");
}

#[test]
fn a_row_records_confirms_or_changes_a_cross_connect() {
    let app = TestApp::empty();
    let plant = SharedOdf::build(&app);
    let rows = "Device;A Interface;B Interface;Loss dB\nODF;port2;port1;0.1\nODF;port8;port7;\n";
    assert_eq!(imported(&app, "csv", rows), [1, 1, 0, 0]);
    assert_eq!(plant.joined(&app), ["port1=port2", "port3=port4?", "port7=port8"]);
    let again = "device,a_interface,b_interface,loss_db\nODF,port1,port2,\nODF,port7,port8,0.5\n";
    assert_eq!(imported(&app, "cross-connects", again), [0, 1, 1, 0]);
    let list = app.get(&plant.cross_connects_path()).expect(200).json();
    let losses: Vec<&Value> = list.as_array().unwrap().iter().map(|one| &one["loss_db"]).collect();
    assert_eq!(losses, [&Value::from(0.1), &Value::Null, &Value::from(0.5)], "empty: as it was");
}

#[test]
fn every_faulty_row_is_named_and_nothing_is_imported() {
    let app = TestApp::empty();
    let plant = SharedOdf::build(&app);
    app.post(&plant.cross_connects_path(), &pairs(&[["port1", "port2"]])).expect(201);
    let rows = "device,a_interface,b_interface,loss_db,is_assumed\n\
        ODF,port5,port6,,\nODF,port6,port5,,\nODF,port6,port7,,\nX,port1,port2,,\nOLT,pon0,pon1,,\n\
        ODF,port99,port8,,\nODF,port8,port8,,\nODF,port1,port9,,\nODF,port9,port10,-1,\n\
        ODF,,port10,,\nODF,port11,port12,,perhaps\n";
    let faults = import(&app, "cross-connects", rows.as_bytes()).expect(400).json();
    let expected = [
        (3, "Line 2 describes the same cross-connect"),
        (
            4,
            "Port 'port6' is cross-connected with 'port5' already; remove that cross-connect first",
        ),
        (5, "there is no device 'X'"),
        (6, "A OLT has no cross-connects; only an ODF, NVT or HOP has"),
        (7, "device 'ODF' has no port 'port99'"),
        (8, "A cross-connect joins two different ports, not 'port8' with itself"),
        (
            9,
            "Port 'port1' is cross-connected with 'port2' already; remove that cross-connect first",
        ),
        (10, "-1 is less than 0"),
        (11, "a_interface has no value"),
        (12, "'perhaps' is neither true nor false"),
    ];
    assert_eq!(details(&faults), expected.map(|(line, text)| (line, text.to_owned())));
    assert_eq!(plant.joined(&app), ["port1=port2", "port3=port4?"]);
}
