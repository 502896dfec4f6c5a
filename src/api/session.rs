//! Logging in and out, making the first user, and who is asking.

use std::net::IpAddr;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::access::{RequestClient, cookie, no_session_cookie, session_cookie, set_strict_cookie};
use super::error::{ApiError, ErrorBody};
use super::extract::{Body422, Origin, Sender};
use super::state::ApiState;
use super::validation::parse::{self, ParseError};
use super::validation::{Fields, FromFields};
use crate::auth::{
    AuthError, AuthHandle, Caller, DEVICE_AGE_MAX, Identity, LastLogin, LoginClient, NewSession,
    Password, PasswordLogin, Role, SetupLogin, User,
};
use crate::domain::Timestamp;
use crate::oidc::OidcSignIn;
use crate::store::AuditOrigin;
use crate::util::Hidden;
use crate::wire::Time;

/// Longest name, password and code that are read; the rules of users allow no longer ones.
const NAME_CHARS_MAX: usize = 64;
const PASSWORD_CHARS_MAX: usize = 1024;
const CODE_CHARS_MAX: usize = 64;
/// A body with all of them, in escapes of JSON.
const BODY_BYTES_MAX: usize = 16 * 1024;
/// The cookie by which a browser shows that a user has logged in there.
const DEVICE_COOKIE: &str = "unoc_device";
/// How much of what a browser says of itself is kept.
const USER_AGENT_CHARS_MAX: usize = 200;

/// Answers that hold a secret or say who is logged in are for nobody else.
pub(super) const NO_STORE: [(HeaderName, HeaderValue); 1] =
    [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(session, log_in, log_out))
        .routes(routes!(set_up))
        .routes(routes!(new_setup_code))
}

/// Who is asking, and how to log in.
#[derive(Serialize, ToSchema)]
#[schema(as = Session)]
struct SessionStateView {
    /// `open`: there are no users, and the host itself may do everything. `insecure`: there are no users, and everybody
    /// may. `login`: everybody has to log in.
    #[schema(value_type = String)]
    mode: &'static str,
    caller: CallerView,
    /// The last login of the user who asks; after a login, the one before it.
    last_login: Option<LastLoginView>,
    /// Whether the first user can be made with the code of the set-up link.
    setup_possible: bool,
    /// Whether the user who asks has a second factor.
    has_totp: bool,
    sign_in: SignInView,
    /// When the session ends at the latest; null without one.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Time>,
}

/// Who is asking.
#[derive(Serialize, ToSchema)]
#[schema(as = Caller)]
struct CallerView {
    /// `host`: this host itself; `user`, `token` or `anonymous`.
    #[schema(value_type = String)]
    kind: &'static str,
    /// Of the user or of the token; of the user of the host's system over the Unix socket.
    name: Option<String>,
    /// What the caller may do; null for nothing but what is public, or for the one thing that a token is for.
    #[schema(value_type = Option<String>)]
    role: Option<&'static str>,
}

/// When and from where somebody logged in.
#[derive(Serialize, ToSchema)]
#[schema(as = LastLogin)]
pub(super) struct LastLoginView {
    #[schema(value_type = String, format = DateTime)]
    at: Time,
    /// Null over the Unix socket.
    #[schema(value_type = Option<String>)]
    address: Option<IpAddr>,
}

/// The ways to log in.
#[derive(Serialize, ToSchema)]
#[schema(as = SignIn)]
struct SignInView {
    password: bool,
    /// The provider that knows the users, if there is one.
    oidc: Option<OidcProviderView>,
}

/// A provider that knows the users.
#[derive(Serialize, ToSchema)]
#[schema(as = OidcProvider)]
struct OidcProviderView {
    name: String,
}

impl From<LastLogin> for LastLoginView {
    fn from(login: LastLogin) -> Self {
        Self { at: Time(login.at), address: login.address }
    }
}

impl SessionStateView {
    fn of(state: &ApiState, caller: &Caller) -> Self {
        let auth = state.auth();
        let user = caller.user().and_then(|id| auth.user(id));
        let session = caller.session().and_then(|id| auth.session(id));
        let last_login = user.as_ref().and_then(|user| user.last_login);
        let ends = session.map(|session| auth.session_end(&session));
        Self::new(state, CallerView::of(caller), user.as_ref(), last_login, ends)
    }

    fn of_new(state: &ApiState, new: &NewSession) -> Self {
        let caller = CallerView {
            kind: "user",
            name: Some(new.user.name.clone()),
            role: Some(new.user.role.as_str()),
        };
        let ends = state.auth().session_end(&new.session);
        Self::new(state, caller, Some(&new.user), new.previous_login, Some(ends))
    }

    fn new(
        state: &ApiState,
        caller: CallerView,
        user: Option<&User>,
        last_login: Option<LastLogin>,
        ends: Option<Timestamp>,
    ) -> Self {
        let name = |sign_in: &OidcSignIn| sign_in.provider_name().to_owned();
        let oidc = state.sign_in().map(|it| OidcProviderView { name: name(it) });
        Self {
            mode: state.auth().mode().as_str(),
            caller,
            last_login: last_login.map(Into::into),
            setup_possible: state.auth().is_setup_possible(),
            has_totp: user.is_some_and(|user| user.totp.is_some()),
            sign_in: SignInView { password: true, oidc },
            expires_at: ends.map(Time),
        }
    }
}

impl CallerView {
    fn of(caller: &Caller) -> Self {
        let (kind, name) = match &caller.identity {
            Identity::Anonymous => ("anonymous", None),
            Identity::Host | Identity::ServiceCheck => ("host", None),
            Identity::HostUser { name, .. } => ("host", Some(name.to_string())),
            Identity::User { name, .. } => ("user", Some(name.to_string())),
            Identity::Token { name, .. } => ("token", Some(name.to_string())),
        };
        Self { kind, name, role: caller.role.map(Role::as_str) }
    }
}

/// A name and a password.
#[derive(ToSchema)]
#[schema(as = Login)]
#[expect(dead_code, reason = "read by the OpenAPI generator only")]
struct LoginSchema {
    #[schema(max_length = 64)]
    name: String,
    #[schema(max_length = 1024)]
    password: String,
    /// A code of the second factor, or a recovery code.
    #[schema(max_length = 64)]
    code: Option<String>,
}

struct LoginBody(PasswordLogin);

impl FromFields for LoginBody {
    const BODY_BYTES_MAX: usize = BODY_BYTES_MAX;
    const HAS_SECRETS: bool = true;

    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let name = fields.required("name", parse::text_up_to(NAME_CHARS_MAX));
        let password = fields.required("password", password);
        let code = fields.optional("code", parse::text_up_to(CODE_CHARS_MAX)).map(Hidden);
        Some(Self(PasswordLogin { name: name?, password: password?, code }))
    }
}

/// The first user, who is an admin.
#[derive(ToSchema)]
#[schema(as = Setup)]
#[expect(dead_code, reason = "read by the OpenAPI generator only")]
struct SetupSchema {
    /// From the set-up link.
    #[schema(max_length = 64)]
    code: String,
    #[schema(max_length = 64)]
    name: String,
    #[schema(max_length = 1024)]
    password: String,
}

struct SetupBody(SetupLogin);

impl FromFields for SetupBody {
    const BODY_BYTES_MAX: usize = BODY_BYTES_MAX;
    const HAS_SECRETS: bool = true;

    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let code = fields.required("code", parse::text_up_to(CODE_CHARS_MAX)).map(Hidden);
        let name = fields.required("name", parse::text_up_to(NAME_CHARS_MAX));
        let password = fields.required("password", password);
        Some(Self(SetupLogin { code: code?, name: name?, password: password? }))
    }
}

/// Reads a password. The rules for new ones are those of users.
pub(super) fn password(value: &serde_json::Value) -> Result<Password, ParseError> {
    parse::text_up_to(PASSWORD_CHARS_MAX)(value).map(Password::new)
}

/// Reads a code of a second factor.
pub(super) fn code(value: &serde_json::Value) -> Result<Hidden<String>, ParseError> {
    parse::text_up_to(CODE_CHARS_MAX)(value).map(Hidden)
}

/// Who is asking, and how to log in.
#[utoipa::path(
    get,
    path = "/api/session",
    tag = "accounts",
    responses((status = 200, body = SessionStateView))
)]
async fn session(State(state): State<ApiState>, sender: Sender) -> impl IntoResponse {
    (NO_STORE, Json(SessionStateView::of(&state, &sender.caller)))
}

/// Logs in. The answer sets the session's cookie, which scripts of the page cannot read, and one by which this browser is
/// known at the next login, so that failures elsewhere do not slow it.
#[utoipa::path(
    post,
    path = "/api/session",
    tag = "accounts",
    request_body = LoginSchema,
    responses(
        (status = 200, body = SessionStateView),
        (status = 401, body = ErrorBody, description = "Name, password or code is wrong, or a code is missing (`needs`)"),
        (status = 429, body = ErrorBody, description = "Too many attempts failed; see Retry-After")
    )
)]
async fn log_in(
    State(state): State<ApiState>,
    sender: Sender,
    headers: HeaderMap,
    Origin(origin): Origin,
    Body422(LoginBody(login)): Body422<LoginBody>,
) -> Result<Response, ApiError> {
    let client = login_client(&sender.client, &headers);
    let new = state.auth().log_in(login, client, origin.clone()).await?;
    end_session_before(&state, &sender, origin).await;
    Ok(logged_in(&state, &sender.client, &new))
}

/// Logs out: the session ends, and the cookie is taken away. Without a session nothing happens.
#[utoipa::path(
    delete,
    path = "/api/session",
    tag = "accounts",
    responses((status = 204))
)]
async fn log_out(
    State(state): State<ApiState>,
    sender: Sender,
    Origin(origin): Origin,
) -> Result<Response, ApiError> {
    if let Some(session) = sender.caller.session() {
        state.auth().log_out(session, origin).await?;
    }
    let cookie = [(header::SET_COOKIE, no_session_cookie(sender.client.has_tls))];
    Ok((StatusCode::NO_CONTENT, NO_STORE, cookie).into_response())
}

/// The code of a new set-up link. It is shown once.
#[derive(Serialize, ToSchema)]
#[schema(as = SetupCode)]
struct SetupCodeView {
    /// The link is `/set-up#CODE` below the address of the service. What follows `#` is never sent to a server.
    code: String,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Time,
}

/// Draws a new code with which the first user is made in a browser; the one before no longer counts.
#[utoipa::path(
    post,
    path = "/api/setup/code",
    tag = "accounts",
    responses(
        (status = 200, body = SetupCodeView),
        (status = 400, body = ErrorBody, description = "There are users already")
    )
)]
async fn new_setup_code(State(state): State<ApiState>) -> Result<impl IntoResponse, ApiError> {
    let drawn = state.auth().new_setup_code().ok_or_else(|| {
        AuthError::Refused(
            "there are users already; unoc user password NAME sets a forgotten password".to_owned(),
        )
    })?;
    let view = SetupCodeView { code: drawn.code.0, expires_at: Time(drawn.expires_at) };
    Ok((NO_STORE, Json(view)))
}

/// Makes the first user with the code of the set-up link, and logs that user in. From then on everybody has to log in.
#[utoipa::path(
    post,
    path = "/api/setup",
    tag = "accounts",
    request_body = SetupSchema,
    responses(
        (status = 200, body = SessionStateView),
        (status = 401, body = ErrorBody, description = "There are users already"),
        (status = 429, body = ErrorBody, description = "Too many attempts failed; see Retry-After")
    )
)]
async fn set_up(
    State(state): State<ApiState>,
    sender: Sender,
    headers: HeaderMap,
    Origin(origin): Origin,
    Body422(SetupBody(setup)): Body422<SetupBody>,
) -> Result<Response, ApiError> {
    let client = login_client(&sender.client, &headers);
    let new = state.auth().set_up(setup, client, origin).await?;
    Ok(logged_in(&state, &sender.client, &new))
}

/// Returns the answer to somebody who has logged in.
pub(super) fn logged_in(state: &ApiState, client: &RequestClient, new: &NewSession) -> Response {
    let session = new_session_cookie(state, client, new);
    let device = new
        .device_cookie
        .as_ref()
        .map(|cookie| set_strict_cookie(DEVICE_COOKIE, &cookie.0, client.has_tls, DEVICE_AGE_MAX));
    let cookies = std::iter::once(session).chain(device);
    let cookies = AppendHeaders(cookies.map(|cookie| (header::SET_COOKIE, cookie)));
    (NO_STORE, cookies, Json(SessionStateView::of_new(state, new))).into_response()
}

/// Returns the `Set-Cookie` header of a session that has just begun.
pub(super) fn new_session_cookie(
    state: &ApiState,
    client: &RequestClient,
    new: &NewSession,
) -> HeaderValue {
    session_cookie(&new.secret.0, client.has_tls, remaining(state.auth(), new))
}

/// Ends the session that a browser had before it logged in, which it forgets.
pub(super) async fn end_session_before(state: &ApiState, sender: &Sender, origin: AuditOrigin) {
    if let Some(before) = sender.caller.session() {
        // It ends by itself if it is not ended now.
        state.auth().log_out(before, origin).await.ok();
    }
}

/// Returns how long a session lasts at most.
fn remaining(auth: &AuthHandle, new: &NewSession) -> Duration {
    let micros = auth.session_end(&new.session).0.saturating_sub(new.session.created_at.0);
    Duration::from_micros(u64::try_from(micros).unwrap_or(0))
}

/// Returns from where somebody logs in.
pub(super) fn login_client(client: &RequestClient, headers: &HeaderMap) -> LoginClient {
    let user_agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    let user_agent = user_agent.unwrap_or_default().chars().take(USER_AGENT_CHARS_MAX).collect();
    let device_cookie = cookie(headers, DEVICE_COOKIE, client.has_tls);
    let device_cookie = device_cookie.map(|cookie| Hidden(cookie.to_owned()));
    LoginClient { address: client.address, user_agent, device_cookie }
}
