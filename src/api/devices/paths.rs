//! The upstream path of a device.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::error::ApiError;
use crate::api::extract::PathId;
use crate::api::state::ApiState;
use crate::domain::{Device, DeviceId, DeviceType, Link};
use crate::query::upstream_hops;

/// The path from a device to the backbone.
#[derive(Serialize, ToSchema)]
pub(super) struct UpstreamPath {
    device_id: u64,
    /// Whether it ends at a backbone gateway.
    is_complete: bool,
    /// From the device upwards: devices and the links between them.
    elements: Vec<PathElement>,
}

/// A part of a path.
#[derive(Serialize, ToSchema)]
struct PathElement {
    /// `device` or `link`.
    kind: &'static str,
    id: u64,
    /// Of a device.
    name: Option<String>,
    /// Of a device.
    device_type: Option<&'static str>,
    /// Effective, of a device; computed, of a link.
    status: &'static str,
}

/// The path from this device to a backbone gateway.
#[utoipa::path(
    get,
    path = "/api/devices/{id}/path",
    tag = "devices",
    params(("id" = u64, Path, description = "Device id")),
    responses((status = 200, body = UpstreamPath))
)]
pub(super) async fn upstream_path(
    State(state): State<ApiState>,
    PathId(id): PathId,
) -> Result<Response, ApiError> {
    let snapshot = state.handle().read();
    let device = snapshot.device(DeviceId(id))?.ok_or(ApiError::NotFound("Device not found"))?;
    let hops = upstream_hops(&snapshot, &device, |_| false)?;
    let last = hops.last().map_or(&device, |hop| &hop.device);
    let is_complete = last.device_type == DeviceType::BackboneGateway;
    let mut elements = vec![device_element(&device)];
    for hop in &hops {
        elements.extend([link_element(&hop.link), device_element(&hop.device)]);
    }
    Ok(Json(UpstreamPath { device_id: id, is_complete, elements }).into_response())
}

fn device_element(device: &Device) -> PathElement {
    PathElement {
        kind: "device",
        id: device.id.0,
        name: Some(device.name.to_string()),
        device_type: Some(device.device_type.as_str()),
        status: device.effective_status().as_str(),
    }
}

fn link_element(link: &Link) -> PathElement {
    let status = link.status.as_str();
    PathElement { kind: "link", id: link.id.0, name: None, device_type: None, status }
}
