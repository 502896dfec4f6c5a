//! Whom a TLS connection trusts.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

/// Which servers are accepted.
#[derive(Debug)]
pub(super) enum Trust {
    /// Whoever holds the key of the certificate it shows: encrypted, but not authenticated.
    Anyone,
    /// Those whose certificate is signed by one of these, or is one of these.
    Signed {
        roots: Vec<CertificateDer<'static>>,
        /// Whether the certificate must carry the name or the address of the host as well.
        by_name: bool,
    },
}

/// The one implementation of cryptography in this program.
pub(super) fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

pub(super) fn verifier(trust: Trust) -> Arc<dyn ServerCertVerifier> {
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
        // PostgreSQL's documentation makes a self-signed server certificate that is its own root.
        // As such it is no server certificate by the rules of chains; naming it is trusting it.
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
