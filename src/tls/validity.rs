//! When a certificate is valid.

use std::time::Duration;

use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, Error, RootCertStore};

use crate::domain::Timestamp;
use crate::util::trust;

const MICROS_PER_SECOND: i64 = 1_000_000;

/// From when to when a certificate is valid (RFC 5280, section 4.1.2.5); both ends belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    pub not_before: Timestamp,
    pub not_after: Timestamp,
}

impl Validity {
    /// Reads it from a certificate.
    ///
    /// # Errors
    /// What is wrong with the certificate.
    pub(super) fn of(certificate: &CertificateDer<'_>) -> Result<Self, String> {
        let parsed = ParsedCertificate::try_from(certificate).map_err(|error| error.to_string())?;
        // The verifier looks at the time first, before it looks for a root: asked about a time before the first
        // and after the last certificate, it tells both ends, and no second parser of certificates is needed.
        let not_before = match refusal_at(&parsed, Duration::ZERO) {
            Some(CertificateError::NotValidYetContext { not_before, .. }) => micros(not_before),
            // It began at the first second of 1970; what is before cannot be parsed.
            _ => Timestamp(0),
        };
        match refusal_at(&parsed, Duration::from_secs(u64::MAX)) {
            Some(CertificateError::ExpiredContext { not_after, .. }) => {
                Ok(Self { not_before, not_after: micros(not_after) })
            }
            other => Err(format!("its end cannot be read ({other:?})")),
        }
    }

    /// Returns whether it is valid at a time.
    pub fn contains(&self, at: Timestamp) -> bool {
        (self.not_before..=self.not_after).contains(&at)
    }

    /// How long it is valid in all.
    pub fn lifetime(&self) -> Duration {
        span(self.not_before, self.not_after)
    }

    /// How long it is valid from a time on; zero when it has expired.
    pub fn remaining(&self, at: Timestamp) -> Duration {
        span(at, self.not_after)
    }
}

/// From one time to another; zero when it is earlier.
pub(super) fn span(from: Timestamp, to: Timestamp) -> Duration {
    Duration::from_micros(u64::try_from(to.0.saturating_sub(from.0)).unwrap_or(0))
}

fn refusal_at(
    certificate: &ParsedCertificate<'_>,
    since_epoch: Duration,
) -> Option<CertificateError> {
    let verified = verify_server_cert_signed_by_trust_anchor(
        certificate,
        &RootCertStore::empty(),
        &[],
        UnixTime::since_unix_epoch(since_epoch),
        trust::provider().signature_verification_algorithms.all,
    );
    match verified {
        Err(Error::InvalidCertificate(refusal)) => Some(refusal),
        _ => None,
    }
}

fn micros(time: UnixTime) -> Timestamp {
    let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    Timestamp(seconds.saturating_mul(MICROS_PER_SECOND))
}

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair, date_time_ymd};

    use super::*;

    #[test]
    fn both_ends_are_read_from_any_kind_of_certificate() {
        let check = |is_ca: IsCa, years: (i32, i32), expected_s: (i64, i64)| {
            let mut params = CertificateParams::new(["noc.example.org".to_owned()]).unwrap();
            params.is_ca = is_ca;
            params.not_before = date_time_ymd(years.0, 1, 1);
            params.not_after = date_time_ymd(years.1, 1, 1);
            let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
            let validity = Validity::of(certificate.der()).unwrap();
            let ends = (validity.not_before.0 / 1_000_000, validity.not_after.0 / 1_000_000);
            assert_eq!(ends, expected_s);
            assert!(
                validity.contains(validity.not_before) && validity.contains(validity.not_after)
            );
            assert!(!validity.contains(Timestamp(validity.not_after.0 + 1)));
        };
        // 2026-01-01, 2027-01-01, 2100-01-01 (a GeneralizedTime) and 1970-01-01, in seconds since 1970.
        check(IsCa::NoCa, (2026, 2027), (1_767_225_600, 1_798_761_600));
        let authority = IsCa::Ca(BasicConstraints::Unconstrained);
        check(authority, (2026, 2100), (1_767_225_600, 4_102_444_800));
        check(IsCa::NoCa, (1970, 2027), (0, 1_798_761_600));
    }

    #[test]
    fn spans_end_at_zero() {
        let validity =
            Validity { not_before: Timestamp(1_000_000), not_after: Timestamp(5_000_000) };
        assert_eq!(validity.lifetime(), Duration::from_secs(4));
        assert_eq!(validity.remaining(Timestamp(4_000_000)), Duration::from_secs(1));
        assert_eq!(validity.remaining(Timestamp(9_000_000)), Duration::ZERO);
    }

    #[test]
    fn what_is_no_certificate_has_no_validity() {
        assert!(Validity::of(&CertificateDer::from(vec![1, 2, 3])).is_err());
    }
}
