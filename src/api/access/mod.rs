//! Access control for all requests, including Socket.IO: hosts, origins, CORS, and who asks.
//!
//! The gate stands in front of everything and finds out who asks. Whether that caller may do it is decided where the
//! route is known: for the API behind the router ([`authorize`]), for Socket.IO by its namespaces.

mod authority;
mod authorize;
mod client;
mod credentials;
mod permissions;
mod plain_port;
mod policy;
mod refusals;
#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::sync::{Arc, Once};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tower::{Layer, Service, ServiceExt};
use tower_http::cors::{AllowHeaders, AllowMethods, AllowOrigin, CorsLayer};
use tracing::warn;

pub use client::TrustedProxies;
pub use credentials::ServiceSecret;
pub use plain_port::{ChallengeAnswers, PlainPort, plain_port};
pub use policy::Access;

pub(super) use authorize::{Authorization, authorize};
pub(super) use client::RequestClient;
pub(super) use credentials::{
    cookie, no_session_cookie, session_cookie, set_cookie, set_strict_cookie,
};
pub(super) use permissions::{Needs, needs_of, operations};
pub(super) use refusals::audit_origin;

use self::client::ClientPlace;
use self::credentials::{CredentialError, bearer_token, session_secrets};
use self::policy::Admission;
use super::error::throttled;
use super::{conditional, request};
use crate::auth::{AuthHandle, AuthMode, Caller, Identity, Permission, Role};

/// How long a browser may cache the answer to a preflight request; Chromium's own limit.
const PREFLIGHT_AGE: Duration = Duration::from_secs(2 * 60 * 60);

/// The request to stop the process.
const SHUTDOWN_PATH: &str = "/api/admin/shutdown";

const TOO_MANY_STRANGERS: &str = "Too many live connections are open that nobody has logged in for; log in, or send an \
    API token in the header Authorization: Bearer unoc_…";

/// Keeps pages of other sites from loading an answer, such as into an image (Fetch standard, section 3.7).
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// The request to log in.
const LOGIN_PATH: &str = "/api/session";

/// What the gate decides by.
pub struct GateRules {
    pub access: Access,
    pub proxies: TrustedProxies,
    pub auth: AuthHandle,
    /// By which the service's own checks are known.
    pub service: ServiceSecret,
    /// Whether, while there are no users, a request over loopback is one of this host. Not where a proxy is expected,
    /// which may look like that.
    pub has_local_tcp: bool,
    /// The path under which everything is served.
    pub base_path: String,
}

/// Wraps `service`, so that it answers only requests that the rules admit, each with its [`Caller`].
pub fn gate<S>(rules: GateRules, service: S) -> Router
where
    S: Service<Request, Error = Infallible> + Clone + Send + Sync + 'static,
    S::Response: IntoResponse,
    S::Future: Send + 'static,
{
    let shutdown_path = format!("{}{SHUTDOWN_PATH}", rules.base_path);
    let login_path = format!("{}{LOGIN_PATH}", rules.base_path);
    let proxy_warning = Once::new();
    let state = Arc::new(Gate { rules, shutdown_path, login_path, proxy_warning, cors: cors() });
    let admitted = axum::middleware::from_fn_with_state(state, admit);
    Router::new().fallback_service(service).layer(admitted)
}

/// Why a request of an admitted host and page is refused all the same.
#[derive(Clone, Copy)]
enum GateRefusal {
    Credentials(CredentialError),
    /// Too many live connections are open that have not said who they are.
    TooManyStrangers {
        retry_after: Duration,
    },
}

impl From<CredentialError> for GateRefusal {
    fn from(error: CredentialError) -> Self {
        Self::Credentials(error)
    }
}

struct Gate {
    rules: GateRules,
    shutdown_path: String,
    login_path: String,
    /// The log says once that a proxy is not trusted.
    proxy_warning: Once,
    cors: CorsLayer,
}

async fn admit(State(gate): State<Arc<Gate>>, mut request: Request, next: Next) -> Response {
    let access = &gate.rules.access;
    let admission = access.admit(&request);
    let has_cors = matches!(admission, Ok(Admission::WithCors));
    let mut response = match admission {
        Err(refusal) => request::refuse(&request, refusal.into_response()),
        Ok(admission) => {
            let known = gate.introduce(&mut request, admission).and_then(|()| gate.limit(&request));
            match admission {
                Admission::WithoutCors | Admission::OtherSite => answer(known, request, next).await,
                Admission::WithCors => {
                    let inner = tower::service_fn(move |request| {
                        let next = next.clone();
                        async move { Ok::<_, Infallible>(answer(known, request, next).await) }
                    });
                    match gate.cors.layer(inner).oneshot(request).await {
                        Ok(response) => response,
                        Err(never) => match never {},
                    }
                }
            }
        }
    };
    if access.has_origins() {
        response.headers_mut().append(header::VARY, HeaderValue::from_static("origin"));
    }
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if !has_cors {
        headers.insert(RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
    }
    response
}

/// Answers a request, unless the gate refuses it.
async fn answer(known: Result<(), GateRefusal>, request: Request, next: Next) -> Response {
    let refusal = match known {
        Ok(()) => return next.run(request).await,
        Err(GateRefusal::Credentials(error)) => authorize::unauthorized(error.to_string()),
        Err(GateRefusal::TooManyStrangers { retry_after }) => {
            throttled(TOO_MANY_STRANGERS.to_owned(), retry_after)
        }
    };
    request::refuse(&request, refusal)
}

impl Gate {
    /// Puts who asks, and from where, into the request.
    fn introduce(&self, request: &mut Request, admission: Admission) -> Result<(), GateRefusal> {
        let client = self.rules.proxies.client_of(request);
        if client.is_of_unknown_proxy
            && request.method() == Method::POST
            && request.uri().path() == self.login_path
        {
            self.warn_of_proxy(&client);
        }
        let caller = self.caller_of(request, &client, admission)?;
        request.extensions_mut().insert(client);
        request.extensions_mut().insert(caller);
        Ok(())
    }

    /// Failed logins are counted by address, so that one person who fails makes all wait who come through the proxy.
    fn warn_of_proxy(&self, client: &RequestClient) {
        let proxy = client.address.map(|address| address.to_string()).unwrap_or_default();
        self.proxy_warning.call_once(|| {
            warn!(
                "Somebody logs in through the proxy {proxy}, which trusted_proxies (UNOC_TRUSTED_PROXIES) does not \
                 name: all who come through it count as one address, and wait for each other's failed logins"
            );
        });
    }

    /// Bounds the live connections of those who may not look at the site: each is kept until it joins a namespace or
    /// has not done so for long.
    fn limit(&self, request: &Request) -> Result<(), GateRefusal> {
        if !self.rules.access.opens_socket(request) {
            return Ok(());
        }
        let extensions = request.extensions();
        if extensions.get::<Caller>().is_some_and(|caller| caller.may(Permission::Read)) {
            return Ok(());
        }
        let address = extensions.get::<RequestClient>().and_then(|client| client.address);
        let admitted = self.rules.auth.admit_stranger(address);
        admitted.map_err(|retry_after| GateRefusal::TooManyStrangers { retry_after })
    }

    fn caller_of(
        &self,
        request: &Request,
        client: &RequestClient,
        admission: Admission,
    ) -> Result<Caller, CredentialError> {
        let (auth, headers) = (&self.rules.auth, request.headers());
        if headers.get(ServiceSecret::HEADER).is_some_and(|given| self.rules.service.is(given)) {
            // The support bundle has the log, too.
            return Ok(Caller { identity: Identity::ServiceCheck, role: Some(Role::Operator) });
        }
        // The request to stop the process has a token of its own, and may have it here.
        let token = match bearer_token(headers) {
            Err(_) | Ok(Some(_)) if request.uri().path() == self.shutdown_path => None,
            token => token?,
        };
        if let Some(token) = token {
            return auth.token_caller(token).ok_or(CredentialError::BadToken);
        }
        if let ClientPlace::HostUser { uid, user } = &client.place {
            return Ok(Caller::host_user(*uid, user));
        }
        // A page of another site can make a browser send its cookie, but must not act by it.
        if admission != Admission::OtherSite {
            let mut secrets = session_secrets(headers, client.has_tls);
            if let Some(caller) = secrets.find_map(|secret| auth.session_caller(secret)) {
                return Ok(caller);
            }
        }
        match client.place {
            ClientPlace::ThisHost if self.rules.has_local_tcp && auth.mode() == AuthMode::Open => {
                Ok(Caller::host())
            }
            _ => Ok(auth.anonymous()),
        }
    }
}

/// Returns the CORS layer for pages of allowed origins, which may do everything that UNOC's own
/// page may. The origin has been checked before.
fn cors() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(AllowOrigin::mirror_request())
        .allow_methods(AllowMethods::mirror_request())
        .allow_headers(AllowHeaders::mirror_request())
        // A user may be logged in, and a reverse proxy may require a password or a cookie.
        .allow_credentials(true)
        .expose_headers([
            header::ETAG,
            header::LINK,
            header::CONTENT_DISPOSITION,
            conditional::SEQ_HEADER,
            request::HEADER,
        ])
        .max_age(PREFLIGHT_AGE)
        .vary([])
}
