//! Maintenance windows.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::actions::{NAME_CHARS_MAX, NOTE_CHARS_MAX};
use crate::api::error::{ApiError, ErrorBody};
use crate::api::extract::{Body422, Origin, PathId};
use crate::api::state::ApiState;
use crate::api::validation::{Fields, FromFields, parse};
use crate::domain::{DeviceId, Refusal, Timestamp};
use crate::engine::EngineError;
use crate::incidents::{MaintenanceWindow, WindowPlan};
use crate::wire::Time;

/// Planned maintenance.
#[derive(Serialize, ToSchema)]
#[schema(as = MaintenanceWindow)]
pub(super) struct MaintenanceView {
    id: u64,
    /// The device, and everything in it if it is a container; null is the whole site.
    device_id: Option<u64>,
    /// Its name; null if it was deleted, and for the whole site.
    device_name: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    starts_at: Time,
    #[schema(value_type = String, format = DateTime)]
    ends_at: Time,
    reason: String,
    /// Who planned it.
    name: String,
    /// Whether it is under way.
    is_active: bool,
    has_ended: bool,
}

/// Maintenance to plan.
#[derive(ToSchema)]
#[schema(as = MaintenancePlan)]
pub(super) struct MaintenanceBody {
    /// The device, and everything in it if it is a container; null is the whole site.
    #[schema(value_type = Option<u64>)]
    device_id: Option<u64>,
    /// Now if it is absent.
    #[schema(value_type = Option<String>, format = DateTime)]
    starts_at: Option<Timestamp>,
    #[schema(value_type = String, format = DateTime)]
    ends_at: Timestamp,
    #[schema(min_length = 1, max_length = 1000)]
    reason: String,
    /// The name of the person who plans it.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
}

impl FromFields for MaintenanceBody {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let device_id = fields.optional("device_id", parse::id);
        let starts_at = fields.optional("starts_at", parse::time);
        let ends_at = fields.required("ends_at", parse::time);
        let reason = fields.required("reason", parse::line(NOTE_CHARS_MAX));
        let name = fields.required("name", parse::line(NAME_CHARS_MAX));
        Some(Self { device_id, starts_at, ends_at: ends_at?, reason: reason?, name: name? })
    }
}

/// Planned maintenance, the next to end first, then what has ended, the last first.
#[utoipa::path(
    get,
    path = "/api/maintenance",
    tag = "incidents",
    responses((status = 200, body = Vec<MaintenanceView>))
)]
pub(super) async fn list_maintenance(
    State(state): State<ApiState>,
) -> Result<Json<Vec<MaintenanceView>>, ApiError> {
    let (snapshot, now) = (state.handle().read(), state.handle().now());
    let (mut ended, mut planned): (Vec<_>, Vec<_>) =
        snapshot.maintenance_windows()?.into_iter().partition(|window| window.ends_at <= now);
    planned.sort_by_key(|window| window.ends_at);
    ended.sort_by_key(|window| std::cmp::Reverse(window.ends_at));
    let windows = planned.iter().chain(&ended);
    let views = windows.map(|window| view(&state, window, now)).collect::<Result<_, _>>()?;
    Ok(Json(views))
}

/// Plans maintenance: until it ends, incidents of the device are muted. They are kept all the same, and
/// what still exists at the end is told.
#[utoipa::path(
    post,
    path = "/api/maintenance",
    tag = "incidents",
    request_body = MaintenanceBody,
    responses(
        (status = 201, body = MaintenanceView),
        (status = 409, description = "There are too many", body = ErrorBody),
    )
)]
pub(super) async fn add_maintenance(
    State(state): State<ApiState>,
    Origin(origin): Origin,
    Body422(body): Body422<MaintenanceBody>,
) -> Result<(StatusCode, Json<MaintenanceView>), ApiError> {
    let device = body.device_id.map(DeviceId);
    if let Some(id) = device
        && state.handle().read().device(id)?.is_none()
    {
        return Err(EngineError::Refused(Refusal::DeviceNotFound).into());
    }
    let now = state.handle().now();
    let plan = WindowPlan {
        device,
        starts_at: body.starts_at.unwrap_or(now),
        ends_at: body.ends_at,
        reason: body.reason,
        name: body.name,
    };
    let window = state.incidents().add_window(plan).await?;
    let details = json!({
        "window": window.id,
        "device": window.device.map(|id| id.0),
        "starts_at": Time(window.starts_at).to_string(),
        "ends_at": Time(window.ends_at).to_string(),
        "name": window.name,
    });
    state.record(origin, "plan maintenance", details).await?;
    Ok((StatusCode::CREATED, Json(view(&state, &window, now)?)))
}

/// Deletes a maintenance window, which ends it.
#[utoipa::path(
    delete,
    path = "/api/maintenance/{id}",
    tag = "incidents",
    params(("id" = u64, Path)),
    responses((status = 204, description = "Deleted"))
)]
pub(super) async fn delete_maintenance(
    State(state): State<ApiState>,
    Origin(origin): Origin,
    PathId(id): PathId,
) -> Result<StatusCode, ApiError> {
    state.incidents().remove_window(id).await?;
    state.record(origin, "delete maintenance", json!({ "window": id })).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn view(
    state: &ApiState,
    window: &MaintenanceWindow,
    now: Timestamp,
) -> Result<MaintenanceView, ApiError> {
    let device = match window.device {
        Some(id) => state.handle().read().device(id)?,
        None => None,
    };
    Ok(MaintenanceView {
        id: window.id,
        device_id: window.device.map(|id| id.0),
        device_name: device.map(|device| device.name.to_string()),
        starts_at: Time(window.starts_at),
        ends_at: Time(window.ends_at),
        reason: window.reason.clone(),
        name: window.name.clone(),
        is_active: window.starts_at <= now && now < window.ends_at,
        has_ended: window.ends_at <= now,
    })
}
