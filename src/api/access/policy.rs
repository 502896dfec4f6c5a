//! The hosts that the appliance answers for, and the pages that may use it.
//!
//! A page of any site can send requests to an appliance inside the network through the browser of
//! its visitor. It can point its own name at the appliance (DNS rebinding): the browser then treats
//! the appliance as the page's own server, and only `Host` shows the foreign name. Or it sends
//! requests to the appliance's name: then `Sec-Fetch-Site` or `Origin` shows it. Pages cannot set
//! these headers. They can set `X-Forwarded-Host`, so that header never allows a host that `Host`
//! does not.

use std::fmt;

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, Version, header};
use axum::response::{IntoResponse, Response};

use super::super::error::{LoggedCause, answer};
use super::authority::{Authority, Host};

pub(super) const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
/// Names that end so are those of loopback (RFC 6761 section 6.3).
const LOOPBACK_NAME: &str = "localhost";
/// Longest part of a header that a refusal quotes; a DNS name has up to 253 characters.
const QUOTED_CHARS_MAX: usize = 260;

/// The hosts and the origins that are allowed.
#[derive(Debug)]
pub struct Access {
    hosts: Vec<String>,
    origins: Vec<String>,
    /// The path under which Socket.IO is.
    sockets: String,
}

/// From where an admitted request comes, as its browser tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// It comes from a program or from the appliance's own page.
    WithoutCors,
    /// It comes from a page of an allowed origin, so the answer has CORS headers.
    WithCors,
    /// It is a read for a page of another site, whose browser withholds the answer. Nobody is logged in there.
    OtherSite,
}

/// Why a request is refused.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum AccessRefusal {
    UnreadableHost,
    Host(String),
    Origin { origin: String, host: String },
    OtherSite,
}

impl Access {
    /// `machine_name` is the machine's own name, short or full. `allowed_hosts` are names,
    /// `*.name` for all below it, or `*`; `allowed_origins` are texts such as
    /// `https://tools.example.org`.
    pub fn new(
        base_path: &str,
        machine_name: &str,
        allowed_hosts: &[String],
        allowed_origins: Vec<String>,
    ) -> Self {
        // Browsers do not resolve these names (RFC 6761 section 6.3), and a host outside the
        // network cannot answer for the machine's own name.
        let mut hosts = vec![LOOPBACK_NAME.to_owned(), format!("*.{LOOPBACK_NAME}")];
        if let Some(short) = machine_name.split('.').next().filter(|short| !short.is_empty()) {
            hosts.extend([machine_name.to_owned(), short.to_owned(), format!("{short}.local")]);
        }
        hosts.extend_from_slice(allowed_hosts);
        let sockets = format!("{base_path}/socket.io");
        Self { hosts, origins: allowed_origins, sockets }
    }

    /// Returns whether answers depend on the origin.
    pub(super) fn has_origins(&self) -> bool {
        !self.origins.is_empty()
    }

    /// Returns whether a request opens a live connection, rather than belongs to an open one.
    pub(super) fn opens_socket<B>(&self, request: &Request<B>) -> bool {
        let query = request.uri().query().unwrap_or_default();
        request.uri().path().starts_with(&self.sockets)
            && !query.split('&').any(|pair| pair.starts_with("sid="))
    }

    /// Decides by the headers whether a request is admitted.
    pub(super) fn admit<B>(&self, request: &Request<B>) -> Result<Admission, AccessRefusal> {
        let hosts = RequestHosts::of(request)?;
        if let Some(other) = hosts.all.iter().find(|named| !self.answers_for(named.host)) {
            return Err(AccessRefusal::Host(quoted(&other.host.to_string())));
        }
        // A read is harmless if the page cannot see the answer, which browsers withhold from other
        // origins. They do not do so for a WebSocket.
        let is_harmless = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS)
            && !request.uri().path().starts_with(&self.sockets);
        let site = text_of(request.headers(), &SEC_FETCH_SITE);
        if matches!(site, Some("same-origin" | "none")) {
            return Ok(Admission::WithoutCors);
        }
        let Some(origin) = request.headers().get(header::ORIGIN) else {
            return match (site, is_harmless) {
                (None, _) => Ok(Admission::WithoutCors),
                (Some(_), true) => Ok(Admission::OtherSite),
                (Some(_), false) => Err(AccessRefusal::OtherSite),
            };
        };
        let origin = origin.to_str().unwrap_or_default();
        if self.origins.iter().any(|allowed| is_same_origin(allowed, origin)) {
            Ok(Admission::WithCors)
        } else if site.is_none() && hosts.is_origin(origin) {
            Ok(Admission::WithoutCors)
        } else if is_harmless {
            Ok(Admission::OtherSite)
        } else {
            let host = hosts.host_header.unwrap_or("unnamed");
            Err(AccessRefusal::Origin { origin: quoted(origin), host: quoted(host) })
        }
    }

    fn answers_for(&self, host: Host<'_>) -> bool {
        // An address is not resolved, so DNS rebinding does not apply.
        let Host::Name(name) = host else { return true };
        self.hosts.iter().any(|allowed| match allowed.strip_prefix('*') {
            Some("") => true,
            Some(end) => {
                let start = name.len().checked_sub(end.len()).filter(|start| *start > 0);
                start.is_some_and(|start| name[start..].eq_ignore_ascii_case(end))
            }
            None => name.eq_ignore_ascii_case(allowed),
        })
    }
}

/// Returns whether a request names only this host itself: a loopback address or `localhost`.
pub(super) fn asks_for_loopback<B>(request: &Request<B>) -> bool {
    let is_loopback = |host: Host<'_>| match host {
        Host::Address(address) => address.is_loopback(),
        Host::Name(name) => {
            let top = name.rsplit('.').next().unwrap_or(name);
            top.eq_ignore_ascii_case(LOOPBACK_NAME)
        }
    };
    RequestHosts::of(request)
        .is_ok_and(|hosts| hosts.all.iter().all(|named| is_loopback(named.host)))
}

/// The hosts that a request names.
struct RequestHosts<'a> {
    /// From `Host`, the request's target and `X-Forwarded-Host`.
    all: Vec<Authority<'a>>,
    /// The `Host` header as received.
    host_header: Option<&'a str>,
}

impl<'a> RequestHosts<'a> {
    fn of<B>(request: &'a Request<B>) -> Result<Self, AccessRefusal> {
        let headers = request.headers();
        let mut named = headers.get_all(header::HOST).iter();
        let host = named.next();
        // HTTP/1.1 requires exactly one (RFC 9112 section 3.2); no browser uses HTTP/1.0.
        if named.next().is_some() || (host.is_none() && request.version() > Version::HTTP_10) {
            return Err(AccessRefusal::UnreadableHost);
        }
        let host = host
            .map(|host| host.to_str().map_err(|_| AccessRefusal::UnreadableHost))
            .transpose()?;
        let target = request.uri().authority().map(http::uri::Authority::as_str);
        let forwarded = headers.get_all(&X_FORWARDED_HOST).iter();
        let forwarded =
            forwarded.flat_map(|list| list.to_str().unwrap_or("?").split(',').map(str::trim));
        let hosts = host.into_iter().chain(target).chain(forwarded.filter(|host| !host.is_empty()));
        let hosts = hosts.map(|host| Authority::parse(host).ok_or(AccessRefusal::UnreadableHost));
        Ok(Self { all: hosts.collect::<Result<_, _>>()?, host_header: host })
    }

    /// Returns whether a page of this origin was loaded from the appliance.
    fn is_origin(&self, origin: &str) -> bool {
        let Some((scheme, origin)) = origin.split_once("://") else { return false };
        let origin = Authority::parse(origin);
        origin.is_some_and(|origin| self.all.iter().any(|host| host.is_same(origin, scheme)))
    }
}

fn is_same_origin(one: &str, other: &str) -> bool {
    let (Some((scheme, one)), Some((other_scheme, other))) =
        (one.split_once("://"), other.split_once("://"))
    else {
        return false;
    };
    let (one, other) = (Authority::parse(one), Authority::parse(other));
    scheme.eq_ignore_ascii_case(other_scheme)
        && one.zip(other).is_some_and(|(one, other)| one.is_same(other, scheme))
}

fn text_of<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap_or("unreadable"))
}

fn quoted(text: &str) -> String {
    text.chars().take(QUOTED_CHARS_MAX).collect()
}

impl fmt::Display for AccessRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnreadableHost => f.write_str(
                "The Host or X-Forwarded-Host header is missing, repeated or unreadable",
            ),
            Self::Host(host) => write!(
                f,
                "UNOC does not answer for the host {host}. If that is a name of this server, add \
                 it to allowed_hosts (UNOC_ALLOWED_HOSTS) and restart UNOC"
            ),
            Self::Origin { origin, host } => write!(
                f,
                "Requests from pages of another site are refused: the page is from {origin}, the \
                 server is {host}. To allow the page, add its origin to allowed_origins \
                 (UNOC_ALLOWED_ORIGINS) and restart UNOC. If it is UNOC's own page, configure the \
                 reverse proxy to pass the Host header unchanged, with its port"
            ),
            Self::OtherSite => f.write_str("Requests from pages of another site are refused"),
        }
    }
}

impl IntoResponse for AccessRefusal {
    fn into_response(self) -> Response {
        let status = match self {
            Self::UnreadableHost => StatusCode::BAD_REQUEST,
            Self::Host(_) => StatusCode::MISDIRECTED_REQUEST,
            Self::Origin { .. } | Self::OtherSite => StatusCode::FORBIDDEN,
        };
        let detail = self.to_string();
        let mut response = answer(status, detail.as_str());
        response.extensions_mut().insert(LoggedCause(detail));
        response
    }
}
