//! Negotiating TLS as in libpq, over a stream with a stall timeout.
//!
//! The driver has fewer modes than libpq. It is told to start TLS directly, so that it passes the
//! plain socket to [`Negotiator`], which asks the server itself and may return an unencrypted
//! stream.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use rustls::ClientConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, InvalidDnsNameError, PrivateKeyDer, ServerName};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio_rustls::TlsConnector;

use super::channel_binding;
use super::error::PgError;
use super::timeout_stream::{ConnectionControl, TimeoutStream};
use crate::util::exposure;
use crate::util::trust::{self, Trust};

/// SSLRequest: its length, then its code (PostgreSQL documentation, "Message Formats").
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// `sslmode` of libpq. Its `allow` is [`TlsMode::Prefer`]: it only differs in what it tries first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TlsMode {
    Disable,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

/// The root certificates to trust.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TlsRoots {
    /// Those of the operating system.
    System,
    /// Those of a PEM file.
    File(PathBuf),
}

/// The TLS settings of an address.
#[derive(Clone, Debug)]
pub(super) struct TlsPolicy {
    pub(super) mode: TlsMode,
    /// `None` if the address names none.
    pub(super) roots: Option<TlsRoots>,
    /// The files of the client's certificate chain and of its private key.
    pub(super) identity: Option<(PathBuf, PathBuf)>,
}

impl TlsPolicy {
    /// Reads the files of the policy. Each connection reads them again, so that a renewed
    /// certificate needs no restart.
    ///
    /// # Errors
    /// [`PgError::Tls`] names the file and what is wrong with it.
    pub(super) fn negotiator(&self, control: &ConnectionControl) -> Result<Negotiator, PgError> {
        let encrypt = match self.mode {
            TlsMode::Disable => None,
            _ => Some(Arc::new(self.client_config()?).into()),
        };
        let is_required = !matches!(self.mode, TlsMode::Disable | TlsMode::Prefer);
        Ok(Negotiator { encrypt, is_required, control: control.clone() })
    }

    fn client_config(&self) -> Result<ClientConfig, PgError> {
        let config_error = |error: rustls::Error| PgError::Tls(error.to_string());
        let builder = ClientConfig::builder_with_provider(trust::provider())
            .with_safe_default_protocol_versions()
            .map_err(config_error)?
            .dangerous()
            .with_custom_certificate_verifier(trust::verifier(self.trust()?));
        let Some((certificates, key)) = &self.identity else {
            return Ok(builder.with_no_client_auth());
        };
        let chain = read_certificates(certificates)?;
        // One that cannot be looked at cannot be read either.
        let open = std::fs::metadata(key).ok().and_then(|metadata| exposure(key, &metadata));
        let pem = open.map_or_else(|| trust::read_pem(key), Err);
        let pem = pem.map_err(|what| tls_error(key, &what))?;
        let read_key = PrivateKeyDer::from_pem_slice(&pem).map_err(|error| {
            tls_error(key, &format!("it holds no unencrypted private key: {error}"))
        })?;
        builder.with_client_auth_cert(chain, read_key).map_err(|error| {
            let (certificates, key) = (certificates.display(), key.display());
            PgError::Tls(format!("{certificates} and {key} cannot be used together: {error}"))
        })
    }

    /// As in libpq, a named root file is used in every mode that encrypts.
    fn trust(&self) -> Result<Trust, PgError> {
        let by_name = self.mode == TlsMode::VerifyFull;
        let roots = match &self.roots {
            Some(TlsRoots::File(path)) => read_certificates(path)?,
            Some(TlsRoots::System) => system_roots()?,
            None if by_name => system_roots()?,
            None => return Ok(Trust::Anyone),
        };
        Ok(Trust::Signed { roots, by_name })
    }
}

fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, PgError> {
    trust::read_certificates(path).map_err(|what| tls_error(path, &what))
}

fn tls_error(path: &Path, what: &dyn fmt::Display) -> PgError {
    PgError::Tls(format!("{}: {what}", path.display()))
}

fn system_roots() -> Result<Vec<CertificateDer<'static>>, PgError> {
    trust::system_roots().map_err(|what| {
        PgError::Tls(format!("{what}: install ca-certificates or name a file with sslrootcert"))
    })
}

/// Negotiates the connections to one host.
#[derive(Clone)]
pub(super) struct Negotiator {
    /// `None` for an unencrypted session.
    pub(super) encrypt: Option<TlsConnector>,
    is_required: bool,
    control: ConnectionControl,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> MakeTlsConnect<S> for Negotiator {
    type Stream = NegotiatedStream<S>;
    type TlsConnect = Negotiation;
    type Error = InvalidDnsNameError;

    fn make_tls_connect(&mut self, host: &str) -> Result<Negotiation, InvalidDnsNameError> {
        let encrypt = match &self.encrypt {
            Some(connector) => Some((connector.clone(), ServerName::try_from(host)?.to_owned())),
            None => None,
        };
        Ok(Negotiation { encrypt, is_required: self.is_required, control: self.control.clone() })
    }
}

/// The negotiation of one connection.
pub(super) struct Negotiation {
    encrypt: Option<(TlsConnector, ServerName<'static>)>,
    is_required: bool,
    control: ConnectionControl,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> TlsConnect<S> for Negotiation {
    type Stream = NegotiatedStream<S>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<NegotiatedStream<S>>> + Send>>;

    fn connect(self, socket: S) -> Self::Future {
        Box::pin(self.negotiate(socket))
    }
}

impl Negotiation {
    async fn negotiate<S: AsyncRead + AsyncWrite + Unpin>(
        self,
        socket: S,
    ) -> io::Result<NegotiatedStream<S>> {
        let mut stream = TimeoutStream::new(socket, self.control);
        let Some((connector, host)) = self.encrypt else {
            return Ok(NegotiatedStream::new(Transport::Plain(stream)));
        };
        stream.write_all(&SSL_REQUEST).await?;
        // Exactly one byte: an attacker could have injected more, which would be taken for a part
        // of the encrypted session.
        match stream.read_u8().await? {
            b'S' => {
                let stream = connector.connect(host, stream).await?;
                Ok(NegotiatedStream::new(Transport::Encrypted(Box::new(stream))))
            }
            b'N' if !self.is_required => Ok(NegotiatedStream::new(Transport::Plain(stream))),
            b'N' => Err(io::Error::other(
                "the server does not offer TLS: turn it on there, or set sslmode=disable if the \
                 network is trusted",
            )),
            other => Err(io::Error::other(format!(
                "this is not a PostgreSQL server: it answered the request for TLS with byte {other}"
            ))),
        }
    }
}

/// A connection after the negotiation.
pub(super) struct NegotiatedStream<S> {
    transport: Transport<S>,
    /// The end of the stream, until it is reported.
    end: Option<io::Result<()>>,
    has_ended: bool,
}

enum Transport<S> {
    Plain(TimeoutStream<S>),
    Encrypted(Box<tokio_rustls::client::TlsStream<TimeoutStream<S>>>),
}

impl<S> NegotiatedStream<S> {
    fn new(transport: Transport<S>) -> Self {
        Self { transport, end: None, has_ended: false }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream for NegotiatedStream<S> {
    fn channel_binding(&self) -> ChannelBinding {
        match &self.transport {
            Transport::Plain(_) => ChannelBinding::none(),
            Transport::Encrypted(stream) => match stream.get_ref().1.peer_certificates() {
                Some([shown, ..]) => channel_binding::to_certificate(shown),
                _ => ChannelBinding::none(),
            },
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for NegotiatedStream<S> {
    /// Reports the end of the stream one poll later. The driver reads everything before it
    /// processes an answer, and would discard the last one at the end: the reason why the server or
    /// a pooler closed the connection.
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if let Some(end) = this.end.take() {
            return Poll::Ready(end);
        }
        let before = buffer.filled().len();
        let polled = match &mut this.transport {
            Transport::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
            Transport::Encrypted(stream) => Pin::new(stream).poll_read(cx, buffer),
        };
        let is_end = match &polled {
            Poll::Ready(Ok(())) => buffer.filled().len() == before && buffer.remaining() > 0,
            // A server that closes the connection with unread data resets it.
            Poll::Ready(Err(_)) => true,
            Poll::Pending => false,
        };
        match polled {
            Poll::Ready(end) if is_end && !std::mem::replace(&mut this.has_ended, true) => {
                this.end = Some(end);
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            polled => polled,
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for NegotiatedStream<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().transport {
            Transport::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Transport::Encrypted(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().transport {
            Transport::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Transport::Encrypted(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().transport {
            Transport::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Transport::Encrypted(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn data_before_the_end_is_delivered_one_poll_before_it() {
        let (ours, mut theirs) = tokio::io::duplex(64);
        let mut stream = NegotiatedStream::new(Transport::Plain(TimeoutStream::new(
            ours,
            ConnectionControl::default(),
        )));
        theirs.write_all(b"why").await.unwrap();
        drop(theirs);
        let mut pending = 0;
        let mut bytes = Vec::new();
        loop {
            let mut buffer = [0; 8];
            let mut buffer = ReadBuf::new(&mut buffer);
            let polled = std::future::poll_fn(|cx| {
                Poll::Ready(Pin::new(&mut stream).poll_read(cx, &mut buffer))
            });
            match polled.await {
                Poll::Pending => pending += 1,
                Poll::Ready(read) if read.is_ok() && !buffer.filled().is_empty() => {
                    bytes.extend_from_slice(buffer.filled());
                }
                Poll::Ready(read) => break read.unwrap(),
            }
        }
        assert_eq!((bytes.as_slice(), pending), (&b"why"[..], 1));
    }
}
