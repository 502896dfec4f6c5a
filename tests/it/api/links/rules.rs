//! Which devices may be linked: rules L1 to L9, for every pair of types, on both routes.

use std::collections::BTreeMap;

use serde_json::json;

use crate::harness::TestApp;
use crate::harness::site::{DEVICE_TYPES, fiber};

/// The pairs that L1 to L7 allow.
const PAIRS: [(&str, &str); 7] = [
    ("BACKBONE_GATEWAY", "CORE_ROUTER"),
    ("CORE_ROUTER", "EDGE_ROUTER"),
    ("EDGE_ROUTER", "OLT"),
    ("EDGE_ROUTER", "AON_SWITCH"),
    ("OLT", "ONT"),
    ("OLT", "BUSINESS_ONT"),
    ("AON_SWITCH", "AON_CPE"),
];
const CONTAINERS: [&str; 2] = ["POP", "CORE_SITE"];
/// L8: a passive device, and anything that is not a container.
const PASSIVE: [&str; 4] = ["ODF", "NVT", "SPLITTER", "HOP"];
/// L9: peers of one type.
const PEERS: [&str; 3] = ["BACKBONE_GATEWAY", "CORE_ROUTER", "EDGE_ROUTER"];

fn is_allowed(a: &str, b: &str) -> bool {
    let has_container = [a, b].iter().any(|end| CONTAINERS.contains(end));
    let is_pair = PAIRS.iter().any(|pair| *pair == (a, b) || *pair == (b, a));
    let is_inline = PASSIVE.contains(&a) || PASSIVE.contains(&b);
    !has_container && (is_pair || is_inline || (a == b && PEERS.contains(&a)))
}

/// Two devices of each type, and a free port on each.
struct Ends {
    app: TestApp,
    devices: BTreeMap<&'static str, [u64; 2]>,
}

impl Ends {
    fn new() -> Self {
        let app = TestApp::empty();
        let devices = DEVICE_TYPES
            .into_iter()
            .map(|kind| (kind, ["1", "2"].map(|n| app.provision(&format!("{kind}-{n}"), kind))))
            .collect();
        Self { app, devices }
    }

    fn of(&self, a: &str, b: &str) -> (u64, u64) {
        (self.devices[a][0], self.devices[b][1])
    }

    /// A new port on a device.
    fn port(&self, device: u64, name: &str) -> u64 {
        let body = json!({"name": name, "interface_type": "OPTICAL", "device_id": device});
        crate::harness::site::id_of(&self.app.post("/api/interfaces", &body).expect(201).json())
    }
}

#[test]
fn every_pair_of_types_follows_the_rules() {
    let ends = Ends::new();
    let mut allowed = 0;
    for a in DEVICE_TYPES {
        for b in DEVICE_TYPES {
            let (left, right) = ends.of(a, b);
            let answer = ends.app.post("/api/links/create-simple", &fiber(left, right));
            if is_allowed(a, b) {
                allowed += 1;
                let link = crate::harness::site::id_of(&answer.expect(200).json()["link"]);
                ends.app.delete(&format!("/api/links/{link}")).expect(204);
            } else {
                let detail = format!("No valid link rule between {a} and {b}");
                assert_eq!(answer.expect(400).text(), json!({ "detail": detail }).to_string());
            }
        }
    }
    assert_eq!(allowed, 2 * 7 + 3 + 2 * 8 * 4 + 4 * 4);
}

#[test]
fn the_route_by_interfaces_follows_them_too() {
    let ends = Ends::new();
    for (a, b) in [("ONT", "CORE_ROUTER"), ("OLT", "OLT"), ("OLT", "ONT"), ("POP", "HOP")] {
        let (left, right) = ends.of(a, b);
        let name = format!("{a}-{b}");
        let body = json!({
            "a_interface_id": ends.port(left, &format!("{name}-a")),
            "b_interface_id": ends.port(right, &format!("{name}-b")),
        });
        let answer = ends.app.post("/api/links", &body);
        if is_allowed(a, b) {
            answer.expect(201);
        } else {
            let detail = format!("No valid link rule between {a} and {b}");
            assert_eq!(answer.expect(400).detail(), detail);
        }
    }
}

#[test]
fn a_repair_skips_the_rules_but_never_links_containers() {
    let ends = Ends::new();
    for word in ["false", "0", "no", "off"] {
        let path = format!("/api/links/create-simple?validate={word}");
        let (ont, core) = ends.of("ONT", "CORE_ROUTER");
        ends.app.post(&path, &fiber(ont, core)).expect(200);
        let (pop, hop) = ends.of("POP", "HOP");
        let answer = ends.app.post(&path, &fiber(pop, hop)).expect(400);
        assert_eq!(answer.detail(), "No valid link rule between POP and HOP");
    }
    let (ont, core) = ends.of("ONT", "CORE_ROUTER");
    for query in ["", "?validate=true", "?validate=1"] {
        let path = format!("/api/links/create-simple{query}");
        ends.app.post(&path, &fiber(ont, core)).expect(400);
    }
    let (a, b) = (ends.port(ont, "x"), ends.port(core, "y"));
    let body = json!({"a_interface_id": a, "b_interface_id": b});
    ends.app.post("/api/links", &body).expect(400);
    ends.app.post("/api/links?validate=false", &body).expect(201);
    let fault = ends.app.post("/api/links?validate=maybe", &body).expect(422).detail();
    assert_eq!(fault[0]["loc"], json!(["query", "validate"]));
    assert_eq!(fault[0]["type"], "bool_parsing");
}
