//! The server's side of TLS: which versions and protocols it speaks, and a handshake that ends in time.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use rustls::crypto::ring::Ticketer;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;

use super::error::TlsError;
use super::slot::{CHALLENGE_PROTOCOL, CertificateSlot};
use crate::util::trust;

/// How long a client may take for the handshake: five round trips to the other side of the world, three of them lost.
const HANDSHAKE_WAIT: Duration = Duration::from_secs(10);
/// The protocols by their names in ALPN (RFC 7301; RFC 9113, section 3.1), the preferred one first.
const HTTP2: &[u8] = b"h2";
const HTTP1: &[u8] = b"http/1.1";

/// A connection after its handshake.
pub type ClientStream<S> = tokio_rustls::server::TlsStream<S>;

/// Which HTTP a client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NegotiatedProtocol {
    Http1,
    Http2,
}

/// How a handshake ended.
pub enum HandshakeOutcome<S> {
    Client(Box<ClientStream<S>>, NegotiatedProtocol),
    /// A certificate authority has seen what it looked for; nothing follows.
    Challenge,
}

/// Makes encrypted connections of plain ones. Clones share their session tickets.
#[derive(Clone)]
pub struct TlsServer(TlsAcceptor);

impl TlsServer {
    /// A server that shows what the slot has. It speaks TLS 1.2 and 1.3, with the cipher suites that rustls has for them:
    /// all of them with forward secrecy and authenticated encryption.
    ///
    /// # Errors
    /// [`TlsError::Client`] when the system has no random numbers.
    pub fn new(slot: CertificateSlot) -> Result<Self, TlsError> {
        let config_error = |error: rustls::Error| TlsError::Make(error.to_string());
        let mut config = ServerConfig::builder_with_provider(trust::provider())
            .with_safe_default_protocol_versions()
            .map_err(config_error)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(slot));
        // A client that comes again saves the signature. The keys of tickets change every six hours.
        config.ticketer = Ticketer::new().map_err(config_error)?;
        config.alpn_protocols = [HTTP2, HTTP1, CHALLENGE_PROTOCOL].map(<[u8]>::to_vec).to_vec();
        Ok(Self(TlsAcceptor::from(Arc::new(config))))
    }

    /// Carries the handshake out.
    ///
    /// # Errors
    /// The client speaks no TLS, or none in time, does not trust the certificate, or is gone.
    pub async fn accept<S>(&self, stream: S) -> io::Result<HandshakeOutcome<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let accepted = tokio::time::timeout(HANDSHAKE_WAIT, self.0.accept(stream)).await;
        let timed_out = |_| io::Error::new(io::ErrorKind::TimedOut, "the handshake took too long");
        let stream = accepted.map_err(timed_out)??;
        let protocol = match stream.get_ref().1.alpn_protocol() {
            Some(CHALLENGE_PROTOCOL) => return Ok(HandshakeOutcome::Challenge),
            Some(HTTP2) => NegotiatedProtocol::Http2,
            _ => NegotiatedProtocol::Http1,
        };
        Ok(HandshakeOutcome::Client(Box::new(stream), protocol))
    }
}
