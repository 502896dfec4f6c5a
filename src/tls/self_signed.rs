//! A certificate that nobody but itself has signed.

use rcgen::{
    CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};

use super::error::TlsError;
use crate::domain::Timestamp;

/// Longest life of a certificate that Apple's systems accept (support.apple.com/103769).
pub const SELF_SIGNED_DAYS_MAX: u16 = 825;
const MICROS_PER_DAY: i64 = 86_400_000_000;

/// A certificate chain and its key as PEM.
pub struct PemPair {
    pub chain: String,
    pub key: String,
}

/// Makes a certificate with a new key (ECDSA, P-256) for these names and addresses, valid from the day of `now` on.
///
/// # Errors
/// [`TlsError::Make`]: one of the names is none, or there is none at all.
pub fn self_signed(names: &[String], now: Timestamp, days: u16) -> Result<PemPair, TlsError> {
    let make_error = |error: rcgen::Error| TlsError::Make(error.to_string());
    let Some(first) = names.first() else {
        return Err(TlsError::Make("it needs a name or an address".to_owned()));
    };
    let mut params = CertificateParams::new(names.to_vec()).map_err(make_error)?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, first.as_str());
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let (year, month, day) = date(now)?;
    params.not_before = date_time_ymd(year, month, day);
    let (year, month, day) =
        date(Timestamp(now.0.saturating_add(i64::from(days) * MICROS_PER_DAY)))?;
    params.not_after = date_time_ymd(year, month, day);
    let key = KeyPair::generate().map_err(make_error)?;
    let certificate = params.self_signed(&key).map_err(make_error)?;
    Ok(PemPair { chain: certificate.pem(), key: key.serialize_pem() })
}

/// The year, the month and the day of a time in UTC.
fn date(at: Timestamp) -> Result<(i32, u8, u8), TlsError> {
    let at = jiff::Timestamp::from_microsecond(at.0);
    let at = at.map_err(|error| TlsError::Make(error.to_string()))?;
    let date = jiff::tz::TimeZone::UTC.to_datetime(at).date();
    Ok((date.year().into(), date.month().unsigned_abs(), date.day().unsigned_abs()))
}

#[cfg(test)]
mod tests {
    use super::super::identity::ServerIdentity;
    use super::*;

    #[test]
    fn it_is_for_its_names_and_as_long_as_asked() {
        let names = ["noc.example.org", "192.0.2.7", "::1"].map(str::to_owned);
        // 2026-11-23T13:03:36Z
        let now = Timestamp(1_795_439_016_000_000);
        let pair = self_signed(&names, now, 10).unwrap();
        let identity =
            ServerIdentity::from_pem(pair.chain.as_bytes(), pair.key.as_bytes()).unwrap();
        assert!(names.iter().all(|name| identity.covers(name)) && !identity.covers("localhost"));
        // 2026-11-23 and 2026-12-03, at midnight.
        let ends = (identity.validity().not_before.0, identity.validity().not_after.0);
        assert_eq!(ends, (1_795_392_000_000_000, 1_796_256_000_000_000));
        assert!(self_signed(&[], now, 10).is_err());
        assert!(self_signed(&["nöc".to_owned()], now, 10).is_err());
    }
}
