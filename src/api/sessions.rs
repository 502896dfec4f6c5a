//! The sessions of users who are logged in.

use std::net::IpAddr;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::ApiError;
use super::extract::{Origin, PathId, Query422, Sender};
use super::session::NO_STORE;
use super::state::ApiState;
use super::validation::{Fields, FromFields, parse};
use crate::auth::{Caller, LoginSession, Permission, SessionId, UserId};
use crate::wire::Time;

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(sessions)).routes(routes!(end_session))
}

/// A session of a user who is logged in.
#[derive(Serialize, ToSchema)]
#[schema(as = LoginSession)]
struct LoginSessionView {
    id: u64,
    /// The name of the user.
    user: String,
    #[schema(value_type = String, format = DateTime)]
    created_at: Time,
    /// To the minute.
    #[schema(value_type = String, format = DateTime)]
    last_used_at: Time,
    /// Null over the Unix socket.
    #[schema(value_type = Option<String>)]
    address: Option<IpAddr>,
    /// What the browser says of itself.
    user_agent: String,
    /// Whether it is the one that asks.
    is_current: bool,
}

/// Whose sessions or tokens are listed.
pub(super) struct WhoseQuery {
    is_all: bool,
}

impl FromFields for WhoseQuery {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        Some(Self { is_all: fields.present("all", parse::boolean).unwrap_or(false) })
    }
}

impl WhoseQuery {
    /// Returns whose are to be listed; `None` for all.
    ///
    /// # Errors
    /// [`ApiError::Forbidden`]: only admins see those of others.
    pub(super) fn of(&self, caller: &Caller) -> Result<Option<UserId>, ApiError> {
        match (self.is_all, caller.user()) {
            (true, _) if caller.may(Permission::Admin) => Ok(None),
            (true, _) => Err(ApiError::Forbidden("Only an admin may see those of all users")),
            (false, Some(user)) => Ok(Some(user)),
            (false, None) => Err(ApiError::Forbidden(
                "Only a user who is logged in has any; ?all=true lists those of all users",
            )),
        }
    }
}

/// Returns whose a session or token has to be for a caller to end it; `None` for anybody's.
///
/// # Errors
/// [`ApiError::Forbidden`]: it is neither an admin nor a user who has any.
pub(super) fn owner_limit(caller: &Caller) -> Result<Option<UserId>, ApiError> {
    match caller.user() {
        _ if caller.may(Permission::Admin) => Ok(None),
        Some(user) => Ok(Some(user)),
        None => Err(ApiError::Forbidden("Only a user who is logged in, or an admin, ends one")),
    }
}

/// The own sessions, the newest first; those of all users for an admin.
#[utoipa::path(
    get,
    path = "/api/sessions",
    tag = "accounts",
    params(("all" = Option<bool>, Query, description = "Those of all users, for an admin")),
    responses((status = 200, body = Vec<LoginSessionView>))
)]
async fn sessions(
    State(state): State<ApiState>,
    sender: Sender,
    Query422(whose): Query422<WhoseQuery>,
) -> Result<impl IntoResponse, ApiError> {
    let auth = state.auth();
    let sessions = auth.sessions(whose.of(&sender.caller)?).into_iter();
    let views = sessions.map(|session: LoginSession| LoginSessionView {
        id: session.id.0,
        user: auth.user(session.user).map(|user| user.name).unwrap_or_default(),
        created_at: Time(session.created_at),
        last_used_at: Time(session.last_used_at),
        address: session.address,
        user_agent: session.user_agent,
        is_current: sender.caller.session() == Some(session.id),
    });
    Ok((NO_STORE, Json(views.collect::<Vec<_>>())))
}

/// Ends a session: the own one, or anybody's for an admin. Its live connections are closed.
#[utoipa::path(
    delete,
    path = "/api/sessions/{id}",
    tag = "accounts",
    params(("id" = u64, Path)),
    responses((status = 204))
)]
async fn end_session(
    State(state): State<ApiState>,
    sender: Sender,
    Origin(origin): Origin,
    PathId(id): PathId,
) -> Result<StatusCode, ApiError> {
    state.auth().end_session(SessionId(id), owner_limit(&sender.caller)?, origin).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::{Identity, Role};

    #[test]
    fn only_an_admin_ends_those_of_others() {
        let user = |role| {
            let identity =
                Identity::User { id: UserId(7), name: "ada".into(), session: SessionId(1) };
            Caller { identity, role: Some(role) }
        };
        assert_eq!(owner_limit(&user(Role::Operator)).unwrap(), Some(UserId(7)));
        assert_eq!(owner_limit(&user(Role::Admin)).unwrap(), None);
        assert_eq!(owner_limit(&Caller::host()).unwrap(), None);
        for nobody in [Caller::anonymous(None), Caller::service_check()] {
            let refused = owner_limit(&nobody);
            assert!(matches!(refused, Err(ApiError::Forbidden(_))), "{refused:?}");
        }
    }
}
