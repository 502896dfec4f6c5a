//! The way from a socket to a session: negotiation of TLS by libpq's modes, over a watched stream.
//!
//! The driver knows fewer modes than libpq. It is told to begin TLS at once, so that it hands the
//! bare socket to [`Negotiator`], which asks the server itself and may well answer with plain text.

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
use super::timeout_stream::{Watch, Watched};
use crate::util::trust::{self, Trust};

/// SSLRequest: its length, then its code (PostgreSQL documentation, "Message Formats").
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// `sslmode` of libpq. Its `allow` is [`Mode::Prefer`]: it differs only in what is tried first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Disable,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

/// Whose certificates are trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Roots {
    /// The operating system's.
    System,
    /// Those of a PEM file.
    File(PathBuf),
}

/// What an address says of TLS.
#[derive(Clone, Debug)]
pub(super) struct Policy {
    pub(super) mode: Mode,
    /// None where the address names none.
    pub(super) roots: Option<Roots>,
    /// Files of the client's certificate chain and of its key.
    pub(super) identity: Option<(PathBuf, PathBuf)>,
}

impl Policy {
    /// Reads the files that the policy names; anew for each connection, so that a renewed
    /// certificate needs no restart.
    ///
    /// # Errors
    /// [`PgError::Tls`] naming the file and its fault.
    pub(super) fn negotiator(&self, watch: &Watch) -> Result<Negotiator, PgError> {
        let encrypt = match self.mode {
            Mode::Disable => None,
            _ => Some(Arc::new(self.client_config()?).into()),
        };
        let is_required = !matches!(self.mode, Mode::Disable | Mode::Prefer);
        Ok(Negotiator { encrypt, is_required, watch: watch.clone() })
    }

    fn client_config(&self) -> Result<ClientConfig, PgError> {
        let fault = |error: rustls::Error| PgError::Tls(error.to_string());
        let builder = ClientConfig::builder_with_provider(trust::provider())
            .with_safe_default_protocol_versions()
            .map_err(fault)?
            .dangerous()
            .with_custom_certificate_verifier(trust::verifier(self.trust()?));
        let Some((certificates, key)) = &self.identity else {
            return Ok(builder.with_no_client_auth());
        };
        let chain = read_certificates(certificates)?;
        let pem = trust::read_pem(key).map_err(|what| fault_of(key, &what))?;
        let read_key = PrivateKeyDer::from_pem_slice(&pem)
            .map_err(|error| fault_of(key, &format!("no unencrypted private key: {error}")))?;
        builder.with_client_auth_cert(chain, read_key).map_err(|error| {
            let (certificates, key) = (certificates.display(), key.display());
            PgError::Tls(format!("{certificates} and {key} cannot be used together: {error}"))
        })
    }

    /// A named root file is used in every mode that encrypts, as libpq does.
    fn trust(&self) -> Result<Trust, PgError> {
        let by_name = self.mode == Mode::VerifyFull;
        let roots = match &self.roots {
            Some(Roots::File(path)) => read_certificates(path)?,
            Some(Roots::System) => system_roots()?,
            None if by_name => system_roots()?,
            None => return Ok(Trust::Anyone),
        };
        Ok(Trust::Signed { roots, by_name })
    }
}

fn read_certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, PgError> {
    trust::read_certificates(path).map_err(|what| fault_of(path, &what))
}

fn fault_of(path: &Path, what: &dyn fmt::Display) -> PgError {
    PgError::Tls(format!("{}: {what}", path.display()))
}

fn system_roots() -> Result<Vec<CertificateDer<'static>>, PgError> {
    let found = rustls_native_certs::load_native_certs();
    if found.certs.is_empty() {
        let cause = found.errors.first().map(|error| format!(" ({error})")).unwrap_or_default();
        return Err(PgError::Tls(format!(
            "this system has no root certificates{cause}: install ca-certificates or name a file \
             with sslrootcert"
        )));
    }
    Ok(found.certs)
}

/// Makes the connections of one host.
#[derive(Clone)]
pub(super) struct Negotiator {
    /// None where the session is plain.
    pub(super) encrypt: Option<TlsConnector>,
    is_required: bool,
    watch: Watch,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> MakeTlsConnect<S> for Negotiator {
    type Stream = Link<S>;
    type TlsConnect = Negotiation;
    type Error = InvalidDnsNameError;

    fn make_tls_connect(&mut self, host: &str) -> Result<Negotiation, InvalidDnsNameError> {
        let encrypt = match &self.encrypt {
            Some(connector) => Some((connector.clone(), ServerName::try_from(host)?.to_owned())),
            None => None,
        };
        Ok(Negotiation { encrypt, is_required: self.is_required, watch: self.watch.clone() })
    }
}

/// One connection about to be negotiated.
pub(super) struct Negotiation {
    encrypt: Option<(TlsConnector, ServerName<'static>)>,
    is_required: bool,
    watch: Watch,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> TlsConnect<S> for Negotiation {
    type Stream = Link<S>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Link<S>>> + Send>>;

    fn connect(self, socket: S) -> Self::Future {
        Box::pin(self.negotiate(socket))
    }
}

impl Negotiation {
    async fn negotiate<S: AsyncRead + AsyncWrite + Unpin>(self, socket: S) -> io::Result<Link<S>> {
        let mut stream = Watched::new(socket, self.watch);
        let Some((connector, host)) = self.encrypt else {
            return Ok(Link::new(Line::Plain(stream)));
        };
        stream.write_all(&SSL_REQUEST).await?;
        // One byte and no more: anything behind it that was slipped in by somebody on the way would
        // otherwise be taken for a part of the encrypted session.
        match stream.read_u8().await? {
            b'S' => {
                let stream = connector.connect(host, stream).await?;
                Ok(Link::new(Line::Encrypted(Box::new(stream))))
            }
            b'N' if !self.is_required => Ok(Link::new(Line::Plain(stream))),
            b'N' => Err(io::Error::other(
                "the server does not offer TLS: switch it on there, or set sslmode=disable if the \
                 network to it is trusted",
            )),
            other => Err(io::Error::other(format!(
                "this is not a PostgreSQL server: it answered the request for TLS with byte {other}"
            ))),
        }
    }
}

/// A negotiated connection.
pub(super) struct Link<S> {
    line: Line<S>,
    /// The end, not told yet.
    end: Option<io::Result<()>>,
    has_ended: bool,
}

enum Line<S> {
    Plain(Watched<S>),
    Encrypted(Box<tokio_rustls::client::TlsStream<Watched<S>>>),
}

impl<S> Link<S> {
    fn new(line: Line<S>) -> Self {
        Self { line, end: None, has_ended: false }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream for Link<S> {
    fn channel_binding(&self) -> ChannelBinding {
        match &self.line {
            Line::Plain(_) => ChannelBinding::none(),
            Line::Encrypted(stream) => match stream.get_ref().1.peer_certificates() {
                Some([shown, ..]) => channel_binding::to_certificate(shown),
                _ => ChannelBinding::none(),
            },
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Link<S> {
    /// Tells the end one poll late. The driver reads all there is before it looks at an answer, and an
    /// end makes it forget the last one: why the server, or a pooler, hung up.
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let link = self.get_mut();
        if let Some(end) = link.end.take() {
            return Poll::Ready(end);
        }
        let before = buffer.filled().len();
        let polled = match &mut link.line {
            Line::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
            Line::Encrypted(stream) => Pin::new(stream).poll_read(cx, buffer),
        };
        let is_end = match &polled {
            Poll::Ready(Ok(())) => buffer.filled().len() == before && buffer.remaining() > 0,
            // A server that hangs up in the middle of what it was sent resets the line.
            Poll::Ready(Err(_)) => true,
            Poll::Pending => false,
        };
        match polled {
            Poll::Ready(end) if is_end && !std::mem::replace(&mut link.has_ended, true) => {
                link.end = Some(end);
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            polled => polled,
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Link<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().line {
            Line::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Line::Encrypted(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().line {
            Line::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Line::Encrypted(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().line {
            Line::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Line::Encrypted(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn data_before_the_end_is_delivered_one_poll_before_it() {
        let (ours, mut theirs) = tokio::io::duplex(64);
        let mut link = Link::new(Line::Plain(Watched::new(ours, Watch::default())));
        theirs.write_all(b"why").await.unwrap();
        drop(theirs);
        let mut pending = 0;
        let mut bytes = Vec::new();
        loop {
            let mut buffer = [0; 8];
            let mut buffer = ReadBuf::new(&mut buffer);
            let polled = std::future::poll_fn(|cx| {
                Poll::Ready(Pin::new(&mut link).poll_read(cx, &mut buffer))
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
