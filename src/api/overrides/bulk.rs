//! Overriding many devices and links at once.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::error::ApiError;
use crate::api::extract::{Body422, Origin};
use crate::api::precondition::{ChangedEntities, execute_unless_changed};
use crate::api::selection::{BODY_BYTES_MAX, GROUPS_MAX, SelectionCounts, selection};
use crate::api::state::ApiState;
use crate::api::validation::{Fields, FromFields, parse};
use crate::domain::{Override, OverrideGroup, OverrideReason, SetOverrides, Status, Timestamp};
use crate::wire;

/// A status that is set by hand, with its reason and its end.
#[derive(ToSchema)]
#[schema(as = OverrideValue)]
struct OverrideValue {
    /// Null for none.
    #[schema(schema_with = wire::nullable_status_schema)]
    status: Option<Status>,
    #[schema(value_type = Option<String>, max_length = 255)]
    reason: Option<OverrideReason>,
    /// When it ends by itself.
    #[schema(value_type = Option<String>, format = DateTime)]
    ends_at: Option<Timestamp>,
    /// Planned work alarms nobody.
    #[schema(required = false)]
    planned: bool,
}

/// Devices and links that get the same override.
pub(crate) struct OverrideGroupBody(OverrideGroup);

/// The keys of a group.
#[derive(ToSchema)]
#[schema(as = OverrideGroup)]
#[expect(dead_code, reason = "read by the OpenAPI generator only; `OverrideGroupBody` has it")]
struct OverrideGroupSchema {
    #[schema(max_items = 10_000, required = false)]
    device_ids: Vec<u64>,
    #[schema(max_items = 10_000, required = false)]
    link_ids: Vec<u64>,
    /// The override that all of them have at present, null for none. If one has another, nothing is
    /// changed (412). Without this key any override is replaced.
    replaces: Option<OverrideValue>,
    /// Null clears the overrides.
    #[schema(schema_with = wire::nullable_status_schema)]
    status: Option<Status>,
    #[schema(max_length = 255)]
    reason: Option<String>,
    /// When the overrides end by themselves: a time in the future.
    #[schema(value_type = Option<String>, format = DateTime)]
    ends_at: Option<Timestamp>,
    /// Planned work alarms nobody.
    #[schema(required = false)]
    planned: bool,
}

/// One group, or several of them in `groups`.
#[derive(ToSchema)]
#[schema(as = SetOverrides)]
pub(super) struct OverridesBody {
    /// Groups to change together; without this key, the body is one group.
    #[schema(value_type = Vec<OverrideGroupSchema>, max_items = 1_000)]
    groups: Vec<OverrideGroupBody>,
}

impl OverrideValue {
    fn into_override(self) -> Option<Override> {
        let Self { status, reason, ends_at, planned } = self;
        Some(Override { status: status?, reason, ends_at, is_planned_work: planned })
    }
}

impl FromFields for OverrideValue {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        // Absent is an error, null is not.
        let status = match fields.has("status") {
            true => fields.nullable("status", parse::status),
            false => fields.required("status", parse::status).map(Some),
        };
        let reason = fields.optional("reason", parse::reason);
        let ends_at = fields.optional("ends_at", parse::time);
        let planned = fields.present("planned", parse::boolean).unwrap_or(false);
        Some(Self { status: status?, reason, ends_at, planned })
    }
}

impl FromFields for OverrideGroupBody {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let selection = selection(fields);
        let replaces: Option<Option<OverrideValue>> = fields.nullable_object("replaces");
        let set = OverrideValue::from_fields(fields)?;
        Some(Self(OverrideGroup {
            selection: selection?,
            replaces: replaces.map(|seen| seen.and_then(OverrideValue::into_override)),
            status_override: set.into_override(),
        }))
    }
}

impl FromFields for OverridesBody {
    const BODY_BYTES_MAX: usize = BODY_BYTES_MAX;

    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let groups = match fields.has("groups") {
            true => fields.objects("groups", GROUPS_MAX)?,
            false => vec![OverrideGroupBody::from_fields(fields)?],
        };
        Some(Self { groups })
    }
}

impl From<Vec<OverrideGroupBody>> for SetOverrides {
    fn from(groups: Vec<OverrideGroupBody>) -> Self {
        Self(groups.into_iter().map(|group| group.0).collect())
    }
}

/// How many devices and links were overridden, or returned to their computed status.
#[derive(Serialize, ToSchema)]
pub(super) struct OverridesSet {
    device_count: usize,
    link_count: usize,
    message: String,
}

/// Sets or clears the overrides of devices and links: all of them, or none. One entry in the audit trail.
#[utoipa::path(
    post,
    path = "/api/overrides/bulk",
    tag = "topology",
    request_body = OverridesBody,
    responses(
        (status = 200, body = OverridesSet),
        (status = 412, body = ChangedEntities<'_>, description = "Changed meanwhile")
    )
)]
pub(super) async fn set_overrides(
    State(state): State<ApiState>,
    Origin(origin): Origin,
    Body422(body): Body422<OverridesBody>,
) -> Result<Response, ApiError> {
    let command = SetOverrides::from(body.groups);
    let counts = SelectionCounts::of(command.0.iter().map(|group| &group.selection));
    let is_clear = command.0.iter().all(|group| group.status_override.is_none());
    execute_unless_changed(&state, command, origin).await?;
    let done = if is_clear { "cleared" } else { "set" };
    let message = format!("Status override {done} on {}", counts.text());
    let answer = OverridesSet { device_count: counts.devices, link_count: counts.links, message };
    Ok(Json(answer).into_response())
}
