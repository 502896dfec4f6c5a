//! Building a network by requests, for tests that are about something else.

use serde_json::{Value, json};

use super::http::Http;

/// The word of every device type, in the contract's order.
pub(crate) const DEVICE_TYPES: [&str; 14] = [
    "BACKBONE_GATEWAY",
    "CORE_ROUTER",
    "EDGE_ROUTER",
    "OLT",
    "AON_SWITCH",
    "ONT",
    "BUSINESS_ONT",
    "AON_CPE",
    "POP",
    "CORE_SITE",
    "ODF",
    "NVT",
    "SPLITTER",
    "HOP",
];

impl Http {
    /// Provisions a device whatever its upstream, and returns its id.
    #[track_caller]
    pub(crate) fn provision(&self, name: &str, device_type: &str) -> u64 {
        let body = json!({"name": name, "device_type": device_type, "validate_upstream": false});
        id_of(&self.post("/api/devices/provision", &body).expect(201).json()["device"])
    }

    /// Provisions `count` POPs, which have no ports, named `{prefix}{0..}`; returns the first id.
    #[track_caller]
    pub(crate) fn provision_pops(&self, prefix: &str, count: usize) -> u64 {
        let answer = self.post("/api/devices/bulk", &pops(prefix, count)).expect(201).json();
        id_of(&answer["devices"][0])
    }

    #[track_caller]
    pub(crate) fn device(&self, id: u64) -> Value {
        self.get(&format!("/api/devices/{id}")).expect(200).json()
    }

    /// The ids and names of a device's ports.
    #[track_caller]
    pub(crate) fn ports(&self, device: u64) -> Vec<(u64, String)> {
        let ports = self.get(&format!("/api/devices/{device}/interfaces")).expect(200).json();
        let ports = ports.as_array().expect("a list");
        ports.iter().map(|port| (id_of(port), text_of(&port["name"]).to_owned())).collect()
    }

    /// The id of a device's port with this name.
    #[track_caller]
    pub(crate) fn port(&self, device: u64, name: &str) -> u64 {
        let ports = self.ports(device);
        ports.iter().find(|port| port.1 == name).expect("a port of this name").0
    }

    /// Links two devices by fibre and returns the answer.
    #[track_caller]
    pub(crate) fn connect(&self, a: u64, b: u64) -> Value {
        self.post("/api/links/create-simple", &fiber(a, b)).expect(200).json()
    }

    /// The seq of the last commit.
    pub(crate) fn seq(&self) -> u64 {
        self.get("/api/health").expect(200).json()["seq"].as_u64().expect("a number")
    }
}

/// The body of a bulk call for POPs.
pub(crate) fn pops(prefix: &str, count: usize) -> Value {
    let row = |number| json!({"name": format!("{prefix}{number}"), "device_type": "POP"});
    json!({"devices": (0..count).map(row).collect::<Vec<_>>()})
}

/// The body that links two devices by fibre.
pub(crate) fn fiber(a: u64, b: u64) -> Value {
    json!({"device_a_id": a, "device_b_id": b, "link_type": "fiber"})
}

#[track_caller]
pub(crate) fn id_of(entity: &Value) -> u64 {
    entity["id"].as_u64().unwrap_or_else(|| panic!("no id: {entity}"))
}

#[track_caller]
pub(crate) fn text_of(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

/// The ids of a list of entities.
pub(crate) fn ids_of(list: &Value) -> Vec<u64> {
    list.as_array().expect("a list").iter().map(id_of).collect()
}
