//! The certificate that clients see: how long it is valid, and whether it is the one that it should be.

use std::sync::Arc;
use std::time::Duration;

use super::super::tls::ServedCertificate;
use super::measure::float;
use crate::engine::EngineHandle;
use crate::health::{CheckReading, ProbeTable};
use crate::tls::{CertificateSource, ServerIdentity};
use crate::wire::Time;

const DAY: Duration = Duration::from_secs(86_400);

pub(super) fn add(probes: &mut ProbeTable, engine: &EngineHandle, certificate: &ServedCertificate) {
    let slot = certificate.slot.clone();
    add_expiry(probes, engine, move || slot.identity());
    let status = certificate.status.clone();
    probes.add("tls.renewal", move || {
        let reading = match (status.problem(), status.source()) {
            (None, _) => CheckReading::yes_no(true),
            (Some(problem), CertificateSource::Files) => {
                let message = format!("The certificate before stays in effect: {problem}");
                CheckReading::yes_no(false).with(message)
            }
            (Some(problem), CertificateSource::Authority) => {
                CheckReading::yes_no(false).with(problem)
            }
        };
        async move { Ok(reading) }
    });
}

/// Adds the one for how long a certificate is valid.
pub(super) fn add_expiry(
    probes: &mut ProbeTable,
    engine: &EngineHandle,
    identity: impl Fn() -> Arc<ServerIdentity> + Send + 'static,
) {
    let engine = engine.clone();
    probes.add("tls.expiry", move || {
        let (validity, now) = (identity().validity(), engine.now());
        let days = float(validity.remaining(now).as_secs()) / DAY.as_secs_f64();
        let end = Time(validity.not_after).to_string();
        let end = end.split('.').next().unwrap_or_default().replace('T', " ");
        let message = match (now < validity.not_before, days > 0.0) {
            (true, _) => "It is not valid yet by the clock of this host".to_owned(),
            (false, true) => format!("It is valid until {end} UTC"),
            (false, false) => format!("It has expired on {end} UTC"),
        };
        let value = if now < validity.not_before { 0.0 } else { days };
        async move { Ok(CheckReading::of(value).with(message)) }
    });
}
