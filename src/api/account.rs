//! What users change of their own accounts: the password and the second factor.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::{ApiError, ErrorBody};
use super::extract::{Body422, Origin, Sender};
use super::session::{NO_STORE, code, password};
use super::state::ApiState;
use super::validation::{Fields, FromFields};
use crate::auth::{Caller, Password, SessionId, UserId};
use crate::util::Hidden;

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .routes(routes!(change_password))
        .routes(routes!(begin_totp, remove_totp))
        .routes(routes!(confirm_totp))
}

/// The secret of a second factor that is not in force yet.
#[derive(Serialize, ToSchema)]
#[schema(as = TotpSecret)]
struct TotpSecretView {
    /// In base32, to type.
    secret: String,
    /// For a QR code.
    otpauth_uri: String,
}

/// Codes that replace the authenticator, each once. They are shown once.
#[derive(Serialize, ToSchema)]
#[schema(as = RecoveryCodes)]
struct RecoveryCodesView {
    recovery_codes: Vec<String>,
}

/// A new password.
#[derive(ToSchema)]
#[schema(as = PasswordChange)]
#[expect(dead_code, reason = "read by the OpenAPI generator only")]
struct PasswordChangeSchema {
    #[schema(max_length = 1024)]
    current: String,
    /// At least 12 bytes.
    #[schema(max_length = 1024)]
    new: String,
}

struct PasswordChangeBody {
    current: Password,
    new: Password,
}

impl FromFields for PasswordChangeBody {
    const HAS_SECRETS: bool = true;

    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let current = fields.required("current", password);
        let new = fields.required("new", password);
        Some(Self { current: current?, new: new? })
    }
}

/// A code of the authenticator.
#[derive(ToSchema)]
#[schema(as = TotpCode)]
#[expect(dead_code, reason = "read by the OpenAPI generator only")]
struct TotpCodeSchema {
    #[schema(max_length = 64)]
    code: String,
}

struct TotpCodeBody(Hidden<String>);

impl FromFields for TotpCodeBody {
    const HAS_SECRETS: bool = true;

    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        fields.required("code", code).map(Self)
    }
}

/// The password of the user who asks.
#[derive(ToSchema)]
#[schema(as = PasswordConfirmation)]
#[expect(dead_code, reason = "read by the OpenAPI generator only")]
struct PasswordConfirmationSchema {
    #[schema(max_length = 1024)]
    password: String,
}

struct PasswordConfirmationBody(Password);

impl FromFields for PasswordConfirmationBody {
    const HAS_SECRETS: bool = true;

    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        fields.required("password", password).map(Self)
    }
}

/// Returns the user and the session of a caller whom the table of permissions has let through.
fn own(caller: &Caller) -> Result<(UserId, SessionId), ApiError> {
    let own = caller.user().zip(caller.session());
    own.ok_or(ApiError::Forbidden("Only a user who is logged in has an account"))
}

/// Changes the own password. All other sessions of the user end; API tokens stay until they are revoked.
#[utoipa::path(
    post,
    path = "/api/account/password",
    tag = "accounts",
    request_body = PasswordChangeSchema,
    responses(
        (status = 204),
        (status = 400, body = ErrorBody, description = "The current password is wrong, or the new one is not allowed"),
        (status = 429, body = ErrorBody, description = "Too many attempts failed; see Retry-After")
    )
)]
async fn change_password(
    State(state): State<ApiState>,
    sender: Sender,
    Origin(origin): Origin,
    Body422(PasswordChangeBody { current, new }): Body422<PasswordChangeBody>,
) -> Result<StatusCode, ApiError> {
    let (user, session) = own(&sender.caller)?;
    state.auth().change_password(user, session, current, new, origin).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Draws the secret of a second factor. It is in force once a code of it is confirmed.
#[utoipa::path(
    post,
    path = "/api/account/totp",
    tag = "accounts",
    request_body = PasswordConfirmationSchema,
    responses(
        (status = 200, body = TotpSecretView),
        (status = 400, body = ErrorBody, description = "The password is wrong, or there is a second factor already"),
        (status = 429, body = ErrorBody, description = "Too many attempts failed; see Retry-After")
    )
)]
async fn begin_totp(
    State(state): State<ApiState>,
    sender: Sender,
    Body422(PasswordConfirmationBody(password)): Body422<PasswordConfirmationBody>,
) -> Result<impl IntoResponse, ApiError> {
    let enrolment = state.auth().begin_totp(own(&sender.caller)?.0, password).await?;
    let (secret, otpauth_uri) = (enrolment.secret.0, enrolment.otpauth_uri.0);
    Ok((NO_STORE, Json(TotpSecretView { secret, otpauth_uri })))
}

/// Puts the second factor into force by a code of it. The answer has the recovery codes, once.
#[utoipa::path(
    post,
    path = "/api/account/totp/confirm",
    tag = "accounts",
    request_body = TotpCodeSchema,
    responses(
        (status = 200, body = RecoveryCodesView),
        (status = 400, body = ErrorBody, description = "The code is wrong, or no second factor was begun"),
        (status = 429, body = ErrorBody, description = "Too many attempts failed; see Retry-After")
    )
)]
async fn confirm_totp(
    State(state): State<ApiState>,
    sender: Sender,
    Origin(origin): Origin,
    Body422(TotpCodeBody(code)): Body422<TotpCodeBody>,
) -> Result<impl IntoResponse, ApiError> {
    let (user, session) = own(&sender.caller)?;
    let recovery_codes = state.auth().confirm_totp(user, session, code, origin).await?.0.0;
    Ok((NO_STORE, Json(RecoveryCodesView { recovery_codes })))
}

/// Removes the own second factor.
#[utoipa::path(
    delete,
    path = "/api/account/totp",
    tag = "accounts",
    request_body = PasswordConfirmationSchema,
    responses(
        (status = 204),
        (status = 400, body = ErrorBody, description = "The password is wrong"),
        (status = 429, body = ErrorBody, description = "Too many attempts failed; see Retry-After")
    )
)]
async fn remove_totp(
    State(state): State<ApiState>,
    sender: Sender,
    Origin(origin): Origin,
    Body422(PasswordConfirmationBody(password)): Body422<PasswordConfirmationBody>,
) -> Result<StatusCode, ApiError> {
    let user = own(&sender.caller)?.0;
    state.auth().remove_totp(user, password, origin).await?;
    Ok(StatusCode::NO_CONTENT)
}
