//! Putting devices and links into service, planning and retiring them, many at once.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::ApiError;
use super::extract::{Body422, Origin};
use super::precondition::{ChangedEntities, execute_unless_changed};
use super::selection::{BODY_BYTES_MAX, GROUPS_MAX, SelectionCounts, selection};
use super::state::ApiState;
use super::validation::{Fields, FromFields, parse};
use crate::domain::{Lifecycle, LifecycleGroup, SetLifecycles};
use crate::wire;

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(set_lifecycles))
}

/// Devices and links that get the same lifecycle.
pub(super) struct LifecycleGroupBody(LifecycleGroup);

/// The keys of a group.
#[derive(ToSchema)]
#[schema(as = LifecycleGroup)]
#[expect(dead_code, reason = "read by the OpenAPI generator only; `LifecycleGroupBody` has it")]
struct LifecycleGroupSchema {
    #[schema(max_items = 10_000, required = false)]
    device_ids: Vec<u64>,
    #[schema(max_items = 10_000, required = false)]
    link_ids: Vec<u64>,
    /// The lifecycle that all of them have at present. If one has another, nothing is changed (412).
    /// Without this key any lifecycle is replaced.
    #[schema(schema_with = wire::lifecycle_schema, required = false)]
    replaces: Lifecycle,
    #[schema(schema_with = wire::lifecycle_schema)]
    lifecycle: Lifecycle,
    /// Links at these devices that have this lifecycle get the new one, too, where the device at the other
    /// end has it then.
    #[schema(schema_with = wire::lifecycle_schema, required = false)]
    with_links: Lifecycle,
}

/// One group, or several of them in `groups`.
#[derive(ToSchema)]
#[schema(as = SetLifecycles)]
pub(super) struct LifecyclesBody {
    /// Groups to change together; without this key, the body is one group.
    #[schema(value_type = Vec<LifecycleGroupSchema>, max_items = 1_000)]
    groups: Vec<LifecycleGroupBody>,
}

impl FromFields for LifecycleGroupBody {
    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let selection = selection(fields);
        let replaces = fields.present("replaces", parse::lifecycle);
        let lifecycle = fields.required("lifecycle", parse::lifecycle);
        let with_links = fields.present("with_links", parse::lifecycle);
        let (selection, lifecycle) = (selection?, lifecycle?);
        Some(Self(LifecycleGroup { selection, replaces, lifecycle, with_links }))
    }
}

impl FromFields for LifecyclesBody {
    const BODY_BYTES_MAX: usize = BODY_BYTES_MAX;

    fn from_fields(fields: &mut Fields<'_>) -> Option<Self> {
        let groups = match fields.has("groups") {
            true => fields.objects("groups", GROUPS_MAX)?,
            false => vec![LifecycleGroupBody::from_fields(fields)?],
        };
        Some(Self { groups })
    }
}

impl From<Vec<LifecycleGroupBody>> for SetLifecycles {
    fn from(groups: Vec<LifecycleGroupBody>) -> Self {
        Self(groups.into_iter().map(|group| group.0).collect())
    }
}

/// How many devices and links have the lifecycle now, those included that came with `with_links`.
#[derive(Serialize, ToSchema)]
struct LifecyclesSet {
    device_count: usize,
    link_count: usize,
    message: String,
}

/// Puts devices and links into service, or plans or retires them: all of them, or none. One entry in the
/// audit trail.
#[utoipa::path(
    post,
    path = "/api/lifecycle/bulk",
    tag = "topology",
    request_body = LifecyclesBody,
    responses(
        (status = 200, body = LifecyclesSet),
        (status = 412, body = ChangedEntities<'_>, description = "Changed meanwhile")
    )
)]
async fn set_lifecycles(
    State(state): State<ApiState>,
    Origin(origin): Origin,
    Body422(body): Body422<LifecyclesBody>,
) -> Result<Response, ApiError> {
    let command = SetLifecycles::from(body.groups);
    let mut counts = SelectionCounts::of(command.0.iter().map(|group| &group.selection));
    counts.links += execute_unless_changed(&state, command, origin).await?;
    let message = format!("Lifecycle set of {}", counts.text());
    let answer = LifecyclesSet { device_count: counts.devices, link_count: counts.links, message };
    Ok(Json(answer).into_response())
}
