//! How far a PON may reach, and how many subscribers it may serve.

use super::pon_class::PonClass;

/// The planning limits of one PON.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PonLimits {
    /// Fibre between the OLT and the farthest subscriber, in km.
    pub reach_km: f64,
    /// The product of the split ratios between the OLT and a subscriber.
    pub split: u32,
    /// Subscribers that the protocol can tell apart.
    pub subscribers: u32,
}

/// ITU-T G.984.1 and G.9807.1: fibre distance of the ODN classes.
const REACH_KM: f64 = 20.0;
/// ITU-T G.984.1: the split that is realistic for the physical layer; G.9807.1 has the same minimum.
const SPLIT: u32 = 64;
/// ITU-T G.984.1: the split that the transmission convergence layer (G.984.3) provides for.
const GPON_SUBSCRIBERS: u32 = 128;
/// ITU-T G.9807.1: the same for XGS-PON.
const XGS_SUBSCRIBERS: u32 = 256;

impl PonLimits {
    /// The limits of an OLT's ports; without a class, those of GPON.
    pub fn of(class: Option<PonClass>) -> Self {
        let is_xgs = class.is_some_and(PonClass::is_xgs);
        let subscribers = if is_xgs { XGS_SUBSCRIBERS } else { GPON_SUBSCRIBERS };
        Self { reach_km: REACH_KM, split: SPLIT, subscribers }
    }
}
