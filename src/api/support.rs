//! The support bundle.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::ApiError;
use super::extract::Origin;
use super::state::ApiState;
use crate::util::BlockingLimit;

/// One at a time: each holds up to some 100 MiB of memory while it is made.
static MAKING: LazyLock<BlockingLimit> = LazyLock::new(|| BlockingLimit::new(1));
/// Six commands of the host take up to 5 s each, all answers of the server 40 s, its checks 25 s, files 15 s.
const MAKING_WAIT: Duration = Duration::from_secs(115);

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(support_bundle))
}

/// One file with what helps to find a fault: logs, checks with their history, incidents, the configuration,
/// the state of the mirror, jobs and backups, facts about the host. Secrets are replaced by `***`.
#[utoipa::path(
    get,
    path = "/api/support-bundle",
    tag = "health",
    responses((status = 200, body = String, content_type = "application/gzip"))
)]
async fn support_bundle(
    State(state): State<ApiState>,
    Origin(origin): Origin,
) -> Result<Response, ApiError> {
    let make = Arc::clone(&state.options().support);
    let made = MAKING.run_within(MAKING_WAIT, move || make()).await?;
    let (name, bytes) = made.map_err(|error| ApiError::Broken(error.into()))?;
    let details = json!({ "name": name });
    state.record_if_space(origin, "download support bundle", details).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/gzip".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}.tar.gz\"")),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, bytes).into_response())
}
