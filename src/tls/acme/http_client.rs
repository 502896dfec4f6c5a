//! The client of HTTP by which the certificate authority is reached.

use std::path::Path;
use std::pin::Pin;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::Request;
use http_body_util::{BodyExt as _, Full};
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient};
use reqwest::{Client, Response, Url};
use rustls::ClientConfig;

use super::super::error::TlsError;
use crate::util::trust::{self, Trust};
use crate::util::{error_chain, is_near_host};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// An authority that is busy answers within some seconds.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
/// Longest answer: a chain has some 10 KiB.
const ANSWER_BYTES_MAX: usize = 1 << 20;

/// Reaches one authority: past the proxy of the environment if it is on this host or its own link.
pub(super) struct AcmeHttp(Client);

impl AcmeHttp {
    /// # Errors
    /// The roots cannot be read, or TLS cannot be set up.
    pub(super) fn new(directory_url: &str, ca_file: Option<&Path>) -> Result<Self, TlsError> {
        let roots = match ca_file {
            Some(path) => {
                trust::read_certificates(path).map_err(|what| TlsError::file(path, what))?
            }
            None => trust::system_roots().map_err(TlsError::Client)?,
        };
        let client_error = |error: &dyn std::fmt::Display| TlsError::Client(error.to_string());
        let tls = ClientConfig::builder_with_provider(trust::provider())
            .with_safe_default_protocol_versions()
            .map_err(|error| client_error(&error))?
            .dangerous()
            .with_custom_certificate_verifier(trust::verifier(Trust::Signed {
                roots,
                by_name: true,
            }))
            .with_no_client_auth();
        let builder = Client::builder()
            .tls_backend_preconfigured(tls)
            .https_only(true)
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(REQUEST_TIMEOUT);
        let is_near =
            Url::parse(directory_url).is_ok_and(|url| url.host_str().is_some_and(is_near_host));
        let builder = if is_near { builder.no_proxy() } else { builder };
        builder.build().map(Self).map_err(|error| client_error(&error))
    }
}

impl HttpClient for AcmeHttp {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let client = self.0.clone();
        Box::pin(async move {
            let (head, body) = request.into_parts();
            let Ok(body) = body.collect().await;
            let request = Request::from_parts(head, body.to_bytes());
            let request = reqwest::Request::try_from(request).map_err(other)?;
            read(client.execute(request).await.map_err(other)?).await
        })
    }
}

async fn read(mut answer: Response) -> Result<BytesResponse, Error> {
    let (status, headers) = (answer.status(), answer.headers().clone());
    let mut body = BytesMut::new();
    while let Some(chunk) = answer.chunk().await.map_err(other)? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(Error::Str("an answer of a reasonable length"));
        }
        body.extend_from_slice(&chunk);
    }
    let mut response = http::Response::new(Full::new(body.freeze()));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Ok(response.into())
}

/// An error with its causes in one line, without the address, which the caller names.
fn other(error: reqwest::Error) -> Error {
    Error::Other(error_chain(&error.without_url()).into())
}
