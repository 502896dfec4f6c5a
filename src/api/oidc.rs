//! Logging in with an OpenID Connect provider: the way there, and the way back.
//!
//! People come here by links and redirects, so what fails is answered with a page rather than with JSON.
#![expect(unused_qualifications, reason = "utoipa's `params` expands to a qualified name")]

use std::time::Duration;

use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::access::{cookie, set_cookie};
use super::error::ApiError;
use super::extract::{Origin, Sender};
use super::session::{NO_STORE, end_session_before, login_client, new_session_cookie};
use super::state::ApiState;
use crate::auth::{AuthMode, LoginError, OidcLogin, SourceNetwork};
use crate::oidc::{ATTEMPT_MAX_S, AuthorizationAnswer, OidcError, OidcSignIn, return_path};

/// The cookie that a browser keeps between leaving for the provider and coming back.
const ATTEMPT_COOKIE: &str = "unoc_sign_in";
const ATTEMPT_AGE: Duration = Duration::from_secs(ATTEMPT_MAX_S as u64);
/// What a page that says why nobody was logged in may load: nothing.
const NOTHING_ELSE: &str =
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(log_in)).routes(routes!(callback))
}

/// Where to go after the login.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "read by the OpenAPI generator only")]
struct OidcLoginQuery {
    /// A path of the page, such as `/inventory?type=olt`; another address is passed over.
    #[param(value_type = Option<String>)]
    to: String,
    /// Whether the browser was already sent to the address under which the provider knows this site.
    #[param(value_type = Option<bool>)]
    redirected: bool,
}

/// Sends the browser to the provider, which sends it back to `/api/oidc/callback`.
#[utoipa::path(
    get,
    path = "/api/oidc/login",
    tag = "accounts",
    params(OidcLoginQuery),
    responses(
        (status = 302, description = "To the provider, with a cookie for the way back"),
        (status = 403, content_type = "text/html", body = String, description = "There are no users yet"),
        (status = 404, content_type = "text/html", body = String, description = "No provider is set"),
        (status = 429, content_type = "text/html", body = String, description = "Too many sign-ins were begun from this network"),
        (status = 503, content_type = "text/html", body = String, description = "The provider is away")
    )
)]
async fn log_in(
    State(state): State<ApiState>,
    sender: Sender,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let Some(sign_in) = state.sign_in() else { return no_provider(&state) };
    if state.auth().mode() != AuthMode::Login {
        let why = "There are no users yet. The first one is made on the host: unoc user add NAME --role admin";
        return failed(&state, StatusCode::FORBIDDEN, why);
    }
    let query = pairs(&uri);
    let to = value(&query, "to");
    // The cookie must be of the host to which the provider sends the browser back.
    let is_there = value(&query, "redirected").is_some() || is_public_host(sign_in, &headers);
    if !is_there {
        let start = sign_in.redirect_url().trim_end_matches("/callback");
        let to = to.and_then(|to| return_path(to, &state.options().base_path)).map(encoded);
        return redirect(&format!("{start}/login?redirected=true&to={}", to.unwrap_or_default()));
    }
    let network = SourceNetwork::of(sender.client.address);
    match sign_in.begin(to, network, state.handle().now()).await {
        Ok(start) => {
            let cookie =
                set_cookie(ATTEMPT_COOKIE, &start.cookie, sender.client.has_tls, ATTEMPT_AGE);
            with_cookies(redirect(&start.authorization_url), [cookie])
        }
        Err(error) => refused(&state, &error),
    }
}

/// What the provider sends along.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "read by the OpenAPI generator only")]
struct OidcCallbackQuery {
    #[param(value_type = Option<String>)]
    state: String,
    #[param(value_type = Option<String>)]
    code: String,
    #[param(value_type = Option<String>)]
    error: String,
    #[param(value_type = Option<String>)]
    error_description: String,
    #[param(value_type = Option<String>)]
    iss: String,
}

/// Takes the answer of the provider, logs the person in, and goes to the page.
#[utoipa::path(
    get,
    path = "/api/oidc/callback",
    tag = "accounts",
    params(OidcCallbackQuery),
    responses(
        (status = 302, description = "To the page, with the session's cookie"),
        (status = 400, content_type = "text/html", body = String, description = "The answer is not of this attempt, or proves nothing"),
        (status = 403, content_type = "text/html", body = String, description = "The person may not log in here"),
        (status = 404, content_type = "text/html", body = String, description = "No provider is set"),
        (status = 429, content_type = "text/html", body = String, description = "Too many attempts failed"),
        (status = 503, content_type = "text/html", body = String, description = "The provider is away")
    )
)]
async fn callback(
    State(state): State<ApiState>,
    sender: Sender,
    uri: Uri,
    headers: HeaderMap,
    Origin(origin): Origin,
) -> Response {
    let Some(sign_in) = state.sign_in() else { return no_provider(&state) };
    let has_tls = sender.client.has_tls;
    let attempt = cookie(&headers, ATTEMPT_COOKIE, has_tls);
    let (network, now) = (SourceNetwork::of(sender.client.address), state.handle().now());
    let finished = sign_in.finish(answer_of(&uri), attempt, network, now).await;
    let forget = set_cookie(ATTEMPT_COOKIE, "", has_tls, Duration::ZERO);
    let identity = match finished {
        Ok(identity) => identity,
        // The page may be loaded again.
        Err(error @ OidcError::Busy) => return refused(&state, &error),
        Err(error) => return with_cookies(refused(&state, &error), [forget]),
    };
    let login = OidcLogin { subject: identity.subject, name: identity.name, role: identity.role };
    let client = login_client(&sender.client, &headers);
    let response = match state.auth().log_in_oidc(login, client, origin.clone()).await {
        Ok(new) => {
            end_session_before(&state, &sender, origin).await;
            let session = new_session_cookie(&state, &sender.client, &new);
            with_cookies(redirect(&identity.return_to), [session])
        }
        Err(LoginError::Engine(error)) => ApiError::from(error).into_response(),
        Err(error) => failed(&state, status_of(&error), &error.to_string()),
    };
    with_cookies(response, [forget])
}

fn answer_of(uri: &Uri) -> AuthorizationAnswer {
    let query = pairs(uri);
    let text = |name| value(&query, name).map(str::to_owned);
    AuthorizationAnswer {
        state: text("state").unwrap_or_default(),
        code: text("code"),
        error: text("error"),
        error_description: text("error_description"),
        issuer: text("iss"),
    }
}

/// The parameters of a query; none of one that cannot be read. Its length is limited with that of the head.
fn pairs(uri: &Uri) -> Vec<(String, String)> {
    Query::try_from_uri(uri).map(|Query(pairs)| pairs).unwrap_or_default()
}

fn value<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// Returns whether a request is for the host to which the provider sends people back.
fn is_public_host(sign_in: &OidcSignIn, headers: &HeaderMap) -> bool {
    let redirect_url = Uri::try_from(sign_in.redirect_url()).ok();
    let public = redirect_url.as_ref().and_then(Uri::authority);
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    public.zip(host).is_some_and(|(public, host)| public.as_str().eq_ignore_ascii_case(host))
}

/// Percent-encodes what is not allowed in the value of a query (RFC 3986, section 2.3).
fn encoded(text: &str) -> String {
    let one = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
            char::from(byte).to_string()
        }
        other => format!("%{other:02X}"),
    };
    text.bytes().map(one).collect()
}

fn redirect(to: &str) -> Response {
    match HeaderValue::try_from(to) {
        Ok(location) => {
            (StatusCode::FOUND, NO_STORE, [(header::LOCATION, location)]).into_response()
        }
        Err(_) => (StatusCode::BAD_REQUEST, NO_STORE).into_response(),
    }
}

fn with_cookies<const N: usize>(mut response: Response, cookies: [HeaderValue; N]) -> Response {
    for cookie in cookies {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

fn no_provider(state: &ApiState) -> Response {
    failed(state, StatusCode::NOT_FOUND, "No sign-in provider is set (oidc_issuer).")
}

fn refused(state: &ApiState, error: &OidcError) -> Response {
    let status = match error {
        OidcError::Options(_) => StatusCode::INTERNAL_SERVER_ERROR,
        OidcError::Unavailable(_) | OidcError::Busy => StatusCode::SERVICE_UNAVAILABLE,
        OidcError::Throttled => StatusCode::TOO_MANY_REQUESTS,
        OidcError::Expired | OidcError::Invalid(_) => StatusCode::BAD_REQUEST,
        OidcError::Denied(_) | OidcError::NoRole { .. } => StatusCode::FORBIDDEN,
    };
    tracing::warn!("Nobody was signed in: {error}");
    failed(state, status, &error.to_string())
}

fn status_of(error: &LoginError) -> StatusCode {
    match error {
        LoginError::Wrong | LoginError::NeedsCode | LoginError::Refused(_) => StatusCode::FORBIDDEN,
        LoginError::Throttled { .. } => StatusCode::TOO_MANY_REQUESTS,
        LoginError::Busy | LoginError::Engine(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// Returns a page that says why nobody was logged in, with a way back.
fn failed(state: &ApiState, status: StatusCode, why: &str) -> Response {
    let page = failure_page(why, &state.options().base_path);
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(NOTHING_ELSE)),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    ];
    (status, NO_STORE, headers, page).into_response()
}

/// The text comes from the provider, too, so it is shown as text.
fn failure_page(why: &str, base_path: &str) -> String {
    let mut text: String = why.to_owned();
    for (sign, name) in [('&', "&amp;"), ('<', "&lt;"), ('>', "&gt;"), ('"', "&quot;")] {
        text = text.replace(sign, name);
    }
    let first = text.chars().next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    let rest: String = text.chars().skip(1).collect();
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>Not signed in</title>\n\
         <h1>Not signed in</h1>\n<p>{first}{rest}</p>\n<p><a href=\"{base_path}/\">Back</a></p>\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_shows_what_others_wrote_as_text() {
        let page = failure_page("refused: <script>alert(\"1\")</script> & more", "/unoc");
        let shown = "<p>Refused: &lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; more</p>";
        assert!(page.contains(shown), "{page}");
        assert!(page.contains("<a href=\"/unoc/\">"), "{page}");
    }

    #[test]
    fn values_of_a_query_survive() {
        let to = "/inventory?type=olt&q=a b#ä";
        let uri: Uri = format!("/login?to={}&x", encoded(to)).parse().unwrap();
        assert_eq!(value(&pairs(&uri), "to"), Some(to));
        assert_eq!(value(&pairs(&"/login?to=%zz".parse().unwrap()), "no"), None);
    }
}
