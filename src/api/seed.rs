//! Loading the demo network.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::ApiError;
use super::extract::Origin;
use super::state::ApiState;
use crate::domain::{Blueprint, ReseedSite};

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(seed))
}

/// A message.
#[derive(Serialize, ToSchema)]
pub(super) struct Message {
    pub(super) message: &'static str,
}

/// Deletes everything and loads the demo network; ids are not reused.
#[utoipa::path(
    post,
    path = "/api/seed",
    tag = "site",
    responses((status = 201, body = Message))
)]
async fn seed(
    State(state): State<ApiState>,
    Origin(origin): Origin,
) -> Result<(StatusCode, Json<Message>), ApiError> {
    state.handle().execute(ReseedSite(Blueprint::Demo), origin).await?;
    Ok((StatusCode::CREATED, Json(Message { message: "Database seeded successfully" })))
}
