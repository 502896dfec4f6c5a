//! Clients on this host, which trust exactly the certificate that the own server shows: nobody has to install its
//! authority for them, and its name need not be theirs.

use std::fmt;
use std::io;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;

use super::error::TlsError;
use super::identity::Fingerprint;
use super::slot::CertificateSlot;
use crate::util::trust;

/// Connects to the own server with what its slot shows at that moment.
#[derive(Clone)]
pub struct PinnedServer(TlsConnector);

impl PinnedServer {
    /// # Errors
    /// [`TlsError::Client`].
    pub fn new(slot: CertificateSlot) -> Result<Self, TlsError> {
        let config = client_config(move |shown| slot.identity().fingerprint() == shown)?;
        Ok(Self(TlsConnector::from(Arc::new(config))))
    }

    /// Carries the handshake out, as a client that knows no later protocol than HTTP/1.1. There is no deadline here.
    ///
    /// # Errors
    /// Whoever answers is not the own server, or the connection breaks.
    pub async fn connect<S>(&self, stream: S) -> io::Result<tokio_rustls::client::TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let name = ServerName::try_from("localhost").map_err(io::Error::other)?;
        self.0.connect(name, stream).await
    }
}

/// Returns the TLS settings of a client that trusts the certificate with this fingerprint and no other; none at all
/// without one.
///
/// # Errors
/// [`TlsError::Client`].
pub fn pinned_client(fingerprint: Option<Fingerprint>) -> Result<ClientConfig, TlsError> {
    client_config(move |shown| fingerprint == Some(shown))
}

fn client_config(
    is_trusted: impl Fn(Fingerprint) -> bool + Send + Sync + 'static,
) -> Result<ClientConfig, TlsError> {
    let verifier = PinVerifier { is_trusted: Box::new(is_trusted), provider: trust::provider() };
    let config = ClientConfig::builder_with_provider(trust::provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| TlsError::Client(error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok(config)
}

/// Accepts certificates by their fingerprint. That the server holds the key is still verified by its signature.
struct PinVerifier {
    is_trusted: Box<dyn Fn(Fingerprint) -> bool + Send + Sync>,
    provider: Arc<CryptoProvider>,
}

impl fmt::Debug for PinVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PinVerifier")
    }
}

impl ServerCertVerifier for PinVerifier {
    fn verify_server_cert(
        &self,
        shown: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _host: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match (self.is_trusted)(Fingerprint::of(shown)) {
            true => Ok(ServerCertVerified::assertion()),
            false => Err(CertificateError::ApplicationVerificationFailure.into()),
        }
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
