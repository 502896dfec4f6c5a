//! Whom a TLS connection trusts, and the files that say so.

use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

/// Which servers are accepted.
#[derive(Debug)]
pub enum Trust {
    /// Whoever holds the key of the certificate it shows: encrypted, but not authenticated.
    Anyone,
    /// Those whose certificate is signed by one of these, or is one of these.
    Signed {
        roots: Vec<CertificateDer<'static>>,
        /// Whether the certificate must carry the name or the address of the host as well.
        by_name: bool,
    },
}

/// What some editors put before a text as the mark of its encoding (Unicode, "Byte Order Mark").
const MARK: &[u8] = "\u{feff}".as_bytes();

/// Reads a file in PEM form, without the mark of an encoding before it.
///
/// # Errors
/// Why it cannot be read, without its name.
pub fn read_pem(path: &Path) -> Result<Vec<u8>, String> {
    let pem = std::fs::read(path).map_err(|error| error.to_string())?;
    Ok(pem.strip_prefix(MARK).map(<[u8]>::to_vec).unwrap_or(pem))
}

/// Reads a file of certificates in PEM form: at least one.
///
/// # Errors
/// Why there is none, without the name of the file.
pub fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let pem = read_pem(path)?;
    let certificates = CertificateDer::pem_slice_iter(&pem).collect::<Result<Vec<_>, _>>();
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

/// Whether an error or one of its causes is that a server's certificate was not accepted.
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

/// The one implementation of cryptography in this program.
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

/// Returns what judges the certificates of servers.
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
