//! Optical reference tables, and the class of an OLT.

use serde_json::{Value, json};

use crate::harness::TestApp;
use crate::harness::http::keys_of;
use crate::harness::plant::Plant;

#[test]
fn fibre_types_have_an_attenuation_per_kilometre() {
    let app = TestApp::empty();
    let types = app.get("/api/optical/fiber-types").expect(200).json();
    let single_mode =
        [[1270.0, 0.4], [1310.0, 0.35], [1490.0, 0.25], [1550.0, 0.25], [1577.0, 0.25]];
    let rows: Vec<(&str, Vec<[f64; 2]>)> = types
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            let values = row["attenuations"].as_array().unwrap().iter().map(|at| {
                ["wavelength_nm", "attenuation_db_per_km"].map(|key| at[key].as_f64().unwrap())
            });
            (row["id"].as_str().unwrap(), values.collect())
        })
        .collect();
    let expected = [
        ("G652D", single_mode.to_vec()),
        ("G657A1", single_mode.to_vec()),
        ("G657A2", single_mode.to_vec()),
        ("OM3", vec![[850.0, 3.5]]),
        ("OM4", vec![[850.0, 3.0]]),
    ];
    assert_eq!(rows, expected);
}

/// The table of `domain.md`: OLT tx, ONU sensitivity and overload, ONU tx, OLT sensitivity and
/// overload, penalties down and up, losses, wavelengths.
#[test]
fn classes_are_those_of_the_standards() {
    let app = TestApp::empty();
    let answer = app.get("/api/optical/classes").expect(200);
    let classes = answer.json();
    let rows: Vec<(String, Vec<f64>)> = classes
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            let keys = keys_of(&row.to_string());
            assert_eq!(keys.len(), 16, "{row}");
            let values = VALUES.map(|key| row[key].as_f64().unwrap_or_else(|| panic!("{key}")));
            (row["id"].as_str().unwrap().to_owned(), values.to_vec())
        })
        .collect();
    let expected = [
        ("GPON_B_PLUS", [1.5, 5., -27., -8., 0.5, 5., -28., -8., 0.5, 0.5, 13., 28., 1490., 1310.]),
        ("GPON_C_PLUS", [3., 7., -30., -8., 0.5, 5., -32., -12., 1., 0.5, 17., 32., 1490., 1310.]),
        ("XGS_N1", [2., 5., -28., -9., 4., 9., -26., -5., 1., 1., 14., 29., 1577., 1270.]),
        ("XGS_N2", [4., 7., -28., -9., 4., 9., -28., -7., 1., 1., 16., 31., 1577., 1270.]),
        ("XGS_E1", [6., 9., -28., -9., 4., 9., -30., -9., 1., 1., 18., 33., 1577., 1270.]),
    ];
    assert_eq!(rows, expected.map(|(id, values)| (id.to_owned(), values.to_vec())));
}

const VALUES: [&str; 14] = [
    "olt_tx_min_dbm",
    "olt_tx_max_dbm",
    "onu_sensitivity_dbm",
    "onu_overload_dbm",
    "onu_tx_min_dbm",
    "onu_tx_max_dbm",
    "olt_sensitivity_dbm",
    "olt_overload_dbm",
    "penalty_down_db",
    "penalty_up_db",
    "odn_loss_min_db",
    "odn_loss_max_db",
    "downstream_nm",
    "upstream_nm",
];

#[test]
fn the_class_of_an_olt_supplies_what_devices_do_not_set() {
    let app = TestApp::empty();
    let plant = Plant::build(&app);
    // The loss is 15.514 dB down and 15.946 dB up (16.161 dB at 1270 nm).
    for (class, rx_down, rx_up, margin, direction) in [
        (Value::Null, -10.48, -15.41, 12.59, "up"),
        (json!("GPON_B_PLUS"), -13.98, -15.41, 12.09, "up"),
        (json!("GPON_C_PLUS"), -12.48, -15.41, 16.09, "up"),
        (json!("XGS_N1"), -13.48, -12.13, 12.87, "up"),
        (json!("XGS_N2"), -11.48, -12.13, 14.87, "up"),
        (json!("XGS_E1"), -9.48, -12.13, 16.87, "up"),
    ] {
        let body = json!({"pon_class": class});
        let shown = app.patch(&plant.path("OLT"), &body).expect(200).json();
        assert_eq!(shown["device"]["pon_class"], class);
        let signal = app.device(plant.id("ONT-A1"))["signal"].clone();
        let expected = json!({
            "rx_down_dbm": rx_down, "rx_up_dbm": rx_up, "margin_db": margin, "class": "OK",
            "limiting_direction": direction,
        });
        assert_eq!(signal, expected, "{class}");
    }
    // A device's own values override those of the class.
    app.patch(&plant.path("OLT"), &json!({"tx_power_dbm": 2})).expect(200);
    app.patch(&plant.path("ONT-A1"), &json!({"sensitivity_min_dbm": -20})).expect(200);
    let signal = app.device(plant.id("ONT-A1"))["signal"].clone();
    assert_eq!(signal["rx_down_dbm"], -13.48);
    assert_eq!((&signal["margin_db"], &signal["class"]), (&json!(5.52), &json!("WARNING")));
}

#[test]
fn only_an_olt_has_a_class() {
    let app = TestApp::empty();
    let new = |kind: &str, class: &str| json!({"name": kind, "device_type": kind, "pon_class": class, "validate_upstream": false});
    let made = app.post("/api/devices/provision", &new("OLT", "XGS_N2")).expect(201).json();
    assert_eq!(made["device"]["pon_class"], "XGS_N2");
    for route in ["/api/devices/provision", "/api/devices"] {
        let refused = app.post(route, &new("ONT", "XGS_N2")).expect(400);
        assert_eq!(refused.detail(), "Only an OLT has a pon_class, not a ONT");
        let fault = app.post(route, &new("OLT", "GPON")).expect(422).detail();
        assert_eq!(fault[0]["loc"], json!(["body", "pon_class"]));
    }
    let ont = app.provision("ONT", "ONT");
    let path = format!("/api/devices/{ont}");
    app.patch(&path, &json!({"pon_class": "GPON_B_PLUS"})).expect(400);
    app.patch(&path, &json!({"pon_class": null})).expect(200);
    assert_eq!(app.device(ont)["pon_class"], Value::Null);
}
