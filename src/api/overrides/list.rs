//! The list of all overrides.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use bytes::Bytes;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::answer_cache::to_json;
use crate::api::conditional;
use crate::api::error::ApiError;
use crate::api::state::ApiState;
use crate::domain::{RootCause, Status, Timestamp, World};
use crate::wire::{self, Subject, Time};

/// Most overrides in one answer; more than operators keep an eye on.
const OVERRIDES_MAX: usize = 1_000;

/// All overrides, those of the oldest status first.
#[derive(Serialize, ToSchema)]
pub(super) struct Overrides {
    /// Number of overridden devices and links; at most 1,000 are listed.
    count: usize,
    link_count: usize,
    overrides: Vec<OverrideView>,
}

/// A status that an operator has set.
#[derive(Serialize, ToSchema)]
#[schema(as = Override)]
struct OverrideView {
    /// `device` or `link`.
    kind: &'static str,
    id: u64,
    /// The device's name, or those of the link's ends.
    name: String,
    /// The container of the device, or of the link's upper end.
    place: Option<String>,
    #[schema(schema_with = wire::status_schema)]
    status_override: &'static str,
    override_reason: Option<String>,
    /// When it ends by itself; null if it stays until it is cleared.
    #[schema(value_type = Option<String>, format = DateTime)]
    override_ends_at: Option<Time>,
    /// Whether it is planned work, which alarms nobody.
    override_is_planned_work: bool,
    /// The present status. That of a link is DOWN while a device at its end has the override DOWN.
    #[schema(schema_with = wire::status_schema)]
    effective_status: &'static str,
    /// When the effective status last changed.
    #[schema(value_type = String, format = DateTime)]
    since: Time,
}

/// Every override, also one that changes nothing.
#[utoipa::path(
    get,
    path = "/api/overrides",
    tag = "topology",
    responses((status = 200, body = Overrides), (status = 304, description = "Unchanged"))
)]
pub(super) async fn list_overrides(
    State(state): State<ApiState>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let seq = state.handle().read().seq();
    if let Some(response) = conditional::not_modified(&state, &headers, seq) {
        return Ok(response);
    }
    let (seq, body) = state.overrides().get(state.handle(), all, to_json).await?;
    Ok(conditional::json_bytes(&state, seq, Bytes::clone(&body)))
}

fn all(world: &World) -> Overrides {
    let devices = world.devices().filter(|device| device.status_override.is_some());
    let links = world.links().filter(|link| link.status_override.is_some());
    let device_rows = devices.map(|device| {
        let cause = RootCause::Device(device.id);
        (device.status_since, cause, device.effective_status())
    });
    let mut found: Vec<(Timestamp, RootCause, Status)> =
        links.map(|link| (link.status_since, RootCause::Link(link.id), link.status)).collect();
    let link_count = found.len();
    found.extend(device_rows);
    found.sort_by_key(|(since, cause, _)| (*since, *cause));
    let views = found.iter().take(OVERRIDES_MAX).filter_map(|row| view(world, *row)).collect();
    Overrides { count: found.len(), link_count, overrides: views }
}

fn view(
    world: &World,
    (since, cause, status): (Timestamp, RootCause, Status),
) -> Option<OverrideView> {
    let subject = Subject::new(world, cause);
    let set = subject.set?;
    Some(OverrideView {
        kind: subject.kind,
        id: subject.id,
        status_override: set.status.as_str(),
        override_ends_at: set.ends_at.map(Time),
        override_is_planned_work: set.is_planned_work,
        override_reason: subject.override_reason(),
        name: subject.name,
        place: subject.place,
        effective_status: status.as_str(),
        since: Time(since),
    })
}
