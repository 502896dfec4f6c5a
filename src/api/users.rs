//! Users.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::ApiError;
use super::extract::{Body422, Origin, PathId};
use super::session::{LastLoginView, NO_STORE, password};
use super::state::ApiState;
use super::validation::{Fields, FromFields, parse};
use crate::auth::{NewUser, Role, User, UserChange, UserId};
use crate::wire::Time;

/// What is wrong with a word for a role.
const ROLE: &str = "Input should be 'viewer', 'operator' or 'admin'";

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(users, add_user)).routes(routes!(change_user, remove_user))
}

/// A person who may log in.
#[derive(Serialize, ToSchema)]
#[schema(as = User)]
struct UserView {
    id: u64,
    name: String,
    /// `viewer`, `operator` or `admin`.
    #[schema(value_type = String)]
    role: &'static str,
    is_disabled: bool,
    has_password: bool,
    /// Whether there is a second factor.
    has_totp: bool,
    /// Whether an OIDC provider knows the user.
    is_oidc: bool,
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    last_login: Option<LastLoginView>,
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        Self {
            id: user.id.0,
            name: user.name,
            role: user.role.as_str(),
            is_disabled: user.is_disabled,
            has_password: user.password_hash.is_some(),
            has_totp: user.totp.is_some(),
            is_oidc: user.oidc_subject.is_some(),
            created_at: Time(user.created_at),
            last_login: user.last_login.map(Into::into),
        }
    }
}

/// A user to make.
#[derive(ToSchema)]
#[schema(as = NewUser)]
#[expect(dead_code, reason = "read by the OpenAPI generator only; `NewUserBody` holds the user")]
struct NewUserSchema {
    /// 1 to 64 letters, digits and `.-_@`.
    #[schema(max_length = 64)]
    name: String,
    /// `viewer`, `operator` or `admin`.
    role: String,
    /// At least 12 bytes. Without one nobody logs in with a password until one is set.
    #[schema(max_length = 1024)]
    password: Option<String>,
}

struct NewUserBody(NewUser);

impl FromFields for NewUserBody {
    const HAS_SECRETS: bool = true;

    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let name = fields.required("name", parse::text);
        let role = fields.required("role", parse::read(Role::from_name, ROLE));
        let password = fields.optional("password", password);
        fields.refuse_others(&["name", "role", "password"]);
        Some(Self(NewUser { name: name?, role: role?, password }))
    }
}

/// What to change of a user; what is absent stays as it is.
#[derive(ToSchema)]
#[schema(as = UserPatch)]
#[expect(
    dead_code,
    reason = "read by the OpenAPI generator only; `UserPatchBody` holds the change"
)]
struct UserPatchSchema {
    /// `viewer`, `operator` or `admin`.
    #[schema(nullable = false)]
    role: Option<String>,
    #[schema(nullable = false)]
    is_disabled: Option<bool>,
    #[schema(nullable = false, max_length = 1024)]
    password: Option<String>,
    /// Removes the second factor.
    #[schema(nullable = false)]
    clear_totp: Option<bool>,
    /// Revokes all API tokens of the user, which outlive a new password.
    #[schema(nullable = false)]
    revoke_tokens: Option<bool>,
}

struct UserPatchBody(UserChange);

impl FromFields for UserPatchBody {
    const HAS_SECRETS: bool = true;

    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let change = UserChange {
            role: fields.present("role", parse::read(Role::from_name, ROLE)),
            is_disabled: fields.present("is_disabled", parse::boolean),
            password: fields.present("password", password),
            clear_totp: fields.present("clear_totp", parse::boolean).unwrap_or(false),
            revoke_tokens: fields.present("revoke_tokens", parse::boolean).unwrap_or(false),
        };
        let known = ["role", "is_disabled", "password", "clear_totp", "revoke_tokens"];
        fields.refuse_others(&known);
        Some(Self(change))
    }
}

/// All users by name.
#[utoipa::path(
    get,
    path = "/api/users",
    tag = "accounts",
    responses((status = 200, body = Vec<UserView>))
)]
async fn users(State(state): State<ApiState>) -> impl IntoResponse {
    let views = state.auth().users().into_iter().map(UserView::from);
    (NO_STORE, Json(views.collect::<Vec<_>>()))
}

/// Makes a user. The first one has to be an admin with a password; from then on everybody has to log in.
#[utoipa::path(
    post,
    path = "/api/users",
    tag = "accounts",
    request_body = NewUserSchema,
    responses((status = 201, body = UserView))
)]
async fn add_user(
    State(state): State<ApiState>,
    Origin(origin): Origin,
    Body422(NewUserBody(new)): Body422<NewUserBody>,
) -> Result<impl IntoResponse, ApiError> {
    let user = state.auth().add_user(new, origin).await?;
    Ok((StatusCode::CREATED, NO_STORE, Json(UserView::from(user))))
}

/// Changes a user, whose sessions end with it; removing the second factor alone ends none. API tokens outlive a new
/// password, unless `revoke_tokens` is true.
#[utoipa::path(
    patch,
    path = "/api/users/{id}",
    tag = "accounts",
    params(("id" = u64, Path)),
    request_body = UserPatchSchema,
    responses((status = 200, body = UserView))
)]
async fn change_user(
    State(state): State<ApiState>,
    PathId(id): PathId,
    Origin(origin): Origin,
    Body422(UserPatchBody(change)): Body422<UserPatchBody>,
) -> Result<impl IntoResponse, ApiError> {
    let user = state.auth().change_user(UserId(id), change, origin).await?;
    Ok((NO_STORE, Json(UserView::from(user))))
}

/// Removes a user with all sessions and tokens. The last admin who can log in stays.
#[utoipa::path(
    delete,
    path = "/api/users/{id}",
    tag = "accounts",
    params(("id" = u64, Path)),
    responses((status = 204))
)]
async fn remove_user(
    State(state): State<ApiState>,
    PathId(id): PathId,
    Origin(origin): Origin,
) -> Result<StatusCode, ApiError> {
    state.auth().remove_user(UserId(id), origin).await?;
    Ok(StatusCode::NO_CONTENT)
}
