//! A small HTTP client for the own server: it goes through the listener, as any client does.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::api::ServiceSecret;
use crate::tls::PinnedServer;

/// The longest answer that a check reads.
const ANSWER_BYTES_MAX: u64 = 256 * 1024;

/// The own server.
#[derive(Clone)]
pub struct OwnServer {
    pub(super) address: SocketAddr,
    pub(super) base_path: String,
    /// By which it knows that it asks itself.
    pub(super) secret: ServiceSecret,
    /// How it is known again if it speaks TLS.
    pub(super) tls: Option<PinnedServer>,
}

/// An answer.
pub(super) struct OwnAnswer {
    pub(super) status: u16,
    pub(super) body: String,
}

impl OwnServer {
    /// Returns its URL for clients on this host, without a slash at its end.
    pub(super) fn url(&self) -> String {
        let Self { address, base_path, .. } = self;
        format!("{}://{address}{base_path}", self.scheme())
    }

    /// Returns `https` or `http`.
    pub(super) fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }

    /// Sends one request over a new connection and reads the answer to its end. There is no deadline here.
    ///
    /// # Errors
    /// When there is no connection, or no answer of HTTP.
    pub(super) async fn request(
        &self,
        method: &str,
        path: &str,
        body: &str,
    ) -> io::Result<OwnAnswer> {
        let Self { address, base_path, .. } = self;
        let known = self.known();
        let head = format!(
            "{method} {base_path}{path} HTTP/1.1\r\nhost: {address}\r\nuser-agent: unoc-check\r\n{known}\
             connection: close\r\ncontent-type: text/plain\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        self.exchange(&[head.as_bytes(), body.as_bytes()].concat(), ANSWER_BYTES_MAX).await
    }

    /// Gets a resource of at most `bytes_max` bytes; one that is longer is cut off. There is no deadline here.
    ///
    /// # Errors
    /// As for [`OwnServer::request`].
    pub(super) async fn get(&self, path: &str, bytes_max: u64) -> io::Result<OwnAnswer> {
        let Self { address, base_path, .. } = self;
        let known = self.known();
        // In HTTP/1.0, a long answer comes in one piece (RFC 9112, 6.1).
        let head = format!(
            "GET {base_path}{path} HTTP/1.0\r\nhost: {address}\r\nuser-agent: unoc-support\r\n\
             {known}\r\n"
        );
        self.exchange(head.as_bytes(), bytes_max).await
    }

    /// The header by which it knows that it asks itself.
    fn known(&self) -> String {
        format!("{}: {}\r\n", ServiceSecret::HEADER, self.secret.expose())
    }

    async fn exchange(&self, request: &[u8], bytes_max: u64) -> io::Result<OwnAnswer> {
        let stream = TcpStream::connect(self.address).await?;
        match &self.tls {
            Some(tls) => exchange_over(tls.connect(stream).await?, request, bytes_max).await,
            None => exchange_over(stream, request, bytes_max).await,
        }
    }
}

async fn exchange_over(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    request: &[u8],
    bytes_max: u64,
) -> io::Result<OwnAnswer> {
    stream.write_all(request).await?;
    // Encryption may hold some of it back until then.
    stream.flush().await?;
    let mut bytes = Vec::new();
    stream.take(bytes_max).read_to_end(&mut bytes).await?;
    parse(&String::from_utf8_lossy(&bytes))
}

fn parse(text: &str) -> io::Result<OwnAnswer> {
    let invalid = || io::Error::new(io::ErrorKind::InvalidData, "the answer is not one of HTTP");
    let (head, body) = text.split_once("\r\n\r\n").ok_or_else(invalid)?;
    let status = head.split(' ').nth(1).and_then(|word| word.parse().ok()).ok_or_else(invalid)?;
    Ok(OwnAnswer { status, body: body.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_a_status_and_a_body() {
        let answer = parse("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi").unwrap();
        assert_eq!((answer.status, answer.body.as_str()), (200, "hi"));
        for text in ["", "HTTP/1.1 200 OK\r\n", "hello\r\n\r\n", "HTTP/1.1 ok\r\n\r\n"] {
            assert!(parse(text).is_err(), "{text:?}");
        }
    }
}
