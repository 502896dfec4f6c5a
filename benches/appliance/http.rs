//! A keep-alive HTTP/1.1 client that does no more than it must: it finds the end of an answer,
//! counts its bytes and notes when the first one came.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Large enough that a list of megabytes arrives in few reads.
const BUFFER_BYTES: usize = 256 << 10;

/// The bytes of a connection, in the clear or not.
enum Transport {
    Plain(TcpStream),
    Encrypted(Box<TlsStream<TcpStream>>),
}

impl Transport {
    async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.write_all(bytes).await,
            Self::Encrypted(stream) => {
                stream.write_all(bytes).await?;
                stream.flush().await
            }
        }
    }

    async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(buffer).await,
            Self::Encrypted(stream) => stream.read(buffer).await,
        }
    }
}

/// Returns what connects to a server that shows a certificate signed by itself, in this file.
pub(crate) fn connector(certificate: &Path) -> Result<TlsConnector> {
    let mut roots = RootCertStore::empty();
    for root in CertificateDer::pem_file_iter(certificate)? {
        roots.add(root?)?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}

/// One connection, kept open between requests.
pub(crate) struct Connection {
    stream: Transport,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

/// What is known of an answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body_bytes: u64,
    /// When the first byte of the body was at hand; of the head, when there is no body.
    pub(crate) first_byte: Instant,
}

enum Length {
    Fixed(u64),
    Chunked,
}

struct Head {
    status: u16,
    length: Length,
}

/// Where body bytes go: counted, and kept when somebody wants them.
struct Body<'a> {
    bytes: u64,
    first_byte: Option<Instant>,
    kept: Option<&'a mut Vec<u8>>,
}

impl Connection {
    pub(crate) async fn open(address: &str) -> Result<Self> {
        let stream = TcpStream::connect(address)
            .await
            .with_context(|| format!("connecting to {address}"))?;
        stream.set_nodelay(true)?;
        Ok(Self::over(Transport::Plain(stream)))
    }

    /// The same to a server that speaks TLS.
    pub(crate) async fn open_encrypted(address: &str, tls: &TlsConnector) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let name = ServerName::try_from("localhost")?;
        let stream = tls.connect(name, stream).await.context("the handshake")?;
        Ok(Self::over(Transport::Encrypted(Box::new(stream))))
    }

    fn over(stream: Transport) -> Self {
        Self { stream, buffer: vec![0; BUFFER_BYTES], start: 0, end: 0 }
    }

    /// Sends a whole request and reads the whole answer, its body into `kept` if there is one.
    pub(crate) async fn exchange(
        &mut self,
        request: &[u8],
        kept: Option<&mut Vec<u8>>,
    ) -> Result<Answer> {
        self.stream.send(request).await.context("sending the request")?;
        let head = self.read_head().await?;
        let head_at = Instant::now();
        let mut body = Body { bytes: 0, first_byte: None, kept };
        match head.length {
            Length::Fixed(bytes) => self.take(bytes, &mut body).await?,
            Length::Chunked => self.take_chunks(&mut body).await?,
        }
        Ok(Answer {
            status: head.status,
            body_bytes: body.bytes,
            first_byte: body.first_byte.unwrap_or(head_at),
        })
    }

    async fn read_head(&mut self) -> Result<Head> {
        let mut searched = 0;
        loop {
            let data = &self.buffer[self.start..self.end];
            if let Some(at) = find(data, b"\r\n\r\n", searched) {
                let head = parse_head(&data[..at])?;
                self.start += at + 4;
                return Ok(head);
            }
            searched = data.len().saturating_sub(3);
            self.fill().await?;
        }
    }

    async fn take_chunks(&mut self, body: &mut Body<'_>) -> Result<()> {
        loop {
            let line = self.read_line().await?;
            let digits = line.split(|byte| *byte == b';').next().unwrap_or_default();
            let size = u64::from_str_radix(std::str::from_utf8(digits)?.trim(), 16)
                .context("a chunk without a size")?;
            if size == 0 {
                // Trailers end with an empty line.
                while !self.read_line().await?.is_empty() {}
                return Ok(());
            }
            self.take(size, body).await?;
            ensure!(self.read_line().await?.is_empty(), "a chunk longer than its size");
        }
    }

    async fn take(&mut self, mut count: u64, body: &mut Body<'_>) -> Result<()> {
        while count > 0 {
            if self.start == self.end {
                self.fill().await?;
            }
            if body.first_byte.is_none() {
                body.first_byte = Some(Instant::now());
            }
            let available = self.end - self.start;
            let now = usize::try_from(count).map_or(available, |count| count.min(available));
            if let Some(kept) = body.kept.as_deref_mut() {
                kept.extend_from_slice(&self.buffer[self.start..self.start + now]);
            }
            self.start += now;
            body.bytes += now as u64;
            count -= now as u64;
        }
        Ok(())
    }

    async fn read_line(&mut self) -> Result<Vec<u8>> {
        let mut searched = 0;
        loop {
            let data = &self.buffer[self.start..self.end];
            if let Some(at) = find(data, b"\r\n", searched) {
                let line = data[..at].to_vec();
                self.start += at + 2;
                return Ok(line);
            }
            searched = data.len().saturating_sub(1);
            self.fill().await?;
        }
    }

    async fn fill(&mut self) -> Result<()> {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        ensure!(self.end < self.buffer.len(), "a head or line larger than {BUFFER_BYTES} bytes");
        let count = self.stream.read(&mut self.buffer[self.end..]).await?;
        ensure!(count > 0, "the server closed the connection");
        self.end += count;
        Ok(())
    }
}

fn parse_head(head: &[u8]) -> Result<Head> {
    let head = std::str::from_utf8(head).context("a head that is no text")?;
    let mut lines = head.split("\r\n");
    let status_line = lines.next().unwrap_or_default();
    let status = status_line
        .split(' ')
        .nth(1)
        .and_then(|code| code.parse().ok())
        .with_context(|| format!("no status in {status_line:?}"))?;
    let mut length = Length::Fixed(0);
    for line in lines {
        let Some((name, value)) = line.split_once(':') else { bail!("bad header {line:?}") };
        if name.eq_ignore_ascii_case("content-length") {
            length = Length::Fixed(value.trim().parse().context("bad content-length")?);
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            ensure!(value.trim().eq_ignore_ascii_case("chunked"), "unknown coding {value}");
            length = Length::Chunked;
        }
    }
    Ok(Head { status, length })
}

fn find(data: &[u8], needle: &[u8], from: usize) -> Option<usize> {
    data.get(from..)?.windows(needle.len()).position(|window| window == needle).map(|at| from + at)
}

/// A whole GET request.
pub(crate) fn get(path: &str) -> Vec<u8> {
    get_with(path, "")
}

/// The same with further headers, each with its end of line.
pub(crate) fn get_with(path: &str, headers: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n").into_bytes()
}

/// A whole request with a JSON body.
pub(crate) fn with_json(method: &str, path: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}
