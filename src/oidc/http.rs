//! The client of HTTP that talks to the provider.

use std::pin::Pin;
use std::time::Duration;

use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};
use reqwest::{Client, Request};
use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;

use super::error::OidcError;
use super::options::is_private;
use crate::util::{error_chain, is_near_host, trust};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long one answer may take; a sign-in needs up to four.
const CALL_TIMEOUT: Duration = Duration::from_secs(5);
/// Largest answer: the tokens of a person with hundreds of groups, or the keys of a provider with certificates,
/// have some ten kilobytes.
const ANSWER_BYTES_MAX: usize = 256 * 1024;

/// Why a call has no answer, without its address, which may hold a code.
#[derive(Debug, thiserror::Error)]
pub(super) enum ProviderCallError {
    #[error("{0}")]
    Connection(String),
    #[error("{0} is not https")]
    Exposed(String),
    #[error("the answer is larger than {ANSWER_BYTES_MAX} bytes")]
    TooLarge,
}

impl From<reqwest::Error> for ProviderCallError {
    fn from(error: reqwest::Error) -> Self {
        Self::Connection(error_chain(&error.without_url()))
    }
}

/// Sends requests: past the proxy of the environment to this host, as webhooks.
pub(super) struct ProviderHttp {
    direct: Client,
    usual: Client,
}

impl ProviderHttp {
    /// A client that trusts `roots`, or those of the system.
    ///
    /// # Errors
    /// [`OidcError::Options`]: TLS cannot be set up.
    pub(super) fn new(roots: Option<&[CertificateDer<'static>]>) -> Result<Self, OidcError> {
        let tls = tls(roots)?;
        let client = |is_direct| {
            let builder = Client::builder()
                .tls_backend_preconfigured(tls.clone())
                .user_agent(concat!("unoc/", env!("CARGO_PKG_VERSION")))
                .connect_timeout(CONNECT_TIMEOUT)
                .timeout(CALL_TIMEOUT)
                // A redirect would take the code and the client's secret to somebody else.
                .redirect(reqwest::redirect::Policy::none());
            let builder = if is_direct { builder.no_proxy() } else { builder };
            builder.build().map_err(|error| OidcError::Options(error_chain(&error)))
        };
        Ok(Self { direct: client(true)?, usual: client(false)? })
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, ProviderCallError> {
        let request = Request::try_from(request)?;
        if !is_private(request.url()) {
            return Err(ProviderCallError::Exposed(request.url().origin().ascii_serialization()));
        }
        let is_near = request.url().host_str().is_some_and(is_near_host);
        let client = if is_near { &self.direct } else { &self.usual };
        let mut answer = client.execute(request).await?;
        let mut response = http::Response::new(Vec::new());
        *response.status_mut() = answer.status();
        *response.headers_mut() = answer.headers().clone();
        while let Some(part) = answer.chunk().await? {
            if response.body().len() + part.len() > ANSWER_BYTES_MAX {
                return Err(ProviderCallError::TooLarge);
            }
            response.body_mut().extend_from_slice(&part);
        }
        Ok(response)
    }
}

impl<'c> AsyncHttpClient<'c> for ProviderHttp {
    type Error = ProviderCallError;
    type Future =
        Pin<Box<dyn Future<Output = Result<HttpResponse, ProviderCallError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

fn tls(roots: Option<&[CertificateDer<'static>]>) -> Result<ClientConfig, OidcError> {
    let roots = match roots {
        Some(roots) => roots.to_vec(),
        None => trust::system_roots().unwrap_or_default(),
    };
    let verifier = trust::verifier(trust::Trust::Signed { roots, by_name: true });
    let builder = ClientConfig::builder_with_provider(trust::provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| OidcError::Options(error.to_string()))?;
    Ok(builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
}
