//! Which devices may be linked: rules L1 to L9.

use crate::domain::{DeviceClass, DeviceType};

/// One link rule. All are bidirectional.
#[derive(Clone, Copy, Debug)]
pub struct LinkRule {
    pub name: &'static str,
    between: Ends,
}

/// The pairs of types that a rule allows.
#[derive(Clone, Copy, Debug)]
enum Ends {
    Pair(DeviceType, DeviceType),
    /// A passive part, and any device that is not a container.
    Passive,
    SameType(&'static [DeviceType]),
}

const fn pair(name: &'static str, a: DeviceType, b: DeviceType) -> LinkRule {
    LinkRule { name, between: Ends::Pair(a, b) }
}

/// All rules. A link that no rule allows is refused.
pub const LINK_RULES: [LinkRule; 9] = {
    use DeviceType as T;
    [
        pair("L1_BACKBONE_CORE", T::BackboneGateway, T::CoreRouter),
        pair("L2_CORE_EDGE", T::CoreRouter, T::EdgeRouter),
        pair("L3_EDGE_OLT", T::EdgeRouter, T::Olt),
        pair("L4_EDGE_AON", T::EdgeRouter, T::AonSwitch),
        pair("L5_OLT_ONT", T::Olt, T::Ont),
        pair("L6_OLT_BUSINESS_ONT", T::Olt, T::BusinessOnt),
        pair("L7_AON_CPE", T::AonSwitch, T::AonCpe),
        LinkRule { name: "L8_INLINE_PASSIVE", between: Ends::Passive },
        LinkRule {
            name: "L9_PEER_TO_PEER",
            between: Ends::SameType(&[T::BackboneGateway, T::CoreRouter, T::EdgeRouter]),
        },
    ]
};

/// The rule that allows a link between devices of these types, if there is one.
pub fn rule_between(a: DeviceType, b: DeviceType) -> Option<&'static LinkRule> {
    const { &LINK_RULES }.iter().find(|rule| match rule.between {
        Ends::Pair(x, y) => (a, b) == (x, y) || (b, a) == (x, y),
        Ends::Passive => {
            (a.is_passive() || b.is_passive())
                && a.class() != DeviceClass::Container
                && b.class() != DeviceClass::Container
        }
        Ends::SameType(types) => a == b && types.contains(&a),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_allows_the_links_of_the_contract_and_no_others() {
        use DeviceType as T;
        let rule = |a, b| rule_between(a, b).map(|rule| &rule.name[..2]);
        for (a, b, expected) in [
            (T::BackboneGateway, T::CoreRouter, Some("L1")),
            (T::CoreRouter, T::EdgeRouter, Some("L2")),
            (T::EdgeRouter, T::Olt, Some("L3")),
            (T::EdgeRouter, T::AonSwitch, Some("L4")),
            (T::Olt, T::Ont, Some("L5")),
            (T::Olt, T::BusinessOnt, Some("L6")),
            (T::AonSwitch, T::AonCpe, Some("L7")),
            (T::Olt, T::Splitter, Some("L8")),
            (T::AonCpe, T::Odf, Some("L8")),
            (T::Hop, T::Nvt, Some("L8")),
            (T::EdgeRouter, T::EdgeRouter, Some("L9")),
            (T::BackboneGateway, T::BackboneGateway, Some("L9")),
            (T::Ont, T::CoreRouter, None),
            (T::Olt, T::Olt, None),
            (T::Ont, T::Ont, None),
            (T::BackboneGateway, T::EdgeRouter, None),
            (T::Pop, T::Splitter, None),
            (T::AonSwitch, T::Ont, None),
        ] {
            assert_eq!(rule(a, b), expected, "{a:?} - {b:?}");
            assert_eq!(rule(b, a), expected, "{b:?} - {a:?}");
        }
    }

    #[test]
    fn containers_are_never_link_ends() {
        for container in [DeviceType::Pop, DeviceType::CoreSite] {
            assert!(DeviceType::all().all(|other| rule_between(container, other).is_none()));
        }
    }
}
