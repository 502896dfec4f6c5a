//! The 14 device types and what each is.

use crate::domain::interface::InterfaceType;

/// The type of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeviceType {
    BackboneGateway,
    CoreRouter,
    EdgeRouter,
    Olt,
    AonSwitch,
    Ont,
    BusinessOnt,
    AonCpe,
    Pop,
    CoreSite,
    Odf,
    Nvt,
    Splitter,
    Hop,
}

/// The role of a device in the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceClass {
    /// Powered equipment that forwards for others.
    Active,
    /// Powered equipment at the subscriber's end.
    Leaf,
    /// Unpowered parts that light passes through.
    Passive,
    /// A location that groups devices; never the end of a link.
    Container,
}

/// A range of ports that provisioning creates: `prefix` followed by `0..count` (or `1..=count`).
#[derive(Clone, Copy, Debug)]
pub struct PortRange {
    pub prefix: &'static str,
    pub first: u32,
    pub count: u32,
    pub interface_type: InterfaceType,
}

/// One row of the table of device types.
#[derive(Clone, Copy, Debug)]
pub struct DeviceTypeRow {
    pub device_type: DeviceType,
    /// The word on the wire.
    pub word: &'static str,
    pub class: DeviceClass,
    /// Always UP, whatever is linked with it.
    pub always_online: bool,
    /// The ports of a newly provisioned device, in the order of their creation.
    pub ports: &'static [PortRange],
    pub upstream: Option<UpstreamRequirement>,
}

/// What must exist before a device of a type can be provisioned.
#[derive(Clone, Copy, Debug)]
pub struct UpstreamRequirement {
    pub any_of: &'static [DeviceType],
    /// The rest of the sentence `Cannot provision ONT: …`, word for word as in the contract.
    pub refusal: &'static str,
}

const fn ports(
    prefix: &'static str,
    first: u32,
    count: u32,
    interface_type: InterfaceType,
) -> PortRange {
    PortRange { prefix, first, count, interface_type }
}

const MGMT: PortRange = ports("mgmt", 0, 1, InterfaceType::Ethernet);
const LO: PortRange = ports("lo", 0, 1, InterfaceType::Loopback);
const ROUTER_PORTS: &[PortRange] = &[MGMT, LO];

const NEEDS_CORE: Option<UpstreamRequirement> = Some(UpstreamRequirement {
    any_of: &[DeviceType::CoreRouter, DeviceType::BackboneGateway],
    refusal: "No CORE_ROUTER or BACKBONE_GATEWAY exists",
});
const NEEDS_EDGE: Option<UpstreamRequirement> = Some(UpstreamRequirement {
    any_of: &[DeviceType::EdgeRouter],
    refusal: "No EDGE_ROUTER exists for upstream connectivity",
});
const NEEDS_OLT: Option<UpstreamRequirement> = Some(UpstreamRequirement {
    any_of: &[DeviceType::Olt],
    refusal: "No OLT exists for PON connection",
});
const NEEDS_AON: Option<UpstreamRequirement> = Some(UpstreamRequirement {
    any_of: &[DeviceType::AonSwitch],
    refusal: "No AON_SWITCH exists for upstream connectivity",
});

const fn row(
    device_type: DeviceType,
    word: &'static str,
    class: DeviceClass,
    ports: &'static [PortRange],
    upstream: Option<UpstreamRequirement>,
) -> DeviceTypeRow {
    let always_online = matches!(device_type, DeviceType::BackboneGateway)
        || matches!(class, DeviceClass::Container);
    DeviceTypeRow { device_type, word, class, always_online, ports, upstream }
}

/// The device types in the contract's order; a row's index is its type's discriminant.
const TABLE: [DeviceTypeRow; 14] = {
    use DeviceClass::{Active, Container, Leaf, Passive};
    use DeviceType as T;
    use InterfaceType::{Ethernet, Optical};
    [
        row(T::BackboneGateway, "BACKBONE_GATEWAY", Active, ROUTER_PORTS, None),
        row(T::CoreRouter, "CORE_ROUTER", Active, ROUTER_PORTS, None),
        row(T::EdgeRouter, "EDGE_ROUTER", Active, ROUTER_PORTS, NEEDS_CORE),
        row(T::Olt, "OLT", Active, &[MGMT, LO, ports("pon", 0, 8, Optical)], NEEDS_EDGE),
        row(
            T::AonSwitch,
            "AON_SWITCH",
            Active,
            &[MGMT, LO, ports("eth", 0, 24, Ethernet)],
            NEEDS_EDGE,
        ),
        row(T::Ont, "ONT", Leaf, &[ports("eth", 0, 1, Ethernet)], NEEDS_OLT),
        row(T::BusinessOnt, "BUSINESS_ONT", Leaf, &[ports("eth", 0, 4, Ethernet)], NEEDS_OLT),
        row(
            T::AonCpe,
            "AON_CPE",
            Leaf,
            &[ports("wan", 0, 1, Ethernet), ports("lan", 0, 4, Ethernet)],
            NEEDS_AON,
        ),
        row(T::Pop, "POP", Container, &[], None),
        row(T::CoreSite, "CORE_SITE", Container, &[], None),
        row(T::Odf, "ODF", Passive, &[ports("port", 1, 48, Optical)], None),
        row(T::Nvt, "NVT", Passive, &[ports("port", 1, 12, Optical)], None),
        row(
            T::Splitter,
            "SPLITTER",
            Passive,
            &[ports("in", 0, 1, Optical), ports("out", 0, 32, Optical)],
            None,
        ),
        row(T::Hop, "HOP", Passive, &[ports("port", 1, 8, Optical)], None),
    ]
};

impl DeviceType {
    pub const COUNT: usize = TABLE.len();

    /// All types in the contract's order.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|row| row.device_type)
    }

    /// The type at this index of [`DeviceType::all`], which is the type's number on disk.
    pub fn from_index(index: u8) -> Option<Self> {
        TABLE.get(usize::from(index)).map(|row| row.device_type)
    }

    /// This type's row in the table.
    pub const fn row(self) -> &'static DeviceTypeRow {
        const { &TABLE }.as_slice().split_at(self as usize).1.first().expect("one row per type")
    }

    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        self.row().word
    }

    pub const fn class(self) -> DeviceClass {
        self.row().class
    }

    /// Whether the device is always UP, whatever is linked with it.
    pub const fn is_always_online(self) -> bool {
        self.row().always_online
    }

    /// Whether the device forwards for other active devices.
    pub const fn is_router(self) -> bool {
        matches!(self, Self::BackboneGateway | Self::CoreRouter | Self::EdgeRouter)
    }

    /// Whether the device receives light from an OLT.
    pub const fn is_optical_leaf(self) -> bool {
        matches!(self, Self::Ont | Self::BusinessOnt)
    }

    pub fn is_container(self) -> bool {
        self.class() == DeviceClass::Container
    }

    pub fn is_passive(self) -> bool {
        self.class() == DeviceClass::Passive
    }

    /// Whether its ports are joined by cross-connects: an ODF, NVT or HOP.
    pub fn takes_cross_connects(self) -> bool {
        self.is_passive() && self != Self::Splitter
    }

    /// The type with this word, if there is one.
    pub fn parse(word: &str) -> Option<Self> {
        TABLE.iter().find(|row| row.word == word).map(|row| row.device_type)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_of_each_row_is_the_number_of_its_type() {
        for (index, row) in TABLE.iter().enumerate() {
            assert_eq!(row.device_type as usize, index);
            assert_eq!(DeviceType::parse(row.word), Some(row.device_type));
        }
        assert_eq!(DeviceType::parse("ROUTER"), None);
    }

    #[test]
    fn port_counts_are_those_of_the_contract() {
        let counts: Vec<(&str, u32)> = TABLE
            .iter()
            .map(|row| (row.word, row.ports.iter().map(|run| run.count).sum()))
            .collect();
        assert_eq!(
            counts,
            [
                ("BACKBONE_GATEWAY", 2),
                ("CORE_ROUTER", 2),
                ("EDGE_ROUTER", 2),
                ("OLT", 10),
                ("AON_SWITCH", 26),
                ("ONT", 1),
                ("BUSINESS_ONT", 4),
                ("AON_CPE", 5),
                ("POP", 0),
                ("CORE_SITE", 0),
                ("ODF", 48),
                ("NVT", 12),
                ("SPLITTER", 33),
                ("HOP", 8),
            ]
        );
    }
}
