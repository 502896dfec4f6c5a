//! An ODF that two PONs share, built by requests.

use serde_json::{Value, json};

use super::http::Http;
use super::site::text_of;

/// Two PONs of one OLT through one ODF:
///
/// ```text
/// pon0 - port1 = port2 - SPL-1 - ONT-1
/// pon1 - port3 = port4 - SPL-2 - ONT-2
/// ```
pub(crate) struct SharedOdf {
    pub(crate) olt: u64,
    pub(crate) odf: u64,
    pub(crate) splitters: [u64; 2],
    pub(crate) onts: [u64; 2],
}

impl SharedOdf {
    /// Builds it. Its cross-connects are assumed, because the links name none.
    pub(crate) fn build(http: &Http) -> Self {
        let types = [
            ("GW", "BACKBONE_GATEWAY"),
            ("CORE", "CORE_ROUTER"),
            ("EDGE", "EDGE_ROUTER"),
            ("OLT", "OLT"),
            ("ODF", "ODF"),
            ("SPL-1", "SPLITTER"),
            ("SPL-2", "SPLITTER"),
            ("ONT-1", "ONT"),
            ("ONT-2", "ONT"),
        ];
        let [gw, core, edge, olt, odf, spl1, spl2, ont1, ont2] =
            types.map(|(name, device_type)| http.provision(name, device_type));
        for (a, b) in [(gw, core), (core, edge), (edge, olt)] {
            http.connect(a, b);
        }
        for (splitter, ont) in [(spl1, ont1), (spl2, ont2)] {
            http.connect(olt, odf);
            http.connect(odf, splitter);
            http.connect(splitter, ont);
        }
        Self { olt, odf, splitters: [spl1, spl2], onts: [ont1, ont2] }
    }

    pub(crate) fn cross_connects_path(&self) -> String {
        format!("/api/devices/{}/cross-connects", self.odf)
    }

    /// The cross-connects as `port1=port2`, with a `?` for one that is assumed.
    #[track_caller]
    pub(crate) fn joined(&self, http: &Http) -> Vec<String> {
        let list = http.get(&self.cross_connects_path()).expect(200).json();
        let pair = |one: &Value| {
            let [a, b] = ["a_interface", "b_interface"].map(|key| text_of(&one[key]).to_owned());
            format!("{a}={b}{}", if one["is_assumed"] == true { "?" } else { "" })
        };
        list.as_array().expect("a list").iter().map(pair).collect()
    }

    /// The status of the two customers.
    pub(crate) fn statuses(&self, http: &Http) -> [String; 2] {
        self.onts.map(|id| text_of(&http.device(id)["status"]).to_owned())
    }
}

/// The body that joins these ports, by their names.
pub(crate) fn pairs(pairs: &[[&str; 2]]) -> Value {
    let pair = |[a, b]: &[&str; 2]| json!({"a_interface": a, "b_interface": b});
    json!({"cross_connects": pairs.iter().map(pair).collect::<Vec<_>>()})
}
