//! A small network with everything that status depends on, built by requests.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::http::Http;
use super::site::{id_of, text_of};

/// Devices and links by name.
///
/// ```text
/// GW - CORE - EDGE - OLT - ODF - SPL-A - ONT-A1 .. ONT-A4
///               |             |
///               |             +- NVT - SPL-B - ONT-B1, ONT-B2, BONT-B3
///               +- AON - CPE-1
///                    +- HOP - CPE-2
/// ```
pub(crate) struct Plant {
    devices: BTreeMap<&'static str, u64>,
    links: BTreeMap<(&'static str, &'static str), u64>,
}

const DEVICES: [(&str, &str); 20] = [
    ("GW", "BACKBONE_GATEWAY"),
    ("CORE", "CORE_ROUTER"),
    ("EDGE", "EDGE_ROUTER"),
    ("OLT", "OLT"),
    ("ODF", "ODF"),
    ("SPL-A", "SPLITTER"),
    ("ONT-A1", "ONT"),
    ("ONT-A2", "ONT"),
    ("ONT-A3", "ONT"),
    ("ONT-A4", "ONT"),
    ("NVT", "NVT"),
    ("SPL-B", "SPLITTER"),
    ("ONT-B1", "ONT"),
    ("ONT-B2", "ONT"),
    ("BONT-B3", "BUSINESS_ONT"),
    ("AON", "AON_SWITCH"),
    ("CPE-1", "AON_CPE"),
    ("HOP", "HOP"),
    ("CPE-2", "AON_CPE"),
    ("POP", "POP"),
];

/// Ends and lengths in km.
const LINKS: [(&str, &str, f64); 18] = [
    ("GW", "CORE", 0.1),
    ("CORE", "EDGE", 12.0),
    ("EDGE", "OLT", 0.02),
    ("OLT", "ODF", 0.015),
    ("ODF", "SPL-A", 4.2),
    ("SPL-A", "ONT-A1", 0.1),
    ("SPL-A", "ONT-A2", 0.2),
    ("SPL-A", "ONT-A3", 0.3),
    ("SPL-A", "ONT-A4", 0.4),
    ("ODF", "NVT", 6.0),
    ("NVT", "SPL-B", 1.5),
    ("SPL-B", "ONT-B1", 0.15),
    ("SPL-B", "ONT-B2", 0.25),
    ("SPL-B", "BONT-B3", 0.4),
    ("EDGE", "AON", 0.8),
    ("AON", "CPE-1", 1.0),
    ("AON", "HOP", 0.5),
    ("HOP", "CPE-2", 0.7),
];

impl Plant {
    /// Builds it; every device is UP and every signal OK.
    pub(crate) fn build(http: &Http) -> Self {
        let devices = DEVICES.map(|(name, kind)| (name, http.provision(name, kind)));
        let mut plant = Self { devices: BTreeMap::from(devices), links: BTreeMap::new() };
        for name in ["SPL-A", "SPL-B"] {
            let body = json!({"insertion_loss_db": 13.9});
            http.patch(&plant.path(name), &body).expect(200);
        }
        for (a, b, length_km) in LINKS {
            let link = http.fibre(plant.id(a), plant.id(b), length_km);
            plant.links.insert((a, b), link);
        }
        plant
    }

    /// The id of a device.
    #[track_caller]
    pub(crate) fn id(&self, name: &str) -> u64 {
        self.devices[name]
    }

    /// Where a device is read and changed.
    #[track_caller]
    pub(crate) fn path(&self, name: &str) -> String {
        format!("/api/devices/{}", self.id(name))
    }

    /// The id of the link between two devices, the upper one first.
    #[track_caller]
    pub(crate) fn link(&self, a: &'static str, b: &'static str) -> u64 {
        self.links[&(a, b)]
    }
}

impl Http {
    /// Links two devices by fibre of this length and returns the link's id.
    #[track_caller]
    pub(crate) fn fibre(&self, a: u64, b: u64, length_km: f64) -> u64 {
        let body = json!({
            "device_a_id": a, "device_b_id": b, "link_type": "fiber", "length_km": length_km,
        });
        let answer = self.post("/api/links/create-simple", &body).expect(200).json();
        id_of(&answer["link"])
    }

    /// Sets (`UP`, `DOWN`) or clears (null) what an operator says of a device.
    #[track_caller]
    pub(crate) fn hold(&self, device: u64, status: &Value) {
        let path = format!("/api/devices/{device}/override");
        match status {
            Value::Null => self.delete(&path).expect(200),
            status => self.patch(&path, &json!({"status_override": status})).expect(200),
        };
    }

    /// Cuts a fibre.
    #[track_caller]
    pub(crate) fn cut(&self, link: u64) {
        let body = json!({"status_override": "DOWN", "override_reason": "dug up"});
        self.patch(&format!("/api/links/{link}"), &body).expect(200);
    }

    /// Mends a fibre.
    #[track_caller]
    pub(crate) fn mend(&self, link: u64) {
        self.delete(&format!("/api/links/{link}/override")).expect(200);
    }

    /// Status word and reason codes of every device that is not simply UP, by name.
    #[track_caller]
    pub(crate) fn troubles(&self) -> BTreeMap<String, String> {
        let devices = self.get("/api/devices").expect(200).json();
        let shown = devices.as_array().expect("a list").iter().map(|device| {
            let reasons = device["status_reasons"].as_array().expect("a list").iter();
            let words = std::iter::once(&device["status"]).chain(reasons).map(text_of);
            // That joins are not certain is no trouble as long as light passes.
            let words = words.filter(|word| !word.starts_with("joins_"));
            (text_of(&device["name"]).to_owned(), words.collect::<Vec<_>>().join(" "))
        });
        shown.filter(|(_, words)| words != "UP").collect()
    }

    /// The problems, each as `name: problem (devices, leaves)`, in the order of the answer.
    #[track_caller]
    pub(crate) fn problems(&self) -> Vec<String> {
        let answer = self.get("/api/problems").expect(200).json();
        let problems = answer["problems"].as_array().expect("a list");
        assert_eq!(answer["count"], problems.len());
        let line = |one: &Value| {
            let (name, problem) = (text_of(&one["name"]), text_of(&one["problem"]));
            let counts = (&one["device_count"], &one["leaf_count"]);
            format!("{name}: {problem} ({}, {})", counts.0, counts.1)
        };
        problems.iter().map(line).collect()
    }
}
