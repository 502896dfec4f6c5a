//! The request that stops the process, which v2's scripts use.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::{ApiError, ErrorBody};
use super::extract::{Origin, Sender};
use super::seed::Message;
use super::state::ApiState;
use crate::auth::{Caller, Identity, Permission};

/// The header with the token; `Authorization: Bearer` is accepted, too.
const TOKEN_HEADER: &str = "x-shutdown-token";

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(shutdown))
}

/// Stops the process cleanly. The token `UNOC_SHUTDOWN_TOKEN` must be in `X-Shutdown-Token` or a
/// bearer token; a user with the role `admin` who has logged in needs none.
#[utoipa::path(
    post,
    path = "/api/admin/shutdown",
    tag = "site",
    params(("X-Shutdown-Token" = Option<String>, Header, description = "The configured token")),
    responses(
        (status = 200, body = Message),
        (status = 429, body = ErrorBody, description = "Too many attempts failed; see Retry-After")
    )
)]
async fn shutdown(
    State(state): State<ApiState>,
    sender: Sender,
    Origin(origin): Origin,
    headers: HeaderMap,
) -> Result<Json<Message>, ApiError> {
    let guard = &state.options().shutdown;
    if is_known_admin(&sender.caller) {
        state.record_if_space(origin, "stop service", Value::Null).await?;
        (guard.trigger)();
        return Ok(Json(Message { message: "Shutting down" }));
    }
    let Some(accepts) = &guard.accepts else {
        return Err(ApiError::Forbidden(
            "Shutdown by request is off; set UNOC_SHUTDOWN_TOKEN to allow it",
        ));
    };
    let given = headers.get(TOKEN_HEADER).or_else(|| headers.get(header::AUTHORIZATION));
    let given = given.and_then(|value| value.to_str().ok()).unwrap_or("");
    let is_right = || accepts(given.strip_prefix("Bearer ").unwrap_or(given));
    if !state.auth().check_shutdown_token(sender.client.address, origin.clone(), is_right)? {
        return Err(ApiError::Forbidden("Invalid shutdown token"));
    }
    state.record_if_space(origin, "stop service", Value::Null).await?;
    (guard.trigger)();
    Ok(Json(Message { message: "Shutting down" }))
}

/// Returns whether an admin asks who is known by more than being on this host.
fn is_known_admin(caller: &Caller) -> bool {
    let is_known = matches!(caller.identity, Identity::User { .. } | Identity::HostUser { .. });
    is_known && caller.may(Permission::Admin)
}
