//! A client of HTTPS that shares no code with the server: one request on a connection of its own, or a connection to do
//! something wrong with.

use std::io::{self, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion,
};

use super::http::Answer;
use super::unix_http;
use super::wait::PATIENCE;

/// An encrypted connection.
pub(crate) type TlsConnection = StreamOwned<ClientConnection, TcpStream>;

/// Trusts one root, and speaks what it is told to.
#[derive(Clone)]
pub(crate) struct TlsClient(Arc<ClientConfig>);

impl TlsClient {
    /// Trusts what these certificates (PEM) are, or have signed.
    pub(crate) fn trusting(pem: &str) -> Self {
        Self::speaking(pem, &[&TLS13, &TLS12], &["http/1.1"])
    }

    /// The same with only these versions and protocols.
    pub(crate) fn speaking(
        pem: &str,
        versions: &[&'static SupportedProtocolVersion],
        protocols: &[&str],
    ) -> Self {
        let mut roots = RootCertStore::empty();
        for root in CertificateDer::pem_slice_iter(pem.as_bytes()) {
            roots.add(root.expect("PEM")).expect("a certificate");
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider);
        let builder = builder.with_protocol_versions(versions).expect("known versions");
        let mut config = builder.with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        Self(Arc::new(config))
    }

    /// Connects to a port of this host by a name, and carries the handshake out.
    pub(crate) fn connect(&self, port: u16, name: &str) -> io::Result<TlsConnection> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        let name = ServerName::try_from(name.to_owned()).expect("a name");
        let mut connection =
            ClientConnection::new(Arc::clone(&self.0), name).map_err(io::Error::other)?;
        while connection.is_handshaking() {
            connection.complete_io(&mut stream)?;
        }
        Ok(StreamOwned::new(connection, stream))
    }

    /// Gets a path, over HTTP/1.0.
    pub(crate) fn get(&self, port: u16, name: &str, path: &str) -> io::Result<Answer> {
        self.send(port, name, &format!("GET {path} HTTP/1.0\r\nhost: {name}\r\n\r\n"))
    }

    /// Sends a whole request of HTTP/1.0, and reads until the server closes.
    pub(crate) fn send(&self, port: u16, name: &str, request: &str) -> io::Result<Answer> {
        let mut connection = self.connect(port, name)?;
        connection.write_all(request.as_bytes())?;
        let mut bytes = Vec::new();
        connection.read_to_end(&mut bytes)?;
        Ok(unix_http::parse(&bytes))
    }
}

/// The certificate that a server shows, in DER form.
#[track_caller]
pub(crate) fn shown_certificate(connection: &TlsConnection) -> Vec<u8> {
    let shown = connection.conn.peer_certificates().and_then(|chain| chain.first());
    shown.expect("the handshake is over").to_vec()
}
