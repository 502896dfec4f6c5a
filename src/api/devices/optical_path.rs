//! The optical path of a leaf: as it is, and as it is designed to be.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::Schema;

use crate::api::error::ApiError;
use crate::api::extract::PathId;
use crate::api::state::ApiState;
use crate::domain::{
    DOWNSTREAM_NM, DarkReason, DesignedPath, Device, DeviceId, DeviceType, Link, Medium, PonClass,
    UPSTREAM_NM, World, designed_path,
};
use crate::query::{Hop, hops_along, upstream_hops};
use crate::wire::{SignalView, nullable_words_schema};

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
    /// Only without a path: the one that the leaf has by design, if a fibre leads to an OLT.
    #[serde(skip_serializing_if = "Option::is_none")]
    designed: Option<DesignedOpticalPath>,
}

/// The path of a dark leaf as it would be if everything that is recorded were in service and nothing were
/// held DOWN.
#[derive(Serialize, ToSchema)]
struct DesignedOpticalPath {
    olt_id: u64,
    downstream_nm: u32,
    upstream_nm: u32,
    length_km: f64,
    /// The signal that the leaf would have.
    signal: SignalView,
    /// From the OLT to the leaf: devices and the links between them.
    elements: Vec<OpticalElement>,
    /// How many of the elements the light reaches, counted from the OLT.
    lit_count: usize,
    /// Why the first element that it does not reach is dark: `held_down`, `not_in_service`, or `no_upstream` for
    /// an OLT that reaches no gateway; null when it reaches all of them.
    #[schema(schema_with = dark_reason_schema)]
    dark_reason: Option<&'static str>,
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

fn dark_reason_schema() -> Schema {
    nullable_words_schema(DarkReason::ALL.map(DarkReason::as_str))
}

/// The elements from the OLT to this leaf with their losses, both directions.
///
/// Of a leaf without light also the path that it has by design, and where the light stops on it.
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
    // The engine is not waited for with a snapshot in hand, which keeps the pages of the store.
    drop(snapshot);
    let designed = if hops.is_empty() {
        let (_, found) = state.handle().inspect(move |world| designed(world, leaf.id)).await?;
        found
    } else {
        None
    };
    let path = Elements::along(&hops, &leaf);
    let shown = OpticalPath {
        device_id: leaf.id.0,
        olt_id: path.olt_id,
        downstream_nm: path.wavelengths_nm[0],
        upstream_nm: path.wavelengths_nm[1],
        length_km: path.length_km,
        signal: leaf.signal.as_ref().map(SignalView::new),
        elements: path.sum.elements,
        designed,
    };
    Ok(Json(shown).into_response())
}

fn designed(world: &World, id: DeviceId) -> Option<DesignedOpticalPath> {
    let DesignedPath { hops, signal, lit_count, dark_reason } = designed_path(world, id)?;
    let path = Elements::along(&hops_along(world, &hops), world.device(id)?);
    Some(DesignedOpticalPath {
        olt_id: path.olt_id?,
        downstream_nm: path.wavelengths_nm[0],
        upstream_nm: path.wavelengths_nm[1],
        length_km: path.length_km,
        signal: SignalView::new(&signal),
        elements: path.sum.elements,
        lit_count,
        dark_reason: dark_reason.map(DarkReason::as_str),
    })
}

/// The elements of a path, and what follows from them.
struct Elements {
    /// `None` without hops, as there are no elements then.
    olt_id: Option<u64>,
    /// Downstream and upstream.
    wavelengths_nm: [u32; 2],
    length_km: f64,
    sum: Sum,
}

impl Elements {
    /// Along the hops from a leaf to its OLT, nearest first.
    fn along(hops: &[Hop], leaf: &Device) -> Self {
        let olt = hops.last().map(|hop| &hop.device);
        let class = olt.and_then(|olt| olt.optics.pon_class).map(PonClass::row);
        let wavelengths_nm =
            class.map_or([DOWNSTREAM_NM, UPSTREAM_NM], |row| [row.downstream_nm, row.upstream_nm]);
        let mut sum = Sum::default();
        // Downwards: each hop's upper device, then its link; the leaf last.
        for hop in hops.iter().rev() {
            sum.add_device(&hop.device, hop.cross_connect_loss_db);
            sum.add_link(&hop.link, wavelengths_nm);
        }
        if olt.is_some() {
            sum.add_device(leaf, None);
        }
        let length_km: f64 =
            hops.iter().filter_map(|hop| hop.link.length_km).fold(0.0, |sum, km| sum + km);
        let length_km = thousandths(length_km);
        Self { olt_id: olt.map(|olt| olt.id.0), wavelengths_nm, length_km, sum }
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
