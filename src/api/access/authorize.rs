//! Whether the caller may do what a request asks for, and what is said if not.

use std::fmt;
use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::super::error::{LoggedCause, answer};
use super::permissions::{NO_ROUTE, Needs, PAGE, RouteNeeds};
use super::refusals::{RefusalLog, audit_origin};
use crate::auth::{AuthHandle, AuthMode, Caller, Identity, Permission, Role};
use crate::engine::EngineHandle;

/// How to make the first user, in words and as a command.
const FIRST_USER: &str = "sudo unoc user add NAME --role admin";

/// Longest name of a method in the audit trail; the longest of RFC 9110 is CONNECT.
const METHOD_CHARS_MAX: usize = 7;

/// What the router's guard needs to know.
pub(in crate::api) struct Authorization {
    routes: RouteNeeds,
    base_path: String,
    auth: AuthHandle,
    refusals: RefusalLog,
}

/// Why a caller may not do something.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum PermissionRefusal {
    /// There are no users, and the request is not from this host.
    NoUsers,
    /// Nobody is known.
    Unknown,
    /// Somebody is known who may not do it; the text says who.
    NotAllowed { needs: Needs, caller: String },
}

impl Authorization {
    pub(in crate::api) fn new(auth: AuthHandle, engine: EngineHandle, base_path: &str) -> Self {
        let (routes, refusals) = (RouteNeeds::new(base_path), RefusalLog::new(engine));
        Self { routes, base_path: base_path.to_owned(), auth, refusals }
    }

    /// Returns what a request needs. What was matched counts, not how the path is written.
    fn needs_of(&self, request: &Request) -> Needs {
        if let Some(route) = request.extensions().get::<MatchedPath>() {
            return self.routes.of(route.as_str(), request.method());
        }
        let path = request.uri().path();
        let is_page =
            path.strip_prefix(self.base_path.as_str()).is_none_or(super::super::ui::is_page_path);
        if is_page { PAGE } else { NO_ROUTE }
    }

    /// Returns the operation that a request asks for, as the document has it: how much is kept of it is bounded.
    fn operation(&self, request: &Request) -> String {
        let route =
            request.extensions().get::<MatchedPath>().map_or("no route", MatchedPath::as_str);
        let route = route.strip_prefix(self.base_path.as_str()).unwrap_or(route);
        let method = match request.method().as_str() {
            method if method.len() <= METHOD_CHARS_MAX => method,
            _ => "another method of",
        };
        format!("{method} {route}")
    }

    fn check(&self, caller: &Caller, needs: Needs) -> Result<(), PermissionRefusal> {
        if needs.iter().any(|permission| caller.may(*permission)) {
            return Ok(());
        }
        Err(match &caller.identity {
            Identity::Anonymous if self.auth.mode() == AuthMode::Login => {
                PermissionRefusal::Unknown
            }
            Identity::Anonymous => PermissionRefusal::NoUsers,
            _ => PermissionRefusal::NotAllowed { needs, caller: described(caller) },
        })
    }
}

/// Lets a request through to its handler if its caller may do what it asks for.
pub(in crate::api) async fn authorize(
    State(authorization): State<Arc<Authorization>>,
    request: Request,
    next: Next,
) -> Response {
    let needs = authorization.needs_of(&request);
    if needs.contains(&Permission::Public) {
        return next.run(request).await;
    }
    let checked = match request.extensions().get::<Caller>() {
        Some(caller) => authorization.check(caller, needs),
        // The gate stands in front of every server.
        None => Err(PermissionRefusal::Unknown),
    };
    match checked {
        Ok(()) if authorization.auth.mode() == AuthMode::Login => {
            keep_private(next.run(request).await)
        }
        Ok(()) => next.run(request).await,
        Err(refusal) => {
            if let PermissionRefusal::NotAllowed { needs, .. } = &refusal {
                let operation = authorization.operation(&request);
                let origin = audit_origin(request.extensions());
                authorization.refusals.record(origin, &operation, &in_words(needs)).await;
            }
            refusal.into_response()
        }
    }
}

/// Keeps caches between the server and its client from giving the answer to somebody else.
fn keep_private(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("cookie, authorization"));
    let is_stored = headers.get(header::CACHE_CONTROL).is_none_or(|value| value != "no-store");
    if is_stored {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    }
    response
}

/// Returns who a caller is, in the words of a refusal.
fn described(caller: &Caller) -> String {
    let role = caller.role.map_or("no role", Role::as_str);
    match &caller.identity {
        Identity::User { name, .. } => format!("{name} has the role {role}"),
        Identity::Token { name, scope, owner_name, .. } => {
            format!("the token {name} of {owner_name} has the scope {}", scope.as_str())
        }
        Identity::Anonymous
        | Identity::Host
        | Identity::HostUser { .. }
        | Identity::ServiceCheck => {
            format!("this is {}", caller.actor())
        }
    }
}

/// Returns what an operation needs.
fn in_words(needs: Needs) -> String {
    needs.iter().map(|one| required(*one)).collect::<Vec<_>>().join(" or ")
}

/// Returns what somebody has to be, such as `the role operator`.
fn required(permission: Permission) -> &'static str {
    match permission {
        Permission::Public => "nothing",
        Permission::Metrics => "a token with the scope metrics, or the role viewer",
        Permission::Read => "the role viewer",
        Permission::Operate => "the role operator",
        Permission::Admin => "the role admin",
        Permission::Account => "a login with a password",
    }
}

impl fmt::Display for PermissionRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoUsers => write!(
                f,
                "UNOC has no users yet, so only its own host may use it, and no proxy; where a proxy is \
                 expected (allowed_hosts, trusted_proxies, public_url), only its commands. Add the first user \
                 there, who can then log in from anywhere: {FIRST_USER}"
            ),
            Self::Unknown => f.write_str(
                "Log in, or send an API token in the header Authorization: Bearer unoc_…",
            ),
            Self::NotAllowed { needs, caller } => {
                write!(f, "This needs {}; {caller}", in_words(needs))
            }
        }
    }
}

impl IntoResponse for PermissionRefusal {
    fn into_response(self) -> Response {
        let text = self.to_string();
        match self {
            Self::Unknown => unauthorized(text),
            Self::NoUsers | Self::NotAllowed { .. } => {
                no_store(answer(StatusCode::FORBIDDEN, text))
            }
        }
    }
}

/// Returns 401 (RFC 9110 section 15.5.2).
pub(super) fn unauthorized(text: String) -> Response {
    let mut response = no_store(answer(StatusCode::UNAUTHORIZED, text.as_str()));
    let challenge = HeaderValue::from_static("Bearer");
    response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    response.extensions_mut().insert(LoggedCause(text));
    response
}

fn no_store(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
