//! The limits of the appliance, each with how much of it is in use.
//!
//! A number comes from where the limit is enforced; here is only what to say about it.

mod measured;
mod table;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::measured::Measured;
use self::table::UsageView;
use super::error::ApiError;
use super::state::ApiState;

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(limits))
}

/// Every limit that an operator can run into.
#[derive(Serialize, ToSchema)]
#[schema(as = Limits)]
struct LimitsView {
    limits: Vec<UsageView>,
}

/// Every limit that an operator can run into, with how much of it is in use, what happens when it is reached, and
/// how it can be changed.
#[utoipa::path(
    get,
    path = "/api/limits",
    tag = "settings",
    responses((status = 200, body = LimitsView))
)]
async fn limits(State(state): State<ApiState>) -> Result<Json<LimitsView>, ApiError> {
    let measured = Measured::read(&state).await?;
    Ok(Json(LimitsView { limits: table::rows(&measured) }))
}
