//! The credentials of a request: the cookie of a session, or a bearer token. Nothing in a URL is one.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, header};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::util::Hidden;

/// The cookie of a session over plain HTTP.
const SESSION_COOKIE: &str = "unoc_session";
/// What a name begins with over HTTPS: no other host and no page over plain HTTP can set such a cookie (RFC 6265bis
/// section 4.1.3.2).
const SECURE_PREFIX: &str = "__Host-";
const BEARER: &str = "bearer ";
/// Cookies of a session's name that are tried: the own one, and what a few others may have set in its way.
const SESSION_COOKIES_MAX: usize = 4;

/// What the service's own checks send in [`ServiceSecret::HEADER`]. It is drawn at each start, so that nobody else
/// has it.
#[derive(Clone, Debug)]
pub struct ServiceSecret(Hidden<Arc<str>>);

impl ServiceSecret {
    /// The name of the header.
    pub const HEADER: &'static str = "x-unoc-service";

    /// Draws a secret with 244 random bits.
    pub fn draw() -> Self {
        let drawn = format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
        Self(Hidden(drawn.into()))
    }

    /// The header's value, for the service itself.
    pub fn expose(&self) -> &str {
        &self.0.0
    }

    /// Compares digests, so that the time says nothing of the secret.
    pub(super) fn is(&self, given: &HeaderValue) -> bool {
        Sha256::digest(self.expose().as_bytes()) == Sha256::digest(given.as_bytes())
    }
}

/// Why the credentials of a request cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CredentialError {
    /// There are several, so that two readers could take different ones.
    Repeated,
    /// It is no token, or one that has expired or was revoked.
    BadToken,
}

impl fmt::Display for CredentialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Repeated => "The Authorization header is repeated",
            Self::BadToken => "The API token is unknown, or has expired or was revoked",
        })
    }
}

/// Returns the bearer token (RFC 6750 section 2.1). Another scheme, such as a proxy's own login, is none.
pub(super) fn bearer_token(headers: &HeaderMap) -> Result<Option<&str>, CredentialError> {
    let mut given = headers.get_all(header::AUTHORIZATION).iter();
    let Some(first) = given.next() else { return Ok(None) };
    if given.next().is_some() {
        return Err(CredentialError::Repeated);
    }
    let is_bearer = first.as_bytes().get(..BEARER.len());
    if !is_bearer.is_some_and(|scheme| scheme.eq_ignore_ascii_case(BEARER.as_bytes())) {
        return Ok(None);
    }
    let text = first.to_str().map_err(|_| CredentialError::BadToken)?;
    Ok(Some(text[BEARER.len()..].trim()))
}

/// Returns the secrets of sessions in the cookies of that name: a browser sends several when another path, or another
/// site of the same domain, has set one too, and none of them says whose it is.
pub(super) fn session_secrets(headers: &HeaderMap, has_tls: bool) -> impl Iterator<Item = &str> {
    cookies(headers, SESSION_COOKIE, has_tls).take(SESSION_COOKIES_MAX)
}

/// Returns the value of the first cookie of a name, which [`set_cookie`] has set.
pub(in crate::api) fn cookie<'a>(
    headers: &'a HeaderMap,
    name: &'a str,
    has_tls: bool,
) -> Option<&'a str> {
    cookies(headers, name, has_tls).next()
}

fn cookies<'a>(
    headers: &'a HeaderMap,
    name: &'a str,
    has_tls: bool,
) -> impl Iterator<Item = &'a str> {
    let prefix = prefix(has_tls);
    let lists = headers.get_all(header::COOKIE).iter().filter_map(|list| list.to_str().ok());
    let cookies = lists.flat_map(|list| list.split(';'));
    cookies.filter_map(move |cookie| {
        let (given, value) = cookie.trim().split_once('=')?;
        (given.strip_prefix(prefix) == Some(name)).then_some(value)
    })
}

fn prefix(has_tls: bool) -> &'static str {
    if has_tls { SECURE_PREFIX } else { "" }
}

/// Returns the `Set-Cookie` header that gives a browser its session for so long.
pub(in crate::api) fn session_cookie(secret: &str, has_tls: bool, age: Duration) -> HeaderValue {
    set_cookie(SESSION_COOKIE, secret, has_tls, age)
}

/// Returns the `Set-Cookie` header of a cookie that no link from another site sends along.
pub(in crate::api) fn set_strict_cookie(
    name: &str,
    content: &str,
    has_tls: bool,
    age: Duration,
) -> HeaderValue {
    header_of(name, content, has_tls, (age, "Strict"))
}

/// Returns the `Set-Cookie` header of a cookie for the server alone. The value has letters, digits and `-_.` only.
pub(in crate::api) fn set_cookie(
    name: &str,
    content: &str,
    has_tls: bool,
    age: Duration,
) -> HeaderValue {
    header_of(name, content, has_tls, (age, "Lax"))
}

fn header_of(
    name: &str,
    content: &str,
    has_tls: bool,
    (age, same_site): (Duration, &str),
) -> HeaderValue {
    let (prefix, seconds) = (prefix(has_tls), age.as_secs());
    let secure = if has_tls { "; Secure" } else { "" };
    let cookie = format!(
        "{prefix}{name}={content}; Path=/; Max-Age={seconds}; HttpOnly; SameSite={same_site}{secure}"
    );
    let mut value = HeaderValue::try_from(cookie).expect("it is printable ASCII");
    value.set_sensitive(true);
    value
}

/// Returns the `Set-Cookie` header that takes it away.
pub(in crate::api) fn no_session_cookie(has_tls: bool) -> HeaderValue {
    session_cookie("", has_tls, Duration::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn a_bearer_token_is_in_one_header() {
        let check = |values: &[&str], expected: Result<Option<&str>, CredentialError>| {
            let pairs: Vec<_> = values.iter().map(|value| ("authorization", *value)).collect();
            assert_eq!(bearer_token(&headers(&pairs)), expected, "{values:?}");
        };
        check(&[], Ok(None));
        check(&["Bearer unoc_abc"], Ok(Some("unoc_abc")));
        check(&["BEARER  unoc_abc "], Ok(Some("unoc_abc")));
        check(&["Bearer "], Ok(Some("")));
        for other in ["", "Bearer", "Basic dW5vYzp4", "Bearerx y", "Digest a"] {
            check(&[other], Ok(None));
        }
        check(&["Bearer \u{fc}"], Err(CredentialError::BadToken));
        check(&["Bearer a", "Bearer a"], Err(CredentialError::Repeated));
        check(&["Basic a", "Bearer a"], Err(CredentialError::Repeated));
    }

    #[test]
    fn the_cookie_is_the_one_of_the_connection() {
        let check = |lists: &[&str], plain: &[&str], secure: &[&str]| {
            let pairs: Vec<_> = lists.iter().map(|list| ("cookie", *list)).collect();
            let headers = headers(&pairs);
            let found = |has_tls| session_secrets(&headers, has_tls).collect::<Vec<_>>();
            assert_eq!((&*found(false), &*found(true)), (plain, secure), "{lists:?}");
        };
        check(&[], &[], &[]);
        check(&["unoc_session=a"], &["a"], &[]);
        check(&["__Host-unoc_session=a"], &[], &["a"]);
        check(&["x=1; unoc_session=a;y", "unoc_session=b"], &["a", "b"], &[]);
        check(&["xunoc_session=a; unoc_sessionx=b; UNOC_SESSION=c; =; unoc_session"], &[], &[]);
        check(&["unoc_session=a=b"], &["a=b"], &[]);
        check(&["x=\u{fc}; unoc_session=a", "unoc_session=b"], &["b"], &[]);
        check(&[&"unoc_session=a;".repeat(9)], &["a"; 4], &[]);
    }

    #[test]
    fn a_cookie_is_for_the_server_alone() {
        let week = Duration::from_secs(7 * 86_400);
        let set = |has_tls| session_cookie("abc", has_tls, week).to_str().unwrap().to_owned();
        let attributes = "Path=/; Max-Age=604800; HttpOnly; SameSite=Lax";
        assert_eq!(set(false), format!("unoc_session=abc; {attributes}"));
        assert_eq!(set(true), format!("__Host-unoc_session=abc; {attributes}; Secure"));
        let strict = set_strict_cookie("x", "y", true, week);
        let attributes = attributes.replace("Lax", "Strict");
        assert_eq!(strict.to_str().unwrap(), format!("__Host-x=y; {attributes}; Secure"));
        assert!(
            no_session_cookie(false)
                .to_str()
                .unwrap()
                .starts_with("unoc_session=; Path=/; Max-Age=0;")
        );
    }

    #[test]
    fn the_secret_of_the_service_is_never_shown() {
        let secret = ServiceSecret::draw();
        assert!(secret.is(&secret.expose().parse().unwrap()));
        assert!(!secret.is(&ServiceSecret::draw().expose().parse().unwrap()));
        assert!(!format!("{secret:?}").contains(secret.expose()));
    }
}
