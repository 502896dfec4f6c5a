//! API tokens: what programs send instead of a login.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::ApiError;
use super::extract::{Body422, Origin, PathId, Query422, Sender};
use super::session::NO_STORE;
use super::sessions::{WhoseQuery, owner_limit};
use super::state::ApiState;
use super::validation::{Fields, FromFields, parse};
use crate::auth::{
    ApiToken, AuthHandle, Caller, NewToken, Permission, TokenId, TokenScope, UserId,
};
use crate::wire::Time;

/// What is wrong with a word for a scope.
const SCOPE: &str = "Input should be 'read', 'operate' or 'metrics'";
/// Longest name of a token.
const NAME_CHARS_MAX: usize = 64;

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(tokens, add_token)).routes(routes!(revoke_token))
}

/// A token that has not been revoked.
#[derive(Serialize, ToSchema)]
#[schema(as = Token)]
struct TokenView {
    id: u64,
    name: String,
    /// `read`, `operate` or `metrics`. A token may never do more than its owner.
    #[schema(value_type = String)]
    scope: &'static str,
    /// The name of the user whose token it is.
    owner: String,
    /// The first characters of the token, to recognise it by.
    prefix: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Time,
    /// To the minute; null if it was never used.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_used_at: Option<Time>,
}

impl TokenView {
    fn new(auth: &AuthHandle, token: ApiToken) -> Self {
        Self {
            id: token.id.0,
            name: token.name,
            scope: token.scope.as_str(),
            owner: auth.user(token.owner).map(|user| user.name).unwrap_or_default(),
            prefix: token.prefix,
            created_at: Time(token.created_at),
            expires_at: Time(token.expires_at),
            last_used_at: token.last_used_at.map(Time),
        }
    }
}

/// A token that was just made, with its secret, which is shown once.
#[derive(Serialize, ToSchema)]
#[schema(as = IssuedToken)]
struct IssuedTokenView {
    #[serde(flatten)]
    view: TokenView,
    /// To send as `Authorization: Bearer …`.
    token: String,
}

/// A token to make.
#[derive(ToSchema)]
#[schema(as = NewToken)]
#[expect(dead_code, reason = "read by the OpenAPI generator only; `NewTokenBody` holds the token")]
struct NewTokenSchema {
    #[schema(max_length = 64)]
    name: String,
    /// `read`, `operate` or `metrics`.
    scope: String,
    /// 90 if it is absent.
    #[schema(minimum = 1, maximum = 366)]
    expires_in_days: Option<u32>,
    /// The name of the user whose token it is to be, for an admin; if it is absent, the one who asks.
    owner: Option<String>,
}

struct NewTokenBody {
    name: String,
    scope: TokenScope,
    expires_in_days: Option<u32>,
    owner: Option<String>,
}

impl FromFields for NewTokenBody {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let name = fields.required("name", parse::line(NAME_CHARS_MAX));
        let scope = fields.required("scope", parse::read(TokenScope::from_name, SCOPE));
        let days = parse::integer_in(1, NewToken::DAYS_MAX.into());
        let days =
            fields.optional("expires_in_days", days).and_then(|days| u32::try_from(days).ok());
        let owner = fields.optional("owner", parse::text);
        fields.refuse_others(&["name", "scope", "expires_in_days", "owner"]);
        Some(Self { name: name?, scope: scope?, expires_in_days: days, owner })
    }
}

/// Returns whose token is to be made.
fn owner_of(auth: &AuthHandle, caller: &Caller, named: Option<&str>) -> Result<UserId, ApiError> {
    let named = match named {
        Some(name) => auth.user_named(name).map(|user| user.id),
        None => caller.user(),
    };
    match named {
        Some(owner) if caller.user() == Some(owner) || caller.may(Permission::Admin) => Ok(owner),
        _ if !caller.may(Permission::Admin) => {
            Err(ApiError::Forbidden("Only an admin may make a token for somebody else"))
        }
        Some(_) | None => {
            Err(ApiError::NotFound("User not found; owner names the user whose token it is to be"))
        }
    }
}

/// The own tokens, the newest first; those of all users for an admin.
#[utoipa::path(
    get,
    path = "/api/tokens",
    tag = "accounts",
    params(("all" = Option<bool>, Query, description = "Those of all users, for an admin")),
    responses((status = 200, body = Vec<TokenView>))
)]
async fn tokens(
    State(state): State<ApiState>,
    sender: Sender,
    Query422(whose): Query422<WhoseQuery>,
) -> Result<impl IntoResponse, ApiError> {
    let auth = state.auth();
    let tokens = auth.tokens(whose.of(&sender.caller)?).into_iter();
    let views = tokens.map(|token| TokenView::new(auth, token));
    Ok((NO_STORE, Json(views.collect::<Vec<_>>())))
}

/// Makes a token. The answer has its secret, once.
#[utoipa::path(
    post,
    path = "/api/tokens",
    tag = "accounts",
    request_body = NewTokenSchema,
    responses((status = 201, body = IssuedTokenView))
)]
async fn add_token(
    State(state): State<ApiState>,
    sender: Sender,
    Origin(origin): Origin,
    Body422(body): Body422<NewTokenBody>,
) -> Result<impl IntoResponse, ApiError> {
    let auth = state.auth();
    let owner = owner_of(auth, &sender.caller, body.owner.as_deref())?;
    let NewTokenBody { name, scope, expires_in_days, .. } = body;
    let issued = auth.add_token(NewToken { name, scope, owner, expires_in_days }, origin).await?;
    let view = TokenView::new(auth, issued.token);
    let view = IssuedTokenView { view, token: issued.secret.0 };
    Ok((StatusCode::CREATED, NO_STORE, Json(view)))
}

/// Revokes a token: the own one, or anybody's for an admin. Its live connections are closed.
#[utoipa::path(
    delete,
    path = "/api/tokens/{id}",
    tag = "accounts",
    params(("id" = u64, Path)),
    responses((status = 204))
)]
async fn revoke_token(
    State(state): State<ApiState>,
    sender: Sender,
    Origin(origin): Origin,
    PathId(id): PathId,
) -> Result<StatusCode, ApiError> {
    state.auth().revoke_token(TokenId(id), owner_limit(&sender.caller)?, origin).await?;
    Ok(StatusCode::NO_CONTENT)
}
