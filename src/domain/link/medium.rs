//! Fibre media and their attenuation.

/// The fibre of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Medium {
    G652d,
    G657a1,
    G657a2,
    Om3,
    Om4,
}

/// Fibre attenuation at one wavelength.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Attenuation {
    pub wavelength_nm: u32,
    pub attenuation_db_per_km: f64,
}

const fn at(wavelength_nm: u32, attenuation_db_per_km: f64) -> Attenuation {
    Attenuation { wavelength_nm, attenuation_db_per_km }
}

/// Single-mode design values. ITU-T G.652 (11/2016) table 2 allows a cabled maximum of
/// 0.40 dB/km from 1310 to 1625 nm and 0.30 dB/km from 1530 to 1565 nm; operators plan with
/// the lower typical values below.
const SINGLE_MODE: &[Attenuation] =
    &[at(1270, 0.40), at(1310, 0.35), at(1490, 0.25), at(1550, 0.25), at(1577, 0.25)];
/// ISO/IEC 11801-1 table of cabled OM3 attenuation at 850 nm.
const OM3: &[Attenuation] = &[at(850, 3.5)];
/// ISO/IEC 11801-1 table of cabled OM4 attenuation at 850 nm.
const OM4: &[Attenuation] = &[at(850, 3.0)];

/// XGS-PON's upstream wavelength, ITU-T G.9807.1. (Downstream, every medium of the
/// table attenuates its 1577 nm as GPON's 1490 nm, which a test checks.)
pub(in crate::domain) const XGS_UPSTREAM_NM: u32 = 1270;
/// GPON's upstream wavelength, ITU-T G.984.2.
pub const UPSTREAM_NM: u32 = 1310;
/// GPON's downstream wavelength, ITU-T G.984.2.
pub const DOWNSTREAM_NM: u32 = 1490;

impl Medium {
    pub const ALL: [Self; 5] = [Self::G652d, Self::G657a1, Self::G657a2, Self::Om3, Self::Om4];

    /// The medium of a link without a recorded one: the most common.
    pub const ASSUMED: Self = Self::G652d;

    /// The key on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::G652d => "G652D",
            Self::G657a1 => "G657A1",
            Self::G657a2 => "G657A2",
            Self::Om3 => "OM3",
            Self::Om4 => "OM4",
        }
    }

    /// The medium with this key, if there is one.
    pub fn parse(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|medium| medium.as_str() == key)
    }

    pub const fn attenuations(self) -> &'static [Attenuation] {
        match self {
            Self::G652d | Self::G657a1 | Self::G657a2 => SINGLE_MODE,
            Self::Om3 => OM3,
            Self::Om4 => OM4,
        }
    }

    /// dB/km at the listed wavelength nearest to `wavelength_nm`.
    pub fn attenuation_db_per_km(self, wavelength_nm: u32) -> f64 {
        self.attenuations()
            .iter()
            .min_by_key(|row| row.wavelength_nm.abs_diff(wavelength_nm))
            .map_or(0.0, |row| row.attenuation_db_per_km)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn downstream_attenuation_is_the_same_for_gpon_and_xgs_pon() {
        for medium in Medium::ALL {
            let [gpon, xgs] = [DOWNSTREAM_NM, 1577].map(|nm| medium.attenuation_db_per_km(nm));
            assert!((gpon - xgs).abs() < f64::EPSILON, "{medium:?}");
        }
    }
}
