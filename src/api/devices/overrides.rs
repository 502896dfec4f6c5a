//! Overriding the status of a device, by v2's current and its older route.

use axum::extract::State;
use axum::response::Response;
use utoipa::ToSchema;

use super::message::{DeviceMessage, with_message};
use crate::api::error::ApiError;
use crate::api::extract::{Body422, Origin, PathId};
use crate::api::precondition::{ChangedDevice, IfMatch};
use crate::api::state::ApiState;
use crate::api::validation::{Fields, FromFields, parse};
use crate::domain::{
    ClearDeviceOverride, DeviceId, Lookalikes, Override, OverrideReason, SetDeviceOverride, Status,
    Timestamp,
};
use crate::store::AuditOrigin;

/// How to override the status of a device.
#[derive(ToSchema)]
#[schema(as = OverrideBody)]
pub(super) struct OverrideBody {
    /// `UP` or `DOWN`.
    status_override: String,
    #[schema(value_type = Option<String>, max_length = 255)]
    override_reason: Option<OverrideReason>,
    /// When the override ends by itself: a time in the future.
    #[schema(value_type = Option<String>, format = DateTime)]
    override_ends_at: Option<Timestamp>,
    /// Planned work alarms nobody.
    #[schema(required = false)]
    override_is_planned_work: bool,
}

/// The same with v2's older names.
#[derive(ToSchema)]
#[schema(as = LegacyOverrideBody)]
pub(super) struct LegacyOverrideBody {
    /// `UP`, `DOWN` or `DEGRADED`.
    status: String,
    #[schema(value_type = Option<String>, max_length = 255)]
    reason: Option<OverrideReason>,
}

impl FromFields for OverrideBody {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let status_override = fields.required("status_override", parse::text);
        let override_reason = fields.optional("override_reason", parse::reason);
        let override_ends_at = fields.optional("override_ends_at", parse::time);
        let planned = fields.present("override_is_planned_work", parse::boolean);
        Some(Self {
            status_override: status_override?,
            override_reason,
            override_ends_at,
            override_is_planned_work: planned.unwrap_or(false),
        })
    }
}

impl FromFields for LegacyOverrideBody {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let status = fields.required("status", parse::text);
        let reason = fields.optional("reason", parse::reason);
        Some(Self { status: status?, reason })
    }
}

/// Overrides the status of a device.
#[utoipa::path(
    patch,
    path = "/api/devices/{id}/override",
    tag = "devices",
    params(
        ("id" = u64, Path, description = "Device id"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that the change is meant for")
    ),
    request_body = OverrideBody,
    responses(
        (status = 200, body = DeviceMessage<'_>),
        (status = 412, body = ChangedDevice<'_>, description = "Changed meanwhile")
    )
)]
pub(super) async fn set_override(
    State(state): State<ApiState>,
    PathId(id): PathId,
    if_match: IfMatch,
    Origin(origin): Origin,
    Body422(body): Body422<OverrideBody>,
) -> Result<Response, ApiError> {
    check_exists(&state, DeviceId(id))?;
    let status = match Status::parse(&body.status_override) {
        Some(status @ (Status::Up | Status::Down)) => status,
        Some(Status::Degraded) | None => {
            return Err(ApiError::BadRequest("status_override must be 'UP' or 'DOWN'"));
        }
    };
    let status_override = Override {
        status,
        reason: body.override_reason,
        ends_at: body.override_ends_at,
        is_planned_work: body.override_is_planned_work,
    };
    set(&state, if_match, DeviceId(id), status_override, origin).await
}

/// Clears the override of a device.
#[utoipa::path(
    delete,
    path = "/api/devices/{id}/override",
    tag = "devices",
    params(
        ("id" = u64, Path, description = "Device id"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that the change is meant for")
    ),
    responses(
        (status = 200, body = DeviceMessage<'_>),
        (status = 412, body = ChangedDevice<'_>, description = "Changed meanwhile")
    )
)]
pub(super) async fn clear_override(
    State(state): State<ApiState>,
    PathId(id): PathId,
    if_match: IfMatch,
    Origin(origin): Origin,
) -> Result<Response, ApiError> {
    clear(&state, if_match, DeviceId(id), origin).await
}

/// Overrides the status of a device (v2's older route; also takes DEGRADED).
#[utoipa::path(
    post,
    path = "/api/devices/{id}/override-status",
    tag = "devices",
    params(
        ("id" = u64, Path, description = "Device id"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that the change is meant for")
    ),
    request_body = LegacyOverrideBody,
    responses(
        (status = 200, body = DeviceMessage<'_>),
        (status = 412, body = ChangedDevice<'_>, description = "Changed meanwhile")
    )
)]
pub(super) async fn set_override_legacy(
    State(state): State<ApiState>,
    PathId(id): PathId,
    if_match: IfMatch,
    Origin(origin): Origin,
    Body422(body): Body422<LegacyOverrideBody>,
) -> Result<Response, ApiError> {
    check_exists(&state, DeviceId(id))?;
    let Some(status) = Status::parse(&body.status) else {
        return Err(ApiError::BadRequest(
            "Invalid status. Must be one of: ['UP', 'DOWN', 'DEGRADED']",
        ));
    };
    let status_override = Override::new(status, body.reason);
    set(&state, if_match, DeviceId(id), status_override, origin).await
}

/// Clears the override of a device (v2's older route).
#[utoipa::path(
    delete,
    path = "/api/devices/{id}/override-status",
    tag = "devices",
    params(
        ("id" = u64, Path, description = "Device id"),
        ("If-Match" = Option<String>, Header, description = "The `ETag` that the change is meant for")
    ),
    responses(
        (status = 200, body = DeviceMessage<'_>),
        (status = 412, body = ChangedDevice<'_>, description = "Changed meanwhile")
    )
)]
pub(super) async fn clear_override_legacy(
    State(state): State<ApiState>,
    PathId(id): PathId,
    if_match: IfMatch,
    Origin(origin): Origin,
) -> Result<Response, ApiError> {
    clear(&state, if_match, DeviceId(id), origin).await
}

/// Returns 404 before the value is checked, as v2 does.
fn check_exists(state: &ApiState, id: DeviceId) -> Result<(), ApiError> {
    let device = state.handle().read().device(id)?;
    device.map(|_| ()).ok_or(ApiError::NotFound("Device not found"))
}

async fn set(
    state: &ApiState,
    if_match: IfMatch,
    id: DeviceId,
    status_override: Override,
    origin: AuditOrigin,
) -> Result<Response, ApiError> {
    let message = format!("Status override set to {}", status_override.status.as_str());
    let command = SetDeviceOverride { id, status_override };
    let device = if_match.on_device(state, id, command, origin).await?;
    Ok(with_message(message, &device, &Lookalikes::default()))
}

async fn clear(
    state: &ApiState,
    if_match: IfMatch,
    id: DeviceId,
    origin: AuditOrigin,
) -> Result<Response, ApiError> {
    let message = "Status override cleared".to_owned();
    let device = if_match.on_device(state, id, ClearDeviceOverride(id), origin).await?;
    Ok(with_message(message, &device, &Lookalikes::default()))
}
