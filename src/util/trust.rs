//! Which servers a TLS connection trusts, and the files of certificates.

use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

use super::without_bom;

/// Which servers are accepted.
#[derive(Debug)]
pub enum Trust {
    /// Any server that holds the key of its certificate: encrypted, but not authenticated.
    Anyone,
    /// Servers whose certificate is signed by one of these roots, or is one of them.
    Signed {
        roots: Vec<CertificateDer<'static>>,
        /// Whether the certificate must also be valid for the name or the address of the host.
        by_name: bool,
    },
}

/// Reads a file in PEM form, without a byte order mark in front.
///
/// # Errors
/// The system's error as a text, without the file's name.
pub fn read_pem(path: &Path) -> Result<Vec<u8>, String> {
    let pem = std::fs::read(path).map_err(|error| error.to_string())?;
    Ok(without_bom(&pem).to_vec())
}

/// Reads a file of one or more certificates in PEM form.
///
/// # Errors
/// What is wrong with the file, without its name.
pub fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    certificates(&read_pem(path)?)
}

/// Reads one or more certificates in PEM form.
///
/// # Errors
/// What is wrong with them.
pub fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let certificates = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>();
    let certificates = certificates.map_err(|error| error.to_string())?;
    if certificates.is_empty() {
        return Err("it holds no certificate in PEM form".to_owned());
    }
    for (number, certificate) in (1..).zip(&certificates) {
        RootCertStore::empty().add(certificate.clone()).map_err(|error| {
            format!("certificate {number} of the file cannot be parsed ({error})")
        })?;
    }
    Ok(certificates)
}

/// Reads the root certificates of the operating system.
///
/// # Errors
/// There are none; with the reason if there is one.
pub fn system_roots() -> Result<Vec<CertificateDer<'static>>, String> {
    let found = rustls_native_certs::load_native_certs();
    if found.certs.is_empty() {
        let cause = found.errors.first().map(|error| format!(" ({error})")).unwrap_or_default();
        return Err(format!("this system has no root certificates{cause}"));
    }
    Ok(found.certs)
}

/// Returns whether an error or one of its causes is that a server's certificate was not accepted.
pub fn is_untrusted(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(inner) = cause {
        if let Some(Error::InvalidCertificate(_)) = inner.downcast_ref() {
            return true;
        }
        // An error of I/O names the cause of what it holds as its own, and passes over that itself.
        let held = inner.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        cause = match held {
            Some(held) => Some(held),
            None => inner.source(),
        };
    }
    false
}

/// Returns the one implementation of cryptography in this program.
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// Returns a verifier of server certificates.
pub fn verifier(trust: Trust) -> Arc<dyn ServerCertVerifier> {
    let mut anchors = RootCertStore::empty();
    if let Trust::Signed { roots, .. } = &trust {
        // A root that cannot be parsed signs nothing; the others still count.
        anchors.add_parsable_certificates(roots.iter().cloned());
    }
    Arc::new(Verifier { trust, anchors, provider: provider() })
}

#[derive(Debug)]
struct Verifier {
    trust: Trust,
    /// The roots of `trust`, parsed.
    anchors: RootCertStore,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        host: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Trust::Signed { roots, by_name } = &self.trust else {
            return Ok(ServerCertVerified::assertion());
        };
        let certificate = ParsedCertificate::try_from(shown)?;
        // A certificate made by openssl req -x509 is an authority and a server's at once, and signed by
        // itself. By the rules of chains it is no server's certificate; naming it is trusting it.
        if !roots.iter().any(|root| root == shown) {
            verify_server_cert_signed_by_trust_anchor(
                &certificate,
                &self.anchors,
                intermediates,
                now,
                self.provider.signature_verification_algorithms.all,
            )?;
        }
        if *by_name {
            verify_server_name(&certificate, host)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
