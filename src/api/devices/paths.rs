//! The optical and the upstream path of a device.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::error::ApiError;
use crate::api::extract::PathId;
use crate::api::state::ApiState;
use crate::domain::{
    DOWNSTREAM_NM, Device, DeviceId, DeviceType, Link, Medium, PonClass, UPSTREAM_NM,
};
use crate::query::{Hop, upstream_hops};
use crate::wire::SignalView;

/// The optical path from an OLT to a leaf.
#[derive(Serialize, ToSchema)]
pub(super) struct OpticalPath {
    device_id: u64,
    /// Null if there is no path to a working OLT; `status_reasons` of the device has the reason.
    olt_id: Option<u64>,
    downstream_nm: u32,
    upstream_nm: u32,
    length_km: f64,
    signal: Option<SignalView>,
    /// From the OLT to the leaf: devices and the links between them.
    elements: Vec<OpticalElement>,
}

/// A part of an optical path, and its loss.
#[derive(Default, Serialize, ToSchema)]
struct OpticalElement {
    /// `device` or `link`.
    kind: &'static str,
    id: u64,
    /// Of a device.
    name: Option<String>,
    /// Of a device.
    device_type: Option<&'static str>,
    /// Of a link.
    length_km: Option<f64>,
    loss_down_db: f64,
    loss_up_db: f64,
    /// From the OLT up to and including this part.
    cumulative_down_db: f64,
    cumulative_up_db: f64,
}

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

/// The elements from the OLT to this leaf with their losses, both directions.
#[utoipa::path(
    get,
    path = "/api/devices/{id}/optical-path",
    tag = "devices",
    params(("id" = u64, Path, description = "Id of an ONT or BUSINESS_ONT")),
    responses((status = 200, body = OpticalPath))
)]
pub(super) async fn optical_path(
    State(state): State<ApiState>,
    PathId(id): PathId,
) -> Result<Response, ApiError> {
    let snapshot = state.handle().read();
    let leaf = snapshot.device(DeviceId(id))?.ok_or(ApiError::NotFound("Device not found"))?;
    if !matches!(leaf.device_type, DeviceType::Ont | DeviceType::BusinessOnt) {
        return Err(ApiError::BadRequest("Only an ONT or BUSINESS_ONT has an optical path"));
    }
    let hops = upstream_hops(&snapshot, &leaf, |device| device.device_type == DeviceType::Olt)?;
    Ok(Json(shown(&leaf, &hops)).into_response())
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

fn shown(leaf: &Device, hops: &[Hop]) -> OpticalPath {
    let olt = hops.last().map(|hop| &hop.device);
    let class = olt.and_then(|olt| olt.optics.pon_class).map(PonClass::row);
    let downstream_nm = class.map_or(DOWNSTREAM_NM, |row| row.downstream_nm);
    let upstream_nm = class.map_or(UPSTREAM_NM, |row| row.upstream_nm);
    let mut sum = Sum::default();
    // Downwards: each hop's upper device, then its link; the leaf last.
    for hop in hops.iter().rev() {
        sum.add_device(&hop.device, hop.cross_connect_loss_db);
        sum.add_link(&hop.link, [downstream_nm, upstream_nm]);
    }
    if olt.is_some() {
        sum.add_device(leaf, None);
    }
    let length_km: f64 =
        hops.iter().filter_map(|hop| hop.link.length_km).fold(0.0, |sum, km| sum + km);
    OpticalPath {
        device_id: leaf.id.0,
        olt_id: olt.map(|olt| olt.id.0),
        downstream_nm,
        upstream_nm,
        length_km: thousandths(length_km),
        signal: leaf.signal.as_ref().map(SignalView::new),
        elements: sum.elements,
    }
}

/// Elements with their cumulative losses.
#[derive(Default)]
struct Sum {
    elements: Vec<OpticalElement>,
    down_db: f64,
    up_db: f64,
}

impl Sum {
    fn add_device(&mut self, device: &Device, cross_connect_loss_db: Option<f64>) {
        let through_db =
            device.through_loss_db.unwrap_or(0.0) + cross_connect_loss_db.unwrap_or(0.0);
        let element = OpticalElement {
            kind: "device",
            id: device.id.0,
            name: Some(device.name.to_string()),
            device_type: Some(device.device_type.as_str()),
            ..OpticalElement::default()
        };
        self.add(element, [through_db, through_db]);
    }

    fn add_link(&mut self, link: &Link, wavelengths_nm: [u32; 2]) {
        let medium = link.medium.unwrap_or(Medium::ASSUMED);
        let length_km = link.length_km.unwrap_or(0.0);
        let loss_db = wavelengths_nm.map(|nm| length_km * medium.attenuation_db_per_km(nm));
        let element = OpticalElement {
            kind: "link",
            id: link.id.0,
            length_km: link.length_km,
            ..OpticalElement::default()
        };
        self.add(element, loss_db);
    }

    fn add(&mut self, element: OpticalElement, [down_db, up_db]: [f64; 2]) {
        self.down_db += down_db;
        self.up_db += up_db;
        self.elements.push(OpticalElement {
            loss_down_db: thousandths(down_db),
            loss_up_db: thousandths(up_db),
            cumulative_down_db: thousandths(self.down_db),
            cumulative_up_db: thousandths(self.up_db),
            ..element
        });
    }
}

/// Rounds to thousandths, which is finer than any instrument.
fn thousandths(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}
