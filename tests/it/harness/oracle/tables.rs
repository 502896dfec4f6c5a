//! The tables of the contract, typed independently of the program.

use unoc::domain::{DeviceType, InterfaceType, SplitRatio};

use DeviceType as T;

pub(super) fn word(device_type: DeviceType) -> &'static str {
    match device_type {
        T::BackboneGateway => "BACKBONE_GATEWAY",
        T::CoreRouter => "CORE_ROUTER",
        T::EdgeRouter => "EDGE_ROUTER",
        T::Olt => "OLT",
        T::AonSwitch => "AON_SWITCH",
        T::Ont => "ONT",
        T::BusinessOnt => "BUSINESS_ONT",
        T::AonCpe => "AON_CPE",
        T::Pop => "POP",
        T::CoreSite => "CORE_SITE",
        T::Odf => "ODF",
        T::Nvt => "NVT",
        T::Splitter => "SPLITTER",
        T::Hop => "HOP",
    }
}

pub(super) fn is_container(device_type: DeviceType) -> bool {
    matches!(device_type, T::Pop | T::CoreSite)
}

pub(super) fn is_passive(device_type: DeviceType) -> bool {
    matches!(device_type, T::Odf | T::Nvt | T::Splitter | T::Hop)
}

/// Rules L1 to L9.
pub(super) fn may_link(a: DeviceType, b: DeviceType) -> bool {
    let pairs = [
        (T::BackboneGateway, T::CoreRouter),
        (T::CoreRouter, T::EdgeRouter),
        (T::EdgeRouter, T::Olt),
        (T::EdgeRouter, T::AonSwitch),
        (T::Olt, T::Ont),
        (T::Olt, T::BusinessOnt),
        (T::AonSwitch, T::AonCpe),
        (T::BackboneGateway, T::BackboneGateway),
        (T::CoreRouter, T::CoreRouter),
        (T::EdgeRouter, T::EdgeRouter),
    ];
    if is_container(a) || is_container(b) {
        return false;
    }
    is_passive(a) || is_passive(b) || pairs.contains(&(a, b)) || pairs.contains(&(b, a))
}

/// The types of which one suffices as upstream, and the refusal when none of them exists.
pub(super) fn upstream(device_type: DeviceType) -> Option<(&'static [DeviceType], &'static str)> {
    match device_type {
        T::EdgeRouter => Some((
            &[T::CoreRouter, T::BackboneGateway],
            "No CORE_ROUTER or BACKBONE_GATEWAY exists",
        )),
        T::Olt | T::AonSwitch => {
            Some((&[T::EdgeRouter], "No EDGE_ROUTER exists for upstream connectivity"))
        }
        T::Ont | T::BusinessOnt => Some((&[T::Olt], "No OLT exists for PON connection")),
        T::AonCpe => Some((&[T::AonSwitch], "No AON_SWITCH exists for upstream connectivity")),
        _ => None,
    }
}

/// The ports of a provisioned device, in the order of their creation.
pub(super) fn recipe(
    device_type: DeviceType,
    ratio: Option<SplitRatio>,
) -> Vec<(String, InterfaceType)> {
    use InterfaceType::{Ethernet, Loopback, Optical};
    let run = |prefix: &str, numbers: std::ops::Range<u32>, interface_type| {
        numbers.map(|number| (format!("{prefix}{number}"), interface_type)).collect::<Vec<_>>()
    };
    let base = [run("mgmt", 0..1, Ethernet), run("lo", 0..1, Loopback)].concat();
    match device_type {
        T::BackboneGateway | T::CoreRouter | T::EdgeRouter => base,
        T::Olt => [base, run("pon", 0..8, Optical)].concat(),
        T::AonSwitch => [base, run("eth", 0..24, Ethernet)].concat(),
        T::Ont => run("eth", 0..1, Ethernet),
        T::BusinessOnt => run("eth", 0..4, Ethernet),
        T::AonCpe => [run("wan", 0..1, Ethernet), run("lan", 0..4, Ethernet)].concat(),
        T::Pop | T::CoreSite => Vec::new(),
        T::Odf => run("port", 1..49, Optical),
        T::Nvt => run("port", 1..13, Optical),
        T::Splitter => {
            let outputs = ratio.map_or(32, |ratio| ratio.outputs().into());
            [run("in", 0..1, Optical), run("out", 0..outputs, Optical)].concat()
        }
        T::Hop => run("port", 1..9, Optical),
    }
}
