//! Totals of the network.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use bytes::Bytes;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer_cache::to_json;
use super::conditional;
use super::error::ApiError;
use super::state::ApiState;
use crate::domain::{SignalClass, World};

pub(super) fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(summary))
}

/// Counts by type, status and signal class.
#[derive(Serialize, ToSchema)]
struct Summary {
    device_count: usize,
    interface_count: usize,
    link_count: usize,
    /// Devices by type and effective status.
    by_type: BTreeMap<&'static str, BTreeMap<&'static str, usize>>,
    /// Devices by effective status.
    by_status: BTreeMap<&'static str, usize>,
    /// Leaves by signal class; a leaf without an optical path counts as NO_SIGNAL.
    by_signal_class: BTreeMap<&'static str, usize>,
    /// Links by status.
    links_by_status: BTreeMap<&'static str, usize>,
    /// Overridden devices and links.
    overridden_count: usize,
    overridden_link_count: usize,
}

/// Counts by type, status and signal class.
#[utoipa::path(
    get,
    path = "/api/topology/summary",
    tag = "topology",
    responses((status = 200, body = Summary), (status = 304, description = "Unchanged"))
)]
async fn summary(State(state): State<ApiState>, headers: HeaderMap) -> Result<Response, ApiError> {
    let seq = state.handle().read().seq();
    if let Some(response) = conditional::not_modified(&state, &headers, seq) {
        return Ok(response);
    }
    let (seq, body) = state.summary().get(state.handle(), count, to_json).await?;
    Ok(conditional::json_bytes(&state, seq, Bytes::clone(&body)))
}

fn count(world: &World) -> Summary {
    let mut summary = Summary {
        device_count: world.devices().count(),
        interface_count: world.interfaces().count(),
        link_count: world.links().count(),
        by_type: BTreeMap::new(),
        by_status: BTreeMap::new(),
        by_signal_class: BTreeMap::new(),
        links_by_status: BTreeMap::new(),
        overridden_count: 0,
        overridden_link_count: 0,
    };
    for device in world.devices() {
        let status = device.effective_status().as_str();
        let of_type = summary.by_type.entry(device.device_type.as_str()).or_default();
        *of_type.entry(status).or_default() += 1;
        *summary.by_status.entry(status).or_default() += 1;
        summary.overridden_count += usize::from(device.status_override.is_some());
        if device.device_type.is_optical_leaf() {
            let class = device.signal.map_or(SignalClass::NoSignal, |signal| signal.class);
            *summary.by_signal_class.entry(class.as_str()).or_default() += 1;
        }
    }
    for link in world.links() {
        *summary.links_by_status.entry(link.status.as_str()).or_default() += 1;
        summary.overridden_link_count += usize::from(link.status_override.is_some());
    }
    summary.overridden_count += summary.overridden_link_count;
    summary
}
