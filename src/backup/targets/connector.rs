//! Which way requests to a store take: through the proxy of the environment, or past it; and whose
//! certificate they trust at its end.

use std::future::Future;
use std::pin::Pin;

use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpRequest, HttpResponse, HttpService, ReqwestConnector,
};
use object_store::{ClientConfigKey, ClientOptions};

use super::deadlines::{CONNECT, STEP};
use crate::util::is_near_host;

/// All hosts, by name and by address, in the notation of `NO_PROXY`.
const ALL: &str = "*,0.0.0.0/0,::/0";

/// Makes clients that reach what is on this host or its own link without a proxy. A proxy would
/// look for it on its own host, and find another's store or credentials there.
#[derive(Debug)]
pub(super) struct Connector {
    /// Whom a file of certificates trusts. The store's own client takes it for authorities alone,
    /// and refuses a server's certificate that is signed by itself, which curl and libpq accept.
    trusted: Option<rustls::ClientConfig>,
}

impl Connector {
    pub(super) fn new(trusted: Option<rustls::ClientConfig>) -> Self {
        Self { trusted }
    }

    fn client(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        match &self.trusted {
            None => ReqwestConnector::default().connect(options),
            Some(trusted) => {
                let client = trusting(options, trusted.clone()).map_err(|error| {
                    object_store::Error::Generic { store: "HTTP", source: Box::new(error) }
                })?;
                Ok(HttpClient::new(client))
            }
        }
    }
}

/// Whether [`trusting`] looks at an option, or the store itself does.
pub(super) fn honours_with_own_tls(key: ClientConfigKey) -> bool {
    use ClientConfigKey as Key;
    matches!(
        key,
        Key::AllowHttp
            | Key::DefaultContentType
            | Key::ProxyUrl
            | Key::ProxyExcludes
            | Key::UserAgent
    )
}

/// The client that the store would make, but for whom it trusts.
fn trusting(
    options: &ClientOptions,
    trusted: rustls::ClientConfig,
) -> reqwest::Result<reqwest::Client> {
    let option = |key| options.get_config_value(&key);
    let is_plain_allowed = option(ClientConfigKey::AllowHttp).as_deref() == Some("true");
    let agent = concat!("unoc/", env!("CARGO_PKG_VERSION"));
    let mut builder = reqwest::Client::builder()
        .tls_backend_preconfigured(trusted)
        .user_agent(option(ClientConfigKey::UserAgent).unwrap_or_else(|| agent.to_owned()))
        .connect_timeout(CONNECT)
        .read_timeout(STEP)
        .http1_only()
        .https_only(!is_plain_allowed);
    if let Some(url) = option(ClientConfigKey::ProxyUrl) {
        let excludes = option(ClientConfigKey::ProxyExcludes);
        let excludes = excludes.and_then(|hosts| reqwest::NoProxy::from_string(&hosts));
        builder = builder.proxy(reqwest::Proxy::all(url)?.no_proxy(excludes));
    }
    builder.build()
}

impl HttpConnector for Connector {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        // A proxy that is set turns those of the environment off, and this one is for no host.
        let direct = options.clone().with_proxy_url("http://localhost").with_proxy_excludes(ALL);
        Ok(HttpClient::new(ByHost { direct: self.client(&direct)?, usual: self.client(options)? }))
    }
}

#[derive(Debug)]
struct ByHost {
    /// Never uses a proxy.
    direct: HttpClient,
    /// Uses the proxy that the environment or the credentials file names, if any.
    usual: HttpClient,
}

impl HttpService for ByHost {
    fn call<'a, 'b>(
        &'a self,
        request: HttpRequest,
    ) -> Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'b>>
    where
        'a: 'b,
        Self: 'b,
    {
        let is_near = request.uri().host().is_some_and(is_near_host);
        let client = if is_near { &self.direct } else { &self.usual };
        Box::pin(client.execute(request))
    }
}
